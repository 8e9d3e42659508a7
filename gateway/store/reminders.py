"""Reminding residents of checks that end soon, on their bands."""

from __future__ import annotations

from typing import Any, Final

from psycopg import Rollback

from alerts.messages import band_text
from devices.clock import HOUR_MS
from devices.commands import CommandName
from gateway.store.commands import TooManyCommands, queue_command
from gateway.store.connection import Connection
from gateway.store.errors import Conflict, MissingRecord

REMINDER: Final = "reminder"
"""Who asks the band: the author of these commands."""

LEAST_LEFT_MS: Final = 30_000
"""With less time left a reminder only alarms: nobody gets up and presses in it. Assumption, ADR-30."""

EARLIEST_MS: Final = 12 * HOUR_MS
"""No plan reminds longer before the end (``care_plan.remind_min``): of the windows of two days few are looked at."""

AT_HAND: Final = ("band", "watch", "pendant", "box")
"""The types of devices that a resident wears or has beside the bed: no treadmill rings for a check."""


async def remind_due(conn: Connection, now: int) -> int:
    """Remind whoever has not kept a check that ends soon; how many were reminded.

    Once a window, however many dispatchers do this: it is noted in the transaction that queues the commands. A band
    that is away hears it when it comes back, if the window is still open then.
    """
    cursor = await conn.execute(
        "select w.resident_slot, w.closes_ms, w.by, p.remind, r.language from check_window w"
        " join care_plan p on p.id = w.plan join resident r on r.slot = w.resident_slot"
        " left join check_outcome o on o.resident_slot = w.resident_slot and o.closes_ms = w.closes_ms"
        " where w.closes_ms > %(now)s + %(left)s and w.closes_ms <= %(now)s + %(earliest)s"
        " and w.closes_ms - p.remind_min * 60000 <= %(now)s"
        " and w.opens_ms <= %(now)s and w.by <> 'call' and p.remind <> '{}' and r.status = 'active'"
        " and o.kept_ms is null and o.reminded_ms is null order by w.closes_ms, w.resident_slot",
        {"now": now, "left": LEAST_LEFT_MS, "earliest": EARLIEST_MS},
    )
    reminded = 0
    for slot, closes, by, ways, language in await cursor.fetchall():
        async with conn.transaction():
            if await _note(conn, slot, closes, now):
                if not await _remind(conn, slot, closes, by, ways, language, now):
                    raise Rollback
                reminded += 1
    return reminded


async def _note(conn: Connection, slot: int, closes: int, now: int) -> bool:
    """Whether nobody else did and it was not kept meanwhile."""
    cursor = await conn.execute(
        "insert into check_outcome (resident_slot, closes_ms, reminded_ms) values (%s, %s, %s)"
        " on conflict (resident_slot, closes_ms) do update set reminded_ms = excluded.reminded_ms"
        " where check_outcome.reminded_ms is null and check_outcome.kept_ms is null",
        (slot, closes, now),
    )
    return cursor.rowcount == 1


async def _remind(conn: Connection, slot: int, closes: int, by: str, ways: list[str], language: str, now: int) -> bool:
    """Ask the bands that the resident wears, and the box of their household; whether one could be asked."""
    cursor = await conn.execute(
        "select distinct d.id from resident r join assignment n on n.to_ms is null"
        " and (n.resident_slot = r.slot or (n.resident_slot is null and n.household = r.household))"
        " join device d on d.slot = n.device_slot where r.slot = %s and d.registered and not d.revoked"
        " and d.type = any(%s) order by d.id",
        (slot, list(AT_HAND)),
    )
    text = band_text("check_due" if by == "button" else "sign_due", language)
    wanted: dict[CommandName, dict[str, Any]] = {"message": {"text": text}, "ring": {}}
    asked = False
    for (device,) in await cursor.fetchall():
        for name, args in wanted.items():
            if name not in ways:
                continue
            try:
                await queue_command(
                    conn, device=device, name=name, args=args, by=REMINDER, now=now, expires_in_s=(closes - now) // 1000
                )
            except (Conflict, MissingRecord, TooManyCommands):
                continue
            asked = True
    return asked
