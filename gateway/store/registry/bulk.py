"""Many records at once: one transaction, one actor, one statement a kind of record.

A plan is made from a ``Snapshot`` and written only if nothing in the registry has changed since: ``write``
locks the counter of changes first and compares. So what was planned is what happens, and the lock, for which
every other change of the registry waits, is held for the writing alone and not for the planning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

import msgspec
from psycopg import DataError, IntegrityError, IsolationLevel, Rollback

from alerts.policy import NO_NEWS_TO
from devices.refusals import Refusal
from gateway.store.connection import Connection
from gateway.store.errors import StoreError
from gateway.store.registry.leaving import end_what_ends
from gateway.store.registry.views import VIEWS
from gateway.store.registry.writing import writing
from gateway.store.registry_bulk import (
    KINDS,
    Bulk,
    ContactRow,
    DeviceRow,
    FenceRow,
    HouseholdRow,
    ResidentRow,
    Snapshot,
)
from gateway.store.registry_records import Device


class RegistryMoved(StoreError):
    """The registry has changed since the snapshot: plan again."""


class RefusedLine(StoreError):
    """The database refused one of the rows; ``line`` is the one that the row bears. Nothing was changed."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(Refusal("import.refused_line", "{why}", why=why))
        self.line = line
        self.why = why


async def snapshot(conn: Connection, sites: Sequence[str]) -> Snapshot:
    """What the account may see, ``sites`` empty for all; devices of every site, for their ids are unique over all."""
    await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    try:
        async with conn.transaction():
            version = await (await conn.execute("select version from registry_version")).fetchone()
            rows: dict[type[object], list[str]] = {}
            for kind in KINDS:
                view = VIEWS[kind]
                where = f"where {view.site} = any(%(sites)s)" if sites and kind is not Device else ""
                cursor = await conn.execute(
                    f"select ({view.object})::text from {view.source} {where} order by {view.key}",
                    {"sites": list(sites)},
                )
                rows[kind] = [row[0] for row in await cursor.fetchall()]
    finally:
        await conn.set_isolation_level(None)
    assert version is not None
    return Snapshot(int(version[0]), rows)


async def write(conn: Connection, actor: str, bulk: Bulk, *, version: int, now: int) -> None:
    """Write everything or nothing; ``version`` is the snapshot's, ``now`` in ms is when devices change hands.

    Raises:
        RegistryMoved: Somebody changed the registry since the snapshot.
        RefusedLine: The database refuses a row.
    """
    async with writing(conn, actor):
        row = await (await conn.execute("select version from registry_version for update")).fetchone()
        if row is None or row[0] != version:
            raise RegistryMoved(
                Refusal("import.registry_moved", "somebody else is changing the registry: please try again")
            )
        await _put(conn, _NEW_HOUSEHOLDS, bulk.households, _household)
        await _put(conn, _NEW_RESIDENTS, [row for row in bulk.residents if row.new], _resident)
        await _put(conn, _CHANGED_RESIDENTS, [row for row in bulk.residents if not row.new], _resident)
        await _put(conn, _NEW_DEVICES, [row for row in bulk.devices if row.new], _device)
        await _put(conn, _CHANGED_DEVICES, [row for row in bulk.devices if not row.new], _device)
        await _hand_over(conn, [row for row in bulk.devices if row.handed_over], now)
        await _put(conn, _NEW_CONTACTS, [row for row in bulk.contacts if row.new], _contact)
        await _put(conn, _CHANGED_CONTACTS, [row for row in bulk.contacts if not row.new], _contact)
        await _put(conn, _NEW_FENCES, [row for row in bulk.fences if row.new], _fence)
        await _put(conn, _CHANGED_FENCES, [row for row in bulk.fences if not row.new], _fence)
        await end_what_ends(conn, now, [row.id for row in bulk.residents if row.fields.status in NO_NEWS_TO])


_Row = HouseholdRow | ResidentRow | DeviceRow | ContactRow | FenceRow


async def _hand_over(conn: Connection, rows: Sequence[DeviceRow], now: int) -> None:
    await _put(conn, _END_ASSIGNMENTS, rows, _device, now=now)
    worn = [row for row in rows if row.fields.resident is not None or row.fields.household is not None]
    await _put(conn, _NEW_ASSIGNMENTS, worn, _device, now=now)


async def _put(conn: Connection, statement: LiteralString, rows: Sequence[Any], as_json: Any, **more: object) -> None:
    if not rows:
        return
    encoded = [as_json(row) for row in rows]
    try:
        async with conn.transaction():
            await conn.execute(statement, {"rows": msgspec.json.encode(encoded).decode(), **more}, prepare=False)
    except (DataError, IntegrityError) as error:
        place = await _culprit(conn, statement, encoded, more)
        raise RefusedLine(rows[place].line, error.diag.message_primary or str(error)) from None


async def _culprit(
    conn: Connection, statement: LiteralString, encoded: Sequence[object], more: Mapping[str, object]
) -> int:
    """The first row with which the statement fails: halves the rows before it until one is left."""
    passing, failing = 0, len(encoded)
    while failing - passing > 1:
        middle = (passing + failing) // 2
        try:
            async with conn.transaction():
                rows = msgspec.json.encode(encoded[:middle]).decode()
                await conn.execute(statement, {"rows": rows, **more}, prepare=False)
                passing = middle
                raise Rollback
        except (DataError, IntegrityError):
            failing = middle
    return failing - 1


def _household(row: HouseholdRow) -> dict[str, object]:
    return {"id": row.id, **msgspec.structs.asdict(row.fields)}


def _resident(row: ResidentRow) -> dict[str, object]:
    home = row.fields.home
    return {
        **msgspec.structs.asdict(row.fields),
        "id": row.id,
        "home_lat": home.lat if home else None,
        "home_lon": home.lon if home else None,
    }


def _device(row: DeviceRow) -> dict[str, object]:
    return {"id": row.id, **msgspec.structs.asdict(row.fields)}


def _contact(row: ContactRow) -> dict[str, object]:
    return {"id": row.id, **msgspec.structs.asdict(row.fields)}


def _fence(row: FenceRow) -> dict[str, object]:
    circle = row.fields.circle
    return {
        "id": row.id,
        "resident": row.fields.resident,
        "name": row.fields.name,
        "lat": circle.lat if circle else None,
        "lon": circle.lon if circle else None,
        "radius_m": circle.radius_m if circle else None,
        "polygon": row.fields.polygon,
        "active": row.fields.active,
    }


_NEW_HOUSEHOLDS: Final[LiteralString] = (
    "insert into household (id, site, name, address) select x.id, x.site, x.name, x.address"
    " from jsonb_to_recordset(%(rows)s::jsonb) x (id text, site text, name text, address jsonb)"
)
_RESIDENT_COLUMNS: Final[LiteralString] = (
    "x (id text, site text, name text, home_lat float8, home_lon float8, timezone text, language text, phone text,"
    " birth_year int, address jsonb, card jsonb, household text, external_id text, status text, until bigint)"
)
_NEW_RESIDENTS: Final[LiteralString] = (
    "insert into resident (id, site, name, home_lat, home_lon, timezone, language, phone, birth_year, address, card,"
    " household, external_id, status, until) select x.id, x.site, x.name, x.home_lat, x.home_lon, x.timezone,"
    " x.language, x.phone, x.birth_year, x.address, x.card, x.household, x.external_id, x.status,"
    f" to_timestamp(x.until / 1000.0) from jsonb_to_recordset(%(rows)s::jsonb) {_RESIDENT_COLUMNS}"
)
_CHANGED_RESIDENTS: Final[LiteralString] = (
    "update resident r set name = x.name, home_lat = x.home_lat, home_lon = x.home_lon, timezone = x.timezone,"
    " language = x.language, phone = x.phone, birth_year = x.birth_year, address = x.address, card = x.card,"
    " household = x.household, external_id = x.external_id, status = x.status,"
    " until = to_timestamp(x.until / 1000.0), updated_at = now(), erased_at = null"
    f" from jsonb_to_recordset(%(rows)s::jsonb) {_RESIDENT_COLUMNS} where r.id = x.id"
)
_DEVICE_COLUMNS: Final[LiteralString] = "x (id text, site text, type text, phone text, resident text, household text)"
_NEW_DEVICES: Final[LiteralString] = (
    "insert into device as d (id, site, type, phone) select x.id, x.site, x.type, x.phone"
    f" from jsonb_to_recordset(%(rows)s::jsonb) {_DEVICE_COLUMNS}"
    " on conflict (id) do update set site = excluded.site, type = excluded.type, phone = excluded.phone,"
    " registered = true where not d.registered"
)
_CHANGED_DEVICES: Final[LiteralString] = (
    "update device d set type = x.type, phone = x.phone"
    f" from jsonb_to_recordset(%(rows)s::jsonb) {_DEVICE_COLUMNS} where d.id = x.id"
)
_END_ASSIGNMENTS: Final[LiteralString] = (
    "update assignment n set to_ms = greatest(%(now)s::bigint, n.from_ms + 1)"
    f" from jsonb_to_recordset(%(rows)s::jsonb) {_DEVICE_COLUMNS} join device d on d.id = x.id"
    " where n.device_slot = d.slot and n.to_ms is null"
)
_NEW_ASSIGNMENTS: Final[LiteralString] = (
    "insert into assignment (device_slot, resident_slot, household, from_ms)"
    " select d.slot, r.slot, case when r.slot is null then x.household end,"
    " (select case when count(*) = 0 then 0 else greatest(%(now)s::bigint, max(n.to_ms)) end"
    " from assignment n where n.device_slot = d.slot)"
    f" from jsonb_to_recordset(%(rows)s::jsonb) {_DEVICE_COLUMNS}"
    " join device d on d.id = x.id left join resident r on r.id = x.resident"
)
_CONTACT_COLUMNS: Final[LiteralString] = (
    'x (id text, resident text, name text, phone text, relation text, "order" int, channels text[],'
    " can_receive_sms boolean, holds_key boolean, language text)"
)
_NEW_CONTACTS: Final[LiteralString] = (
    'insert into contact (id, resident_slot, name, phone, relation, "order", channels, can_receive_sms, holds_key,'
    ' language) select x.id, r.slot, x.name, x.phone, x.relation, x."order", x.channels, x.can_receive_sms,'
    f" x.holds_key, x.language from jsonb_to_recordset(%(rows)s::jsonb) {_CONTACT_COLUMNS}"
    " join resident r on r.id = x.resident"
)
_CHANGED_CONTACTS: Final[LiteralString] = (
    'update contact c set name = x.name, phone = x.phone, relation = x.relation, "order" = x."order",'
    " channels = x.channels, can_receive_sms = x.can_receive_sms, holds_key = x.holds_key, language = x.language"
    f" from jsonb_to_recordset(%(rows)s::jsonb) {_CONTACT_COLUMNS} where c.id = x.id"
)
_FENCE_COLUMNS: Final[LiteralString] = (
    "x (id text, resident text, name text, lat float8, lon float8, radius_m float8, polygon jsonb, active jsonb)"
)
_NEW_FENCES: Final[LiteralString] = (
    "insert into fence (id, resident_slot, name, circle_lat, circle_lon, radius_m, polygon, active)"
    " select x.id, r.slot, x.name, x.lat, x.lon, x.radius_m, nullif(x.polygon, 'null'::jsonb),"
    " nullif(x.active, 'null'::jsonb)"
    f" from jsonb_to_recordset(%(rows)s::jsonb) {_FENCE_COLUMNS} join resident r on r.id = x.resident"
)
_CHANGED_FENCES: Final[LiteralString] = (
    "update fence f set name = x.name, circle_lat = x.lat, circle_lon = x.lon, radius_m = x.radius_m,"
    " polygon = nullif(x.polygon, 'null'::jsonb), active = nullif(x.active, 'null'::jsonb)"
    f" from jsonb_to_recordset(%(rows)s::jsonb) {_FENCE_COLUMNS} where f.id = x.id"
)
