"""``sos.button`` and ``fall.device``: at once, always, once."""

from __future__ import annotations

import numpy as np
import pytest

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule, Severity, What
from devices.kinds import Kind
from devices.registry import RegistryChange
from tests.reference.oracle import Said, Told
from tests.reference.streams import START, assignment, batch_of, change, device, one_of_each, press, resident, said_in

S = 1000
MINUTE = 60 * S


def said_of(*readings: Told, extra: tuple[RegistryChange, ...] = ()) -> list[Said]:
    engine = Engine()
    engine.apply([*one_of_each(), *extra])
    return said_in(engine.process(batch_of(readings), START))


def whats(*readings: Told) -> list[What]:
    return [What(said.what) for said in said_of(*readings)]


def test_a_press_opens_at_once() -> None:
    assert said_of(press(START, seq=7)) == [Said(Rule.SOS_BUTTON, What.OPENED, 3, START, START, 7, 0, 0, 0, 0)]


def test_presses_within_a_minute_are_one_episode() -> None:
    said = said_of(press(START, seq=1), press(START + 60 * S, seq=2), press(START + 120 * S, seq=3))
    assert [one.what for one in said] == [What.OPENED, What.EVIDENCE, What.EVIDENCE]
    assert {(one.opening_t, one.opening_seq) for one in said} == {(START, 1)}


def test_a_press_more_than_a_minute_later_opens_anew() -> None:
    assert whats(press(START), press(START + 60 * S + 1)) == [What.OPENED, What.OPENED]


def test_a_press_and_a_fall_are_two_episodes() -> None:
    said = said_of(press(START), press(START, kind=Kind.FALL))
    assert [(one.rule, one.what) for one in said] == [
        (Rule.SOS_BUTTON, What.OPENED), (Rule.FALL_DEVICE, What.OPENED),
    ]  # fmt: skip


def test_a_day_old_press_still_opens_and_is_marked_late() -> None:
    (said,) = said_of(press(START - 1440 * MINUTE, received=START))
    assert (said.what, said.late, said.t) == (What.OPENED, 1, START - 1440 * MINUTE)


def test_ten_minutes_on_the_way_is_not_late() -> None:
    assert said_of(press(START - 600 * S, received=START))[0].late == 0
    assert said_of(press(START - 600 * S - 1, received=START))[0].late == 1


def test_an_older_press_that_arrives_after_a_newer_one_is_heard() -> None:
    assert whats(press(START), press(START - 30 * S)) == [What.OPENED, What.EVIDENCE]
    assert whats(press(START), press(START - 300 * S)) == [What.OPENED, What.OPENED]


def test_the_wearer_may_take_it_back_for_ten_minutes() -> None:
    said = said_of(press(START, seq=4), press(START + 600 * S, cancel=True))
    assert said[1][:6] == (Rule.SOS_BUTTON, What.CANCELLED, Severity.CRITICAL, START + 600 * S, START, 4)
    assert whats(press(START), press(START + 600 * S + 1, cancel=True)) == [What.OPENED]


def test_a_cancel_refers_to_the_newest_press() -> None:
    readings = [press(START), press(START + 50 * S), press(START + 640 * S, cancel=True)]
    assert whats(*readings) == [What.OPENED, What.EVIDENCE, What.CANCELLED]


def test_a_cancel_without_a_press_or_before_it_is_nothing() -> None:
    assert whats(press(START, cancel=True)) == []
    assert whats(press(START), press(START - S, cancel=True)) == [What.OPENED]
    assert whats(press(START), press(START + S, kind=Kind.FALL, cancel=True)) == [What.OPENED]


def test_a_press_after_a_cancel_opens_anew() -> None:
    readings = [press(START), press(START + 5 * S, cancel=True), press(START + 10 * S)]
    assert whats(*readings) == [What.OPENED, What.CANCELLED, What.OPENED]


def test_a_stranger_neither_joins_nor_cancels_the_residents_press() -> None:
    said = said_of(press(START), press(START + S, trusted=False, cancel=True), press(START + 2 * S, trusted=False))
    assert [(one.what, one.resident, one.severity) for one in said] == [
        (What.OPENED, 0, Severity.CRITICAL), (What.OPENED, -1, Severity.HIGH),
    ]  # fmt: skip


def test_an_unassigned_device_is_heard_as_nobodys() -> None:
    (said,) = said_of(press(START, 5), extra=(change(device(5)),))
    assert (said.resident, said.device, said.severity) == (-1, 5, Severity.HIGH)


def test_a_households_device_is_critical_without_a_resident() -> None:
    (said,) = said_of(press(START, 5), extra=(change(device(5)), change(assignment(5, None))))
    assert (said.resident, said.severity) == (-1, Severity.CRITICAL)


@pytest.mark.parametrize("status", ["away", "hospital", "paused", "moved", "deceased"])
def test_no_status_silences_a_cry(status: str) -> None:
    said = said_of(press(START), press(START, kind=Kind.FALL), extra=(change(resident(0, status=status)),))
    assert [one.severity for one in said] == [Severity.CRITICAL] * 2


def test_a_press_belongs_to_whoever_wore_the_device_then() -> None:
    handed_on = (
        change(resident(1)),
        change(assignment(0, 0, to_ms=START)),
        change(assignment(0, 1, id="next", from_ms=START)),
    )
    readings = (press(START - 1, received=START + S), press(START + S))
    assert [one.resident for one in said_of(*readings, extra=handed_on)] == [0, 1]


def test_a_press_from_before_the_first_assignment_is_the_first_wearers() -> None:
    registered_late = (change(device(5)), change(assignment(5, 0, from_ms=START)))
    (said,) = said_of(press(START - MINUTE, 5, received=START + S), extra=registered_late)
    assert (said.resident, said.severity) == (0, Severity.CRITICAL)


@pytest.mark.parametrize(
    ("confidence", "severity"), [(None, Severity.CRITICAL), (0.8, Severity.CRITICAL), (0.79, Severity.HIGH)]
)
def test_an_unsure_fall_is_high(confidence: float | None, severity: Severity) -> None:
    (said,) = said_of(press(START, kind=Kind.FALL, confidence=confidence))
    assert said.severity == severity


def test_evidence_keeps_unknown_unknown() -> None:
    engine = Engine()
    engine.apply(one_of_each())
    events = engine.process(
        batch_of([press(START, lat=31.5, lon=121.5), press(START, kind=Kind.FALL, impact_g=4.0)]), START
    )
    sos, fall = (dict(zip(EVIDENCE_FIELDS[Rule(int(e["rule"]))], e["values"].tolist(), strict=False)) for e in events)
    assert (sos["lat_deg"], sos["lon_deg"]) == (31.5, 121.5)
    assert np.isnan(sos["accuracy_m"])
    assert fall["impact_g"] == 4.0
    assert np.isnan(fall["confidence"])
