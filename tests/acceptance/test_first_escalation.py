"""From a press to the all-clear: the desk, the family's messages, the alarm feed."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from anxin.embedded.broker import Credentials
from devices.clock import SystemClock
from tests.support.brokers import connected
from tests.support.gateway import encoded, eventually
from tests.support.house import PATIENCE_S, House
from tests.support.outbox import fall_due, finished_messages

pytestmark = pytest.mark.timeout(300)

NOW = SystemClock().now_ms


async def active_alarm(client: httpx.AsyncClient, site: str) -> dict[str, Any] | None:
    """The site's only active alarm, as the console sees it."""
    answer = await client.get("/api/v1/alarms", params={"state": "active", "site": site})
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return items[0] if items else None


async def act(client: httpx.AsyncClient, alarm: str, event: str, **body: Any) -> dict[str, Any]:
    """Do something with an alarm."""
    answer = await client.post(f"/api/v1/alarms/{alarm}/{event}", json=body)
    assert answer.status_code == 200, answer.text
    acted: dict[str, Any] = answer.json()
    return acted


async def test_a_press_reaches_the_desk_then_the_family_and_both_hear_its_end(house: House) -> None:
    centre = await house.register("escalation", 1)
    ((device, resident),) = centre.residents.items()
    phone = centre.people[0].contacts[0].phone
    async with house.client() as client:
        account = (await client.post(f"/api/v1/devices/{device}/credentials")).raise_for_status().json()
        own = Credentials(account["username"], account["password"])
        await eventually(lambda: house.gets_in(own), "the band signs in with its own account", PATIENCE_S)
        with connected(house, house.site_account(centre.site)) as feed, connected(house, own, "band") as band:
            feed.subscribe(f"anxin/v1/{centre.site}/alarms")
            band.subscribe(f"anxin/v1/{centre.site}/{device}/receipt")
            t = NOW()
            band.publish(f"anxin/v1/{centre.site}/{device}/sos", encoded(t=t, seq=1))
            receipt = msgspec.json.decode(band.receive()[1])
            alarm = await active_alarm(client, centre.site)
            assert alarm is not None
            assert (receipt["t"], receipt["seq"], receipt["alarm"]) == (t, 1, alarm["id"])
            assert (alarm["resident"], alarm["rule"], alarm["state"]) == (resident, "sos.button", "open")

            fall_due(house, alarm["id"])
            told = ("alarm", phone, "not_sent", "no_account")
            assert await finished_messages(house, alarm["id"], 1) == [told]

            await act(client, alarm["id"], "acknowledge")
            await act(client, alarm["id"], "resolve")
            cleared = ("all_clear", phone, "not_sent", "no_account")
            assert await finished_messages(house, alarm["id"], 2) == [told, cleared]
            last = await act(client, alarm["id"], "close", outcome="true_alarm", result="helped_on_site")
            assert await active_alarm(client, centre.site) is None

            shown = [msgspec.json.decode(feed.receive()[1]) for _ in range(last["version"])]
    assert [change["version"] for change in shown] == list(range(1, last["version"] + 1))
    assert [change["state"] for change in shown] == ["open", "open", "acknowledged", "resolved", "closed"]
    stored = house.rows("select object from alarm_change where alarm = %s order by n", alarm["id"])
    assert shown == [change for (change,) in stored]
    assert shown[-1] == last
    assert feed.arrivals.empty()


async def test_an_alarm_that_is_taken_in_time_is_told_to_nobody(house: House) -> None:
    centre = await house.register("taken", 1)
    (device,) = centre.residents
    async with house.client() as client:
        with connected(house, house.site_account(centre.site)) as band:
            band.subscribe(f"anxin/v1/{centre.site}/{device}/receipt")
            band.publish(f"anxin/v1/{centre.site}/{device}/sos", encoded(t=NOW(), seq=1))
            alarm = msgspec.json.decode(band.receive()[1])["alarm"]
        await act(client, alarm, "acknowledge")
        steps = "select distinct state from escalation_step where alarm = %s and step = 'tell'"
        assert house.rows(steps, alarm) == [("withdrawn",)]
        await act(client, alarm, "resolve")
    # Whatever the dispatcher has to do is in its tables when the change is committed.
    assert house.rows("select id from message where alarm = %s", alarm) == []
