"""Writes the windows of the next two days as the plans say (ADR-30).

Whatever changes a plan or a holiday lays it out anew in its own transaction; a job does the same for everybody, again
and again, so that time going on, an import or a new time zone are followed too. It writes only what differs: any
number of planners, at any time, change nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Final, LiteralString, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import structlog
from psycopg.types.json import Jsonb

from alerts.checks import DaysOff, Due, Terms, WindowTerms, laid_out
from alerts.replanning import Revision, Standing, Wanted, revised
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS, zone
from gateway.store.checks import DUE_MS, IN_FORCE, OVERDUE_MS, put_away
from gateway.store.connection import Connection
from gateway.store.registry.holding import hold_registry
from gateway.store.registry.writing import writing
from gateway.store.who_left import LEFT

AHEAD_MS: Final = 48 * HOUR_MS
"""How far ahead windows are written: a dispatcher may be away for a night and a day."""

PLANNER: Final = "planner"
"""The actor of these changes in the history."""

AT_ONCE: Final = 250
"""Residents in a piece: a few hundredths of a second of work."""

_ROWS: Final[LiteralString] = (
    "jsonb_to_recordset(%(rows)s) x"
    " (id text, slot int4, plan text, day date, opens_ms int8, closes_ms int8, grace_ms int8, by text)"
)
_log = structlog.get_logger(__name__)

_windows: Final = msgspec.json.Decoder(tuple[WindowTerms, ...])


class _Promise(NamedTuple):
    """A plan of somebody."""

    timezone: str
    site: str
    plan: str
    terms: Terms
    grace_ms: int | None
    promised_ms: int


async def replan(conn: Connection, now: int, *, residents: Sequence[str] | None = None, site: str | None = None) -> int:
    """Make the windows of these residents, or those of a site, what the plans say; how many differed.

    ``residents``: their ids, None for all; ``site`` None for every one. Joins the caller's transaction, which holds
    the registry.
    """
    laying = _Laying(conn, now)
    return sum([await laying.put_right(some) for some in await laying.pieces(residents, site)])


async def plan_ahead(conn: Connection, now: int) -> int:
    """Make everybody's windows what the plans say, until ``now`` (ms) and two days; how many differed.

    Only where something differs the registry is held, for some residents at a time.
    """
    laying = _Laying(conn, now)
    written = 0
    for some in await laying.pieces(None, None):
        if await laying.differences(some):
            async with writing(conn, PLANNER):
                await hold_registry(conn)
                written += await laying.put_right(some)
    await conn.execute(
        "insert into planner_state (planned_to_ms) values (%s)"
        " on conflict (only_row) do update set planned_to_ms = excluded.planned_to_ms",
        (now + AHEAD_MS,),
    )
    return written


class _Laying:
    """One time of laying plans out at ``now`` (ms); residents are told by their slots.

    In pieces: whoever shares the process or waits for the registry gets a turn between them, and no transaction lies
    idle for long.
    """

    def __init__(self, conn: Connection, now: int) -> None:
        self._conn = conn
        self._now = now
        self._known: dict[object, list[Due]] = {}

    async def pieces(self, residents: Sequence[str] | None, site: str | None) -> list[list[int]]:
        """Whoever promises something or has windows, of these residents and this site; None for any."""
        cursor = await self._conn.execute(
            "select r.slot from resident r where (exists (select from care_plan p where p.resident_slot = r.slot"
            " and p.active) or exists (select from check_window w where w.resident_slot = r.slot"
            " and w.closes_ms > %(since)s)) and (%(residents)s::text[] is null or r.id = any(%(residents)s))"
            " and (%(site)s::text is null or r.site = %(site)s) order by r.slot",
            {
                "since": self._now - OVERDUE_MS,
                "residents": None if residents is None else list(residents),
                "site": site,
            },
        )
        slots = [row[0] for row in await cursor.fetchall()]
        return [slots[at : at + AT_ONCE] for at in range(0, len(slots), AT_ONCE)]

    async def put_right(self, slots: Sequence[int]) -> int:
        """Write what differs; how much it was."""
        revisions = await self.differences(slots)
        await _write(self._conn, revisions)
        return sum(len(part) for _, revision in revisions for part in revision)

    async def differences(self, slots: Sequence[int]) -> list[tuple[int, Revision]]:
        """What is to be written; nobody with whom all is well."""
        promises, unreadable = await _promises(self._conn, slots)
        standing = await _standing(self._conn, self._now, slots)
        planned_to = await _planned_to(self._conn, self._now)
        off = await _days_off(self._conn)
        found = []
        for slot in sorted(set(slots) - unreadable):
            wanted = _wanted(promises.get(slot, []), off, self._known, self._now)
            revision = revised(standing.get(slot, []), wanted, now=self._now, planned_to=planned_to)
            if any(revision):
                found.append((slot, revision))
        return found


async def _promises(conn: Connection, slots: Sequence[int]) -> tuple[dict[int, list[_Promise]], set[int]]:
    """The plans in force by the resident's slot; and whose plans cannot be read, as no version of ours writes them."""
    cursor = await conn.execute(
        "select r.slot, r.timezone, r.site, p.id, p.windows::text, p.holidays, p.first_day, p.last_day, p.grace_min,"
        " p.promised_ms from care_plan p join resident r on r.slot = p.resident_slot"
        " where p.active and r.status <> all(%s) and r.slot = any(%s) order by r.slot, p.id",
        (LEFT, list(slots)),
    )
    known: dict[str, tuple[WindowTerms, ...]] = {}
    found: dict[int, list[_Promise]] = {}
    unreadable: set[int] = set()
    for slot, timezone, site, plan, windows, holidays, first, last, grace_min, promised_ms in await cursor.fetchall():
        try:
            terms = Terms(windows=_decoded(windows, known), holidays=holidays, first_day=first, last_day=last)
        except msgspec.MsgspecError as error:
            unreadable.add(slot)
            _log.warning("plan cannot be read", plan=plan, error=str(error))
            continue
        grace_ms = None if grace_min is None else grace_min * MINUTE_MS
        found.setdefault(slot, []).append(_Promise(timezone, site, plan, terms, grace_ms, promised_ms))
    return found, unreadable


def _decoded(text: str, known: dict[str, tuple[WindowTerms, ...]]) -> tuple[WindowTerms, ...]:
    if text not in known:
        known[text] = _windows.decode(text)
    return known[text]


async def _standing(conn: Connection, now: int, slots: Sequence[int]) -> dict[int, list[Standing]]:
    cursor = await conn.execute(
        "select w.resident_slot, w.id, w.plan, w.day, w.opens_ms, w.closes_ms, w.grace_ms, w.by,"
        f" {DUE_MS}, o.kept_ms is not null"
        " from check_window w join resident r on r.slot = w.resident_slot"
        " left join check_outcome o on o.resident_slot = w.resident_slot and o.closes_ms = w.closes_ms"
        " where w.closes_ms > %(since)s and w.opens_ms < %(until)s and r.slot = any(%(slots)s)"
        " order by w.resident_slot, w.opens_ms",
        {**IN_FORCE, "slots": list(slots), "since": now - OVERDUE_MS, "until": now + AHEAD_MS},
    )
    found: dict[int, list[Standing]] = {}
    for slot, key, *terms, due, kept in await cursor.fetchall():
        found.setdefault(slot, []).append(Standing(key, Wanted(*terms), due, kept))
    return found


async def _planned_to(conn: Connection, now: int) -> int:
    row = await (await conn.execute("select planned_to_ms from planner_state")).fetchone()
    return now if row is None else int(row[0])


async def _days_off(conn: Connection) -> dict[str, tuple[DaysOff, ...]]:
    cursor = await conn.execute("select site, date, last_date from holiday order by site, date, last_date")
    rows = await cursor.fetchall()
    return {site: tuple(DaysOff(*row[1:]) for row in theirs) for site, theirs in groupby(rows, key=lambda row: row[0])}


def _wanted(
    promises: Sequence[_Promise], off: dict[str, tuple[DaysOff, ...]], known: dict[object, list[Due]], now: int
) -> list[Wanted]:
    if not promises:
        return []
    timezone, holidays = promises[0].timezone, off.get(promises[0].site, ())
    terms = tuple(each.terms for each in promises)
    place = (timezone, terms, holidays)
    if place not in known:
        # A village promises the same: its days are laid out once.
        clock = zone(timezone)
        first = _local(now - OVERDUE_MS - DAY_MS, clock)
        dues = laid_out(terms, clock, holidays, first, _local(now + AHEAD_MS, clock))
        known[place] = [due for due in dues if due.closes_ms > now - OVERDUE_MS and due.opens_ms < now + AHEAD_MS]
    return [
        Wanted(
            plan=promises[due.plan].plan,
            day=due.day,
            opens_ms=due.opens_ms,
            closes_ms=due.closes_ms,
            grace_ms=promises[due.plan].grace_ms,
            by=due.by,
            promised_ms=promises[due.plan].promised_ms,
        )
        for due in known[place]
    ]


def _local(moment_ms: int, clock: ZoneInfo) -> date:
    return datetime.fromtimestamp(moment_ms // 1000, clock).date()


def _row(terms: Wanted) -> dict[str, object]:
    return {**terms._asdict(), "day": terms.day.isoformat()}


async def _write(conn: Connection, revisions: Sequence[tuple[int, Revision]]) -> None:
    withdrawn = [key for _, revision in revisions for key in revision.withdrawn]
    dropped = [key for _, revision in revisions for key in revision.dropped]
    await put_away(conn, withdrawn, skipped="withdrawn")
    if dropped:
        await conn.execute("delete from check_window where id = any(%s)", (dropped,))
    if changed := [{"id": key, **_row(each)} for _, revision in revisions for key, each in revision.changed]:
        await conn.execute(
            "update check_window w set plan = x.plan, day = x.day, opens_ms = x.opens_ms, grace_ms = x.grace_ms,"
            f" by = x.by from {_ROWS} where w.id = x.id",
            {"rows": Jsonb(changed)},
        )
    if added := [{"slot": slot, **_row(each)} for slot, revision in revisions for each in revision.added]:
        await conn.execute(
            "insert into check_window (resident_slot, plan, day, opens_ms, closes_ms, grace_ms, by)"
            f" select x.slot, x.plan, x.day, x.opens_ms, x.closes_ms, x.grace_ms, x.by from {_ROWS}"
            " order by x.opens_ms, x.slot on conflict (resident_slot, closes_ms) do nothing",
            {"rows": Jsonb(added)},
        )
        # Withdrawn and promised anew with the same end: the list must not say that nobody asks.
        await conn.execute(
            f"update check_outcome o set skipped = null, past = null, day = null from {_ROWS}"
            " where o.resident_slot = x.slot and o.closes_ms = x.closes_ms and o.skipped = 'withdrawn'",
            {"rows": Jsonb(added)},
        )
