"""The duty roster: nobody is there twice at once, a stand-in counts instead, a week is copied by local clocks."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from devices.clock import DAY_MS, HOUR_MS
from gateway.store.connection import Connection
from gateway.store.registry import save_site
from gateway.store.registry_records import Site
from gateway.store.roster import on_duty
from tests.support.console import NOW, Clients
from tests.support.records import create, items, put


async def _staff(admin: httpx.AsyncClient, *names: str, site: str = "north", role: str = "duty") -> None:
    for name in names:
        await create(
            admin, "staff", username=name, display_name=f"{name}的名字", role=role, sites=[site], phone="13800138000"
        )


async def _shift(client: httpx.AsyncClient, account: str, start: int, end: int, **more: Any) -> dict[str, Any]:
    return await create(client, "shifts", site="north", account=account, **{"from": start, "to": end}, **more)


async def _serving(conn: Connection, at: int) -> list[tuple[str, str]]:
    return [(each.username, each.role) for each in await on_duty(conn, "north", at)]


async def test_a_shift_comes_back_as_entered_and_counts_from_its_first_moment_to_its_last(
    client_of: Clients, conn: Connection
) -> None:
    admin, supervisor = await client_of("admin"), await client_of("supervisor", ("north",))
    await _staff(admin, "li", "wang")
    made = await _shift(supervisor, "li", NOW, NOW + HOUR_MS, note="带钥匙")
    assert made == {
        "id": made["id"], "site": "north", "account": "li", "role": "duty", "from": NOW, "to": NOW + HOUR_MS,
        "stand_in": None, "note": "带钥匙",
    }  # fmt: skip
    for at, there in (
        (NOW - 1, []),
        (NOW, [("li", "duty")]),
        (NOW + HOUR_MS - 1, [("li", "duty")]),
        (NOW + HOUR_MS, []),
    ):
        assert await _serving(conn, at) == there, at
    await put(supervisor, "shifts", made, role="supervisor")
    answer = await supervisor.get("/api/v1/sites/north/on-duty")
    (there,) = answer.json()["items"]
    assert (there["username"], there["display_name"], there["phone"], there["role"]) == (
        "li", "li的名字", "13800138000", "supervisor",
    )  # fmt: skip
    history = (await supervisor.get(f"/api/v1/shifts/{made['id']}/history")).json()["items"]
    assert (history[0]["changed"], history[0]["record"]["account"]) == (["role"], "li")
    assert (await supervisor.delete(f"/api/v1/shifts/{made['id']}")).status_code == 204
    assert await _serving(conn, NOW) == []


async def test_a_listing_holds_the_shifts_that_touch_the_time_asked_for(client_of: Clients) -> None:
    admin = await client_of("admin")
    await _staff(admin, "li")
    made = [await _shift(admin, "li", NOW + i * HOUR_MS, NOW + (i + 1) * HOUR_MS) for i in range(4)]
    found = await items(admin, "shifts", site="north", **{"from": NOW + HOUR_MS, "to": NOW + 3 * HOUR_MS})
    assert sorted(each["from"] for each in found) == [each["from"] for each in made[1:3]]


async def test_nobody_is_on_duty_twice_at_once_at_one_site(client_of: Clients) -> None:
    admin = await client_of("admin")
    await _staff(admin, "li", "wang")
    first = await _shift(admin, "li", NOW, NOW + 8 * HOUR_MS)
    body = {"site": "north", "account": "li", "from": NOW + 7 * HOUR_MS, "to": NOW + 9 * HOUR_MS}
    refused = await admin.post("/api/v1/shifts", json=body)
    assert refused.status_code == 409
    assert refused.json()["detail"].startswith("li的名字 is on duty here already"), "as pages call them"
    assert (await admin.post("/api/v1/shifts", json={**body, "account": "wang", "stand_in": "li"})).status_code == 409
    await _shift(admin, "li", NOW + 8 * HOUR_MS, NOW + 9 * HOUR_MS)
    await put(admin, "shifts", first, note="the same shift is no other one")


async def test_two_who_swap_are_both_there_once(client_of: Clients, conn: Connection) -> None:
    admin = await client_of("admin")
    await _staff(admin, "li", "wang")
    early = await _shift(admin, "li", NOW, NOW + HOUR_MS)
    late = await _shift(admin, "wang", NOW + HOUR_MS, NOW + 2 * HOUR_MS)
    await put(admin, "shifts", early, stand_in="wang")
    assert await _serving(conn, NOW) == [("wang", "duty")]
    await put(admin, "shifts", late, stand_in="li")
    assert await _serving(conn, NOW + HOUR_MS) == [("li", "duty")]


async def test_who_may_no_longer_sign_in_or_see_the_site_is_not_on_duty(client_of: Clients, conn: Connection) -> None:
    admin = await client_of("admin")
    await _staff(admin, "li", "wang")
    for name in ("li", "wang"):
        await _shift(admin, name, NOW, NOW + HOUR_MS)
    (li,) = [each for each in await items(admin, "staff") if each["username"] == "li"]
    (wang,) = [each for each in await items(admin, "staff") if each["username"] == "wang"]
    await put(admin, "staff", li, disabled=True)
    assert await _serving(conn, NOW) == [("wang", "duty")]
    await put(admin, "staff", wang, sites=["south"])
    assert await _serving(conn, NOW) == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"account": "nobody"}, 422),
        ({"stand_in": "nobody"}, 422),
        ({"account": "far"}, 409),
        ({"account": "watcher"}, 409),
        ({"stand_in": "li"}, 409),
        ({"to": NOW}, 422),
        ({"to": NOW + 4 * DAY_MS}, 409),
        ({"role": "cook"}, 422),
    ],
)
async def test_what_cannot_be_a_shift_is_refused(client_of: Clients, changes: dict[str, Any], status: int) -> None:
    admin = await client_of("admin")
    await _staff(admin, "li")
    await _staff(admin, "far", site="south")
    await _staff(admin, "watcher", role="auditor")
    body = {"site": "north", "account": "li", "from": NOW, "to": NOW + HOUR_MS, **changes}
    answer = await admin.post("/api/v1/shifts", json=body)
    assert answer.status_code == status, answer.text
    assert await items(admin, "shifts") == []


async def test_the_roster_is_kept_by_those_who_manage_and_is_not_there_for_another_site(client_of: Clients) -> None:
    admin, south, duty = await client_of("admin"), await client_of("manager", ("south",)), await client_of("duty")
    await _staff(admin, "li")
    made = await _shift(admin, "li", NOW, NOW + HOUR_MS)
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/history")):
        answer = await south.request(method, f"/api/v1/shifts/{made['id']}{path}", json=made)
        assert answer.status_code == 404, (method, path)
    assert (await south.get("/api/v1/sites/north/on-duty")).status_code == 404
    assert (await duty.get(f"/api/v1/shifts/{made['id']}")).status_code == 200
    assert (await duty.put(f"/api/v1/shifts/{made['id']}", json=made)).status_code == 403
    copy = {"site": "north", "week": "2025-06-09", "into": "2025-06-16"}
    assert (await south.post("/api/v1/shifts/copy", json=copy)).status_code == 404
    assert (await duty.post("/api/v1/shifts/copy", json=copy)).status_code == 403


async def test_a_week_copied_over_the_change_of_clocks_keeps_its_local_times(
    client_of: Clients, conn: Connection
) -> None:
    await save_site(conn, "test", Site(id="west", name="西社区", timezone="Europe/Berlin"), create=True)
    admin = await client_of("admin")
    await _staff(admin, "li", "wang", site="west")
    berlin = ZoneInfo("Europe/Berlin")

    def at(text: str) -> int:
        return round(datetime.fromisoformat(text).replace(tzinfo=berlin).timestamp() * 1000)

    night = {"from": at("2025-03-22T22:00"), "to": at("2025-03-23T06:00")}
    await create(admin, "shifts", site="west", account="li", stand_in="wang", note="仅此一次", **night)
    await create(
        admin, "shifts", site="west", account="li", **{"from": at("2025-03-24T00:00"), "to": at("2025-03-24T06:00")}
    )
    copy = {"site": "west", "week": "2025-03-17", "into": "2025-03-24"}
    copied = (await admin.post("/api/v1/shifts/copy", json=copy)).json()
    (made,) = copied["items"]
    assert (made["from"], made["to"]) == (at("2025-03-29T22:00"), at("2025-03-30T06:00"))
    assert made["to"] - made["from"] == 7 * HOUR_MS
    assert (made["account"], made["stand_in"], made["note"]) == ("li", None, None)
    assert copied["skipped"] == []
    again = (await admin.post("/api/v1/shifts/copy", json=copy)).json()
    assert again["items"] == []
    assert [(each["account"], each["from"], each["code"]) for each in again["skipped"]] == [
        ("li", made["from"], "shift.on_duty_already")
    ]
    assert again["skipped"][0]["message"].startswith("li的名字 从 2025-")


async def test_a_site_goes_with_its_roster_and_its_policies(client_of: Clients) -> None:
    admin = await client_of("admin")
    await create(admin, "sites", id="east", name="东社区")
    for name in ("li", "wang"):
        await create(admin, "staff", username=name, role="duty")
    await create(admin, "shifts", site="east", account="li", **{"from": NOW, "to": NOW + HOUR_MS})
    await create(admin, "policies", site="east", name="夜里", steps=[])
    await create(admin, "handovers", site="east", to="wang")
    assert (await admin.delete("/api/v1/sites/east")).status_code == 204
    assert await items(admin, "shifts", site="east") == []
