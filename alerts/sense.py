"""Which values of parameters make no sense: out of their range, or contradicting each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from alerts.catalogue import PARAMETERS


class Objection(NamedTuple):
    """Why a value cannot be: ``code`` and ``numbers`` for those who put it into words, ``detail`` in English.

    ``range``: it lies outside ``min`` and ``max``. ``whole``: only whole numbers make sense. ``apart``: ``lower`` must
    lie more than ``apart`` below ``upper``. ``ceiling``: ``lower`` and ``upper`` together must not exceed ``ceiling``.
    """

    name: str
    code: Literal["range", "whole", "apart", "ceiling"]
    detail: str
    numbers: dict[str, Any]


class _Pair(NamedTuple):
    """``lower`` must lie below ``upper``, two of ``margin`` apart where there is a margin."""

    lower: str
    upper: str
    margin: str = ""


_PAIRS: Final = (
    _Pair("vitals.heart_rate.low_bpm", "vitals.heart_rate.high_bpm", "vitals.heart_rate.back_by_bpm"),
    _Pair(
        "vitals.blood_pressure.systolic_low_mmhg",
        "vitals.blood_pressure.systolic_high_mmhg",
        "vitals.blood_pressure.back_by_mmhg",
    ),
    _Pair("vitals.blood_pressure.diastolic_high_mmhg", "vitals.blood_pressure.systolic_high_mmhg"),
    _Pair("vitals.temperature.low_c", "vitals.temperature.high_c", "vitals.temperature.back_by_c"),
    _Pair("device.battery_low.low_pct", "device.battery_low.recovered_pct"),
    _Pair("device.not_worn.day_from_h", "device.not_worn.day_to_h"),
)
"""Between the limits of a reading there is room for a value that is back from both of them."""

_SUMS: Final = (("vitals.spo2.low_pct", "vitals.spo2.back_by_pct", 100.0),)
"""Nobody's saturation exceeds 100 %: one that must be higher to count as back never is."""


def related(names: Mapping[str, object]) -> list[str]:
    """The parameters that together with these must make sense: those of the same rules."""
    rules = {PARAMETERS[name].rule for name in names}
    return [name for name, spec in PARAMETERS.items() if spec.rule in rules]


def out_of_range(values: Mapping[str, float | None]) -> Iterator[Objection]:
    """What is wrong with each value alone; None, a setting taken back, is never wrong."""
    for name, value in values.items():
        if value is None:
            continue
        spec = PARAMETERS[name]
        if not spec.low <= value <= spec.high:
            text = f"{name} must be from {spec.low:g} to {spec.high:g}"
            yield Objection(name, "range", text, {"min": spec.low, "max": spec.high})
        elif spec.whole and not float(value).is_integer():
            yield Objection(name, "whole", f"{name} must be a whole number", {})


def contradictions(settings: Mapping[str, float]) -> Iterator[Objection]:
    """What cannot be so together, where nobody set the rest; said of the lower of the two."""
    values = {name: settings.get(name, spec.default) for name, spec in PARAMETERS.items()}
    for lower, upper, margin in _PAIRS:
        apart = 2 * values[margin] if margin else 0.0
        if not values[lower] + apart < values[upper]:
            text = f"{lower} must lie more than {apart:g} below {upper}"
            yield Objection(lower, "apart", text, {"apart": apart, "lower": lower, "upper": upper})
    for one, other, ceiling in _SUMS:
        if values[one] + values[other] > ceiling:
            text = f"{one} and {other} together must not exceed {ceiling:g}"
            yield Objection(one, "ceiling", text, {"ceiling": ceiling, "lower": one, "upper": other})
