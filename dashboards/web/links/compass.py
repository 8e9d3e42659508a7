"""A place told from home: how far and in which direction, drawn without a map and without asking anybody."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from alerts.search import offset_m
from gateway.store.disclosure import Whereabouts

DIRECTIONS: Final = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
_SCALES_M: Final = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_AT_HOME_M: Final = 30.0
"""Nearer than this, or than the fix is accurate, is at home. Assumption."""

RADIUS: Final = 100.0
"""Of the outer ring in the drawing's own units."""


class Compass(msgspec.Struct, frozen=True, kw_only=True):
    """``distance_m`` from home; ``direction`` one of ``DIRECTIONS``, None at home.

    The drawing: home at (0, 0), east to the right, the outer ring at ``RADIUS`` for ``scale_m``.
    """

    distance_m: float
    direction: str | None
    scale_m: int
    x: float
    y: float
    blur: float


def compass(place: Whereabouts) -> Compass | None:
    """Where a place lies from home; None when nobody entered the home."""
    if place.home_lat is None or place.home_lon is None:
        return None
    north, east = offset_m(place.home_lat, place.home_lon, place.lat, place.lon)
    distance_m = math.hypot(north, east)
    at_home = distance_m <= max(_AT_HOME_M, place.accuracy_m or 0.0)
    direction = None if at_home else DIRECTIONS[round(math.degrees(math.atan2(east, north)) / 45) % 8]
    scale_m = next((scale for scale in _SCALES_M if scale >= distance_m), _SCALES_M[-1])
    unit = RADIUS / max(scale_m, distance_m)
    return Compass(
        distance_m=distance_m,
        direction=direction,
        scale_m=scale_m,
        x=round(east * unit, 1),
        y=round(-north * unit, 1),
        blur=round(min(max((place.accuracy_m or 0.0) * unit, 9.0), RADIUS), 1),
    )
