"""What is known of somebody's places and ways, for people to look at."""

from __future__ import annotations

from math import degrees
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from alerts.engine.geometry import EARTH_RADIUS_M
from alerts.engine.layout import NONE, State
from alerts.engine.places import FADING, KNOWN_FROM, PLACES_KEPT, RADIUS_M
from alerts.engine.ways import ASTRAY, CELL_M, PARTS
from devices.batch import Records

_HOURS: Final = 24


class LearnedPlace(NamedTuple):
    """A place that somebody is used to visit; degrees.

    Attributes:
        lat: of its middle.
        lon: of its middle.
        radius_m: who is so near is there.
        weight: visits, of which half is forgotten in 30 days; as of the newest visit to any place.
        hours: local hours of the day at which they were seen there, rising; none where the time zone is unknown.
    """

    lat: float
    lon: float
    radius_m: float
    weight: float
    hours: tuple[int, ...]


def row_of(state: State, slot: int) -> int:
    """Of what is known of a resident, NONE: nothing is."""
    return int(state.ways_row[slot]) if 0 <= slot < len(state.ways_row) else NONE


def places_of(state: State, slot: int) -> list[LearnedPlace]:
    """The known places of a resident, the most visited first."""
    row = row_of(state, slot)
    if row == NONE:
        return []
    places, ways = state.places[row], state.ways[row]
    newest = int(places["day"].max())
    found = []
    for i in range(PLACES_KEPT):
        weight = float(places["visits"][i] * np.exp(-FADING * (newest - places["day"][i])))
        if weight >= KNOWN_FROM:
            lat, lon = _degrees(ways, np.array([places["east"][i]], float), np.array([places["north"][i]], float))
            hours = tuple(hour for hour in range(_HOURS) if places["hours"][i] >> hour & 1)
            found.append(LearnedPlace(float(lat[0]), float(lon[0]), RADIUS_M, weight, hours))
    return sorted(found, key=lambda place: -place.weight)


def ways_of(state: State, slot: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The ground that a resident is known to walk on, by cell: latitudes, longitudes (degrees), on how many walks."""
    row = row_of(state, slot)
    if row == NONE:
        return np.empty(0), np.empty(0), np.empty(0, np.int64)
    ways = state.ways[row]
    used = slice(int(ways["used"]))
    within = ways["within"][used].astype(np.int64)
    place = within % ASTRAY
    east = (ways["east"][used] + (place % PARTS + 0.5) / PARTS) * CELL_M
    north = (ways["north"][used] + (place // PARTS + 0.5) / PARTS) * CELL_M
    walked = ways["walked"][used].astype(np.int64)
    walks = sum((walked >> shift & 15 for shift in (0, 4, 8, 12)), np.zeros(len(walked), np.int64)) - within // ASTRAY
    lat, lon = _degrees(ways, east, north)
    return lat[walks > 0], lon[walks > 0], walks[walks > 0]


def known_enough(state: State, slot: int) -> bool:
    """Whether enough is known of a resident's ways to miss them there."""
    row = row_of(state, slot)
    if row == NONE:
        return False
    p, ways = state.rules[state.resident["rules"][slot]], state.ways[row]
    return bool(ways["walks"] >= p["lost_known_walks"] and ways["regular"] >= p["lost_regular_from"])


def _degrees(
    ways: Records, east: npt.NDArray[np.float64], north: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Places in metres east and north of home as latitudes and longitudes."""
    lat = degrees(ways["home_lat"]) + np.degrees(north / EARTH_RADIUS_M)
    lon = degrees(ways["home_lon"]) + np.degrees(east / (EARTH_RADIUS_M * ways["home_cos"]))
    return lat, (lon + 180.0) % 360.0 - 180.0
