"""A dispatcher that stands still cannot say so: another process does, at the desk and by its silence outside."""

from __future__ import annotations

import signal
from collections.abc import Callable

import msgspec
import pytest

from alerts.audit import STEP_OVERDUE_MS
from devices.clock import SystemClock
from tests.support.brokers import connected
from tests.support.gateway import encoded, eventually
from tests.support.house import PATIENCE_S, Centre, House
from tests.support.outbox import fall_due
from tests.support.watchdog import Watchdog

pytestmark = pytest.mark.timeout(300)

OVERDUE = "select object from alarm where site = %s and rule = 'system.step_overdue'"


async def test_a_step_that_a_stopped_dispatcher_lets_pass_sounds_at_the_desk(
    house: House, watchdog: Watchdog, measured: Callable[[str, float], None]
) -> None:
    await eventually(lambda: len(watchdog.asked) > 0, "the watchdog hears that all is well", PATIENCE_S)
    assert set(watchdog.asked) == {"/anxin"}
    centre = await house.register("stopped", 1)
    stopped = house.system.kill("dispatcher", signal.SIGSTOP)
    try:
        cry = _cry(house, centre)
        fall_due(house, cry, ago_ms=STEP_OVERDUE_MS)
        overdue = SystemClock().now_ms()
        await eventually(lambda: house.rows(OVERDUE, centre.site), "the auditor says so", PATIENCE_S)
        ((alarm,),) = house.rows(OVERDUE, centre.site)
        measured("overdue_step_heard_after_s", (alarm["raised_at"] - overdue) / 1000)
        assert (alarm["state"], alarm["severity"], alarm["evidence"]["overdue_steps"]) == ("open", "high", 1)
        async with house.client() as client:
            params = {"state": "active", "site": centre.site}
            shown = (await client.get("/api/v1/alarms", params=params)).json()["items"]
        assert alarm["id"] in {each["id"] for each in shown}
    finally:
        resumed = house.system.kill("dispatcher", signal.SIGCONT)
    assert resumed == stopped, "nobody started another one"
    told = "select count(*) from message where alarm = %s and finished_at is not null"
    await eventually(lambda: house.one(told, cry) > 0, "the step is carried out after all", PATIENCE_S)
    recovered = f"{OVERDUE} and object ->> 'recovered_at' is not null"
    await eventually(lambda: house.rows(recovered, centre.site), "the auditor says that it is over", PATIENCE_S)
    ((last,),) = house.rows(recovered, centre.site)
    assert last["state"] == "open", "somebody looks after those who were told late"


def _cry(house: House, centre: Centre) -> str:
    """Press SOS; returns the alarm that the receipt names."""
    (device,) = centre.residents
    with connected(house, house.site_account(centre.site)) as band:
        band.subscribe(f"anxin/v1/{centre.site}/+/receipt")
        band.publish(f"anxin/v1/{centre.site}/{device}/sos", encoded(t=SystemClock().now_ms(), seq=1))
        alarm: str = msgspec.json.decode(band.receive()[1])["alarm"]
    return alarm
