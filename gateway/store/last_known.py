"""What a gateway must know by heart before the database goes away."""

from __future__ import annotations

from gateway.store.active import ACTIVE_STATES
from gateway.store.connection import Connection


async def alarms_to_remember(connection: Connection, *, since_ms: int, limit: int) -> list[bytes]:
    """The alarm objects as UTF-8 JSON, the oldest first: the active ones, and those raised since a moment (ms)."""
    cursor = await connection.execute(
        "select object::text from (select object, raised_at, id from alarm"
        f" where state in {ACTIVE_STATES} or raised_at >= %s order by raised_at desc, id limit %s) newest"
        " order by raised_at, id",
        (since_ms, limit),
    )
    return [row[0].encode() for row in await cursor.fetchall()]


async def addresses(connection: Connection) -> dict[str, bytes]:
    """Where residents live, by their id, as UTF-8 JSON; those of whom nothing is known are left out."""
    cursor = await connection.execute(
        "select id, address::text from resident where address <> '{}' and status not in ('moved', 'deceased')"
    )
    return {row[0]: row[1].encode() for row in await cursor.fetchall()}
