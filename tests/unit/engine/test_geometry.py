"""Distances against exact ones: at the equator, near the poles, across the antimeridian."""

from __future__ import annotations

from math import cos, pi, radians, sin

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings

from alerts.engine import Engine
from alerts.engine.bounds import Whereabouts, whereabouts
from alerts.engine.depth import deepest
from alerts.engine.geometry import distance_m, polygon_m
from alerts.engine.layout import NEVER
from alerts.engine.zones import Polygon, disc_of, drawn
from devices.registry import Fence
from tests.reference.oracle import between_m, polygon_outside_m
from tests.reference.streams import change, circle, north_of, resident

latitudes = st.floats(-89.99, 89.99)
longitudes = st.floats(-180, 180)
offsets = st.floats(-0.01, 0.01)
PLACES = [(0.0, 0.0), (31.2, 121.4), (69.6, 18.9), (-54.8, -68.3), (0.1, 179.9999), (64.7, -179.9995), (85.0, 10.0)]


def among_zones(engine: Engine, spot: tuple[float, float]) -> Whereabouts:
    """Where a place lies among all zones of the first resident."""
    state = engine._state
    return whereabouts(state, state.resident[0], *spot, NEVER, state.rules[0])


def engine_distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    lat1, lon1, lat2, lon2 = (radians(value) for value in (*a, *b))
    return float(distance_m(lat1, lon1, cos(lat1), lat2, lon2))


@settings(deadline=None)
@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_the_great_circle_everywhere(lat1: float, lon1: float, lat2: float, lon2: float) -> None:
    expected = between_m((lat1, lon1), (lat2, lon2))
    assume(expected < 19_000_000)
    assert engine_distance_m((lat1, lon1), (lat2, lon2)) == pytest.approx(expected, rel=1e-6, abs=1e-3)


@settings(deadline=None)
@given(latitudes, longitudes, offsets, offsets)
def test_short_distances_are_right_to_the_millimetre(lat: float, lon: float, north: float, east: float) -> None:
    other = (max(-90.0, min(90.0, lat + north)), (lon + east + 180) % 360 - 180)
    assert engine_distance_m((lat, lon), other) == pytest.approx(between_m((lat, lon), other), abs=1e-3)


@pytest.mark.parametrize("place", PLACES)
@settings(deadline=None, max_examples=30)
@given(east=st.floats(-1500, 1500), north=st.floats(-1500, 1500))
def test_a_polygon_has_the_same_edge_as_its_drawing(place: tuple[float, float], east: float, north: float) -> None:
    def at(x: float, y: float) -> tuple[float, float]:
        lat = place[0] + y / 111_195.08
        return lat, (place[1] + x / (111_195.08 * cos(radians(place[0]))) + 180) % 360 - 180

    corners = (at(-400, -300), at(500, -300), at(500, 400), at(0, 50), at(-400, 400))
    engine = Engine()
    engine.apply([change(resident()), change(Fence(id="f", resident_slot=0, name="", polygon=corners))])
    spot = at(east, north)
    away = among_zones(engine, spot).away_m
    expected = polygon_outside_m(spot, list(corners))
    assert away == pytest.approx(expected, abs=2.0 + abs(expected) * 0.001)


def test_far_away_is_far_from_a_polygon_too() -> None:
    corners = ((31.0, 121.0), (31.0, 121.01), (31.01, 121.01), (31.01, 121.0))
    engine = Engine()
    engine.apply([change(resident()), change(Fence(id="f", resident_slot=0, name="", polygon=corners))])
    for spot in ((-31.0, -59.0), (31.0, -121.0), (90.0, 0.0), (-90.0, 0.0)):
        away, _, well_inside, _ = among_zones(engine, spot)
        assert away == pytest.approx(between_m(spot, corners[0]), rel=0.01)
        assert not well_inside


def test_inside_a_concave_polygon_is_even_odd() -> None:
    vertex = np.array([(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (5.0, 2.0), (0.0, 10.0)])
    assert polygon_m(5.0, 1.0, vertex, 0, 5) == pytest.approx(-1.0, abs=0.2)
    assert polygon_m(5.0, 8.0, vertex, 0, 5) > 0
    assert polygon_m(-3.0, 4.0, vertex, 0, 5) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("radius_m", "metres", "deep"), [(400, 375, True), (400, 385, False), (10, 4, True), (10, 6, False)]
)
def test_in_a_zone_that_is_not_twice_as_deep_half_its_depth_is_well_inside(
    radius_m: float, metres: float, deep: bool
) -> None:
    engine = Engine()
    engine.apply([change(resident()), change(circle(0, radius_m))])
    spot = north_of(metres)
    assert bool(among_zones(engine, spot).well_inside) is deep


def turned(shape: list[tuple[float, float]], angle: float, east: float) -> npt.NDArray[np.float64]:
    along, across = np.array([cos(angle), sin(angle)]), np.array([-sin(angle), cos(angle)])
    return np.array([x * along + y * across + (east, -east) for x, y in shape])


angles = st.floats(0, 2 * pi)
lengths = st.floats(1, 5000)


@settings(deadline=None)
@given(lengths, st.floats(0.002, 1), angles, st.floats(-1e4, 1e4))
def test_a_strip_is_half_as_deep_as_wide_however_thin_and_slanting(
    length: float, part: float, angle: float, east: float
) -> None:
    width = max(0.05, length * part)
    strip = turned([(0, 0), (length, 0), (length, width), (0, width)], angle, east)
    depth = min(width, length) / 2
    found, x, y = deepest(strip)
    assert 0.95 * depth <= found <= depth * 1.001
    assert polygon_m(x, y, strip, 0, 4) == pytest.approx(-found)


@settings(deadline=None)
@given(lengths, st.floats(0, 1), st.floats(0.01, 1), angles, st.floats(-1e4, 1e4))
def test_a_triangle_is_as_deep_as_its_incircle(
    length: float, foot: float, part: float, angle: float, east: float
) -> None:
    height = max(0.05, length * part)
    triangle = turned([(0, 0), (length, 0), (foot * length, height)], angle, east)
    sides = np.hypot(*(triangle - np.roll(triangle, 1, axis=0)).T)
    incircle = length * height / float(sides.sum())
    assert 0.95 * incircle <= deepest(triangle)[0] <= incircle * 1.001


def test_a_bent_strip_is_as_deep_as_its_widest_place() -> None:
    """A staircase of slanting steps, 2 m wide, with one landing of 6 m."""
    steps = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (206.0, 100.0), (206.0, 106.0), (200.0, 106.0), (200.0, 102.0)]
    steps += [(98.0, 102.0), (98.0, 2.0), (0.0, 2.0)]
    for angle in (0.0, 0.1, 0.7, 2.0):
        assert 2.8 <= deepest(turned(steps, angle, 0.0))[0] <= 3.0


def test_a_zone_without_an_inside_has_no_depth() -> None:
    line = np.array([(0.0, 0.0), (100.0, 33.0), (200.0, 66.0)])
    assert deepest(line)[0] == pytest.approx(0.0, abs=1e-9)
    assert disc_of([drawn(Polygon(((31.0, 121.0), (31.0, 121.0), (31.0, 121.0))))])[3] == -1.0


def test_two_corners_are_no_zone() -> None:
    engine = Engine()
    engine.apply([change(resident()), change(Fence(id="f", resident_slot=0, name="", polygon=((31, 121), (32, 121))))])
    assert among_zones(engine, (0.0, 0.0)) == (np.inf, np.inf, False, 0)
