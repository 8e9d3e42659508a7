"""The map of everybody with an open alarm: who is on it, what is new of them, and what a desk of other sites sees."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from alerts.alarm import Place
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from gateway.store.connection import Connection
from gateway.store.on_map import TRACK_MS
from tests.support.console import NOW, Clients, Desk
from tests.support.records import HOME, create, device, resident

_POS = iter(range(1_000, 1_000_000))


@pytest.fixture
async def manager(client_of: Clients) -> httpx.AsyncClient:
    return await client_of("manager")


@pytest.fixture
async def li(manager: httpx.AsyncClient, conn: Connection) -> dict[str, Any]:
    person = await resident(manager)
    await device(manager, "band", resident=person["id"])
    await conn.execute("update assignment set from_ms = 0")
    return person


async def seen(conn: Connection, t: int, north_m: float = 0.0, accuracy_m: float = 10.0, band: str = "band") -> None:
    await conn.execute(
        "insert into position (pos, device, t, seq, received, lat, lon, accuracy_m, source) select %s, slot,"
        " to_timestamp(%s / 1000.0), -1, now(), %s, %s, %s, 0 from device where id = %s",
        (next(_POS), t, HOME["lat"] + north_m / 111_195, HOME["lon"], accuracy_m, band),
    )


async def on_map(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/map", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_somebody_with_an_open_alarm_is_on_the_map_with_their_way(
    manager: httpx.AsyncClient, conn: Connection, desk: Desk, li: dict[str, Any]
) -> None:
    await create(manager, "fences", resident=li["id"], name="小区", circle={**HOME, "radius_m": 300})
    await desk.raise_alarm(resident=li["id"], rule="wandering.zone_exit", severity="high")
    for minute in (3, 2, 1):
        await seen(conn, NOW - minute * MINUTE_MS, 300 - 60 * minute)
    await seen(conn, NOW - 1000, 900, accuracy_m=800)
    (item,) = (await on_map(manager))["items"]
    assert item["key"] == f"residents/{li['id']}"
    assert item["home"] == HOME
    assert [zone["name"] for zone in item["zones"]] == ["小区"]
    assert [fix["sure"] for fix in item["track"]] == [True, True, True, False]
    assert item["certain"]["t"] == NOW - MINUTE_MS
    assert item["last"]["t"] == NOW - 1000


async def test_who_is_well_or_over_it_is_not_on_the_map(
    manager: httpx.AsyncClient, conn: Connection, desk: Desk, li: dict[str, Any]
) -> None:
    await seen(conn, NOW)
    assert (await on_map(manager))["items"] == []
    alarm = await desk.raise_alarm(resident=li["id"])
    assert len((await on_map(manager))["items"]) == 1
    await manager.post(f"/api/v1/alarms/{alarm.id}/cancel")
    assert (await on_map(manager))["items"] == []


async def test_a_desk_sees_its_own_sites_alone(
    manager: httpx.AsyncClient, client_of: Clients, desk: Desk, li: dict[str, Any]
) -> None:
    await desk.raise_alarm(resident=li["id"])
    assert (await on_map(await client_of("duty", ("south",))))["items"] == []
    assert len((await on_map(await client_of("duty", ("north",))))["items"]) == 1


async def test_nobody_who_is_not_signed_in_sees_it(manager: httpx.AsyncClient) -> None:
    del manager.headers["Authorization"]
    assert (await manager.get("/api/v1/map")).status_code == 401


async def test_only_what_is_new_is_told_again(
    manager: httpx.AsyncClient, conn: Connection, desk: Desk, li: dict[str, Any]
) -> None:
    other = await resident(manager, "赵爷爷")
    await device(manager, "band-2", resident=other["id"])
    await desk.raise_alarm(resident=li["id"])
    await seen(conn, NOW - MINUTE_MS)
    first = await on_map(manager)
    again = await on_map(manager, after=first["cursor"])
    assert again["items"] == []
    await desk.raise_alarm(resident=other["id"])
    came = await on_map(manager, after=again["cursor"])
    assert [each["key"] for each in came["items"]] == [f"residents/{other['id']}"]
    await seen(conn, NOW, 50)
    moved = await on_map(manager, after=came["cursor"])
    assert [each["key"] for each in moved["items"]] == [f"residents/{li['id']}"]
    assert len(moved["items"][0]["track"]) == 2
    assert (await on_map(manager, after=moved["cursor"]))["items"] == []


async def test_a_late_reading_is_told_once(
    manager: httpx.AsyncClient, conn: Connection, desk: Desk, li: dict[str, Any]
) -> None:
    await desk.raise_alarm(resident=li["id"])
    await seen(conn, NOW)
    first = await on_map(manager)
    await seen(conn, NOW - HOUR_MS, 40)
    late = await on_map(manager, after=first["cursor"])
    assert [fix["t"] for fix in late["items"][0]["track"]] == [NOW - HOUR_MS, NOW]
    assert (await on_map(manager, after=late["cursor"]))["items"] == []


async def test_an_old_position_is_no_way_and_one_of_yesterday_is_none(
    manager: httpx.AsyncClient, conn: Connection, desk: Desk, li: dict[str, Any]
) -> None:
    await desk.raise_alarm(resident=li["id"])
    await seen(conn, NOW - DAY_MS - 1000)
    (item,) = (await on_map(manager))["items"]
    assert item["last"] is None
    assert item["home"] == HOME
    await seen(conn, NOW - TRACK_MS - 1000)
    (item,) = (await on_map(manager))["items"]
    assert item["track"] == []
    assert item["certain"]["t"] == NOW - TRACK_MS - 1000


async def test_a_strangers_cry_is_where_it_was_heard_and_a_centres_own_trouble_nowhere(
    manager: httpx.AsyncClient, conn: Connection, desk: Desk
) -> None:
    stranger = await desk.raise_alarm()
    await at(desk, stranger.id, Place(lat=31.24, lon=121.48, accuracy_m=9, t=NOW - 500))
    await desk.raise_alarm(rule="system.site_silent", severity="high")
    await desk.raise_alarm(rule="device.battery_low", severity="low")
    (item,) = (await on_map(manager))["items"]
    assert item["key"] == f"alarms/{stranger.id}"
    assert (item["certain"]["lat"], item["home"]) == (31.24, None)


async def at(desk: Desk, alarm: UUID, place: Place) -> None:
    async with desk.store.transaction() as tx:
        found = await tx.lock(alarm)
        assert found is not None
        await tx.save(msgspec.structs.replace(found, position=place, version=found.version + 1))


async def test_the_newest_fix_before_the_band_was_theirs_is_not_theirs(
    manager: httpx.AsyncClient, conn: Connection, desk: Desk, li: dict[str, Any]
) -> None:
    await conn.execute("update assignment set from_ms = %s", (NOW - MINUTE_MS,))
    await seen(conn, NOW - 2 * MINUTE_MS)
    await desk.raise_alarm(resident=li["id"])
    assert (await on_map(manager))["items"][0]["last"] is None


@pytest.mark.parametrize("cursor", ["", "5", "a-b", "1-2-3"])
async def test_a_cursor_that_is_none_is_refused(manager: httpx.AsyncClient, cursor: str) -> None:
    assert (await manager.get("/api/v1/map", params={"after": cursor})).status_code == 422
