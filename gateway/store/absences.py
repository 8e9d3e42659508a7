"""Absences that end soon: who is asked whether they do. Unanswered, they end as was said: ``registry.resume_due``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from psycopg.types.json import Jsonb

from alerts.absence import asked_from, may_be_written_to, spoken_day
from alerts.messages import local_time
from alerts.phrases import Template
from devices.clock import DAY_MS, HOUR_MS, zone
from devices.registry import ResidentStatus
from gateway.store.connection import Connection

LOOKED_AHEAD_MS: Final = 2 * DAY_MS
"""``asked_from`` never lies so long before the end."""


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose absence ends at ``until`` (ms), soon enough to ask about. ``id`` is the resident's.

    ``asked``: the contact who was asked by SMS at ``asked_at`` (ms); None when nobody was, or nobody can be.
    """

    id: str
    name: str
    site: str
    timezone: str
    address: dict[str, Any]
    status: ResidentStatus
    until: int
    asked_at: int | None
    asked: str | None


async def ending_absences(conn: Connection, sites: Sequence[str], now: int) -> list[Absence]:
    """Whose return is near, the nearest first; ``sites`` empty for all."""
    cursor = await conn.execute(
        "select jsonb_build_object('id', r.id, 'name', r.name, 'site', r.site, 'timezone', r.timezone,"
        " 'address', r.address, 'status', r.status, 'until', (extract(epoch from r.until) * 1000)::int8,"
        " 'asked_at', q.asked_ms, 'asked', m.name)"
        " from resident r left join absence_question q on q.resident_slot = r.slot and q.until = r.until"
        " left join message m on m.id = q.message"
        " where r.status in ('away', 'hospital', 'paused') and r.until <= to_timestamp(%(ahead)s / 1000.0)"
        " and (%(sites)s::text[] = '{}' or r.site = any(%(sites)s)) order by r.until, r.name, r.id",
        {"sites": list(sites), "ahead": now + LOOKED_AHEAD_MS},
    )
    found = [msgspec.convert(row[0], Absence) for row in await cursor.fetchall()]
    return [each for each in found if asked_from(each.until, zone(each.timezone)) <= now]


async def ask_about_absences(conn: Connection, now: int) -> int:
    """Ask the first contact of everybody whose return is near, once an end and by day; how many were asked.

    Whoever entered the absence less than that before its end has just been told, and is not asked. However many
    dispatchers do this, a question is written down with its message or not at all.
    """
    cursor = await conn.execute(
        "select r.slot, r.timezone, (extract(epoch from r.until) * 1000)::int8 as until,"
        " (extract(epoch from r.updated_at) * 1000)::int8 from resident r"
        " where r.status in ('away', 'hospital', 'paused') and r.until > to_timestamp(%(now)s / 1000.0)"
        " and r.until <= to_timestamp(%(ahead)s / 1000.0) and not exists (select from absence_question q"
        " where q.resident_slot = r.slot and q.until = r.until)",
        {"now": now, "ahead": now + LOOKED_AHEAD_MS},
    )
    asked = 0
    for slot, timezone, until, entered in await cursor.fetchall():
        since = asked_from(until, zone(timezone))
        if since <= now and may_be_written_to(now, zone(timezone)):
            asked += await _ask(conn, slot, until, now, is_news=entered < since)
    return asked


async def _ask(conn: Connection, slot: int, until: int, now: int, *, is_news: bool) -> bool:
    async with conn.transaction():
        cursor = await conn.execute(
            "insert into absence_question (resident_slot, until, asked_ms)"
            " select slot, until, %s from resident where slot = %s and until = to_timestamp(%s / 1000.0)"
            " on conflict do nothing",
            (now, slot, until),
        )
        if cursor.rowcount == 0 or not is_news:
            return False
        cursor = await conn.execute(
            "select c.id, c.name, c.phone, c.language, r.id, r.name, r.site, s.name, r.timezone"
            " from resident r join site s on s.id = r.site join contact c on c.resident_slot = r.slot"
            " where r.slot = %s and c.can_receive_sms and 'sms' = any(c.channels) order by c.\"order\", c.id limit 1",
            (slot,),
        )
        row = await cursor.fetchone()
        if row is None:
            return False
        contact, name, phone, language, resident, called, site, site_name, timezone = row
        params = {
            "name": called,
            "day": spoken_day(until, zone(timezone), language),
            "time": local_time(until, timezone),
            "site": site_name,
        }
        cursor = await conn.execute(
            "insert into message (site, resident, contact, role, name, recipient, template, params, language,"
            " expires_at, created_at) values (%s, %s, %s, 'family', %s, %s, %s, %s, %s, %s, %s) returning id",
            (
                site, resident, contact, name, phone, Template.ABSENCE_ENDS, Jsonb(params), language,
                min(until, now + 6 * HOUR_MS), now,
            ),
        )  # fmt: skip
        message = await cursor.fetchone()
        assert message is not None
        await conn.execute(
            "update absence_question set message = %s where resident_slot = %s and until = to_timestamp(%s / 1000.0)",
            (message[0], slot, until),
        )
        await conn.execute("select pg_notify('dispatch', '')")
    return True
