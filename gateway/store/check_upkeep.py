"""The end of windows that are over: what became of them is kept, their rows and the log of those are not."""

from __future__ import annotations

from typing import Final

from devices.clock import DAY_MS
from gateway.store.checks import put_away
from gateway.store.connection import Connection
from gateway.store.registry.holding import hold_registry
from gateway.store.registry.planner import PLANNER
from gateway.store.registry.writing import writing

KEPT_MS: Final = 8 * DAY_MS
"""So long windows stand after their end, and the log of them after they were removed: a gateway that was away for a
week learns of both."""
AT_ONCE: Final = 5_000
"""Windows a transaction, for which every other change of the registry waits."""


async def end_windows(conn: Connection, now: int) -> int:
    """Put windows that ended more than eight days ago away with their outcomes; how many rows went.

    The log of removed windows and of older sightings goes as well: they are the only records that come by the
    thousand every day, and nobody asks for their history.
    """
    ended = 0
    while (some := await _put_away(conn, now - KEPT_MS)) > 0:
        ended += some
    cursor = await conn.execute(
        "delete from registry_change c where c.at < to_timestamp(%s / 1000.0) and ((c.entity = 'check_window'"
        " and not exists (select from check_window w where w.id = c.key)) or (c.entity = 'sighting' and exists"
        " (select from registry_change n where n.entity = c.entity and n.key = c.key and n.version > c.version)))",
        (now - KEPT_MS,),
    )
    return ended + cursor.rowcount


async def end_outcomes(conn: Connection, before: int) -> int:
    """Forget what became of checks that ended before ``before`` (ms), and who vouched for whom before; how many."""
    cursor = await conn.execute("delete from check_outcome where closes_ms < %s", (before,))
    noted = await conn.execute("delete from sighting_note where at_ms < %s", (before,))
    asked = await conn.execute("delete from absence_question where until < to_timestamp(%s / 1000.0)", (before,))
    return cursor.rowcount + noted.rowcount + asked.rowcount


async def _put_away(conn: Connection, before: int) -> int:
    async with writing(conn, PLANNER):
        await hold_registry(conn)
        cursor = await conn.execute(
            "select id from check_window where closes_ms < %s order by closes_ms limit %s", (before, AT_ONCE)
        )
        keys = [row[0] for row in await cursor.fetchall()]
        await put_away(conn, keys, skipped=None)
    return len(keys)
