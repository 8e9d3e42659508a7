"""What goes wrong out of doors: going astray from a known way, leaving home by night, wandering in patterns."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from simulator.outdoors.habits import Errand, Habits
from simulator.outdoors.outings import CAR_MPS, MIN, Outing
from simulator.outdoors.patterns import Pattern, around, pattern
from simulator.outdoors.town import Town
from simulator.outdoors.track import Cover, Journey

_ON_FOOT: Final[tuple[Errand, ...]] = ("market", "park", "friend", "club", "clinic", "shop")


class Incident(NamedTuple):
    """What somebody ought to have noticed, s of the day: ``onset`` when it began, ``over`` when they were found."""

    kind: str
    onset: float
    over: float


def go_astray(
    town: Town, habits: Habits, outing: Outing, journey: Journey, day: int, chance: np.random.Generator
) -> Incident:  # fmt: skip
    """Leave a habitual way at a crossing in its middle, and walk on where no habit leads, until somebody finds them."""
    ways = [(town.way(habits.home.crossing, habits.spot(errand, day).crossing)) for errand in _ON_FOOT]
    ways = [way for way in ways if len(way) >= 5] or [max(ways, key=len)]
    way = ways[int(chance.integers(len(ways)))]
    leaves = max(1, round(chance.uniform(0.4, 0.85) * (len(way) - 1)))
    journey.walk(outing.line(way[: leaves + 1]), habits.mps, chance)
    onset = journey.t
    stray = _aimless(town, way[: leaves + 1], habits.trodden(day), chance)
    until = onset + chance.uniform(25, 80) * MIN
    for crossing in stray:
        journey.walk(town.crossings[[crossing]] + chance.normal(0.0, 3.0, 2), habits.mps, chance)
        if chance.random() < 0.1:
            journey.stay(chance.uniform(1, 6) * MIN, Cover.OPEN)
        if journey.t >= until:
            break
    return _found("astray", onset, habits, journey, chance)


def leave_by_night(
    town: Town, habits: Habits, outing: Outing, journey: Journey, chance: np.random.Generator
) -> Incident:  # fmt: skip
    """Go out of the door in the small hours, by the old way to the market or anywhere."""
    onset = journey.t
    way = list(town.way(habits.home.crossing, habits.spots["market"].crossing))
    if chance.random() < 0.5:
        way = [way[0]]
    way += _aimless(town, tuple(way), set(), chance)
    until = onset + chance.uniform(20, 60) * MIN
    for point in outing.line(way):
        journey.walk(point[None, :], habits.mps * 0.9, chance)
        if journey.t >= until:
            break
    return _found("night exit", onset, habits, journey, chance)


def wander(
    kind: Pattern, town: Town, habits: Habits, outing: Outing, journey: Journey, day: int, chance: np.random.Generator
) -> Incident:  # fmt: skip
    """Walk in a pattern somewhere on the way to the park or right before one's door, then go home."""
    way = town.way(habits.home.crossing, habits.spot("park", day).crossing)
    part = way[: int(chance.integers(1, len(way) + 1))]
    journey.walk(outing.line(part), habits.mps, chance)
    onset = journey.t
    line = pattern(kind, chance.uniform(15, 30) * MIN, habits.mps, chance)
    journey.go(around(line, journey.place), habits.mps)
    over = journey.t
    journey.walk(outing.line(part[::-1], habits.home.door), habits.mps, chance)
    return Incident(kind, onset, over)


def _aimless(town: Town, way: tuple[int, ...], known: set[int], chance: np.random.Generator) -> list[int]:
    """Crossings of a walk without a goal: it does not turn round, and keeps off known ways where it can."""
    been, here, line = set(way), way[-1], []
    for _ in range(60):
        nearby = town.neighbours(here)
        fresh = [to for to in nearby if to not in been]
        unknown = [to for to in fresh if to not in known]
        choice = unknown or fresh or nearby
        here = int(chance.choice(choice))
        been.add(here)
        line.append(here)
    return line


def _found(kind: str, onset: float, habits: Habits, journey: Journey, chance: np.random.Generator) -> Incident:
    """Wait for who has found them, and be driven home."""
    over = journey.t
    journey.stay(chance.uniform(5, 20) * MIN, Cover.OPEN)
    journey.go(np.array([habits.home.door]), CAR_MPS, cover=Cover.RIDE)
    return Incident(kind, onset, over)
