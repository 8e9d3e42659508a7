"""Test mode of a device over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from devices.clock import ManualClock
from gateway.store.connection import Connection
from gateway.store.queries import counters
from gateway.store.registry import add_device, add_resident, revoke_device
from gateway.store.registry_log import changes_since
from gateway.store.registry_records import DeviceFields, Resident, ResidentFields
from tests.support.console import NOW, Clients, Desk

URL = "/api/v1/devices/band-1/test"
MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
async def wearer(conn: Connection) -> Resident:
    resident = await add_resident(conn, "test", ResidentFields(site="north", name="李奶奶"))
    fields = DeviceFields(site="north", type="band", resident=resident.id)
    await add_device(conn, "test", "band-1", fields, password_hash=None, now=NOW)
    return resident


async def test_a_drill_lasts_as_long_as_was_asked_and_the_gateway_learns_of_it(
    client_of: Clients, conn: Connection
) -> None:
    client = await client_of("duty", (), "mei")
    begun = await client.post(URL, json={"minutes": 3})
    assert begun.status_code == 200
    assert begun.json() == {"device": "band-1", "test_from": NOW, "test_until": NOW + 3 * MINUTE_MS}
    assert (await client.get(URL)).json() == begun.json()
    change = (await changes_since(conn, 0))[-1]
    assert change.record is not None
    assert (change.entity, change.key) == ("device", "band-1")
    assert (change.record.test_from_ms, change.record.test_until_ms) == (NOW, NOW + 3 * MINUTE_MS)  # type: ignore[union-attr]
    cursor = await conn.execute("select actor from registry_change order by version desc limit 1")
    assert await cursor.fetchone() == ("mei",)


async def test_it_ends_when_told_to_or_by_itself(client_of: Clients, clock: ManualClock) -> None:
    client = await client_of()
    over = {"device": "band-1", "test_from": None, "test_until": None}
    await client.post(URL, json={"minutes": 10})
    assert (await client.delete(URL)).status_code == 204
    assert (await client.get(URL)).json() == over
    await client.post(URL)
    clock.now += 10 * MINUTE_MS
    assert (await client.get(URL)).json() == over


@pytest.mark.parametrize("minutes", [0, 11, -1, 2.5, "soon", 10**9])
async def test_ten_minutes_are_the_most(client_of: Clients, minutes: Any) -> None:
    client = await client_of()
    assert (await client.post(URL, json={"minutes": minutes})).status_code == 422
    assert (await client.get(URL)).json()["test_until"] is None


async def test_who_waits_for_real_help_is_not_tried_out(client_of: Clients, desk: Desk, wearer: Resident) -> None:
    client = await client_of()
    alarm = await desk.raise_alarm(resident=wearer.id, rule="fall.reported")
    refused = await client.post(URL)
    assert refused.status_code == 409
    assert "help" in refused.json()["detail"]
    assert (await client.get(URL)).json()["test_until"] is None
    await client.post(f"/api/v1/alarms/{alarm.id}/cancel")
    assert (await client.post(URL)).status_code == 200


async def test_a_device_out_of_service_or_of_another_site_is_not_tried_out(
    client_of: Clients, conn: Connection
) -> None:
    assert (await (await client_of("auditor")).post(URL)).status_code == 403
    south = await client_of("duty", ("south",))
    assert (await south.post(URL)).status_code == 404
    assert (await south.delete(URL)).status_code == 404
    await revoke_device(conn, "test", "band-1", now=NOW)
    assert (await (await client_of()).post(URL)).status_code == 409


async def test_a_drill_is_listed_handled_and_told_to_nobody(
    client_of: Clients, desk: Desk, conn: Connection, wearer: Resident
) -> None:
    client = await client_of()
    real = await desk.raise_alarm(resident=wearer.id, rule="wandering.zone_exit")
    drill = await desk.raise_alarm(resident=wearer.id, drill=True)

    async def listed(**params: Any) -> list[str]:
        return [each["id"] for each in (await client.get("/api/v1/alarms", params=params)).json()["items"]]

    assert set(await listed(state="active")) == {str(real.id), str(drill.id)}
    assert await listed(drill=True) == [str(drill.id)]
    assert await listed(drill=False) == [str(real.id)]
    url = f"/api/v1/alarms/{drill.id}"
    told = await client.post(f"{url}/notify")
    assert (told.status_code, told.json()["reason"]) == (409, "desk_only")
    for event, body in [("acknowledge", {}), ("resolve", {}), ("close", {"outcome": "test"})]:
        answer = await client.post(f"{url}/{event}", json=body)
        assert (answer.status_code, answer.json()["drill"]) == (200, True)
    cursor = await conn.execute("select (select count(*) from message), (select count(*) from escalation_step)")
    assert await cursor.fetchone() == (0, 0)


async def test_drills_are_no_figures(client_of: Clients, desk: Desk, conn: Connection, anonymous: AsyncClient) -> None:
    async def figures() -> tuple[int, int, list[str]]:
        counted = await counters(conn)
        metrics = (await anonymous.get("/metrics")).text
        actions = [line for line in metrics.splitlines() if "alarm_actions_total{" in line]
        return counted.alarms, counted.active_alarms, sorted(actions)

    client = await client_of()
    await client.post(f"/api/v1/alarms/{(await desk.raise_alarm()).id}/acknowledge")
    before = await figures()
    assert before[:2] == (1, 1)
    await client.post(f"/api/v1/alarms/{(await desk.raise_alarm(drill=True)).id}/acknowledge")
    assert await figures() == before
    await client.post(f"/api/v1/alarms/{(await desk.raise_alarm()).id}/acknowledge")
    assert await figures() != before
