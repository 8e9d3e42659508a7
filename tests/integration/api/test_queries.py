"""What the console's pages are made of."""

from __future__ import annotations

from uuid import uuid4

from gateway.store.connection import Connection
from gateway.store.queries import (
    alarm_line,
    alarm_page,
    contact_lines,
    counters,
    device_lines,
    live_alarms,
    people,
    zone_lines,
)
from gateway.store.registry import add_contact, add_device, add_fence, add_resident
from gateway.store.registry_records import Circle, ContactFields, DeviceFields, FenceFields, Point, Resident
from gateway.store.registry_records import ResidentFields as Fields
from tests.support.console import NOW, Clients, Desk


async def _community(conn: Connection) -> Resident:
    home = Point(lat=31.2, lon=121.4)
    resident = await add_resident(conn, "test", Fields(site="north", name="李奶奶", home=home, phone="02165432100"))
    device = DeviceFields(site="north", resident=resident.id)
    await add_device(conn, "test", "band-1", device, password_hash=None, now=NOW)
    for order in (2, 1):
        fields = ContactFields(resident=resident.id, name=f"daughter {order}", phone="13800138000", order=order)
        await add_contact(conn, "test", fields)
    circle = Circle(lat=31.2, lon=121.4, radius_m=200)
    await add_fence(conn, "test", FenceFields(resident=resident.id, name="home", circle=circle))
    await conn.execute(
        "insert into position (pos, device, t, seq, received, lat, lon) select i, d.slot,"
        " to_timestamp((%s + i) / 1000.0), i, now(), 31.2, 121.4 from device d, generate_series(1, 60) i",
        (NOW,),
    )
    await conn.execute(
        "insert into heartbeat (pos, device, t, seq, received, battery_pct, charging, worn)"
        " select 99, slot, to_timestamp(%s / 1000.0), 1, now(), 80, false, true from device",
        (NOW + 500,),
    )
    return resident


async def test_the_live_list_has_the_worst_and_newest_active_on_top(
    conn: Connection, desk: Desk, client_of: Clients
) -> None:
    low = await desk.raise_alarm(severity="low", raised_at=NOW + 9)
    old = await desk.raise_alarm(raised_at=NOW)
    over = await desk.raise_alarm(raised_at=NOW + 10)
    new = await desk.raise_alarm("south", raised_at=NOW + 1)
    await (await client_of()).post(f"/api/v1/alarms/{over.id}/cancel")
    live = await live_alarms(conn, sites=())
    assert [line.alarm.id for line in live.lines] == [new.id, old.id, low.id, over.id]
    assert (live.change, live.lines[0].site_name) == (5, "南社区")
    assert [line.alarm.id for line in (await live_alarms(conn, sites=["south"])).lines] == [new.id]
    assert len((await live_alarms(conn, sites=(), limit=2)).lines) == 2


async def test_the_alarms_page_shows_whom_to_help_and_where(conn: Connection, desk: Desk) -> None:
    resident = await _community(conn)
    other = await desk.raise_alarm(resident=resident.id, rule="fall.device")
    alarm = await desk.raise_alarm(resident=resident.id)
    page = await alarm_page(conn, alarm.id)
    assert page is not None
    assert page.alarm == alarm
    (card,) = page.cards
    assert (card.resident, card.site_name) == (resident, "北社区")
    assert [contact.order for contact in card.contacts] == [1, 2]
    assert [fence.name for fence in card.fences] == ["home"]
    assert (card.devices[0].id, card.devices[0].battery_pct, card.devices[0].last_seen) == ("band-1", 80, NOW + 500)
    assert (len(page.fixes), page.fixes[0].t) == (50, NOW + 60)
    assert [related.id for related in page.related] == [other.id]
    assert (page.messages, page.change) == ([], 2)
    line = await alarm_line(conn, alarm.id)
    assert line is not None
    assert line.resident_name == "李奶奶"
    assert await alarm_page(conn, uuid4()) is None


async def test_the_lists_of_people_and_things(conn: Connection, desk: Desk) -> None:
    resident = await _community(conn)
    await desk.raise_alarm(resident=resident.id)
    (person,) = await people(conn, sites=["north"])
    assert (person.devices, person.contacts, person.fences) == (["band-1"], 2, 1)
    assert (person.active_alarms, person.last_seen) == (1, NOW + 500)
    assert [each.name for each in await people(conn, sites=(), search="李")] == ["李奶奶"]
    assert [each.name for each in await people(conn, sites=(), search="2100")] == ["李奶奶"]
    assert await people(conn, sites=(), search="张") == []
    assert await people(conn, sites=["south"]) == []
    assert [line.resident_name for line in await device_lines(conn, sites=())] == ["李奶奶"]
    assert [line.contact.order for line in await contact_lines(conn, sites=())] == [1, 2]
    assert [line.fence.name for line in await zone_lines(conn, sites=())] == ["home"]
    figures = await counters(conn)
    assert (figures.readings, figures.alarms, figures.active_alarms) == (0, 1, 1)
