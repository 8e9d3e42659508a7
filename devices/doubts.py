"""What a zone is asked about before it is kept: it could be meant, but hardly is (ADR 34)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from devices.polygons import distance_m
from devices.refusals import Refusal

LEAST_RADIUS_M: Final = 30.0
"""What a position near a building is off by; a smaller circle raises alarms for people who sit at home.
Source: assumption, twice the 15 m by which most receivers are right under open sky."""
FAR_KM: Final = 50.0
"""Further from home than anybody walks in a day. Source: assumption."""

Place = tuple[float, float]
"""Latitude and longitude, WGS-84 degrees."""


def doubt_of(
    home: Place | None, middle: Place | None, radius_m: float | None, corners: Sequence[Place] | None
) -> Refusal | None:
    """What is odd about a zone of somebody who lives at ``home``; None for nothing.

    Args:
        home: None where nobody knows it; then no zone is far.
        middle: Of a round zone.
        radius_m: Of a round zone, m.
        corners: Of another one.
    """
    if radius_m is not None and radius_m < LEAST_RADIUS_M:
        return Refusal(
            "fence.tiny",
            "a radius of {radius_m} m is within what a position is off by, {least_m} m",
            field="circle.radius_m",
            radius_m=f"{radius_m:g}",
            least_m=f"{LEAST_RADIUS_M:g}",
        )
    if home is None:
        return None
    if corners and _is_among(home, corners):
        return None
    away_m = min((distance_m(home, each) for each in ([middle] if middle else corners or ())), default=0.0)
    if away_m - (radius_m or 0.0) <= FAR_KM * 1000:
        return None
    return Refusal(
        "fence.far",
        "all of the zone is at least {away_km} km from home",
        field="circle.lat" if middle else None,
        away_km=int((away_m - (radius_m or 0.0)) / 1000),
    )


def _is_among(home: Place, corners: Sequence[Place]) -> bool:
    """Whether a place lies in the rectangle about the corners."""
    return all(min(each) <= at <= max(each) for at, each in zip(home, zip(*corners, strict=True), strict=True))
