"""What a shift has to do, over HTTP: who sees it, what stands on it and in which order."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from psycopg.types.json import Jsonb

from alerts.alarm import Alarm
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS, ManualClock
from gateway.store.connection import Connection
from gateway.store.registry import plan_ahead
from gateway.store.today import TESTS_A_DAY
from tests.support.console import Clients, Desk
from tests.support.promises import enter_plan, enter_resident, june


@pytest.fixture(autouse=True)
def at_work(clock: ManualClock) -> None:
    clock.now = june(9, 50)


async def _today(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get("/api/v1/today", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _band(client: httpx.AsyncClient, device: str, resident: str | None, site: str = "north", **more: Any) -> None:
    body = {"site": site, "device": device, "type": "band", "resident": resident, **more}
    made = await client.post("/api/v1/devices", json=body)
    assert made.status_code == 201, made.text


async def _beats(conn: Connection, device: str, *beats: tuple[int, float], charging: bool = False) -> None:
    """Heartbeats (ms, battery in per cent)."""
    for number, (t, battery) in enumerate(beats):
        await conn.execute(
            "insert into heartbeat (pos, device, t, seq, received, battery_pct, charging)"
            " select 1, slot, to_timestamp(%s / 1000.0), %s, to_timestamp(%s / 1000.0), %s, %s"
            " from device where id = %s",
            (t, number, t, battery, charging, device),
        )


async def _pressed(conn: Connection, desk: Desk, resident: str, device: str, at: int, **changes: Any) -> Alarm:
    alarm = await desk.raise_alarm(resident=resident, raised_at=at)
    object_ = msgspec.to_builtins(msgspec.structs.replace(alarm, device=device, state="closed", **changes))
    await conn.execute("update alarm set object = %s where id = %s", (Jsonb(object_), alarm.id))
    return alarm


async def test_a_day_without_tasks_is_empty_and_says_so(client_of: Clients) -> None:
    found = await _today(await client_of("duty"))
    assert found["counts"] == {"overdue": 0, "open": 0, "tests": 0, "batteries": 0, "visits": 0, "back": 0}
    assert (found["handovers"], found["duty"], found["test_days"]) == ([], [], 30)


async def test_checks_that_wait_stand_there_the_overdue_first_and_those_kept_or_to_come_do_not(
    client_of: Clients, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    clock.now = june(6)
    late, open_, later = [await enter_resident(client, name=name) for name in ("迟", "待", "晚")]
    await enter_plan(client, late)
    await enter_plan(client, open_, {"from": "09:00", "to": "10:00"})
    await enter_plan(client, later, {"from": "19:00", "to": "20:00"})
    clock.now = june(9, 50)
    found = await _today(client)
    assert [(each["resident"], each["state"]) for each in found["checks"]] == [(late, "overdue"), (open_, "open")]
    assert (found["counts"]["overdue"], found["counts"]["open"]) == (1, 1)
    await client.post(f"/api/v1/residents/{late}/seen", json={"how": "call"})
    assert [each["resident"] for each in (await _today(client))["checks"]] == [open_]


async def test_an_overdue_check_of_yesterday_still_waits_after_midnight(
    client_of: Clients, clock: ManualClock, conn: Connection
) -> None:
    client = await client_of("supervisor")
    clock.now = june(6)
    resident = await enter_resident(client)
    await enter_plan(client, resident, {"from": "22:00", "to": "23:00"})
    clock.now = june(1, day=11)
    await plan_ahead(conn, clock.now)
    [check] = (await _today(client))["checks"]
    assert (check["state"], check["date"]) == ("overdue", "2025-06-10")


async def test_a_button_is_due_until_a_drill_or_a_press_closed_as_test_and_again_after_thirty_days(
    client_of: Clients, clock: ManualClock, conn: Connection, desk: Desk
) -> None:
    client = await client_of("supervisor")
    people = {name: await enter_resident(client, name=name) for name in ("drilled", "closed", "real", "old", "never")}
    for name, resident in people.items():
        await _band(client, f"band-{name}", resident)
    week, month = clock.now - 7 * DAY_MS, clock.now - 31 * DAY_MS
    await _pressed(conn, desk, people["drilled"], "band-drilled", week, drill=True)
    await _pressed(conn, desk, people["closed"], "band-closed", week, outcome="test")
    await _pressed(conn, desk, people["real"], "band-real", week, outcome="true_alarm")
    await _pressed(conn, desk, people["old"], "band-old", month, drill=True)
    due = {each["device"]: each["tested_at"] for each in (await _today(client))["tests"]}
    assert due == {"band-real": None, "band-old": month, "band-never": None}
    await client.put(f"/api/v1/residents/{people['never']}", json={
        "site": "north", "name": "never", "status": "hospital", "until": clock.now + 3 * DAY_MS})  # fmt: skip
    assert "band-never" not in {each["device"] for each in (await _today(client))["tests"]}, "nobody is there to press"


async def test_whoever_begins_with_many_buttons_has_a_days_share_of_them_in_walking_order(
    client_of: Clients, clock: ManualClock, conn: Connection, desk: Desk
) -> None:
    client = await client_of("supervisor")
    for n in range(TESTS_A_DAY + 2):
        person = {"site": "north", "name": f"长者{n}", "address": {"building": "1", "room": str(100 + n)}}
        resident = (await client.post("/api/v1/residents", json=person)).json()["id"]
        await _band(client, f"band-{n}", resident)
    found = await _today(client)
    assert [each["device"] for each in found["tests"]] == [f"band-{n}" for n in range(TESTS_A_DAY)]
    assert (found["counts"]["tests"], found["tests_later"]) == (TESTS_A_DAY, 2)
    for n in range(TESTS_A_DAY):
        await _pressed(conn, desk, resident, f"band-{n}", clock.now, drill=True)
    found = await _today(client)
    assert (found["tests"], found["tests_later"]) == ([], 2), "the rest is tomorrow's"
    clock.now += DAY_MS
    assert [each["device"] for each in (await _today(client))["tests"]] == ["band-5", "band-6"]


async def test_looking_at_the_day_is_written_down_with_its_site(client_of: Clients, conn: Connection) -> None:
    client = await client_of("duty", username="li")
    await _today(client, site="north")
    assert (await client.get("/today")).status_code == 200
    asked = "select actor, what, site from audit_entry where act = 'look' order by n"
    assert await (await conn.execute(asked)).fetchall() == [("li", "today", "north"), ("li", "today", None)]


async def test_the_battery_round_goes_by_doors_and_takes_who_is_empty_before_tomorrows(
    client_of: Clients, clock: ManualClock, conn: Connection
) -> None:
    client = await client_of("supervisor")
    now = clock.now
    doors = {
        "low": ({"building": "10", "room": "2"}, [(now - HOUR_MS, 25.0)]),
        "falling": ({"building": "9", "room": "1101"}, [(now - 7 * HOUR_MS, 54.0), (now - MINUTE_MS, 40.0)]),
        "steady": ({"building": "9", "room": "201"}, [(now - 7 * HOUR_MS, 42.0), (now - MINUTE_MS, 40.0)]),
        "charged": ({"building": "9", "room": "202"}, [(now - 7 * HOUR_MS, 20.0), (now - MINUTE_MS, 40.0)]),
        "empty": ({"building": "9", "room": "301"}, [(now - HOUR_MS, 9.0)]),
        "long silent": ({"building": "9", "room": "302"}, [(now - 3 * DAY_MS, 9.0)]),
    }
    for name, (address, beats) in doors.items():
        resident = await enter_resident(client, name=name, address=address)
        device = f"band-{name.replace(' ', '-')}"
        await _band(client, device, resident)
        await _beats(conn, device, *beats)
    plugged = await enter_resident(client, name="plugged in")
    await _band(client, "band-plugged", plugged)
    await _beats(conn, "band-plugged", (now - MINUTE_MS, 12.0), charging=True)

    found = (await _today(client))["batteries"]
    assert [each["name"] for each in found] == ["empty", "falling", "low"]
    falling = found[1]
    assert falling["empty_at"] == pytest.approx(now + 12.5 * HOUR_MS, abs=10 * MINUTE_MS), "2 % an hour, 25 % to go"
    assert (found[0]["empty_at"], found[0]["address"]["room"], found[0]["battery_pct"]) == (None, "301", 9)


async def test_broken_unworn_and_silent_devices_are_visited_until_their_alarm_ends(
    client_of: Clients, desk: Desk, clock: ManualClock
) -> None:
    client = await client_of("duty")
    manager = await client_of("supervisor")
    resident = await enter_resident(manager, name="王秀英", address={"building": "3", "room": "402"})
    fault = await desk.raise_alarm(rule="device.fault", severity="low", resident=resident, raised_at=clock.now)
    await desk.raise_alarm(rule="device.battery_low", severity="low", resident=resident, raised_at=clock.now)
    await desk.raise_alarm(
        rule="missed_check.silent", severity="low", resident=resident, raised_at=clock.now, drill=True
    )
    [visit] = (await _today(client))["visits"]
    assert (visit["rule"], visit["alarm"], visit["name"], visit["address"]["room"]) == (
        "device.fault", str(fault.id), "王秀英", "402",
    )  # fmt: skip
    await client.post(f"/api/v1/alarms/{fault.id}/cancel", json={})
    assert (await _today(client))["visits"] == []


async def test_who_comes_back_before_their_own_midnight_is_told(client_of: Clients, clock: ManualClock) -> None:
    client = await client_of("supervisor")
    for name, until in (("today", june(23)), ("tomorrow", june(0, 30, day=11))):
        await enter_resident(client, name=name, status="away", until=until)
    assert [(each["name"], each["until"]) for each in (await _today(client))["back"]] == [("today", june(23))]


async def test_the_newest_hand_over_is_told_and_who_is_on_duty_now_and_next(
    client_of: Clients, clock: ManualClock
) -> None:
    chief = await client_of("manager", username="chief")
    li, _ = await client_of("duty", username="li"), await client_of("duty", username="wang")
    for account, start, end in (("li", 8, 16), ("wang", 16, 24)):
        shift = {"site": "north", "account": account, "from": june(0) + start * HOUR_MS, "to": june(0) + end * HOUR_MS}
        made = await chief.post("/api/v1/shifts", json=shift)
        assert made.status_code == 201, made.text
    offered = await li.post("/api/v1/handovers", json={"site": "north", "to": "wang", "note": "三号楼电梯停用"})
    assert offered.status_code == 201, offered.text
    found = await _today(chief)
    assert [(each["username"], each["is_next"]) for each in found["duty"]] == [("li", False), ("wang", True)]
    [told] = found["handovers"]
    assert (told["from"], told["to"], told["note"], told["confirmed_at"]) == ("li", "wang", "三号楼电梯停用", None)


async def test_an_account_sees_the_tasks_of_its_own_sites_only(client_of: Clients, conn: Connection) -> None:
    chief = await client_of("supervisor")
    for site in ("north", "south"):
        await _band(chief, f"band-{site}", await enter_resident(chief, site, name=site), site)
    south = await client_of("duty", sites=("south",))
    assert [each["site"] for each in (await _today(south))["tests"]] == ["south"]
    assert (await south.get("/api/v1/today", params={"site": "north"})).status_code == 404
    assert [each["site"] for each in (await _today(chief, site="north"))["tests"]] == ["north"]
