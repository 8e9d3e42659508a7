"""A device is tried out in a running system: the desk hears it, the family never does, until it is real."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx
import msgspec
import pytest

from devices.clock import SystemClock
from tests.support.brokers import Client, connected
from tests.support.gateway import encoded, eventually
from tests.support.house import PATIENCE_S, House
from tests.support.outbox import fall_due, finished_messages

pytestmark = pytest.mark.timeout(300)

NOW = SystemClock().now_ms


async def the_alarm(client: httpx.AsyncClient, alarm: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get(f"/api/v1/alarms/{alarm}")).raise_for_status().json()
    return answer


async def test_a_drill_reaches_the_desk_alone_and_a_press_after_it_the_family_too(house: House) -> None:
    centre = await house.register("drill", 1)
    ((device, _),) = centre.residents.items()
    phone = centre.people[0].contacts[0].phone
    async with house.client() as client:
        with connected(house, house.site_account(centre.site)) as band:
            taken_in = partial(_applied, house, band, f"anxin/v1/{centre.site}/{centre.probe}/heartbeat")
            (await client.post(f"/api/v1/devices/{device}/test", json={"minutes": 10})).raise_for_status()
            await eventually(taken_in, "the gateway stands on the newest registry", PATIENCE_S)
            band.subscribe(f"anxin/v1/{centre.site}/{device}/receipt")
            band.publish(f"anxin/v1/{centre.site}/{device}/sos", encoded(t=NOW(), seq=1))
            alarm = msgspec.json.decode(band.receive()[1])["alarm"]
            drill = await the_alarm(client, alarm)
            assert (drill["drill"], drill["state"], drill["severity"]) == (True, "open", "critical")
            assert house.rows("select id from escalation_step where alarm = %s", alarm) == []
            refused = await client.post(f"/api/v1/alarms/{alarm}/notify")
            assert (refused.status_code, refused.json()["reason"]) == (409, "desk_only")
            (await client.post(f"/api/v1/alarms/{alarm}/acknowledge")).raise_for_status()

            (await client.delete(f"/api/v1/devices/{device}/test")).raise_for_status()
            await eventually(taken_in, "the gateway stands on the newest registry", PATIENCE_S)
            assert house.rows("select id from message where alarm = %s", alarm) == []
            band.publish(f"anxin/v1/{centre.site}/{device}/sos", encoded(t=NOW(), seq=2))
            assert msgspec.json.decode(band.receive()[1])["alarm"] == alarm
        real = await the_alarm(client, alarm)
        assert (real["drill"], real["state"], real["assignee"]) == (False, "open", None)
        assert [entry["event"] for entry in real["timeline"]] == ["opened", "acknowledge", "real", "again"]
        fall_due(house, alarm)
        assert [message[:2] for message in await finished_messages(house, alarm, 1)] == [("alarm", phone)]


def _applied(house: House, band: Client, topic: str) -> bool:
    """Whether a batch was committed that stands on the registry as it is; a heartbeat makes one."""
    band.publish(topic, encoded(t=NOW(), battery_pct=80))
    newest = house.one("select version from registry_version")
    seen = house.one("select max(registry_version) from batch")
    return seen is not None and bool(seen >= newest)
