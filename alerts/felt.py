"""A trace in numbers that can be said aloud: how strong, how light before, how still afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from alerts.trace import AFTER_MS, BEFORE_MS, Trace, felt_g, since_jolt_s

AROUND_MS: Final = 1_000
"""So near the marked moment the strongest jolt is looked for. Source: assumption; the blows of one fall (hand,
knee, hip) follow each other within it."""
FLIGHT_MS: Final = 1_000
"""How long before the jolt a loss of weight belongs to it. Source: assumption; a fall from standing takes under 1 s."""
SETTLED_MS: Final = 3_000
"""So long after the jolt the body has come to rest, if it does. Source: assumption."""
STILL_MG: Final = 100
"""A second in which no axis ranges over more was still. Source: assumption; twice the 50 mg that van Hees et al. 2013
(doi:10.1371/journal.pone.0061691) take for a device that nobody wears, so that breathing does not count."""


class Felt(NamedTuple):
    """A trace in numbers.

    ``before_s`` and ``after_s``: how much is known on either side of the jolt. ``peak_g``: the strongest jolt, within
    a second of it; ``least_g``: the least weight just before. Of ``watched_s`` seconds once things have settled,
    ``still_s`` were without movement.
    """

    before_s: float
    after_s: float
    peak_g: float
    least_g: float
    watched_s: int
    still_s: int


class Second(NamedTuple):
    """One second of a trace: from when, seconds after the jolt; the least and the most that was felt, in g."""

    from_s: int
    least_g: float
    most_g: float


def describe(trace: Trace) -> Felt:
    """What a reader would read off the drawing; NaN for a strength of which nothing is known."""
    felt, since_s = felt_g(trace), since_jolt_s(trace)
    around = felt[np.abs(since_s) <= AROUND_MS / 1000]
    flight = felt[(since_s >= -FLIGHT_MS / 1000) & (since_s <= 0)]
    axes = np.array([trace.x_mg, trace.y_mg, trace.z_mg], dtype=float)
    watched = still = 0
    for second in range(SETTLED_MS // 1000, AFTER_MS // 1000):
        own = axes[:, (since_s >= second) & (since_s < second + 1) & ~np.isnan(felt)]
        if own.shape[1] >= trace.rate_hz / 2:
            watched += 1
            still += bool((np.ptp(own, axis=1) <= STILL_MG).all())
    return Felt(
        before_s=max(0.0, -float(since_s[0])),
        after_s=max(0.0, float(since_s[-1])),
        peak_g=_extreme(np.nanmax, around),
        least_g=_extreme(np.nanmin, flight),
        watched_s=watched,
        still_s=still,
    )


def second_by_second(trace: Trace) -> list[Second]:
    """The seconds of which something is known, in their order."""
    felt, since_s = felt_g(trace), since_jolt_s(trace)
    found = []
    for second in range(-BEFORE_MS // 1000, AFTER_MS // 1000):
        own = felt[(since_s >= second) & (since_s < second + 1) & ~np.isnan(felt)]
        if len(own):
            found.append(Second(second, float(own.min()), float(own.max())))
    return found


def _extreme(of: Callable[[npt.NDArray[np.float64]], Any], felt: npt.NDArray[np.float64]) -> float:
    return float(of(felt)) if np.isfinite(felt).any() else math.nan
