"""Who goes with a resident wherever they walk, for a while."""

from __future__ import annotations

from gateway.store.connection import Connection
from gateway.store.registry.reading import require, stored
from gateway.store.registry.writing import writing
from gateway.store.registry_records import Resident


async def accompany(conn: Connection, actor: str, resident: str, until_ms: int | None) -> Resident:
    """Somebody is with them until then (ms), None: nobody is. The same again changes nothing.

    Raises:
        MissingRecord: There is no such resident.
    """
    async with writing(conn, actor):
        await require(conn, Resident, resident, "resident")
        await conn.execute(
            "update resident set accompanied_until = %(until)s::int8, updated_at = now()"
            " where id = %(id)s and accompanied_until is distinct from %(until)s::int8",
            {"id": resident, "until": until_ms},
        )
        return await stored(conn, Resident, resident)
