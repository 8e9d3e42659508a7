"""Commands to devices as the gateway that sends them sees them. Times are Unix ms.

Whoever changes rows here holds one of them, or took them without waiting: a batch, which changes many when
answers arrive, can then wait for somebody but never for somebody who waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from devices.commands import Command
from gateway.store.connection import Connection

_OVER: Final = "case c.state when 'queued' then c.expires_at else c.answer_until end"
_OPEN: Final = "c.state in ('queued', 'sent')"


class DueCommand(NamedTuple):
    """A command that is due: to be sent, or to be given up. ``sent``: the broker had it once."""

    id: UUID
    sent: bool
    attempts: int
    expires_ms: int
    answer_until_ms: int
    site: str
    device: str
    command: Command


async def due_commands(connection: Connection, now: int, *, sending: bool, limit: int) -> list[DueCommand]:
    """What is due, under row locks, in the order in which it should leave.

    First attempts go before repetitions, what somebody waits for before settings, then the older before the
    newer. What is due to a device that is known to be offline, or was revoked, is left alone until it runs out;
    without ``sending`` so is everything. What somebody else holds is passed over.
    """
    cursor = await connection.execute(
        "select c.id, c.state = 'sent', c.attempts, c.expires_at, c.answer_until, d.site, d.id, c.name, c.args"
        " from command c join device d on d.slot = c.device left join presence p on p.device = c.device"
        f" where {_OPEN} and ({_OVER} <= %(now)s or (%(sending)s and c.next_attempt_at <= %(now)s"
        " and c.expires_at > %(now)s and not d.revoked and p.online is not false))"
        " order by c.attempts > 0, c.name = 'set_interval', c.n limit %(limit)s for update of c skip locked",
        {"now": now, "sending": sending, "limit": limit},
    )
    return [
        DueCommand(key, sent, attempts, expires, until, site, device, Command(str(key), name, args, expires))
        for key, sent, attempts, expires, until, site, device, name, args in await cursor.fetchall()
    ]


async def write_down_attempts(connection: Connection, attempts: Sequence[tuple[UUID, int]], now: int) -> None:
    """Each of these (id, next attempt) is tried now; to be committed before it is. Only for rows that are held."""
    await connection.execute(
        "update command c set attempts = c.attempts + 1, tried_at = %s, next_attempt_at = a.again"
        " from unnest(%s::uuid[], %s::bigint[]) as a (id, again) where c.id = a.id",
        (now, [key for key, _ in attempts], [again for _, again in attempts]),
    )


async def give_up(connection: Connection, *, unsent: Sequence[UUID], unanswered: Sequence[UUID], now: int) -> None:
    """These have run out. Only for rows that are held."""
    for keys, reason in ((unsent, "not_sent"), (unanswered, "no_answer")):
        if keys:
            await connection.execute(
                "update command set state = 'expired', reason = %s, ended_at = %s where id = any(%s)",
                (reason, now, list(keys)),
            )


async def mark_sent(connection: Connection, key: UUID, now: int) -> None:
    """The broker has it. A quick device may have answered before."""
    await connection.execute(
        "update command set sent_at = coalesce(sent_at, %s),"
        " state = case state when 'queued' then 'sent' else state end where id = %s",
        (now, key),
    )


async def try_again(connection: Connection, key: UUID, now: int) -> None:
    """It is not known whether the broker has it: try again as soon as there is a broker."""
    await connection.execute(
        "update command set next_attempt_at = %s where id = %s and state in ('queued', 'sent')", (now, key)
    )


async def next_due(connection: Connection, now: int) -> int | None:
    """When the next command becomes due after ``now``, None when none will by itself."""
    cursor = await connection.execute(
        f"select least(min({_OVER}) filter (where {_OVER} > %(now)s), min(c.next_attempt_at) filter"
        f" (where c.next_attempt_at > %(now)s and c.next_attempt_at < c.expires_at)) from command c where {_OPEN}",
        {"now": now},
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


class Answer(msgspec.Struct, frozen=True):
    """A device's answer to a command; ``answer`` is the wearer's own word, ``t`` the device's time."""

    device: int
    command: str
    ok: bool
    answer: str | None
    t: int
    received: int


async def store_answers(connection: Connection, answers: Sequence[Answer]) -> int:
    """Keep answers and end their commands; returns how many belong to no command.

    The first answer counts; a later one only where it brings the wearer's word to a question that was answered
    without. One that says "done" stands whatever had become of the command meanwhile, marked as late if it is;
    one that says "no" ends a command that is still open.
    """
    cursor = await connection.execute(
        "with told as (select * from unnest(%s::int4[], %s::text[], %s::uuid[], %s::bool[], %s::text[], %s::int8[],"
        " %s::int8[]) as a (device, command, id, ok, answer, t, received)),"
        " kept as (insert into command_ack (device, command, ok, answer, t, received)"
        " select device, command, ok, answer, to_timestamp(t / 1000.0), to_timestamp(received / 1000.0) from told"
        " on conflict do nothing),"
        " best as (select distinct on (device, id) * from told where id is not null"
        " order by device, id, answer is null, t),"
        " ended as (update command c set ok = a.ok, answer = a.answer, answered_at = a.received,"
        " late = a.received > c.answer_until, ended_at = coalesce(c.ended_at, a.received),"
        " state = case when a.ok then 'done' when c.state in ('queued', 'sent') then 'failed' else c.state end,"
        " reason = case when a.ok then null when c.state in ('queued', 'sent') then 'refused' else c.reason end"
        " from best a where c.id = a.id and c.device = a.device and (c.answered_at is null"
        " or (c.state = 'done' and c.answer is null and a.ok and a.answer is not null)))"
        " select count(*) from told a"
        " where not exists (select from command c where c.id = a.id and c.device = a.device)",
        (
            [a.device for a in answers],
            [a.command for a in answers],
            [as_uuid(a.command) for a in answers],
            [a.ok for a in answers],
            [a.answer for a in answers],
            [a.t for a in answers],
            [a.received for a in answers],
        ),
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


def as_uuid(text: str) -> UUID | None:
    """The id of a command, None where a device made one up."""
    try:
        return UUID(text)
    except ValueError:
        return None
