"""The desk is handed over in one act: all or nothing, confirmed by whoever comes, and nothing is ever nobody's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dashboards.deps import Deps
from devices.clock import ManualClock
from tests.support.console import NOW, Clients, Desk
from tests.support.records import create


async def _offer(client: httpx.AsyncClient, to: str, site: str = "north") -> dict[str, Any]:
    return await create(client, "handovers", site=site, to=to, note="303 室的钥匙在抽屉里")


async def _alarm(client: httpx.AsyncClient, alarm: object) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/v1/alarms/{alarm}")).json()
    return found


async def _take(client: httpx.AsyncClient, *alarms: object) -> None:
    for alarm in alarms:
        assert (await client.post(f"/api/v1/alarms/{alarm}/acknowledge")).status_code == 200


async def test_confirming_passes_every_open_alarm_of_the_site_in_one_act(client_of: Clients, desk: Desk) -> None:
    li, wang = await client_of("duty", (), "li"), await client_of("duty", (), "wang")
    taken = [await desk.raise_alarm(rule="sos.button") for _ in range(2)]
    resolved, far, of_wang = await desk.raise_alarm(), await desk.raise_alarm("south"), await desk.raise_alarm()
    nobodys = await desk.raise_alarm()
    await _take(li, *(each.id for each in taken), resolved.id, far.id)
    await _take(wang, of_wang.id)
    await li.post(f"/api/v1/alarms/{taken[1].id}/dispatch", json={"responder": "赵"})
    await li.post(f"/api/v1/alarms/{resolved.id}/resolve")
    offer = await _offer(li, "wang")
    assert [each["id"] for each in offer["untaken"]] == [str(nobodys.id)]
    assert {(await _alarm(li, each.id))["assignee"] for each in taken} == {"li"}, "until it is confirmed, all stays"

    done = (await wang.post(f"/api/v1/handovers/{offer['id']}/confirm")).json()
    assert {each["id"] for each in done["passed"]} == {str(each.id) for each in taken}
    assert sorted(done["alarms"]) == sorted(str(each.id) for each in taken)
    assert [each["id"] for each in done["untaken"]] == [str(nobodys.id)]
    for each, state in zip(taken, ("acknowledged", "dispatched"), strict=True):
        now = await _alarm(wang, each.id)
        assert (now["assignee"], now["state"]) == ("wang", state)
        last = now["timeline"][-1]
        assert (last["event"], last["actor"], last["to"]) == ("assign", "wang", "wang")
    assert (await _alarm(li, far.id))["assignee"] == "li"
    assert (await _alarm(li, nobodys.id))["assignee"] is None

    again = await wang.post(f"/api/v1/handovers/{offer['id']}/confirm")
    assert (again.status_code, again.json()["passed"]) == (200, [])


async def test_either_every_alarm_is_passed_or_none(client_of: Clients, desk: Desk, deps: Deps) -> None:
    li, wang = await client_of("duty", (), "li"), await client_of("duty", (), "wang")
    alarms = sorted([(await desk.raise_alarm(rule=rule)).id for rule in ("sos.button", "fall.device")])
    await _take(li, *alarms)
    offer = await _offer(li, "wang")
    async with deps.pool.connection() as other, other.transaction():
        await other.execute("select from alarm where id = %s for update", (alarms[-1],))
        answer = await wang.post(f"/api/v1/handovers/{offer['id']}/confirm")
    assert answer.status_code == 503, "somebody else was changing one of them"
    assert {(await _alarm(li, each))["assignee"] for each in alarms} == {"li"}
    assert (await li.get(f"/api/v1/handovers/{offer['id']}")).json()["confirmed_at"] is None
    await wang.post(f"/api/v1/handovers/{offer['id']}/confirm")
    assert {(await _alarm(li, each))["assignee"] for each in alarms} == {"wang"}


async def test_what_is_taken_between_offer_and_confirmation_is_passed_too(client_of: Clients, desk: Desk) -> None:
    li, wang = await client_of("duty", (), "li"), await client_of("duty", (), "wang")
    offer = await _offer(li, "wang")
    alarm = await desk.raise_alarm()
    await _take(li, alarm.id)
    await wang.post(f"/api/v1/handovers/{offer['id']}/confirm")
    assert (await _alarm(wang, alarm.id))["assignee"] == "wang"


async def test_only_whoever_comes_may_confirm(client_of: Clients, desk: Desk) -> None:
    li, chief = await client_of("duty", (), "li"), await client_of("manager")
    await client_of("duty", (), "wang")
    alarm = await desk.raise_alarm()
    await _take(li, alarm.id)
    offer = await _offer(li, "wang")
    for client in (li, chief):
        assert (await client.post(f"/api/v1/handovers/{offer['id']}/confirm")).status_code == 403
    assert (await chief.post(f"/api/v1/handovers/{offer['id']}/withdraw")).status_code == 403
    assert (await _alarm(li, alarm.id))["assignee"] == "li"


@pytest.mark.parametrize("who", ["li", "wang"])
async def test_either_of_the_two_can_end_an_offer_and_then_it_cannot_be_confirmed(
    client_of: Clients, desk: Desk, who: str
) -> None:
    two = {name: await client_of("duty", (), name) for name in ("li", "wang")}
    alarm = await desk.raise_alarm()
    await _take(two["li"], alarm.id)
    offer = await _offer(two["li"], "wang")
    assert (await two["li"].post("/api/v1/handovers", json={"site": "north", "to": "wang"})).status_code == 409
    assert (await two[who].post(f"/api/v1/handovers/{offer['id']}/withdraw")).json()["withdrawn_at"] == NOW
    assert (await two["wang"].post(f"/api/v1/handovers/{offer['id']}/confirm")).status_code == 409
    assert (await _alarm(two["li"], alarm.id))["assignee"] == "li"
    await _offer(two["li"], "wang")


async def test_what_was_confirmed_cannot_be_withdrawn(client_of: Clients) -> None:
    li, wang = await client_of("duty", (), "li"), await client_of("duty", (), "wang")
    offer = await _offer(li, "wang")
    await wang.post(f"/api/v1/handovers/{offer['id']}/confirm")
    assert (await li.post(f"/api/v1/handovers/{offer['id']}/withdraw")).status_code == 409


async def test_the_desk_is_offered_only_to_somebody_else_who_may_act_there(client_of: Clients) -> None:
    li = await client_of("duty", (), "li")
    await client_of("duty", ("south",), "far")
    await client_of("auditor", (), "watcher")
    for to, status in (("li", 409), ("far", 409), ("watcher", 409), ("nobody", 422)):
        answer = await li.post("/api/v1/handovers", json={"site": "north", "to": to})
        assert answer.status_code == status, (to, answer.text)
    watcher = await client_of("auditor")
    assert (await watcher.post("/api/v1/handovers", json={"site": "north", "to": "li"})).status_code == 403


async def test_hand_overs_are_listed_newest_first_and_not_there_for_another_site(
    client_of: Clients, clock: ManualClock
) -> None:
    li, wang, south = (
        await client_of("duty", (), "li"), await client_of("duty", (), "wang"), await client_of("duty", ("south",)),
    )  # fmt: skip
    first = await _offer(li, "wang")
    await wang.post(f"/api/v1/handovers/{first['id']}/confirm")
    clock.now += 1
    second = await _offer(wang, "li")

    async def listed(client: httpx.AsyncClient, **query: Any) -> list[str]:
        return [each["id"] for each in (await client.get("/api/v1/handovers", params=query)).json()["items"]]

    assert await listed(li) == [second["id"], first["id"]]
    assert await listed(li, open=True) == [second["id"]]
    assert await listed(south) == []
    assert (await south.get(f"/api/v1/handovers/{first['id']}")).status_code == 404
    assert (await south.post(f"/api/v1/handovers/{first['id']}/confirm")).status_code == 404
