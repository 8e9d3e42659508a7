"""What the console's pages show, each page in one or two queries.

All lists take ``sites``: those the reader may see, empty for all. Times are Unix ms, positions WGS-84
degrees. Unknown is None, never a plausible value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString, TypeVar
from uuid import UUID

import msgspec

from alerts.alarm import Alarm
from alerts.ports import Channel
from gateway.store.active import ACTIVE_STATES
from gateway.store.connection import Connection
from gateway.store.registry import find, listing
from gateway.store.registry_records import Contact, Fence, Resident

S = TypeVar("S", bound=msgspec.Struct)

FIXES_SHOWN: Final = 50
"""How many last fixes an alarm's map gets."""


class AlarmLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the live list: the alarm, and whom and where it concerns."""

    alarm: Alarm
    resident_name: str | None
    address: dict[str, Any] | None
    site_name: str | None


class LiveList(msgspec.Struct, frozen=True, kw_only=True):
    """The live list and the number of the last change in it: start the stream ``?after=`` that."""

    lines: list[AlarmLine]
    change: int


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """A position as a device reported it."""

    t: int
    lat: float
    lon: float
    accuracy_m: float | None
    device: str


class DeviceLine(msgspec.Struct, frozen=True, kw_only=True):
    """A device with who has it, when it was last heard (event time of its newest reading) and its newest heartbeat."""

    id: str
    site: str
    type: str
    registered: bool
    revoked: bool
    resident: str | None
    resident_name: str | None
    household: str | None
    last_seen: int | None
    battery_pct: float | None
    charging: bool | None
    worn: bool | None
    rssi_dbm: float | None
    heartbeat_at: int | None
    online: bool | None


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A resident as the duty desk needs them in an emergency."""

    resident: Resident
    site_name: str
    contacts: list[Contact]
    fences: list[Fence]
    devices: list[DeviceLine]


class OutboxLine(msgspec.Struct, frozen=True, kw_only=True):
    """A message about an alarm; render ``template`` with ``params`` in ``language`` through ``alerts.messages``."""

    id: int
    recipient: str
    contact: str | None
    responder: str | None
    role: str
    name: str
    channel: Channel
    template: str
    params: dict[str, Any]
    language: str
    state: str
    reason: str | None
    created_at: int
    finished_at: int | None
    code: int | None = None


class AlarmPage(msgspec.Struct, frozen=True, kw_only=True):
    """All that the alarm's page shows. ``cards``: the resident, or everybody of the household; empty if unknown."""

    alarm: Alarm
    cards: list[Card]
    fixes: list[Fix]
    device: DeviceLine | None
    messages: list[OutboxLine]
    related: list[Alarm]
    change: int


class PersonLine(msgspec.Struct, frozen=True, kw_only=True):
    """A resident in the list of people; ``devices`` by id, ``last_seen`` over all of them."""

    id: str
    site: str
    name: str
    status: str
    phone: str | None
    address: dict[str, Any]
    devices: list[str]
    contacts: int
    fences: int
    active_alarms: int
    last_seen: int | None


class ContactLine(msgspec.Struct, frozen=True, kw_only=True):
    """A contact with the resident's name."""

    contact: Contact
    resident_name: str


class ZoneLine(msgspec.Struct, frozen=True, kw_only=True):
    """A zone with the resident's name."""

    fence: Fence
    resident_name: str


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the whole installation; ``readings`` stored since the beginning. Drills are no figures."""

    readings: int
    rejected: int
    alarms: int
    active_alarms: int
    messages_waiting: int


_ALARM_LINE: Final = (
    "jsonb_build_object('alarm', a.object, 'resident_name', r.name, 'address', coalesce(r.address, h.address),"
    " 'site_name', s.name)"
)
_ALARM_TABLES: Final = (
    "alarm a left join resident r on r.id = a.resident left join household h on h.id = a.object ->> 'household'"
    " left join site s on s.id = a.site"
)
ACTIVE: Final = f"a.state in {ACTIVE_STATES}"
_DRILL: Final = "(a.object ->> 'drill')::boolean"
_RANK: Final = "array_position(array['critical', 'high', 'medium', 'low'], a.severity)"
NEWEST: Final = (
    "(select max(x.t) from (select (select max(t) from position where device = d.slot) union all"
    " select (select max(t) from heartbeat where device = d.slot) union all"
    " select (select max(t) from vitals where device = d.slot) union all"
    " select (select max(t) from sos where device = d.slot) union all"
    " select (select max(t) from fall where device = d.slot) union all"
    " select (select max(t) from checkin where device = d.slot)) x (t))"
)
_DEVICE_LINE: Final = (
    "jsonb_build_object('id', d.id, 'site', d.site, 'type', d.type, 'registered', d.registered,"
    " 'revoked', d.revoked, 'resident', w.id, 'resident_name', w.name, 'household', n.household,"
    f" 'last_seen', (extract(epoch from {NEWEST}) * 1000)::bigint, 'battery_pct', b.battery_pct,"
    " 'charging', b.charging, 'worn', b.worn, 'rssi_dbm', b.rssi_dbm,"
    " 'heartbeat_at', (extract(epoch from b.t) * 1000)::bigint, 'online', p.online)"
)
_DEVICE_TABLES: Final = (
    "device d left join assignment n on n.device_slot = d.slot and n.to_ms is null"
    " left join resident w on w.slot = n.resident_slot left join presence p on p.device = d.slot"
    " left join lateral (select * from heartbeat where device = d.slot order by t desc limit 1) b on true"
)


async def _objects(conn: Connection, kind: type[S], statement: LiteralString, params: dict[str, object]) -> list[S]:
    cursor = await conn.execute(statement, params)
    return [msgspec.json.decode(row[0], type=kind) for row in await cursor.fetchall()]


def _within(column: LiteralString) -> LiteralString:
    return f"(cardinality(%(sites)s::text[]) = 0 or {column} = any(%(sites)s))"


async def live_alarms(conn: Connection, *, sites: Sequence[str], limit: int = 200) -> LiveList:
    """Active alarms first, the worst and then the newest on top; behind them the newest of the others."""
    cursor = await conn.execute(
        f"with page as (select {_ALARM_LINE}::text as line, not ({ACTIVE}) as over,"
        f" case when {ACTIVE} then {_RANK} else 0 end as rank, a.raised_at as at, a.id as id"
        f" from {_ALARM_TABLES} where a.state <> 'suppressed' and {_within('a.site')}"
        " order by 2, 3, 4 desc, 5 limit %(limit)s)"
        " select (select n from alarm_counter),"
        " array(select line from page order by over, rank, at desc, id)",
        {"sites": list(sites), "limit": limit},
    )
    row = await cursor.fetchone()
    assert row is not None
    return LiveList(lines=[msgspec.json.decode(line, type=AlarmLine) for line in row[1]], change=row[0])


async def alarm_line(conn: Connection, alarm: UUID) -> AlarmLine | None:
    """One line of the live list, for a row that the stream has just named."""
    lines = await _objects(
        conn, AlarmLine, f"select {_ALARM_LINE}::text from {_ALARM_TABLES} where a.id = %(alarm)s", {"alarm": alarm}
    )
    return lines[0] if lines else None


async def alarm_page(conn: Connection, alarm: UUID) -> AlarmPage | None:
    """Everything about one alarm, as of one moment. Check ``account.sees(page.alarm.site)``."""
    async with conn.transaction():
        await conn.execute("set transaction isolation level repeatable read, read only")
        line = await alarm_line(conn, alarm)
        if line is None:
            return None
        found = line.alarm
        cursor = await conn.execute("select n from alarm_counter")
        row = await cursor.fetchone()
        assert row is not None
        people: list[str] = [found.resident] if found.resident else await _members(conn, found.household)
        cards = [card for person in people if (card := await resident_card(conn, person)) is not None]
        return AlarmPage(
            alarm=found,
            cards=cards,
            fixes=await _last_fixes(conn, people, found.device),
            device=await device_line(conn, found.device),
            messages=await messages_of(conn, alarm),
            related=await _related(conn, found),
            change=row[0],
        )


async def resident_card(conn: Connection, resident: str) -> Card | None:
    """A resident with contacts in their order, zones and devices."""
    person = await find(conn, Resident, resident)
    if person is None:
        return None
    cursor = await conn.execute("select name from site where id = %s", (person.site,))
    site = await cursor.fetchone()
    contacts = await listing(conn, Contact, sites=(), filters={"resident": resident})
    return Card(
        resident=person,
        site_name=site[0] if site else person.site,
        contacts=sorted(contacts, key=lambda contact: contact.order),
        fences=await listing(conn, Fence, sites=(), filters={"resident": resident}),
        devices=await _objects(
            conn,
            DeviceLine,
            f"select {_DEVICE_LINE}::text from {_DEVICE_TABLES} where w.id = %(resident)s order by d.id",
            {"resident": resident},
        ),
    )


async def _members(conn: Connection, household: str | None) -> list[str]:
    cursor = await conn.execute("select id from resident where household = %s order by name", (household,))
    return [row[0] for row in await cursor.fetchall()]


async def _related(conn: Connection, alarm: Alarm) -> list[Alarm]:
    return await _objects(
        conn,
        Alarm,
        f"select a.object::text from alarm a where a.id <> %(id)s and {ACTIVE}"
        " and (a.case_id = %(case)s or a.resident = %(resident)s or (%(resident)s::text is null"
        " and a.resident is null and a.object ->> 'household' = %(household)s)) order by a.raised_at desc",
        {"id": alarm.id, "case": alarm.case, "resident": alarm.resident, "household": alarm.household},
    )


async def device_line(conn: Connection, device: str | None) -> DeviceLine | None:
    """One device, in service or not."""
    lines = await _objects(
        conn,
        DeviceLine,
        f"select {_DEVICE_LINE}::text from {_DEVICE_TABLES} where d.id = %(device)s",
        {"device": device},
    )
    return lines[0] if lines else None


async def _last_fixes(conn: Connection, people: Sequence[str], device: str | None) -> list[Fix]:
    """Newest first, from the devices of these people and from ``device``."""
    return await _objects(
        conn,
        Fix,
        "select jsonb_build_object('t', (extract(epoch from p.t) * 1000)::bigint, 'lat', p.lat, 'lon', p.lon,"
        " 'accuracy_m', p.accuracy_m, 'device', d.id)::text from device d"
        " cross join lateral (select * from position where device = d.slot order by t desc limit %(limit)s) p"
        " where d.id = %(device)s or d.slot in (select n.device_slot from assignment n"
        " join resident r on r.slot = n.resident_slot where n.to_ms is null and r.id = any(%(people)s))"
        " order by p.t desc limit %(limit)s",
        {"people": list(people), "device": device, "limit": FIXES_SHOWN},
    )


async def messages_of(conn: Connection, alarm: UUID) -> list[OutboxLine]:
    """The alarm's messages in the order in which they were queued."""
    return await _objects(
        conn,
        OutboxLine,
        "select jsonb_build_object('id', m.id, 'recipient', m.recipient, 'contact', m.contact,"
        " 'responder', m.responder, 'role', m.role, 'name', coalesce(nullif(m.name, ''), c.name, ''),"
        " 'channel', m.channel, 'template', m.template, 'params', m.params,"
        " 'language', m.language, 'state', m.state, 'reason', m.reason, 'created_at', m.created_at,"
        " 'finished_at', m.finished_at, 'code', m.code)::text"
        " from message m left join contact c on c.id = m.contact"
        " where m.alarm = %(alarm)s or %(alarm)s = any(m.alarms) order by m.id",
        {"alarm": alarm},
    )


async def people(conn: Connection, *, sites: Sequence[str], search: str = "", limit: int = 500) -> list[PersonLine]:
    """Residents by name; ``search`` narrows to those whose name contains it or whose phone ends with it."""
    return await _objects(
        conn,
        PersonLine,
        "select jsonb_build_object('id', r.id, 'site', r.site, 'name', r.name, 'status', r.status,"
        " 'phone', r.phone, 'address', r.address, 'devices', coalesce(worn.ids, '[]'::jsonb),"
        " 'contacts', (select count(*) from contact c where c.resident_slot = r.slot),"
        " 'fences', (select count(*) from fence f where f.resident_slot = r.slot),"
        f" 'active_alarms', (select count(*) from alarm a where a.resident = r.id and {ACTIVE}),"
        " 'last_seen', (extract(epoch from worn.seen) * 1000)::bigint)::text from resident r"
        f" left join lateral (select jsonb_agg(d.id order by d.id) as ids, max({NEWEST}) as seen"
        " from assignment n join device d on d.slot = n.device_slot"
        " where n.resident_slot = r.slot and n.to_ms is null) worn on true"
        f" where {_within('r.site')} and (%(search)s = '' or position(lower(%(search)s) in lower(r.name)) > 0"
        " or right(r.phone, length(%(search)s)) = %(search)s)"
        " order by r.name, r.id limit %(limit)s",
        {"sites": list(sites), "search": search, "limit": limit},
    )


async def device_lines(conn: Connection, *, sites: Sequence[str], limit: int = 500) -> list[DeviceLine]:
    """Devices in service by id, those that nobody entered on top."""
    return await _objects(
        conn,
        DeviceLine,
        f"select {_DEVICE_LINE}::text from {_DEVICE_TABLES} where not d.revoked and {_within('d.site')}"
        " order by d.registered, d.id limit %(limit)s",
        {"sites": list(sites), "limit": limit},
    )


async def contact_lines(conn: Connection, *, sites: Sequence[str], limit: int = 500) -> list[ContactLine]:
    """Contacts by resident and order."""
    return await _objects(
        conn,
        ContactLine,
        "select jsonb_build_object('resident_name', r.name, 'contact', jsonb_build_object('id', c.id,"
        " 'resident', r.id, 'site', r.site, 'name', c.name, 'phone', c.phone, 'relation', c.relation,"
        " 'order', c.\"order\", 'channels', c.channels, 'can_receive_sms', c.can_receive_sms,"
        " 'holds_key', c.holds_key, 'language', c.language))::text"
        f" from contact c join resident r on r.slot = c.resident_slot where {_within('r.site')}"
        ' order by r.name, r.id, c."order", c.id limit %(limit)s',
        {"sites": list(sites), "limit": limit},
    )


async def zone_lines(conn: Connection, *, sites: Sequence[str], limit: int = 500) -> list[ZoneLine]:
    """Zones by resident and name."""
    return await _objects(
        conn,
        ZoneLine,
        "select jsonb_build_object('resident_name', r.name, 'fence', jsonb_build_object('id', f.id,"
        " 'resident', r.id, 'site', r.site, 'name', f.name, 'circle', case when f.radius_m is not null then"
        " jsonb_build_object('lat', f.circle_lat, 'lon', f.circle_lon, 'radius_m', f.radius_m) end,"
        " 'polygon', f.polygon, 'active', f.active))::text"
        f" from fence f join resident r on r.slot = f.resident_slot where {_within('r.site')}"
        " order by r.name, r.id, f.name, f.id limit %(limit)s",
        {"sites": list(sites), "limit": limit},
    )


async def counters(conn: Connection) -> Counters:
    """Figures of the whole installation."""
    found = await _objects(
        conn,
        Counters,
        "select jsonb_build_object("
        "'readings', coalesce((select last_pos from batch order by number desc limit 1), 0),"
        f" 'rejected', (select count(*) from rejected), 'alarms', (select count(*) from alarm a where not {_DRILL}),"
        f" 'active_alarms', (select count(*) from alarm a where {ACTIVE} and not {_DRILL}),"
        " 'messages_waiting', (select count(*) from message where state in ('queued', 'sending')))::text",
        {},
    )
    return found[0]
