"""What came in from outside, over PostgreSQL: ``alerts.inbox``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString

import msgspec
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from alerts.inbox import CarrierReport, Concluded, Inbound
from alerts.ports import Message
from alerts.telling import ALARM_TEMPLATES
from gateway.store.active import ACTIVE_STATES
from gateway.store.alarms import MESSAGE_COLUMNS, PostgresAlarmTransaction, message_from_row
from gateway.store.connection import Connection
from gateway.store.who_left import STILL_THEIRS

_ALARMS: Final = sorted(ALARM_TEMPLATES)

LATELY: Final = 100
"""So many of a number's newest messages are looked at, beside those of active alarms: more than a day's."""

_NEWS: Final[dict[str, LiteralString]] = {
    "sent": "('queued', 'sending')",
    "failed": "('queued', 'sending', 'sent')",
    "delivered": "('queued', 'sending', 'sent', 'failed')",
}
"""From which states a report moves a message: never back, and what has arrived has arrived. One that is queued again
had been handed over after all, though nobody heard so."""


class PostgresInboxTransaction(PostgresAlarmTransaction):
    """One transaction's work on alarms and on what came in."""

    async def begin(self, inbound: Inbound, now: int) -> Concluded | None:
        """Keep it; what it came to when it was there already, after waiting for whoever works on it."""
        cursor = await self._connection.execute(
            "insert into inbound_message (provider_id, channel, sender, body, received_at, meaning)"
            " values (%s, %s, %s, %s, %s, 'unclear') on conflict (provider_id) do nothing",
            (inbound.provider_id, inbound.channel, inbound.sender, inbound.body, now),
        )
        if cursor.rowcount == 1:
            return None
        cursor = await self._connection.execute(
            "select meaning, message, alarm, answer from inbound_message where provider_id = %s", (inbound.provider_id,)
        )
        row = await cursor.fetchone()
        assert row is not None, "what stood in the way is there"
        fields: dict[str, Any] = dict(zip(("meaning", "message", "alarm", "said"), row, strict=True))
        return msgspec.convert(fields, Concluded)

    async def conclude(self, provider_id: str, concluded: Concluded) -> None:
        """Write down what it came to."""
        said = None if concluded.said is None else Jsonb(msgspec.to_builtins(concluded.said))
        await self._connection.execute(
            "update inbound_message set meaning = %s, message = %s, alarm = %s, answer = %s where provider_id = %s",
            (concluded.meaning, concluded.message, concluded.alarm, said, provider_id),
        )

    async def told_to(self, number: str) -> list[Message]:
        """What that number was told of alarms lately, and of those that are active; oldest first.

        Nothing that was said to a contact or responder who was taken out, or to an account that was shut.
        """
        cursor = await self._connection.execute(
            f"with active as (select id from alarm where state in {ACTIVE_STATES}),"
            " theirs as (select m.* from message m"
            "  where m.recipient = any(%(numbers)s) and m.template = any(%(alarms)s)"
            f"  and m.state not in ('queued', 'withdrawn', 'not_sent') and {STILL_THEIRS})"
            f" select {MESSAGE_COLUMNS} from theirs message where message.alarm in (select id from active)"
            " or message.alarms && array(select id from active)"
            " or message.id in (select id from theirs order by created_at desc limit %(lately)s) order by message.id",
            {"numbers": spellings(number), "alarms": _ALARMS, "lately": LATELY},
        )
        return [message_from_row(row) for row in await cursor.fetchall()]

    async def message(self, message: int) -> Message | None:
        """A message of the outbox."""
        cursor = await self._connection.execute(f"select {MESSAGE_COLUMNS} from message where id = %s", (message,))
        row = await cursor.fetchone()
        return None if row is None else message_from_row(row)

    async def answers_to(self, sender: str, since: int) -> list[int]:
        """When that number was answered since then, ms."""
        cursor = await self._connection.execute(
            "select received_at from inbound_message where sender = %s and received_at > %s and answer is not null",
            (sender, since),
        )
        return [row[0] for row in await cursor.fetchall()]

    async def carried(self, report: CarrierReport, now: int) -> Message | None:
        """Write a carrier's report down; the message, if it was news that it arrived or never will.

        A report that names our own number of the message finds it although nobody wrote down the provider's: who
        sent it was killed meanwhile, and need not send it again.
        """
        cursor = await self._connection.execute(
            "update message set state = %(state)s, provider_id = coalesce(provider_id, %(provider_id)s),"
            " provider = coalesce(provider, 'twilio'), finished_at = coalesce(finished_at, %(now)s),"
            " delivered_at = case when %(state)s = 'delivered' then %(now)s else delivered_at end,"
            " reason = case %(state)s when 'failed' then %(reason)s when 'delivered' then null else reason end"
            f" where state in {_NEWS[report.state]} and (provider_id = %(provider_id)s"
            " or (id = %(message)s and provider_id is null))"
            f" returning {MESSAGE_COLUMNS}",
            {
                "state": report.state,
                "provider_id": report.provider_id,
                "message": report.message,
                "reason": report.reason,
                "now": now,
            },
        )
        row = await cursor.fetchone()
        return None if row is None or report.state == "sent" else message_from_row(row)


class PostgresInboxStore:
    """Where alarms live, and what came in."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresInboxTransaction]:
        """Begin; commits on a clean exit, rolls back on an exception."""
        async with self._pool.connection() as connection, connection.transaction():
            work = PostgresInboxTransaction(connection)
            yield work
            await work.finish()


def spellings(number: str) -> list[str]:
    """A number as ``normalise_phone`` writes it, in the ways in which a record may have it from earlier days."""
    if number.startswith("+"):
        return [number, f"00{number.removeprefix('+')}"]
    national = number.removeprefix("0")
    return [number, f"+86{national}", f"0086{national}", f"86{national}"]
