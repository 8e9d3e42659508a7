"""Plans and holidays over HTTP: what is promised becomes windows at once, and a change loses or invents none."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from alerts.checks import WEEKDAYS
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS, ManualClock
from devices.registry import CheckWindow
from gateway.store.checks import Kept, keep_open, keep_windows
from gateway.store.connection import Connection, connect
from gateway.store.registry import plan_ahead, planner
from gateway.store.registry.holding import hold_registry
from gateway.store.registry_log import changes_since, current_version
from tests.support.console import Clients, until
from tests.support.promises import MORNING, enter_plan, enter_resident, june, shown


@pytest.fixture(autouse=True)
def at_dawn(clock: ManualClock) -> None:
    clock.now = june(6)


async def _windows(conn: Connection) -> list[tuple[str, str]]:
    cursor = await conn.execute("select opens_ms, closes_ms from check_window order by opens_ms")
    return [(shown(opens), shown(closes)) for opens, closes in await cursor.fetchall()]


def _days(first: int, last: int, opens: str = "08:00", closes: str = "09:30") -> list[tuple[str, str]]:
    return [(f"{day} {opens}", f"{day} {closes}") for day in range(first, last + 1)]


async def _change(client: httpx.AsyncClient, plan: dict[str, Any], **changes: Any) -> httpx.Response:
    answer = await client.put(f"/api/v1/plans/{plan['id']}", json={**plan, **changes})
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_plan_comes_back_as_it_was_entered(client_of: Clients) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    evening = {"from": "22:00", "to": "06:00", "days": ["sun", "mon", "mon"], "by": "sign"}
    plan = await enter_plan(client, resident, MORNING, evening, grace_min=30, first_day="2025-06-01")
    assert plan == {
        "id": plan["id"], "site": "north", "resident": resident, "name": "早安", "grace_min": 30, "remind_min": 15,
        "remind": ["ring"], "holidays": "as_usual", "first_day": "2025-06-01", "last_day": None, "active": True,
        "windows": [
            {**MORNING, "days": list(WEEKDAYS), "by": "button"},
            {"from": "22:00", "to": "06:00", "days": ["mon", "sun"], "by": "sign"},
        ],
    }  # fmt: skip
    assert (await client.get(f"/api/v1/plans/{plan['id']}")).json() == plan
    assert (await client.get(f"/api/v1/plans?resident={resident}")).json()["items"] == [plan]
    assert (await _change(client, plan)).json() == plan
    [version] = (await client.get(f"/api/v1/plans/{plan['id']}/history")).json()["items"]
    assert version["record"]["windows"] == plan["windows"]
    assert version["record"]["resident"] == resident


@pytest.mark.parametrize(
    "wrong",
    [
        {"windows": []},
        {"windows": [{"from": "8:00", "to": "09:00"}]},
        {"windows": [{"from": "08:00", "to": "09:00"}, {"from": "08:30", "to": "10:00"}]},
        {"windows": [{**MORNING, "days": []}]},
        {"windows": [{**MORNING, "by": "prayer"}]},
        {"first_day": "2025-06-02", "last_day": "2025-06-01"},
        {"last_day": "9999-12-31"},
        {"grace_min": 721},
        {"remind": ["shout"]},
        {"holidays": "never"},
    ],
)
async def test_a_plan_that_makes_no_sense_is_refused(client_of: Clients, wrong: dict[str, Any]) -> None:
    client = await client_of("supervisor")
    body = {"resident": await enter_resident(client), "name": "早安", "windows": [MORNING], **wrong}
    answer = await client.post("/api/v1/plans", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_plans_of_one_resident_never_ask_for_two_things_at_once(client_of: Clients) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    plan = await enter_plan(client, resident)
    other = {"resident": resident, "name": "二", "windows": [{"from": "09:00", "to": "10:00"}]}
    refused = await client.post("/api/v1/plans", json=other)
    assert (refused.status_code, "早安" in refused.json()["detail"]) == (409, True)
    later = await enter_plan(client, resident, {"from": "09:30", "to": "10:00"})
    assert (await client.put(f"/api/v1/plans/{later['id']}", json=other)).status_code == 409
    await _change(client, plan, active=False)
    assert (await client.put(f"/api/v1/plans/{later['id']}", json=other)).status_code == 200
    assert (await client.put(f"/api/v1/plans/{plan['id']}", json=plan)).status_code == 409


async def test_who_may_change_plans_and_whose(client_of: Clients) -> None:
    client = await client_of("supervisor")
    resident, far = await enter_resident(client), await enter_resident(client, "south")
    plan, hidden = await enter_plan(client, resident), await enter_plan(client, far)
    duty = await client_of("duty", ("north",))
    assert [each["id"] for each in (await duty.get("/api/v1/plans")).json()["items"]] == [plan["id"]]
    assert (await duty.get(f"/api/v1/plans/{hidden['id']}")).status_code == 404
    assert (await duty.put(f"/api/v1/plans/{plan['id']}", json=plan)).status_code == 403
    local = await client_of("supervisor", ("north",))
    assert (await local.delete(f"/api/v1/plans/{hidden['id']}")).status_code == 404
    assert (await local.post("/api/v1/plans", json={**plan, "resident": far})).status_code == 422
    assert (await local.put(f"/api/v1/plans/{plan['id']}", json={**plan, "resident": far})).status_code == 409
    holiday = {"site": "south", "name": "端午", "date": "2025-06-11"}
    assert (await local.post("/api/v1/holidays", json=holiday)).status_code == 404


async def test_a_plan_is_laid_out_two_days_ahead_when_it_is_made_and_the_gateway_hears_of_it(
    client_of: Clients, conn: Connection
) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    before = await current_version(conn)
    await enter_plan(client, resident, {**MORNING, "by": "sign"}, grace_min=20)
    assert await _windows(conn) == _days(10, 11)
    heard = [each.record for each in await changes_since(conn, before) if each.entity == "check_window"]
    assert [(each.by, each.grace_ms) for each in heard if isinstance(each, CheckWindow)] == [("sign", 1_200_000)] * 2


async def test_the_planner_goes_on_from_there_and_asks_for_nothing_twice(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    await enter_plan(client, await enter_resident(client))
    assert await plan_ahead(conn, clock.now) == 0
    before = await current_version(conn)
    for hours in range(0, 73, 3):
        await plan_ahead(conn, clock.now + hours * HOUR_MS)
        await plan_ahead(conn, clock.now + hours * HOUR_MS)
    assert await _windows(conn) == _days(10, 14)
    assert await current_version(conn) == before + 3
    cursor = await conn.execute("select distinct actor from registry_change where version > %s", (before,))
    assert await cursor.fetchall() == [("planner",)]


async def test_two_planners_at_once_write_every_window_once(
    client_of: Clients, conn: Connection, conninfo: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "AT_ONCE", 2)
    client = await client_of("supervisor")
    for _ in range(3):
        await enter_plan(client, await enter_resident(client))
    other = await connect(conninfo, application="anxin test")
    async with other:
        before = await current_version(conn)
        done = await asyncio.gather(*(plan_ahead(each, clock.now + DAY_MS) for each in (conn, other)))
    assert sum(done) == 3
    assert await current_version(conn) == before + 3


async def test_a_planner_that_waited_for_a_change_follows_it(
    client_of: Clients, conn: Connection, conninfo: str, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    plan = await enter_plan(client, await enter_resident(client))
    other = await connect(conninfo, application="anxin test")
    async with other, asyncio.TaskGroup() as tasks:
        async with conn.transaction():
            await hold_registry(conn)
            planning = tasks.create_task(plan_ahead(other, clock.now + DAY_MS), name="planner")
            await until(lambda: _waits(conn, other))
            await conn.execute("delete from care_plan where id = %s", (plan["id"],))
        assert await planning == 1
    assert await _windows(conn) == _days(10, 10), "what was missed by then stays missed"


async def _waits(conn: Connection, other: Connection) -> bool:
    cursor = await conn.execute(
        "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s", (other.info.backend_pid,)
    )
    return await cursor.fetchone() == (True,)


async def test_a_plan_made_while_its_window_is_open_asks_from_the_next_one_on(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    clock.now = june(9)
    await enter_plan(client, await enter_resident(client))
    assert await plan_ahead(conn, clock.now) == 0
    assert await _windows(conn) == _days(11, 12)


async def test_what_a_planner_that_was_away_did_not_write_is_written_late(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    await enter_plan(client, await enter_resident(client))
    await plan_ahead(conn, clock.now)
    clock.now = june(9, day=15)
    fresh = await enter_plan(client, await enter_resident(client))
    assert await plan_ahead(conn, clock.now) > 0
    cursor = await conn.execute("select opens_ms, plan = %s from check_window order by 1, 2", (fresh["id"],))
    found = [(shown(opens), is_fresh) for opens, is_fresh in await cursor.fetchall()]
    late = [("14 08:00", False), ("15 08:00", False)]
    assert found == [
        ("10 08:00", False), ("11 08:00", False), *late, ("16 08:00", False), ("16 08:00", True), ("17 08:00", False),
        ("17 08:00", True),
    ]  # fmt: skip


async def test_a_window_under_way_goes_on_with_its_new_end_and_keeps_what_was_kept(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    plan = await enter_plan(client, resident)
    clock.now = june(9)
    longer = (await _change(client, plan, windows=[{"from": "08:00", "to": "11:00"}])).json()
    assert await _windows(conn) == [("10 08:00", "10 11:00"), *_days(11, 12, closes="11:00")]
    await keep_open(conn, resident, at=clock.now, by="mei", how="call")
    await _change(client, longer, windows=[{"from": "08:00", "to": "12:00"}])
    assert await plan_ahead(conn, clock.now) == 0
    assert await _windows(conn) == [("10 08:00", "10 11:00"), *_days(11, 12, closes="12:00")]


async def test_a_window_that_is_shortened_to_before_now_keeps_its_end(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    plan = await enter_plan(client, await enter_resident(client))
    clock.now = june(9)
    await _change(client, plan, windows=[{"from": "08:00", "to": "08:30"}])
    assert await plan_ahead(conn, clock.now) == 0
    assert await _windows(conn) == [("10 08:00", "10 09:30"), *_days(11, 12, closes="08:30")]


@pytest.mark.parametrize("way", ["removed", "off", "moved away"])
async def test_what_is_no_longer_promised_is_not_asked_for_and_the_list_says_so(
    client_of: Clients, conn: Connection, clock: ManualClock, way: str
) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    plan = await enter_plan(client, resident)
    clock.now = june(9, 40)
    match way:
        case "removed":
            assert (await client.delete(f"/api/v1/plans/{plan['id']}")).status_code == 204
        case "off":
            await _change(client, plan, active=False)
        case _:
            person = (await client.get(f"/api/v1/residents/{resident}")).json()
            await client.put(f"/api/v1/residents/{resident}", json={**person, "status": "moved"})
    assert await _windows(conn) == []
    [check] = (await client.get("/api/v1/checks")).json()["items"]
    assert (check["state"], check["skipped"], check["plan_name"]) == ("skipped", "withdrawn", "早安")
    assert shown(check["closes_at"]) == "10 09:30"


async def test_what_was_missed_stays_missed_when_the_plan_is_removed(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    plan = await enter_plan(client, await enter_resident(client))
    clock.now = june(9, 45)
    await client.delete(f"/api/v1/plans/{plan['id']}")
    assert await _windows(conn) == _days(10, 10)
    [check] = (await client.get("/api/v1/checks")).json()["items"]
    assert check["state"] == "overdue"


async def test_a_grace_that_a_manager_set_moves_when_a_check_is_overdue(client_of: Clients, conn: Connection) -> None:
    client = await client_of("admin")
    resident = await enter_resident(client)
    await enter_plan(client, resident)

    async def due() -> str:
        return shown((await client.get("/api/v1/checks")).json()["items"][0]["due_at"])

    assert await due() == "10 09:45"
    for scope, minutes in (("everyone", 20), ("site", 25), ("resident", 29)):
        key = {"everyone": "", "site": "north", "resident": resident}[scope]
        await conn.execute(
            "insert into parameter (scope, key, name, value, resident_slot) values (%s, %s, %s, %s,"
            " (select slot from resident where id = %s))",
            (scope, key, "missed_check.checkin.grace_min", minutes, key),
        )
        assert await due() == f"10 09:{30 + minutes}"


async def test_a_holiday_takes_windows_away_and_gives_them_back(client_of: Clients, conn: Connection) -> None:
    client = await client_of("supervisor")
    resident, far = await enter_resident(client), await enter_resident(client, "south")
    await enter_plan(client, resident, holidays="skip")
    await enter_plan(client, far, {"from": "12:00", "to": "13:00"}, holidays="skip")
    usual = [*_days(10, 11), *_days(10, 11, "12:00", "13:00")]
    assert await _windows(conn) == sorted(usual)
    body = {"site": "north", "name": "端午节", "date": "2025-06-11"}
    holiday = (await client.post("/api/v1/holidays", json=body)).json()
    assert holiday == {**body, "id": holiday["id"], "last_date": "2025-06-11"}
    assert await _windows(conn) == sorted(set(usual) - {("11 08:00", "11 09:30")})
    moved = {**holiday, "date": "2025-06-12", "last_date": "2025-06-13"}
    assert (await client.put(f"/api/v1/holidays/{holiday['id']}", json=moved)).json() == moved
    assert await _windows(conn) == sorted(usual)
    assert (await client.get("/api/v1/holidays?site=north&from=2025-06-13")).json()["items"] == [moved]
    assert (await client.get("/api/v1/holidays?from=2025-06-14")).json()["items"] == []
    await client.put(f"/api/v1/holidays/{holiday['id']}", json=holiday)
    assert (await client.delete(f"/api/v1/holidays/{holiday['id']}")).status_code == 204
    assert await _windows(conn) == sorted(usual)


@pytest.mark.parametrize("wrong", [{"last_date": "2025-06-10"}, {"last_date": "2025-07-12"}, {"date": "June"}])
async def test_a_holiday_that_makes_no_sense_is_refused(client_of: Clients, wrong: dict[str, Any]) -> None:
    client = await client_of("supervisor")
    body = {"site": "north", "name": "端午节", "date": "2025-06-11", **wrong}
    assert (await client.post("/api/v1/holidays", json=body)).status_code == 422


async def test_a_holiday_that_begins_in_the_middle_of_a_window_withdraws_it_for_good(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    await enter_plan(client, await enter_resident(client), holidays="skip")
    clock.now = june(9)
    holiday = (await client.post("/api/v1/holidays", json={"site": "north", "name": "端", "date": "2025-06-10"})).json()
    assert await _windows(conn) == _days(11, 12)
    clock.now = june(9, 10)
    await client.delete(f"/api/v1/holidays/{holiday['id']}")
    assert await _windows(conn) == _days(11, 12), "nobody reminded them, and nobody waits for them"


async def test_another_time_zone_is_followed_at_once(client_of: Clients, conn: Connection, clock: ManualClock) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    await enter_plan(client, resident)
    person = (await client.get(f"/api/v1/residents/{resident}")).json()
    await client.put(f"/api/v1/residents/{resident}", json={**person, "timezone": "Asia/Tokyo"})
    assert await _windows(conn) == _days(10, 11, "07:00", "08:30")
    await conn.execute("update resident set timezone = 'Europe/Berlin'")
    assert await plan_ahead(conn, clock.now) > 0, "the planner follows an import"
    assert await _windows(conn) == _days(10, 11, "14:00", "15:30")


async def test_a_plan_that_cannot_be_read_holds_up_nobody_and_loses_nothing(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    plan = await enter_plan(client, await enter_resident(client))
    await enter_plan(client, await enter_resident(client), {"from": "12:00", "to": "13:00"})
    await conn.execute('update care_plan set windows = \'[{"from": "noon"}]\' where id = %s', (plan["id"],))
    assert await plan_ahead(conn, clock.now + DAY_MS) == 1
    assert await _windows(conn) == sorted([*_days(10, 11), *_days(10, 12, "12:00", "13:00")])


async def test_whoever_is_removed_takes_their_promises_with_them(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("manager")
    resident = await enter_resident(client)
    plan = await enter_plan(client, resident)
    clock.now = june(9)
    await client.post(f"/api/v1/residents/{resident}/seen", json={"how": "visit"})
    assert (await client.delete(f"/api/v1/residents/{resident}")).status_code == 204
    assert (await client.get(f"/api/v1/plans/{plan['id']}")).status_code == 404
    for table in ("care_plan", "check_window", "check_outcome", "sighting", "sighting_note"):
        assert await (await conn.execute(f"select from {table}")).fetchall() == []


async def test_a_site_goes_with_its_holidays(client_of: Clients) -> None:
    client = await client_of("admin")
    await client.post("/api/v1/holidays", json={"site": "south", "name": "端", "date": "2025-06-10"})
    assert (await client.delete("/api/v1/sites/south")).status_code == 204
    assert (await client.get("/api/v1/holidays")).json()["items"] == []


async def test_an_early_press_keeps_a_window_whatever_becomes_of_its_plan(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    resident = await enter_resident(client)
    plan = await enter_plan(client, resident)
    row = await (await conn.execute("select slot from resident where id = %s", (resident,))).fetchone()
    assert row is not None
    clock.now = june(7, 30)
    await keep_windows(conn, [Kept(row[0], june(9, 30), clock.now, "button")])
    await _change(client, plan, windows=[{"from": "08:00", "to": "10:00"}])
    assert await _windows(conn) == [*_days(10, 10), *_days(11, 11, closes="10:00")]
    assert await plan_ahead(conn, clock.now + MINUTE_MS) == 0
    assert await plan_ahead(conn, clock.now + DAY_MS) == 1
