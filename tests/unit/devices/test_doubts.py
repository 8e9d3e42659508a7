"""What a zone is asked about: it could be meant, but hardly is."""

from __future__ import annotations

import pytest

from devices.doubts import LEAST_RADIUS_M, doubt_of

HOME = (31.2304, 121.4737)
ABOUT_HOME = [(30.0, 120.0), (30.0, 123.0), (33.0, 123.0), (33.0, 120.0)]


@pytest.mark.parametrize(
    ("middle", "radius_m", "corners", "code"),
    [
        (HOME, LEAST_RADIUS_M, None, None),
        (HOME, 2.0, None, "fence.tiny"),
        ((-31.2304, 121.4737), 300.0, None, "fence.far"),
        ((31.2304, 122.2), 300.0, None, "fence.far"),
        ((31.2304, 122.2), 30_000.0, None, None),
        (None, None, [(-31.0, 121.0), (-31.0, 121.1), (-31.1, 121.0)], "fence.far"),
        (None, None, [(31.23, 121.47), (31.24, 121.47), (31.23, 121.48)], None),
        (None, None, ABOUT_HOME, None),
    ],
)
def test_a_zone_smaller_than_scatter_or_a_day_away_from_home_is_odd(
    middle: tuple[float, float] | None,
    radius_m: float | None,
    corners: list[tuple[float, float]] | None,
    code: str | None,
) -> None:
    odd = doubt_of(HOME, middle, radius_m, corners)
    assert (odd.code if odd else None) == code


def test_where_nobody_knows_the_home_no_zone_is_far() -> None:
    assert doubt_of(None, (-31.0, 121.0), 300.0, None) is None
