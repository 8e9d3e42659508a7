"""The day's list over HTTP: who is due, who has reported, who is overdue, and what a call settles."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from alerts.alarm import Alarm
from devices.clock import DAY_MS, HOUR_MS, ManualClock
from gateway.store.check_upkeep import end_outcomes, end_windows
from gateway.store.checks import Kept, keep_windows
from gateway.store.connection import Connection
from gateway.store.registry import plan_ahead, resume_due
from tests.support.console import Clients, Desk
from tests.support.promises import enter_plan, enter_resident, june, shown


@pytest.fixture(autouse=True)
def at_dawn(clock: ManualClock) -> None:
    clock.now = june(6)


async def _list(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get("/api/v1/checks", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _only(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    [check] = (await _list(client, **query))["items"]
    found: dict[str, Any] = check
    return found


async def _slot(conn: Connection, resident: str) -> int:
    row = await (await conn.execute("select slot from resident where id = %s", (resident,))).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_check_is_coming_then_open_through_its_grace_then_overdue(
    client_of: Clients, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client, phone="13800138000", address={"building": "3", "room": "301"})
    plan = await enter_plan(client, resident)
    seen = []
    for moment in (june(7, 59), june(8), june(9, 30), june(9, 45) - 1, june(9, 45)):
        clock.now = moment
        seen.append((await _only(client))["state"])
    assert seen == ["coming", "open", "open", "open", "overdue"]
    check = await _only(client)
    assert check == {
        "id": check["id"], "resident": resident, "slot": check["slot"], "name": "李奶奶", "site": "north",
        "timezone": "Asia/Shanghai", "phone": "13800138000", "community": None, "building": "3", "unit": None,
        "floor": None, "room": "301", "plan": plan["id"], "plan_name": "早安", "date": "2025-06-10",
        "begins_at": june(7), "opens_at": june(8), "closes_at": june(9, 30), "due_at": june(9, 45), "by": "button",
        "state": "overdue",
        "kept_at": None, "kept_by": None, "how": None, "note": None, "reminded_at": None, "calls": [],
        "skipped": None, "alarm": None,
    }  # fmt: skip
    assert (await client.get(f"/api/v1/checks/{check['id']}")).json() == check
    assert (await client.get("/api/v1/checks/nobody")).status_code == 404


async def test_a_press_shows_as_kept_with_its_time(client_of: Clients, conn: Connection, clock: ManualClock) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    await enter_plan(client, resident)
    await keep_windows(conn, [Kept(await _slot(conn, resident), june(9, 30), june(8, 12), "button", 5)])
    clock.now = june(12)
    check = await _only(client)
    assert (check["state"], check["kept_at"], check["how"], check["kept_by"]) == ("kept", june(8, 12), "button", None)


async def test_the_list_goes_house_by_house_and_counts_what_it_leaves_out(
    client_of: Clients, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    for building, room in (("10", "101"), ("9", "1001"), ("9", "201"), (None, None)):
        resident = await enter_resident(client, address={"building": building, "room": room})
        await enter_plan(client, resident, {"from": "12:00", "to": "13:00"}, {"from": "08:00", "to": "09:00"})
    found = await _list(client)
    places = [(each["building"], each["room"], shown(each["opens_at"])) for each in found["items"]]
    houses = [(None, None), ("9", "201"), ("9", "1001"), ("10", "101")]
    assert places == [(*house, opens) for house in houses for opens in ("10 08:00", "10 12:00")]
    clock.now = june(8, 30)
    open_ones = await _list(client, state="open")
    assert len(open_ones["items"]) == 4
    assert open_ones["counts"] == {"coming": 4, "open": 4, "kept": 0, "overdue": 0, "skipped": 0}


async def test_an_account_sees_the_checks_of_its_sites_alone(client_of: Clients, clock: ManualClock) -> None:
    client = await client_of("supervisor")
    near, far = await enter_resident(client), await enter_resident(client, "south")
    await enter_plan(client, near)
    await enter_plan(client, far)
    clock.now = june(9)
    hidden = await _only(client, site="south")
    assert hidden["resident"] == far
    local = await client_of("duty", ("north",))
    assert (await _only(local))["resident"] == near
    assert (await local.get("/api/v1/checks?site=south")).status_code == 404
    assert (await _list(local, resident=far))["items"] == []
    assert (await local.get(f"/api/v1/checks/{hidden['id']}")).status_code == 404
    call = await local.post(f"/api/v1/checks/{hidden['id']}/call", json={"result": "well"})
    assert call.status_code == 404
    assert (await local.post(f"/api/v1/residents/{far}/seen", json={})).status_code == 404
    auditor = await client_of("auditor")
    assert (await auditor.post(f"/api/v1/residents/{far}/seen", json={})).status_code == 403


async def test_today_is_where_the_resident_lives(client_of: Clients, clock: ManualClock) -> None:
    client = await client_of("supervisor")
    here, west = await enter_resident(client), await enter_resident(client, timezone="America/New_York")
    await enter_plan(client, here, {"from": "00:30", "to": "01:30"})
    await enter_plan(client, west, {"from": "20:00", "to": "21:00"})
    clock.now = june(3)
    found = {each["resident"]: each["date"] for each in (await _list(client))["items"]}
    assert found == {west: "2025-06-09"}
    clock.now = june(6)
    days = (await _list(client, date="2025-06-09", last_date="2025-06-11"))["items"]
    assert {each["date"] for each in days} == {"2025-06-09", "2025-06-10", "2025-06-11"}
    assert (await client.get("/api/v1/checks?date=2025-06-09&last_date=2025-07-10")).status_code == 422


async def _missed(desk: Desk, resident: str, at: int) -> Alarm:
    return await desk.raise_alarm(resident=resident, rule="missed_check.checkin", severity="medium", raised_at=at)


async def test_a_call_that_went_well_keeps_the_check_and_ends_the_alarm(
    client_of: Clients, desk: Desk, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    await enter_plan(client, resident)
    clock.now = june(9, 50)
    alarm = await _missed(desk, resident, june(9, 45))
    duty = await client_of("duty", username="mei")
    check = await _only(duty)
    assert (check["state"], check["alarm"]) == ("overdue", str(alarm.id))
    ask = f"/api/v1/checks/{check['id']}/call"
    tried = (await duty.post(ask, json={"result": "no_answer"})).json()
    assert (tried["state"], [call["result"] for call in tried["calls"]]) == ("overdue", ["no_answer"])
    clock.now += 1000
    headers = {"Idempotency-Key": "k"}
    body = {"result": "well", "note": " 说很好 "}
    settled = (await duty.post(ask, json=body, headers=headers)).json()
    again = await duty.post(ask, json=body, headers=headers)
    assert (again.status_code, again.json()) == (200, settled)
    kept = (settled["state"], settled["kept_at"], settled["kept_by"], settled["how"], settled["note"])
    assert kept == ("kept", clock.now, "mei", "call", "说很好")
    assert settled["calls"][1] == {"t": clock.now, "actor": "mei", "result": "well", "note": "说很好"}
    ended = (await duty.get(f"/api/v1/alarms/{alarm.id}")).json()
    assert (ended["state"], ended["result"]) == ("resolved", "settled_by_phone")
    assert (await duty.post(ask, json=body)).json()["kept_at"] == settled["kept_at"]


async def test_a_missed_check_leads_to_the_alarm_that_told_of_it_however_late(
    client_of: Clients, conn: Connection, desk: Desk, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    await enter_plan(client, resident, {"from": "08:00", "to": "09:00"}, {"from": "12:00", "to": "13:00"})
    before = await _missed(desk, resident, june(6))
    await client.post(f"/api/v1/alarms/{before.id}/cancel", json={})
    clock.now = june(11)
    assert (await _list(client, state="overdue"))["items"][0]["alarm"] is None
    late = await _missed(desk, resident, june(10, 30))
    assert [each["alarm"] for each in (await _list(client))["items"]] == [str(late.id), None]
    await keep_windows(conn, [Kept(await _slot(conn, resident), june(13), june(12, 12), "button")])
    clock.now = june(14)
    assert [each["alarm"] for each in (await _list(client))["items"]] == [str(late.id), None]


async def test_nothing_can_be_kept_before_its_time(client_of: Clients, clock: ManualClock) -> None:
    client = await client_of("supervisor")
    await enter_plan(client, await enter_resident(client))
    clock.now = june(7) - 1
    check = await _only(client)
    early = await client.post(f"/api/v1/checks/{check['id']}/call", json={"result": "well"})
    assert (early.status_code, early.json()["check"]["state"]) == (409, "coming")
    wrong = await client.post(f"/api/v1/checks/{check['id']}/call", json={"result": "asleep"})
    assert wrong.status_code == 422
    clock.now = june(7)
    in_time = await client.post(f"/api/v1/checks/{check['id']}/call", json={"result": "well"})
    assert (in_time.status_code, in_time.json()["state"]) == (200, "kept")


async def test_whoever_saw_a_resident_settles_what_is_open_without_naming_a_check(
    client_of: Clients, conn: Connection, desk: Desk, clock: ManualClock
) -> None:
    client = await client_of("supervisor", username="mei")
    resident = await enter_resident(client)
    await enter_plan(client, resident)
    clock.now = june(9, 50)
    alarm = await _missed(desk, resident, june(9, 45))
    seen = await client.post(f"/api/v1/residents/{resident}/seen", json={"how": "visit", "note": "在家"})
    assert (seen.status_code, seen.json()["checks"]) == (200, 1)
    assert [each["id"] for each in seen.json()["alarms"]] == [str(alarm.id)]
    assert (await _only(client))["kept_by"] == "mei"
    cursor = await conn.execute("select at_ms from sighting")
    assert await cursor.fetchall() == [(clock.now,)]
    again = (await client.post(f"/api/v1/residents/{resident}/seen", json={})).json()
    assert (again["checks"], again["alarms"]) == (0, [])


async def test_whoever_is_away_is_asked_for_nothing_until_they_are_back(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    await enter_plan(client, resident)
    person = (await client.get(f"/api/v1/residents/{resident}")).json()
    until = june(7, day=11)
    answer = await client.put(f"/api/v1/residents/{resident}", json={**person, "status": "away", "until": until})
    assert answer.status_code == 200, answer.text
    today, tomorrow = (await _list(client, date="2025-06-10", last_date="2025-06-11"))["items"]
    assert (today["state"], today["skipped"]) == ("skipped", "away")
    assert (tomorrow["state"], tomorrow["skipped"]) == ("coming", None)
    refused = await client.post(f"/api/v1/checks/{today['id']}/call", json={"result": "well"})
    assert refused.status_code == 409
    clock.now = june(8, day=11)
    assert await resume_due(conn, clock.now) == 1
    assert (await _only(client))["state"] == "open"


async def test_the_desk_answers_whether_an_absence_ends(client_of: Clients, clock: ManualClock) -> None:
    client = await client_of("duty", ("north",), username="mei")
    manager = await client_of("manager")
    until = june(7, day=11)
    resident = await enter_resident(manager, status="away", until=until)
    await enter_plan(manager, resident)
    clock.now = june(8)
    [absence] = (await _list(client))["absences"]
    assert (absence["id"], absence["until"], absence["status"]) == (resident, until, "away")
    assert (await _list(client, resident="nobody"))["absences"] == []
    ask = f"/api/v1/residents/{resident}/absence"
    assert (await client.put(ask, json={})).status_code == 422
    assert (await client.put(ask, json={"until": june(7)})).status_code == 422
    later = await client.put(ask, json={"until": until + DAY_MS})
    assert (later.status_code, later.json()["status"], later.json()["until"]) == (200, "away", until + DAY_MS)
    assert (await _list(client))["absences"] == []
    back = await client.put(ask, json={"until": None})
    assert (back.json()["status"], back.json()["until"]) == ("active", None)
    assert (await _only(client))["state"] == "open"
    assert (await client.put(ask, json={"until": None})).json() == back.json(), "so it is already"
    history = (await client.get(f"/api/v1/residents/{resident}/history")).json()["items"]
    assert [each["actor"] for each in history] == ["mei", "mei", history[2]["actor"]]
    gone = {**back.json(), "status": "moved"}
    assert (await manager.put(f"/api/v1/residents/{resident}", json=gone)).status_code == 200
    assert (await client.put(ask, json={"until": None})).status_code == 409
    responder = await client_of("responder", ("north",))
    assert (await responder.put(ask, json={"until": None})).status_code == 403
    stranger = await client_of("duty", ("south",))
    assert (await stranger.put(ask, json={"until": None})).status_code == 404


async def test_a_window_of_the_past_is_shown_from_what_was_kept_of_it(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    await enter_plan(client, resident)
    await keep_windows(conn, [Kept(await _slot(conn, resident), june(9, 30), june(8, 12), "button", 5)])
    span = {"date": "2025-06-10", "last_date": "2025-06-11"}
    clock.now = june(12, day=12)
    before = (await _list(client, **span))["items"]
    assert [each["state"] for each in before] == ["kept", "overdue"]
    assert await end_windows(conn, june(9, 30) + 8 * DAY_MS) == 0
    assert await end_windows(conn, june(9, 30, day=11) + 8 * DAY_MS + 1) == 2
    assert (await _list(client, **span))["items"] == before
    await plan_ahead(conn, clock.now)
    assert (await _list(client, **span))["items"] == before
    assert await end_outcomes(conn, june(9, 31)) == 1
    assert (await _list(client, **span))["items"] == before[1:]


async def test_the_log_forgets_windows_a_week_after_they_went_and_sightings_but_the_newest(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    plan = await enter_plan(client, resident)
    for _ in range(2):
        await client.post(f"/api/v1/residents/{resident}/seen", json={})
        clock.now += HOUR_MS
    cursor = await conn.execute("select (extract(epoch from max(at)) * 1000)::int8 + 1 from registry_change")
    row = await cursor.fetchone()
    assert row is not None
    after = "select entity, count(*) from registry_change where entity in ('check_window', 'sighting') group by 1"
    assert dict(await (await conn.execute(after)).fetchall()) == {"check_window": 2, "sighting": 2}
    await conn.execute("update check_window set closes_ms = closes_ms + %s, opens_ms = opens_ms + %s", (row[0], row[0]))
    assert await end_windows(conn, row[0]) == 0
    assert await end_windows(conn, row[0] + 8 * DAY_MS) == 1
    assert dict(await (await conn.execute(after)).fetchall()) == {"check_window": 4, "sighting": 1}
    await conn.execute("delete from check_window")
    await conn.execute("alter table registry_change disable trigger guarded")
    await conn.execute("update registry_change set at = at - interval '9 days' where entity = 'check_window'")
    await conn.execute("alter table registry_change enable always trigger guarded")
    assert await end_windows(conn, row[0]) == 6
    assert dict(await (await conn.execute(after)).fetchall()) == {"sighting": 1}
    assert (await client.get(f"/api/v1/plans/{plan['id']}/history")).status_code == 200
