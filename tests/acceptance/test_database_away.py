"""Design rule 14, on a whole system: the database stands still, then dies; nobody's cry waits for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from anxin.embedded.broker import gateway_credentials
from devices.clock import SystemClock
from simulator.twilio_standin import TwilioStandIn
from tests.support.brokers import Client, connected
from tests.support.gateway import encoded, eventually
from tests.support.house import House
from tests.support.outage import stopped
from tests.support.places import free_port, service_folder
from tests.support.system import running_up

pytestmark = pytest.mark.timeout(400)

NOW = SystemClock().now_ms
NUMBERS = ["+8613800000091", "+8613800000092"]
BUILDING = {"building": "3", "unit": "2", "room": "501"}


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as standin:
        yield standin


@pytest.fixture
def own_house(twilio: TwilioStandIn) -> Iterator[tuple[House, int]]:
    """A house that reaches people through the stand-in, and the port of its gateway's health."""
    port = free_port()
    env = {
        "ANXIN_TWILIO__ACCOUNT_SID": twilio.account_sid,
        "ANXIN_TWILIO__AUTH_TOKEN": twilio.auth_token,
        "ANXIN_TWILIO__FROM": "+15005550006",
        "ANXIN_TWILIO__BASE_URL": twilio.base_url,
        "ANXIN_EMERGENCY__NUMBERS": json.dumps(NUMBERS),
        "ANXIN_GATEWAY__METRICS_PORT": str(port),
    }
    with service_folder() as path, running_up(path / "data", env=env) as system, House(system) as house:
        yield house, port


async def _heard(feed: Client, count: int) -> dict[str, dict[str, Any]]:
    """So many announced alarms, by device."""
    alarms = [msgspec.json.decode((await asyncio.to_thread(feed.receive))[1]) for _ in range(count)]
    assert all(alarm.get("provisional") is True for alarm in alarms)
    return {alarm["device"]: alarm for alarm in alarms}


async def _is_ready(port: int) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: gateway\r\n\r\n")
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return b" 200 " in answer


async def test_while_the_database_is_away_cries_are_announced_and_told_and_keep_their_ids_when_it_is_back(
    own_house: tuple[House, int], twilio: TwilioStandIn
) -> None:
    house, health_port = own_house
    centre = await house.register("away", 4)
    first, second, third, _ = centre.residents
    async with house.client() as client:
        resident = (await client.get(f"/api/v1/residents/{centre.residents[first]}")).json()
        resident["address"] = BUILDING
        (await client.put(f"/api/v1/residents/{centre.residents[first]}", json=resident)).raise_for_status()
    assert await _is_ready(health_port)
    account, gateway = house.site_account(centre.site), gateway_credentials(house.folder)
    pid = house.system.pid("postgres")
    with connected(house, account) as band, connected(house, gateway) as feed:
        feed.subscribe(f"anxin/v1/{centre.site}/alarms")
        with stopped(pid):
            for device, kind in ((first, "sos"), (second, "fall")):
                band.publish(f"anxin/v1/{centre.site}/{device}/{kind}", encoded(t=NOW(), seq=1))
            known = await _heard(feed, 2)
            assert not await _is_ready(health_port)
            async with httpx.AsyncClient(timeout=30) as client:
                readiness = await client.get(f"{house.system.console}/readyz")
            assert (readiness.status_code, readiness.json()["database"]) == (503, False)
            band.publish(f"anxin/v1/{centre.site}/{third}/sos", encoded(t=NOW(), seq=1))
            known |= await _heard(feed, 1)
            await eventually(lambda: len(twilio.sent) >= 6, "both numbers are told of all three")
            house.system.kill("postgres")
    await house.back("postgres", other_than=pid)
    count = "select count(*) from alarm where site = %s"
    await eventually(lambda: house.one(count, centre.site) == 3, "the alarms are stored")
    stored = dict(house.rows("select object ->> 'device', id::text from alarm where site = %s", centre.site))
    assert {device: alarm["id"] for device, alarm in known.items()} == stored
    written = "select recipient, state from message where role = 'emergency' order by id"
    await eventually(lambda: len(house.rows(written)) == 6, "what was said is written down")
    assert sorted(house.rows(written)) == sorted([(number, "sent") for number in NUMBERS] * 3)
    assert sorted(message.to for message in twilio.sent) == sorted(NUMBERS * 3)

    async with house.client() as client:
        alarm = known[first]["id"]
        for event, body in (("acknowledge", {}), ("resolve", {"note": "all well"})):
            (await client.post(f"/api/v1/alarms/{alarm}/{event}", json=body)).raise_for_status()
    await eventually(lambda: len(twilio.sent) >= 8, "both numbers hear the end")
    assert sorted(message.to for message in twilio.sent[6:8]) == sorted(NUMBERS)
