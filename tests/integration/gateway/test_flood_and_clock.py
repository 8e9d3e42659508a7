"""Design rules 1 and 9, seen from outside: one who floods silences nobody, and the wall clock may be set."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import ExitStack
from functools import partial

import pytest

from devices.clock import HOUR_MS, SystemClock
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import one, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms
AT_ONCE = 500
"""What a flood has under way: the gateway's next batch is there before the last one is committed."""


@pytest.fixture(autouse=True)
def community(conninfo: str) -> None:
    seed_community(conninfo)


def _flood(band: Client, until: threading.Event) -> None:
    seq = 0
    while not until.is_set():
        last = None
        for _ in range(AT_ONCE):
            seq += 1
            last = band.inner.publish("anxin/v1/s1/b1/sos", encoded(t=NOW(), seq=seq), 1)
        assert last is not None
        last.wait_for_publish(20)


def _heard(conninfo: str, count: int) -> bool:
    return bool(one(conninfo, "select count(*) from heartbeat") == count)


async def test_a_flood_of_urgent_readings_does_not_keep_out_the_readings_of_others(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    enough = threading.Event()
    account = mosquitto.site("s1")
    with ExitStack() as stack:
        one_mad, other_mad, band = (stack.enter_context(connected(mosquitto, account)) for _ in range(3))
        async with running_gateway(conninfo, mosquitto):
            floods = [asyncio.to_thread(_flood, client, enough) for client in (one_mad, other_mad)]
            flooding = asyncio.gather(*floods)
            try:
                await eventually(lambda: one(conninfo, "select count(*) from sos") > 2 * AT_ONCE, "the flood runs")
                for count in (1, 2, 3):
                    band.publish("anxin/v1/s1/b0/heartbeat", encoded(t=NOW(), seq=count))
                    await eventually(partial(_heard, conninfo, count), "heard in the flood")
            finally:
                enough.set()
                await flooding


@pytest.mark.parametrize("step_ms", [HOUR_MS, -HOUR_MS])
async def test_a_wall_clock_that_is_set_while_the_gateway_runs_is_adopted(
    conninfo: str, mosquitto: RunningBroker, monkeypatch: pytest.MonkeyPatch, step_ms: int
) -> None:
    true_ns = time.time_ns  # noqa: TID251 - the wall clock itself is what is set here
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b0/position", encoded(t=NOW(), lat=31.2, lon=121.4))
            await eventually(lambda: one(conninfo, "select count(*) from position") == 1, "stored before")
            monkeypatch.setattr("devices.clock.time.time_ns", lambda: true_ns() + step_ms * 1_000_000)
            await asyncio.sleep(1.5)  # a turn of the pipeline comes every second at least
            band.publish("anxin/v1/s1/b1/position", encoded(t=NOW(), lat=31.2, lon=121.4))
            await eventually(lambda: one(conninfo, "select count(*) from position") == 2, "stored after")
    late = "select abs(extract(epoch from received - t)) < 60 from position order by pos desc limit 1"
    assert one(conninfo, late)
    assert one(conninfo, "select count(*) from rejected") == 0
