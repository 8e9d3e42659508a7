"""Writing zones."""

from __future__ import annotations

import msgspec
from psycopg.types.json import Jsonb

from gateway.store.connection import Connection
from gateway.store.registry.reading import require, stored
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Fence, FenceFields, Resident


def _fence_row(fields: FenceFields) -> dict[str, object]:
    circle = fields.circle
    return {
        "resident": fields.resident,
        "name": fields.name,
        "lat": circle.lat if circle else None,
        "lon": circle.lon if circle else None,
        "radius_m": circle.radius_m if circle else None,
        "polygon": Jsonb(fields.polygon) if fields.polygon is not None else None,
        "active": Jsonb(msgspec.to_builtins(fields.active)) if fields.active is not None else None,
    }


async def add_fence(conn: Connection, actor: str, fields: FenceFields) -> Fence:
    """Create a zone of a resident; exactly one of ``circle`` and ``polygon`` is set."""
    async with writing(conn, actor):
        await require(conn, Resident, fields.resident, "resident")
        key = await key_of(
            conn,
            "insert into fence (resident_slot, name, circle_lat, circle_lon, radius_m, polygon, active)"
            " select slot, %(name)s, %(lat)s, %(lon)s, %(radius_m)s, %(polygon)s, %(active)s"
            " from resident where id = %(resident)s returning id",
            _fence_row(fields),
        )
        return await stored(conn, Fence, str(key))


async def replace_fence(conn: Connection, actor: str, key: str, fields: FenceFields) -> Fence | None:
    """Replace a zone's name, shape and hours; whose zone it is stays as it was."""
    async with writing(conn, actor):
        found = await key_of(
            conn,
            "update fence set name = %(name)s, circle_lat = %(lat)s, circle_lon = %(lon)s, radius_m = %(radius_m)s,"
            " polygon = %(polygon)s, active = %(active)s where id = %(id)s returning id",
            {**_fence_row(fields), "id": key},
        )
        return None if found is None else await stored(conn, Fence, found)
