"""The registry as the gateway reads it: typed changes in the order of their versions (design rule 11)."""

from __future__ import annotations

from typing import Any, Final

from devices.registry import Entity, RegistryChange, record_from_row
from gateway.store.connection import Connection

_WANTED: Final[tuple[Entity, ...]] = ("site", "resident", "device", "assignment", "fence", "parameter")


async def changes_since(
    connection: Connection, version: int, until: int | None = None, limit: int = 10_000
) -> list[RegistryChange]:
    """The changes with ``version < v <= until`` (all, when ``until`` is None), in order, ``limit`` at most."""
    cursor = await connection.execute(
        "select version, entity, key, record from registry_change where version > %s"
        " and (%s::bigint is null or version <= %s) order by version limit %s",
        (version, until, until, limit),
    )
    return [_typed(*row) for row in await cursor.fetchall()]


async def current_version(connection: Connection) -> int:
    """The version of the newest committed change."""
    row = await (await connection.execute("select version from registry_version")).fetchone()
    return int(row[0]) if row else 0


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


def _typed(version: int, entity: Entity, key: str, record: dict[str, Any] | None) -> RegistryChange:
    wanted = entity in _WANTED
    return RegistryChange(
        version=version,
        entity=entity,
        key=key,
        record=record_from_row(entity, record) if wanted and record is not None else None,
    )
