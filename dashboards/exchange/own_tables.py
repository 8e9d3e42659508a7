"""Tables of devices, contacts and zones: each line says whose it is."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from alerts.policy import NO_NEWS_TO
from dashboards.exchange import belongings
from dashboards.exchange.belongings import cleared, note_changes
from dashboards.exchange.book import Draft
from dashboards.exchange.context import Context, settle_doubts
from dashboards.exchange.fates import LineFate
from dashboards.exchange.faults import Faulty
from dashboards.exchange.lines import Line
from gateway.store.registry_records import DeviceFields

_CONTACT_FIELDS: Final = (
    "name", "phone", "relation", "order", "channels", "can_receive_sms", "holds_key", "language"
)  # fmt: skip
_FENCE_FIELDS: Final = ("name", "circle.lat", "circle.lon", "circle.radius_m", "polygon")


class OwnTables:
    """Plans the lines of tables that hold one kind of belonging."""

    def __init__(self, of: Context) -> None:
        self._of = of

    def _wearer(self, line: Line, site: str | None) -> str | None:
        """The resident whom a line refers to; None when it names nobody.

        Raises:
            Faulty: There is none, several, or their own line is faulty.
        """
        book = self._of.book
        key = line.text("resident")
        if key is not None:
            if key not in book.residents:
                raise Faulty("resident_unknown")
            return key
        number = line.text("resident_external_id")
        sites = [site] if site else list(book.sites)
        if number is not None:
            found = [key for each in sites if (key := book.by_number(each, number))]
            if not found and number in self._of.faulty_numbers:
                raise Faulty("resident_faulty", line=self._of.faulty_numbers[number])
        elif (name := line.text("resident_name")) is not None:
            found = [key for each in sites for key in book.by_name(each, name)]
        else:
            return None
        if len(found) != 1:
            raise Faulty("resident_ambiguous" if found else "resident_unknown")
        return found[0]

    def _reference(self, line: Line) -> str:
        return next((name for name in ("resident", "resident_external_id", "resident_name") if name in line.values), "")

    def device(self, line: Line, place: int, draft: Draft, fate: LineFate) -> None:
        """Plan a line of devices."""
        book = self._of.book
        key = line.text("id")
        if key is None:
            if not line.faults:
                line.refuse("id", Faulty("missing"))
            return
        fate.key = key
        self._of.claim("device", key, line)
        current = book.devices.get(key)
        site = self._of.site_of(line)
        wanted: dict[str, Any] = {
            name: cleared(line.settled(name, getattr(current, name, None)))
            for name in ("type", "phone")
            if name in line.values
        }
        self._belongs_to(line, wanted, site, current.site if current and current.registered else None)
        if line.faults:
            return
        seen = current is not None and (book.all_sites or current.site in book.sites)
        resident = book.residents.get(wanted.get("resident") or "")
        wanted["site"] = (
            resident.site if resident else site if line.text("site") or current is None or not seen else current.site
        )
        if wanted["site"] is None:
            line.refuse("site", Faulty("site_missing"))
            return
        if (site and line.text("site") and site != wanted["site"]) or (
            current is not None and current.registered and current.site != wanted["site"]
        ):
            raise Faulty("device_taken" if not seen else "site_fixed")
        row, new = belongings.device_row(place, book, key, wanted)
        before = None if new or current is None else msgspec.convert(current, DeviceFields, from_attributes=True)
        old = belongings.flat_device(before, book, {})
        after = belongings.flat_device(row.fields if row else before, book, {})
        fate.name = after.get("resident") or after.get("household") or ""
        settle_doubts(line, old, after)
        if row is not None:
            draft.devices.append(row)
            if not new:
                note_changes(line, fate.changes, old, after)
        fate.fate = "create" if new else "unchanged" if row is None else "update"

    def _belongs_to(self, line: Line, wanted: dict[str, Any], site: str | None, current_site: str | None) -> None:
        """Put the wearer that the line names into ``wanted``."""
        if cleared(line.values.get("resident", "")) is None:
            wanted |= {"resident": None, "household": None}
            return
        try:
            resident = self._wearer(line, site if line.text("site") else None)
        except Faulty as refusal:
            line.refuse(self._reference(line), refusal)
            return
        household = line.text("household")
        if resident is not None:
            if self._of.book.residents[resident].status in NO_NEWS_TO:
                line.refuse(self._reference(line), Faulty("resident_left"))
            wanted |= {"resident": resident, "household": None}
        elif household is not None:
            at = site or current_site
            try:
                found = self._of.book.household(at, household) if at else None
            except Faulty as refusal:
                line.refuse("household", refusal)
                return
            if found is None:
                line.refuse("household", Faulty("record_unknown"))
            wanted |= {"resident": None, "household": found}

    def _owner(self, line: Line, owners: dict[str, str]) -> tuple[str | None, str | None]:
        """(the record's id, its resident) of a line of contacts or zones; faults are noted in the line."""
        key = line.text("id")
        if key is not None and key not in owners:
            line.refuse("id", Faulty("record_unknown"))
            return None, None
        site = self._of.site_of(line) if line.text("site") else None
        try:
            resident = self._wearer(line, site)
        except Faulty as refusal:
            line.refuse(self._reference(line), refusal)
            return key, None
        if key is not None:
            if resident is not None and resident != owners[key]:
                line.refuse(self._reference(line), Faulty("taken", name=self._of.book.residents[owners[key]].name))
            return key, owners[key]
        if resident is None and not line.faults:
            line.refuse("", Faulty("resident_missing"))
        return None, resident

    def contact(self, line: Line, place: int, draft: Draft, fate: LineFate) -> None:
        """Plan a line of contacts."""
        book = self._of.book
        fate.key = fate.name = line.text("name") or ""
        key, resident = self._owner(line, book.contact_owner)
        if resident is None:
            return
        told: dict[str, Any] = {name: line.values[name] for name in _CONTACT_FIELDS if name in line.values}
        if told.get("relation") is not None:
            told["relation"] = cleared(told["relation"]) or ""
        theirs = book.contacts.get(resident, {})
        spoken_for = [each for each in theirs if self._of.is_claimed("contact", each)]
        key = key or belongings.find_contact(theirs, told, spoken_for, belongings.KNOWN_CONTACT)
        if key is not None:
            self._of.claim("contact", key, line)
        current = theirs.get(key) if key else None
        if current is None and "order" not in told:
            told["order"] = min(100, max((each.order for each in theirs.values()), default=0) + 1)
        if current is None and line.faults:
            return
        if current is not None:
            told |= {each: line.settled(each, getattr(current, each)) for each in ("name", "phone") if each in told}
        row = belongings.contact_row(place, key, current, resident, told)
        before, after = belongings.flat_contact(current), belongings.flat_contact(row.fields if row else current)
        settle_doubts(line, before, after)
        self._finish_own(line, draft.contacts, row, fate, before, after)
        if row is not None and row.new:
            self._of.claim("contact", row.id, line)

    def fence(self, line: Line, place: int, draft: Draft, fate: LineFate) -> None:
        """Plan a line of zones."""
        book = self._of.book
        fate.key = fate.name = line.text("name") or ""
        key, resident = self._owner(line, book.fence_owner)
        if resident is None:
            return
        told = {name.removeprefix("circle."): value for name, value in line.values.items()
                if name in _FENCE_FIELDS}  # fmt: skip
        theirs = book.fences.get(resident, {})
        key = key or belongings.find_fence(theirs, str(told.get("name") or belongings.ZONE_NAMES["zh"]))
        if key is not None:
            self._of.claim("fence", key, line)
        if line.faults:
            return
        current = theirs.get(key) if key else None
        row = belongings.fence_row(place, key, current, resident, told, book.residents[resident].home)
        before, after = belongings.flat_fence(current), belongings.flat_fence(row.fields if row else current)
        self._finish_own(line, draft.fences, row, fate, before, after)
        if row is not None and row.new:
            self._of.claim("fence", row.id, line)

    def _finish_own(
        self, line: Line, rows: list[Any], row: Any, fate: LineFate, before: dict[str, str], after: dict[str, str]
    ) -> None:
        fate.key = fate.name = fate.name or after.get("name", "")
        if row is None:
            return
        rows.append(row)
        fate.fate = "create" if row.new else "update"
        if not row.new:
            note_changes(line, fate.changes, before, after)
