"""Who is behind a topic: the registry in memory, as of a version (design rule 11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Self

from devices.kinds import Kind
from devices.registry import Assignment, Device, Entity, Record, RegistryChange, Resident, Site
from devices.topics import parse_device_topic
from devices.wearing import FOREVER, Span, first_wearer, laid_out, span_at

TAKEN: Final[tuple[Entity, ...]] = ("site", "device", "resident", "assignment")
"""What a directory knows of the registry."""


class Route(NamedTuple):
    """What a topic of a known device means. ``fault`` says why its readings are refused, None when trusted."""

    kind: Kind
    site: str
    device: str
    slot: int
    fault: str | None


class Wearer(NamedTuple):
    """Whom a reading concerns; both None when nobody had the device."""

    resident: Resident | None
    household: str | None


NOBODY = Wearer(None, None)


class _Key(NamedTuple):
    """A wearer as assignments name them."""

    resident_slot: int | None
    household: str | None


class Directory:
    """Devices by id, wearers by the device's slot. Begun by ``of``, changed only by ``apply``, between batches."""

    def __init__(self) -> None:
        self.version = 0
        self.sites: dict[str, Site] = {}
        self._devices: dict[str, Device] = {}
        self._by_slot: dict[int, Device] = {}
        self._residents: dict[int, Resident] = {}
        self._resident_slots: dict[str, int] = {}
        self._assignments: dict[str, Assignment] = {}
        self._worn: dict[int, dict[str, Assignment]] = {}
        self._spans: dict[int, list[Span[_Key]]] = {}
        self._routes: dict[str, Route] = {}

    @classmethod
    def of(cls, version: int, records: Mapping[Entity, Iterable[Record]]) -> Self:
        """The registry as it is at a version."""
        directory = cls()
        directory.version = version
        for entity, of_it in records.items():
            for record in of_it:
                directory._take(entity, record.id, record)
        return directory

    def apply(self, changes: Iterable[RegistryChange]) -> None:
        """Take committed changes in their order; those at or below the present version are passed over."""
        for change in changes:
            if change.version <= self.version:
                continue
            self.version = change.version
            self._take(change.entity, change.key, change.record)

    def _take(self, entity: Entity, key: str, record: Record | None) -> None:
        match entity:
            case "site":
                self._take_site(key, record)
            case "device":
                self._take_device(key, record)
            case "resident":
                self._take_resident(key, record)
            case "assignment":
                self._take_assignment(key, record)
            case _:
                pass

    def _take_site(self, key: str, record: Record | None) -> None:
        if isinstance(record, Site):
            self.sites[key] = record
        else:
            self.sites.pop(key, None)

    def _take_device(self, key: str, record: Record | None) -> None:
        self._routes.clear()
        if isinstance(record, Device):
            self._devices[key] = record
            self._by_slot[record.slot] = record
        elif gone := self._devices.pop(key, None):
            self._by_slot.pop(gone.slot, None)

    def _take_resident(self, key: str, record: Record | None) -> None:
        if isinstance(record, Resident):
            self._residents[record.slot] = record
            self._resident_slots[key] = record.slot
        elif (slot := self._resident_slots.pop(key, None)) is not None:
            del self._residents[slot]

    def _take_assignment(self, key: str, record: Record | None) -> None:
        if earlier := self._assignments.pop(key, None):
            del self._worn[earlier.device_slot][key]
            self._spans.pop(earlier.device_slot, None)
        if isinstance(record, Assignment):
            self._assignments[key] = record
            self._worn.setdefault(record.device_slot, {})[key] = record
            self._spans.pop(record.device_slot, None)

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

    @property
    def free_slot(self) -> int:
        """A slot that no device holds, nor any above it."""
        return max(self._by_slot, default=-1) + 1

    def device(self, slot: int) -> Device | None:
        """The device that holds a slot."""
        return self._by_slot.get(slot)

    def resident(self, slot: int) -> Resident | None:
        """The resident who holds a slot."""
        return self._residents.get(slot)

    def resident_slots(self) -> list[int]:
        """The slots of all residents."""
        return list(self._residents)

    def resident_of(self, resident_id: str) -> Resident | None:
        """The resident with this public id."""
        slot = self._resident_slots.get(resident_id)
        return None if slot is None else self._residents.get(slot)

    def wearer(self, device_slot: int, t: int) -> Wearer:
        """Who had the device at ``t`` (ms), by the assignments as they are now; as the engine decides it."""
        span = span_at(self._laid_out(device_slot), t)
        return NOBODY if span is None else self._named(span.wearer)

    def caller(self, device_slot: int, t: int, now: int) -> Wearer:
        """Who cried for help with the device at ``t``, heard at ``now`` (ms)."""
        early = first_wearer(self._laid_out(device_slot), t, now)
        return self.wearer(device_slot, t) if early is None else self._named(early)

    def _laid_out(self, device_slot: int) -> list[Span[_Key]]:
        spans = self._spans.get(device_slot)
        if spans is None:
            worn = self._worn.get(device_slot, {}).values()
            spans = self._spans[device_slot] = laid_out(
                Span(a.from_ms, FOREVER if a.to_ms is None else a.to_ms, _key_of(a)) for a in worn
            )
        return spans

    def _named(self, key: _Key) -> Wearer:
        if key.resident_slot is None:
            return Wearer(None, key.household)
        resident = self._residents.get(key.resident_slot)
        return Wearer(resident, None if resident is None else resident.household)


def _key_of(assignment: Assignment) -> _Key:
    """A resident's is theirs, whatever household it names."""
    if assignment.resident_slot is not None:
        return _Key(assignment.resident_slot, None)
    return _Key(None, assignment.household)
