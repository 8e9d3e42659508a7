"""Lines of residents: who is meant, what changes, and what in it cannot be.

A resident is known by the system's id or by the centre's own number at the site. Without either a line is
somebody new, never somebody of the same name: two people of one name live in many houses. But whoever has
name and home, or name and phone, in common with somebody known is reported and not created.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from dashboards.exchange.book import Book, Draft, fold, new_id
from dashboards.exchange.cells import CLEAR
from dashboards.exchange.faults import Faulty
from dashboards.exchange.lines import Line
from devices.absence import MAY_END
from gateway.store.registry_bulk import HouseholdRow, ResidentRow
from gateway.store.registry_records import HouseholdFields, Point, ResidentFields

_PLAIN: Final = ("external_id", "name", "phone", "birth_year", "status", "timezone", "language")
_ADDRESS: Final = ("community", "building", "unit", "floor", "room")
_CARD: Final = ("illnesses", "medication", "doctor", "key_holder", "notes")


def match_resident(line: Line, book: Book, site: str | None) -> str | None:
    """The id of the resident whom a line of residents describes; None for somebody new. Raises ``Faulty``."""
    key = line.text("id")
    if key is not None:
        if key not in book.residents:
            raise Faulty("record_unknown")
        return key
    number = line.text("external_id")
    return book.by_number(site, number) if site and number else None


def merged(line: Line, current: ResidentFields | None, site: str, now: int) -> ResidentFields:
    """The resident as the line leaves them; what it does not say stays. Faults are noted in the line."""
    values = line.values
    base = current or ResidentFields(site=site, name="")
    told: dict[str, Any] = {
        name: _or_none(line.settled(name, getattr(base, name))) for name in _PLAIN if name in values
    }
    told["address"] = _overlaid(base.address, "address", _ADDRESS, line)
    told["card"] = _overlaid(base.card, "card", _CARD, line)
    told["home"] = _home(line, base.home)
    fields = msgspec.structs.replace(base, **told)
    return msgspec.structs.replace(fields, until=_until(line, fields, current, now))


def _or_none(value: object) -> object:
    return None if value is CLEAR else value


def _overlaid(base: dict[str, Any], group: str, names: tuple[str, ...], line: Line) -> dict[str, Any]:
    """``base`` with what the line says on top, in the order of the names; unknown members stay."""
    result = dict(base)
    for name in names:
        told = line.settled(f"{group}.{name}", base.get(name))
        if told is CLEAR:
            result.pop(name, None)
        elif told is not None:
            result[name] = told
    return result


def _home(line: Line, base: Point | None) -> Point | None:
    lat, lon = line.values.get("home.lat"), line.values.get("home.lon")
    if lat is CLEAR and lon is CLEAR:
        return None
    lat = lat if isinstance(lat, float) else base.lat if base else None
    lon = lon if isinstance(lon, float) else base.lon if base else None
    if (lat is None and lon is None) or line.is_wrong("home.lat") or line.is_wrong("home.lon"):
        return base
    if lat is None or lon is None:
        line.refuse("home.lat" if lat is None else "home.lon", Faulty("half_home"))
        return base
    return Point(lat=lat, lon=lon)


def _until(line: Line, fields: ResidentFields, current: ResidentFields | None, now: int) -> int | None:
    told = line.values.get("until")
    before = current.until if current else None
    if isinstance(told, datetime):
        until = ms_of(told, fields.timezone)
        if fields.status not in MAY_END:
            line.refuse("until", Faulty("until_status"))
        elif until <= now and until != before:
            line.refuse("until", Faulty("until_past"))
        return until
    if told is CLEAR or fields.status not in MAY_END or current is None or fields.status != current.status:
        return None
    return before


def ms_of(told: datetime, timezone: str) -> int:
    """A moment in ms; one without a zone is in the resident's."""
    zoned = told if told.tzinfo else told.replace(tzinfo=ZoneInfo(timezone))
    return round(zoned.timestamp() * 1000)


def local(ms: int | None, timezone: str) -> str:
    """A moment as a cell has it: in the resident's zone, or in UTC with ``Z`` where that would be ambiguous."""
    if ms is None:
        return ""
    text = datetime.fromtimestamp(ms / 1000, ZoneInfo(timezone)).replace(tzinfo=None).isoformat(" ", "auto")
    text = text.removesuffix(":00") if text.count(":") == 2 else text
    if ms_of(datetime.fromisoformat(text), timezone) == ms:
        return text[:-3] if "." in text and text.endswith("000") else text
    exact = datetime.fromtimestamp(ms / 1000, UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{exact}Z"


def household_of(line: Line, book: Book, draft: Draft, fields: ResidentFields, place: int) -> str | None:
    """The household that the line names, created with the resident's address where there is none of the name."""
    told = line.values.get("household")
    if told is CLEAR:
        return None
    if not isinstance(told, str):
        return fields.household
    found = book.household(fields.site, told)
    if found is not None:
        return found
    row = HouseholdRow(
        line=place, id=new_id(), fields=HouseholdFields(site=fields.site, name=told, address=fields.address)
    )
    draft.household = row
    return row.id


def likely_double(book: Book, fields: ResidentFields) -> str | None:
    """Somebody known who may well be the same person: the name, and the home or the phone."""
    for key in book.by_name(fields.site, fields.name):
        other = book.residents[key]
        both_numbered = fields.external_id is not None and other.external_id is not None
        if both_numbered and fields.external_id != other.external_id:
            continue
        same_phone = fields.phone is not None and fields.phone == other.phone
        if same_phone or _door(fields) == _door(other):
            return key
    return None


def _door(fields: ResidentFields) -> tuple[str, ...]:
    return tuple(fold(str(fields.address.get(part, ""))) for part in ("building", "unit", "room"))


def flat(fields: ResidentFields | None, book: Book, pending: HouseholdRow | None = None) -> dict[str, str]:
    """A resident's fields as text, by their names in the columns."""
    if fields is None:
        return {}
    household = fields.household
    words = "" if household is None else pending.fields.name if pending else book.household_word(household)
    return {
        **{name: "" if (value := getattr(fields, name)) is None else str(value) for name in _PLAIN},
        **{f"address.{name}": str(fields.address.get(name, "") or "") for name in _ADDRESS},
        **{f"card.{name}": str(fields.card.get(name, "") or "") for name in _CARD},
        "home.lat": repr(fields.home.lat) if fields.home else "",
        "home.lon": repr(fields.home.lon) if fields.home else "",
        "until": local(fields.until, fields.timezone),
        "household": words,
    }


def resident_row(place: int, key: str | None, fields: ResidentFields, current: ResidentFields | None) -> ResidentRow:
    """The row for the database."""
    return ResidentRow(line=place, id=key or new_id(), new=current is None, fields=fields)
