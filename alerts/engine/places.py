"""The places that a resident is used to visit, besides home: at most eight, each with how often and at which hours.

A visit is a stay of ``VISIT_MS`` in one place, or what is before and after a time of which nothing was heard: indoors
there are no fixes. Of each place it is kept how many visits they paid, which fade by the day, and at which hours of the
day; it is known from the second visit on. Where there is no more room, the place goes with the least left of its
visits.
"""

from __future__ import annotations

from math import exp, floor, log
from typing import Any, Final

import numpy as np

from alerts.engine.compiled import inner
from alerts.engine.geometry import length_m
from alerts.engine.hours import DAY_MS
from alerts.engine.journal import keep_places_words
from alerts.engine.layout import NONE, Journal, State
from alerts.engine.words import WORD
from devices.batch import Records

PLACES_KEPT: Final = 8
RADIUS_M: Final = 75.0
"""Of a place. Assumption, ADR-35: a shop with its forecourt, a clinic, the scatter of a receiver at their doors."""
VISIT_MS: Final = 600_000
KNOWN_FROM: Final = 1.5
"""So much must be left of the visits for a place to be known: two of them, of the last weeks."""
FADING: Final = log(2.0) / 30.0
"""A day. Assumption, ADR-35: half of a visit is left after 30 days."""
LAPS_KEPT: Final = 3
LAPS_M: Final = 100.0
"""Whoever goes round and round no further from where they did so before does it there again. Assumption, ADR-49."""
LAPS_FROM: Final = 2.4
"""So much must be left of the days on which they did: three of them, of the last weeks."""
REACH_M: Final = 32_000.0
"""No place is known further from home: 16 bits hold no more metres."""

PLACES: Final[np.dtype[Any]] = np.dtype(
    [
        ("visits", "f8", (PLACES_KEPT,)),  # fading; 0: there is no such place
        ("day", "i4", (PLACES_KEPT,)),  # of the newest visit, in days since 1970
        ("hours", "i4", (PLACES_KEPT,)),  # bits of the local hours at which they came or were there
        ("east", "i2", (PLACES_KEPT,)),  # metres from home
        ("north", "i2", (PLACES_KEPT,)),
        ("laps", "f4", (LAPS_KEPT,)),  # days on which they walked in laps, fading; 0: there is no such place
        ("laps_day", "i4", (LAPS_KEPT,)),  # the newest of them, in days since 1970
        ("laps_east", "i2", (LAPS_KEPT,)),  # metres from home
        ("laps_north", "i2", (LAPS_KEPT,)),
        ("_spare", "i1", (4,)),
    ],
    align=True,
)
"""200 bytes."""


_WORDS: Final = PLACES.itemsize // WORD


@inner
def keep_places(state: State, journal: Journal, row: int) -> None:
    """Keep the places of somebody whose ways have been kept."""
    keep_places_words(state, journal, row * _WORDS, _WORDS)


def blank_places(count: int) -> Records:
    """Residents who are known to visit no place."""
    return np.zeros(count, PLACES)


@inner
def begin_places(places: Any) -> None:
    """Let no place be known."""
    for i in range(PLACES_KEPT):
        places["visits"][i] = 0.0
        places["day"][i] = 0
        places["hours"][i] = 0
        places["east"][i] = 0
        places["north"][i] = 0
    for i in range(LAPS_KEPT):
        places["laps"][i] = 0.0
        places["laps_day"][i] = 0
        places["laps_east"][i] = 0
        places["laps_north"][i] = 0
    for i in range(4):
        places["_spare"][i] = 0


@inner
def left_of(places: Any, i: int, t: int) -> float:
    """What is left of the visits to a place by now."""
    return float(places["visits"][i] * exp(-FADING * max(0, t // DAY_MS - places["day"][i])))


@inner
def place_at(places: Any, x: float, y: float) -> int:
    """The place in whose circle somebody is (metres from home), the nearest; NONE: in none, known or not."""
    found = NONE
    nearest = RADIUS_M
    for i in range(PLACES_KEPT):
        if places["visits"][i] > 0.0:
            away = length_m(x - places["east"][i], y - places["north"][i])
            if away <= nearest:
                found, nearest = i, away
    return found


@inner
def is_known_place(places: Any, x: float, y: float, t: int) -> bool:
    """Whether somebody is at a place that they are used to visit."""
    i = place_at(places, x, y)
    return i != NONE and left_of(places, i, t) >= KNOWN_FROM


@inner
def visit(places: Any, x: float, y: float, t: int, hour: float) -> None:
    """Let somebody have visited a place; ``hour``: the local hour, NaN unknown."""
    if max(abs(x), abs(y)) >= REACH_M:
        return
    i = place_at(places, x, y)
    if i == NONE:
        i = 0
        for other in range(1, PLACES_KEPT):
            if left_of(places, other, t) < left_of(places, i, t):
                i = other
        places["visits"][i] = 0.0
        places["hours"][i] = 0
        places["east"][i] = floor(x + 0.5)
        places["north"][i] = floor(y + 0.5)
    else:
        weight = 1.0 / min(8.0, places["visits"][i] + 1.0)
        places["east"][i] = floor(places["east"][i] + (x - places["east"][i]) * weight + 0.5)
        places["north"][i] = floor(places["north"][i] + (y - places["north"][i]) * weight + 0.5)
    places["visits"][i] = left_of(places, i, t) + 1.0
    places["day"][i] = t // DAY_MS
    if hour >= 0.0:
        places["hours"][i] |= 1 << floor(hour)


@inner
def left_of_laps(places: Any, i: int, t: int) -> float:
    """What is left by now of the days on which they walked in laps at a place."""
    days = max(0, t // DAY_MS - places["laps_day"][i])
    return float(np.float64(places["laps"][i]) * exp(-FADING * days))


@inner
def laps_at(places: Any, x: float, y: float) -> int:
    """Where they walked in laps about a place (metres from home); NONE: nowhere near."""
    for i in range(LAPS_KEPT):
        near = length_m(x - places["laps_east"][i], y - places["laps_north"][i]) <= LAPS_M
        if places["laps"][i] > 0.0 and near:
            return i
    return NONE


@inner
def is_habit_of_laps(places: Any, x: float, y: float, t: int) -> bool:
    """Whether they are used to walk in laps about a place."""
    i = laps_at(places, x, y)
    return i != NONE and left_of_laps(places, i, t) >= LAPS_FROM


@inner
def has_laps_of_today(places: Any, x: float, y: float, t: int) -> bool:
    """Whether the laps of this day are counted."""
    i = laps_at(places, x, y)
    return i != NONE and places["laps_day"][i] == t // DAY_MS


@inner
def walk_in_laps(places: Any, x: float, y: float, t: int) -> None:
    """Let them have walked in laps about a place on this day; the place with the least left of it makes room."""
    if max(abs(x), abs(y)) >= REACH_M:
        return
    i = laps_at(places, x, y)
    if i == NONE:
        i = 0
        for other in range(1, LAPS_KEPT):
            if left_of_laps(places, other, t) < left_of_laps(places, i, t):
                i = other
        places["laps"][i] = 0.0
        places["laps_east"][i] = floor(x + 0.5)
        places["laps_north"][i] = floor(y + 0.5)
    places["laps"][i] = left_of_laps(places, i, t) + 1.0
    places["laps_day"][i] = t // DAY_MS
