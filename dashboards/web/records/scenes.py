"""What the maps of records are drawn from: home, zones, and the buildings of others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboards.web.wording import Wording
from gateway.store.people import House
from gateway.store.queries import Card
from gateway.store.registry_records import Fence, Point


def scene_of_person(card: Card, *, without: str | None = None) -> dict[str, Any]:
    """A resident's home and zones; ``without``: the zone that is being changed, drawn by its form."""
    return _scene(card.resident.home, zones=[zone_of(fence) for fence in card.fences if fence.id != without])


def scene_of_home(home: Point | None, others: Sequence[House], wording: Wording) -> dict[str, Any]:
    """The map on which a home is chosen: without streets, the buildings that are known say where one is."""
    houses = [{"lat": each.lat, "lon": each.lon, "name": wording.place(each.address)} for each in others]
    return _scene(home) | {"houses": houses}


def _scene(home: Point | None, *, zones: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """A map of a record: nobody is followed on it."""
    return {
        "home": {"lat": home.lat, "lon": home.lon} if home else None,
        "fix": None,
        "zones": list(zones),
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
