"""Maintenance and repairs over HTTP, and what becomes of alarms under them, over a real database."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from alerts.alarm import Alarm
from alerts.desk import absorb
from alerts.hearing import settle
from dashboards.deps import Deps
from devices.clock import ManualClock
from gateway.store.connection import Connection
from gateway.store.holds import PostgresHoldStore
from gateway.store.registry import add_device, add_resident
from gateway.store.registry_records import DeviceFields, Resident, ResidentFields
from tests.support.alarms import an_episode
from tests.support.console import NOW, Clients

SITE = "/api/v1/sites/north/maintenance"
BAND = "/api/v1/devices/band-1/repair"
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


@pytest.fixture(autouse=True)
async def wearer(conn: Connection) -> Resident:
    resident = await add_resident(conn, "test", ResidentFields(site="north", name="李奶奶"))
    fields = DeviceFields(site="north", type="band", resident=resident.id)
    await add_device(conn, "test", "band-1", fields, password_hash=None, now=NOW)
    return resident


async def take_in(deps: Deps, rule: str, **fields: Any) -> Alarm:
    t = deps.clock.now_ms()
    subject = {"device": "band-1", "system": "north"}.get(rule.partition(".")[0], fields.get("resident", "r1"))
    episode = an_episode(rule, t, **{"subject": subject, "severity": "low", **fields})
    async with deps.alarm_store.transaction() as tx:
        (alarm,) = (await absorb(tx, [episode], t)).by_episode
    assert alarm is not None
    return alarm


async def heard(deps: Deps) -> int:
    return await settle(PostgresHoldStore(deps.pool), deps.alarm_store, deps.clock.now_ms())


async def states(client: AsyncClient, state: str) -> list[tuple[str, str]]:
    answer = await client.get("/api/v1/alarms", params={"state": state})
    return [(item["rule"], item["state"]) for item in answer.json()["items"]]


async def test_a_maintenance_keeps_quiet_until_it_ends_by_itself(
    client_of: Clients, deps: Deps, clock: ManualClock
) -> None:
    client = await client_of("supervisor", (), "chen")
    until = NOW + 30 * MINUTE_MS
    begun = await client.post(SITE, json={"reason": "换路由器", "until": until})
    assert begun.status_code == 200
    assert begun.json() == begun.json() | {"from": NOW, "until": until, "by": "chen", "site": "north", "device": None}
    assert (await take_in(deps, "system.site_silent", severity="high")).state == "suppressed"
    assert (await take_in(deps, "sos.button", severity="critical")).state == "open"
    assert await states(client, "suppressed") == [("system.site_silent", "suppressed")]
    assert await states(client, "all") == [("sos.button", "open")]
    listed = (await client.get("/api/v1/maintenance")).json()["items"]
    assert [(each["site"], each["quiet"]) for each in listed] == [("north", 1)]
    assert await heard(deps) == 0
    clock.now = until
    assert await heard(deps) == 1
    assert await states(client, "suppressed") == []
    assert ("system.site_silent", "open") in await states(client, "active")
    (past,) = (await client.get(SITE)).json()["items"]
    assert (past["ended_at"], past["ended_by"]) == (until, None)
    assert (await client.get("/api/v1/maintenance")).json()["items"] == []


async def test_what_a_repair_explains_is_heard_when_the_device_is_given_back(
    client_of: Clients, deps: Deps, wearer: Resident
) -> None:
    client = await client_of("duty", (), "mei")
    assert (await client.post(BAND, json={"reason": "表带断了"})).status_code == 200
    person = {"resident": wearer.id, "subject": wearer.id}
    assert (await take_in(deps, "device.fault")).state == "suppressed"
    assert (await take_in(deps, "missed_check.silent", **person)).state == "suppressed"
    assert (await take_in(deps, "missed_check.checkin", **person)).state == "open"
    assert (await take_in(deps, "fall.device", severity="critical", **person)).state == "open"
    assert (await client.delete(BAND)).status_code == 204
    assert (await client.delete(BAND)).status_code == 204
    assert await heard(deps) == 2
    assert await heard(deps) == 0
    assert await states(client, "suppressed") == []
    (past,) = (await client.get(BAND)).json()["items"]
    assert (past["by"], past["ended_by"], past["reason"]) == ("mei", "mei", "表带断了")


async def test_somebody_who_wears_another_band_as_well_is_missed(
    client_of: Clients, deps: Deps, conn: Connection, wearer: Resident
) -> None:
    fields = DeviceFields(site="north", type="pendant", resident=wearer.id)
    await add_device(conn, "test", "pendant-1", fields, password_hash=None, now=NOW)
    client = await client_of()
    await client.post(BAND, json={"reason": "表带断了"})
    silence = await take_in(deps, "missed_check.silent", resident=wearer.id, subject=wearer.id)
    assert silence.state == "open"


async def test_words_and_end_of_a_maintenance_can_be_changed_and_nothing_sounds_between(
    client_of: Clients, deps: Deps, clock: ManualClock
) -> None:
    client = await client_of("manager", (), "lin")
    await client.post(SITE, json={"reason": "换路由器"})
    clock.now += MINUTE_MS
    silence = await take_in(deps, "missed_check.silent")
    clock.now += MINUTE_MS
    longer = await client.post(SITE, json={"reason": "还要等零件", "until": clock.now + 20 * HOUR_MS})
    assert longer.json()["from"] == NOW
    assert await heard(deps) == 0
    again = (await client.get(f"/api/v1/alarms/{silence.id}")).json()
    assert (again["state"], again["suppression"]["reason"]) == ("suppressed", "还要等零件")
    assert [each["reason"] for each in (await client.get(SITE)).json()["items"]] == ["还要等零件", "换路由器"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": " "},
        {"reason": "x" * 201},
        {"reason": "x", "until": NOW},
        {"reason": "x", "until": NOW + 24 * HOUR_MS + 1},
        {"reason": "x", "from": NOW + 31 * 24 * HOUR_MS},
        {"reason": "x", "until": None, "from": "soon"},
    ],
)
async def test_a_maintenance_without_reason_or_end_in_a_day_is_refused(client_of: Clients, body: Any) -> None:
    client = await client_of("supervisor")
    assert (await client.post(SITE, json=body)).status_code == 422


async def test_a_planned_maintenance_counts_when_its_time_has_come(
    client_of: Clients, deps: Deps, clock: ManualClock
) -> None:
    client = await client_of("supervisor")
    await client.post(SITE, json={"reason": "夜里换设备", "from": NOW + HOUR_MS})
    assert (await take_in(deps, "device.fault")).state == "open"
    clock.now += HOUR_MS
    assert (await take_in(deps, "system.site_silent")).state == "suppressed"


@pytest.mark.parametrize(
    ("role", "method", "url", "status"),
    [
        ("duty", "POST", SITE, 403),
        ("auditor", "POST", SITE, 403),
        ("responder", "POST", BAND, 403),
        ("auditor", "DELETE", SITE, 403),
        ("duty", "DELETE", SITE, 204),
        ("supervisor", "POST", SITE, 200),
        ("duty", "POST", BAND, 200),
        ("auditor", "GET", SITE, 200),
    ],
)
async def test_who_may(client_of: Clients, role: Any, method: str, url: str, status: int) -> None:
    client = await client_of(role)
    body = {"reason": "检修"} if method == "POST" else None
    assert (await client.request(method, url, json=body)).status_code == status


async def test_other_sites_are_not_there(client_of: Clients) -> None:
    client = await client_of("supervisor", ("south",))
    assert (await client.post(SITE, json={"reason": "检修"})).status_code == 404
    assert (await client.post(BAND, json={"reason": "检修"})).status_code == 404
    assert (await client.get("/api/v1/maintenance")).json()["items"] == []
