"""The outbox over PostgreSQL: ``alerts.outbox.Outbox``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, LiteralString

import msgspec
from psycopg.errors import UniqueViolation
from psycopg_pool import AsyncConnectionPool

from alerts.outbox import CLOCKS_DIFFER_MS, LEASE_MS, NUMBER_GAP_MS, URGENT, Claim, Waiting
from alerts.ports import Channel, Message
from alerts.telling import ALARM_TEMPLATES
from devices.clock import DAY_MS
from gateway.store.active import ACTIVE_STATES
from gateway.store.alarms import MESSAGE_COLUMNS, PostgresAlarmStore, PostgresAlarmTransaction, message_from_row
from gateway.store.connection import Connection
from gateway.store.links import create_link
from gateway.store.who_left import FOR_WHO_LEFT, LEFT, STILL_THEIRS

_ITS_TURN: Final[LiteralString] = (
    "not exists (select 1 from message o where o.recipient = m.recipient and o.channel = m.channel"
    " and o.state in ('queued', 'sending') and (o.state = 'sending' or (o.not_before <= %(now)s"
    " and (o.priority > m.priority or (o.priority = m.priority and o.id < m.id)))))"
    " and (m.priority >= %(urgent)s or not exists (select 1 from message o where o.recipient = m.recipient"
    " and o.channel = m.channel and o.created_at > m.created_at - %(day)s"
    " and o.finished_at > %(just_now)s and o.finished_at < %(soon)s and o.state in ('sent', 'delivered')))"
)
"""Whether nothing to the same recipient goes before the message ``m``, or has gone this very moment."""

_CLAIM: Final[LiteralString] = (
    "with due as (select m.id, m.sending_since from message m"
    " where m.state in ('queued', 'sending') and m.not_before <= %(now)s and m.priority >= %(least)s"
    f" and (m.state = 'sending' or ({_ITS_TURN}))"
    " order by m.priority desc, m.id limit %(limit)s for update of m skip locked)"
    " update message m set state = 'sending', attempts = attempts + 1, not_before = %(until)s,"
    " sending_since = coalesce(m.sending_since, %(now)s) from due where m.id = due.id"
)

_RETURNING: Final = (
    f" returning {MESSAGE_COLUMNS.replace('message.', 'm.')}, not ({STILL_THEIRS}), due.sending_since,"
    f" {FOR_WHO_LEFT} is true,"
    " m.attempts > 1 and m.template = any(%(of_alarms)s) and m.alarm is not null and not exists ("
    f" select 1 from alarm a where a.id = m.alarm and a.state in {ACTIVE_STATES})"
)


class PostgresOutbox:
    """The dispatcher's view of what waits."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool
        self._alarms = PostgresAlarmStore(pool)

    async def waiting(self) -> Waiting:
        """When there will be something to do; a message may be due and yet have to wait its turn."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select (select min(due_at) from escalation_step where state = 'pending'),"
                " (select min(not_before) from message where state in ('queued', 'sending'))"
            )
            row = await cursor.fetchone()
        assert row is not None
        return Waiting(*row)

    async def clock_went_back(self, now: int, by_ms: int | None) -> None:
        """The clock was set back by so much: let nothing wait until it has caught up. None: nobody knows how much.

        Alarms are locked in id order and before their steps, as everywhere.
        """
        values = {"now": now, "by": by_ms, "later": now + CLOCKS_DIFFER_MS}
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                "with late as (select s.id, coalesce(%(by)s::bigint, s.written_at - %(now)s) as off"
                " from escalation_step s join alarm a on a.id = s.alarm where s.state = 'pending'"
                " and s.written_at > %(later)s order by a.id for update)"
                " update escalation_step s set due_at = due_at - off, written_at = written_at - off from late"
                " where s.id = late.id",
                values,
            )
            await connection.execute(
                "update message set not_before = %(now)s where state = 'queued' and not_before > %(now)s"
                " and (%(by)s::bigint is not null or created_at > %(later)s)",
                values,
            )
            await connection.execute(
                "update message set not_before = not_before - coalesce(%(by)s::bigint, sending_since - %(now)s),"
                " sending_since = sending_since - coalesce(%(by)s::bigint, sending_since - %(now)s)"
                " where state = 'sending' and sending_since > %(later)s",
                values,
            )

    async def claim(self, now: int, limit: int, *, urgent_only: bool = False) -> list[Claim]:
        """Take due messages, the most urgent first, then the oldest; those that others hold are passed over.

        What concerns a resident who has moved or died meanwhile is withdrawn instead. Two who claim at the same
        moment and want to speak to the same recipient: one of them gets nothing this time.
        """
        until = now + LEASE_MS
        values = {
            "now": now,
            "until": until,
            "limit": limit,
            "least": URGENT if urgent_only else -1,
            "urgent": URGENT,
            "day": DAY_MS,
            "just_now": now - NUMBER_GAP_MS,
            "soon": now + CLOCKS_DIFFER_MS,
            "left": LEFT,
            "of_alarms": sorted(ALARM_TEMPLATES),
        }
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(_CLAIM + _RETURNING, values)
                rows = await cursor.fetchall()
        except UniqueViolation:
            return []
        claims = [_claim(row, until) for row in rows if not row[-2]]
        for row in rows:
            if row[-2]:
                await self.finish(message_from_row(row[:-4]), state="withdrawn", now=now, reason="resident_left")
        return sorted(claims, key=lambda claim: (-claim.message.priority, claim.message.id))

    async def renew(self, message: Message, now: int) -> int | None:
        """Begin a new attempt of a claimed message: until when it is ours; None when somebody else has it by now."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "update message set not_before = %s, sending_since = %s"
                " where id = %s and state = 'sending' and attempts = %s",
                (now + LEASE_MS, now, message.id, message.attempts),
            )
            return now + LEASE_MS if cursor.rowcount else None

    async def link(self, message: int, now: int) -> str | None:
        """Make a token for the message's private page; None for a message that has none."""
        async with self._pool.connection() as connection:
            return await create_link(connection, message, now)

    async def unrecorded(self, provider_ids: Sequence[str]) -> list[str]:
        """Those of these names at a provider that no message has, in the same order."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select provider_id from message where provider_id = any(%s)", (list(provider_ids),)
            )
            recorded = {row[0] for row in await cursor.fetchall()}
        return [name for name in provider_ids if name not in recorded]

    async def sent_since(self, recipient: str, channel: Channel, since: int) -> int:
        """How many messages have left for an address since then (ms)."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select count(*) from message where recipient = %s and channel = %s and created_at > %s - %s"
                " and finished_at > %s and provider_id is not null",
                (recipient, channel, since, DAY_MS, since),
            )
            row = await cursor.fetchone()
        return 0 if row is None else int(row[0])

    async def finish(
        self,
        message: Message,
        *,
        state: Literal["sent", "not_sent", "withdrawn"],
        now: int,
        reason: str | None = None,
        provider: str | None = None,
        provider_id: str | None = None,
    ) -> None:
        """Write down how it ended. What was sent is written down whoever has the message by now."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "update message set state = %(state)s, reason = %(reason)s, provider = %(provider)s,"
                " provider_id = %(provider_id)s, finished_at = %(now)s, sending_since = null"
                " where id = %(id)s and state = 'sending' and (attempts = %(attempts)s or %(state)s = 'sent')",
                {
                    "state": state,
                    "reason": reason,
                    "provider": provider,
                    "provider_id": provider_id,
                    "now": now,
                    "id": message.id,
                    "attempts": message.attempts,
                },
            )

    @asynccontextmanager
    async def failing(
        self, message: Message, *, now: int, reason: str, provider: str
    ) -> AsyncIterator[PostgresAlarmTransaction | None]:
        """Write down that it will never arrive, and what follows in the same transaction.

        Yields None when somebody else has the message by now.
        """
        async with self._alarms.transaction() as tx:
            cursor = await tx.connection.execute(
                "update message set state = 'failed', reason = %s, provider = %s, finished_at = %s,"
                " sending_since = null where id = %s and state = 'sending' and attempts = %s",
                (reason, provider, now, message.id, message.attempts),
            )
            yield tx if cursor.rowcount else None

    async def retry(self, message: Message, *, not_before: int, reason: str, in_doubt: bool) -> None:
        """Put it back for later. ``in_doubt``: it may have arrived."""
        async with self._pool.connection() as connection:
            await connection.execute(
                "update message set state = 'queued', not_before = %s, reason = %s,"
                " sending_since = case when %s then sending_since end"
                " where id = %s and state = 'sending' and attempts = %s",
                (not_before, reason, in_doubt, message.id, message.attempts),
            )


def _claim(row: Sequence[Any], until: int) -> Claim:
    message = msgspec.structs.replace(message_from_row(row[:-4]), state="sending")
    return Claim(message=message, until=until, gone=row[-4], in_doubt_since=row[-3], moot=row[-1])
