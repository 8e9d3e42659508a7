"""When people move, minute for minute: what a wrist feels of sleep, of rest, and of a day at home.

Stillness comes in bouts, asleep and awake, with times between them in which some minutes are moved in. The lengths
are of the order of recorded wrists of old people in their own homes (still bins of five minutes: by night 0.6, by day
0.02; in a row by night 2 as a median, 17 at the 99th percentile, 27 at the 99.9th; by day two rows, 1, 9 and 21).
Source: AgeWise through JessLGraves/RAR, own figures.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bench.desk.people import Bools, Floats

MOVED_MINUTES: Final = 0.6
"""Share of the minutes between bouts in which the wrist moves."""
_ASLEEP_STILL_MIN: Final = 13.0
_ASLEEP_SIGMA: Final = 0.75
_ASLEEP_MOVED_MIN: Final = 8.0
_AWAKE_STILL_MIN: Final = 9.0
_AWAKE_SIGMA: Final = 0.75
_AWAKE_MOVED_MIN: Final = 480.0
_SPREAD_OF_PEOPLE: Final = 0.25
_ILL_STILL: Final = 2.0
"""A fever makes bouts so much longer, and by day five times as many. Assumption."""
_ILL_RESTS: Final = 5.0


class Movement:
    """Goes on from one day to the next."""

    def __init__(self, size: int, chance: np.random.Generator) -> None:
        """Everybody lies in bed."""
        self._chance = chance
        self._personal: Floats = chance.lognormal(0.0, _SPREAD_OF_PEOPLE, size)
        self._rests = np.ones(size, np.bool_)
        self._left_min = chance.uniform(0.0, 30.0, size)
        self._was_asleep = np.ones(size, np.bool_)

    def day(self, asleep: Bools, walks: Bools, ill: Bools) -> Bools:
        """Whether each moves in each minute.

        Args:
            asleep: shape (n, minutes).
            walks: shape (n, minutes); who walks moves.
            ill: shape (n,).
        """
        n, minutes = asleep.shape
        jolt = self._chance.standard_normal((minutes, n), np.float32)
        patience = self._chance.standard_exponential((minutes, n), np.float32)
        rests = np.empty((minutes, n), np.bool_)
        still = self._personal * np.where(ill, _ILL_STILL, 1.0)
        between_awake = _AWAKE_MOVED_MIN / np.where(ill, _ILL_RESTS, 1.0)
        for minute in range(minutes):
            now_asleep = asleep[:, minute]
            turned = now_asleep != self._was_asleep
            self._left_min -= 1.0
            ends = (self._left_min <= 0.0) | turned
            if ends.any():
                self._rests = np.where(turned, now_asleep, self._rests ^ ends)
                sigma = np.where(now_asleep, _ASLEEP_SIGMA, _AWAKE_SIGMA)
                median = np.where(now_asleep, _ASLEEP_STILL_MIN, _AWAKE_STILL_MIN)
                bout = still * median * np.exp(sigma * jolt[minute])
                between = np.where(now_asleep, _ASLEEP_MOVED_MIN, between_awake) * patience[minute]
                self._left_min = np.where(ends, np.where(self._rests, bout, between), self._left_min)
            self._was_asleep = now_asleep
            rests[minute] = self._rests
        moved: Bools = self._chance.random((n, minutes), np.float32) < MOVED_MINUTES
        moves: Bools = (moved & ~rests.T) | walks
        return moves
