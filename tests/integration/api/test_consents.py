"""What residents agree to, kept as records; and a refusal that is broken open for one critical alarm."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dashboards.deps import Deps
from devices.clock import MINUTE_MS, ManualClock
from gateway.store.connection import Connection
from gateway.store.registry import erase_left
from tests.support.console import NOW, Clients, Desk
from tests.support.links import told
from tests.support.records import create, items, put, resident

GUARDIAN = {"given_by": "guardian", "guardian": "李小红", "reason": "失智，由女儿决定"}
DAY = 86_400_000


@pytest.fixture
async def duty(client_of: Clients) -> httpx.AsyncClient:
    return await client_of("duty", ("north",), "zhou")


@pytest.fixture
async def li(client_of: Clients) -> dict[str, Any]:
    return await resident(await client_of("manager", (), "wang"))


async def open_position(client: httpx.AsyncClient, alarm: object, status: int = 200) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/alarms/{alarm}/open-position", json={"reason": "走失，情况紧急"})
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_consent_comes_back_as_entered(duty: httpx.AsyncClient, li: dict[str, Any]) -> None:
    fields = {"resident": li["id"], "purpose": "location", "granted": True, **GUARDIAN, "from": 5, "until": 6}
    made = await create(duty, "consents", **fields)
    assert made == {**fields, "id": made["id"], "site": "north", "withdrawn_at": None}
    assert await items(duty, "consents", resident=li["id"]) == [made]
    assert await items(duty, "consents", purpose="health") == []
    assert (await duty.get(f"/api/v1/consents/{made['id']}")).json() == made


async def test_a_consent_holds_from_now_on_unless_told_otherwise(duty: httpx.AsyncClient, li: dict[str, Any]) -> None:
    made = await create(duty, "consents", resident=li["id"], purpose="health", granted=False)
    assert (made["from"], made["until"], made["given_by"]) == (NOW, None, "resident")


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": "everything"},
        {"given_by": "guardian"},
        {"given_by": "guardian", "guardian": "李小红"},
        {"given_by": "guardian", "guardian": "李小红", "reason": "  "},
        {"given_by": "daughter"},
        {"from": 6, "until": 6},
        {"resident": "nobody"},
        {"granted": None},
    ],
)
async def test_what_is_no_consent_is_refused(
    duty: httpx.AsyncClient, li: dict[str, Any], wrong: dict[str, Any]
) -> None:
    body = {"resident": li["id"], "purpose": "location", "granted": True, **wrong}
    assert (await duty.post("/api/v1/consents", json=body)).status_code == 422


async def test_a_consent_is_withdrawn_once_and_never_rewritten_nor_removed(
    duty: httpx.AsyncClient, li: dict[str, Any], clock: ManualClock
) -> None:
    made = await create(duty, "consents", resident=li["id"], purpose="location", granted=True, **GUARDIAN)
    path = f"/api/v1/consents/{made['id']}"
    assert (await duty.put(path, json={**made, "granted": False})).status_code == 422
    assert (await duty.put(path, json={"withdrawn": False})).status_code == 422
    assert (await duty.delete(path)).status_code == 405
    clock.now += MINUTE_MS
    withdrawn = (await duty.put(path, json={"withdrawn": True})).json()
    assert withdrawn == {**made, "withdrawn_at": NOW + MINUTE_MS}
    clock.now += MINUTE_MS
    assert (await duty.put(path, json={"withdrawn": True})).json() == withdrawn
    history = (await duty.get(f"{path}/history")).json()["items"]
    assert (history[0]["actor"], history[0]["changed"]) == ("zhou", ["withdrawn_at"])
    assert history[1]["record"]["from"] == NOW
    assert history[1]["record"]["resident"] == li["id"]


async def test_consents_are_entered_by_whoever_may_change_contacts(client_of: Clients, li: dict[str, Any]) -> None:
    body = {"resident": li["id"], "purpose": "location", "granted": True}
    for role in ("admin", "manager", "supervisor", "duty"):
        assert (await (await client_of(role)).post("/api/v1/consents", json=body)).status_code == 201
    for role in ("responder", "auditor"):
        client = await client_of(role)
        assert (await client.post("/api/v1/consents", json=body)).status_code == 403
        assert len(await items(client, "consents")) == 4


async def test_a_consent_of_another_site_is_not_there(client_of: Clients, li: dict[str, Any]) -> None:
    made = await create(await client_of("admin"), "consents", resident=li["id"], purpose="location", granted=True)
    south = await client_of("manager", ("south",))
    assert await items(south, "consents") == []
    for method, path in [("GET", ""), ("PUT", ""), ("GET", "/history")]:
        answer = await south.request(method, f"/api/v1/consents/{made['id']}{path}", json={"withdrawn": True})
        assert answer.status_code == 404
    body = {"resident": li["id"], "purpose": "location", "granted": True}
    assert (await south.post("/api/v1/consents", json=body)).status_code == 422


async def test_a_refusal_is_broken_open_with_a_reason_that_stays(
    duty: httpx.AsyncClient, li: dict[str, Any], desk: Desk, conn: Connection
) -> None:
    await create(duty, "consents", resident=li["id"], purpose="location", granted=False)
    alarm = await desk.raise_alarm(resident=li["id"])
    opened = await open_position(duty, alarm.id)
    entry = opened["timeline"][-1]
    assert (entry["event"], entry["actor"], entry["note"]) == ("position_opened", "zhou", "走失，情况紧急")
    assert opened["version"] == alarm.version + 1
    assert (await open_position(duty, alarm.id)) == opened
    cursor = await conn.execute("select alarm, purpose, account, reason, at from consent_override")
    assert await cursor.fetchall() == [(alarm.id, "location", "zhou", "走失，情况紧急", NOW)]


async def test_what_was_broken_open_shuts_with_the_alarm(
    duty: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    li: dict[str, Any],
    desk: Desk,
    conn: Connection,
    clock: ManualClock,
) -> None:
    daughter = await create(duty, "contacts", resident=li["id"], name="李小红", phone="13800138000")
    band = {"site": "north", "device": "band-1", "type": "band", "resident": li["id"]}
    await conn.execute("insert into device (id, site) values ('band-1', 'north')")
    await conn.execute(
        "insert into assignment (device_slot, resident_slot, from_ms) select d.slot, r.slot, 0"
        " from device d, resident r where d.id = %s and r.id = %s",
        (band["device"], li["id"]),
    )
    await conn.execute(
        "insert into position (pos, device, t, seq, received, lat, lon) select 1, slot, to_timestamp(%s / 1000.0), 1,"
        " now(), 31.2331, 121.4731 from device",
        (NOW,),
    )
    alarm = await desk.raise_alarm(resident=li["id"])
    token = await told(desk.store, conn, alarm, daughter, "family", NOW)

    async def shown() -> bool:
        return "121.4731" in (await anonymous.get(f"/a/{token}")).text

    assert not await shown()
    await open_position(duty, alarm.id)
    assert await shown()
    clock.now += MINUTE_MS
    await duty.post(f"/api/v1/alarms/{alarm.id}/cancel", json={})
    assert not await shown()
    clock.now += MINUTE_MS
    await duty.post(f"/api/v1/alarms/{alarm.id}/reopen", json={})
    assert not await shown()
    await open_position(duty, alarm.id)
    assert await shown()


@pytest.mark.parametrize(
    ("rule", "severity", "drill", "reason"),
    [
        ("wandering.zone_exit", "high", False, "severity"),
        ("sos.button", "critical", True, "nobody"),
    ],
)
async def test_only_a_critical_alarm_of_somebody_opens_a_position(
    duty: httpx.AsyncClient, li: dict[str, Any], desk: Desk, rule: str, severity: Any, drill: bool, reason: str
) -> None:
    alarm = await desk.raise_alarm(resident=li["id"], rule=rule, severity=severity, drill=drill)
    assert (await open_position(duty, alarm.id, 409))["reason"] == reason


async def test_nothing_is_opened_of_nobody_after_the_end_or_where_they_agreed(
    duty: httpx.AsyncClient, li: dict[str, Any], desk: Desk, conn: Connection
) -> None:
    assert (await open_position(duty, (await desk.raise_alarm()).id, 409))["reason"] == "nobody"
    alarm = await desk.raise_alarm(resident=li["id"])
    await create(duty, "consents", resident=li["id"], purpose="location", granted=True)
    assert (await open_position(duty, alarm.id, 409))["reason"] == "agreed"
    await duty.post(f"/api/v1/alarms/{alarm.id}/cancel", json={})
    assert (await open_position(duty, alarm.id, 409))["reason"] == "state"
    cursor = await conn.execute("select count(*) from consent_override")
    assert await cursor.fetchone() == (0,)


async def test_a_position_is_opened_by_staff_of_the_site_and_with_a_reason(
    client_of: Clients, li: dict[str, Any], desk: Desk
) -> None:
    alarm = await desk.raise_alarm(resident=li["id"])
    await open_position(await client_of("responder"), alarm.id, 403)
    await open_position(await client_of("auditor"), alarm.id, 403)
    await open_position(await client_of("duty", ("south",)), alarm.id, 404)
    duty = await client_of("duty")
    answer = await duty.post(f"/api/v1/alarms/{alarm.id}/open-position", json={"reason": " "})
    assert answer.status_code == 422
    await open_position(duty, alarm.id)


async def test_nothing_that_was_said_of_who_left_stays(
    client_of: Clients, deps: Deps, li: dict[str, Any], desk: Desk, conn: Connection
) -> None:
    manager = await client_of("manager")
    await create(manager, "consents", resident=li["id"], purpose="location", granted=True, **GUARDIAN)
    daughter = await create(manager, "contacts", resident=li["id"], name="李小红", phone="13800138000")
    alarm = await desk.raise_alarm(resident=li["id"])
    await told(desk.store, conn, alarm, daughter, "family", NOW)
    await conn.execute(
        "insert into inbound_message (provider_id, sender, body, received_at, message, alarm, meaning)"
        " select 'SM1', '+8613800138000', '我是李小红', 1, id, alarm, 'take' from message"
    )
    await manager.post(f"/api/v1/alarms/{alarm.id}/cancel", json={})
    await put(manager, "residents", li, status="moved")
    assert await erase_left(conn, deps.clock.now_ms() + 10_000 * DAY) == 1
    for table in ("consent", "registry_change", "message", "message_link", "inbound_message"):
        rows = await (await conn.execute(f"select x::text from {table} x")).fetchall()
        kept = " ".join(row[0] for row in rows)
        for word in ("李小红", "13800138000", "失智", "我是"):
            assert word not in kept, (table, word)
    cursor = await conn.execute("select count(*) from consent union all select count(*) from message_link")
    assert await cursor.fetchall() == [(0,), (0,)]
