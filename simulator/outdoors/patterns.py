"""The four ways of travelling after Martino-Saltzman, as lines to walk.

Source: Martino-Saltzman et al. 1991, DOI 10.1093/geront/31.5.666: *direct* from one place to another without
diversion, *random* roundabout or haphazard to many places in an area without repetition, *pacing* back and forth in a
limited area, *lapping* in circles round a larger one. The sizes are assumptions for the open air (the source watched
corridors): pacing 20 to 80 m, laps of 100 to 450 m, random within 25 to 90 m.
"""

from __future__ import annotations

import math
from typing import Final, Literal, get_args

import numpy as np

from simulator.outdoors.town import Floats

Pattern = Literal["pacing", "lapping", "random"]
PATTERNS: Final[tuple[Pattern, ...]] = get_args(Pattern)


def pattern(kind: Pattern, seconds: float, mps: float, chance: np.random.Generator) -> Floats:
    """The line of one pattern from (0, 0) on, as long as that pace makes it in that time; shape (n, 2), m."""
    match kind:
        case "pacing":
            return pacing(seconds * mps, chance)
        case "lapping":
            return lapping(seconds * mps, chance)
        case "random":
            return haphazard(seconds * mps, chance)


def pacing(metres: float, chance: np.random.Generator) -> Floats:
    """Back and forth between two ends that shift by a few metres each time."""
    leg_m = chance.uniform(20.0, 80.0)
    bearing = chance.uniform(0.0, 2 * math.pi)
    ends = np.array([[0.0, 0.0], [leg_m * math.sin(bearing), leg_m * math.cos(bearing)]])
    legs = max(2, round(metres / leg_m))
    places = ends[(np.arange(legs) + 1) % 2] + chance.normal(0.0, 0.06 * leg_m, (legs, 2))
    return np.concatenate([ends[:1], places])


def lapping(metres: float, chance: np.random.Generator) -> Floats:
    """Round and round a block or a pond, always the same way round: an ellipse or a rectangle with round corners."""
    around_m = chance.uniform(100.0, 450.0)
    flat = chance.uniform(0.45, 1.0)
    squareness = chance.choice([1.0, 0.55])
    sense = chance.choice([-1.0, 1.0])
    turn = chance.uniform(0.0, 2 * math.pi)
    corners = 16
    angle = sense * 2 * math.pi * np.arange(corners) / corners
    x, y = np.cos(angle), np.sin(angle)
    loop = np.stack([np.sign(x) * np.abs(x) ** squareness, flat * np.sign(y) * np.abs(y) ** squareness], 1)
    loop = loop @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    length = float(np.hypot(*np.diff(np.concatenate([loop, loop[:1]]), axis=0).T).sum())
    loop *= around_m / length
    laps = max(2.0, metres / around_m)
    places = np.tile(loop, (math.ceil(laps) + 1, 1))[: round(laps * corners) + 1]
    walked: Floats = places - places[0] + chance.normal(0.0, 1.5, places.shape)
    return walked


def haphazard(metres: float, chance: np.random.Generator) -> Floats:
    """To one place after another in an area, none of them aimed at for long, none twice."""
    reach_m = chance.uniform(25.0, 90.0)
    places, walked = [np.zeros(2)], 0.0
    while walked < metres:
        radius, bearing = reach_m * math.sqrt(chance.random()), chance.uniform(0.0, 2 * math.pi)
        place = np.array([radius * math.sin(bearing), radius * math.cos(bearing)])
        leg_m = float(np.hypot(*(place - places[-1])))
        if leg_m < 0.4 * reach_m or min(float(np.hypot(*(place - old))) for old in places[-6:]) < 0.15 * reach_m:
            continue
        places.append(place)
        walked += leg_m
    return np.array(places)


def around(line: Floats, place: Floats) -> Floats:
    """The same line from a place on."""
    moved: Floats = line + place
    return moved
