"""Writing households."""

from __future__ import annotations

import msgspec
from psycopg.types.json import Jsonb

from gateway.store.connection import Connection
from gateway.store.registry.reading import stored
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Household, HouseholdFields


async def add_household(conn: Connection, actor: str, fields: HouseholdFields) -> Household:
    """Create a household."""
    async with writing(conn, actor):
        key = await key_of(
            conn,
            "insert into household (site, name, address) values (%(site)s, %(name)s, %(address)s) returning id",
            {**msgspec.structs.asdict(fields), "address": Jsonb(fields.address)},
        )
        return await stored(conn, Household, str(key))


async def replace_household(conn: Connection, actor: str, key: str, fields: HouseholdFields) -> Household | None:
    """Replace a household's fields, its site excepted; None when there is no such household."""
    async with writing(conn, actor):
        found = await key_of(
            conn,
            "update household set name = %(name)s, address = %(address)s"
            " where id = %(id)s and site = %(site)s returning id",
            {**msgspec.structs.asdict(fields), "address": Jsonb(fields.address), "id": key},
        )
        return None if found is None else await stored(conn, Household, found)
