"""What the maps of records are drawn from: home and zones."""

from __future__ import annotations

from typing import Any

from gateway.store.queries import Card
from gateway.store.registry_records import Fence


def scene_of_person(card: Card, *, without: str | None = None) -> dict[str, Any]:
    """A resident's home and zones; ``without``: the zone that is being changed, drawn by its form."""
    home = card.resident.home
    return {
        "home": {"lat": home.lat, "lon": home.lon} if home else None,
        "fix": None,
        "zones": [zone_of(fence) for fence in card.fences if fence.id != without],
        "track": [],
    }


def zone_of(fence: Fence) -> dict[str, Any]:
    """A zone as the map's script reads it."""
    circle = fence.circle
    return {
        "name": fence.name,
        "circle": {"lat": circle.lat, "lon": circle.lon, "radius_m": circle.radius_m} if circle else None,
        "polygon": fence.polygon,
    }
