"""How recordings are scored that either hold what is looked for, or do not: rows of figures, and their words."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from bench.intervals import Interval, binomial, quantile

DIGITS: Final = 4


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Recordings that have something in common.

    Attributes:
        tp: recordings that hold what is looked for, and it was found; ``fn``: it was not.
        tn: ordinary recordings left alone; ``fp``: alarmed.
        sensitivity: null where nothing was to be found; ``specificity``: null without ordinary ones.
        sensitivity_95, specificity_95: exact (Clopper-Pearson).
        false_alarms: one recording may raise several.
        median_delay_s: of what was found.
    """

    files: int
    tp: int
    fn: int
    tn: int
    fp: int
    sensitivity: float | None
    specificity: float | None
    sensitivity_95: Interval
    specificity_95: Interval
    false_alarms: int
    median_delay_s: float | None


def row_of(
    *, tp: int, fn: int, tn: int, fp: int, false_alarms: int, delays_s: Sequence[float] | npt.NDArray[np.float64]
) -> Row:  # fmt: skip
    """The row of so many recordings; ``delays_s``: of what was found, as far as they are known."""
    return Row(
        files=tp + fn + tn + fp,
        tp=tp,
        fn=fn,
        tn=tn,
        fp=fp,
        sensitivity=rounded(share(tp, tp + fn)),
        specificity=rounded(share(tn, tn + fp)),
        sensitivity_95=ends(binomial(tp, tp + fn)) if tp + fn else (None, None),
        specificity_95=ends(binomial(tn, tn + fp)) if tn + fp else (None, None),
        false_alarms=false_alarms,
        median_delay_s=rounded(quantile(delays_s, 0.5)),
    )


def share(of: float, among: float) -> float:
    """The share of these among those; NaN of none."""
    return of / among if among else float("nan")


def rounded(value: float) -> float | None:
    """A figure as a report has it, null where it is NaN."""
    return None if isnan(value) else round(value, DIGITS)


def ends(interval: Interval) -> Interval:
    """An interval as a report has it."""
    low, high = interval
    return None if low is None else round(low, DIGITS), None if high is None else round(high, DIGITS)


def fields(struct: msgspec.Struct) -> dict[str, Any]:
    """What a struct holds, for one that holds more."""
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def figure_line(name: str, value: float | None, exact: Interval, people: Interval, digits: int = DIGITS) -> str:
    """A figure with its exact interval and that over people, as a person reads it."""
    return f"{name:22}{in_words(value, digits):>9}  {between(exact, digits):18}{between(people, digits)}".rstrip()


def in_words(value: float | None, digits: int = DIGITS) -> str:
    """A figure; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def between(interval: Interval, digits: int = DIGITS) -> str:
    """An interval; nothing where an end is not known."""
    low, high = interval
    return "" if low is None or high is None else f"{low:.{digits}f} to {high:.{digits}f}"
