"""Small distances on the ground; good to a per mille within a few kilometres, which is all that walks need."""

from __future__ import annotations

import math

METRES_PER_DEGREE = 111_320.0
"""Length of one degree of latitude in m. Source: WGS-84 mean meridian, rounded."""


def moved(lat: float, lon: float, north_m: float, east_m: float) -> tuple[float, float]:
    """The point ``north_m`` and ``east_m`` metres away, in WGS-84 degrees, rounded to about a centimetre."""
    metres_per_lon = METRES_PER_DEGREE * math.cos(math.radians(lat))
    return round(lat + north_m / METRES_PER_DEGREE, 7), round(lon + east_m / metres_per_lon, 7)


def polar(lat: float, lon: float, distance_m: float, bearing_rad: float) -> tuple[float, float]:
    """The point ``distance_m`` metres away in direction ``bearing_rad`` (0 = north, clockwise)."""
    return moved(lat, lon, distance_m * math.cos(bearing_rad), distance_m * math.sin(bearing_rad))


def distance_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between two near points."""
    north = (other_lat - lat) * METRES_PER_DEGREE
    east = (other_lon - lon) * METRES_PER_DEGREE * math.cos(math.radians(lat))
    return math.hypot(north, east)
