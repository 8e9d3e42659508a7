"""How far the alarm feed has come."""

from __future__ import annotations

from gateway.store.connection import Connection


async def read_cursor(connection: Connection) -> int:
    """The number of the last change that the broker has."""
    row = await (await connection.execute("select n from feed_cursor")).fetchone()
    return int(row[0]) if row else 0


async def advance_cursor(connection: Connection, n: int) -> None:
    """The broker has every change up to ``n``."""
    await connection.execute("update feed_cursor set n = %s where n < %s", (n, n))
