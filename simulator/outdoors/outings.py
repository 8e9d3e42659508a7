"""Ordinary outings, each a piece of a journey that begins and ends at the same door."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from simulator.outdoors.assumptions import Outdoors
from simulator.outdoors.habits import NEW_PLACES_M, Errand, Habits, Spot, another_taste
from simulator.outdoors.town import Floats, Town
from simulator.outdoors.track import Cover, Journey

MIN: Final = 60.0
BUS_MPS: Final = 5.5
CAR_MPS: Final = 9.0
ROAD_MPS: Final = 18.0
_PAVEMENT_M: Final = 3.0
_INDOORS_MIN: Final[dict[Errand, tuple[float, float]]] = {
    "market": (12, 35), "shop": (4, 20), "friend": (30, 120), "clinic": (40, 120), "club": (50, 150),
    "new place": (8, 40), "bus": (40, 150),
}  # fmt: skip
"""How long one is in there, minutes. Assumption."""


class Outing:
    """Lets one person go out on one day."""

    def __init__(self, town: Town, habits: Habits, a: Outdoors, journey: Journey, chance: np.random.Generator) -> None:
        """Stand at the door."""
        self._town, self._habits, self._a = town, habits, a
        self._journey, self._chance = journey, chance

    def make(self, errand: Errand, day: int) -> str:
        """Go out for something and come home; returns what one would call it."""
        habits, chance = self._habits, self._chance
        match errand:
            case "stroll":
                return self._stroll()
            case "garden":
                self._journey.potter(chance.uniform(15, 60) * MIN, 8.0, chance)
                return "garden"
            case "bus":
                return self._by_bus(habits.spot("bus", day))
            case "laps":
                return self._laps(habits.spot("park", day))
            case "new place":
                crossing = self._town.near(np.array(habits.home.door), *NEW_PLACES_M, chance)
                east, north = self._town.crossings[crossing]
                return self._errand("new place", Spot(crossing, (float(east), float(north))))
            case _:
                return self._errand(errand, habits.spot(errand, day))

    def line(self, way: Sequence[int], *ends: tuple[float, float]) -> Floats:
        """A line along streets on one's side of it, and to a door at the end."""
        points = self._town.points(list(way)) + self._chance.normal(0.0, _PAVEMENT_M, 2)
        return np.concatenate([points, np.array(ends).reshape(-1, 2)])

    def visit(self, errand: Errand) -> None:
        """Do what one came for."""
        journey, chance = self._journey, self._chance
        match errand:
            case "park":
                if chance.random() < 0.3:
                    self._round(chance.uniform(150.0, 400.0), 1.0)
                if chance.random() < 0.5:
                    journey.stay(chance.uniform(10, 45) * MIN, Cover.OPEN)
                else:
                    journey.potter(chance.uniform(15, 45) * MIN, 6.0, chance, moves_share=0.15)
            case "market" if chance.random() < 0.6:
                journey.potter(chance.uniform(12, 35) * MIN, 25.0, chance, moves_share=0.5)
            case _:
                low, high = _INDOORS_MIN[errand]
                journey.stay(chance.uniform(low, high) * MIN, Cover.INDOORS)

    def ride(self, points: Floats, mps: float, *, stops_s: float = 0.0, cover: Cover = Cover.RIDE) -> None:
        """Ride along a line, with a stop at each third corner."""
        for k, point in enumerate(points):
            self._journey.go(point[None, :], mps, cover=cover)
            if stops_s and k % 6 == 5:
                self._journey.stay(stops_s, cover)

    def _errand(self, errand: Errand, spot: Spot) -> str:
        town, habits, chance, a = self._town, self._habits, self._chance, self._a
        other = chance.random() < (0.5 if habits.explores else a.other_way_share)
        taste = another_taste(chance) if other else 0
        way = town.way(habits.home.crossing, spot.crossing, taste)
        name: str = f"{errand} by another way" if other else errand
        if len(way) > 3 and chance.random() < a.turned_back_share:
            part = way[: int(chance.integers(2, len(way)))]
            self._walk(self.line(part))
            self._walk(self.line(part[::-1], habits.home.door))
            self._journey.stay(chance.uniform(30.0, 300.0), Cover.HOME)
            name = f"{errand}, turned back once"
        if chance.random() < a.spur_share:
            way = _with_a_spur(town, way, chance)
            name = f"{errand} with a look aside"
        self._walk(self.line(way, spot.door))
        self.visit(errand)
        back = way if chance.random() < 0.85 else town.way(habits.home.crossing, spot.crossing, 0)
        self._walk(self.line(back[::-1], habits.home.door))
        return name

    def _stroll(self) -> str:
        town, habits, chance = self._town, self._habits, self._chance
        loop = habits.loops[int(chance.choice(3, p=[0.6, 0.25, 0.15]))]
        if chance.random() < 0.3:
            loop = loop[::-1]
        for here, to in pairwise(loop):
            self._walk(self.line(town.way(here, to)))
            if chance.random() < 0.25:
                self._journey.stay(chance.uniform(3, 15) * MIN, Cover.OPEN)
        self._walk(np.array([habits.home.door]))
        return "stroll"

    def _laps(self, park: Spot) -> str:
        way = self._town.way(self._habits.home.crossing, park.crossing)
        self._walk(self.line(way, park.door))
        self._round(self._habits.laps_m, self._chance.uniform(3.0, 9.0))
        self._walk(self.line(way[::-1], self._habits.home.door))
        return "laps for exercise"

    def _round(self, around_m: float, laps: float) -> None:
        """Round a pond or a pitch."""
        corners = max(12, round(16 * laps))
        angle = 2 * math.pi * laps * np.arange(corners + 1) / corners
        loop = around_m / (2 * math.pi) * np.stack([np.cos(angle) - 1.0, np.sin(angle)], 1)
        self._journey.go(self._journey.place + loop, self._habits.mps)

    def _by_bus(self, spot: Spot) -> str:
        town, habits, chance = self._town, self._habits, self._chance
        # The same stop as ever: the crossing that many blocks along the way.
        street = town.way(habits.home.crossing, spot.crossing)
        stop = street[min(3, len(street) - 1)]
        to_stop = town.way(habits.home.crossing, stop)
        cover = Cover.UNDERGROUND if chance.random() < 0.15 else Cover.RIDE
        self._walk(self.line(to_stop))
        self._journey.stay(chance.uniform(2, 12) * MIN, Cover.OPEN)
        line = town.points(list(town.way(stop, spot.crossing)))
        self.ride(line, BUS_MPS, stops_s=20.0, cover=cover)
        self._walk(np.array([spot.door]))
        self.visit("bus")
        self._walk(town.crossings[[spot.crossing]])
        self._journey.stay(chance.uniform(2, 12) * MIN, Cover.OPEN)
        self.ride(line[::-1], BUS_MPS, stops_s=20.0, cover=cover)
        self._walk(self.line(to_stop[::-1], habits.home.door))
        return "bus ride alone"

    def with_family(self) -> str:
        """By car to a restaurant or a park, with company."""
        habits, chance, journey = self._habits, self._chance, self._journey
        home, bearing, far_m = np.array(habits.home.door), chance.uniform(0, 2 * math.pi), chance.uniform(1500, 9000)
        goal = home + far_m * np.array([math.sin(bearing), math.cos(bearing)])
        corner = np.array([goal[0], home[1]])
        self.ride(np.array([corner, goal]), CAR_MPS)
        if chance.random() < 0.5:
            journey.potter(chance.uniform(15, 50) * MIN, 120.0, chance, moves_share=0.6)
        journey.stay(chance.uniform(50, 120) * MIN, Cover.INDOORS)
        self.ride(np.array([corner, home]), CAR_MPS)
        return "with the family"

    def _walk(self, points: Floats) -> None:
        self._journey.walk(points, self._habits.mps, self._chance)


def _with_a_spur(town: Town, way: tuple[int, ...], chance: np.random.Generator) -> tuple[int, ...]:
    """The way with a stretch into a side street and back."""
    k = int(chance.integers(0, len(way)))
    spur, here = [way[k]], way[k]
    for _ in range(int(chance.integers(1, 3))):
        others = [to for to in town.neighbours(here) if to not in way and to not in spur]
        if not others:
            break
        here = int(chance.choice(others))
        spur.append(here)
    return (*way[:k], *spur, *spur[-2::-1], *way[k + 1 :])
