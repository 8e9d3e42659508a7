"""What belongs to a resident: devices, contacts and zones, beside them in a line or in tables of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from dashboards.exchange.book import Book, Draft, fold, new_id
from dashboards.exchange.cells import CLEAR
from dashboards.exchange.fates import Change
from dashboards.exchange.faults import Faulty
from dashboards.exchange.lines import Line
from gateway.store.registry_bulk import ContactRow, DeviceRow, FenceRow
from gateway.store.registry_records import Circle, ContactFields, DeviceFields, FenceFields, Point

ZONE_NAMES: Final = {"zh": "安全区", "en": "safe zone"}
"""What a zone is called that a line of residents gives only a radius."""


def note_changes(line: Line, changes: list[Change], before: Mapping[str, str], after: Mapping[str, str]) -> None:
    """Note what differs, each under its header where the file has one."""
    for name, text in after.items():
        if before.get(name, "") != text:
            column = line.layout.header_of(name) or name
            changes.append(Change(column=column, before=before.get(name, ""), after=text))


def device_row(place: int, book: Book, key: str, wanted: Mapping[str, Any]) -> tuple[DeviceRow | None, bool]:
    """A device as ``wanted`` (site, type, phone, resident, household; what is left out stays) and whether it is new.

    None when nothing changes. A box that a household shares stays shared when the line of one of them names it.

    Raises:
        Faulty: The id is in use elsewhere, or the device was taken out of service.
    """
    current = book.devices.get(key)
    if current is not None and current.revoked:
        raise Faulty("device_revoked")
    new = current is None or not current.registered
    if current is not None and not new and current.site != wanted["site"]:
        raise Faulty("device_taken")
    if current is None or new:
        fields = DeviceFields(**wanted)
        return DeviceRow(line=place, id=key, new=True, fields=fields, handed_over=True), True
    before = DeviceFields(
        site=current.site,
        type=current.type,
        resident=current.resident,
        household=current.household if current.resident is None else None,
        phone=current.phone,
    )
    told = dict(wanted)
    resident = told.get("resident")
    if resident is not None and before.household is not None and before.resident is None:
        theirs = book.residents.get(resident)
        if theirs is not None and theirs.household == before.household:
            told |= {"resident": None, "household": before.household}
    fields = msgspec.structs.replace(before, **told)
    if fields == before:
        return None, False
    handed_over = (fields.resident, fields.household) != (before.resident, before.household)
    return DeviceRow(line=place, id=key, new=False, fields=fields, handed_over=handed_over), False


def flat_device(fields: DeviceFields | None, book: Book, names: Mapping[str, str]) -> dict[str, str]:
    """A device's fields as text; ``names``: those of residents and households that the book does not hold yet."""
    if fields is None:
        return {}
    resident = book.residents.get(fields.resident or "")
    household = book.households.get(fields.household or "")
    return {
        "type": fields.type,
        "phone": fields.phone or "",
        "resident": resident.name if resident else names.get(fields.resident or "", ""),
        "household": household.name if household else names.get(fields.household or "", ""),
    }


ContactTest = Callable[[Mapping[str, Any], ContactFields], bool]


def _same_name(told: Mapping[str, Any], contact: ContactFields) -> bool:
    return "name" in told and fold(contact.name) == fold(told["name"])


def _same_phone(told: Mapping[str, Any], contact: ContactFields) -> bool:
    return "phone" in told and contact.phone == told["phone"]


def _same_place(told: Mapping[str, Any], contact: ContactFields) -> bool:
    return "order" in told and contact.order == told["order"]


def _same_name_and_phone(told: Mapping[str, Any], contact: ContactFields) -> bool:
    return _same_name(told, contact) and _same_phone(told, contact)


KNOWN_CONTACT: Final[tuple[ContactTest, ...]] = (_same_name_and_phone, _same_phone, _same_name)
"""How a contact is known again, the surest way first."""
CONTACT_IN_PLACE: Final[tuple[ContactTest, ...]] = (*KNOWN_CONTACT, _same_place)
"""Beside a resident, somebody new in the place of a contact replaces whoever had it."""


def find_contact(
    theirs: Mapping[str, ContactFields],
    told: Mapping[str, Any],
    spoken_for: Collection[str],
    tests: Iterable[ContactTest],
) -> str | None:
    """Which of a resident's contacts is meant, of those that nobody has spoken for."""
    free = [(key, contact) for key, contact in theirs.items() if key not in spoken_for]
    return next((key for test in tests for key, contact in free if test(told, contact)), None)


def contact_row(
    place: int, key: str | None, current: ContactFields | None, resident: str, told: Mapping[str, Any]
) -> ContactRow | None:
    """A contact with what is told on top; None when nothing changes. Raises ``Faulty`` without name or phone."""
    if current is None:
        if not told.get("name") or not told.get("phone"):
            raise Faulty("contact_incomplete")
        return ContactRow(line=place, id=new_id(), new=True, fields=ContactFields(resident=resident, **told))
    before = msgspec.convert(current, ContactFields, from_attributes=True)
    fields = msgspec.structs.replace(before, **told)
    if fields == before:
        return None
    return ContactRow(line=place, id=str(key), new=False, fields=fields)


def flat_contact(fields: ContactFields | None, prefix: str = "") -> dict[str, str]:
    """A contact's fields as text."""
    if fields is None:
        return {}
    return {
        f"{prefix}name": fields.name,
        f"{prefix}phone": fields.phone,
        f"{prefix}relation": fields.relation,
        f"{prefix}order": str(fields.order),
        f"{prefix}channels": "+".join(fields.channels),
        f"{prefix}can_receive_sms": _yes(fields.can_receive_sms),
        f"{prefix}holds_key": _yes(fields.holds_key),
        f"{prefix}language": fields.language,
    }


def _yes(value: bool) -> str:  # noqa: FBT001
    return "yes" if value else "no"


def find_fence(theirs: Mapping[str, FenceFields], name: str) -> str | None:
    """The resident's zone of this name."""
    return next((key for key, fence in theirs.items() if fold(fence.name) == fold(name)), None)


def home_zone(
    book: Book, draft: Draft, place: int, resident: str, radius_m: float, homes: tuple[Point | None, Point | None]
) -> FenceRow | None:
    """The round zone around a home, before and after the line; None when it is so already.

    A centre that somebody has moved by hand stays, unless the home itself moves.

    Raises:
        Faulty: There is no home to draw it around.
    """
    before, home = homes
    if home is None:
        raise Faulty("home_missing")
    theirs = book.fences.get(resident, {})
    found = next((key for name in ZONE_NAMES.values() if (key := find_fence(theirs, name))), None)
    centre = Circle(lat=home.lat, lon=home.lon, radius_m=radius_m)
    if found is None:
        language = draft.resident.fields.language if draft.resident else book.residents[resident].language
        fields = FenceFields(resident=resident, name=ZONE_NAMES.get(language, ZONE_NAMES["zh"]), circle=centre)
        return FenceRow(line=place, id=new_id(), new=True, fields=fields)
    current = theirs[found]
    if current.circle is not None and (before is None or before == home or _is_elsewhere(current.circle, before)):
        centre = Circle(lat=current.circle.lat, lon=current.circle.lon, radius_m=radius_m)
    if current.circle == centre:
        return None
    fields = FenceFields(resident=resident, name=current.name, circle=centre, active=current.active)
    return FenceRow(line=place, id=found, new=False, fields=fields)


def _is_elsewhere(circle: Circle, home: Point) -> bool:
    return (circle.lat, circle.lon) != (home.lat, home.lon)


def fence_row(
    place: int, key: str | None, current: FenceFields | None, resident: str, told: Mapping[str, Any], home: Point | None
) -> FenceRow | None:
    """A zone with what is told on top (name, lat, lon, radius_m, polygon); None when nothing changes.

    Raises:
        Faulty: It would have no shape, or two.
    """
    polygon, radius = told.get("polygon"), told.get("radius_m")
    if polygon is not None and radius is not None:
        raise Faulty("shape")
    circle = current.circle if current else None
    if polygon is not None:
        shape: dict[str, Any] = {"circle": None, "polygon": polygon}
    elif {"lat", "lon", "radius_m"} & told.keys():
        shape = {"circle": _circle(told, circle, home), "polygon": None}
    elif current is None:
        raise Faulty("shape")
    else:
        shape = {"circle": circle, "polygon": current.polygon}
    name = told.get("name") or (current.name if current else ZONE_NAMES["zh"])
    active = current.active if current else None
    fields = FenceFields(resident=resident, name=name, active=active, **shape)
    if current is not None and fields == msgspec.convert(current, FenceFields, from_attributes=True):
        return None
    return FenceRow(line=place, id=key or new_id(), new=current is None, fields=fields)


def _circle(told: Mapping[str, Any], circle: Circle | None, home: Point | None) -> Circle:
    lat = told.get("lat", circle.lat if circle else home.lat if home else None)
    lon = told.get("lon", circle.lon if circle else home.lon if home else None)
    radius = told.get("radius_m", circle.radius_m if circle else None)
    if lat is None or lon is None:
        raise Faulty("home_missing")
    if radius is None:
        raise Faulty("shape")
    return Circle(lat=lat, lon=lon, radius_m=radius)


def flat_fence(fields: FenceFields | None) -> dict[str, str]:
    """A zone's fields as text."""
    if fields is None:
        return {}
    circle = fields.circle
    return {
        "name": fields.name,
        "circle.lat": repr(circle.lat) if circle else "",
        "circle.lon": repr(circle.lon) if circle else "",
        "circle.radius_m": f"{circle.radius_m:g}" if circle else "",
        "polygon": polygon_text(fields.polygon),
    }


def polygon_text(polygon: list[tuple[float, float]] | None) -> str:
    """Corners as a cell has them."""
    return "; ".join(f"{lat!r},{lon!r}" for lat, lon in polygon or [])


def cleared(value: object) -> Any:
    """The value, None where the cell says to forget it."""
    return None if value is CLEAR else value
