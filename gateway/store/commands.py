"""Commands to devices as whoever asks for them sees them: queue, read, take back. Times are Unix ms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from devices.commands import LIFETIME_S, LONGEST_LIFETIME_S, BadCommand, CommandName, answer_until_ms, checked_args
from devices.refusals import Refusal, no_such
from gateway.store.connection import Connection
from gateway.store.errors import Conflict, MissingRecord, StoreError

OPEN_AT_MOST: Final = 20
"""Unanswered commands of one device. Beyond it a new one is refused: whoever asks shall know that nobody hears.
Source: assumption, ADR-10."""

CommandState = Literal["queued", "sent", "done", "failed", "expired", "superseded", "cancelled"]


class TooManyCommands(StoreError):
    """The device leaves as many commands unanswered as are kept for it."""


class StoredCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command and what became of it.

    ``reason`` says why it ended without being done: ``not_sent``, ``no_answer``, ``refused`` (the device said
    no), ``newer`` (somebody asked again), ``handed_over`` (the device went to somebody else).
    ``next_attempt_at`` is None when no further attempt follows.
    """

    id: UUID
    n: int
    device: str
    site: str
    name: CommandName
    args: dict[str, Any]
    state: CommandState
    reason: Literal["not_sent", "no_answer", "refused", "newer", "handed_over"] | None
    created_at: int
    created_by: str
    alarm: UUID | None
    expires_at: int
    answer_until: int
    attempts: int
    next_attempt_at: int | None
    sent_at: int | None
    ok: bool | None
    answer: Literal["ok", "help", "none"] | None
    answered_at: int | None
    late: bool
    ended_at: int | None
    ended_by: str | None

    def is_open(self, now: int) -> bool:
        """Whether anything may still happen to it by itself."""
        if self.state == "done" and self.name == "confirm_ok" and self.answer is None:
            return now < self.answer_until
        return self.state in ("queued", "sent")


_OBJECT: Final = (
    "json_build_object('id', c.id, 'n', c.n, 'device', d.id, 'site', d.site, 'name', c.name, 'args', c.args,"
    " 'state', c.state, 'reason', c.reason, 'created_at', c.created_at, 'created_by', c.created_by,"
    " 'alarm', c.alarm, 'expires_at', c.expires_at, 'answer_until', c.answer_until, 'attempts', c.attempts,"
    " 'next_attempt_at', case when c.state in ('queued', 'sent') and c.next_attempt_at < c.expires_at"
    " then c.next_attempt_at end, 'sent_at', c.sent_at, 'ok', c.ok, 'answer', c.answer,"
    " 'answered_at', c.answered_at, 'late', c.late, 'ended_at', c.ended_at, 'ended_by', c.ended_by)::text"
)
_TABLES: Final = "command c join device d on d.slot = c.device"


def _decoded(text: str) -> StoredCommand:
    return msgspec.json.decode(text, type=StoredCommand)


async def queue_command(
    conn: Connection,
    *,
    device: str,
    name: CommandName,
    args: Mapping[str, Any],
    by: str,
    now: int,
    expires_in_s: int | None = None,
    alarm: UUID | None = None,
) -> StoredCommand:
    """Ask a device for something; the gateway sends it as soon as the device can hear it.

    An older unanswered command of the same name is superseded, so that a device which comes back obeys the
    newest alone; a message only by one of the same text. Joins the caller's transaction if there is one.

    Args:
        conn: Any connection.
        device: The device's public id.
        name: One of contract section 2.
        args: Its arguments; they are checked here.
        by: A user name, or the part of the system that asks.
        now: Unix ms.
        expires_in_s: After this it is no longer worth obeying; by default as its name says, a day at most.
        alarm: The alarm for whose sake it is asked.

    Raises:
        BadCommand: Unknown name, bad arguments or lifetime.
        MissingRecord: There is no such device.
        Conflict: The device was revoked, or nobody has registered it.
        TooManyCommands: It leaves ``OPEN_AT_MOST`` unanswered.
    """
    taken = checked_args(name, args)
    lifetime_s = LIFETIME_S[name] if expires_in_s is None else expires_in_s
    if not 1 <= lifetime_s <= LONGEST_LIFETIME_S:
        raise BadCommand(
            Refusal(
                "command.lifetime", "a command lives 1 to {most_s} s", field="expires_in_s", most_s=LONGEST_LIFETIME_S
            )
        )
    expires_at = now + 1000 * lifetime_s
    async with conn.transaction():
        slot = await _slot(conn, device)
        await conn.execute(
            "update command set state = 'superseded', reason = 'newer', ended_at = %(now)s, ended_by = %(by)s"
            " where device = %(slot)s and state in ('queued', 'sent') and name = %(name)s"
            " and (name <> 'message' or args = %(args)s)",
            {"now": now, "by": by, "slot": slot, "name": name, "args": Jsonb(taken)},
        )
        cursor = await conn.execute(
            "with c as (insert into command"
            " (device, name, args, created_at, created_by, alarm, expires_at, answer_until, next_attempt_at)"
            " select %(slot)s, %(name)s, %(args)s, %(now)s, %(by)s, %(alarm)s, %(expires_at)s, %(until)s, %(now)s"
            " where (select count(*) from command where device = %(slot)s and state in ('queued', 'sent')) < %(most)s"
            f" returning *) select {_OBJECT}, pg_notify('command', '') from c join device d on d.slot = c.device",
            {
                "slot": slot,
                "name": name,
                "args": Jsonb(taken),
                "now": now,
                "by": by,
                "alarm": alarm,
                "expires_at": expires_at,
                "until": answer_until_ms(name, taken, expires_at),
                "most": OPEN_AT_MOST,
            },
        )
        row = await cursor.fetchone()
        if row is None:
            raise TooManyCommands(
                Refusal(
                    "command.too_many",
                    "the device has left {most} commands unanswered: wait for one to end, or take one back",
                    most=OPEN_AT_MOST,
                )
            )
    return _decoded(row[0])


async def _slot(conn: Connection, device: str) -> int:
    """The device's slot, locked against another command of the same device."""
    cursor = await conn.execute(
        "select slot, revoked, registered from device where id = %s for no key update", (device,)
    )
    row = await cursor.fetchone()
    if row is None:
        raise MissingRecord(no_such("device"))
    slot, revoked, registered = row
    if revoked:
        raise Conflict(Refusal("command.device_revoked", "the device was revoked: it hears no commands"))
    if not registered:
        raise Conflict(Refusal("command.device_unregistered", "nobody has registered this device: register it first"))
    return int(slot)


async def command(conn: Connection, key: UUID) -> StoredCommand | None:
    """One command."""
    cursor = await conn.execute(f"select {_OBJECT} from {_TABLES} where c.id = %s", (key,))
    row = await cursor.fetchone()
    return None if row is None else _decoded(row[0])


async def commands_of(
    conn: Connection, device: str, *, before: int | None = None, limit: int = 50
) -> Sequence[StoredCommand]:
    """The commands of a device, newest first, those numbered below ``before`` (``n``)."""
    cursor = await conn.execute(
        f"select {_OBJECT} from {_TABLES} where d.id = %s and (%s::bigint is null or c.n < %s)"
        " order by c.n desc limit %s",
        (device, before, before, limit),
    )
    return [_decoded(row[0]) for row in await cursor.fetchall()]


async def cancel_command(conn: Connection, key: UUID, *, by: str, now: int) -> bool:
    """Take a command back that was never tried; False when it is too late for that."""
    cursor = await conn.execute(
        "update command set state = 'cancelled', ended_at = %s, ended_by = %s"
        " where id = %s and state = 'queued' and attempts = 0",
        (now, by, key),
    )
    return cursor.rowcount == 1
