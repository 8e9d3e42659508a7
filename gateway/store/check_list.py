"""The day's list: every promised check of a day, who has kept it, who is overdue, and who was called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, LiteralString

import msgspec
from psycopg.types.json import Jsonb

from devices.clock import HOUR_MS, zone
from devices.registry import KeptBy, ResidentStatus
from gateway.store.checks import IN_FORCE, OVERDUE_MS, PAST, Call, How
from gateway.store.connection import Connection
from gateway.store.house_order import house_order

CheckState = Literal["coming", "open", "kept", "overdue", "skipped"]

GRACE_AT_MOST_MS: Final = 12 * HOUR_MS
"""Of a plan (``care_plan.grace_min``) and of the parameter."""
MOST_AT_ONCE: Final = 20_000
"""Checks in one answer: more than a day of the largest centre."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A promised check and what became of it. Times in ms.

    ``begins_at``: from then on a press counts, a little before it opens. ``due_at``: its end with its grace; until then
    it is ``open``. ``kept_by``: who vouched, None when the resident did it themselves. ``skipped``: the status because
    of which nothing was asked for, ``rule_off`` or ``withdrawn``. ``alarm``: the alarm that tells of its being missed.
    """

    id: str
    resident: str
    slot: int
    name: str
    site: str
    timezone: str
    phone: str | None
    community: str | None
    building: str | None
    unit: str | None
    floor: str | None
    room: str | None
    plan: str
    plan_name: str | None
    date: dt.date
    begins_at: int
    opens_at: int
    closes_at: int
    due_at: int
    by: KeptBy
    state: CheckState
    kept_at: int | None
    kept_by: str | None
    how: How | None
    note: str | None
    reminded_at: int | None
    calls: tuple[Call, ...]
    skipped: str | None
    alarm: str | None


_WINDOWS: Final[LiteralString] = (
    "select w.resident_slot, w.closes_ms, w.day, " + PAST + " as past from check_window w"
    " join resident r on r.slot = w.resident_slot where true"
)
_UNSETTLED: Final[LiteralString] = (
    " and w.opens_ms <= %(now)s and w.closes_ms > %(since)s and not exists (select from check_outcome s"
    " where s.resident_slot = w.resident_slot and s.closes_ms = w.closes_ms"
    " and (s.kept_ms is not null or s.skipped is not null))"
)
"""Asked before anything is looked up of a window: of 5,000 promises of a day few wait. What is gone was settled."""
_GONE: Final[LiteralString] = (
    "select w.resident_slot, w.closes_ms, w.day, w.past from check_outcome w"
    " join resident r on r.slot = w.resident_slot where w.past is not null and not exists (select from check_window n"
    " where n.resident_slot = w.resident_slot and n.closes_ms = w.closes_ms)"
)
_STATUS_THEN: Final[LiteralString] = (
    "coalesce(case when o.kept_ms is null and (c.past ->> 'due_ms')::int8 <= %(now)s then (select h.record ->> 'status'"
    " from registry_change h where h.entity = 'resident' and h.key = r.id and h.record is not null"
    " and h.at <= to_timestamp((c.past ->> 'due_ms')::int8 / 1000.0) order by h.version desc limit 1) end, r.status)"
)
"""Whether somebody was looked after when the check fell due is a matter of then, not of now."""
_ALARM: Final[LiteralString] = (
    "case when coalesce(o.kept_ms, %(now)s) > (c.past ->> 'due_ms')::int8 then (select a.id from alarm a"
    " where a.resident = r.id and a.rule = 'missed_check.checkin'"
    " and (a.object ->> 'last_event_time')::int8 >= (c.past ->> 'due_ms')::int8"
    " and (a.object ->> 'event_time')::int8 <= least(coalesce(o.kept_ms, %(now)s),"
    " (c.past ->> 'due_ms')::int8 + %(overdue)s) order by a.raised_at limit 1) end"
)
"""The first alarm that was told of after the check was overdue: after an absence of our own that may be hours later."""


async def checks(
    conn: Connection,
    *,
    sites: Sequence[str],
    first: dt.date,
    last: dt.date,
    now: int,
    resident: str | None = None,
    key: str | None = None,
    todays: Mapping[str, dt.date] | None = None,
    settled: bool = True,
) -> list[Check]:
    """The checks whose local day is in ``first`` to ``last``, house by house; ``sites`` empty for all.

    ``resident``: of this one alone; ``key``: this check alone, whatever its day, if its window still stands;
    ``todays``: those of one day alone, by the time zone of the resident; ``settled`` False: without those that were
    kept or excused, are not open yet, or ended long ago. ``now`` in ms tells their states.
    """
    which = (
        " and w.day between %(first)s and %(last)s and (%(sites)s::text[] = '{}' or r.site = any(%(sites)s))"
        " and (%(resident)s::text is null or r.id = %(resident)s)"
        " and (%(todays)s::jsonb is null or w.day = (%(todays)s::jsonb ->> r.timezone)::date)"
    )
    source: LiteralString = f"{_WINDOWS}{which} union all {_GONE}{which}"
    if not settled:
        source = f"{_WINDOWS}{which}{_UNSETTLED}"
    if key is not None:
        source = f"{_WINDOWS} and w.id = %(key)s"
    cursor = await conn.execute(
        f"with c as ({source})"
        " select jsonb_build_object('id', c.past -> 'id', 'resident', r.id, 'slot', r.slot, 'name', r.name,"
        " 'site', r.site, 'timezone', r.timezone, 'phone', r.phone, 'community', r.address ->> 'community',"
        " 'building', r.address ->> 'building', 'unit', r.address ->> 'unit', 'floor', r.address ->> 'floor',"
        " 'room', r.address ->> 'room', 'plan', c.past -> 'plan', 'plan_name', c.past -> 'plan_name', 'date', c.day,"
        " 'begins_at', c.past -> 'begins_ms', 'opens_at', c.past -> 'opens_ms', 'closes_at', c.closes_ms,"
        " 'due_at', c.past -> 'due_ms',"
        " 'by', c.past -> 'by', 'kept_at', o.kept_ms, 'kept_by', o.kept_by, 'how', o.how, 'note', o.note,"
        " 'reminded_at', o.reminded_ms, 'calls', coalesce(o.calls, '[]'), 'skipped', o.skipped,"
        f" 'alarm', {_ALARM})::text, {_STATUS_THEN}, (extract(epoch from r.until) * 1000)::int8"
        " from c join resident r on r.slot = c.resident_slot left join check_outcome o"
        " on o.resident_slot = c.resident_slot and o.closes_ms = c.closes_ms"
        f" order by c.closes_ms, r.slot limit {MOST_AT_ONCE}",
        {
            **IN_FORCE,
            "sites": list(sites),
            "first": first,
            "last": last,
            "now": now,
            "overdue": OVERDUE_MS,
            "resident": resident,
            "key": key,
            "since": now - OVERDUE_MS - GRACE_AT_MOST_MS,
            "todays": None if todays is None else Jsonb({name: day.isoformat() for name, day in todays.items()}),
        },
    )
    found = [_check(*row, now=now) for row in await cursor.fetchall()]
    return sorted(found, key=_by_house)


async def checks_waiting(conn: Connection, sites: Sequence[str], now: int) -> list[Check]:
    """What still calls for somebody at ``now`` (ms): those open, and those overdue for a day, the longest first."""
    today = dt.datetime.fromtimestamp(now // 1000, dt.UTC).date()
    first, last = today - dt.timedelta(days=2), today + dt.timedelta(days=1)
    found = await checks(conn, sites=sites, first=first, last=last, now=now, settled=False)
    waiting = [each for each in found if waits(each, now)]
    return sorted(waiting, key=lambda each: (each.state != "overdue", each.due_at))


def waits(check: Check, now: int) -> bool:
    """Whether a check still calls for somebody at ``now`` (ms): for a day after it fell due."""
    return check.state in ("open", "overdue") and check.due_at > now - OVERDUE_MS


async def checks_of_day(conn: Connection, sites: Sequence[str], day: dt.date, now: int) -> list[Check]:
    """The checks of a local day, house by house; ``sites`` empty for all."""
    return await checks(conn, sites=sites, first=day, last=day, now=now)


async def checks_of_today(conn: Connection, sites: Sequence[str], now: int) -> list[Check]:
    """The checks of today, wherever a resident's today is."""
    cursor = await conn.execute(
        "select distinct timezone from resident where %(sites)s::text[] = '{}' or site = any(%(sites)s)",
        {"sites": list(sites)},
    )
    todays = {name: dt.datetime.fromtimestamp(now // 1000, zone(name)).date() for (name,) in await cursor.fetchall()}
    if not todays:
        return []
    first, last = min(todays.values()), max(todays.values())
    return await checks(conn, sites=sites, first=first, last=last, now=now, todays=todays)


async def check_by_id(conn: Connection, key: str, now: int) -> Check | None:
    """One check whose window still stands: eight days from its end."""
    found = await checks(conn, sites=[], first=dt.date.min, last=dt.date.max, now=now, key=key)
    return found[0] if found else None


def _check(text: str, status: ResidentStatus, until: int | None, *, now: int) -> Check:
    row: dict[str, Any] = msgspec.json.decode(text)
    if row["kept_at"] is not None:
        state: CheckState = "kept"
    elif row["skipped"] is not None:
        state = "skipped"
    elif status != "active" and not (until is not None and now < until <= row["opens_at"]):
        state, row["skipped"] = "skipped", status
    elif now < row["opens_at"]:
        state = "coming"
    else:
        state = "open" if now < row["due_at"] else "overdue"
    return msgspec.convert({**row, "state": state}, Check)


def _by_house(check: Check) -> tuple[object, ...]:
    place = {
        "community": check.community,
        "building": check.building,
        "unit": check.unit,
        "floor": check.floor,
        "room": check.room,
    }
    return (check.site, *house_order(place), check.name, check.resident, check.opens_at)
