"""Writing residents."""

from __future__ import annotations

import msgspec
from psycopg.types.json import Jsonb

from gateway.store.connection import Connection
from gateway.store.errors import Conflict
from gateway.store.registry.reading import find, stored
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Resident, ResidentFields


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
        key = await key_of(
            conn,
            "insert into resident (site, name, home_lat, home_lon, timezone, language, phone, birth_year, address,"
            " card, household, external_id, status, until) values (%(site)s, %(name)s, %(home_lat)s, %(home_lon)s,"
            " %(timezone)s, %(language)s, %(phone)s, %(birth_year)s, %(address)s, %(card)s, %(household)s,"
            " %(external_id)s, %(status)s, to_timestamp(%(until)s::bigint / 1000.0)) returning id",
            _resident_row(fields),
        )
        return await stored(conn, Resident, str(key))


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
        return await stored(conn, Resident, key)
