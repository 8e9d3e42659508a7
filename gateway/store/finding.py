"""All that helps to find somebody of whom an alarm is, for the desk or for whoever holds a link. Times are Unix ms.

For a link it is narrowed by consent inside the query (ADR 24): what was not agreed to never leaves the database.
"""

from __future__ import annotations

from typing import Any, Final, Literal, LiteralString
from uuid import UUID

import msgspec

from alerts.search import HOME_M, Fix
from devices.clock import HOUR_MS
from gateway.store.active import ACTIVE_STATES
from gateway.store.connection import Connection
from gateway.store.consents import LOCATION_GRANTED, LOCATION_OPENED
from gateway.store.habits import Habit
from gateway.store.registry.views import VIEWS
from gateway.store.registry_records import Contact, Fence, Point, Resident
from gateway.store.tracks import WORN_THEN, source_of

Reader = Literal["desk", "link"]

LEFT_WITHIN_MS: Final = 12 * HOUR_MS
"""So long before the alarm it is looked when they were last at home. Assumption, ADR 36."""
WITHOUT_HOME_MS: Final = HOUR_MS
"""Of the track, from so long before the alarm where nobody knows when they left. Assumption, ADR 36."""
FIXES_AT_MOST: Final = 5_000
"""The newest; some 20 hours at 15 s."""

_SHOWN: Final[LiteralString] = (
    "(%(desk)s or (a.state in " + ACTIVE_STATES + f" and ({LOCATION_OPENED} or {LOCATION_GRANTED})))"
)
"""Whether whoever reads may know where the resident ``r`` of the alarm ``a`` is, at ``now``."""

_PERSON: Final[LiteralString] = (
    "with person as (select r.*, a.object as alarm from alarm a join resident r on r.id = a.resident"
    f" where a.id = %(alarm)s and {_SHOWN})"
)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who is sought, as far as whoever reads may know.

    ``left_at``: when they were last at home before the alarm. ``known``: whether their ways are known well enough to
    judge by them; None: nobody has looked yet.
    """

    birth_year: int | None
    home: Point | None
    left_at: int | None
    since: int
    zones: list[Fence]
    known: bool | None
    places: list[Habit]


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """How a band was set for the search, and what it shall have back.

    ``failed``: why it has not obeyed, as the timeline says it (``offline``, ``refused``, …); None: nothing is known.
    """

    state: Literal["asked", "obeyed", "giving_back", "by_hand"]
    failed: str | None = None
    position_s: int
    heartbeat_s: int
    since_ms: int
    usual: dict[str, int]


class Worn(msgspec.Struct, frozen=True, kw_only=True):
    """What the resident wears or has with them, and what is known of it."""

    id: str
    type: str
    online: bool | None
    heard_at: int | None
    battery_pct: float | None
    charging: bool | None
    battery_at: int | None
    worn: bool | None
    following: Followed | None


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A fix and its place in the order of storing."""

    pos: int
    fix: Fix


async def resident_of(conn: Connection, alarm: UUID) -> tuple[Resident, list[Contact]] | None:
    """Whom an alarm is about, for the desk, with their contacts in their order; None: nobody in particular."""
    resident, contact = VIEWS[Resident], VIEWS[Contact]
    cursor = await conn.execute(
        f"select ({resident.object})::text, (select coalesce(jsonb_agg(k.object order by k.place, k.id), '[]') from ("
        f'select {contact.object} as object, c."order" as place, c.id from contact c'
        " where c.resident_slot = r.slot) k)::text"
        " from resident r join alarm a on a.resident = r.id where a.id = %s",
        (alarm,),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return msgspec.json.decode(row[0], type=Resident), msgspec.json.decode(row[1], type=list[Contact])


async def person_sought(conn: Connection, alarm: UUID, now: int, reader: Reader) -> Person | None:
    """Who is sought; None when it is nobody in particular, or whoever reads may not know where they are."""
    fence = VIEWS[Fence]
    cursor = await conn.execute(
        f"{_PERSON}, began as (select p.*, (alarm ->> 'event_time')::bigint as event_time from person p),"
        " away as (select (extract(epoch from max(x.t)) * 1000)::bigint as left_at from began b"
        f" join assignment n on n.resident_slot = b.slot join position x on x.device = n.device_slot{WORN_THEN}"
        " where b.home_lat is not null and x.t <= to_timestamp(b.event_time / 1000.0)"
        " and x.t > to_timestamp((b.event_time - %(within)s) / 1000.0) and coalesce(x.accuracy_m, 0) <= 100"
        " and 111195 * sqrt(power(x.lat - b.home_lat, 2)"
        " + power((x.lon - b.home_lon) * cos(radians(b.home_lat)), 2)) <= %(home_m)s + coalesce(x.accuracy_m, 0))"
        " select jsonb_build_object('birth_year', b.birth_year,"
        " 'home', case when b.home_lat is not null then jsonb_build_object('lat', b.home_lat, 'lon', b.home_lon) end,"
        " 'left_at', away.left_at, 'since', coalesce(away.left_at, b.event_time - %(before)s),"
        f" 'zones', coalesce((select jsonb_agg({fence.object} order by f.name, f.id) from fence f"
        " join resident r on r.slot = f.resident_slot where f.resident_slot = b.slot), '[]'),"
        " 'known', l.known, 'places', coalesce(l.places, '[]'))::text"
        " from began b cross join away left join learned_places l on l.resident_slot = b.slot",
        {
            "alarm": alarm,
            "now": now,
            "desk": reader == "desk",
            "within": LEFT_WITHIN_MS,
            "before": WITHOUT_HOME_MS,
            "home_m": HOME_M,
        },
    )
    row = await cursor.fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=Person)


async def first_new_of(
    conn: Connection, alarm: UUID, since: int, until: int, now: int, reader: Reader, after: int
) -> int | None:
    """The event time (ms) of the earliest fix in ``[since, until)`` that was stored after ``after``; None: none was."""
    cursor = await conn.execute(
        f"{_PERSON} select (extract(epoch from min(x.t)) * 1000)::bigint from person p"
        f" join assignment n on n.resident_slot = p.slot join position x on x.device = n.device_slot{WORN_THEN}"
        " where x.t >= to_timestamp(%(since)s / 1000.0) and x.t < to_timestamp(%(until)s / 1000.0)"
        " and x.pos > %(after)s",
        {"alarm": alarm, "now": now, "desk": reader == "desk", "since": since, "until": until, "after": after},
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def fixes_of(conn: Connection, alarm: UUID, since: int, until: int, now: int, reader: Reader) -> list[Stored]:
    """The fixes of whom an alarm is about in ``[since, until)``, by time; the newest ``FIXES_AT_MOST``."""
    cursor = await conn.execute(
        f"{_PERSON} select * from (select x.pos, (extract(epoch from x.t) * 1000)::bigint as t, x.lat, x.lon,"
        " x.accuracy_m, x.source, d.id from person p join assignment n on n.resident_slot = p.slot"
        f" join device d on d.slot = n.device_slot join position x on x.device = n.device_slot{WORN_THEN}"
        " where x.t >= to_timestamp(%(since)s / 1000.0) and x.t < to_timestamp(%(until)s / 1000.0)"
        " order by x.t desc, x.pos desc limit %(most)s) newest"
        " order by t, pos",
        {"alarm": alarm, "now": now, "desk": reader == "desk", "since": since, "until": until, "most": FIXES_AT_MOST},
    )
    return [Stored(pos=row[0], fix=_fix(row)) for row in await cursor.fetchall()]


def _fix(row: Any) -> Fix:
    _, t, lat, lon, accuracy_m, source, device = row
    return Fix(t=t, lat=lat, lon=lon, accuracy_m=accuracy_m, source=source_of(source), device=device)


async def worn_by(conn: Connection, alarm: UUID, now: int, reader: Reader) -> list[Worn]:
    """What whom an alarm is about has with them now."""
    cursor = await conn.execute(
        f"{_PERSON} select jsonb_build_object('id', d.id, 'type', d.type, 'online', s.online,"
        " 'heard_at', (extract(epoch from greatest(b.received, x.received)) * 1000)::bigint,"
        " 'battery_pct', c.battery_pct, 'charging', c.charging,"
        " 'battery_at', (extract(epoch from c.t) * 1000)::bigint, 'worn', b.worn,"
        " 'following', case when f.device is not null then jsonb_build_object("
        "'state', case when f.phase = 'following' then case when f.told = 'followed' then 'obeyed' else 'asked' end"
        " else f.phase end, 'position_s', f.position_s, 'heartbeat_s', f.heartbeat_s, 'since_ms', f.since_ms,"
        " 'failed', case when f.phase = 'following' then nullif(f.told, 'followed') end,"
        " 'usual', jsonb_build_object('position_s', f.usual_position_s, 'heartbeat_s', f.usual_heartbeat_s)) end)::text"
        " from person p join assignment n on n.resident_slot = p.slot and n.to_ms is null"
        " join device d on d.slot = n.device_slot left join presence s on s.device = d.slot"
        " left join following f on f.device = d.slot"
        " left join lateral (select * from heartbeat where device = d.slot order by t desc limit 1) b on true"
        " left join lateral (select * from heartbeat where device = d.slot and battery_pct is not null"
        " and t > to_timestamp((%(now)s - 86400000) / 1000.0) order by t desc limit 1) c on true"
        " left join lateral (select * from position where device = d.slot order by t desc limit 1) x on true"
        " order by d.id",
        {"alarm": alarm, "now": now, "desk": reader == "desk"},
    )
    return [msgspec.json.decode(row[0], type=Worn) for row in await cursor.fetchall()]
