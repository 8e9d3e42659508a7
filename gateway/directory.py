"""Who is behind a topic: the registry in memory, as of a version (design rule 11)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from devices.kinds import Kind
from devices.registry import Assignment, Device, RegistryChange, Resident
from devices.topics import parse_device_topic


class Route(NamedTuple):
    """What a topic of a known device means. ``fault`` says why its readings are refused, None when trusted."""

    kind: Kind
    site: str
    device: str
    slot: int
    fault: str | None


class Wearer(NamedTuple):
    """Whom a device's readings concern now; both None when nobody is assigned."""

    resident: Resident | None
    household: str | None


NOBODY = Wearer(None, None)


class Directory:
    """Devices by id, wearers by the device's slot. Changed only by ``apply``, between batches."""

    def __init__(self) -> None:
        self.version = 0
        self.sites: set[str] = set()
        self._devices: dict[str, Device] = {}
        self._by_slot: dict[int, Device] = {}
        self._residents: dict[int, Resident] = {}
        self._assignments: dict[str, Assignment] = {}
        self._current: dict[int, Assignment] = {}
        self._routes: dict[str, Route] = {}

    def apply(self, changes: Iterable[RegistryChange]) -> None:
        """Take committed changes in their order; those at or below the present version are passed over."""
        for change in changes:
            if change.version <= self.version:
                continue
            self.version = change.version
            self._routes.clear()
            match change.entity:
                case "site":
                    (self.sites.add if change.record is not None else self.sites.discard)(change.key)
                case "device":
                    self._apply_device(change)
                case "resident":
                    self._apply_resident(change)
                case "assignment":
                    self._apply_assignment(change)
                case _:
                    pass

    def _apply_device(self, change: RegistryChange) -> None:
        if isinstance(change.record, Device):
            self._devices[change.key] = change.record
            self._by_slot[change.record.slot] = change.record
        elif gone := self._devices.pop(change.key, None):
            self._by_slot.pop(gone.slot, None)

    def _apply_resident(self, change: RegistryChange) -> None:
        if isinstance(change.record, Resident):
            self._residents[change.record.slot] = change.record
        else:
            self._residents = {s: r for s, r in self._residents.items() if r.id != change.key}

    def _apply_assignment(self, change: RegistryChange) -> None:
        earlier = self._assignments.pop(change.key, None)
        if earlier is not None and self._current.get(earlier.device_slot) is earlier:
            del self._current[earlier.device_slot]
        if isinstance(change.record, Assignment):
            self._assignments[change.key] = change.record
            if change.record.to_ms is None:
                self._current[change.record.device_slot] = change.record

    def route(self, topic: str) -> Route | None:
        """The meaning of a topic; None when the topic is malformed or nobody knows the device."""
        found = self._routes.get(topic)
        if found is None:
            found = self._resolve(topic)
            if found is not None:
                self._routes[topic] = found
        return found

    def _resolve(self, topic: str) -> Route | None:
        parsed = parse_device_topic(topic)
        device = None if parsed is None else self._devices.get(parsed.device)
        if parsed is None or device is None:
            return None
        if not device.registered:
            fault = "unknown_device"
        elif device.revoked:
            fault = "revoked_device"
        elif device.site != parsed.site:
            fault = "wrong_site"
        else:
            fault = None
        return Route(parsed.kind, parsed.site, parsed.device, device.slot, fault)

    def device(self, slot: int) -> Device | None:
        """The device that holds a slot."""
        return self._by_slot.get(slot)

    def resident(self, slot: int) -> Resident | None:
        """The resident who holds a slot."""
        return self._residents.get(slot)

    def wearer(self, device_slot: int) -> Wearer:
        """Whom the device is assigned to now."""
        assignment = self._current.get(device_slot)
        if assignment is None:
            return NOBODY
        if assignment.resident_slot is None:
            return Wearer(None, assignment.household)
        resident = self._residents.get(assignment.resident_slot)
        return Wearer(resident, None if resident is None else resident.household)
