"""Bands that are followed closely, over PostgreSQL: ``alerts.follow_loop.FollowStore``. Times are Unix ms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from alerts.alarm import Alarm
from alerts.following import ASKED_BY, Ask, Intervals, Kept, Setting, Situation
from devices.clock import DAY_MS
from devices.commands import BadCommand
from gateway.store.active import ACTIVE_STATES
from gateway.store.alarms import PostgresAlarmStore, PostgresAlarmTransaction
from gateway.store.commands import queue_command
from gateway.store.connection import Connection
from gateway.store.errors import StoreError

USUALLY_S: Final = 300
"""How often a band reports of which nobody has seen it. Source: the contract, ``interval_s`` where it is untold."""
SELDOMEST_S: Final = 900
"""A band that reports more seldom by itself gets this back, unless it knows its own pace. Assumption, ADR 36."""

TO_AND_FRO_MS: Final = 300_000
"""Who was taken to be back once too early is followed so long after the next time. Assumption, ADR 36."""

_SAID: Final[LiteralString] = "from jsonb_array_elements(a.object -> 'timeline') e where e ->> 'event' ="

SOUGHT: Final[LiteralString] = (
    f"a.state in {ACTIVE_STATES} and a.kind = 'wandering' and a.object ->> 'drill' = 'false'"
    " and (a.object ->> 'recovered_at' is null or ("
    f" exists (select {_SAID} 'stands_again')"
    f" and (select max((e ->> 't')::bigint) {_SAID} 'recovered') > %(back_since)s))"
)
"""Whether whom the alarm ``a`` is about is sought: it stands, it is no drill, and they are not back."""

# The usual gap is the one of most of the time, not of most of the fixes: a band that reports often while it is carried
# about has made more of those on one walk than of its usual ones in a day.
_SITUATIONS: Final[LiteralString] = (
    "with sought as (select distinct on (n.device_slot) n.device_slot, a.id as alarm from alarm a"
    " join resident r on r.id = a.resident join assignment n on n.resident_slot = r.slot and n.to_ms is null"
    " join device w on w.slot = n.device_slot and (w.type in ('band', 'watch', 'pendant')"
    " or exists (select from position where device = w.slot and t > to_timestamp(%(day_ago)s / 1000.0)))"
    f" where {SOUGHT} order by n.device_slot, a.raised_at, a.id)"
    " select d.id, s.alarm, d.registered and not d.revoked, f.device is not null, f.alarm, f.since_ms,"
    " f.usual_position_s, f.usual_heartbeat_s, f.by_itself, f.phase, f.position_s, f.heartbeat_s, f.command,"
    " f.asked_at, f.located_at, f.tries, f.told, c.id, c.created_by, c.created_at, c.state,"
    " (c.args ->> 'position_s')::integer, (c.args ->> 'heartbeat_s')::integer,"
    " p.online, b.battery_pct, coalesce(b.charging, false), (extract(epoch from x.received) * 1000)::bigint,"
    " least(%(seldomest)s, greatest(1, coalesce(g.gap_s, %(usually)s)))::integer,"
    " greatest(1, coalesce(b.interval_s, %(usually)s))::integer"
    " from sought s full join following f on f.device = s.device_slot"
    " join device d on d.slot = coalesce(s.device_slot, f.device)"
    " left join presence p on p.device = d.slot"
    " left join lateral (select * from command where device = d.slot and name = 'set_interval'"
    " order by n desc limit 1) c on true"
    " left join lateral (select * from heartbeat where device = d.slot and t > to_timestamp(%(day_ago)s / 1000.0)"
    " order by t desc limit 1) b on true"
    " left join lateral (select * from position where device = d.slot and t > to_timestamp(%(day_ago)s / 1000.0)"
    " order by t desc limit 1) x on true"
    " left join lateral (select gap as gap_s from (select gap, sum(gap) over (order by gap, t) as passed,"
    " sum(gap) over () as whole from (select t, extract(epoch from t - lag(t) over (order by t))::float8 as gap"
    " from position where f.device is null and device = d.slot and t > to_timestamp(%(day_ago)s / 1000.0)) lately"
    " where gap > 0 and gap < 3600) gaps where 2 * passed >= whole order by gap limit 1) g on true"
    " where %(device)s::text is null or d.id = %(device)s order by f.device is not null, d.id"
)
"""Whoever begins to be sought stands before those who have been for a while."""


async def _situations(conn: Connection, now: int, device: str | None = None) -> list[Situation]:
    cursor = await conn.execute(
        _SITUATIONS,
        {
            "day_ago": now - DAY_MS,
            "back_since": now - TO_AND_FRO_MS,
            "usually": USUALLY_S,
            "seldomest": SELDOMEST_S,
            "device": device,
        },
    )
    return [_situation(row) for row in await cursor.fetchall()]


def _situation(row: Sequence[Any]) -> Situation:
    device, alarm, able, followed = row[:4]
    online, battery_pct, charging, fix_at, seen_position_s, seen_heartbeat_s = row[23:]
    return Situation(
        device=device,
        alarm=alarm,
        able=able,
        kept=_kept(row[4:17]) if followed else None,
        setting=None if row[17] is None else Setting(
            id=row[17], by=row[18], at=row[19], state=row[20], intervals=Intervals(row[21], row[22])
        ),
        online=online,
        battery_pct=battery_pct,
        charging=charging,
        fix_at=fix_at,
        seen=Intervals(seen_position_s, seen_heartbeat_s),
    )  # fmt: skip


def _kept(row: Sequence[Any]) -> Kept:
    alarm, since_ms, usual_position_s, usual_heartbeat_s, by_itself, phase, position_s, heartbeat_s, *rest = row
    command, asked_at, located_at, tries, told = rest
    return Kept(
        alarm=alarm,
        since_ms=since_ms,
        usual=Intervals(usual_position_s, usual_heartbeat_s),
        by_itself=by_itself,
        phase=phase,
        asked=Intervals(position_s, heartbeat_s),
        command=command,
        asked_at=asked_at,
        located_at=located_at,
        tries=tries,
        told=told,
    )


class PostgresFollowTurn:
    """One transaction about one band."""

    def __init__(self, work: PostgresAlarmTransaction, situation: Situation, now: int) -> None:
        self.situation = situation
        self._work = work
        self._now = now

    async def lock(self, alarm: UUID) -> Alarm | None:
        """The alarm under a row lock, or None."""
        return await self._work.lock(alarm)

    async def save(self, alarm: Alarm) -> None:
        """Store a changed alarm."""
        await self._work.save(alarm)

    async def ask(self, ask: Ask, *, alarm: UUID, now: int) -> UUID | None:
        """Queue a command for the band; its id, None when it cannot be asked."""
        conn = self._work.connection
        try:
            async with conn.transaction():
                queued = await queue_command(
                    conn, device=self.situation.device, name=ask.name, args=ask.args, by=ASKED_BY, now=now, alarm=alarm
                )
        except (BadCommand, StoreError):
            return None
        return queued.id

    async def keep(self, kept: Kept | None) -> None:
        """Write down what is kept of the band; None: forget it. Once nobody is sought, nobody asks where it is."""
        conn, device = self._work.connection, self.situation.device
        if kept is None or kept.phase != "following":
            await conn.execute(
                "update command set state = 'cancelled', ended_at = %s, ended_by = %s where name = 'locate'"
                " and created_by = %s and state in ('queued', 'sent')"
                " and device = (select slot from device where id = %s)",
                (self._now, ASKED_BY, ASKED_BY, device),
            )
        if kept is None:
            await conn.execute(
                "delete from following where device = (select slot from device where id = %s)", (device,)
            )
            return
        columns = {
            "alarm": kept.alarm,
            "since_ms": kept.since_ms,
            "usual_position_s": kept.usual.position_s,
            "usual_heartbeat_s": kept.usual.heartbeat_s,
            "by_itself": kept.by_itself,
            "phase": kept.phase,
            "position_s": kept.asked.position_s,
            "heartbeat_s": kept.asked.heartbeat_s,
            "command": kept.command,
            "asked_at": kept.asked_at,
            "located_at": kept.located_at,
            "tries": kept.tries,
            "told": kept.told,
        }
        await conn.execute(
            "insert into following (device, alarm, since_ms, usual_position_s, usual_heartbeat_s, by_itself, phase,"
            " position_s, heartbeat_s, command, asked_at, located_at, tries, told)"
            " select slot, %(alarm)s, %(since_ms)s, %(usual_position_s)s, %(usual_heartbeat_s)s, %(by_itself)s,"
            " %(phase)s, %(position_s)s, %(heartbeat_s)s, %(command)s, %(asked_at)s, %(located_at)s, %(tries)s,"
            " %(told)s from device where id = %(device)s on conflict (device) do update set alarm = excluded.alarm,"
            " phase = excluded.phase, position_s = excluded.position_s, heartbeat_s = excluded.heartbeat_s,"
            " command = excluded.command, asked_at = excluded.asked_at, located_at = excluded.located_at,"
            " tries = excluded.tries, told = excluded.told",
            {**columns, "device": device},
        )


class PostgresFollowStore:
    """Where bands that are followed are stored."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool
        self._alarms = PostgresAlarmStore(pool)

    async def situations(self, now: int) -> list[Situation]:
        """The bands whose wearers are sought, and those that have not their usual intervals back."""
        async with self._pool.connection() as conn:
            return await _situations(conn, now)

    @asynccontextmanager
    async def turn(self, device: str, now: int) -> AsyncIterator[PostgresFollowTurn | None]:
        """Work on a band; None while somebody else does, or when there is nothing about it any more."""
        async with self._alarms.transaction() as work:
            cursor = await work.connection.execute(
                "select pg_try_advisory_xact_lock(hashtextextended('following ' || %s, 0))", (device,)
            )
            row = await cursor.fetchone()
            found = await _situations(work.connection, now, device) if row is not None and row[0] else []
            yield PostgresFollowTurn(work, found[0], now) if found else None
