"""95 % intervals: of a rate, exactly, and of anything else, over the people who might have been others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, fsum, isnan, lgamma, log, log1p, sqrt
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")

_TAIL: Final = 0.025
_RESAMPLES: Final = 1000

Interval = tuple[float | None, float | None]
"""From, to; None where there is no end."""


def poisson(count: int) -> tuple[float, float]:
    """The means under which so many events are neither too few nor too many.

    Source: Garwood 1936, DOI 10.1093/biomet/28.3-4.437.
    """
    lower = 0.0 if count == 0 else _mean_where(lambda mean: 1.0 - _at_most(count - 1, mean) > _TAIL, count)
    upper = _mean_where(lambda mean: _at_most(count, mean) < _TAIL, count)
    return lower, upper


def binomial(hits: int, of: int) -> tuple[float, float]:
    """The shares under which so many hits are neither too few nor too many; 0 to 1 of nothing.

    Source: Clopper & Pearson 1934, DOI 10.1093/biomet/26.4.404.
    """
    lower = 0.0 if hits == 0 else _share_where(lambda share: 1.0 - _hits_at_most(hits - 1, of, share) > _TAIL)
    upper = 1.0 if hits == of else _share_where(lambda share: _hits_at_most(hits, of, share) < _TAIL)
    return lower, upper


def median_between(values: Sequence[float] | npt.NDArray[np.float64]) -> Interval:
    """Between which two of these values the median of all that they were drawn from lies; too few say nothing.

    Source: David & Nagaraja 2003, Order Statistics, section 7.1.
    """
    ordered = sorted(values)
    outer = -1
    while 2 * (outer + 1) < len(ordered) and _hits_at_most(outer + 1, len(ordered), 0.5) <= _TAIL:
        outer += 1
    return (None, None) if outer < 0 else (ordered[outer], ordered[-1 - outer])


def over_people(people: Sequence[T], figure: Callable[[Sequence[T]], float], seed: int) -> Interval:
    """The percentile bootstrap of a figure: people drawn again, each with all that is known of them.

    People who are all alike, or one alone, say nothing of how others differ: ``(None, None)``. Where the figure is not
    defined (NaN), of one person or of people drawn, it says nothing and is left out.

    Source: Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13.
    """
    if len({value for value in (figure([one]) for one in people) if not isnan(value)}) < 2:
        return None, None
    chance = np.random.default_rng(seed)
    drawn = chance.integers(0, len(people), (_RESAMPLES, len(people))).tolist()
    figures = (figure([people[i] for i in which]) for which in drawn)
    found = sorted(value for value in figures if not isnan(value))
    low, high = found[int(_TAIL * len(found))], found[int((1 - _TAIL) * len(found)) - 1]
    return finite(low), finite(high)


def finite(value: float) -> float | None:
    """The value, or None for what JSON has no number for: infinity is "never"."""
    return value if np.isfinite(value) else None


def quantile(values: Sequence[float] | npt.NDArray[np.float64], share: float) -> float:
    """The smallest value that so large a share does not exceed; inf among them is as good as any; NaN of nothing."""
    if len(values) == 0:
        return float("nan")
    return float(np.quantile(values, share, method="inverted_cdf"))


def _at_most(count: int, mean: float) -> float:
    """The chance of so many events or fewer."""
    if mean <= 0:
        return 1.0
    return min(1.0, fsum(exp(i * log(mean) - mean - lgamma(i + 1)) for i in range(count + 1)))


def _hits_at_most(hits: int, of: int, share: float) -> float:
    """The chance of so many hits or fewer, for a share between 0 and 1."""
    whole = lgamma(of + 1)
    return min(
        1.0,
        fsum(
            exp(whole - lgamma(i + 1) - lgamma(of - i + 1) + i * log(share) + (of - i) * log1p(-share))
            for i in range(hits + 1)
        ),
    )


def _share_where(is_beyond: Callable[[float], bool]) -> float:
    """The smallest share of which it is true; it is so of every larger one."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if is_beyond(middle) else (middle, high)
    return high


def _mean_where(is_beyond: Callable[[float], bool], count: int) -> float:
    """The smallest mean of which it is true; it is so of every larger one."""
    low, high = 0.0, count + 10.0 * sqrt(count + 1) + 10.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if is_beyond(middle) else (middle, high)
    return high
