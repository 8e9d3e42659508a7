"""``vitals.*`` reading by reading: confirmed, told again, over; whose they are, and when they do not count."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.engine import Severity, What
from tests.reference.oracle import Rule, Told
from tests.reference.speakers import Speaker
from tests.reference.streams import START, assignment, beat, change, device, parameter, resident, vital

S = 1000
MINUTE = 60 * S
DAY = 1440 * MINUTE

FAST: dict[str, Any] = {"heart_rate_bpm": 140.0}
CALM: dict[str, Any] = {"heart_rate_bpm": 80.0}


USUAL: dict[str, dict[str, float]] = {
    "heart_rate": {"confirm": 3, "span_s": 120, "gap_s": 900},
    "spo2": {"confirm": 3, "span_s": 120, "gap_s": 900},
    "temperature": {"confirm": 2, "span_s": 600},
}
"""Counted in a few minutes, so that the laws are quickly told; the defaults are what the desk can bear."""


@pytest.fixture(autouse=True)
def quick(nobody: Speaker) -> None:
    for rule, values in USUAL.items():
        for name, value in values.items():
            nobody.apply(change(parameter(f"vitals.{rule}.{name}", value)))


def whats(speaker: Speaker, *readings: Told, now: int | None = None) -> list[tuple[int, What]]:
    """The place of each reading that says something, and what."""
    now = max(reading.received for reading in readings) if now is None else now
    return [(verdict.said.reading, What(verdict.said.what)) for verdict in speaker.hear(readings, now)]


def row(*values: dict[str, Any], step: int = MINUTE, start: int = START, **fields: Any) -> list[Told]:
    return [vital(start + i * step, **value, **fields) for i, value in enumerate(values)]


@pytest.mark.parametrize(
    ("rule", "severity", "step", "out", "well"),
    [
        (Rule.VITALS_HEART_RATE, Severity.HIGH, MINUTE, {"heart_rate_bpm": 131.0}, {"heart_rate_bpm": 126.0}),
        (Rule.VITALS_HEART_RATE, Severity.HIGH, MINUTE, {"heart_rate_bpm": 40.0}, {"heart_rate_bpm": 45.0}),
        (Rule.VITALS_SPO2, Severity.HIGH, MINUTE, {"spo2_pct": 91.0}, {"spo2_pct": 93.0}),
        (Rule.VITALS_TEMPERATURE, Severity.MEDIUM, 5 * MINUTE, {"temperature_c": 39.1}, {"temperature_c": 38.8}),
        (Rule.VITALS_TEMPERATURE, Severity.MEDIUM, 5 * MINUTE, {"temperature_c": 35.0}, {"temperature_c": 35.3}),
    ],
)
def test_three_readings_at_the_limit_open_and_two_well_inside_end_it(
    speaker: Speaker, rule: Rule, severity: Severity, step: int, out: dict[str, float], well: dict[str, float]
) -> None:
    said = [verdict.said for verdict in speaker.hear(row(out, out, out, well, well, step=step), START + 4 * step)]
    assert [(one.rule, one.what, one.severity, one.reading) for one in said] == [
        (rule, What.OPENED, severity, 2),
        (rule, What.RECOVERED, severity, 4),
    ]
    assert {(one.opening_t, one.resident, one.device) for one in said} == {(START + 2 * step, 0, 0)}


@pytest.mark.parametrize(
    "out",
    [
        {"systolic_mmhg": 180.0, "diastolic_mmhg": 80.0},
        {"systolic_mmhg": 90.0},
        {"systolic_mmhg": 130.0, "diastolic_mmhg": 120.0},
        {"diastolic_mmhg": 121.0},
    ],
)
def test_two_blood_pressures_open_a_day_apart_and_one_ends_it(speaker: Speaker, out: dict[str, float]) -> None:
    well = {"systolic_mmhg": 175.0, "diastolic_mmhg": 115.0}
    assert whats(speaker, *row(out, out, well, step=DAY)) == [(1, What.OPENED), (2, What.RECOVERED)]


def test_a_blood_pressure_is_back_only_with_every_known_field(speaker: Speaker) -> None:
    out = {"systolic_mmhg": 185.0, "diastolic_mmhg": 125.0}
    half = {"systolic_mmhg": 130.0, "diastolic_mmhg": 117.0}
    alone = {"systolic_mmhg": 130.0}
    assert whats(speaker, *row(out, out, half, alone)) == [(1, What.OPENED), (3, What.RECOVERED)]


def test_two_minutes_must_lie_between_the_first_and_the_confirming_one(speaker: Speaker) -> None:
    assert whats(speaker, *row(FAST, FAST, FAST, FAST, FAST, step=30 * S)) == [(4, What.OPENED)]


def test_a_reading_within_the_limits_ends_the_run(speaker: Speaker) -> None:
    between = {"heart_rate_bpm": 128.0}
    assert whats(speaker, *row(FAST, FAST, between, FAST, FAST)) == []
    assert whats(speaker, *row(FAST, start=START + 5 * MINUTE)) == [(0, What.OPENED)]


def test_a_gap_ends_the_run_and_a_reading_without_the_value_does_not(speaker: Speaker) -> None:
    unknown = {"spo2_pct": 97.0}
    late_third = vital(START + 16 * MINUTE + 1, **FAST)
    assert whats(speaker, *row(FAST, FAST, unknown), late_third) == []
    assert whats(speaker, vital(late_third.t + 15 * MINUTE, **FAST), vital(late_third.t + 30 * MINUTE, **FAST)) == [
        (1, What.OPENED)
    ]


def test_two_times_well_inside_must_follow_each_other(speaker: Speaker) -> None:
    between = {"heart_rate_bpm": 127.0}
    readings = row(FAST, FAST, FAST, CALM, between, CALM, FAST, CALM, CALM)
    assert whats(speaker, *readings) == [(2, What.OPENED), (8, What.RECOVERED)]


def test_evidence_is_told_every_five_minutes(speaker: Speaker) -> None:
    verdicts = speaker.hear(row(*[FAST] * 14), START + 13 * MINUTE)
    assert [(one.said.reading, one.said.what) for one in verdicts] == [
        (2, What.OPENED), (7, What.EVIDENCE), (12, What.EVIDENCE),
    ]  # fmt: skip
    assert [one.evidence["readings"] for one in verdicts] == [3, 8, 13]
    assert [one.evidence["seconds_out"] for one in verdicts] == [120, 420, 720]
    assert {one.evidence["heart_rate_bpm"] for one in verdicts} == {140}


def test_late_readings_count_and_end_but_open_nothing(speaker: Speaker) -> None:
    late = [vital(START + i * MINUTE, received=START + 30 * MINUTE, **FAST) for i in range(4)]
    assert whats(speaker, *late) == []
    assert whats(speaker, vital(START + 14 * MINUTE, received=START + 20 * MINUTE, **FAST)) == [(0, What.OPENED)]
    end = [vital(START + i * MINUTE, received=START + 60 * MINUTE, **CALM) for i in (15, 16)]
    assert whats(speaker, *end) == [(1, What.RECOVERED)]


def test_readings_out_of_order_do_not_count(speaker: Speaker) -> None:
    first, second, third = row(FAST, FAST, FAST)
    assert whats(speaker, first, third, second) == []


def test_a_band_on_the_table_measures_nobody(speaker: Speaker) -> None:
    off = beat(START - MINUTE, worn=False)
    assert whats(speaker, off, *row(FAST, FAST, FAST)) == []
    on = beat(START + 3 * MINUTE, worn=None)
    assert whats(speaker, on, *row(FAST, FAST, FAST, start=START + 4 * MINUTE)) == [(3, What.OPENED)]


def test_what_the_band_said_of_another_wearer_does_not_silence_this_one(speaker: Speaker) -> None:
    speaker.apply(change(resident(1)))
    speaker.apply(change(assignment(0, 1, id="next", from_ms=START)))
    assert whats(speaker, beat(START - 1, worn=False), *row(FAST, FAST, FAST)) == [(3, What.OPENED)]


def test_another_wearer_begins_anew(speaker: Speaker) -> None:
    speaker.apply(change(resident(1)))
    speaker.apply(change(assignment(0, 1, id="next", from_ms=START + 90 * S)))
    readings = row(FAST, FAST, FAST, FAST, FAST)
    said = [verdict.said for verdict in speaker.hear(readings, START + 5 * MINUTE)]
    assert [(one.reading, one.resident) for one in said] == [(4, 1)]


def test_an_episode_of_another_wearer_is_forgotten_without_a_word(speaker: Speaker) -> None:
    speaker.apply(change(resident(1)))
    speaker.apply(change(assignment(0, 1, id="next", from_ms=START + 150 * S)))
    assert whats(speaker, *row(FAST, FAST, FAST, CALM, CALM)) == [(2, What.OPENED)]


def test_a_resident_in_hospital_is_measured_all_the_same(speaker: Speaker) -> None:
    speaker.apply(change(resident(0, status="hospital")))
    assert whats(speaker, *row(FAST, FAST, FAST)) == [(2, What.OPENED)]


def test_a_households_box_measures_somebody_of_it(nobody: Speaker) -> None:
    nobody.apply(change(device(3, type="box")))
    nobody.apply(change(assignment(3, None)))
    said = [one.said for one in nobody.hear(row(FAST, FAST, FAST, device_slot=3), START + 2 * MINUTE)]
    assert [(one.what, one.resident, one.device) for one in said] == [(What.OPENED, -1, 3)]


def test_a_device_of_nobody_measures_nobody(nobody: Speaker) -> None:
    nobody.apply(change(device()))
    assert whats(nobody, *row(FAST, FAST, FAST)) == []


def test_ones_own_limits_decide(speaker: Speaker) -> None:
    for name, value in (("high_bpm", 150.0), ("confirm", 2.0), ("span_s", 60.0), ("severity", 1.0)):
        speaker.apply(change(parameter(f"vitals.heart_rate.{name}", value, "resident"), version=7))
    assert whats(speaker, *row(FAST, FAST, FAST)) == []
    very_fast = {"heart_rate_bpm": 150.0}
    said = [one.said for one in speaker.hear(row(very_fast, very_fast, start=START + DAY), START + DAY + MINUTE)]
    assert [(one.reading, one.severity, one.parameters) for one in said] == [(1, Severity.MEDIUM, 7)]
