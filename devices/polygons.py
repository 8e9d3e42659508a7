"""What is wrong with a polygon that somebody drew as a zone, and at which of its corners.

A side is the straight line between two neighbours; the last corner is joined to the first. Corners count from 1, as
people count them. A corner that is given twice running is one corner, so that a ring may be closed or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import asin, cos, radians, sin
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Corner = tuple[float, float]
"""Latitude and longitude, WGS-84 degrees."""
PolygonCode = Literal["too_few", "too_many", "pole", "too_large", "crossing", "too_small"]

MOST_CORNERS: Final = 1000
LEAST_ACROSS_M: Final = 10.0
"""A narrower zone is within what a fix in the open is off by. Source: assumption, ADR-34."""
MOST_REACH_M: Final = 1_000_000.0
"""How far a corner may be from the middle: the largest radius of a round zone. Source: contract section 4."""
_RADIUS_M: Final = 6_371_008.8
_POLE_DEG: Final = 89.9

POLYGON_WORDS: Final[dict[PolygonCode, str]] = {
    "too_few": "a polygon has at least three different corners",
    "too_many": "a polygon has at most {most} corners, this one has {count}",
    "pole": "the zone lies about a pole of the earth: look at corner {a}",
    "too_large": "corner {a} is more than {most_km} km from the middle of the zone",
    "crossing": "the side from corner {a} to {b} crosses or touches the side from corner {c} to {d}",
    "too_small": "the zone is only {across_m} m across: at least {least_m} m",
}


class PolygonFault(NamedTuple):
    """What is wrong: a code, the corners that show it (from 1), the numbers of its words."""

    code: PolygonCode
    corners: tuple[int, ...]
    params: dict[str, str]

    def __str__(self) -> str:
        return POLYGON_WORDS[self.code].format_map(self.params)


def polygon_fault(corners: Sequence[Corner]) -> PolygonFault | None:
    """The first thing that is wrong with a polygon; None when it can be a zone."""
    if len(corners) > MOST_CORNERS:
        return PolygonFault("too_many", (), {"most": str(MOST_CORNERS), "count": str(len(corners))})
    kept = [i for i in range(len(corners)) if i == 0 or corners[i] != corners[i - 1]]
    while len(kept) > 1 and corners[kept[-1]] == corners[kept[0]]:
        kept.pop()
    if len({corners[i] for i in kept}) < 3:
        return PolygonFault("too_few", (), {})
    points = [corners[i] for i in kept]
    where = _of_the_earth(points)
    if where is not None:
        code, place = where
        most_km = f"{MOST_REACH_M / 1000:,.0f}"
        return PolygonFault(code, (kept[place] + 1,), {"a": str(kept[place] + 1), "most_km": most_km})
    flat = np.array([(_turn(points[0][1], lon), lat) for lat, lon in points])
    sides = _crossing(flat)
    if sides is not None:
        ends = tuple(kept[i % len(kept)] + 1 for side in sides for i in (side, side + 1))
        return PolygonFault("crossing", ends, dict(zip("abcd", map(str, ends), strict=True)))
    across_m = _across_m(flat)
    if across_m < LEAST_ACROSS_M:
        params = {"across_m": f"{across_m:.1f}", "least_m": f"{LEAST_ACROSS_M:.0f}"}
        return PolygonFault("too_small", (), params)
    return None


def _of_the_earth(points: Sequence[Corner]) -> tuple[Literal["pole", "too_large"], int] | None:
    """Whether a polygon is none that a plane can hold, and the place of the corner that shows it."""
    northmost = max(range(len(points)), key=lambda i: abs(points[i][0]))
    if abs(points[northmost][0]) > _POLE_DEG:
        return "pole", northmost
    turns = [_turn(points[i - 1][1], points[i][1]) for i in range(len(points))]
    if abs(sum(turns)) > 180.0:
        return "pole", northmost
    mean = np.mean([_direction(*each) for each in points], axis=0)
    length = float(np.linalg.norm(mean))
    reach = [_reach_m(mean / length, each) if length > 0.1 else np.inf for each in points]
    furthest = int(np.argmax(reach))
    return ("too_large", furthest) if reach[furthest] > MOST_REACH_M else None


def _turn(from_deg: float, to_deg: float) -> float:
    """By how many degrees one goes east from one meridian to another, −180 up to 180."""
    return (to_deg - from_deg + 180.0) % 360.0 - 180.0


def _direction(lat_deg: float, lon_deg: float) -> tuple[float, float, float]:
    lat, lon = radians(lat_deg), radians(lon_deg)
    return cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)


def distance_m(a: Corner, b: Corner) -> float:
    """The way from one place to another over the ground, m."""
    return _reach_m(np.array(_direction(*a)), b)


def _reach_m(middle: npt.NDArray[np.float64], point: Corner) -> float:
    chord = float(np.linalg.norm(middle - np.array(_direction(*point))))
    return 2.0 * _RADIUS_M * asin(min(1.0, chord / 2.0))


def _crossing(flat: npt.NDArray[np.float64]) -> tuple[int, int] | None:
    """Two sides (by their first corner) with a point in common that is not the corner between them; None without.

    Args:
        flat: degrees east and north, shape (n, 2): a scale of its own each way makes no sides cross.
    """
    count = len(flat)
    start, end = flat, np.roll(flat, -1, axis=0)
    for i in range(count - 1):
        others = np.arange(i + 1, count)
        c, d = start[others], end[others]
        touch = _touch(start[i], end[i], c, d)
        touch[0] = _folds_back(start[i], end[i], d[0])
        if i == 0:
            touch[-1] = _folds_back(end[i], start[i], c[-1])
        if touch.any():
            return i, int(others[int(np.argmax(touch))])
    return None


def _touch(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], c: npt.NDArray[np.float64], d: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Whether the segment from ``a`` to ``b`` has a point in common with each of those from ``c`` to ``d``."""
    of_c, of_d = np.sign(_side(a, b, c)), np.sign(_side(a, b, d))
    of_a, of_b = np.sign(_side(c, d, a)), np.sign(_side(c, d, b))
    through = (of_c * of_d < 0) & (of_a * of_b < 0)
    on_it = _is_on(a, b, c, of_c) | _is_on(a, b, d, of_d) | _is_on(c, d, a, of_a) | _is_on(c, d, b, of_b)
    touches: npt.NDArray[np.bool_] = through | on_it
    return touches


def _side(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], p: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """On which side of the line from ``a`` to ``b`` a point lies, by its sign."""
    turned: npt.NDArray[np.float64] = (b - a)[..., 0] * (p - a)[..., 1] - (b - a)[..., 1] * (p - a)[..., 0]
    return turned


def _is_on(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], p: npt.NDArray[np.float64], side: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Whether a point of the line from ``a`` to ``b`` lies between them."""
    between = (np.minimum(a, b) <= p) & (p <= np.maximum(a, b))
    on_it: npt.NDArray[np.bool_] = (side == 0) & between[..., 0] & between[..., 1]
    return on_it


def _folds_back(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], c: npt.NDArray[np.float64]) -> bool:
    """Whether the side from ``b`` to ``c`` lies upon the one from ``a`` to ``b``."""
    return bool(_side(a, b, c) == 0 and float(np.dot(b - a, c - b)) < 0)


def _across_m(flat: npt.NDArray[np.float64]) -> float:
    """Four times the area over the way round: a circle's diameter, a square's side, twice the width of a long strip."""
    middle = radians(float(flat[:, 1].min() + flat[:, 1].max()) / 2)
    plane = (flat - flat[0]) * (_RADIUS_M * radians(1.0)) * np.array([cos(middle), 1.0])
    x, y = plane[:, 0], plane[:, 1]
    area = abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2
    sides = plane - np.roll(plane, -1, axis=0)
    return 4.0 * area / float(np.hypot(sides[:, 0], sides[:, 1]).sum())
