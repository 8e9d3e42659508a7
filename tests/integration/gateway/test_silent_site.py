"""A site that falls silent before a real gateway: one alarm of the site, which ends when the site is heard again."""

from __future__ import annotations

from functools import partial

from devices.clock import SystemClock
from gateway.store.connection import connect
from gateway.store.registry import change_parameters
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms
QUICK = {"missed_check.silent.interval_s": 1.0, "missed_check.silent.grace_s": 0.0}
"""A band that says nothing for two seconds is silent."""


async def hurry(conninfo: str) -> int:
    async with await connect(conninfo, application="anxin test", autocommit=True) as connection:
        await change_parameters(connection, "chen", "everyone", "", QUICK, related=[], check=lambda _: None)
    version: int = one(conninfo, "select version from registry_version")
    return version


def report(band: Client, *devices: str) -> None:
    for device in devices:
        band.publish(f"anxin/v1/s1/{device}/heartbeat", encoded(t=NOW(), battery_pct=80))


def alarms(conninfo: str) -> list[tuple[str, str, str, str | None]]:
    return rows(
        conninfo, "select rule, subject, state, object ->> 'resident' from alarm where state <> 'resolved' order by 1"
    )


def applied(conninfo: str, band: Client, version: int) -> bool:
    report(band, "b0", "b1", "b2")
    found = one(conninfo, "select max(registry_version) from batch")
    return found is not None and found >= version


def missed(conninfo: str, band: Client) -> bool:
    """Whether the third is missed while the other two go on reporting."""
    report(band, "b0", "b1")
    return ("missed_check.silent", "r2", "open", "r2") in alarms(conninfo)


async def test_a_silent_site_is_one_alarm_and_who_is_not_back_with_the_others_another(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            version = await hurry(conninfo)
            await eventually(partial(applied, conninfo, band, version), "the gateway has learnt of it")
            await eventually(lambda: alarms(conninfo), "the alarm of the site")
            assert alarms(conninfo) == [("system.site_silent", "s1", "open", None)]
            await eventually(partial(missed, conninfo, band), "the one who is not back is missed")
    ended = rows(conninfo, "select object -> 'timeline' from alarm where rule = 'system.site_silent'")
    assert [[entry["event"] for entry in timeline] for (timeline,) in ended] == [["opened", "recovered", "resolve"]]
