"""A site in maintenance before a real gateway: it falls silent without a sound, through a restart, until it is over."""

from __future__ import annotations

from functools import partial

from alerts.hearing import settle
from devices.clock import HOUR_MS, SystemClock
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import connect, pool
from gateway.store.holds import PostgresHoldStore
from gateway.store.maintenance import Wanted, end, hold
from gateway.store.registry import change_parameters
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms
QUICK = {"missed_check.silent.interval_s": 1.0, "missed_check.silent.grace_s": 0.0}
"""A band that says nothing for two seconds is silent."""


def report(band: Client) -> None:
    for device in ("b0", "b1", "b2"):
        band.publish(f"anxin/v1/s1/{device}/heartbeat", encoded(t=NOW(), battery_pct=80))


def applied(conninfo: str, band: Client, version: int) -> bool:
    report(band)
    found = one(conninfo, "select max(registry_version) from batch")
    return found is not None and found >= version


def alarms(conninfo: str) -> list[tuple[str, str]]:
    return rows(conninfo, "select rule, state from alarm order by rule")


async def heard(conninfo: str) -> int:
    async with pool(conninfo, application="anxin test", size=2) as connections:
        return await settle(PostgresHoldStore(connections), PostgresAlarmStore(connections), NOW())


async def test_a_silent_site_in_maintenance_is_quiet_through_a_restart_and_heard_when_it_is_over(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    async with await connect(conninfo, application="anxin test") as connection:
        await change_parameters(connection, "chen", "everyone", "", QUICK, related=[], check=lambda _: None)
        wanted = Wanted(site="s1", reason="换网关", from_ms=NOW(), until_ms=NOW() + HOUR_MS)
        await hold(connection, "chen", wanted, NOW())
    version = one(conninfo, "select version from registry_version")
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            await eventually(partial(applied, conninfo, band, version), "the gateway has learnt of it")
            await eventually(lambda: alarms(conninfo), "the site is silent")
            band.publish("anxin/v1/s1/b0/sos", encoded(t=NOW(), seq=1))
            await eventually(lambda: len(alarms(conninfo)) == 2, "a press")
        before = alarms(conninfo)
        assert before == [("sos.button", "open"), ("system.site_silent", "suppressed")]
        async with running_gateway(conninfo, mosquitto):
            assert alarms(conninfo) == before
            assert await heard(conninfo) == 0
            async with await connect(conninfo, application="anxin test") as connection:
                await end(connection, "mei", "s1", None, NOW())
            assert await heard(conninfo) == 1
            assert ("system.site_silent", "open") in alarms(conninfo)
    (timeline,) = one(conninfo, "select jsonb_agg(object -> 'timeline') from alarm where rule = 'system.site_silent'")
    assert [entry["event"] for entry in timeline][:2] == ["suppressed", "opened"]
