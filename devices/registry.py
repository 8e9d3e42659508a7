"""The people and things that are looked after, as the gateway and the engine need to know them.

Every record has a stable public id (text) and, where readings refer to it, a ``slot``: a small integer
that the store hands out once and that indexes the engine's arrays.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

ResidentStatus = Literal["active", "away", "hospital", "paused", "moved", "deceased"]
Entity = Literal[
    "site", "resident", "device", "assignment", "fence", "contact", "household", "parameter", "check_window", "sighting"
]
KeptBy = Literal["button", "sign", "call"]
Scope = Literal["everyone", "site", "resident"]


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A community service centre."""

    id: str
    name: str
    timezone: str = "Asia/Shanghai"
    demo: bool = False


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is looked after. ``home_lat``/``home_lon`` in WGS-84 degrees, None when not known.

    ``accompanied_until``: until then (ms) somebody is with them wherever they walk; None when nobody said so.
    """

    id: str
    slot: int
    site: str
    name: str
    timezone: str = "Asia/Shanghai"
    home_lat: float | None = None
    home_lon: float | None = None
    status: ResidentStatus = "active"
    household: str | None = None
    language: str = "zh"
    accompanied_until: int | None = None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A wristband or machine. ``registered`` is False for one that nobody entered but that cried for help.

    ``test_from_ms``, ``test_until_ms``: while staff try it out (ms, ``[from, until)``), None otherwise.
    """

    id: str
    slot: int
    site: str
    type: str = "band"
    registered: bool = True
    revoked: bool = False
    test_from_ms: int | None = None
    test_until_ms: int | None = None

    def is_tried_out(self, t: int, received: int) -> bool:
        """Whether what happened at ``t`` (ms) and arrived at ``received`` (ms) belongs to a drill.

        Both times must lie in it: a press stored before the drill began, or delivered after it, is a real one.
        """
        if self.test_from_ms is None or self.test_until_ms is None:
            return False
        return self.test_from_ms <= t and received < self.test_until_ms


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Who wears a device, from a time to a time (ms, ``[from_ms, to_ms)``); by slots."""

    id: str
    device_slot: int
    resident_slot: int | None = None
    household: str | None = None
    from_ms: int
    to_ms: int | None = None


class ZoneHours(msgspec.Struct, frozen=True, kw_only=True, rename={"opens": "from", "closes": "to"}):
    """When a zone counts, by the clock of where the resident lives: on these weekdays (0 is Monday), HH:MM to HH:MM.

    A ``to`` at or before ``from`` is on the day after; ``days`` are those on which it begins to count.
    """

    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    opens: str = "00:00"
    closes: str = "24:00"


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """A zone in which a resident may walk alone: a circle, or a polygon of (lat, lon) in degrees.

    ``active``: when it counts; None for always.
    """

    id: str
    resident_slot: int
    name: str
    circle_lat: float | None = None
    circle_lon: float | None = None
    radius_m: float | None = None
    polygon: tuple[tuple[float, float], ...] | None = None
    active: ZoneHours | None = None


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's parameter that somebody set: for everyone, for a site, or for one resident.

    ``id`` is ``{scope}/{key}/{name}``; ``key`` the site's or resident's id, "" for everyone, and
    ``resident_slot`` the slot of that resident. ``value`` in the unit that ends ``name``; switches are 0 or 1.
    """

    id: str
    scope: Scope
    key: str = ""
    resident_slot: int | None = None
    name: str
    value: float


class CheckWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A promised check: some time in ``[opens_ms, closes_ms)`` (ms) a resident lets others know that they are well.

    ``by``: what keeps it: ``button`` a check-in, ``sign`` any sign of life, ``call`` only a person who vouches for
    them. A check-in and a sighting keep every kind. ``grace_ms``: how long after its end it may still be kept, None for
    the rule's parameter. The windows of one resident never overlap.
    """

    id: str
    resident_slot: int
    opens_ms: int
    closes_ms: int
    grace_ms: int | None = None
    by: KeptBy = "button"


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """When (ms) somebody last saw or spoke to a resident and vouches for them; ``id`` is the resident's."""

    id: str
    resident_slot: int
    at_ms: int


Record = Site | Resident | Device | Assignment | Fence | Parameter | CheckWindow | Sighting


class RegistryChange(msgspec.Struct, frozen=True, kw_only=True):
    """One committed change: the record as it is from ``version`` on, or None when it was removed."""

    version: int
    entity: Entity
    key: str
    record: Record | None


RECORD_TYPES: Final[dict[Entity, type[Record]]] = {
    "site": Site,
    "resident": Resident,
    "device": Device,
    "assignment": Assignment,
    "fence": Fence,
    "parameter": Parameter,
    "check_window": CheckWindow,
    "sighting": Sighting,
}
"""The entities of which gateway and engine need to know."""
