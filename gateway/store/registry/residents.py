"""Writing residents."""

from __future__ import annotations

import msgspec
from psycopg.types.json import Jsonb

from alerts.policy import NO_NEWS_TO
from devices.refusals import Refusal
from gateway.store.connection import Connection
from gateway.store.errors import Conflict
from gateway.store.registry.holding import hold_registry
from gateway.store.registry.leaving import end_what_ends
from gateway.store.registry.planner import replan
from gateway.store.registry.reading import find, require, stored
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Household, Resident, ResidentFields


def _resident_row(fields: ResidentFields) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(fields),
        "home_lat": fields.home.lat if fields.home else None,
        "home_lon": fields.home.lon if fields.home else None,
        "home": None,
        "address": Jsonb(fields.address),
        "card": Jsonb(fields.card),
    }


async def _check_household(conn: Connection, fields: ResidentFields) -> None:
    if fields.household is None:
        return
    household = await require(conn, Household, fields.household, "household")
    if household.site != fields.site:
        raise Conflict(
            Refusal("resident.household_elsewhere", "the household belongs to another site", field="household")
        )


async def add_resident(conn: Connection, actor: str, fields: ResidentFields) -> Resident:
    """Create a resident.

    Raises:
        MissingRecord: Unknown site or household.
        Conflict: The household belongs to another site, or the external_id is taken.
    """
    async with writing(conn, actor):
        await _check_household(conn, fields)
        key = await key_of(
            conn,
            "insert into resident (site, name, home_lat, home_lon, timezone, language, phone, birth_year, address,"
            " card, household, external_id, status, until) values (%(site)s, %(name)s, %(home_lat)s, %(home_lon)s,"
            " %(timezone)s, %(language)s, %(phone)s, %(birth_year)s, %(address)s, %(card)s, %(household)s,"
            " %(external_id)s, %(status)s, to_timestamp(%(until)s::bigint / 1000.0)) returning id",
            _resident_row(fields),
        )
        return await stored(conn, Resident, str(key))


async def replace_resident(
    conn: Connection, actor: str, key: str, fields: ResidentFields, *, now: int | None = None
) -> Resident | None:
    """Replace a resident's fields; with ``moved`` and ``deceased`` ends at ``now`` (ms) what must end at once.

    The same fields again change nothing.

    Raises:
        Conflict: The site differs (devices would stay behind), or as ``add_resident``.
    """
    async with writing(conn, actor):
        current = await find(conn, Resident, key)
        if current is None:
            return None
        if current.site != fields.site:
            raise Conflict(
                Refusal(
                    "resident.stays",
                    "a resident stays at their site: set the status to moved and enter them at the new one",
                    field="site",
                )
            )
        if msgspec.structs.asdict(fields).items() <= msgspec.structs.asdict(current).items():
            return current
        replanned = fields.timezone != current.timezone or _leaves(fields) != _leaves(current)
        if replanned:
            await hold_registry(conn)
        await _check_household(conn, fields)
        await conn.execute(
            "update resident set name = %(name)s, home_lat = %(home_lat)s, home_lon = %(home_lon)s,"
            " timezone = %(timezone)s, language = %(language)s, phone = %(phone)s, birth_year = %(birth_year)s,"
            " address = %(address)s, card = %(card)s, household = %(household)s, external_id = %(external_id)s,"
            " status = %(status)s, until = to_timestamp(%(until)s::bigint / 1000.0), updated_at = now(),"
            " erased_at = null where id = %(id)s",
            {**_resident_row(fields), "id": key},
        )
        at = await _now(conn) if now is None else now
        await end_what_ends(conn, at, [key])
        if replanned:
            await replan(conn, at, residents=[key])
        return await stored(conn, Resident, key)


def _leaves(fields: ResidentFields) -> bool:
    return fields.status in NO_NEWS_TO


async def _now(conn: Connection) -> int:
    row = await (await conn.execute("select (extract(epoch from now()) * 1000)::bigint")).fetchone()
    assert row is not None
    return int(row[0])
