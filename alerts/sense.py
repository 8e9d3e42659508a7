"""Which values of parameters make no sense: out of their range, or contradicting each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from alerts.catalogue import PARAMETERS

ObjectionCode = Literal["range", "whole", "apart", "ceiling", "order", "least"]


class Objection(NamedTuple):
    """Why a value cannot be: ``code`` and ``numbers`` for those who put it into words, ``detail`` in English.

    ``range``: it lies outside ``min`` and ``max``. ``whole``: only whole numbers make sense. ``apart``: ``lower`` must
    lie more than ``apart`` below ``upper``. ``ceiling``: ``lower`` and ``upper`` together must not exceed ``ceiling``.
    ``order``: ``lower`` must not exceed ``upper``. ``least``: as ``upper`` is, ``lower`` must be at least ``least``.
    """

    name: str
    code: ObjectionCode
    detail: str
    numbers: dict[str, Any]


Values = Mapping[str, float]


class _Apart(NamedTuple):
    """``lower`` must lie below ``upper``, two of ``margin`` apart where there is a margin."""

    lower: str
    upper: str
    margin: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.lower, self.upper, self.margin) if self.margin else (self.lower, self.upper)

    def objection(self, values: Values) -> Objection | None:
        lower, upper = values[self.lower], values[self.upper]
        apart = 2 * values[self.margin] if self.margin else 0.0
        if lower + apart < upper:
            return None
        text = (
            f"{self.lower} must lie more than {apart:g} below {self.upper}, not at {lower:g} and {upper:g}:"
            f" set it below {upper - apart:g}, or {self.upper} above {lower + apart:g}"
        )
        text += f", or make {self.margin} smaller" if self.margin else ""
        return Objection(self.lower, "apart", text, {"apart": apart, "lower": self.lower, "upper": self.upper})


class _Ceiling(NamedTuple):
    """Two that together must not exceed a number, which the first alone does not reach."""

    one: str
    other: str
    ceiling: float

    @property
    def names(self) -> tuple[str, ...]:
        return self.one, self.other

    def objection(self, values: Values) -> Objection | None:
        one, other = values[self.one], values[self.other]
        if one + other <= self.ceiling and one < self.ceiling:
            return None
        text = (
            f"{self.one} and {self.other} together must not exceed {self.ceiling:g}, not be {one:g} and {other:g}:"
            f" set the first below {self.ceiling:g}, and to {self.ceiling - other:g} or less unless you lower the other"
        )
        return Objection(self.one, "ceiling", text, {"ceiling": self.ceiling, "lower": self.one, "upper": self.other})


class _Order(NamedTuple):
    """``lower`` must not exceed ``upper``, or ``consequence``."""

    lower: str
    upper: str
    consequence: str

    @property
    def names(self) -> tuple[str, ...]:
        return self.lower, self.upper

    def objection(self, values: Values) -> Objection | None:
        lower, upper = values[self.lower], values[self.upper]
        if lower <= upper:
            return None
        text = (
            f"{self.lower} must not exceed {self.upper}, as {lower:g} does {upper:g}, or {self.consequence}:"
            f" set it to {upper:g} or less, or {self.upper} to {lower:g} or more"
        )
        return Objection(self.lower, "order", text, {"lower": self.lower, "upper": self.upper})


class _Least(NamedTuple):
    """``name`` must be at least what ``least`` makes of the others, the weightiest of them first."""

    name: str
    others: tuple[str, ...]
    least: Callable[[Values], float]
    consequence: str

    @property
    def names(self) -> tuple[str, ...]:
        return self.name, *self.others

    def objection(self, values: Values) -> Objection | None:
        value, least = values[self.name], self.least(values)
        if value >= least:
            return None
        text = (
            f"{self.name} must be at least {least:g}, not {value:g}, or {self.consequence}:"
            f" set it to {least:g} or more, or make {' or '.join(self.others)} smaller"
        )
        return Objection(self.name, "least", text, {"least": least, "lower": self.name, "upper": self.others[0]})


_PRESSURE: Final = "vitals.blood_pressure"
_SILENT: Final = "missed_check.silent"
_DIASTOLIC: Final = PARAMETERS[f"{_PRESSURE}.diastolic_high_mmhg"].low

_SENSE: Final[tuple[_Apart | _Ceiling | _Order | _Least, ...]] = (
    # Between the limits of a reading there is room for a value that is back from both of them.
    _Apart("vitals.heart_rate.low_bpm", "vitals.heart_rate.high_bpm", "vitals.heart_rate.back_by_bpm"),
    _Apart(f"{_PRESSURE}.systolic_low_mmhg", f"{_PRESSURE}.systolic_high_mmhg", f"{_PRESSURE}.back_by_mmhg"),
    _Apart(f"{_PRESSURE}.diastolic_high_mmhg", f"{_PRESSURE}.systolic_high_mmhg"),
    _Least(
        f"{_PRESSURE}.diastolic_high_mmhg", (f"{_PRESSURE}.back_by_mmhg",),
        lambda values: _DIASTOLIC + max(1.0, values[f"{_PRESSURE}.back_by_mmhg"]), "no living pressure is back",
    ),
    _Apart("vitals.temperature.low_c", "vitals.temperature.high_c", "vitals.temperature.back_by_c"),
    # Nobody's saturation exceeds 100 %: one that must be higher to count as back never is.
    _Ceiling("vitals.spo2.low_pct", "vitals.spo2.back_by_pct", 100.0),
    _Apart("device.battery_low.low_pct", "device.battery_low.recovered_pct"),
    _Apart("device.not_worn.day_from_h", "device.not_worn.day_to_h"),
    _Order(
        "wandering.zone_exit.unknown_accuracy_m", "wandering.zone_exit.sure_accuracy_m",
        "a device that does not tell its accuracy never proves that somebody is back",
    ),
    _Order(
        f"{_SILENT}.empty_pct", "device.battery_low.low_pct",
        "a silence is put down to a battery that nobody was told to charge",
    ),
    _Least(
        "device.fault.never_after_s", (f"{_SILENT}.interval_s", f"{_SILENT}.intervals", f"{_SILENT}.grace_s"),
        lambda values: (
            values[f"{_SILENT}.intervals"] * values[f"{_SILENT}.interval_s"] + values[f"{_SILENT}.grace_s"]
        ),
        "a device is missed before its first report is due",
    ),
)  # fmt: skip


def related(names: Mapping[str, object]) -> list[str]:
    """The parameters that together with these must make sense: those of the same rules, and what is bound to them."""
    rules = {PARAMETERS[name].rule for name in names}
    found = {name for name, spec in PARAMETERS.items() if spec.rule in rules}
    while more := {name for bond in _SENSE if found & set(bond.names) for name in bond.names} - found:
        found |= more
    return [name for name in PARAMETERS if name in found]


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
    """What cannot be so together, where nobody set the rest; said of the first that is bound.

    ``settings``: what is in force for somebody, whichever layers it comes from.
    """
    values = {name: settings.get(name, spec.default) for name, spec in PARAMETERS.items()}
    for bond in _SENSE:
        objection = bond.objection(values)
        if objection is not None:
            yield objection
