"""Who is registered, and whose a device was when: asked anew each time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from devices.registry import (
    Assignment,
    CheckWindow,
    Device,
    Fence,
    Parameter,
    RegistryChange,
    Resident,
    Sighting,
)
from tests.reference.oracle.words import WORN, Wearer


class Records:
    """The registry as it is now, each table by its keys."""

    def __init__(self) -> None:
        self.residents: dict[str, Resident] = {}
        self.devices: dict[str, Device] = {}
        self.assignments: dict[str, Assignment] = {}
        self.fences: dict[str, Fence] = {}
        self.parameters: dict[str, tuple[int, Parameter]] = {}
        """Each with the version since which it is in force."""
        self.windows: dict[str, CheckWindow] = {}
        self.sightings: dict[str, Sighting] = {}
        self.sites: list[str] = []
        """In the order in which they were first heard of."""

    def put(self, change: RegistryChange) -> None:
        tables: dict[str, dict[str, Any]] = {
            "resident": self.residents,
            "device": self.devices,
            "assignment": self.assignments,
            "fence": self.fences,
            "parameter": self.parameters,
            "check_window": self.windows,
            "sighting": self.sightings,
        }
        if isinstance(change.record, Resident | Device) and change.record.site not in self.sites:
            self.sites.append(change.record.site)
        table = tables[change.entity]
        table.pop(change.key, None)
        if isinstance(change.record, Parameter):
            table[change.key] = (change.version, change.record)
        elif change.record is not None:
            table[change.key] = change.record

    def resident(self, slot: int) -> Resident | None:
        return next((one for one in self.residents.values() if one.slot == slot), None)

    def device(self, slot: int) -> Device | None:
        return next((one for one in self.devices.values() if one.slot == slot), None)

    def active(self, resident: int) -> bool:
        known = self.resident(resident)
        return known is not None and known.status == "active"

    def in_service(self, device: int, types: tuple[str, ...]) -> bool:
        known = self.device(device)
        return known is not None and known.type in types and not known.revoked

    def fences_of(self, resident: int) -> dict[str, Fence]:
        return {key: fence for key, fence in self.fences.items() if fence.resident_slot == resident}

    def windows_of(self, resident: int) -> list[CheckWindow]:
        return [one for one in self.windows.values() if one.resident_slot == resident]

    def seen(self, resident: int) -> list[int]:
        """When somebody saw or spoke to them, ms."""
        return [one.at_ms for one in self.sightings.values() if one.resident_slot == resident]

    def worn_by(self, resident: int, now: int) -> list[int]:
        """What a resident wears whose silence would be theirs."""
        worn = (d.slot for d in self.devices.values() if self.in_service(d.slot, WORN))
        return [device for device in worn if self.wearer_at(device, now) == resident]

    def history(self, device: int) -> list[Assignment]:
        """The device's assignments, the one that began last first, of two alike the one entered last."""
        mine = [a for a in reversed(self.assignments.values()) if a.device_slot == device]
        return sorted(mine, key=lambda a: (a.from_ms, a.to_ms if a.to_ms is not None else 1 << 62), reverse=True)

    def wearer_at(self, device: int, t: int) -> Wearer:
        """Whose the device was: of the assignments that had begun, the one that began last decides."""
        for assignment in self.history(device):
            if assignment.from_ms <= t:
                return _wearer(assignment) if assignment.to_ms is None or t < assignment.to_ms else None
        return None

    def worn_since(self, device: int, t: int) -> int:
        """Since when, without a break, the device has been whose it is at ``t``."""
        wearer = self.wearer_at(device, t)
        edges = {e for a in self.history(device) for e in (a.from_ms, a.to_ms) if e is not None and e <= t}
        for edge in sorted(edges, reverse=True):
            if self.wearer_at(device, edge - 1) != wearer:
                return edge
        raise AssertionError("nobody wears it")

    def caller(self, device: int, t: int, now: int) -> Wearer:
        """Whose a cry is: one from before the first assignment, begun by now, is the first wearer's."""
        first = min((assignment.from_ms for assignment in self.history(device)), default=t)
        return self.wearer_at(device, first if t < first <= now else t)


def _wearer(assignment: Assignment) -> int | str:
    return assignment.resident_slot if assignment.resident_slot is not None else assignment.household or ""


def hour_there(resident: Resident, t: int) -> int | None:
    """The local hour where the resident lives; None in a zone that nobody knows."""
    try:
        zone = ZoneInfo(resident.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return None
    return datetime.fromtimestamp(t / 1000, UTC).astimezone(zone).hour


def within_hours(hour: int, start: float, end: float) -> bool:
    """Whether the hour lies in ``[start, end)``, which may go over midnight."""
    return start <= hour < end if start <= end else hour >= start or hour < end
