"""What many changes of the registry at once are made of: the registry as it was read, and the rows to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from gateway.store.registry_records import (
    Contact,
    ContactFields,
    Device,
    DeviceFields,
    Fence,
    FenceFields,
    Household,
    HouseholdFields,
    Resident,
    ResidentFields,
    Site,
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The registry at one ``version``, as JSON: decode it where there is time, with ``records``."""

    version: int
    rows: Mapping[type[object], Sequence[str]]

    def records(self, kind: type[Any]) -> list[Any]:
        """All records of a kind."""
        return list(msgspec.json.decode(f"[{','.join(self.rows[kind])}]", type=list[kind]))  # type: ignore[valid-type]


class HouseholdRow(msgspec.Struct, frozen=True, kw_only=True):
    """A household to create under an id chosen by the caller; ``line`` is where it comes from."""

    line: int
    id: str
    fields: HouseholdFields


class ResidentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A resident to create under an id chosen by the caller, or to replace."""

    line: int
    id: str
    new: bool
    fields: ResidentFields


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A device to create (or take over from the unregistered) or to replace; ``handed_over``: another wearer."""

    line: int
    id: str
    new: bool
    fields: DeviceFields
    handed_over: bool


class ContactRow(msgspec.Struct, frozen=True, kw_only=True):
    """A contact to create under an id chosen by the caller, or to replace."""

    line: int
    id: str
    new: bool
    fields: ContactFields


class FenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A zone to create under an id chosen by the caller, or to replace."""

    line: int
    id: str
    new: bool
    fields: FenceFields


@dataclass(slots=True)
class Bulk:
    """What is to be written, each kind in the order of its lines."""

    households: list[HouseholdRow] = field(default_factory=list)
    residents: list[ResidentRow] = field(default_factory=list)
    devices: list[DeviceRow] = field(default_factory=list)
    contacts: list[ContactRow] = field(default_factory=list)
    fences: list[FenceRow] = field(default_factory=list)


KINDS: Final[tuple[type[object], ...]] = (Site, Household, Resident, Device, Contact, Fence)
"""What a snapshot holds."""
