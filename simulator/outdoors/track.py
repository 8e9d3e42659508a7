"""Where somebody truly is through a day: a line in space and time, put together leg by leg."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np

from simulator.outdoors.town import Floats, Ints

_WAITS: Final = 0.08
"""Chance to stand at a corner for 10 to 50 s. Assumption."""


class Cover(IntEnum):
    """What is between the band and the sky."""

    HOME = 0
    INDOORS = 1
    OPEN = 2
    RIDE = 3
    UNDERGROUND = 4


class Track(NamedTuple):
    """A line in space and time: ``t`` s rising, shape (n,); ``place`` m, shape (n, 2); ``cover`` of (n − 1) legs."""

    t: Floats
    place: Floats
    cover: Ints

    def at(self, t: Floats) -> Floats:
        """The places at some times, shape (n, 2)."""
        return np.stack([np.interp(t, self.t, self.place[:, 0]), np.interp(t, self.t, self.place[:, 1])], 1)


class Journey:
    """A track under way."""

    def __init__(self, t_s: float, place: Floats) -> None:
        """Begin somewhere at a time."""
        self._t = [t_s]
        self._place = [(float(place[0]), float(place[1]))]
        self._cover: list[int] = []

    @property
    def t(self) -> float:
        """What time it is, s."""
        return self._t[-1]

    @property
    def place(self) -> Floats:
        """Where this is."""
        return np.array(self._place[-1])

    def stay(self, seconds: float, cover: Cover) -> None:
        """Stand or sit here."""
        if seconds > 0:
            self._add(self.t + seconds, self._place[-1], cover)

    def go(self, points: Floats, mps: float, *, cover: Cover = Cover.OPEN) -> None:
        """Go along a line at a steady pace."""
        for east, north in points.tolist():
            here = self._place[-1]
            metres = float(np.hypot(east - here[0], north - here[1]))
            if metres > 0.1:
                self._add(self.t + metres / mps, (east, north), cover)

    def walk(self, points: Floats, mps: float, chance: np.random.Generator) -> None:
        """Go along a line on foot, with a wait at a corner now and then."""
        waits = chance.random(len(points)) < _WAITS
        for point, wait in zip(points, waits.tolist(), strict=True):
            self.go(point[None, :], mps)
            if wait:
                self.stay(chance.uniform(10.0, 50.0), Cover.OPEN)

    def potter(
        self, seconds: float, reach_m: float, chance: np.random.Generator, *, moves_share: float = 0.3,
        cover: Cover = Cover.OPEN,
    ) -> None:  # fmt: skip
        """Move a few steps within a small circle, stand in between; ends where it began."""
        middle, until = self.place, self.t + seconds
        while self.t < until:
            self.stay(chance.exponential(40.0) * (1 - moves_share) / moves_share, cover)
            self.go((middle + chance.normal(0.0, reach_m / 2, (1, 2))), 0.5, cover=cover)
        self.go(middle[None, :], 0.5, cover=cover)

    def track(self) -> Track:
        """All of it."""
        return Track(np.array(self._t), np.array(self._place), np.array(self._cover, np.int64))

    def _add(self, t: float, place: tuple[float, float], cover: Cover) -> None:
        self._t.append(t)
        self._place.append(place)
        self._cover.append(int(cover))
