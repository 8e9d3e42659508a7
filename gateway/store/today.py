"""What a shift has to do: buttons to try out, batteries to change, devices to visit, who is back, who is on duty.

All lists take ``sites``: those the reader may see, empty for all. Times are Unix ms. Lists of doors come in the order
in which somebody walks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import ceil
from typing import Any, Final, LiteralString, TypeVar

import msgspec

from alerts.handover import Handover
from devices.clock import DAY_MS, HOUR_MS
from devices.registry import ResidentStatus
from gateway.store.active import ACTIVE_STATES
from gateway.store.check_list import Check, checks_waiting
from gateway.store.connection import Connection
from gateway.store.handovers import last_handovers
from gateway.store.house_order import house_order
from gateway.store.roster import Serving, serving

WITH_A_BUTTON: Final = ("band", "watch", "pendant", "box")
"""Types of devices that somebody presses for help."""
TESTS_A_DAY: Final = 5
"""So many buttons that were never tried out a day takes on, however few there are. Assumption, ADR 39."""
ROUND_PCT: Final = 25
"""From here down a band belongs on the round: so much it needs to count as charged again (``device.battery_low``)."""
EMPTY_PCT: Final = 15
"""At this ``device.battery_low`` opens."""
AHEAD_MS: Final = DAY_MS
"""The next round is tomorrow's."""
PACE_MS: Final = (8 * HOUR_MS, 6 * HOUR_MS)
"""So long ago, from and to, is the reading by which the loss of a day is reckoned: whole per cents jump, so that less
says little, and more would not see a charge that wore off since. Assumption, ADR 39."""
NEVER_BY_TOMORROW_PCT: Final = 60
"""Above this no sound band is empty within a day; asking every one of them for its pace takes time. Assumption."""
HEARD_WITHIN_MS: Final = 2 * DAY_MS
"""What is silent for longer is no matter of a battery: it stands among the devices to visit."""
TO_VISIT: Final = ("device.fault", "device.not_worn", "device.reported", "missed_check.silent")
"""The rules whose active alarms somebody settles at the door with a device in hand."""


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's door: a resident's, or that of a household that shares a device (``resident`` None, its name)."""

    site: str
    timezone: str
    resident: str | None
    name: str
    phone: str | None
    address: dict[str, Any]


class TestPress(Door, frozen=True, kw_only=True):
    """A button to try out; ``tested_at``: when that was last done, None for never."""

    device: str
    type: str
    tested_at: int | None


class LowBattery(Door, frozen=True, kw_only=True):
    """A battery to charge or change. ``empty_at``: when it comes to 15 % at the pace of the last hours; None if it has.

    None too where no pace is known.
    """

    device: str
    type: str
    battery_pct: float
    heard_at: int
    empty_at: int | None


class Visit(Door, frozen=True, kw_only=True):
    """A device that somebody must see to: why (the rule of the alarm), and since when."""

    device: str | None
    alarm: str
    rule: str
    since: int
    assignee: str | None


class BackToday(Door, frozen=True, kw_only=True):
    """Somebody whose absence ends today, at ``until``."""

    status: ResidentStatus
    until: int


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """All that a shift has to do at ``at`` (ms). ``test_days``: after how many days a button is tried out again.

    ``tests_later``: buttons that nobody ever tried out, and that are no task of today.
    """

    at: int
    test_days: int
    checks: list[Check]
    tests: list[TestPress]
    tests_later: int
    batteries: list[LowBattery]
    visits: list[Visit]
    back: list[BackToday]
    handovers: list[Handover]
    duty: list[Serving]


D = TypeVar("D", bound=Door)

_WITHIN: Final[LiteralString] = "(cardinality(%(sites)s::text[]) = 0 or d.site = any(%(sites)s))"
_DOOR: Final[LiteralString] = (
    "'resident', r.id, 'name', coalesce(r.name, h.name), 'phone', r.phone, 'address', coalesce(r.address, h.address),"
    " 'timezone', coalesce(r.timezone, s.timezone)"
)
_WORN: Final[LiteralString] = (
    "device d join assignment n on n.device_slot = d.slot and n.to_ms is null"
    " left join resident r on r.slot = n.resident_slot left join household h on h.id = n.household"
    " join site s on s.id = d.site"
)
_AT_HOME: Final[LiteralString] = "(r.id is null or r.status = 'active')"
_BUTTON: Final[LiteralString] = (
    f"not d.revoked and d.registered and d.type = any(%(types)s) and {_AT_HOME} and {_WITHIN}"
)
_TESTED: Final[LiteralString] = (
    "a.rule = 'sos.button' and ((a.object ->> 'drill')::boolean or a.object ->> 'outcome' = 'test')"
)
"""As the index ``alarm_test_press`` has it."""


async def today(conn: Connection, sites: Sequence[str], now: int, *, test_days: int) -> Today:
    """The whole list at ``now``; buttons are due ``test_days`` after they were last tried out."""
    tests, later = await presses_due(conn, sites, now, test_days)
    return Today(
        at=now,
        test_days=test_days,
        checks=await checks_waiting(conn, sites, now),
        tests=tests,
        tests_later=later,
        batteries=await battery_round(conn, sites, now),
        visits=await devices_to_visit(conn, sites),
        back=await back_today(conn, sites, now),
        handovers=await last_handovers(conn, sites),
        duty=await serving(conn, sites, now),
    )


async def presses_due(conn: Connection, sites: Sequence[str], now: int, test_days: int) -> tuple[list[TestPress], int]:
    """Buttons of people at home that nobody tried out for ``test_days``, in a drill or by a press closed as a test.

    Of those that never were only so many as let all of a site be tried out within ``test_days``, less what was tried
    out today: whoever begins with 500 bands has a round each day, and no list of 500. How many are left out comes
    second.
    """
    due = await _doors(
        conn,
        TestPress,
        f"with tested as (select distinct a.object ->> 'device' as device from alarm a where {_TESTED}"
        " and a.raised_at >= %(since)s)"
        f" select jsonb_build_object('site', d.site, {_DOOR}, 'device', d.id, 'type', d.type, 'tested_at',"
        f" (select max(a.raised_at) from alarm a where {_TESTED} and a.object ->> 'device' = d.id))::text"
        f" from {_WORN} where {_BUTTON} and not exists (select from tested t where t.device = d.id)",
        {"sites": list(sites), "since": now - test_days * DAY_MS, "types": list(WITH_A_BUTTON)},
    )
    left = await _shares(conn, sites, now, test_days)
    kept: list[TestPress] = []
    for each in due:
        if each.tested_at is None:
            left[each.site] -= 1
        if each.tested_at is not None or left[each.site] >= 0:
            kept.append(each)
    return kept, len(due) - len(kept)


async def _shares(conn: Connection, sites: Sequence[str], now: int, test_days: int) -> Counter[str]:
    """How many buttons of each site that were never tried out a day takes on yet."""
    cursor = await conn.execute(
        "select d.site, count(*), count(*) filter (where exists (select from alarm a"
        f" where {_TESTED} and a.object ->> 'device' = d.id and a.raised_at >= extract(epoch from date_trunc('day',"
        " to_timestamp(%(now)s / 1000.0) at time zone s.timezone) at time zone s.timezone) * 1000))"
        f" from {_WORN} where {_BUTTON} group by d.site",
        {"sites": list(sites), "now": now, "types": list(WITH_A_BUTTON)},
    )
    rows = await cursor.fetchall()
    return Counter({site: max(TESTS_A_DAY, ceil(buttons / test_days)) - today for site, buttons, today in rows})


async def battery_round(conn: Connection, sites: Sequence[str], now: int) -> list[LowBattery]:
    """Batteries at 25 % or less, and those that reach 15 % within a day; not those that are charging."""
    return await _doors(
        conn,
        LowBattery,
        f"select jsonb_build_object('site', d.site, {_DOOR}, 'device', d.id, 'type', d.type,"
        " 'battery_pct', b.battery_pct, 'heard_at', (extract(epoch from b.t) * 1000)::int8, 'empty_at',"
        " case when b.battery_pct > %(empty)s then (extract(epoch from b.t) * 1000)::int8 + p.left_ms end)::text"
        f" from {_WORN} cross join lateral (select t, battery_pct, charging from heartbeat where device = d.slot"
        " and t > to_timestamp(%(heard)s / 1000.0) and t <= to_timestamp(%(now)s / 1000.0) + interval '5 minutes'"
        " and battery_pct is not null order by t desc limit 1) b"
        " left join lateral (select ((b.battery_pct - %(empty)s) / (e.battery_pct - b.battery_pct)"
        " * extract(epoch from b.t - e.t) * 1000)::int8 as left_ms from (select t, battery_pct from heartbeat"
        " where device = d.slot and t >= b.t - %(from)s * interval '1 ms' and t < b.t - %(to)s * interval '1 ms'"
        " and t > to_timestamp((%(heard)s - %(from)s) / 1000.0) and battery_pct is not null"
        " and b.battery_pct <= %(never)s and b.battery_pct > %(empty)s order by t limit 1) e"
        " where e.battery_pct > b.battery_pct) p on true"
        f" where not d.revoked and {_AT_HOME} and {_WITHIN} and b.charging is not true and (b.battery_pct <= %(round)s"
        " or extract(epoch from b.t) * 1000 + p.left_ms <= %(now)s + %(ahead)s)",
        {
            "sites": list(sites),
            "now": now,
            "heard": now - HEARD_WITHIN_MS,
            "from": PACE_MS[0],
            "to": PACE_MS[1],
            "ahead": AHEAD_MS,
            "round": ROUND_PCT,
            "empty": EMPTY_PCT,
            "never": NEVER_BY_TOMORROW_PCT,
        },
    )


async def devices_to_visit(conn: Connection, sites: Sequence[str]) -> list[Visit]:
    """Devices that are broken, not worn or silent, as the active alarms say."""
    return await _doors(
        conn,
        Visit,
        "select jsonb_build_object('site', d.site, 'resident', r.id,"
        " 'name', coalesce(r.name, h.name, d.object ->> 'device', ''), 'phone', r.phone,"
        " 'address', coalesce(r.address, h.address, '{}'), 'timezone', coalesce(r.timezone, s.timezone),"
        " 'device', d.object -> 'device', 'alarm', d.id, 'rule', d.rule, 'since', d.object -> 'event_time',"
        " 'assignee', d.object -> 'assignee')::text"
        " from alarm d join site s on s.id = d.site left join resident r on r.id = d.resident"
        " left join household h on h.id = d.object ->> 'household'"
        f" where d.state in {ACTIVE_STATES} and d.rule = any(%(rules)s) and {_WITHIN}"
        " and not (d.object ->> 'drill')::boolean",
        {"sites": list(sites), "rules": list(TO_VISIT)},
    )


async def back_today(conn: Connection, sites: Sequence[str], now: int) -> list[BackToday]:
    """Whose absence ends before their local midnight."""
    return await _doors(
        conn,
        BackToday,
        "select jsonb_build_object('site', d.site, 'resident', d.id, 'name', d.name, 'phone', d.phone,"
        " 'address', d.address, 'timezone', d.timezone, 'status', d.status,"
        " 'until', (extract(epoch from d.until) * 1000)::int8)::text from resident d"
        " where d.status in ('away', 'hospital', 'paused') and d.until < (date_trunc('day',"
        " to_timestamp(%(now)s / 1000.0) at time zone d.timezone) + interval '1 day') at time zone d.timezone"
        f" and {_WITHIN}",
        {"sites": list(sites), "now": now},
    )


async def _doors(conn: Connection, kind: type[D], statement: LiteralString, params: dict[str, object]) -> list[D]:
    cursor = await conn.execute(statement, params)
    found = [msgspec.json.decode(row[0], type=kind) for row in await cursor.fetchall()]
    return sorted(found, key=lambda each: (each.site, *house_order(each.address), each.name))
