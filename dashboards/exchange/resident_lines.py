"""Lines of residents, with the devices, contacts and zone that stand beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from alerts.policy import NO_NEWS_TO
from dashboards.exchange import belongings, people
from dashboards.exchange.belongings import note_changes
from dashboards.exchange.book import Draft, fold
from dashboards.exchange.columns import CONTACTS_IN_A_LINE
from dashboards.exchange.context import Context, settle_doubts
from dashboards.exchange.fates import LineFate
from dashboards.exchange.faults import Faulty
from dashboards.exchange.lines import Line
from gateway.store.registry_records import ResidentFields

_CONTACT_PARTS: Final = ("name", "phone", "relation", "holds_key", "can_receive_sms")


class ResidentLines:
    """Plans lines of residents. ``lines``: all of them, to see who shares a device."""

    def __init__(self, of: Context, lines: Iterable[Line]) -> None:
        self._of = of
        self._new_people: dict[tuple[str, str], Line] = {}
        self._sharers: dict[str, list[Line]] = defaultdict(list)
        for line in lines:
            if (device := line.text("device")) is not None:
                self._sharers[device].append(line)

    def plan(self, line: Line, place: int, draft: Draft, fate: LineFate) -> None:
        """Plan one line."""
        book = self._of.book
        fate.name = line.text("name") or ""
        fate.key = line.text("external_id") or line.text("id") or fate.name
        key = people.match_resident(line, book, site := self._of.site_of(line))
        current = book.residents[key] if key else None
        if current is not None:
            if site is not None and line.text("site") and site != current.site:
                line.refuse("site", Faulty("site_fixed"))
            site = current.site
            fate.name = fate.name or current.name
        if site is None:
            if not line.faults:
                line.refuse("site", Faulty("site_missing"))
            return
        self._claim_person(line, key, site)
        fields = people.merged(line, current, site, self._of.now)
        if not fields.name:
            if not line.is_wrong("name"):
                line.refuse("name", Faulty("missing"))
            return
        try:
            household = people.household_of(line, book, draft, fields, place)
            fields = msgspec.structs.replace(fields, household=household)
        except Faulty as refusal:
            line.refuse("household", refusal)
        self._refuse_doubles(line, key, current, fields)
        before, after = people.flat(current, book), people.flat(fields, book, draft.household)
        settle_doubts(line, before, after)
        row = people.resident_row(place, key, fields, current)
        if before != after:
            draft.resident = row
            if current is not None:
                note_changes(line, fate.changes, before, after)
        self._beside(line, place, draft, fate, row.id, current, fields)
        fate.fate = "create" if current is None else "unchanged" if draft.is_empty() else "update"

    def _claim_person(self, line: Line, key: str | None, site: str) -> None:
        number = line.text("external_id")
        claimed = [("resident", key)] if key else []
        if number:
            claimed.append(("number", f"{site} {number}"))
        for kind, value in claimed:
            try:
                self._of.claim(kind, value, line)
            except Faulty as refusal:
                line.refuse("external_id" if number else "id", refusal)
                return
        owner = self._of.book.by_number(site, number) if number else None
        if owner is not None and owner != key:
            line.refuse("external_id", Faulty("taken", name=self._of.book.residents[owner].name))

    def _refuse_doubles(
        self, line: Line, key: str | None, current: ResidentFields | None, fields: ResidentFields
    ) -> None:
        if current is not None:
            return
        for door in self._doors(fields):
            before = self._new_people.setdefault(door, line)
            if before is not line:
                line.refuse("name", Faulty("maybe_same_line", line=before.number))
                return
        double = people.likely_double(self._of.book, fields)
        if double is not None and double != key:
            line.refuse("name", Faulty("maybe_same", name=self._of.book.residents[double].name, id=double))

    def _doors(self, fields: ResidentFields) -> list[tuple[str, str]]:
        """What two new people in a file must not have in common, unless both have numbers of their own."""
        if fields.external_id is not None:
            return []
        address = "/".join(fold(str(fields.address.get(part, ""))) for part in ("building", "unit", "room"))
        who = f"{fields.site} {fold(fields.name)}"
        return [(who, address)] + ([(who, f"tel {fields.phone}")] if fields.phone else [])

    def _beside(
        self,
        line: Line,
        place: int,
        draft: Draft,
        fate: LineFate,
        resident: str,
        current: ResidentFields | None,
        fields: ResidentFields,
    ) -> None:
        try:
            self._worn(line, place, draft, fate, resident, fields)
        except Faulty as refusal:
            line.refuse("device", refusal)
        self._contacts_beside(line, place, draft, fate, resident)
        radius = line.values.get("radius_m")
        if isinstance(radius, float) and not (line.is_wrong("home.lat") or line.is_wrong("home.lon")):
            homes = (current.home if current else None, fields.home)
            try:
                row = belongings.home_zone(self._of.book, draft, place, resident, radius, homes)
            except Faulty as refusal:
                line.refuse("radius_m", refusal)
                return
            if row is not None:
                draft.fences.append(row)
                stored = self._of.book.fences.get(resident, {}).get(row.id)
                old = f"{stored.circle.radius_m:g}" if stored and stored.circle else ""
                note_changes(line, fate.changes, {"radius_m": old}, {"radius_m": f"{radius:g}"})

    def _worn(
        self, line: Line, place: int, draft: Draft, fate: LineFate, resident: str, fields: ResidentFields
    ) -> None:
        device = line.text("device")
        if device is None or fields.status in NO_NEWS_TO:
            # Whoever has moved or died wears nothing any more, whatever their line still says.
            return
        sharers = self._sharers[device]
        wanted: dict[str, Any] = {"site": fields.site, "resident": resident, "household": None}
        if len(sharers) > 1:
            households = {fold(each.text("household") or "") for each in sharers}
            if len(households) > 1 or "" in households:
                other = next((each for each in sharers if each is not line), line)
                raise Faulty("device_shared", line=other.number)
            wanted |= {"resident": None, "household": fields.household}
        if (kind := line.text("device_type")) is not None:
            wanted["type"] = kind
        row, _ = belongings.device_row(place, self._of.book, device, wanted)
        if row is not None:
            draft.devices.append(row)
            before = self._of.book.devices.get(device)
            names = {resident: fields.name, fields.household or "": line.text("household") or ""}
            old = belongings.flat_device(before, self._of.book, names)
            new = belongings.flat_device(row.fields, self._of.book, names)
            worn_by = {"device": f"{device}: {new['resident'] or new['household']}"}
            was = old.get("resident") or old.get("household") or ""
            note_changes(line, fate.changes, {"device": f"{device}: {was}" if was else ""}, worn_by)

    def _contacts_beside(self, line: Line, place: int, draft: Draft, fate: LineFate, resident: str) -> None:
        theirs = self._of.book.contacts.get(resident, {})
        spoken_for: set[str] = set()
        told_by_place: dict[int, dict[str, Any]] = {}
        for n in range(1, CONTACTS_IN_A_LINE + 1):
            told = {
                part: line.values[f"contact{n}.{part}"]
                for part in _CONTACT_PARTS
                if f"contact{n}.{part}" in line.values
            }
            if told:
                told_by_place[n] = {**told, "order": n}
        # Those whose name or phone is known go first: only who is left over replaces whoever had the place.
        meant: dict[int, str] = {}
        for test in belongings.CONTACT_IN_PLACE:
            for n, told in told_by_place.items():
                if n not in meant and (key := belongings.find_contact(theirs, told, spoken_for, [test])):
                    meant[n] = key
                    spoken_for.add(key)
        for n, told in told_by_place.items():
            key = meant.get(n)
            current = theirs.get(key) if key else None
            prefix = f"contact{n}."
            wanted = told
            if current is not None:
                # Whom the desk has put into another order by hand stays there.
                wanted = {
                    part: line.settled(f"{prefix}{part}", getattr(current, part)) for part in told if part != "order"
                }
            try:
                row = belongings.contact_row(place, key, current, resident, wanted)
            except Faulty as refusal:
                if not (line.is_wrong(f"{prefix}name") or line.is_wrong(f"{prefix}phone")):
                    line.refuse(f"{prefix}{'phone' if told.get('name') else 'name'}", refusal)
                continue
            before = belongings.flat_contact(current, prefix)
            after = belongings.flat_contact(row.fields if row else current, prefix)
            settle_doubts(line, before, after)
            if row is not None:
                draft.contacts.append(row)
                note_changes(line, fate.changes, before, after)
