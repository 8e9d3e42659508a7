"""Status with an end, and what ends when somebody moves away or dies."""

from __future__ import annotations

import pytest

from dashboards.deps import Deps
from devices.clock import ManualClock
from gateway.store.connection import Connection
from gateway.store.outbox import PostgresOutbox
from gateway.store.registry import resume_due
from tests.support.console import NOW, Clients, Desk
from tests.support.records import create, device, items, put, resident

DAY = 86_400_000


@pytest.mark.parametrize(
    ("status", "until", "taken"),
    [
        ("away", NOW + DAY, True),
        ("hospital", NOW + 1, True),
        ("paused", NOW + DAY, True),
        ("away", None, True),
        ("away", NOW, False),
        ("away", NOW - DAY, False),
        ("active", NOW + DAY, False),
        ("moved", NOW + DAY, False),
        ("deceased", NOW + DAY, False),
    ],
)
async def test_only_an_absence_has_an_end_and_it_lies_in_the_future(
    client_of: Clients, status: str, until: int | None, taken: bool
) -> None:
    client = await client_of("manager")
    body = {"site": "north", "name": "李奶奶", "status": status, "until": until}
    made = await client.post("/api/v1/residents", json=body)
    assert made.status_code == (201 if taken else 422)
    li = await resident(client)
    changed = await client.put(f"/api/v1/residents/{li['id']}", json={**li, "status": status, "until": until})
    assert changed.status_code == (200 if taken else 422)
    for refused in [answer for answer in (made, changed) if answer.status_code == 422]:
        assert refused.json()["errors"][0]["pointer"] == "/body/until"


async def test_whose_absence_has_ended_is_looked_after_again(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    soon = await resident(client, status="hospital", until=NOW + DAY)
    later = await resident(client, status="away", until=NOW + 2 * DAY)
    endless = await resident(client, status="paused")
    assert await resume_due(conn, NOW + DAY - 1) == 0
    assert await resume_due(conn, NOW + DAY) == 1
    assert await resume_due(conn, NOW + DAY) == 0
    states = {each["id"]: (each["status"], each["until"]) for each in await items(client, "residents")}
    assert states == {
        soon["id"]: ("active", None),
        later["id"]: ("away", NOW + 2 * DAY),
        endless["id"]: ("paused", None),
    }
    cursor = await conn.execute("select actor, record ->> 'status' from registry_change order by version desc limit 1")
    assert await cursor.fetchone() == ("until", "active")


async def test_an_end_that_has_passed_unnoticed_does_not_refuse_a_correction(
    client_of: Clients, clock: ManualClock
) -> None:
    client = await client_of("manager")
    li = await resident(client, status="away", until=NOW + DAY)
    clock.now = NOW + DAY + 1
    assert (await put(client, "residents", li, phone="13800138000"))["phone"] == "13800138000"


@pytest.mark.parametrize("status", ["moved", "deceased"])
async def test_the_family_of_somebody_who_left_hears_nothing_more(
    client_of: Clients, conn: Connection, status: str
) -> None:
    client = await client_of("manager")
    li, wang = await resident(client), await resident(client, "王爷爷")
    contact = await create(client, "contacts", resident=li["id"], name="李敏", phone="13800138000")
    await conn.execute(
        "insert into message (site, resident, contact, recipient, template, created_at)"
        " values ('north', %(li)s, %(c)s, '1', 'alarm', 0), ('north', null, %(c)s, '2', 'alarm', 0),"
        " ('north', %(wang)s, null, '3', 'alarm', 0)",
        {"li": li["id"], "wang": wang["id"], "c": contact["id"]},
    )
    await put(client, "residents", li, status=status)
    cursor = await conn.execute("select recipient, state, reason from message order by recipient")
    assert await cursor.fetchall() == [
        ("1", "withdrawn", "resident_left"),
        ("2", "queued", None),
        ("3", "queued", None),
    ]


async def test_a_couples_family_is_told_as_long_as_one_of_them_is_there(
    client_of: Clients, conn: Connection, desk: Desk
) -> None:
    client = await client_of("manager")
    home = await create(client, "households", site="north", name="李家")
    li, wang = [await resident(client, name, household=home["id"]) for name in ("李奶奶", "王爷爷")]
    contact = await create(client, "contacts", resident=li["id"], name="李敏", phone="13800138000")
    alarm = await desk.raise_alarm(resident=None)
    await conn.execute(
        "update alarm set object = object || jsonb_build_object('household', %s::text) where id = %s",
        (home["id"], alarm.id),
    )
    await conn.execute(
        "insert into message (alarm, site, contact, recipient, template, created_at)"
        " values (%s, 'north', %s, '1', 'alarm', 0)",
        (alarm.id, contact["id"]),
    )
    await put(client, "residents", li, status="deceased")
    assert await _states(conn) == ["queued"]
    await put(client, "residents", wang, status="moved")
    assert await _states(conn) == ["withdrawn"]


async def _states(conn: Connection) -> list[str]:
    cursor = await conn.execute("select state from message order by recipient")
    return [row[0] for row in await cursor.fetchall()]


async def test_what_was_queued_in_the_same_moment_is_withdrawn_when_it_is_about_to_be_sent(
    client_of: Clients, conn: Connection, deps: Deps
) -> None:
    client = await client_of("manager")
    li = await resident(client)
    contact = await create(client, "contacts", resident=li["id"], name="李敏", phone="13800138000")
    await put(client, "residents", li, status="deceased")
    await conn.execute(
        "insert into message (site, resident, contact, recipient, template, created_at)"
        " values ('north', %(li)s, %(c)s, '1', 'alarm', 0)",
        {"li": li["id"], "c": contact["id"]},
    )
    assert await PostgresOutbox(deps.pool).claim(NOW, 10) == []
    assert await _states(conn) == ["withdrawn"]


async def test_nobody_wears_what_belonged_to_somebody_who_left(
    client_of: Clients, clock: ManualClock, conn: Connection
) -> None:
    client = await client_of("manager")
    li = await resident(client)
    await device(client, resident=li["id"])
    clock.now = NOW + 1000
    left = await put(client, "residents", li, status="deceased")
    assert left["left_at"] is not None
    assert [each["to"] for each in await items(client, "assignments")] == [NOW + 1000]
    assert (await client.get("/api/v1/devices/band-1")).json()["resident"] is None
    body = {"device": "band-1", "resident": li["id"]}
    assert (await client.post("/api/v1/assignments", json=body)).status_code == 409
    again = {"site": "north", "device": "band-1", "resident": li["id"]}
    assert (await client.put("/api/v1/devices/band-1", json=again)).status_code == 409
    back = await put(client, "residents", left, status="active")
    assert back["left_at"] is None
    assert (await client.post("/api/v1/assignments", json=body)).status_code == 201


async def test_what_ends_ends_also_for_a_status_that_came_another_way(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    li = await resident(client)
    await device(client, resident=li["id"])
    await conn.execute("update resident set status = 'moved' where id = %s", (li["id"],))
    await resume_due(conn, NOW + 5000)
    assert [each["to"] for each in await items(client, "assignments")] == [NOW + 5000]
    assert (await client.get(f"/api/v1/residents/{li['id']}")).json()["left_at"] is not None


async def test_the_same_record_again_leaves_no_trace_in_the_history(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    li = await resident(client)
    await put(client, "residents", li)
    cursor = await conn.execute("select count(*) from registry_change where entity = 'resident'")
    assert await cursor.fetchone() == (1,)


async def test_a_household_of_another_site_is_refused(client_of: Clients) -> None:
    client = await client_of("manager")
    home = await create(client, "households", site="south", name="李家")
    body = {"site": "north", "name": "李奶奶", "household": home["id"]}
    assert (await client.post("/api/v1/residents", json=body)).status_code == 409
