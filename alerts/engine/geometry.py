"""Distances on the earth, for compiled detectors: metres from radians, on a sphere.

The sphere's radius is the mean radius of WGS-84 (Source: Moritz, Geodetic Reference System 1980,
Journal of Geodesy 74, 2000, doi:10.1007/s001900050278, R1 = 6 371 008.8 m); against the ellipsoid a
distance is off by at most 0.6 %, 3 m on a zone of 500 m, less than a fix's own accuracy.
"""

from __future__ import annotations

from math import asin, atan2, cos, hypot, inf, pi, sin, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import entry, inner

EARTH_RADIUS_M: Final = 6_371_008.8
_NEAR: Final = 0.01
"""Of an arc's sine, 64 km: what its series leaves out is less than a ``float64`` holds."""


@inner
def length_m(x: float, y: float) -> float:
    """How long a step is. Without ``hypot``'s care for numbers beyond 1e150, which costs more than all the rest."""
    return sqrt(x * x + y * y)


@entry
def distance_m(lat1: float, lon1: float, cos1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance of two points in radians; ``cos1`` is the cosine of ``lat1``.

    Valid everywhere, over the poles and the antimeridian. Source: haversine formula,
    Sinnott, Virtues of the Haversine, Sky and Telescope 68 (1984) 159.
    """
    half_lat = sin((lat2 - lat1) * 0.5)
    half_lon = sin((lon2 - lon1) * 0.5)
    h = half_lat * half_lat + cos1 * cos(lat2) * half_lon * half_lon
    return 2.0 * EARTH_RADIUS_M * asin(min(1.0, sqrt(h)))


@entry
def plane_m(lon0: float, sin0: float, cos0: float, lat: float, lon: float) -> tuple[float, float]:
    """Metres east and north of an origin, in the azimuthal equidistant projection about it; radians in.

    Distances from the origin are exact; others are too long by at most c²/6 at c = distance / radius,
    0.001 % at 50 km. Source: Snyder, Map Projections: A Working Manual, USGS PP 1395 (1987), 25.
    """
    turn = lon - lon0
    cos_lat = cos(lat)
    sin_lat = sin(lat)
    east = cos_lat * sin(turn)
    north = cos0 * sin_lat - sin0 * cos_lat * cos(turn)
    up = sin0 * sin_lat + cos0 * cos_lat * cos(turn)
    across = sqrt(east * east + north * north)
    if across < _NEAR and up > 0.0:
        q = across * across
        near = EARTH_RADIUS_M * (1.0 + q * (1.0 / 6.0 + q * (3.0 / 40.0 + q * (15.0 / 336.0))))
        return near * east, near * north
    if across < 1e-12:
        return EARTH_RADIUS_M * pi, 0.0
    scale = EARTH_RADIUS_M * atan2(across, up) / across
    return scale * east, scale * north


def place_of(lat0: float, lon0: float, east_m: float, north_m: float) -> tuple[float, float]:
    """The place (lat, lon) so many metres from an origin, the inverse of ``plane_m``; radians. Source: Snyder, 25."""
    across = hypot(east_m, north_m) / EARTH_RADIUS_M
    if across < 1e-12:
        return lat0, lon0
    east, north = east_m / hypot(east_m, north_m), north_m / hypot(east_m, north_m)
    lat = asin(cos(across) * sin(lat0) + north * sin(across) * cos(lat0))
    turn = atan2(east * sin(across), cos(lat0) * cos(across) - north * sin(lat0) * sin(across))
    return lat, lon0 + turn


@entry
def polygon_m(x: float, y: float, vertex: npt.NDArray[np.float64], first: int, count: int) -> float:
    """Signed distance of a point to a polygon in a plane, metres: negative inside (even-odd rule).

    Of each side its first corner is measured, and the foot on it where that lies between its corners. A division takes
    as long as all the rest of a side, so that there is one only where something nearer was found.

    Args:
        x: metres east.
        y: metres north.
        vertex: shape (n, 2), metres east and north.
        first: row of the polygon's first vertex.
        count: how many vertices it has; the last is joined to the first.
    """
    nearest = inf
    inside = False
    ax = vertex[first + count - 1, 0]
    ay = vertex[first + count - 1, 1]
    for row in range(first, first + count):
        bx = vertex[row, 0]
        by = vertex[row, 1]
        dx = bx - ax
        dy = by - ay
        ox = x - ax
        oy = y - ay
        nearest = min(nearest, ox * ox + oy * oy)
        length = dx * dx + dy * dy
        along = ox * dx + oy * dy
        beside = ox * dy - oy * dx
        if (along > 0.0) & (along < length) & (beside * beside < nearest * length):
            nearest = beside * beside / length
        if (ay > y) != (by > y) and x < ax + oy / dy * dx:
            inside = not inside
        ax = bx
        ay = by
    edge = sqrt(nearest)
    return -edge if inside else edge
