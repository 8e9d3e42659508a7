"""Following what others commit: LISTEN as the alarm clock, the tables as the truth (design rule 10)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

import psycopg
import structlog
from psycopg import sql

from gateway.store.connection import Connection, connect

RELOOK_S: Final = 5.0
"""A reader looks at the table this often even when no NOTIFY came."""

_log = structlog.get_logger(__name__)


class Change(NamedTuple):
    """One numbered change of an alarm; ``object_json`` is the alarm object after it, as UTF-8 JSON."""

    n: int
    count_only: bool
    site: str | None
    alarm: str
    object_json: bytes


async def changes_after(connection: Connection, n: int, limit: int = 1000) -> list[Change]:
    """The changes numbered above ``n``, in order. Numbers are gapless in the order of commits."""
    cursor = await connection.execute(
        "select n, count_only, object ->> 'site', alarm::text, object::text from alarm_change"
        " where n > %s order by n limit %s",
        (n, limit),
    )
    return [
        Change(n, count_only, site, alarm, text.encode())
        for n, count_only, site, alarm, text in await cursor.fetchall()
    ]


async def last_change(connection: Connection) -> int:
    """The number of the newest committed change, 0 when there is none."""
    row = await (await connection.execute("select n from alarm_counter")).fetchone()
    return int(row[0]) if row else 0


async def oldest_change(connection: Connection) -> int:
    """The lowest number that is still kept; one above the newest when none is kept."""
    cursor = await connection.execute(
        "select coalesce((select min(n) from alarm_change), (select n + 1 from alarm_counter))"
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 1


async def listen(conninfo: str, channels: Sequence[str], *, application: str) -> AsyncIterator[tuple[str, str] | None]:
    """Yield (channel, payload) of every NOTIFY, and None on each (re)connect and every ``RELOOK_S`` seconds.

    A None means "look at the table": nothing is lost while the database was away. Never ends by itself.
    """
    delay_s = 0.1
    while True:
        try:
            connection = await connect(conninfo, application=application)
            async with connection:
                for channel in channels:
                    await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                delay_s = 0.1
                yield None
                while True:
                    heard = False
                    async for note in connection.notifies(timeout=RELOOK_S, stop_after=1):
                        heard = True
                        yield note.channel, note.payload
                    if not heard:
                        yield None
        except psycopg.OperationalError as error:
            _log.warning("store_listener_lost", application=application, error=type(error).__name__)
            await asyncio.sleep(delay_s)
            delay_s = min(delay_s * 2, 2.0)
