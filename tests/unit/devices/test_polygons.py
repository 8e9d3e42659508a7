"""A polygon that cannot be a zone is refused, and the words say at which corner; every other one is taken."""

from __future__ import annotations

from itertools import combinations
from math import cos, pi, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.polygons import MOST_CORNERS, Corner, polygon_fault

SQUARE: list[Corner] = [(31.23, 121.47), (31.23, 121.48), (31.24, 121.48), (31.24, 121.47)]
METRE = 1 / 111_195.0


def _ring(count: int, radius_m: float, lat: float = 0.0, lon: float = 0.0) -> list[Corner]:
    around = [2 * pi * i / count for i in range(count)]
    return [(lat + radius_m * METRE * sin(a), lon + radius_m * METRE * cos(a)) for a in around]


@pytest.mark.parametrize(
    "polygon",
    [
        SQUARE,
        [*SQUARE, SQUARE[0]],
        [SQUARE[0], *SQUARE],
        SQUARE[::-1],
        _ring(50, 400.0),
        _ring(MOST_CORNERS, 400.0),
        _ring(12, 20_000.0, lon=179.95),
        _ring(8, 20_000.0, lat=78.2, lon=15.6),
        [(0.0, 0.0), (0.0, 0.01), (0.0, 0.02), (0.01, 0.02)],
        [(0.0, 0.0), (0.0, 0.03), (0.03, 0.03), (0.03, 0.0), (0.02, 0.0), (0.02, 0.02), (0.01, 0.02), (0.01, 0.0)],
    ],
    ids=["square", "closed", "twice", "other way", "50", "1000", "antimeridian", "north", "straight on", "bay"],
)
def test_what_can_be_walked_in_is_taken(polygon: list[Corner]) -> None:
    assert polygon_fault(polygon) is None


@pytest.mark.parametrize(
    ("polygon", "code", "corners"),
    [
        ([], "too_few", ()),
        ([SQUARE[0], SQUARE[1], SQUARE[0]], "too_few", ()),
        (_ring(MOST_CORNERS + 1, 400.0), "too_many", ()),
        ([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]], "crossing", (1, 2, 3, 4)),
        ([*SQUARE[:2], SQUARE[1], SQUARE[3], SQUARE[2]], "crossing", (2, 4, 5, 1)),
        ([(0.0, 0.0), (0.0, 0.02), (0.0, 0.01), (0.02, 0.01)], "crossing", (1, 2, 2, 3)),
        ([(0.0, 0.0), (0.0, 0.02), (0.02, 0.02), (0.0, 0.01), (0.02, 0.0)], "crossing", (1, 2, 3, 4)),
        ([(0, 0), (0.01, 0.01), (0.01, -0.01), (0, 0), (-0.01, -0.01), (-0.01, 0.01)], "crossing", (1, 2, 3, 4)),
        (_ring(20, 4.0), "too_small", ()),
        ([(0.0, 0.0), (0.0, 0.01), (4 * METRE, 0.01), (4 * METRE, 0.0)], "too_small", ()),
        ([(80.0, 0.0), (80.0, 120.0), (80.0, -120.0)], "pole", (1,)),
        ([(-80.0, 0.0), (-81.0, 90.0), (-80.0, 180.0), (-80.0, -90.0)], "pole", (2,)),
        ([(89.95, 0.0), (89.0, 0.0), (89.0, 1.0)], "pole", (1,)),
        ([(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 30.0)], "too_large", (4,)),
        ([(0.0, 0.0), (0.0, 120.0), (0.1, -120.0)], "pole", (3,)),
        ([(0.0, 0.0), (40.0, 100.0), (0.0, 170.0)], "too_large", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_corners(
    polygon: list[Corner], code: str, corners: tuple[int, ...] | None
) -> None:
    fault = polygon_fault(polygon)
    assert fault is not None
    assert fault.code == code
    assert corners is None or fault.corners == corners
    assert all(str(corner) in str(fault) for corner in fault.corners)


def test_the_words_say_where() -> None:
    fault = polygon_fault([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]])
    assert str(fault) == "the side from corner 1 to 2 crosses or touches the side from corner 3 to 4"
    assert str(polygon_fault(_ring(4, 5.0))) == "the zone is only 7.1 m across: at least 10 m"


_GRID = st.tuples(st.integers(0, 6), st.integers(0, 6))


@given(st.lists(_GRID, min_size=3, max_size=8, unique=True))
def test_it_crosses_itself_exactly_when_two_of_its_sides_meet_elsewhere_than_at_their_corner(
    corners: list[tuple[int, int]],
) -> None:
    fault = polygon_fault([(y * 0.0078125, x * 0.0078125) for x, y in corners])
    meets = _meets(corners)
    assert (fault is not None and fault.code == "crossing") == meets


def _meets(corners: list[tuple[int, int]]) -> bool:
    """By exact arithmetic, a pair of sides at a time."""
    count = len(corners)
    sides = [(corners[i], corners[(i + 1) % count]) for i in range(count)]
    for (i, one), (j, other) in combinations(enumerate(sides), 2):
        shared = {j} if j == i + 1 else {i} if (i, j) == (0, count - 1) else set()
        common = {corners[k] for k in shared}
        ends = [p for p in (*one, *other) if p not in common]
        if any(_lies_on(p, *one) and _lies_on(p, *other) for p in ends):
            return True
        a, b = one
        c, d = other
        if _turns(a, b, c) * _turns(a, b, d) < 0 and _turns(c, d, a) * _turns(c, d, b) < 0:
            return True
    return False


def _turns(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _lies_on(p: tuple[int, int], a: tuple[int, int], b: tuple[int, int]) -> bool:
    if _turns(a, b, p) != 0:
        return False
    return min(a[0], b[0]) <= p[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= p[1] <= max(a[1], b[1])
