"""``device.fault``: one device is silent, and nobody's silence tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule, Severity, What
from devices.registry import RegistryChange
from tests.reference.oracle import Said, Told
from tests.reference.streams import (
    START,
    assignment,
    batch_of,
    beat,
    change,
    device,
    fix,
    one_of_each,
    press,
    resident,
    said_in,
)

S = 1000
NOON = START - 11 * 3600 * S
LONG_AGO = NOON - 10**9
DUE = NOON + 630 * S
"""When the silence of a device heard at noon counts."""
PENDANT = (change(device(1, type="pendant")), change(assignment(1, 0)))
BOX = (change(device(2, type="box")), change(assignment(2, None)))


def engine_of(*changes: RegistryChange) -> Engine:
    engine = Engine()
    engine.apply([*one_of_each(), *changes])
    return engine


def hear(engine: Engine, *readings: Told, now: int | None = None) -> list[Said]:
    said = said_in(engine.process(batch_of(readings), readings[-1].t if now is None else now))
    engine.commit()
    return said


def judge(engine: Engine, now: int, since: int = LONG_AGO) -> list[Said]:
    said = said_in(engine.advance(now, since))
    engine.commit()
    return said


def opened(slot: int, *, resident_slot: int = 0, t: int = DUE) -> Said:
    return Said(Rule.DEVICE_FAULT, What.OPENED, Severity.LOW, t, t, -1, -1, resident_slot, slot, 0)


def one_silent_while_the_other_reports() -> Engine:
    engine = engine_of(*PENDANT)
    hear(engine, beat(NOON, 0), beat(NOON + 600 * S, 1))
    assert judge(engine, DUE) == [opened(0)]
    return engine


def test_one_device_alone_is_a_fault_once() -> None:
    engine = one_silent_while_the_other_reports()
    hear(engine, beat(DUE + 500 * S, 1))
    assert judge(engine, DUE + 600 * S) == []


def test_not_before_its_own_deadline() -> None:
    engine = engine_of(*PENDANT)
    hear(engine, beat(NOON, 0), beat(NOON + 600 * S, 1))
    assert judge(engine, DUE - 1) == []


def test_all_silent_is_the_persons_silence_instead() -> None:
    engine = engine_of(*PENDANT)
    hear(engine, beat(NOON, 0), beat(NOON, 1))
    assert [said.rule for said in judge(engine, DUE)] == [Rule.MISSED_CHECK_SILENT]


def test_when_one_comes_back_the_other_is_a_fault() -> None:
    engine = engine_of(*PENDANT)
    hear(engine, beat(NOON, 0), beat(NOON, 1))
    judge(engine, DUE)
    assert [said.rule for said in hear(engine, beat(DUE + 60 * S, 1))] == [Rule.MISSED_CHECK_SILENT]
    assert judge(engine, DUE + 60 * S) == [opened(0)]


def test_a_second_device_heard_for_the_first_time_makes_the_first_a_fault() -> None:
    engine = engine_of(*PENDANT)
    hear(engine, beat(NOON, 0))
    judge(engine, DUE)
    hear(engine, beat(DUE + S, 1))
    assert judge(engine, DUE + S) == [opened(0)]


@pytest.mark.parametrize("kind", [beat, fix, press])
def test_any_reading_of_it_recovers_it(kind: Any) -> None:
    engine = one_silent_while_the_other_reports()
    readings = {"beat": beat(DUE + S), "fix": fix(DUE + S, 5), "press": press(DUE + S)}
    said = hear(engine, readings[kind.__name__])
    assert said[0] == Said(Rule.DEVICE_FAULT, What.RECOVERED, Severity.LOW, DUE + S, DUE, -1, 0, 0, 0, 0)
    hear(engine, beat(DUE + 600 * S, 1))
    assert judge(engine, DUE + 600 * S) == []
    assert judge(engine, DUE + 631 * S) == [opened(0, t=DUE + 631 * S)]


def test_readings_of_the_other_device_and_of_before_do_not_recover_it() -> None:
    engine = one_silent_while_the_other_reports()
    assert hear(engine, beat(DUE + S, 1)) == []
    assert hear(engine, fix(NOON + 10 * S, 5, received=DUE + 100 * S), now=DUE + 100 * S) == []


def test_a_stranger_under_its_name_does_not_recover_it() -> None:
    engine = one_silent_while_the_other_reports()
    said = hear(engine, press(DUE + S, trusted=False))
    assert [one.rule for one in said] == [Rule.SOS_BUTTON]


@pytest.mark.parametrize("kind", ["rower", "elliptical", "walker", "abs", "twister", "unheard-of"])
def test_a_machine_is_never_missed(kind: str) -> None:
    engine = engine_of(change(device(1, type=kind)), change(assignment(1, 0)))
    hear(engine, beat(NOON, 1), beat(NOON + 600 * S, 0))
    assert judge(engine, DUE) == []


@pytest.mark.parametrize("kind", ["band", "watch", "pendant"])
def test_everything_worn_speaks_for_its_wearer(kind: str) -> None:
    engine = engine_of(change(device(0, type=kind)))
    hear(engine, beat(NOON))
    assert [said.rule for said in judge(engine, DUE)] == [Rule.MISSED_CHECK_SILENT]


def test_a_households_silent_box_is_a_fault_of_nobody() -> None:
    engine = engine_of(*BOX)
    hear(engine, beat(NOON, 2))
    assert judge(engine, DUE) == [opened(2, resident_slot=-1)]


def test_a_box_says_nothing_of_the_person_who_has_it() -> None:
    engine = engine_of(change(device(2, type="box")), change(assignment(2, 0)))
    hear(engine, beat(NOON, 0), beat(NOON + 600 * S, 2))
    assert [said.rule for said in judge(engine, DUE)] == [Rule.MISSED_CHECK_SILENT]
    assert judge(engine, DUE + 600 * S) == [opened(2, t=DUE + 600 * S)]


@pytest.mark.parametrize(
    "changes",
    [
        [change(None, "assignment", "a0")],
        [change(assignment(0, 0, to_ms=NOON + 60 * S))],
        [change(device(0, revoked=True))],
        [change(resident(0, status="hospital"))],
        [change(resident(0, status="deceased"))],
        [change(resident(1)), change(assignment(0, 1, id="next", from_ms=NOON + 60 * S))],
    ],
)
def test_only_what_an_active_person_has_and_has_used_can_fail(changes: list[RegistryChange]) -> None:
    engine = engine_of(*PENDANT)
    hear(engine, beat(NOON, 0), beat(NOON + 600 * S, 1))
    engine.apply(changes)
    assert judge(engine, DUE) == []


def test_after_an_absence_of_ours_it_has_one_interval_to_report() -> None:
    engine = engine_of(*BOX)
    hear(engine, beat(NOON, 2, interval_s=120.0))
    back = NOON + 9000 * S
    assert judge(engine, back + 119 * S, back) == []
    assert judge(engine, back + 120 * S, back) == [opened(2, resident_slot=-1, t=back + 120 * S)]


def test_the_evidence_names_its_numbers() -> None:
    engine = engine_of(*PENDANT)
    hear(engine, beat(NOON, 0, battery_pct=8.0, charging=False), beat(NOON + 600 * S, 1))
    event = engine.advance(DUE + S, LONG_AGO)[0]
    values = dict(zip(EVIDENCE_FIELDS[Rule.DEVICE_FAULT], event["values"].tolist(), strict=False))
    assert values.pop("worn") != 1.0
    assert values == {
        "silent_for_s": 631.0, "limit_s": 630.0, "interval_s": 300.0, "battery_pct": 8.0, "charging": 0.0,
        "others_reporting": 1.0, "never_reported": 0.0,
    }  # fmt: skip


def test_a_fault_undone_comes_again() -> None:
    engine = engine_of(*PENDANT)
    hear(engine, beat(NOON, 0), beat(NOON + 600 * S, 1))
    kept = engine.snapshot()
    engine.advance(DUE, LONG_AGO)
    engine.rollback()
    assert engine.snapshot() == kept
    assert judge(engine, DUE) == [opened(0)]


def test_a_boxs_fault_undone_comes_again() -> None:
    engine = engine_of(*BOX)
    hear(engine, beat(NOON, 2))
    engine.advance(DUE, LONG_AGO)
    engine.rollback()
    assert judge(engine, DUE) == [opened(2, resident_slot=-1)]


def test_a_fault_stands_across_a_restart() -> None:
    engine = Engine.restore(one_silent_while_the_other_reports().snapshot())
    assert judge(engine, DUE + S) == []
    assert [said.what for said in hear(engine, beat(DUE + 2 * S))] == [What.RECOVERED]
