"""Fences as the engine keeps them: circles and polygons with an origin and a depth."""

from __future__ import annotations

from collections.abc import Iterable
from math import atan2, cos, hypot, radians, sin
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import entry
from alerts.engine.geometry import place_of, plane_m, polygon_m
from devices.registry import Fence

_GRID: Final = 16
"""A polygon's depth is looked for on a grid of so many steps each way."""
_STRETCH: Final = 1.001
"""Distances in a polygon's plane are off by less, up to ``_FLAT_M`` from its origin."""
_FLAT_M: Final = 200_000.0
_MOST_M: Final = 50_000.0
"""A larger disc is not used: the cheap test for it would not be exact enough."""
_LEAST_M: Final = 0.01


class Circle(msgspec.Struct, frozen=True, tag="c", array_like=True):
    """Centre in WGS-84 degrees, radius in metres."""

    lat: float
    lon: float
    radius_m: float


class Polygon(msgspec.Struct, frozen=True, tag="p", array_like=True):
    """Corners (lat, lon) in WGS-84 degrees; the last is joined to the first."""

    corners: tuple[tuple[float, float], ...]


Zone = Circle | Polygon


def zone_of(fence: Fence) -> Zone | None:
    """The zone that a fence draws; None when it draws none (fewer than three corners)."""
    if fence.circle_lat is not None and fence.circle_lon is not None and fence.radius_m is not None:
        return Circle(float(fence.circle_lat), float(fence.circle_lon), float(fence.radius_m))
    if fence.polygon is None or len(fence.polygon) < 3:
        return None
    return Polygon(tuple((float(lat), float(lon)) for lat, lon in fence.polygon))


def rows_of(zone: Zone, back_m: float) -> tuple[float, float, float, float, npt.NDArray[np.float64]]:
    """Origin (radians), radius, margin (metres) and corners, shape (n, 2), in metres about the origin.

    The radius of a polygon is that of a circle about it. The margin is ``back_m``, or half the zone's depth where
    the zone is not twice as deep.
    """
    if isinstance(zone, Circle):
        return (
            radians(zone.lat), radians(zone.lon), zone.radius_m, min(back_m, zone.radius_m / 2),
            np.empty((0, 2)),
        )  # fmt: skip
    lat0, lon0, vertex = _plane(zone)
    depth_m, _, _ = _deepest(vertex)
    about_m = _reach(vertex) * _STRETCH
    return lat0, lon0, about_m, min(back_m, depth_m / 2), vertex


def disc_of(zones: Iterable[Zone]) -> tuple[float, float, float, float]:
    """The largest disc that lies surely inside one of the zones: centre and its cosine (radians), radius in metres.

    The cosine is rounded up and the radius down, to what a ``float32`` holds; a radius of −1 when there is none.
    """
    best = (0.0, 0.0, -1.0)
    for zone in zones:
        if isinstance(zone, Circle):
            found = (radians(zone.lat), radians(zone.lon), zone.radius_m)
        else:
            lat0, lon0, vertex = _plane(zone)
            if _reach(vertex) > _FLAT_M:
                continue
            depth_m, x, y = _deepest(vertex)
            found = (*place_of(lat0, lon0, x, y), depth_m / _STRETCH)
        if found[2] > best[2] and found[2] < _MOST_M:
            best = found
    lat, lon, radius_m = best
    if radius_m <= _LEAST_M:
        return 0.0, 0.0, 1.0, -1.0
    cosine = np.nextafter(np.float32(cos(lat)), np.float32(2))
    return lat, lon, float(cosine), float(np.nextafter(np.float32(radius_m - _LEAST_M), np.float32(0)))


def _plane(zone: Polygon) -> tuple[float, float, npt.NDArray[np.float64]]:
    """The middle of the corners (radians), and the corners in metres about it."""
    lat0, lon0 = _middle(zone.corners)
    vertex = np.array([plane_m(lon0, sin(lat0), cos(lat0), radians(lat), radians(lon)) for lat, lon in zone.corners])
    return lat0, lon0, vertex


def _reach(vertex: npt.NDArray[np.float64]) -> float:
    """How far the furthest corner is from the origin, metres."""
    return float(np.hypot(vertex[:, 0], vertex[:, 1]).max())


def _middle(corners: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    """The direction of the mean of the corners' unit vectors, radians: right across the antimeridian too."""
    x = y = z = 0.0
    for lat, lon in corners:
        x += cos(radians(lat)) * cos(radians(lon))
        y += cos(radians(lat)) * sin(radians(lon))
        z += sin(radians(lat))
    return atan2(z, hypot(x, y)), atan2(y, x)


@entry
def _deepest(vertex: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """How far from its edge the deepest place of a polygon is, about, and that place; metres."""
    west, east = vertex[:, 0].min(), vertex[:, 0].max()
    south, north = vertex[:, 1].min(), vertex[:, 1].max()
    deepest = (0.0, 0.0, 0.0)
    for i in range(_GRID):
        x = west + (east - west) * i / (_GRID - 1)
        for j in range(_GRID):
            y = south + (north - south) * j / (_GRID - 1)
            depth = -polygon_m(x, y, vertex, 0, len(vertex))
            if depth > deepest[0]:
                deepest = (depth, x, y)
    return deepest
