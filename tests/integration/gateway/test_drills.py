"""A device in test mode at a running gateway: which of its cries are drills, and that a drill schedules nothing."""

from __future__ import annotations

from functools import partial

import psycopg
import pytest

from devices.clock import SystemClock
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms
MINUTE_MS = 60_000


@pytest.fixture(autouse=True)
def community(conninfo: str) -> None:
    seed_community(conninfo)


def try_out(conninfo: str, device: str, start: int | None, end: int | None) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "update device set test_from_ms = %s, test_until_ms = %s where id = %s", (start, end, device)
        )


def alarms(conninfo: str) -> list[tuple[str, bool, int]]:
    """(device, whether a drill, how many presses), by device."""
    return rows(
        conninfo,
        "select object ->> 'device', (object ->> 'drill')::boolean, (object ->> 'count')::int from alarm order by 1",
    )


def steps(conninfo: str) -> list[str]:
    """The devices for whose alarms somebody would be called."""
    found = rows(
        conninfo,
        "select distinct a.object ->> 'device' from escalation_step s join alarm a on a.id = s.alarm"
        " where s.state = 'pending' order by 1",
    )
    return [device for (device,) in found]


async def test_only_what_happens_and_arrives_in_test_mode_is_a_drill(conninfo: str, mosquitto: RunningBroker) -> None:
    t = NOW()
    for device in ("b0", "b1"):
        try_out(conninfo, device, t - MINUTE_MS, t + 5 * MINUTE_MS)
    presses = [("s1", "b0", t), ("s1", "b1", t - 2 * MINUTE_MS), ("s1", "b2", t)]
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            for site, device, at in presses:
                band.publish(f"anxin/v1/{site}/{device}/sos", encoded(t=at, seq=1))
            await eventually(lambda: len(alarms(conninfo)) == 3, "three alarms")
    assert alarms(conninfo) == [("b0", True, 1), ("b1", False, 1), ("b2", False, 1)]
    assert steps(conninfo) == ["b1", "b2"]


async def test_a_device_in_test_mode_under_a_wrong_site_is_believed(conninfo: str, mosquitto: RunningBroker) -> None:
    t = NOW()
    try_out(conninfo, "b0", t - MINUTE_MS, t + 5 * MINUTE_MS)
    with connected(mosquitto, mosquitto.site("s2")) as stranger:
        async with running_gateway(conninfo, mosquitto):
            stranger.publish("anxin/v1/s2/b0/sos", encoded(t=t, seq=1))
            await eventually(lambda: alarms(conninfo), "the alarm")
    assert alarms(conninfo) == [("b0", False, 1)]


async def test_test_mode_begins_and_ends_while_the_gateway_runs(conninfo: str, mosquitto: RunningBroker) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b1/sos", encoded(t=NOW(), seq=0))
            await eventually(lambda: alarms(conninfo) == [("b1", False, 1)], "a real press")
            try_out(conninfo, "b0", NOW(), NOW() + 5 * MINUTE_MS)
            seen = rows(conninfo, "select version from registry_version")[0][0]
            await eventually(partial(_applied, conninfo, band, seen), "the gateway has learnt of it")
            band.publish("anxin/v1/s1/b0/sos", encoded(t=NOW(), seq=1))
            await eventually(lambda: ("b0", True, 1) in alarms(conninfo), "a drill")
            assert steps(conninfo) == ["b1"]
            try_out(conninfo, "b0", None, None)
            await eventually(partial(_applied, conninfo, band, seen + 1), "the gateway has learnt of its end")
            band.publish("anxin/v1/s1/b0/sos", encoded(t=NOW(), seq=2))
            await eventually(lambda: ("b0", False, 2) in alarms(conninfo), "the same alarm, real now")
    assert steps(conninfo) == ["b0", "b1"]
    events = rows(conninfo, "select object -> 'timeline' from alarm where object ->> 'device' = 'b0'")[0][0]
    assert [entry["event"] for entry in events] == ["opened", "real"]


def _applied(conninfo: str, band: Client, version: int) -> bool:
    """Whether a batch was committed that stands on this version of the registry."""
    band.publish("anxin/v1/s1/b2/heartbeat", encoded(t=NOW(), battery_pct=80))
    found = rows(conninfo, "select max(registry_version) from batch")[0][0]
    return found is not None and found >= version
