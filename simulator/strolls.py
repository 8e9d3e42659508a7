"""Where the people of the invented community walk: round one of three ways that are theirs, with a rest on it."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from simulator.die import Die

WAYS: Final = 3
"""So many ways around home somebody has, the first the dearest. Assumption."""
_LIKED: Final = (0.6, 0.85, 1.0)
_REACH: Final = (0.65, 1.0)
_APART_RAD: Final = (0.7, 1.3)


class Corner(NamedTuple):
    """A point of a way, m from home."""

    north_m: float
    east_m: float


class Strolls:
    """The ways of one person; pure in the die."""

    def __init__(self, die: Die, *, reach_m: float, mps: float) -> None:
        """``reach_m``: how far from home they go at most; ``mps``: how fast."""
        self._die, self._reach_m, self._mps = die, reach_m, mps
        self._corners = lru_cache(maxsize=WAYS)(self._way)

    def place(self, key: object, passed_s: float, whole_s: float) -> Corner:
        """Where they are ``passed_s`` seconds into the walk ``key`` of ``whole_s``: round the corners, with a rest."""
        liking = self._die.uniform(0.0, 1.0, key, "way")
        corners = self._corners(next(way for way, share in enumerate(_LIKED) if liking < share))
        lengths = [math.dist(here, there) for here, there in pairwise(corners)]
        mps = max(self._mps, sum(lengths) / whole_s)
        rest_from_s = sum(lengths[:2]) / mps
        rest_s = whole_s - sum(lengths) / mps
        walked_m = mps * (passed_s - min(max(0.0, passed_s - rest_from_s), rest_s))
        for (here, there), length in zip(pairwise(corners), lengths, strict=True):
            if walked_m <= length:
                part = walked_m / length
                return Corner(here[0] + part * (there[0] - here[0]), here[1] + part * (there[1] - here[1]))
            walked_m -= length
        return corners[-1]

    def _way(self, number: int) -> tuple[Corner, ...]:
        """Home, two corners, home."""
        die = self._die
        bearing = die.uniform(0.0, 2 * math.pi, "ways", number, "bearing")
        corners = [Corner(0.0, 0.0)]
        for side in (0, 1):
            reach = self._reach_m * die.uniform(*_REACH, "ways", number, side, "reach")
            corners.append(Corner(reach * math.cos(bearing), reach * math.sin(bearing)))
            bearing += die.uniform(*_APART_RAD, "ways", number, "apart")
        return (*corners, corners[0])
