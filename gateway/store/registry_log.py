"""The registry as the gateway reads it: typed changes in the order of their versions (design rule 11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from psycopg import IsolationLevel, sql

from devices.registry import RECORD_TYPES, Entity, Record, RegistryChange
from gateway.store.connection import Connection

_WANTED: Final[tuple[Entity, ...]] = tuple(RECORD_TYPES)
_DECODERS: Final = {entity: msgspec.json.Decoder(RECORD_TYPES[entity]) for entity in _WANTED}


async def changes_since(
    connection: Connection, version: int, until: int | None = None, limit: int = 10_000
) -> list[RegistryChange]:
    """The changes with ``version < v <= until`` (all, when ``until`` is None), in order, ``limit`` at most."""
    cursor = await connection.execute(
        "select version, entity, key, case when entity = any(%s) then record::text end from registry_change"
        " where version > %s and (%s::bigint is null or version <= %s) order by version limit %s",
        (list(_WANTED), version, until, until, limit),
    )
    return [_typed(*row) for row in await cursor.fetchall()]


async def current_version(connection: Connection) -> int:
    """The version of the newest committed change."""
    row = await (await connection.execute("select version from registry_version")).fetchone()
    return int(row[0]) if row else 0


async def records_now(connection: Connection, entities: Sequence[Entity]) -> tuple[int, dict[Entity, list[Record]]]:
    """The records of these kinds as they are, and the version of the registry at which they are so."""
    records: dict[Entity, list[Record]] = {}
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    try:
        async with connection.transaction():
            version = await current_version(connection)
            for entity in entities:
                record = RECORD_TYPES[entity]
                names = record.__struct_fields__
                query = sql.SQL("select {} from {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(entity)
                )
                async with connection.cursor(binary=True) as cursor:
                    await cursor.execute(query)
                    records[entity] = [record(**dict(zip(names, row, strict=True))) for row in await cursor.fetchall()]
    finally:
        await connection.set_isolation_level(None)
    return version, records


async def add_unknown_devices(connection: Connection, devices: list[tuple[str, str]]) -> dict[str, int]:
    """Give (device, site) pairs that nobody registered a slot, so that their cry for help can be stored."""
    names = [device for device, _ in devices]
    await connection.execute(
        "insert into device (id, site, registered) select *, false from unnest(%s::text[], %s::text[])"
        " on conflict (id) do nothing",
        (names, [site for _, site in devices]),
    )
    cursor = await connection.execute("select id, slot from device where id = any(%s)", (names,))
    return {row[0]: row[1] for row in await cursor.fetchall()}


def _typed(version: int, entity: Entity, key: str, record: str | None) -> RegistryChange:
    known = None if record is None else _DECODERS[entity].decode(record)
    return RegistryChange(version=version, entity=entity, key=key, record=known)
