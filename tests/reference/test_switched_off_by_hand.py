"""A rule that is switched off begins nothing and ends what it began; what it had half counted is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alerts.engine import Engine, What
from devices.registry import RegistryChange, Scope
from tests.reference.oracle import Rule, Told
from tests.reference.speakers import Speaker
from tests.reference.streams import (
    START,
    assignment,
    batch_of,
    beat,
    change,
    device,
    fix,
    one_of_each,
    parameter,
    resident,
    said_in,
    vital,
)

S = 1000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MORNING = START + 10 * HOUR
"""2025-06-16T08:43 in Shanghai, by day."""
LONG_AGO = START - 30 * DAY


def switch(rule: Rule, value: float, scope: Scope = "everyone", version: int = 0) -> RegistryChange:
    return change(parameter(f"{rule.public_name}.enabled", value, scope), version=version)


def unset(rule: Rule, scope: str = "everyone", key: str = "") -> RegistryChange:
    return change(None, "parameter", f"{scope}/{key}/{rule.public_name}.enabled")


def outside(t: int) -> Told:
    return fix(t, 900)


def off_the_wrist(t: int) -> Told:
    return beat(t, worn=False)


def racing(t: int) -> Told:
    return vital(t, heart_rate_bpm=150.0)


Reading = Callable[[int], Told]
COUNTING: list[tuple[Rule, Reading, int, int]] = [
    (Rule.WANDERING_ZONE_EXIT, outside, 30 * S, 2),
    (Rule.DEVICE_NOT_WORN, off_the_wrist, 2 * HOUR, 2),
    (Rule.VITALS_HEART_RATE, racing, 5 * MINUTE, 4),
]
"""Rules, a reading that counts, how far apart, and how many open an episode."""
counting = pytest.mark.parametrize(("rule", "reading", "step", "needed"), COUNTING)


def said(speaker: Speaker, rule: Rule, *readings: Told) -> list[What]:
    """What the readings mean, each heard when it arrives."""
    return [
        What(verdict.said.what)
        for told in readings
        for verdict in speaker.hear([told], told.received)
        if verdict.said.rule == rule
    ]


def judged(speaker: Speaker, now: int, rule: Rule) -> list[What]:
    return [What(one.said.what) for one in speaker.judge(now, LONG_AGO) if one.said.rule == rule]


@counting
@pytest.mark.parametrize("scope", ["everyone", "site", "resident"])
def test_what_was_half_counted_is_forgotten_when_the_rule_goes_off_and_on(
    speaker: Speaker, rule: Rule, reading: Reading, step: int, needed: int, scope: Scope
) -> None:
    times = [MORNING + i * step for i in range(2 * needed - 1)]
    assert said(speaker, rule, *map(reading, times[: needed - 1])) == []
    speaker.apply(switch(rule, 0.0, scope))
    speaker.apply(switch(rule, 1.0, scope))
    assert said(speaker, rule, *map(reading, times[needed - 1 : -1])) == []
    assert said(speaker, rule, reading(times[-1])) == [What.OPENED]


@counting
def test_nothing_is_counted_while_the_rule_is_off(
    speaker: Speaker, rule: Rule, reading: Reading, step: int, needed: int
) -> None:
    times = [MORNING + i * step for i in range(2 * needed)]
    speaker.apply(switch(rule, 0.0))
    assert said(speaker, rule, *map(reading, times[:needed])) == []
    speaker.apply(unset(rule))
    assert said(speaker, rule, *map(reading, times[needed:-1])) == []
    assert said(speaker, rule, reading(times[-1])) == [What.OPENED]


@counting
@pytest.mark.parametrize("other", ["set to what it was", "set elsewhere", "overruled"])
def test_a_switch_that_changes_nothing_for_somebody_forgets_nothing(
    speaker: Speaker, rule: Rule, reading: Reading, step: int, needed: int, other: str
) -> None:
    if other == "overruled":
        speaker.apply(switch(rule, 1.0, "resident"))
    speaker.apply(change(resident(1)))
    times = [MORNING + i * step for i in range(needed)]
    assert said(speaker, rule, *map(reading, times[:-1])) == []
    match other:
        case "set to what it was":
            speaker.apply(switch(rule, 1.0))
        case "set elsewhere":
            speaker.apply(change(parameter(f"{rule.public_name}.enabled", 0.0, "resident", 1)))
        case _:
            speaker.apply(switch(rule, 0.0, "site"))
            speaker.apply(switch(rule, 0.0))
    assert said(speaker, rule, reading(times[-1])) == [What.OPENED]


@counting
def test_a_resident_who_moves_to_where_the_rule_is_off_and_back_is_counted_anew(
    speaker: Speaker, rule: Rule, reading: Reading, step: int, needed: int
) -> None:
    elsewhere = parameter(f"{rule.public_name}.enabled", 0.0, "site")
    speaker.apply(change(type(elsewhere)(id="x", scope="site", key="elsewhere", name=elsewhere.name, value=0.0)))
    times = [MORNING + i * step for i in range(needed)]
    assert said(speaker, rule, *map(reading, times[:-1])) == []
    home = resident()
    speaker.apply(change(type(home)(id="r0", slot=0, site="elsewhere", name="", timezone=home.timezone)))
    speaker.apply(change(home))
    assert said(speaker, rule, reading(times[-1])) == []


ENDED: list[tuple[Rule, list[Told], Told, list[Told]]] = [
    (
        Rule.WANDERING_ZONE_EXIT,
        [outside(MORNING), outside(MORNING + MINUTE)],
        outside(MORNING + HOUR),
        [fix(MORNING + 2 * HOUR, 0), fix(MORNING + 2 * HOUR + S, 0)],
    ),
    (
        Rule.DEVICE_NOT_WORN,
        [off_the_wrist(MORNING), off_the_wrist(MORNING + 2 * HOUR)],
        off_the_wrist(MORNING + 50 * HOUR),
        [beat(MORNING + 51 * HOUR, worn=True)],
    ),
    (
        Rule.VITALS_HEART_RATE,
        [racing(MORNING + i * 5 * MINUTE) for i in range(4)],
        racing(MORNING + HOUR),
        [vital(MORNING + HOUR + i * MINUTE, heart_rate_bpm=70.0) for i in (1, 2)],
    ),
    (
        Rule.DEVICE_BATTERY_LOW,
        [beat(MORNING, battery_pct=9.0)],
        beat(MORNING + 50 * HOUR, battery_pct=8.0),
        [beat(MORNING + 51 * HOUR, battery_pct=90.0)],
    ),
]
ended = pytest.mark.parametrize(("rule", "opening", "again", "ending"), ENDED)


@ended
def test_what_stands_when_its_rule_goes_off_is_not_repeated_but_its_end_is_told(
    speaker: Speaker, rule: Rule, opening: list[Told], again: Told, ending: list[Told]
) -> None:
    assert said(speaker, rule, *opening) == [What.OPENED]
    speaker.apply(switch(rule, 0.0))
    assert said(speaker, rule, again) == []
    assert said(speaker, rule, *ending) == [What.RECOVERED]
    assert said(speaker, rule, *ending) == []


@ended
def test_what_stands_goes_on_when_its_rule_is_on_again(
    speaker: Speaker, rule: Rule, opening: list[Told], again: Told, ending: list[Told]
) -> None:
    assert said(speaker, rule, *opening) == [What.OPENED]
    speaker.apply(switch(rule, 0.0))
    speaker.apply(unset(rule))
    assert said(speaker, rule, again) == [What.EVIDENCE]
    assert said(speaker, rule, *ending) == [What.RECOVERED]


@ended
def test_a_detector_that_failed_ends_nothing_until_it_works_again(
    speaker: Speaker, rule: Rule, opening: list[Told], again: Told, ending: list[Told]
) -> None:
    assert said(speaker, rule, *opening) == [What.OPENED]
    speaker.disable(rule)
    assert said(speaker, rule, again, *ending) == []
    speaker.enable(rule)
    later = [Told(one.device, one.kind, one.t + DAY, one.received + DAY, one.seq, fields=one.fields) for one in ending]
    assert said(speaker, rule, *later) == [What.RECOVERED]


@counting
def test_what_was_half_counted_is_forgotten_when_the_detector_fails(
    speaker: Speaker, rule: Rule, reading: Reading, step: int, needed: int
) -> None:
    times = [MORNING + i * step for i in range(needed)]
    assert said(speaker, rule, *map(reading, times[:-1])) == []
    speaker.disable(rule)
    speaker.enable(rule)
    assert said(speaker, rule, reading(times[-1])) == []


def test_a_silence_that_ends_while_its_rule_is_off_is_over(speaker: Speaker) -> None:
    rule = Rule.MISSED_CHECK_SILENT
    speaker.hear([beat(MORNING)], MORNING)
    assert judged(speaker, MORNING + HOUR, rule) == [What.OPENED, What.EVIDENCE, What.EVIDENCE]
    speaker.apply(switch(rule, 0.0))
    assert judged(speaker, MORNING + 9 * HOUR, rule) == []
    assert said(speaker, rule, beat(MORNING + 9 * HOUR)) == [What.RECOVERED]


def test_a_silence_outlasts_a_detector_that_failed(speaker: Speaker) -> None:
    rule = Rule.MISSED_CHECK_SILENT
    speaker.hear([beat(MORNING)], MORNING)
    assert judged(speaker, MORNING + HOUR, rule)[0] == What.OPENED
    speaker.disable(rule)
    assert said(speaker, rule, beat(MORNING + 2 * HOUR)) == []
    speaker.enable(rule)
    assert said(speaker, rule, beat(MORNING + 3 * HOUR)) == [What.RECOVERED]


def test_a_fault_that_ends_while_its_rule_is_off_is_over(speaker: Speaker) -> None:
    rule = Rule.DEVICE_FAULT
    speaker.apply(change(device(1, type="box")))
    speaker.apply(change(assignment(1, 0)))
    speaker.hear([beat(MORNING, 1)], MORNING)
    assert judged(speaker, MORNING + HOUR, rule) == [What.OPENED]
    speaker.apply(switch(rule, 0.0))
    assert judged(speaker, MORNING + 9 * DAY, rule) == []
    assert said(speaker, rule, beat(MORNING + 9 * DAY, 1)) == [What.RECOVERED]


@counting
def test_how_the_registrys_changes_were_grouped_leaves_no_trace(
    rule: Rule, reading: Reading, step: int, needed: int
) -> None:
    changes = [switch(rule, 0.0, version=1), switch(rule, 1.0, version=2)]
    times = [MORNING + i * step for i in range(needed)]
    one, other = Engine(), Engine()
    for engine in (one, other):
        engine.apply(one_of_each())
        for t in times[:-1]:
            engine.process(batch_of([reading(t)]), t)
            engine.commit()
    one.apply(changes)
    for each in changes:
        other.apply([each])
    assert said_in(one.process(batch_of([reading(times[-1])]), times[-1])) == []
    assert said_in(other.process(batch_of([reading(times[-1])]), times[-1])) == []
    one.commit()
    other.commit()
    assert one.snapshot() == other.snapshot()
