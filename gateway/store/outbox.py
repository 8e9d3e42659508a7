"""The outbox over PostgreSQL: ``alerts.ports.Outbox``."""

from __future__ import annotations

from typing import Final, Literal

from psycopg_pool import AsyncConnectionPool

from alerts.ports import Message
from gateway.store.alarms import MESSAGE_COLUMNS, message_from_row
from gateway.store.connection import Connection
from gateway.store.who_left import FOR_WHO_LEFT, LEFT

ABANDONED_MS: Final = 60_000
"""A message that somebody began to send this long ago and never finished is taken up again: twice beats never."""


class PostgresOutbox:
    """The dispatcher's view of the queued messages."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    async def claim(self, now: int, limit: int) -> list[Message]:
        """Take due messages with SKIP LOCKED and mark them ``sending``; abandoned claims come back after 60 s.

        What concerns a resident who has moved or died meanwhile is withdrawn instead.
        """
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                "update message set state = 'withdrawn', reason = 'resident_left', finished_at = %(now)s where id in ("
                " select m.id from message m where m.state in ('queued', 'sending') and m.not_before <= %(now)s"
                f" and {FOR_WHO_LEFT} for update of m skip locked)",
                {"now": now, "left": LEFT},
            )
            cursor = await connection.execute(
                "update message set state = 'sending', attempts = attempts + 1, not_before = %s where id in ("
                " select id from message where state in ('queued', 'sending') and not_before <= %s"
                f" order by id limit %s for update skip locked) returning {MESSAGE_COLUMNS}",
                (now + ABANDONED_MS, now, limit),
            )
            rows = await cursor.fetchall()
        return sorted((message_from_row(row) for row in rows), key=lambda message: message.id)

    async def still_wanted(self, message: int, now: int) -> bool:
        """Whether a claimed message may go out: False, and withdrawn, when the resident has left since."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "update message m set state = 'withdrawn', reason = 'resident_left', finished_at = %(now)s"
                f" where m.id = %(message)s and m.state = 'sending' and {FOR_WHO_LEFT}",
                {"now": now, "message": message, "left": LEFT},
            )
            return cursor.rowcount == 0

    async def finish(
        self,
        message: int,
        *,
        state: Literal["sent", "not_sent", "failed"],
        now: int,
        reason: str | None = None,
        provider: str | None = None,
        provider_id: str | None = None,
    ) -> None:
        """Write down how it ended."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "update message set state = %s, reason = %s, provider = %s, provider_id = %s, finished_at = %s"
                " where id = %s and state = 'sending'",
                (state, reason, provider, provider_id, now, message),
            )

    async def retry(self, message: int, *, not_before: int, reason: str) -> None:
        """Put it back for later."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "update message set state = 'queued', not_before = %s, reason = %s where id = %s and state = 'sending'",
                (not_before, reason, message),
            )
