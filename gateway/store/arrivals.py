"""What arrives and is no reading: rejected payloads, presence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.store.connection import Connection

BACK_AGAIN_MS: Final = 5_000
"""A command goes to the same device no sooner than this after its last attempt, however often the device comes
back. Source: assumption, ADR-10."""


async def store_rejections(connection: Connection, rows: Sequence[tuple[int, str, str, str, bytes]]) -> None:
    """Keep (received ms, topic, reason, detail, payload) of what was not taken."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "insert into rejected (received, topic, reason, detail, payload)"
            " values (to_timestamp(%s / 1000.0), %s, %s, %s, %s)",
            rows,
        )


async def store_presence(connection: Connection, rows: Sequence[tuple[int, bool, int | None, int]]) -> None:
    """Note (device, online, t ms or None, received ms); the newest of a device stands.

    A device that was not known to be online and is now gets its waiting commands at once, though not one that
    was tried a moment ago: a connection that comes and goes must not be answered each time.
    """
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "with back as (update command c"
            " set next_attempt_at = least(c.next_attempt_at, greatest(%(received)s, c.tried_at + %(gap)s))"
            " where %(online)s and c.device = %(device)s and c.state in ('queued', 'sent')"
            " and not exists (select from presence where device = %(device)s and online)"
            " returning pg_notify('command', ''))"
            " insert into presence (device, online, t, received)"
            " values (%(device)s, %(online)s, to_timestamp(%(t)s::bigint / 1000.0),"
            " to_timestamp(%(received)s / 1000.0))"
            " on conflict (device) do update"
            " set online = excluded.online, t = excluded.t, received = excluded.received",
            [
                {"device": device, "online": online, "t": t, "received": received, "gap": BACK_AGAIN_MS}
                for device, online, t, received in rows
            ],
        )
