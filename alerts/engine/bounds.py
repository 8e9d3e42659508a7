"""How far outside the zones that count a place is, for compiled detectors."""

from __future__ import annotations

from math import inf, radians
from typing import Any, Final, NamedTuple

from alerts.engine.compiled import entry, inner
from alerts.engine.geometry import distance_m, plane_m, polygon_m
from alerts.engine.hours import DAY_MS, step_at
from alerts.engine.layout import NEVER, State

_MINUTE_MS: Final = 60_000
_DAY_MIN: Final = 1440
_THURSDAY: Final = 3
"""The first of January 1970, from Monday on."""


class Whereabouts(NamedTuple):
    """Where a place lies."""

    away_m: float
    """How far outside the nearest zone, negative: inside; infinite without zones."""
    beyond_m: float
    """The same of the edges: a zone goes on for a part of its depth, while somebody only passes over its line."""
    well_inside: bool
    zones: int
    """How many counted."""


@entry
def whereabouts(state: State, resident: Any, lat_deg: float, lon_deg: float, t: int, p: Any) -> Whereabouts:
    """Where a place lies among the zones of a resident that count at ``t`` (ms); NEVER: among all of them.

    Well inside is ``zone_exit.back_m`` deep, or half as deep as the zone itself where that is less. A polygon's corners
    are looked at only when nothing was found before, or the circle about it is nearer.
    """
    lat = radians(lat_deg)
    lon = radians(lon_deg)
    nearest, beyond = inf, inf
    well_inside = False
    zones = 0
    for row in range(resident["fence_first"], resident["fence_first"] + resident["fence_count"]):
        fence = state.fence[row]
        if t != NEVER and fence["lasts_min"] > 0 and not counts(state, fence, resident["zone"], t):
            continue
        zones += 1
        edge = min(p["zone_exit_edge_m"], 0.01 * p["zone_exit_edge_pct"] * fence["depth_m"])
        away = nearest
        if fence["vertex_count"] == 0 or nearest < inf:
            away = distance_m(fence["lat"], fence["lon"], fence["cos_lat"], lat, lon) - fence["radius_m"]
        if fence["vertex_count"] > 0:
            if away > max(0.0, nearest) and away - edge > beyond:
                continue
            x, y = plane_m(fence["lon"], fence["sin_lat"], fence["cos_lat"], lat, lon)
            away = polygon_m(x, y, state.vertex, fence["vertex_first"], fence["vertex_count"])
        well_inside = well_inside or away <= -min(p["zone_exit_back_m"], 0.5 * fence["depth_m"])
        nearest = min(nearest, away)
        beyond = min(beyond, away - edge)
    return Whereabouts(nearest, beyond, well_inside, zones)


@inner
def counts(state: State, fence: Any, zone: int, t: int) -> bool:
    """Whether a zone with hours counts at ``t``; where nobody knows the local time, it does."""
    if zone < 0:
        return True
    local = t + state.zone_offset[zone, step_at(state, zone, t)]
    minute = (local % DAY_MS) // _MINUTE_MS
    weekday = (local // DAY_MS + _THURSDAY) % 7
    since = minute - fence["opens_min"]
    if 0 <= since < fence["lasts_min"] and fence["days"] >> weekday & 1:
        return True
    return bool(since + _DAY_MIN < fence["lasts_min"] and fence["days"] >> ((weekday + 6) % 7) & 1)
