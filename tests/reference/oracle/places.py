"""Distances on the sphere, taken between unit vectors; polygons as many points."""

from __future__ import annotations

from math import atan2, cos, degrees, radians, sin, sqrt

EARTH_M = 6_371_008.8

Place = tuple[float, float]
"""Latitude and longitude, degrees."""


def _unit(lat: float, lon: float) -> tuple[float, float, float]:
    return (cos(radians(lat)) * cos(radians(lon)), cos(radians(lat)) * sin(radians(lon)), sin(radians(lat)))


def between_m(a: Place, b: Place) -> float:
    """Great-circle distance from the angle between unit vectors."""
    u, v = _unit(*a), _unit(*b)
    cross = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
    dot = sum(x * y for x, y in zip(u, v, strict=True))
    return EARTH_M * atan2(sqrt(sum(x * x for x in cross)), dot)


def polygon_outside_m(place: Place, corners: list[Place], steps: int = 400) -> float:
    """Signed distance to a small polygon: its edges as many points, the sign by the winding angle."""
    nearest = float("inf")
    turned = 0.0
    lat, lon = place
    for (lat1, lon1), (lat2, lon2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        span = (lon2 - lon1 + 180) % 360 - 180
        for i in range(steps):
            point = (lat1 + (lat2 - lat1) * i / steps, lon1 + span * i / steps)
            nearest = min(nearest, between_m(place, point))
        bearing1 = _bearing(lat, lon, lat1, lon1)
        bearing2 = _bearing(lat, lon, lat2, lon2)
        turned += (bearing2 - bearing1 + 180) % 360 - 180
    return -nearest if abs(turned) > 180 else nearest


def _bearing(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    turn = radians(lon2 - lon1)
    east = sin(turn) * cos(radians(lat2))
    north = cos(radians(lat1)) * sin(radians(lat2)) - sin(radians(lat1)) * cos(radians(lat2)) * cos(turn)
    return degrees(atan2(east, north))
