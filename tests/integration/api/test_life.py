"""A resident's activity hour by hour, and all that happened to them, newest first."""

from __future__ import annotations

from typing import Any

import httpx

from devices.clock import ManualClock
from gateway.store.connection import Connection
from tests.support.console import NOW, Clients, Desk
from tests.support.records import create, device, items, put, resident

HOUR = 3_600_000


async def _beats(conn: Connection, *beats: tuple[int, int | None, float | None], key: str = "band-1") -> None:
    async with conn.cursor() as cursor:
        await cursor.executemany(
            "insert into heartbeat (pos, device, t, seq, received, steps, activity) select 1, slot,"
            " to_timestamp(%s / 1000.0), -1, now(), %s, %s from device where id = %s",
            [(t, steps, moved, key) for t, steps, moved in beats],
        )


async def _activity(client: httpx.AsyncClient, who: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    params = {"from": NOW, "to": NOW + 3 * HOUR, **more}
    response = await client.get(f"/api/v1/residents/{who['id']}/activity", params=params)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


async def test_steps_are_what_was_taken_and_silence_is_no_zero(client_of: Clients, conn: Connection) -> None:
    client = await client_of("duty")
    li = await resident(await client_of("manager"))
    await device(await client_of("manager"), resident=li["id"])
    await _beats(
        conn,
        (NOW - HOUR, 1000, None),
        (NOW, 1200, 5),
        (NOW + 1000, None, 2),
        (NOW + 2000, 1250, None),
        (NOW + HOUR, 30, 1),
        (NOW + HOUR + 1, 30, 0),
    )
    first, second, third = await _activity(client, li)
    assert (first["t"], first["steps"], first["activity"], first["heartbeats"]) == (NOW, 250, 7, 3)
    assert (second["steps"], second["activity"]) == (30, 1)
    assert (third["steps"], third["activity"], third["heartbeats"], third["positions"]) == (None, None, 0, 0)


async def test_activity_belongs_to_whoever_wore_the_device(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("manager")
    li, wang = await resident(client), await resident(client, "王爷爷")
    await device(client, resident=li["id"])
    clock.now = NOW + HOUR
    body = {"site": "north", "device": "band-1", "resident": wang["id"]}
    await client.put("/api/v1/devices/band-1", json=body)
    await _beats(conn, (NOW, 0, 1), (NOW + HOUR - 1, 100, 1), (NOW + HOUR, 110, 4), (NOW + HOUR + 9, 115, 4))
    for table, columns, values in [
        ("position", "lat, lon", "31, 121"),
        ("checkin", "", ""),
        ("exercise", "session, machine, duration_s", "'s' || i, 'rower', 600"),
    ]:
        more = f", {columns}" if columns else ""
        given = f", {values}" if values else ""
        await conn.execute(
            f"insert into {table} (pos, device, t, seq, received{more}) select i, slot,"
            f" to_timestamp(%s / 1000.0 + i * 1200), i, now(){given} from device, generate_series(0, 4) i",
            (NOW,),
        )
    hers, after, _ = await _activity(client, li)
    assert hers == {
        "t": NOW,
        "steps": 100,
        "activity": 2,
        "heartbeats": 2,
        "positions": 3,
        "exercise_sessions": 3,
        "exercise_s": 1800,
        "checkins": 3,
    }
    assert (after["steps"], after["positions"], after["checkins"]) == (None, 0, 0)
    before, his, _ = await _activity(client, wang)
    assert (before["heartbeats"], before["positions"]) == (0, 0)
    assert (his["steps"], his["activity"], his["positions"], his["exercise_sessions"]) == (5, 8, 2, 2)


async def test_buckets_may_be_longer_and_are_never_too_many(client_of: Clients) -> None:
    client = await client_of("manager")
    li = await resident(client)
    assert [each["t"] for each in await _activity(client, li, bucket=2 * HOUR)] == [NOW, NOW + 2 * HOUR]
    url = f"/api/v1/residents/{li['id']}/activity"
    assert (await client.get(url, params={"from": 0, "to": NOW})).status_code == 422
    assert (await client.get(url, params={"bucket": 1})).status_code == 422
    whole_hours = (await client.get(url)).json()["items"]
    assert len(whole_hours) == 25
    assert {each["t"] % HOUR for each in whole_hours} == {0}


async def _everything(client: httpx.AsyncClient, conn: Connection, desk: Desk) -> dict[str, Any]:
    li = await resident(client)
    await device(client, resident=li["id"])
    contact = await create(client, "contacts", resident=li["id"], name="李敏", phone="13800138000")
    alarm = await desk.raise_alarm(resident=li["id"], raised_at=NOW + 1)
    await create(client, "requests", resident=li["id"], request="meal", note="粥")
    await conn.execute(
        "insert into checkin (pos, device, t, seq, received) select 7, slot, to_timestamp(%s / 1000.0), 1, now()"
        " from device",
        ((NOW + 2),),
    )
    await conn.execute(
        "insert into exercise (pos, device, t, seq, received, session, machine, duration_s)"
        " select 8, slot, to_timestamp(%s / 1000.0), 1, now(), 's', 'rower', 600 from device",
        ((NOW + 3),),
    )
    await conn.execute(
        "insert into message (alarm, site, resident, contact, recipient, template, state, created_at)"
        " values (%s, 'north', %s, %s, '13800138000', 'alarm', 'sent', %s)",
        (alarm.id, li["id"], contact["id"], NOW + 4),
    )
    await put(client, "residents", li, status="hospital", until=NOW + HOUR)
    return li


async def _timeline(client: httpx.AsyncClient, who: dict[str, Any], **params: Any) -> dict[str, Any]:
    response = await client.get(f"/api/v1/residents/{who['id']}/timeline", params=params)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def test_all_that_happened_is_told_newest_first(client_of: Clients, conn: Connection, desk: Desk) -> None:
    client = await client_of("manager", (), "mei")
    li = await _everything(client, conn, desk)
    other = await resident(client, "王爷爷")
    found = (await _timeline(client, li))["items"]
    times = [each["t"] for each in found]
    assert times == sorted(times, reverse=True)
    told = {each["type"]: each["detail"] for each in reversed(found)}
    assert set(told) == {"alarm", "request", "checkin", "exercise", "status", "assignment", "message"}
    statuses = [each["detail"] for each in found if each["type"] == "status"]
    assert statuses == [
        {"status": "hospital", "before": "active", "until": NOW + HOUR, "actor": "mei"},
        {"status": "active", "before": None, "until": None, "actor": "mei"},
    ]
    assert (told["message"]["role"], told["message"]["contact_name"], told["message"]["state"]) == (
        "family",
        "李敏",
        "sent",
    )
    assert told["assignment"]["what"] == "began"
    assert told["exercise"]["machine"] == "rower"
    assert [each["type"] for each in (await _timeline(client, other))["items"]] == ["status"]
    only = (await _timeline(client, li, type=["alarm", "checkin"]))["items"]
    assert [each["type"] for each in only] == ["checkin", "alarm"]


async def test_the_pages_of_the_timeline_miss_nothing(client_of: Clients, conn: Connection, desk: Desk) -> None:
    client = await client_of("manager")
    li = await _everything(client, conn, desk)
    await conn.execute(
        "insert into checkin (pos, device, t, seq, received) select 10 + i, slot, to_timestamp(%s / 1000.0), 10 + i,"
        " now() from device, generate_series(1, 5) i",
        ((NOW + 2),),
    )
    whole = (await _timeline(client, li, limit=500))["items"]
    pages, before = [], None
    while True:
        page = await _timeline(client, li, limit=2, **({"before": before} if before else {}))
        pages += page["items"]
        before = page["next"]
        if before is None:
            break
    assert pages == whole
    assert len(whole) == 13
    earlier = (await _timeline(client, li, before=NOW + 2))["items"]
    assert {each["t"] < NOW + 2 for each in earlier} == {True}
    url = f"/api/v1/residents/{li['id']}/timeline"
    assert (await client.get(url, params={"before": "x"})).status_code == 422


async def test_another_site_sees_neither(client_of: Clients) -> None:
    admin, south = await client_of("admin"), await client_of("duty", ("south",))
    li = await resident(admin)
    for what in ("activity", "timeline"):
        assert (await south.get(f"/api/v1/residents/{li['id']}/{what}")).status_code == 404
    assert await items(south, "residents") == []
