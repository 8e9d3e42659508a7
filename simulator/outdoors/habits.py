"""Who goes where: what is somebody's own for years, drawn once; and when it changes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np

from simulator.outdoors.assumptions import Outdoors
from simulator.outdoors.receiver import Band, drawn
from simulator.outdoors.town import TASTES, Floats, Town

Errand = Literal["market", "shop", "park", "friend", "clinic", "club", "stroll", "bus", "new place", "laps", "garden"]
Told = Literal["before", "late", "never"]
YEAR: Final = 365
_ROUNDS_TRIED: Final = 6
NEW_PLACES_M: Final = (200.0, 1200.0)
"""How far from home explorers go; their families know it when they draw a zone. Assumption."""
_DOOR_M: Final = 14.0
"""Doors lie so far off a crossing, standard deviation along one axis, m. Assumption."""


class Spot(NamedTuple):
    """A place to go to: the crossing before it, and its door."""

    crossing: int
    door: tuple[float, float]


class Stay(NamedTuple):
    """A holiday at a daughter's: days ``[first, last]``, how far away (m, east and north), and what the desk knows."""

    first: int
    last: int
    away: tuple[float, float]
    told: Told


class Zone(NamedTuple):
    """A zone as the family draws it: a circle, or corners (m, the town's)."""

    middle: tuple[float, float]
    radius_m: float
    corners: tuple[tuple[float, float], ...] | None = None


class Habits:
    """One resident for good; pure in the seed and their number."""

    def __init__(self, town: Town, a: Outdoors, seed: int, number: int, days: int) -> None:
        """Draw the person with all changes of the days to come."""
        chance = np.random.default_rng([seed, 2, number])
        self._town = town
        self.number = number
        self.home = self._spot(town.near(np.zeros(2), 0.0, 1900.0, chance), chance)
        here = np.array(self.home.door)
        self.is_zoned = bool(chance.random() < a.zoned)
        self.explores = bool(chance.random() < a.explorers)
        self.rides = bool(not self.is_zoned and chance.random() < a.riders)
        self.walks_laps = bool(chance.random() < a.lap_walkers)
        self.gardens = bool(chance.random() < a.gardeners)
        self.mps = float(np.clip(chance.normal(a.walking_mps, 0.12), 0.55, 1.35))
        self.wake_s = 3600 * float(np.clip(chance.normal(6.0, 0.6), 4.7, 7.5))
        self.bed_s = 3600 * float(np.clip(chance.normal(21.4, 0.6), 20.0, 23.0))
        self.outings = float(chance.gamma(5.0, a.outings_per_day / 5.0))
        self.band: Band = drawn(chance, a)
        spots: dict[Errand, Spot] = {
            "market": self._spot(town.near(here, 180.0, 750.0, chance), chance),
            "shop": self._spot(town.near(here, 80.0, 400.0, chance), chance),
            "park": self._spot(town.near(here, 200.0, 850.0, chance), chance),
            "friend": self._spot(town.near(here, 150.0, 950.0, chance), chance),
            "clinic": self._spot(town.near(here, 350.0, 1300.0, chance), chance),
            "club": self._spot(town.near(here, 120.0, 650.0, chance), chance),
            "bus": self._spot(town.near(here, 1600.0, 3300.0, chance), chance),
        }
        self.laps_m = float(chance.uniform(150.0, 420.0))
        self.loops = [self._loop(here, chance) for _ in range(3)]
        self._weights = self._liking(chance)
        self._changes = self._what_changes(a, days, chance)
        self.spots = spots
        self.stays = self._stays(a, days, chance)
        self.zones = self._zones(chance) if self.is_zoned else ()

    def spot(self, errand: Errand, day: int) -> Spot:
        """Where an errand leads on a day: friends move, shops close."""
        for since, what, spot in reversed(self._changes):
            if what == errand and since <= day:
                return spot
        return self.spots[errand]

    def choose(self, chance: np.random.Generator) -> Errand:
        """What to go out for."""
        kinds, shares = self._weights
        return kinds[int(chance.choice(len(kinds), p=shares))]

    def stay_on(self, day: int) -> Stay | None:
        """The holiday that a day belongs to."""
        return next((stay for stay in self.stays if stay.first <= day <= stay.last), None)

    def trodden(self, day: int) -> set[int]:
        """All crossings of the habitual ways."""
        found: set[int] = set()
        for errand in self.spots:
            if errand != "bus":
                found.update(self._town.way(self.home.crossing, self.spot(errand, day).crossing))
        for loop in self.loops:
            for a, b in pairwise(loop):
                found.update(self._town.way(a, b))
        return found

    def _spot(self, crossing: int, chance: np.random.Generator) -> Spot:
        east, north = self._town.crossings[crossing] + chance.normal(0.0, _DOOR_M, 2)
        return Spot(crossing, (float(east), float(north)))

    def _loop(self, here: Floats, chance: np.random.Generator) -> list[int]:
        """A round for a stroll: of some that one might take the one that goes along no street twice, or hardly any."""
        rounds = []
        for _ in range(_ROUNDS_TRIED):
            first = self._town.near(here, 120.0, 500.0, chance)
            second = self._town.near(self._town.crossings[first], 120.0, 350.0, chance)
            rounds.append([self.home.crossing, first, second, self.home.crossing])
        return max(rounds, key=self._share_of_new_streets)

    def _share_of_new_streets(self, loop: list[int]) -> float:
        streets = [frozenset(street) for a, b in pairwise(loop) for street in pairwise(self._town.way(a, b))]
        return len(set(streets)) / max(1, len(streets))

    def _liking(self, chance: np.random.Generator) -> tuple[list[Errand], Floats]:
        usual: dict[Errand, float] = {
            "market": 0.28, "shop": 0.18, "park": 0.14, "friend": 0.08, "clinic": 0.02, "club": 0.08, "stroll": 0.22,
        }  # fmt: skip
        if self.explores:
            usual["new place"] = 0.4
        if self.rides:
            usual["bus"] = 0.1
        if self.walks_laps:
            usual["laps"] = 0.3
        if self.gardens:
            usual["garden"] = 0.25
        shares = np.array(list(usual.values())) * chance.lognormal(0.0, 0.4, len(usual))
        return list(usual), shares / shares.sum()

    def _what_changes(
        self, a: Outdoors, days: int, chance: np.random.Generator
    ) -> list[tuple[int, Errand, Spot]]:  # fmt: skip
        here = np.array(self.home.door)
        changes: list[tuple[int, Errand, Spot]] = []
        kinds: tuple[tuple[Errand, float, float, float], ...] = (
            ("friend", a.moves_per_year, 150.0, 950.0), ("shop", a.new_places_per_year / 3, 80.0, 500.0)
        )  # fmt: skip
        for errand, per_year, low, high in kinds:
            since = chance.integers(0, max(1, days), chance.poisson(per_year * days / YEAR)).tolist()
            changes += [(day, errand, self._spot(self._town.near(here, low, high, chance), chance)) for day in since]
        return sorted(changes, key=lambda change: change[0])

    def _stays(self, a: Outdoors, days: int, chance: np.random.Generator) -> list[Stay]:
        stays: list[Stay] = []
        bearing, far_m = chance.uniform(0, 2 * math.pi), chance.uniform(15_000.0, 120_000.0)
        away = (float(far_m * math.sin(bearing)), float(far_m * math.cos(bearing)))
        for first in sorted(chance.integers(10, max(11, days), chance.poisson(a.holidays_per_year * days / YEAR))):
            last = int(first + chance.integers(4, 15))
            how = chance.random()
            told: Told = "before" if how < a.told_before else "late" if how < a.told_before + a.told_late else "never"
            if not stays or first > stays[-1].last + 2:
                stays.append(Stay(int(first), last, away, told))
        return stays

    def _zones(self, chance: np.random.Generator) -> tuple[Zone, ...]:
        """A circle that the family finds large enough for what they know, or corners around it; some are tight."""
        middle = np.array(self.home.door)
        walked = [np.array(self.spots[errand].door) for errand in self.spots if errand != "bus"]
        walked += [self._town.crossings[crossing] for crossing in sorted(self.trodden(0))]
        places = np.array(walked)
        reach = float(np.hypot(*(places - middle).T).max())
        if self.explores:
            reach = max(reach, NEW_PLACES_M[1])
        if chance.random() < 0.75:
            radius = max(300.0, 50.0 * round(reach * chance.uniform(0.97, 1.45) / 50.0))
            return (Zone(self.home.door, radius),)
        corners = int(chance.integers(7, 14))
        bearing = np.sort(2 * math.pi * (np.arange(corners) + chance.uniform(-0.3, 0.3, corners)) / corners)
        toward = np.stack([np.sin(bearing), np.cos(bearing)], 1)
        away = ((places - middle) @ toward.T).max(axis=0) / math.cos(math.pi / corners)
        away = np.maximum(NEW_PLACES_M[1] if self.explores else 150.0, away + chance.uniform(20.0, 140.0, corners))
        while not _holds(toward * away[:, None], places - middle):
            away *= 1.03
        outline = middle + toward * away[:, None]
        return (Zone(self.home.door, float(away.max()), tuple((float(x), float(y)) for x, y in outline)),)


def _holds(corners: Floats, places: Floats) -> bool:
    """Whether a zone about (0, 0), its corners in order, holds all places."""
    after = np.roll(corners, -1, axis=0) - corners
    beside = places[:, None] - corners
    side = after[:, 0] * beside[..., 1] - after[:, 1] * beside[..., 0]
    return bool((side < 0).all(axis=1).all())


def another_taste(chance: np.random.Generator) -> int:
    """A way that is not the usual one."""
    return int(chance.integers(1, TASTES))
