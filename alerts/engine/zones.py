"""Fences as the engine keeps them: circles and polygons with an origin and a depth, and when they count."""

from __future__ import annotations

from collections.abc import Iterable
from math import atan2, cos, hypot, radians, sin
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from alerts.engine.depth import deepest
from alerts.engine.geometry import place_of, plane_m
from devices.registry import Fence, ZoneHours

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


class Hours(msgspec.Struct, frozen=True, array_like=True):
    """When a zone counts, by the local clock: for ``lasts_min`` from ``opens_min`` of each of the ``days`` on.

    ``days``: a bit a weekday, 1 for Monday.
    """

    days: int
    opens_min: int
    lasts_min: int


ALWAYS: Final = Hours(127, 0, 0)
_DAY_MIN: Final = 1440
_EVERY_DAY: Final = 127


def hours_of(active: ZoneHours | None) -> Hours | None:
    """When a fence counts; None for always."""
    if active is None:
        return None
    opens_min = _minutes(active.opens) % _DAY_MIN
    lasts_min = (_minutes(active.closes) - opens_min - 1) % _DAY_MIN + 1
    days = sum(1 << day for day in set(active.days))
    return None if (days, lasts_min) == (_EVERY_DAY, _DAY_MIN) else Hours(days, opens_min, lasts_min)


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return 60 * int(hours) + int(minutes)


class Drawn(NamedTuple):
    """A zone as the kernels see it."""

    lat: float
    """Centre of a circle, origin of a polygon's plane; radians."""
    lon: float
    about_m: float
    """The radius of a circle about it."""
    depth_m: float
    """How far from the edge the place is that lies deepest inside, and that place (radians)."""
    deep_lat: float
    deep_lon: float
    vertex: npt.NDArray[np.float64]
    """A polygon's corners, shape (n, 2), metres about the origin; none for a circle."""


def drawn(zone: Zone) -> Drawn:
    """Draw a zone; which place counts as well inside is not a matter of its own, but of who walks there."""
    if isinstance(zone, Circle):
        lat, lon = radians(zone.lat), radians(zone.lon)
        return Drawn(lat, lon, zone.radius_m, zone.radius_m, lat, lon, np.empty((0, 2)))
    lat, lon = _middle(zone.corners)
    vertex = np.array([plane_m(lon, sin(lat), cos(lat), radians(n), radians(e)) for n, e in zone.corners])
    depth_m, x, y = deepest(vertex)
    about_m = float(np.hypot(vertex[:, 0], vertex[:, 1]).max()) * _STRETCH
    return Drawn(lat, lon, about_m, depth_m, *place_of(lat, lon, x, y), vertex)


def disc_of(zones: Iterable[Drawn]) -> tuple[float, float, float, float]:
    """The largest disc that lies surely inside one of the zones: centre and its cosine (radians), radius in metres.

    The cosine is rounded up and the radius down, to what a ``float32`` holds; a radius of −1 when there is none.
    """
    best = (0.0, 0.0, -1.0)
    for zone in zones:
        radius_m = zone.depth_m
        if len(zone.vertex):
            radius_m = -1.0 if zone.about_m > _FLAT_M else zone.depth_m / _STRETCH
        if best[2] < radius_m < _MOST_M:
            best = (zone.deep_lat, zone.deep_lon, radius_m)
    lat, lon, radius_m = best
    if radius_m <= _LEAST_M:
        return 0.0, 0.0, 1.0, -1.0
    cosine = np.nextafter(np.float32(cos(lat)), np.float32(2))
    return lat, lon, float(cosine), float(np.nextafter(np.float32(radius_m - _LEAST_M), np.float32(0)))


def _middle(corners: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    """The direction of the mean of the corners' unit vectors, radians: right across the antimeridian too."""
    x = y = z = 0.0
    for lat, lon in corners:
        x += cos(radians(lat)) * cos(radians(lon))
        y += cos(radians(lat)) * sin(radians(lon))
        z += sin(radians(lat))
    return atan2(z, hypot(x, y)), atan2(y, x)
