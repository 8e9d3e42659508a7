"""Reading and writing the registry by public ids.

Every write runs in one transaction that carries the actor's user name; the table's trigger numbers the
change and tells every role (design rule 11). Reads take ``sites``: those the reader may see, empty for all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, LiteralString, TypeVar

import msgspec
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from psycopg.types.json import Jsonb

from gateway.store.connection import Connection
from gateway.store.errors import Conflict, MissingRecord
from gateway.store.registry_records import (
    Contact,
    ContactFields,
    Device,
    DeviceFields,
    Fence,
    FenceFields,
    Household,
    HouseholdFields,
    Record,
    Resident,
    ResidentFields,
    Site,
)

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class _View:
    """How one kind of record is read: its JSON, its tables, its key, its site and what it may be asked for."""

    table: LiteralString
    object: LiteralString
    source: LiteralString
    key: LiteralString
    site: LiteralString
    filters: Mapping[str, LiteralString] = field(default_factory=dict)


_VIEWS: Final[dict[type[object], _View]] = {
    Site: _View(
        "site",
        "jsonb_build_object('id', s.id, 'name', s.name, 'timezone', s.timezone, 'demo', s.demo)",
        "site s",
        "s.id",
        "s.id",
    ),
    Household: _View(
        "household",
        "jsonb_build_object('id', h.id, 'site', h.site, 'name', h.name, 'address', h.address)",
        "household h",
        "h.id",
        "h.site",
        {"site": "h.site"},
    ),
    Resident: _View(
        "resident",
        "jsonb_build_object('id', r.id, 'site', r.site, 'name', r.name, 'timezone', r.timezone,"
        " 'home', case when r.home_lat is not null and r.home_lon is not null"
        " then jsonb_build_object('lat', r.home_lat, 'lon', r.home_lon) end,"
        " 'language', r.language, 'phone', r.phone, 'birth_year', r.birth_year, 'address', r.address,"
        " 'card', r.card, 'household', r.household, 'external_id', r.external_id, 'status', r.status,"
        " 'until', (extract(epoch from r.until) * 1000)::bigint)",
        "resident r",
        "r.id",
        "r.site",
        {"site": "r.site", "household": "r.household", "external_id": "r.external_id", "status": "r.status"},
    ),
    Device: _View(
        "device",
        "jsonb_build_object('id', d.id, 'site', d.site, 'type', d.type, 'phone', d.phone,"
        " 'registered', d.registered, 'revoked', d.revoked, 'resident', w.id, 'household', n.household)",
        "device d left join assignment n on n.device_slot = d.slot and n.to_ms is null"
        " left join resident w on w.slot = n.resident_slot",
        "d.id",
        "d.site",
        {"site": "d.site", "resident": "w.id", "type": "d.type"},
    ),
    Contact: _View(
        "contact",
        "jsonb_build_object('id', c.id, 'resident', r.id, 'site', r.site, 'name', c.name, 'phone', c.phone,"
        " 'relation', c.relation, 'order', c.\"order\", 'channels', c.channels,"
        " 'can_receive_sms', c.can_receive_sms, 'holds_key', c.holds_key, 'language', c.language)",
        "contact c join resident r on r.slot = c.resident_slot",
        "c.id",
        "r.site",
        {"site": "r.site", "resident": "r.id"},
    ),
    Fence: _View(
        "fence",
        "jsonb_build_object('id', f.id, 'resident', r.id, 'site', r.site, 'name', f.name,"
        " 'circle', case when f.radius_m is not null then jsonb_build_object("
        "'lat', f.circle_lat, 'lon', f.circle_lon, 'radius_m', f.radius_m) end, 'polygon', f.polygon)",
        "fence f join resident r on r.slot = f.resident_slot",
        "f.id",
        "r.site",
        {"site": "r.site", "resident": "r.id"},
    ),
}

_TAKEN: Final[dict[str, str]] = {
    "site_pkey": "a site with this id exists",
    "device_pkey": "a device with this id exists; ids are unique over all sites",
    "resident_site_external_id_key": "another resident of this site has this external_id",
}
_MISSING: Final[dict[str, str]] = {
    "resident_site_fkey": "there is no such site",
    "resident_household_fkey": "there is no such household",
    "household_site_fkey": "there is no such site",
    "assignment_household_fkey": "there is no such household",
}


async def find(conn: Connection, kind: type[R], key: str) -> R | None:
    """The record with this id, whatever its site: check ``account.sees(record.site)`` before showing it."""
    view = _VIEWS[kind]
    cursor = await conn.execute(f"select ({view.object})::text from {view.source} where {view.key} = %s", (key,))
    row = await cursor.fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=kind)


async def listing(
    conn: Connection,
    kind: type[R],
    *,
    sites: Sequence[str],
    filters: Mapping[str, str] | None = None,
    after: str = "",
    limit: int = 100,
) -> list[R]:
    """At most ``limit`` records in the order of their ids, those behind ``after``.

    Raises ``KeyError`` for a filter that this kind does not have.
    """
    view = _VIEWS[kind]
    where = [f"{view.key} > %(after)s"]
    if sites:
        where.append(f"{view.site} = any(%(sites)s)")
    where += [f"{view.filters[name]} = %({name})s" for name in filters or {}]
    cursor = await conn.execute(
        f"select ({view.object})::text from {view.source} where {' and '.join(where)}"
        f" order by {view.key} limit %(limit)s",
        {"after": after, "sites": list(sites), "limit": limit, **(filters or {})},
    )
    return [msgspec.json.decode(row[0], type=kind) for row in await cursor.fetchall()]


def filters_of(kind: type[R]) -> frozenset[str]:
    """The names by which a listing of this kind can be narrowed."""
    return frozenset(_VIEWS[kind].filters)


@asynccontextmanager
async def writing(conn: Connection, actor: str) -> AsyncIterator[None]:
    """One transaction whose changes bear the actor's name.

    Raises ``Conflict`` and ``MissingRecord`` with words for the person who asked.
    """
    try:
        async with conn.transaction():
            await conn.execute("select set_config('anxin.actor', %s, true)", (actor,))
            yield
    except UniqueViolation as error:
        name = error.diag.constraint_name or ""
        raise Conflict(_TAKEN.get(name, "a record like this exists")) from None
    except ForeignKeyViolation as error:
        name = error.diag.constraint_name or ""
        if name in _MISSING and "is not present" in (error.diag.message_detail or ""):
            raise MissingRecord(_MISSING[name]) from None
        raise Conflict("something still refers to this record") from None


async def _stored(conn: Connection, kind: type[R], key: str) -> R:
    record = await find(conn, kind, key)
    if record is None:
        raise MissingRecord(f"the {_VIEWS[kind].table} was removed meanwhile")
    return record


async def _key(conn: Connection, statement: LiteralString, params: Mapping[str, object]) -> str | None:
    row = await (await conn.execute(statement, params)).fetchone()
    return None if row is None else str(row[0])


async def save_site(conn: Connection, actor: str, site: Site, *, create: bool) -> Site | None:
    """Create or replace a site; None when there is nothing to replace."""
    statement: LiteralString = (
        "insert into site (id, name, timezone, demo) values (%(id)s, %(name)s, %(timezone)s, %(demo)s) returning id"
        if create
        else "update site set name = %(name)s, timezone = %(timezone)s, demo = %(demo)s where id = %(id)s returning id"
    )
    async with writing(conn, actor):
        key = await _key(conn, statement, msgspec.structs.asdict(site))
        return None if key is None else await _stored(conn, Site, key)


async def add_household(conn: Connection, actor: str, fields: HouseholdFields) -> Household:
    """Create a household."""
    async with writing(conn, actor):
        key = await _key(
            conn,
            "insert into household (site, name, address) values (%(site)s, %(name)s, %(address)s) returning id",
            {**msgspec.structs.asdict(fields), "address": Jsonb(fields.address)},
        )
        return await _stored(conn, Household, str(key))


async def replace_household(conn: Connection, actor: str, key: str, fields: HouseholdFields) -> Household | None:
    """Replace a household's fields, its site excepted; None when there is no such household."""
    async with writing(conn, actor):
        found = await _key(
            conn,
            "update household set name = %(name)s, address = %(address)s"
            " where id = %(id)s and site = %(site)s returning id",
            {**msgspec.structs.asdict(fields), "address": Jsonb(fields.address), "id": key},
        )
        return None if found is None else await _stored(conn, Household, found)


def _resident_row(fields: ResidentFields) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(fields),
        "home_lat": fields.home.lat if fields.home else None,
        "home_lon": fields.home.lon if fields.home else None,
        "home": None,
        "address": Jsonb(fields.address),
        "card": Jsonb(fields.card),
    }


async def add_resident(conn: Connection, actor: str, fields: ResidentFields) -> Resident:
    """Create a resident. Raises ``MissingRecord`` for an unknown site or household."""
    async with writing(conn, actor):
        key = await _key(
            conn,
            "insert into resident (site, name, home_lat, home_lon, timezone, language, phone, birth_year, address,"
            " card, household, external_id, status, until) values (%(site)s, %(name)s, %(home_lat)s, %(home_lon)s,"
            " %(timezone)s, %(language)s, %(phone)s, %(birth_year)s, %(address)s, %(card)s, %(household)s,"
            " %(external_id)s, %(status)s, to_timestamp(%(until)s::bigint / 1000.0)) returning id",
            _resident_row(fields),
        )
        return await _stored(conn, Resident, str(key))


async def replace_resident(conn: Connection, actor: str, key: str, fields: ResidentFields) -> Resident | None:
    """Replace a resident's fields. Raises ``Conflict`` when the site differs: devices would stay behind."""
    async with writing(conn, actor):
        current = await find(conn, Resident, key)
        if current is None:
            return None
        if current.site != fields.site:
            raise Conflict("a resident stays at their site: set the status to moved and enter them at the new one")
        await conn.execute(
            "update resident set name = %(name)s, home_lat = %(home_lat)s, home_lon = %(home_lon)s,"
            " timezone = %(timezone)s, language = %(language)s, phone = %(phone)s, birth_year = %(birth_year)s,"
            " address = %(address)s, card = %(card)s, household = %(household)s, external_id = %(external_id)s,"
            " status = %(status)s, until = to_timestamp(%(until)s::bigint / 1000.0), updated_at = now()"
            " where id = %(id)s",
            {**_resident_row(fields), "id": key},
        )
        return await _stored(conn, Resident, key)


async def add_device(
    conn: Connection, actor: str, key: str, fields: DeviceFields, *, password_hash: str | None, now: int
) -> Device:
    """Register a device and hand it to its wearer; ``now`` in ms.

    A device that nobody entered but that cried for help, and one that was revoked, are taken over.
    The first wearer counts as having worn it from the beginning, so that readings which it stored
    before somebody entered it find their resident.

    Raises:
        Conflict: The id is in use.
        MissingRecord: Unknown site, resident or household.
    """
    async with writing(conn, actor):
        await _require(conn, Site, fields.site, "there is no such site")
        row = {**msgspec.structs.asdict(fields), "id": key, "hash": password_hash}
        found = await _key(
            conn,
            "insert into device as d (id, site, type, phone, mqtt_password_hash)"
            " values (%(id)s, %(site)s, %(type)s, %(phone)s, %(hash)s)"
            " on conflict (id) do update set site = excluded.site, type = excluded.type, phone = excluded.phone,"
            " mqtt_password_hash = excluded.mqtt_password_hash, registered = true, revoked = false"
            " where d.revoked or not d.registered returning id",
            row,
        )
        if found is None:
            raise Conflict(_TAKEN["device_pkey"])
        await _assign(conn, key, fields, now)
        return await _stored(conn, Device, key)


async def replace_device(conn: Connection, actor: str, key: str, fields: DeviceFields, *, now: int) -> Device | None:
    """Replace a device's fields; another wearer from ``now`` (ms) on. None when there is no such device."""
    async with writing(conn, actor):
        current = await find(conn, Device, key)
        if current is None or current.revoked:
            return None
        if current.site != fields.site:
            raise Conflict("a device stays at its site: remove it and register it at the new one")
        await conn.execute(
            "update device set type = %s, phone = %s, registered = true where id = %s",
            (fields.type, fields.phone, key),
        )
        if (current.resident, current.household) != (fields.resident, fields.household):
            await _assign(conn, key, fields, now)
        return await _stored(conn, Device, key)


async def set_device_password(conn: Connection, actor: str, key: str, password_hash: str) -> bool:
    """Give a device a new password; the broker learns it by the registry's NOTIFY."""
    async with writing(conn, actor):
        cursor = await conn.execute(
            "update device set mqtt_password_hash = %s where id = %s and not revoked", (password_hash, key)
        )
        return cursor.rowcount == 1


async def revoke_device(conn: Connection, actor: str, key: str, *, now: int) -> bool:
    """Take a device out of service: no password, no wearer. Its readings and its id stay."""
    async with writing(conn, actor):
        cursor = await conn.execute(
            "update device set revoked = true, mqtt_password_hash = null where id = %s and not revoked", (key,)
        )
        if cursor.rowcount == 0:
            return False
        await _end_assignment(conn, key, now)
        return True


async def _require(conn: Connection, kind: type[R], key: str, otherwise: str) -> R:
    record = await find(conn, kind, key)
    if record is None:
        raise MissingRecord(otherwise)
    return record


async def _end_assignment(conn: Connection, device: str, now: int) -> None:
    await conn.execute(
        "update assignment set to_ms = greatest(%s, from_ms + 1) where to_ms is null"
        " and device_slot = (select slot from device where id = %s)",
        (now, device),
    )


async def _assign(conn: Connection, device: str, fields: DeviceFields, now: int) -> None:
    wearer: Resident | Household | None = None
    if fields.resident is not None:
        wearer = await _require(conn, Resident, fields.resident, "there is no such resident")
    elif fields.household is not None:
        wearer = await _require(conn, Household, fields.household, "there is no such household")
    await _end_assignment(conn, device, now)
    if wearer is None:
        return
    if wearer.site != fields.site:
        raise Conflict("the device and its wearer belong to different sites")
    await conn.execute(
        "insert into assignment (device_slot, resident_slot, household, from_ms) select d.slot,"
        " (select slot from resident where id = %(resident)s), %(household)s,"
        " (select case when count(*) = 0 then 0 else greatest(%(now)s, max(n.to_ms)) end"
        " from assignment n where n.device_slot = d.slot)"
        " from device d where d.id = %(device)s",
        {
            "device": device,
            "resident": fields.resident,
            "household": fields.household if fields.resident is None else None,
            "now": now,
        },
    )


_CONTACT_SET: Final = (
    'name = %(name)s, phone = %(phone)s, relation = %(relation)s, "order" = %(order)s, channels = %(channels)s,'
    " can_receive_sms = %(can_receive_sms)s, holds_key = %(holds_key)s, language = %(language)s"
)


async def add_contact(conn: Connection, actor: str, fields: ContactFields) -> Contact:
    """Create a contact of a resident."""
    async with writing(conn, actor):
        await _require(conn, Resident, fields.resident, "there is no such resident")
        key = await _key(
            conn,
            'insert into contact (resident_slot, name, phone, relation, "order", channels, can_receive_sms,'
            " holds_key, language) select slot, %(name)s, %(phone)s, %(relation)s, %(order)s, %(channels)s,"
            " %(can_receive_sms)s, %(holds_key)s, %(language)s from resident where id = %(resident)s returning id",
            msgspec.structs.asdict(fields),
        )
        return await _stored(conn, Contact, str(key))


async def replace_contact(conn: Connection, actor: str, key: str, fields: ContactFields) -> Contact | None:
    """Replace a contact's fields; whose contact it is stays as it was."""
    async with writing(conn, actor):
        found = await _key(
            conn,
            f"update contact set {_CONTACT_SET} where id = %(id)s returning id",
            {**msgspec.structs.asdict(fields), "id": key},
        )
        return None if found is None else await _stored(conn, Contact, found)


def _fence_row(fields: FenceFields) -> dict[str, object]:
    circle = fields.circle
    return {
        "resident": fields.resident,
        "name": fields.name,
        "lat": circle.lat if circle else None,
        "lon": circle.lon if circle else None,
        "radius_m": circle.radius_m if circle else None,
        "polygon": Jsonb(fields.polygon) if fields.polygon is not None else None,
    }


async def add_fence(conn: Connection, actor: str, fields: FenceFields) -> Fence:
    """Create a zone of a resident; exactly one of ``circle`` and ``polygon`` is set."""
    async with writing(conn, actor):
        await _require(conn, Resident, fields.resident, "there is no such resident")
        key = await _key(
            conn,
            "insert into fence (resident_slot, name, circle_lat, circle_lon, radius_m, polygon)"
            " select slot, %(name)s, %(lat)s, %(lon)s, %(radius_m)s, %(polygon)s"
            " from resident where id = %(resident)s returning id",
            _fence_row(fields),
        )
        return await _stored(conn, Fence, str(key))


async def replace_fence(conn: Connection, actor: str, key: str, fields: FenceFields) -> Fence | None:
    """Replace a zone's name and shape; whose zone it is stays as it was."""
    async with writing(conn, actor):
        found = await _key(
            conn,
            "update fence set name = %(name)s, circle_lat = %(lat)s, circle_lon = %(lon)s, radius_m = %(radius_m)s,"
            " polygon = %(polygon)s where id = %(id)s returning id",
            {**_fence_row(fields), "id": key},
        )
        return None if found is None else await _stored(conn, Fence, found)


async def remove(conn: Connection, actor: str, kind: type[R], key: str) -> bool:
    """Remove a site, household, resident, contact or fence; devices are revoked instead.

    With a resident go contacts, zones and the record of who wore what.

    Raises:
        Conflict: Something still refers to it, or the resident has an active alarm.
    """
    async with writing(conn, actor):
        if kind is Resident:
            await _let_go(conn, key)
        if kind is Site and await _key(
            conn, "select id from device where site = %(id)s and not revoked limit 1", {"id": key}
        ):
            raise Conflict("the site still has devices")
        cursor = await conn.execute(f"delete from {_VIEWS[kind].table} where id = %s", (key,))
        return cursor.rowcount == 1


async def _let_go(conn: Connection, resident: str) -> None:
    active = await _key(
        conn,
        "select id from alarm where resident = %(id)s"
        " and state in ('open', 'acknowledged', 'dispatched', 'on_scene') limit 1",
        {"id": resident},
    )
    if active is not None:
        raise Conflict("the resident has an active alarm")
    slot = "(select slot from resident where id = %s)"
    for table in ("contact", "fence", "assignment"):
        await conn.execute(f"delete from {table} where resident_slot = {slot}", (resident,))
