"""Responders, and what residents ask for: pressed or phoned, open until somebody settles it."""

from __future__ import annotations

from devices.clock import ManualClock
from gateway.store.connection import Connection
from tests.support.console import NOW, Clients
from tests.support.records import create, device, items, put, resident


async def _pressed(conn: Connection, key: str, *, t: int, seq: int, request: str = "meal") -> None:
    await conn.execute(
        "insert into service (pos, device, t, seq, received, request, note) select %s, slot, to_timestamp(%s / 1000.0),"
        " %s, now(), %s, '不要辣' from device where id = %s",
        (seq, t, seq, request, key),
    )


async def test_a_responder_comes_back_as_entered_and_is_found_by_building(client_of: Clients) -> None:
    admin, supervisor = await client_of("admin"), await client_of("supervisor", ("north",))
    await create(admin, "staff", username="zhao", role="responder", sites=["north"])
    fields = {
        "site": "north",
        "name": "赵网格",
        "phone": "13800138000",
        "kind": "grid_worker",
        "building": "3",
        "unit": "2",
        "account": "zhao",
        "channels": ["sms", "call"],
        "note": "晚上在家",
        "active": True,
    }
    made = await create(supervisor, "responders", **fields)
    assert made == {**fields, "id": made["id"]}
    assert await items(supervisor, "responders", building="3") == [made]
    assert await items(supervisor, "responders", building="4") == []
    changed = await put(supervisor, "responders", made, active=False, account=None)
    assert await items(supervisor, "responders", active="false") == [changed]
    history = (await supervisor.get(f"/api/v1/responders/{made['id']}/history")).json()["items"]
    assert [each["record"] for each in history] == [changed, made]
    assert (await supervisor.delete(f"/api/v1/responders/{made['id']}")).status_code == 204


async def test_a_responder_of_another_site_is_not_there(client_of: Clients) -> None:
    admin, south = await client_of("admin"), await client_of("manager", ("south",))
    fields = {"site": "north", "name": "赵", "phone": "13800138000", "kind": "neighbour"}
    made = await create(admin, "responders", **fields)
    for method, path in [("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/history")]:
        answer = await south.request(method, f"/api/v1/responders/{made['id']}{path}", json=made)
        assert answer.status_code == 404, (method, path)
    assert (await south.post("/api/v1/responders", json=fields)).status_code == 404
    assert (await admin.put(f"/api/v1/responders/{made['id']}", json={**made, "site": "south"})).status_code == 409
    assert (await admin.post("/api/v1/responders", json={**fields, "account": "nobody"})).status_code == 422
    await create(admin, "staff", username="far", role="responder", sites=["south"])
    assert (await admin.post("/api/v1/responders", json={**fields, "account": "far"})).status_code == 409
    assert (await (await client_of("duty")).post("/api/v1/responders", json=fields)).status_code == 403


async def test_a_pressed_request_belongs_to_whoever_wore_the_device(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("manager")
    li, wang = await resident(client), await resident(client, "王爷爷")
    await device(client, resident=li["id"])
    clock.now = NOW + 5000
    body = {"site": "north", "device": "band-1", "resident": wang["id"]}
    await client.put("/api/v1/devices/band-1", json=body)
    await _pressed(conn, "band-1", t=NOW + 4999, seq=1)
    await _pressed(conn, "band-1", t=NOW + 5000, seq=2, request="repair")
    newest, oldest = await items(client, "requests")
    assert oldest == {
        "id": oldest["id"],
        "site": "north",
        "resident": li["id"],
        "household": None,
        "device": "band-1",
        "request": "meal",
        "note": "不要辣",
        "t": NOW + 4999,
        "entered_by": None,
        "state": "open",
        "done_by": None,
        "done_at": None,
        "answer": None,
    }
    assert newest["resident"] == wang["id"]
    assert await items(client, "requests", resident=li["id"]) == [oldest]
    assert await items(client, "requests", request="repair", state="open", site="north", device="band-1") == [newest]


async def test_a_request_by_phone_is_taken_down_once_and_settled_by_name(
    client_of: Clients, clock: ManualClock
) -> None:
    duty, wei = await client_of("duty", (), "mei"), await client_of("duty", (), "wei")
    li = await resident(await client_of("manager"))
    body, headers = {"resident": li["id"], "request": "call_back", "note": "灯坏了"}, {"Idempotency-Key": "k"}
    first, again = [await duty.post("/api/v1/requests", json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, again.json()) == (201, first.json())
    made = first.json()
    assert (made["entered_by"], made["resident"], made["device"], made["t"]) == ("mei", li["id"], None, NOW)
    clock.now = NOW + 1000
    settled = await put(wei, "requests", made, state="done", answer="明天来修")
    assert (settled["state"], settled["done_by"], settled["done_at"], settled["answer"]) == (
        "done", "wei", NOW + 1000, "明天来修",
    )  # fmt: skip
    clock.now = NOW + 2000
    assert (await put(duty, "requests", settled))["done_by"] == "wei"
    assert await items(duty, "requests", state="open") == []
    opened = await put(duty, "requests", settled, state="open", answer=None)
    assert (opened["done_by"], opened["done_at"]) == (None, None)


async def test_requests_come_in_pages_newest_first(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    await device(client)
    for seq in range(5):
        await _pressed(conn, "band-1", t=NOW + seq // 2, seq=seq)
    one = (await client.get("/api/v1/requests", params={"limit": 3})).json()
    two = (await client.get("/api/v1/requests", params={"limit": 3, "before": one["next"]})).json()
    found = one["items"] + two["items"]
    assert (len(found), len({each["id"] for each in found}), two["next"]) == (5, 5, None)
    assert [each["t"] for each in found] == sorted((each["t"] for each in found), reverse=True)
    assert (await client.get("/api/v1/requests", params={"before": "x"})).status_code == 422


async def test_requests_of_another_site_are_not_there(client_of: Clients, conn: Connection) -> None:
    admin, south = await client_of("admin"), await client_of("duty", ("south",))
    li = await resident(admin)
    await device(admin, resident=li["id"])
    await _pressed(conn, "band-1", t=NOW, seq=1)
    (found,) = await items(admin, "requests")
    assert await items(south, "requests") == []
    for method in ("GET", "PUT"):
        assert (await south.request(method, f"/api/v1/requests/{found['id']}", json={})).status_code == 404
    assert (await south.post("/api/v1/requests", json={"resident": li["id"], "request": "meal"})).status_code == 422
    assert (await (await client_of("auditor")).put(f"/api/v1/requests/{found['id']}", json={})).status_code == 403


async def test_a_pressed_request_that_comes_twice_stands_once(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    await device(client)
    await _pressed(conn, "band-1", t=NOW, seq=1)
    await conn.execute("delete from service")
    await _pressed(conn, "band-1", t=NOW, seq=1)
    assert len(await items(client, "requests")) == 1
