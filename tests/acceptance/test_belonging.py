"""Households, second devices, handovers and deaths, end to end: whose a reading is, and who hears of it."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import httpx
import msgspec
import pytest

from devices.clock import SystemClock
from tests.support.brokers import Client, connected
from tests.support.gateway import encoded, eventually
from tests.support.house import PATIENCE_S, Centre, House

pytestmark = pytest.mark.timeout(300)

NOW = SystemClock().now_ms
FAR_DEG = 0.05
"""Some 5 km north of home."""
_GRACE = "missed_check.silent.grace_s"


async def entered(client: httpx.AsyncClient, what: str, **fields: Any) -> str:
    """The id of a new record."""
    answer = await client.post(f"/api/v1/{what}", json=fields)
    assert answer.status_code == 201, answer.text
    key: str = answer.json()["id"]
    return key


async def alarms_of(client: httpx.AsyncClient, site: str, rule: str) -> list[dict[str, Any]]:
    """The site's alarms of one rule, as the console's user sees them, whatever became of them."""
    answer = await client.get("/api/v1/alarms", params={"state": "all", "site": site})
    return [alarm for alarm in answer.raise_for_status().json()["items"] if alarm["rule"] == rule]


def stored(house: House, device: str, kind: str, t: int) -> bool:
    query = (
        f"select count(*) from {kind} x join device d on d.slot = x.device"
        " where d.id = %s and x.t = to_timestamp(%s::numeric / 1000)"
    )
    return bool(house.one(query, device, t))


class Worn:
    """The devices of one site, over one connection, as they report."""

    def __init__(self, house: House, site: str, client: Client) -> None:
        self.house = house
        self.site = site
        self.client = client

    async def heard(self, device: str, **beat: Any) -> int:
        """Send a heartbeat until one is stored: before, the device may be unknown yet. Returns its time, ms."""
        while True:
            t = NOW()
            self.client.publish(f"anxin/v1/{self.site}/{device}/heartbeat", encoded(t=t, **beat))
            for _ in range(20):
                if await asyncio.to_thread(stored, self.house, device, "heartbeat", t):
                    return t
                await asyncio.sleep(0.1)

    async def fix(self, device: str, t: int, lat: float, lon: float) -> None:
        """Send a fix; returns when it is stored."""
        topic = f"anxin/v1/{self.site}/{device}/position"
        self.client.publish(topic, encoded(t=t, lat=lat, lon=lon, accuracy_m=5))
        await eventually(lambda: stored(self.house, device, "position", t), "a fix is stored", PATIENCE_S)

    async def cry(self, api: httpx.AsyncClient, device: str, t: int, seq: int) -> dict[str, Any]:
        """Press the button; returns the alarm that the receipt names."""
        with connected(self.house, self.house.site_account(self.site)) as ear:
            ear.subscribe(f"anxin/v1/{self.site}/{device}/receipt")
            self.client.publish(f"anxin/v1/{self.site}/{device}/sos", encoded(t=t, seq=seq))
            receipt = msgspec.json.decode(ear.receive()[1])
        answer = await api.get(f"/api/v1/alarms/{receipt['alarm']}")
        alarm: dict[str, Any] = answer.raise_for_status().json()
        return alarm


async def track(api: httpx.AsyncClient, resident: str) -> list[float]:
    """The latitudes of a resident's fixes, by time."""
    params = {"from": 0, "to": NOW() + 60_000, "simplify": 0}
    answer = (await api.get(f"/api/v1/residents/{resident}/track", params=params)).raise_for_status().json()
    fixes = [feature for feature in answer["features"] if feature["geometry"]["type"] == "Point"]
    return [feature["geometry"]["coordinates"][1] for feature in fixes]


async def without_grace(api: httpx.AsyncClient, site: str) -> None:
    """Let silence at a site count after two intervals: whose it is does not depend on how long it is waited for."""
    told = await api.put("/api/v1/parameters", json={"scope": "site", "key": site, "values": {_GRACE: 0}})
    assert told.status_code == 200, told.text


async def has_opened(house: House, api: httpx.AsyncClient, site: str, rule: str) -> list[dict[str, Any]]:
    """The alarms of a rule once there are any."""
    count = "select count(*) from alarm where site = %s and rule = %s"
    await eventually(lambda: house.one(count, site, rule), f"{rule} opens", PATIENCE_S)
    return await alarms_of(api, site, rule)


async def test_a_couples_box_calls_for_both(house: House) -> None:
    centre = await house.register("couple", 2)
    async with house.client() as api:
        household = await entered(api, "households", site=centre.site, name="Couple")
        for key in centre.residents.values():
            record = (await api.get(f"/api/v1/residents/{key}")).raise_for_status().json()
            kept = {name: record[name] for name in ("site", "name", "home", "timezone", "phone", "address")}
            await api.put(f"/api/v1/residents/{key}", json={**kept, "household": household})
        await entered(api, "devices", site=centre.site, device="couple-box", type="box", household=household)
        with connected(house, house.site_account(centre.site)) as client:
            worn = Worn(house, centre.site, client)
            await worn.heard("couple-box", interval_s=1)
            alarm = await worn.cry(api, "couple-box", NOW(), 1)
            assert (alarm["resident"], alarm["household"], alarm["severity"]) == (None, household, "critical")
            page = (await api.get(f"/alarms/{alarm['id']}", headers={"Cookie": f"anxin_session={house.token}"})).text
            assert all(person.name in page for person in centre.people)
            await without_grace(api, centre.site)
            (silent,) = await has_opened(house, api, centre.site, "device.fault")
    assert (silent["subject"], silent["household"], silent["severity"]) == ("couple-box", household, "low")


async def test_one_silent_device_is_a_fault_and_all_silent_are_a_missed_check(house: House) -> None:
    centre = await house.register("second", 1)
    ((band, resident),) = centre.residents.items()
    async with house.client() as api:
        await entered(api, "devices", site=centre.site, device="second-watch", type="watch", resident=resident)
        with connected(house, house.site_account(centre.site)) as client:
            worn = Worn(house, centre.site, client)
            await worn.heard("second-watch", interval_s=300)
            await worn.heard(band, interval_s=1)
            await without_grace(api, centre.site)
            (fault,) = await has_opened(house, api, centre.site, "device.fault")
            assert (fault["subject"], fault["resident"], fault["severity"]) == (band, resident, "low")
            assert await alarms_of(api, centre.site, "missed_check.silent") == []

            await worn.heard(band, interval_s=1)
            fault = (await api.get(f"/api/v1/alarms/{fault['id']}")).raise_for_status().json()
            await worn.heard("second-watch", interval_s=1)
            assert (fault["state"], fault["timeline"][-1]["event"]) == ("resolved", "resolve")
            (missed,) = await has_opened(house, api, centre.site, "missed_check.silent")
    assert (missed["resident"], missed["subject"]) == (resident, resident)


async def test_a_band_handed_on_keeps_what_it_did_with_the_earlier_wearer(house: House) -> None:
    centre = await house.register("handover", 2)
    (band, first), (_, second) = centre.residents.items()
    home = centre.people[0].home
    async with house.client() as api:
        with connected(house, house.site_account(centre.site)) as client:
            worn = Worn(house, centre.site, client)
            before = NOW()
            await worn.fix(band, before, home["lat"], home["lon"])
            (old,) = (await api.get("/api/v1/assignments", params={"device": band})).json()["items"]
            handover = NOW()
            ended = {"device": band, "resident": first, "from": old["from"], "to": handover}
            assert (await api.put(f"/api/v1/assignments/{old['id']}", json=ended)).status_code == 200
            await entered(api, "assignments", device=band, resident=second, **{"from": handover})
            await house.strike("gateway")
            await worn.fix(band, NOW(), home["lat"] + FAR_DEG, home["lon"])

            late = await worn.cry(api, band, before + 1, 1)
            fresh = await worn.cry(api, band, NOW(), 2)
            assert (late["resident"], fresh["resident"]) == (first, second)
            assert await track(api, first) == [pytest.approx(home["lat"])]
            assert await track(api, second) == [pytest.approx(home["lat"] + FAR_DEG)]

            # It turns out that the second one has had it from before the first fix.
            moved = {**ended, "to": before - 1}
            assert (await api.put(f"/api/v1/assignments/{old['id']}", json=moved)).status_code == 200
            items = (await api.get("/api/v1/assignments", params={"device": band, "resident": second})).json()["items"]
            longer = {"device": band, "resident": second, "from": before - 1}
            assert (await api.put(f"/api/v1/assignments/{items[0]['id']}", json=longer)).status_code == 200
            assert await track(api, first) == []
            assert len(await track(api, second)) == 2
            assert {alarm["id"]: alarm["resident"] for alarm in await alarms_of(api, centre.site, "sos.button")} == {
                late["id"]: first, fresh["id"]: second,
            }  # fmt: skip


async def _dies(api: httpx.AsyncClient, resident: str) -> None:
    record = (await api.get(f"/api/v1/residents/{resident}")).raise_for_status().json()
    kept = {name: record[name] for name in ("site", "name", "home", "timezone", "phone", "address")}
    answer = await api.put(f"/api/v1/residents/{resident}", json={**kept, "status": "deceased"})
    assert answer.status_code == 200, answer.text


async def test_nobody_is_told_of_somebody_who_has_died(house: House) -> None:
    centre: Centre = await house.register("deceased", 2)
    (band, dead), (other_band, alive) = centre.residents.items()
    async with house.client() as api:
        with connected(house, house.site_account(centre.site)) as client:
            worn = Worn(house, centre.site, client)
            alarm = await worn.cry(api, band, NOW(), 1)
            await worn.heard(band, interval_s=1)
            dispatcher = house.system.kill("dispatcher", signal.SIGSTOP)
            try:
                told = await api.post(f"/api/v1/alarms/{alarm['id']}/notify", json={})
                assert told.status_code == 200, told.text
                queued = "select state from message where alarm = %s"
                assert house.rows(queued, alarm["id"]) == [("queued",)]
                await _dies(api, dead)
                assert house.rows(queued, alarm["id"]) == [("withdrawn",)]
            finally:
                house.system.kill("dispatcher", signal.SIGCONT)
            assert house.system.pid("dispatcher") == dispatcher

            await worn.heard(other_band, interval_s=1)
            await without_grace(api, centre.site)
            (missed,) = await has_opened(house, api, centre.site, "missed_check.silent")
            assert missed["resident"] == alive

            again = await worn.cry(api, band, NOW(), 2)
            assert (again["state"], again["resident"], again["severity"]) == ("open", None, "high")
    private = "select step from escalation_step where alarm = %s and who in ('family', 'neighbours')"
    assert house.rows(private, again["id"]) == []
    assert house.rows("select id from message where alarm = %s", again["id"]) == []
