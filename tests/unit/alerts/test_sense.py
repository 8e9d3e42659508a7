"""Values of parameters that make no sense are found, alone and together."""

from __future__ import annotations

import math
from typing import Final

import pytest

from alerts.catalogue import PARAMETERS
from alerts.sense import contradictions, out_of_range, related

HEART_LOW: Final = "vitals.heart_rate.low_bpm"
HEART_HIGH: Final = "vitals.heart_rate.high_bpm"
HEART_BACK: Final = "vitals.heart_rate.back_by_bpm"


def test_the_defaults_make_sense() -> None:
    assert list(out_of_range({name: spec.default for name, spec in PARAMETERS.items()})) == []
    assert list(contradictions({})) == []


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({HEART_LOW: 90, HEART_HIGH: 90}, HEART_LOW),
        ({HEART_LOW: 80, HEART_HIGH: 90, HEART_BACK: 5}, HEART_LOW),
        ({HEART_LOW: 79, HEART_HIGH: 90, HEART_BACK: 5}, None),
        ({HEART_HIGH: 45}, HEART_LOW),
        ({"vitals.blood_pressure.diastolic_high_mmhg": 190}, "vitals.blood_pressure.diastolic_high_mmhg"),
        ({"device.battery_low.low_pct": 25}, "device.battery_low.low_pct"),
        ({"device.not_worn.day_from_h": 21}, "device.not_worn.day_from_h"),
        ({"vitals.spo2.low_pct": 98}, None),
        ({"vitals.spo2.low_pct": 99}, "vitals.spo2.low_pct"),
    ],
)
def test_limits_leave_room_for_a_value_that_is_back(values: dict[str, float], wrong: str | None) -> None:
    assert [each.name for each in contradictions(values)] == ([] if wrong is None else [wrong])


@pytest.mark.parametrize(
    ("value", "code"),
    [(9, "range"), (301, "range"), (math.nan, "range"), (math.inf, "range"), (10, None), (40.5, None), (None, None)],
)
def test_a_value_lies_in_its_range(value: float | None, code: str | None) -> None:
    assert [each.code for each in out_of_range({HEART_LOW: value})] == ([] if code is None else [code])


def test_counts_are_whole() -> None:
    assert [each.code for each in out_of_range({"vitals.heart_rate.confirm": 2.5})] == ["whole"]


def test_what_must_make_sense_together_is_of_one_rule() -> None:
    names = related({HEART_LOW: 50})
    assert {HEART_LOW, HEART_HIGH, HEART_BACK} <= set(names)
    assert {PARAMETERS[name].rule for name in names} == {"vitals.heart_rate"}
