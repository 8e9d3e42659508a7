"""The question "are you all right?" as the alarm's life sees it: who can be asked, what became of it, who answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from gateway.store.active import ACTIVE_STATES
from gateway.store.command_outbox import Answer, as_uuid
from gateway.store.commands import OPEN_AT_MOST
from gateway.store.connection import Connection

ASKED_BY_SYSTEM: Final = "system"
"""Who asks when nobody does by hand."""


class Answered(NamedTuple):
    """An answer to the question of an active fall alarm; ``number``: which of the answers that were handed in."""

    number: int
    alarm: UUID
    rule: str
    subject: str
    site: str
    resident: str
    device: str


async def deaf_devices(conn: Connection, devices: Sequence[str]) -> dict[str, str]:
    """Those of these devices that cannot ask anybody now, and why."""
    if not devices:
        return {}
    cursor = await conn.execute(
        "select w.id, case when d.slot is null or d.revoked or not d.registered then 'unknown'"
        " when p.online is false then 'offline' when (select count(*) from command c where c.device = d.slot"
        " and c.state in ('queued', 'sent')) >= %s then 'busy' end"
        " from unnest(%s::text[]) as w (id) left join device d on d.id = w.id"
        " left join presence p on p.device = d.slot",
        (OPEN_AT_MOST, list(devices)),
    )
    return {device: why for device, why in await cursor.fetchall() if why is not None}


async def question_lost(conn: Connection, alarm: UUID, now: int, *, sent_within_ms: int) -> str | None:
    """Why no answer can come to what an alarm's wearer was asked; None while one may.

    ``sent_within_ms``: a question that the broker does not have after so long is not waited for.
    """
    cursor = await conn.execute(
        "select case when c.answer is not null then null when c.state = 'failed' then 'refused'"
        " when c.state = 'cancelled' then 'handed_over' when c.state = 'queued' and c.created_at <= %(late)s"
        " or c.reason = 'not_sent' then 'not_sent' when p.online is false then 'offline' end"
        " from command c left join presence p on p.device = c.device"
        " where c.alarm = %(alarm)s and c.name = 'confirm_ok' and c.created_by = %(by)s order by c.n desc limit 1",
        {"alarm": alarm, "late": now - sent_within_ms, "by": ASKED_BY_SYSTEM},
    )
    row = await cursor.fetchone()
    return "not_sent" if row is None else row[0]


async def answered_questions(conn: Connection, answers: Sequence[Answer]) -> list[Answered]:
    """To which fall alarms these answers of wearers speak; to be called before they are stored.

    To the alarm for whose sake the band was asked; where staff asked by hand, to the fall that this band felt, if the
    same person still wears it. An answer that is stored already was heard, and one that comes several times is one.
    """
    told = {(a.device, a.command, a.t): number for number, a in enumerate(answers) if a.answer}
    if not told:
        return []
    columns = [
        list(column)
        for column in zip(
            *((number, device, as_uuid(name), name, t) for (device, name, t), number in told.items()), strict=True
        )
    ]
    cursor = await conn.execute(
        "select t.index, a.id, a.rule, a.subject, a.site, a.resident, d.id"
        " from unnest(%s::int4[], %s::int4[], %s::uuid[], %s::text[], %s::int8[]) as t (index, device, id, command, t)"
        " join command c on c.id = t.id and c.device = t.device and c.name = 'confirm_ok' and c.state <> 'cancelled'"
        " join device d on d.slot = t.device"
        f" join alarm a on a.kind = 'fall' and a.state in {ACTIVE_STATES} and (a.id = c.alarm or (c.alarm is null"
        " and c.created_at >= a.raised_at and a.object ->> 'device' = d.id and exists (select from assignment n"
        " join resident r on r.slot = n.resident_slot where n.device_slot = d.slot and n.to_ms is null"
        " and r.id = a.resident)))"
        " where not exists (select from command_ack k where k.device = t.device and k.command = t.command"
        " and k.t = to_timestamp(t.t / 1000.0)) order by t.index",
        columns,
    )
    return [Answered(*row) for row in await cursor.fetchall()]
