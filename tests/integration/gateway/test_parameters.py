"""Parameters that are set while the gateway runs: who they concern, and what the alarm says of them."""

from __future__ import annotations

from functools import partial
from typing import Final

import pytest

from devices.clock import SystemClock
from devices.registry import Scope
from gateway.store.connection import connect
from gateway.store.registry import change_parameters
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms
STORED: Final = "select count(*) from heartbeat where battery_pct = 3"


@pytest.fixture(autouse=True)
def community(conninfo: str) -> None:
    seed_community(conninfo)


async def set_in(conninfo: str, scope: Scope, key: str, **percent: float | None) -> int:
    """Set when a battery is low, and recovered; returns the version of the registry."""
    values = {f"device.battery_low.{name}": value for name, value in percent.items()}
    async with await connect(conninfo, application="anxin test", autocommit=True) as connection:
        await change_parameters(connection, "chen", scope, key, values, related=[], check=lambda _: None)
    version: int = one(conninfo, "select version from registry_version")
    return version


def alarms(conninfo: str) -> list[tuple[str, str, int]]:
    """(device, state, version of the parameters), by device."""
    return rows(
        conninfo,
        "select object ->> 'device', state, (object ->> 'parameters_version')::int from alarm order by 1, raised_at",
    )


def applied(conninfo: str, band: Client, version: int) -> bool:
    """Whether a batch was committed that stands on this version of the registry."""
    band.publish("anxin/v1/s1/b2/heartbeat", encoded(t=NOW(), battery_pct=100))
    found = one(conninfo, "select max(registry_version) from batch")
    return found is not None and found >= version


def report(band: Client, percent: float) -> None:
    """Two bands report the same battery."""
    for device in ("b0", "b1"):
        band.publish(f"anxin/v1/s1/{device}/heartbeat", encoded(t=NOW(), battery_pct=percent))


async def test_a_residents_own_limit_concerns_that_resident_alone_and_the_alarm_names_its_version(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            version = await set_in(conninfo, "resident", "r0", low_pct=50.0, recovered_pct=60.0)
            await eventually(partial(applied, conninfo, band, version), "the gateway has learnt of it")
            report(band, 40)
            await eventually(lambda: alarms(conninfo), "the alarm")
            report(band, 14)
            await eventually(lambda: len(alarms(conninfo)) == 2, "the alarm of the other band")
    assert alarms(conninfo) == [("b0", "open", version), ("b1", "open", 0)]


async def test_taking_a_setting_back_lets_the_layer_below_count_without_a_restart(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            for_all = await set_in(conninfo, "everyone", "", low_pct=30.0, recovered_pct=35.0)
            await set_in(conninfo, "site", "s1", low_pct=5.0)
            version = await set_in(conninfo, "site", "s1", low_pct=None)
            await eventually(partial(applied, conninfo, band, version), "the gateway has learnt of it")
            report(band, 28)
            await eventually(lambda: len(alarms(conninfo)) == 2, "the alarms of both")
    assert alarms(conninfo) == [("b0", "open", for_all), ("b1", "open", for_all)]


async def test_a_rule_that_is_switched_off_for_a_site_raises_nothing_there(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            await set_in(conninfo, "site", "s1", enabled=0.0)
            version = await set_in(conninfo, "resident", "r1", enabled=1.0)
            await eventually(partial(applied, conninfo, band, version), "the gateway has learnt of it")
            report(band, 3)
            await eventually(lambda: one(conninfo, STORED) == 2, "both reports are stored")
    assert alarms(conninfo) == [("b1", "open", version)]
