"""The registry while a file is planned: what is stored, and what the lines before have added or changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import msgspec

from dashboards.exchange.faults import Faulty
from dashboards.exchange.text import plain_name
from gateway.store.registry_bulk import (
    Bulk,
    ContactRow,
    DeviceRow,
    FenceRow,
    HouseholdRow,
    ResidentRow,
    Snapshot,
)
from gateway.store.registry_records import (
    Contact,
    ContactFields,
    Device,
    Fence,
    FenceFields,
    Household,
    Resident,
    ResidentFields,
    Site,
)


def new_id() -> str:
    """The id of a record that is to be created."""
    return str(uuid4())


def fold(text: str) -> str:
    """A name as it is compared."""
    return plain_name(text).casefold()


@dataclass(slots=True)
class Draft:
    """What one line would write: into the book if all of the line is right, nowhere otherwise."""

    household: HouseholdRow | None = None
    resident: ResidentRow | None = None
    devices: list[DeviceRow] = field(default_factory=list)
    contacts: list[ContactRow] = field(default_factory=list)
    fences: list[FenceRow] = field(default_factory=list)

    def is_empty(self) -> bool:
        """Nothing would change."""
        return not (self.household or self.resident or self.devices or self.contacts or self.fences)


class Book:
    """Indexes over the records; ``visible``: the sites of the account, all of them when it may see all."""

    def __init__(self, snapshot: Snapshot, sites: Iterable[str]) -> None:
        self.bulk = Bulk()
        self.sites: dict[str, Site] = {site.id: site for site in snapshot.records(Site)}
        self._sites_by_name = _grouped((fold(site.name), site.id) for site in self.sites.values())
        self.households: dict[str, Household] = {each.id: each for each in snapshot.records(Household)}
        self._households_by_name = _grouped(((h.site, fold(h.name)), h.id) for h in self.households.values())
        self.residents: dict[str, ResidentFields] = {}
        self._by_number: dict[tuple[str, str], str] = {}
        self._by_name: dict[tuple[str, str], list[str]] = defaultdict(list)
        for resident in snapshot.records(Resident):
            self._enter(resident.id, msgspec.convert(resident, ResidentFields, from_attributes=True))
        self.devices: dict[str, Device] = {each.id: each for each in snapshot.records(Device)}
        self.contacts: dict[str, dict[str, ContactFields]] = defaultdict(dict)
        for contact in snapshot.records(Contact):
            self.contacts[contact.resident][contact.id] = contact
        self.contact_owner = {contact.id: contact.resident for contact in snapshot.records(Contact)}
        self.fences: dict[str, dict[str, FenceFields]] = defaultdict(dict)
        for fence in snapshot.records(Fence):
            self.fences[fence.resident][fence.id] = fence
        self.fence_owner = {fence.id: fence.resident for fence in snapshot.records(Fence)}
        self.all_sites = not list(sites)

    def site(self, text: str) -> str:
        """The id of the site that a cell names, by its id or its name. Raises ``Faulty``."""
        if text in self.sites:
            return text
        found = self._sites_by_name.get(fold(text), [])
        if len(found) != 1:
            raise Faulty("site_unknown")
        return found[0]

    def by_number(self, site: str, number: str) -> str | None:
        """The resident with this number of the centre's own."""
        return self._by_number.get((site, number))

    def by_name(self, site: str, name: str) -> list[str]:
        """The residents of this name."""
        return self._by_name.get((site, fold(name)), [])

    def household(self, site: str, text: str) -> str | None:
        """The household that a cell names, by its id or its name; None when it is to be created. Raises ``Faulty``."""
        known = self.households.get(text)
        if known is not None and known.site == site:
            return text
        found = self._households_by_name.get((site, fold(text)), [])
        if len(found) > 1:
            raise Faulty("household_ambiguous")
        return found[0] if found else None

    def household_word(self, household: str) -> str:
        """How a cell names a household: by its name where that is the only one, else by its id."""
        known = self.households[household]
        alone = len(self._households_by_name.get((known.site, fold(known.name)), [])) == 1
        return known.name if alone and known.name.strip() else household

    def wears(self, resident: str) -> Iterator[Device]:
        """The devices that a resident has now."""
        return (device for device in self.devices.values() if device.resident == resident)

    def take(self, draft: Draft) -> None:
        """Enter what a line writes, for the lines behind it and for the database."""
        if draft.household:
            row = draft.household
            self.bulk.households.append(row)
            self.households[row.id] = Household(
                id=row.id, site=row.fields.site, name=row.fields.name, address=row.fields.address
            )
            self._households_by_name.setdefault((row.fields.site, fold(row.fields.name)), []).append(row.id)
        if draft.resident:
            self.bulk.residents.append(draft.resident)
            self._enter(draft.resident.id, draft.resident.fields)
        for device in draft.devices:
            self.bulk.devices.append(device)
            of = device.fields
            self.devices[device.id] = Device(
                id=device.id,
                site=of.site,
                type=of.type,
                resident=of.resident,
                household=of.household,
                phone=of.phone,
                registered=True,
                revoked=False,
            )
        for contact in draft.contacts:
            self.bulk.contacts.append(contact)
            self.contacts[contact.fields.resident][contact.id] = contact.fields
        for fence in draft.fences:
            self.bulk.fences.append(fence)
            self.fences[fence.fields.resident][fence.id] = fence.fields

    def _enter(self, key: str, fields: ResidentFields) -> None:
        before = self.residents.get(key)
        if before is not None:
            if before.external_id is not None:
                self._by_number.pop((before.site, before.external_id), None)
            self._by_name[before.site, fold(before.name)].remove(key)
        self.residents[key] = fields
        if fields.external_id is not None:
            self._by_number[fields.site, fields.external_id] = key
        self._by_name[fields.site, fold(fields.name)].append(key)


def _grouped(pairs: Iterable[tuple[object, str]]) -> dict[object, list[str]]:
    groups: dict[object, list[str]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return groups
