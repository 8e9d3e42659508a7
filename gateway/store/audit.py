"""What the auditor asks of PostgreSQL: ``alerts.audit.AuditStore``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from alerts.alarm import Alarm
from alerts.audit import MESSAGE_OVERDUE_MS, STEP_OVERDUE_MS, UNPLANNED_MS
from alerts.findings import CHECKS_UNPLANNED, NOBODY_ON_DUTY, RULES, STEP_OVERDUE, Finding, Look, Watched
from gateway.store.active import ACTIVE_STATES
from gateway.store.alarms import alarm_from_object
from gateway.store.connection import Connection
from gateway.store.listening import LISTENERS
from gateway.store.roster import SERVES, SITES_WITH_A_ROSTER
from gateway.store.who_left import LEFT

_ONE_AT_A_TIME: Final[LiteralString] = "hashtextextended('anxin audit', 0)"

_OVERDUE: Final[LiteralString] = (
    "with late as ("
    " select a.site, s.due_at as since, 1 as steps, 0 as messages"
    " from escalation_step s join alarm a on a.id = s.alarm"
    " where s.state = 'pending' and s.due_at < %(now)s - %(step_ms)s"
    " union all select m.site, m.since, 0, 1 from ("
    " select site, greatest(not_before, created_at, coalesce(sending_since, 0)) as since from message"
    " where state in ('queued', 'sending')) m where m.since < %(now)s - %(message_ms)s)"
    " select site, min(since), sum(steps)::integer, sum(messages)::integer from late group by site order by site"
)
"""A message past its end that still waits is overdue too: who works through the outbox takes it out."""

_UNATTENDED: Final[LiteralString] = (
    "select r.site, coalesce("
    " (select max(f.to_ms) from shift f where f.site = r.site and f.to_ms <= %(now)s),"
    " (select min(f.from_ms) from shift f where f.site = r.site))"
    f" from ({SITES_WITH_A_ROSTER}) r where not exists (select from shift s join account a on {SERVES}"
    " where s.site = r.site) order by r.site"
)

_UNPLANNED: Final[LiteralString] = (
    "select r.site, planned.until - %(least)s from (select coalesce((select planned_to_ms from planner_state),"
    " (select min(promised_ms) + 2 * %(least)s from care_plan)) as until) planned join ("
    " select distinct r.site from care_plan p join resident r on r.slot = p.resident_slot"
    " where p.active and r.status <> all(%(left)s)) r on planned.until < %(now)s + %(least)s order by r.site"
)
"""Where somebody promised something, and no planner has worked for so long; it plans two days ahead."""

_WATCHED: Final[LiteralString] = (
    "with t as (select c.id, c.timezone, c.demo, h.heard_ms, ("
    f" select min(s.from_ms) from shift s join account a on {SERVES} where s.site = c.id) as duty_from_ms"
    " from site c left join site_listened h on h.site = c.id"
    " where exists (select from resident r where r.site = c.id and r.status <> all(%(left)s))"
    " and exists (select from account l where l.role = any(%(listeners)s) and not l.disabled"
    " and (l.sites = '{}' or c.id = any(l.sites))))"
    " select t.id, t.heard_ms, greatest(t.heard_ms, t.duty_from_ms) from t where t.duty_from_ms is not null"
    " union all select t.id, t.heard_ms, t.heard_ms from (select t.*,"
    " (extract(epoch from (to_timestamp(%(now)s / 1000.0) at time zone t.timezone)::time) / 60)::integer as minute"
    f" from t where not t.demo and t.heard_ms is not null and t.id not in ({SITES_WITH_A_ROSTER})) t"
    " where case when %(from)s::integer < %(to)s::integer then t.minute >= %(from)s and t.minute < %(to)s"
    " else t.minute >= %(from)s or t.minute < %(to)s end order by 1"
)
"""Where residents live, somebody may listen, and a shift runs; or where no roster is kept, a desk has listened before
and the hours say so."""


class DutyHours(NamedTuple):
    """A part of the local day, minutes from midnight, over midnight when ``from_minute`` > ``to_minute``."""

    from_minute: int
    to_minute: int


class PostgresAuditStore:
    """Looks at steps, messages, shifts, planned checks and desks in one short transaction.

    ``unrostered``: when a desk should listen at a site that keeps no roster; None: never.
    """

    def __init__(self, pool: AsyncConnectionPool[Connection], *, unrostered: DutyHours | None = None) -> None:
        self._pool = pool
        self._unrostered = unrostered

    @asynccontextmanager
    async def turn(self, now: int) -> AsyncIterator[Look | None]:
        """A look at ``now`` (ms); None while another auditor is at it. Who stops in the middle loses the turn."""
        async with self._pool.connection() as connection, connection.transaction():
            cursor = await connection.execute(f"select pg_try_advisory_xact_lock({_ONE_AT_A_TIME})")
            row = await cursor.fetchone()
            yield await _look(connection, now, self._unrostered) if row is not None and row[0] else None


async def _look(connection: Connection, now: int, unrostered: DutyHours | None) -> Look:
    findings = [
        *await _unattended(connection, now),
        *await _overdue(connection, now),
        *await _unplanned(connection, now),
    ]
    watched = await _watched(connection, now, unrostered)
    return Look(
        findings=tuple(findings),
        watched=watched,
        active=await _active(connection),
        ended=await _ended(connection, [finding.id for finding in (*findings, *(site.finding for site in watched))]),
    )


async def _unattended(connection: Connection, now: int) -> list[Finding]:
    cursor = await connection.execute(_UNATTENDED, {"now": now})
    return [
        Finding(rule=NOBODY_ON_DUTY, site=site, since=since, evidence={"unattended_s": (now - since) // 1000})
        for site, since in await cursor.fetchall()
    ]


async def _overdue(connection: Connection, now: int) -> list[Finding]:
    cursor = await connection.execute(
        _OVERDUE, {"now": now, "step_ms": STEP_OVERDUE_MS, "message_ms": MESSAGE_OVERDUE_MS}
    )
    return [
        Finding(
            rule=STEP_OVERDUE,
            site=site,
            since=since,
            evidence={"overdue_s": (now - since) // 1000, "overdue_steps": steps, "overdue_messages": messages},
        )
        for site, since, steps, messages in await cursor.fetchall()
    ]


async def _unplanned(connection: Connection, now: int) -> list[Finding]:
    cursor = await connection.execute(_UNPLANNED, {"now": now, "least": UNPLANNED_MS, "left": LEFT})
    return [
        Finding(rule=CHECKS_UNPLANNED, site=site, since=since, evidence={"overdue_s": (now - since) // 1000})
        for site, since in await cursor.fetchall()
    ]


async def _watched(connection: Connection, now: int, unrostered: DutyHours | None) -> tuple[Watched, ...]:
    start, end = unrostered or (None, None)
    cursor = await connection.execute(
        _WATCHED, {"now": now, "left": LEFT, "listeners": list(LISTENERS), "from": start, "to": end}
    )
    rows = await cursor.fetchall()
    return tuple(
        [
            Watched(site=site, heard_ms=heard_ms, since=since, missed_s=(now - since) // 1000)
            for site, heard_ms, since in rows
        ]
    )


async def _active(connection: Connection) -> tuple[Alarm, ...]:
    cursor = await connection.execute(
        f"select object from alarm where rule = any(%s) and state in {ACTIVE_STATES}", (list(RULES),)
    )
    return tuple([alarm_from_object(row[0]) for row in await cursor.fetchall()])


async def _ended(connection: Connection, keys: list[UUID]) -> frozenset[UUID]:
    if not keys:
        return frozenset()
    cursor = await connection.execute(
        f"select id from alarm where id = any(%s) and state not in {ACTIVE_STATES}", (keys,)
    )
    return frozenset([row[0] for row in await cursor.fetchall()])
