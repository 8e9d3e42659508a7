"""Values of parameters that make no sense are found, alone and together."""

from __future__ import annotations

import math
from typing import Any, Final

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, settings

from alerts.catalogue import PARAMETERS
from alerts.engine import Engine, What
from alerts.sense import contradictions, out_of_range, related
from devices.registry import Scope
from tests.reference.streams import START, batch_of, change, one_of_each, parameter, said_in, vital

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
        ({"vitals.blood_pressure.diastolic_high_mmhg": 24}, "vitals.blood_pressure.diastolic_high_mmhg"),
        ({"vitals.blood_pressure.diastolic_high_mmhg": 25}, None),
        ({"wandering.zone_exit.sure_accuracy_m": 29}, "wandering.zone_exit.unknown_accuracy_m"),
        ({"wandering.zone_exit.sure_accuracy_m": 30}, None),
        ({"missed_check.silent.empty_pct": 16}, "missed_check.silent.empty_pct"),
        ({"missed_check.silent.empty_pct": 15}, None),
        ({"device.fault.never_after_s": 629}, "device.fault.never_after_s"),
        ({"device.fault.never_after_s": 630}, None),
        ({"missed_check.silent.interval_s": 86_400}, "device.fault.never_after_s"),
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


def test_what_must_make_sense_together_is_of_one_rule_or_bound_to_it() -> None:
    names = related({HEART_LOW: 50})
    assert {HEART_LOW, HEART_HIGH, HEART_BACK} <= set(names)
    assert {PARAMETERS[name].rule for name in names} == {"vitals.heart_rate"}
    assert {"device.fault.never_after_s", "device.battery_low.recovered_pct"} <= set(
        related({"missed_check.silent.grace_s": 60})
    )


@given(st.sampled_from(sorted(PARAMETERS)), st.data())
def test_what_is_not_related_to_a_change_is_not_contradicted_by_it(name: str, data: st.DataObject) -> None:
    """So it is enough to look at those who set something of what is related."""
    spec = PARAMETERS[name]
    value = data.draw(st.integers(math.ceil(spec.low), math.floor(spec.high)))
    names = set(related({name: value}))
    for objection in contradictions({name: value}):
        assert {objection.name, objection.numbers["upper"]} <= names


@pytest.mark.parametrize("values", [{HEART_HIGH: 45}, {"device.fault.never_after_s": 60}, {"vitals.spo2.low_pct": 99}])
def test_an_objection_says_what_to_do(values: dict[str, float]) -> None:
    (objection,) = contradictions(values)
    assert ": set " in objection.detail


LIMITS: Final = {
    "heart_rate": ("low_bpm", "high_bpm", "back_by_bpm"),
    "spo2": ("low_pct", "back_by_pct"),
    "blood_pressure": ("systolic_low_mmhg", "systolic_high_mmhg", "diastolic_high_mmhg", "back_by_mmhg"),
    "temperature": ("low_c", "high_c", "back_by_c"),
}
LAYERS: Final[tuple[Scope, ...]] = ("everyone", "site", "resident")


@settings(deadline=None)
@given(st.sampled_from(sorted(LIMITS)), st.data())
def test_what_makes_sense_can_be_out_and_back_whichever_layers_it_comes_from(sign: str, data: st.DataObject) -> None:
    names = [f"vitals.{sign}.{leaf}" for leaf in LIMITS[sign]]
    whole = {name: st.integers(math.ceil(PARAMETERS[name].low), math.floor(PARAMETERS[name].high)) for name in names}
    values = {name: float(data.draw(whole[name])) for name in names}
    assume(not list(contradictions(values)))
    first = {f"vitals.{sign}.confirm": 1.0, f"vitals.{sign}.span_s": 0.0, f"vitals.{sign}.back_readings": 1.0}
    engine = Engine()
    engine.apply(one_of_each())
    engine.apply(
        [change(parameter(name, value, data.draw(st.sampled_from(LAYERS)))) for name, value in values.items()]
        + [change(parameter(name, value)) for name, value in first.items()]
    )
    low, *_, by = (values[name] for name in names)
    match sign:
        case "spo2":
            out: dict[str, Any] = {"spo2_pct": low}
            back: dict[str, Any] = {"spo2_pct": 100.0}
        case "blood_pressure":
            out = {"systolic_mmhg": low}
            middle = (low + values[names[1]]) / 2
            back = {"systolic_mmhg": middle, "diastolic_mmhg": values[names[2]] - max(1.0, by)}
        case _:
            field = "heart_rate_bpm" if sign == "heart_rate" else "temperature_c"
            out, back = {field: low}, {field: (low + values[names[1]]) / 2}
    readings = [vital(START, **out), vital(START + 60_000, **out), vital(START + 120_000, **back)]
    said = said_in(engine.process(batch_of(readings), START + 120_000))
    assert [(one.what, one.reading) for one in said] == [(What.OPENED, 0), (What.RECOVERED, 2)]
