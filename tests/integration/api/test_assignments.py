"""Assignments over HTTP: who had which device, entered also afterwards, never two at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from devices.clock import ManualClock
from gateway.store.connection import Connection
from tests.support.console import NOW, Clients
from tests.support.records import create, device, items, put, resident

HOUR = 3_600_000


async def test_an_assignment_comes_back_as_it_was_entered_and_is_found_by_whom_and_when(client_of: Clients) -> None:
    client = await client_of("manager")
    li, wang = await resident(client), await resident(client, "王爷爷")
    await device(client)
    first = await create(
        client, "assignments", device="band-1", resident=li["id"], **{"from": NOW - 5 * HOUR, "to": NOW - 3 * HOUR}
    )
    second = await create(client, "assignments", device="band-1", resident=wang["id"], **{"from": NOW - HOUR})
    assert first == {
        "id": first["id"],
        "device": "band-1",
        "site": "north",
        "resident": li["id"],
        "household": None,
        "from": NOW - 5 * HOUR,
        "to": NOW - 3 * HOUR,
    }
    assert second["to"] is None
    assert await items(client, "assignments", resident=li["id"]) == [first]
    assert {each["id"] for each in await items(client, "assignments", device="band-1")} == {first["id"], second["id"]}
    at = {when: [each["id"] for each in await items(client, "assignments", at=when)] for when in (
        NOW - 5 * HOUR - 1, NOW - 5 * HOUR, NOW - 3 * HOUR, NOW)}  # fmt: skip
    assert at == {
        NOW - 5 * HOUR - 1: [],
        NOW - 5 * HOUR: [first["id"]],
        NOW - 3 * HOUR: [],
        NOW: [second["id"]],
    }
    assert (await client.get("/api/v1/devices/band-1")).json()["resident"] == wang["id"]
    assert (await client.get("/api/v1/assignments", params={"at": "yesterday"})).status_code == 422


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [(-6, -5, 201), (-3, -2, 201), (-6, -4, 409), (-4, None, 409), (-5, -3, 409), (-9, None, 409), (-3, None, 201)],
)
async def test_two_never_have_one_device_at_once(client_of: Clients, start: int, end: int | None, status: int) -> None:
    client = await client_of("manager")
    li, wang = await resident(client), await resident(client, "王爷爷")
    await device(client)
    times = {"from": NOW - 5 * HOUR, "to": NOW - 3 * HOUR}
    await create(client, "assignments", device="band-1", resident=li["id"], **times)
    body = {
        "device": "band-1",
        "resident": wang["id"],
        "from": NOW + start * HOUR,
        "to": None if end is None else NOW + end * HOUR,
    }
    response = await client.post("/api/v1/assignments", json=body)
    assert response.status_code == status, response.text
    if status == 409:
        assert "李奶奶 has the device" in response.json()["detail"]


async def test_two_desks_that_assign_one_device_at_the_same_moment_do_not_both_succeed(client_of: Clients) -> None:
    one, other = await client_of("manager"), await client_of("manager")
    li = await resident(one)
    await device(one)
    body = {"device": "band-1", "resident": li["id"], "from": NOW - HOUR, "to": NOW}
    answers = await asyncio.gather(*[c.post("/api/v1/assignments", json=body) for c in (one, other) for _ in range(3)])
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]


async def test_a_corrected_time_moves_the_readings_of_that_time_and_no_others(
    client_of: Clients, conn: Connection
) -> None:
    client = await client_of("manager")
    li, wang = await resident(client), await resident(client, "王爷爷")
    await device(client)
    first = await create(client, "assignments", device="band-1", resident=li["id"], **{"from": NOW - 9000})
    await conn.execute(
        "insert into position (pos, device, t, seq, received, lat, lon)"
        " select i, d.slot, to_timestamp((%s - i * 1000) / 1000.0), i, now(), 31, 121"
        " from device d, generate_series(1, 8) i where d.id = 'band-1'",
        (NOW,),
    )
    await put(client, "assignments", first, to=NOW - 4000)
    await create(client, "assignments", device="band-1", resident=wang["id"], **{"from": NOW - 4000})

    async def times(who: dict[str, Any]) -> list[int]:
        params = {"from": NOW - 20_000, "to": NOW, "simplify": 0}
        answer = await client.get(f"/api/v1/residents/{who['id']}/track", params=params)
        return [each["properties"]["t"] for each in answer.json()["features"][1:]]

    assert await times(li) == [NOW - i * 1000 for i in (8, 7, 6, 5)]
    assert await times(wang) == [NOW - i * 1000 for i in (4, 3, 2, 1)]


async def test_a_time_that_cannot_be_is_refused(client_of: Clients) -> None:
    client = await client_of("manager")
    li = await resident(client)
    await device(client)
    for times in (
        {"from": NOW + 1},
        {"from": NOW - 10, "to": NOW + 1},
        {"from": NOW - 10, "to": NOW - 10},
        {"from": -1},
    ):
        body = {"device": "band-1", "resident": li["id"], **times}
        response = await client.post("/api/v1/assignments", json=body)
        assert (response.status_code, response.json()["type"]) == (422, "urn:anxin:problem:invalid"), times


async def test_an_assignment_needs_one_wearer_of_the_devices_own_site(client_of: Clients) -> None:
    client = await client_of("manager")
    li, far = await resident(client), await resident(client, "赵奶奶", "south")
    home = await create(client, "households", site="north", name="李家")
    await device(client)
    both = {"device": "band-1", "resident": li["id"], "household": home["id"]}
    assert (await client.post("/api/v1/assignments", json=both)).status_code == 422
    assert (await client.post("/api/v1/assignments", json={"device": "band-1"})).status_code == 422
    assert (
        await client.post("/api/v1/assignments", json={"device": "band-1", "resident": far["id"]})
    ).status_code == 409
    assert (await client.post("/api/v1/assignments", json={"device": "x", "resident": li["id"]})).status_code == 422
    box = await create(client, "assignments", device="band-1", household=home["id"])
    assert (box["household"], box["from"]) == (home["id"], NOW)
    changed = {**box, "household": None, "resident": li["id"]}
    assert (await client.put(f"/api/v1/assignments/{box['id']}", json=changed)).status_code == 409


async def test_only_admin_and_manager_remove_what_never_was(client_of: Clients, clock: ManualClock) -> None:
    manager, supervisor = await client_of("manager"), await client_of("supervisor")
    li = await resident(manager)
    await device(manager)
    made = await create(supervisor, "assignments", device="band-1", resident=li["id"])
    url = f"/api/v1/assignments/{made['id']}"
    assert (await supervisor.delete(url)).status_code == 403
    assert (await manager.delete(url)).status_code == 204
    assert (await manager.get(url)).status_code == 404
    assert (await manager.get("/api/v1/devices/band-1")).json()["resident"] is None


async def test_another_site_does_not_see_assignments(client_of: Clients) -> None:
    admin, south = await client_of("admin"), await client_of("manager", ("south",))
    li = await resident(admin)
    await device(admin)
    made = await create(admin, "assignments", device="band-1", resident=li["id"])
    assert await items(south, "assignments") == []
    for method in ("GET", "PUT", "DELETE"):
        answer = await south.request(method, f"/api/v1/assignments/{made['id']}", json=made)
        assert answer.status_code == 404, method
    body = {"device": "band-1", "resident": li["id"]}
    assert (await south.post("/api/v1/assignments", json=body)).status_code == 422


async def test_a_repeated_request_assigns_once(client_of: Clients) -> None:
    client = await client_of("manager")
    li = await resident(client)
    await device(client)
    body, headers = {"device": "band-1", "resident": li["id"]}, {"Idempotency-Key": "k"}
    answers = [await client.post("/api/v1/assignments", json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(await items(client, "assignments")) == 1
