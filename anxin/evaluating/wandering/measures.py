"""Single figures of some walks; others are drawn from the same people to see how each would differ (``figures``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from anxin.evaluating.scores import share
from anxin.evaluating.wandering.walks import Followed, strays
from devices.clock import DAY_MS, HOUR_MS

_DEGREES_AN_HOUR: Final = 15.0


def sensitivity(followed: Sequence[Followed]) -> float:
    """The share of walks astray that were found; NaN without any."""
    astray = strays(followed)
    return share(sum(one.finding() is not None for one in astray), len(astray))


def specificity(followed: Sequence[Followed]) -> float:
    """The share of ordinary walks that were left alone; NaN without any."""
    ordinary = [one for one in followed if not one.walk.is_stray]
    return share(sum(not one.is_alarmed() for one in ordinary), len(ordinary))


def f1(followed: Sequence[Followed]) -> float:
    """The harmonic mean of sensitivity and precision; NaN where there is nothing to find and nothing was found."""
    astray = strays(followed)
    tp = sum(one.finding() is not None for one in astray)
    fp = sum(one.is_alarmed() for one in followed if not one.walk.is_stray)
    return share(2 * tp, tp + len(astray) + fp)


def rate(followed: Sequence[Followed]) -> float:
    """False alarms for each day on which something was recorded of a person."""
    return share(sum(one.false_alarms() for one in followed), days(followed))


def days(followed: Sequence[Followed]) -> int:
    """On so many days was something recorded, each person's counted apart.

    Days are by the sun where they live: what they do at night belongs to the same day wherever the time zone ends.
    """
    found: set[tuple[str, int]] = set()
    for one in followed:
        ahead_ms = one.walk.home.lon / _DEGREES_AN_HOUR * HOUR_MS
        own = np.unique((one.walk.fixes.t + int(ahead_ms)) // DAY_MS)
        found |= {(one.walk.subject, day) for day in own.tolist()}
    return len(found)


def hours(followed: Sequence[Followed]) -> float:
    """From first to last fix of every file."""
    return float(sum(int(one.walk.fixes.t[-1] - one.walk.fixes.t[0]) for one in followed)) / HOUR_MS
