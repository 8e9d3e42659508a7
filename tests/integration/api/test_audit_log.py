"""Who looked at whom is written down once, read by those who may, and never in the way of an alarm."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from dashboards.api.looks import ONE_LOOK_MS, Looks
from devices.clock import ManualClock
from gateway.store.accounts import add_account, hash_password, open_session
from gateway.store.audit_chain import verify
from gateway.store.audit_log import Entry, append
from gateway.store.connection import Connection
from gateway.store.registry import add_contact, add_resident
from gateway.store.registry_records import ContactFields, Point, Resident, ResidentFields
from tests.support.console import NOW, Clients, Desk

PASSWORD = "correct horse"


@pytest.fixture
async def people(conn: Connection) -> list[Resident]:
    made = []
    for site, name in (("north", "王秀英"), ("south", "李明")):
        fields = ResidentFields(site=site, name=name, home=Point(lat=31.2, lon=121.4), phone="02155550101")
        made.append(await add_resident(conn, "office", fields))
    contact = ContactFields(resident=made[0].id, name="王小红", phone="13800138000", relation="女儿")
    await add_contact(conn, "office", contact)
    return made


async def looks(conn: Connection) -> list[tuple[Any, ...]]:
    cursor = await conn.execute("select actor, what, resident from audit_entry where act = 'look' order by n")
    return await cursor.fetchall()


async def items(client: httpx.AsyncClient, **asked: str | int) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/audit", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_each_thing_that_one_looks_at_is_one_entry_in_ten_minutes(
    client_of: Clients, conn: Connection, people: list[Resident], clock: ManualClock
) -> None:
    client = await client_of("duty", (), "li")
    key = people[0].id
    for _ in range(3):
        for what in ("track", "vitals", "activity", "timeline"):
            await client.get(f"/api/v1/residents/{key}/{what}")
        await client.get(f"/people/{key}")
        clock.now += 100_000
    expected = [("li", what, key) for what in ("track", "vitals", "activity", "timeline", "record")]
    assert await looks(conn) == expected
    clock.now = NOW + ONE_LOOK_MS
    await client.get(f"/api/v1/residents/{key}/track")
    await client.get(f"/api/v1/residents/{people[1].id}/track", params={"purpose": "visit of the doctor"})
    assert (await looks(conn))[len(expected) :] == [("li", "track", key), ("li", "track", people[1].id)]
    auditor = await client_of("auditor", (), "audit")
    (entry,) = [each for each in await items(auditor, resident=people[1].id) if each["what"] == "track"]
    assert (entry["purpose"], entry["site"], entry["via"]) == ("visit of the doctor", "south", "session")


async def test_looking_at_an_alarm_is_looking_at_whom_it_is_about(
    client_of: Clients, conn: Connection, people: list[Resident], desk: Desk
) -> None:
    alarm = await desk.raise_alarm(resident=people[0].id)
    client = await client_of("duty", (), "li")
    for path in (f"/alarms/{alarm.id}", f"/api/v1/alarms/{alarm.id}", f"/search/{alarm.id}",
                 f"/api/v1/alarms/{alarm.id}/search", f"/api/v1/alarms/{alarm.id}/trace"):  # fmt: skip
        await client.get(path)
    assert await looks(conn) == [("li", what, people[0].id) for what in ("alarm", "search", "trace")]


async def test_managers_and_auditors_read_it_within_their_sites(
    client_of: Clients, people: list[Resident], conn: Connection
) -> None:
    desk = await client_of("duty", (), "li")
    for each in people:
        await desk.get(f"/api/v1/residents/{each.id}/track")
    for role, sites, seen in (("admin", (), 2), ("auditor", (), 2), ("manager", ("north",), 1)):
        client = await client_of(role, sites)
        assert sum(each["what"] == "track" for each in await items(client, act="look")) == seen
    for role in ("supervisor", "duty", "responder"):
        client = await client_of(role)
        assert (await client.get("/api/v1/audit")).status_code == 403
    manager = await client_of("manager", ("north",))
    assert (await manager.get("/api/v1/audit", params={"site": "south"})).status_code == 404
    assert (await manager.get("/api/v1/audit", params={"before": "x"})).status_code == 422


async def test_changes_of_records_stand_among_the_entries_by_reference(
    client_of: Clients, people: list[Resident]
) -> None:
    client = await client_of("manager", ("north",), "boss")
    changes = [each for each in await items(client, act="change") if each["resident"] == people[0].id]
    assert {(each["subject"].split(":")[0], each["what"], each["actor"]) for each in changes} == {
        ("resident", "made", "office"),
        ("contact", "made", "office"),
    }
    assert all("detail" not in each or not each["detail"] for each in changes)
    assert not [each for each in await items(client) if each["resident"] == people[1].id]


async def test_the_page_says_which_device_and_which_contact(client_of: Clients, people: list[Resident]) -> None:
    client = await client_of("manager", ("north",), "boss")
    made = {"site": "north", "device": "band-77", "type": "band", "resident": people[0].id}
    assert (await client.post("/api/v1/devices", json=made)).status_code == 201
    page = (await client.get("/audit")).text
    assert '<a href="/devices/band-77">设备 band-77</a>' in page
    assert f"{people[0].name} · 设备佩戴 band-77" in page
    assert f"{people[0].name} · 联系人 " in page
    assert (await client.get("/sheet?site=north")).status_code == 200
    assert '<span class="purpose">全部长者</span>' in (await client.get("/audit")).text


async def test_pages_follow_each_other_without_gap_or_repetition(
    client_of: Clients, people: list[Resident], clock: ManualClock
) -> None:
    client = await client_of("auditor", (), "audit")
    whole = [each["id"] for each in await items(client, limit=500)]
    paged, before = [], None
    for _ in range(20):
        params: dict[str, str | int] = {"limit": 2} | ({"before": before} if before else {})
        answer = (await client.get("/api/v1/audit", params=params)).json()
        paged += [each["id"] for each in answer["items"]]
        before = answer["next"]
        if before is None:
            break
    assert paged == whole
    assert len(set(whole)) == len(whole) > 4


async def test_signing_in_failing_and_being_locked_out_are_entries(
    anonymous: httpx.AsyncClient, client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    await add_account(conn, username="mei", role="duty", password_hash=hash_password(PASSWORD))
    for username, password in (("mei", "wrong"), ("nobody", "wrong"), ("mei", PASSWORD)):
        await anonymous.post("/api/v1/session", json={"username": username, "password": password})
    found = await items(await client_of("admin"))
    told = [(each["act"], each["actor"]) for each in found if each["act"].startswith("signin")]
    assert told == [("signin", "mei"), ("signin_refused", "nobody"), ("signin_refused", "mei")]


async def test_an_alarm_is_shown_while_nothing_can_be_written_and_the_entry_comes_later(
    app: FastAPI, client_of: Clients, conn: Connection, people: list[Resident], desk: Desk
) -> None:
    alarm = await desk.raise_alarm(resident=people[0].id)
    client = await client_of("duty", (), "li")
    admin = await client_of("admin")
    looking: Looks = app.state.looks
    await conn.execute("alter table audit_entry rename to away")
    assert (await client.get(f"/alarms/{alarm.id}")).status_code == 200
    assert (await client.post(f"/api/v1/alarms/{alarm.id}/acknowledge")).status_code == 200
    assert (await client.get(f"/api/v1/residents/{people[0].id}/track")).status_code == 200
    refused = await admin.get("/api/v1/export")
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:anxin:problem:audit")
    assert looking.waiting == 2
    await looking.catch_up()
    assert looking.waiting == 2
    await conn.execute("alter table away rename to audit_entry")
    await looking.catch_up()
    assert looking.waiting == 0
    assert await looks(conn) == [("li", "alarm", people[0].id), ("li", "track", people[0].id)]
    assert (await admin.get("/api/v1/export")).status_code == 200
    assert (await verify(conn)).broken is None


async def test_a_log_that_is_held_up_holds_up_nobody(
    app: FastAPI, client_of: Clients, conn: Connection, people: list[Resident]
) -> None:
    client = await client_of("duty", (), "li")
    async with conn.transaction():
        await conn.execute("select pg_advisory_xact_lock(hashtextextended('anxin audit log', 0))")
        async with asyncio.timeout(10):
            answer = await client.get(f"/api/v1/residents/{people[0].id}/track")
    assert answer.status_code == 200
    await app.state.looks.catch_up()
    assert await looks(conn) == [("li", "track", people[0].id)]


async def test_many_on_the_map_are_written_down_together_and_hold_it_up_once(
    app: FastAPI, client_of: Clients, conn: Connection, people: list[Resident], desk: Desk, monkeypatch: Any
) -> None:
    client = await client_of("duty", (), "li")
    for person in people:
        await desk.raise_alarm(resident=person.id)
    written: list[int] = []

    async def counted(conn: Connection, entries: Sequence[Entry]) -> None:
        written.append(len(entries))
        await append(conn, entries)

    monkeypatch.setattr("dashboards.api.looks.append", counted)
    for _ in range(3):
        assert len((await client.get("/api/v1/map")).json()["items"]) == 2
    assert written == [2]
    assert sorted(await looks(conn)) == sorted(("li", "map", person.id) for person in people)
    audited = await items(await client_of("manager", ("north",), "mei"), what="map")
    assert [each["site"] for each in audited] == ["north", "north"], "whoever keeps a site reads who looked there"


async def test_nobody_stops_the_log_by_asking_for_what_cannot_be_stored(
    app: FastAPI, client_of: Clients, conn: Connection, people: list[Resident]
) -> None:
    client = await client_of("duty", (), "li")
    await client.get("/api/v1/contacts", params={"resident": "\0"})
    await client.get(f"/api/v1/residents/{people[0].id}/track")
    assert app.state.looks.waiting == 0
    assert await looks(conn) == [("li", "records", "\N{REPLACEMENT CHARACTER}"), ("li", "track", people[0].id)]


async def test_whoever_calls_nobody_reads_numbers_masked_and_asking_for_one_is_an_entry(
    client_of: Clients, conn: Connection, people: list[Resident], desk: Desk
) -> None:
    key = people[0].id
    duty, auditor, responder = [await client_of(role, (), role) for role in ("duty", "auditor", "responder")]
    paths = (f"/api/v1/residents/{key}", "/api/v1/residents", "/api/v1/contacts", f"/api/v1/residents/{key}/history")
    for path in paths:
        assert "02155550101" in (text := (await duty.get(path)).text) or "13800138000" in text
        for masked in (auditor, responder):
            text = (await masked.get(path)).text
            assert "0101" in text or "8000" in text
            assert "02155550101" not in text
            assert "13800138000" not in text
    (contact,) = (await duty.get("/api/v1/contacts")).json()["items"]
    asked = {"of": "contact", "id": contact["id"], "purpose": "visit"}
    assert (await duty.post("/api/v1/phones", json=asked)).json() == {"phone": "13800138000"}
    assert ("duty", "phone", key) in await looks(conn)
    assert (await auditor.post("/api/v1/phones", json=asked)).status_code == 403
    assert (await responder.post("/api/v1/phones", json=asked)).status_code == 403
    alarm = await desk.raise_alarm(resident=key)
    assert (await responder.post("/api/v1/phones", json=asked)).json() == {"phone": "13800138000"}
    search = f"/api/v1/alarms/{alarm.id}/search"
    assert (await responder.get(search)).json()["resident"]["phone"] == "02155550101"
    assert (await auditor.get(search)).json()["resident"]["phone"] == "021****0101"
    elsewhere = await client_of("duty", ("south",))
    assert (await elsewhere.post("/api/v1/phones", json=asked)).status_code == 404


async def test_a_page_renews_itself_without_new_entries_over_a_session_of_its_own(
    conn: Connection, app: FastAPI, people: list[Resident]
) -> None:
    account = await add_account(conn, username="li", role="duty")
    session = await open_session(conn, account.id, NOW)
    transport = httpx.ASGITransport(app)
    cookies = {"anxin_session": session.token}
    async with httpx.AsyncClient(transport=transport, base_url="http://console", cookies=cookies) as client:
        for _ in range(5):
            await client.get(f"/people/{people[0].id}")
    cursor = await conn.execute("select via, count(*) from audit_entry group by 1")
    assert await cursor.fetchall() == [("console", 1)]
