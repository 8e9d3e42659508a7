"""Design rules 1 and 2, seen from outside: a backlog loses nothing and never stands before a cry for help."""

from __future__ import annotations

from devices.clock import SystemClock
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms
QUEUED = 50_000


def _publish_many(band: Client, count: int) -> None:
    t = NOW()
    last = None
    for i in range(count):
        payload = b'{"t":%d,"seq":%d,"lat":31.2,"lon":121.4}' % (t + i // 100, i)
        last = band.inner.publish(f"anxin/v1/s1/b{i % 3}/position", payload, 1)
    assert last is not None
    last.wait_for_publish(120)


async def test_50000_messages_queued_for_a_stalled_gateway_are_all_stored_and_a_press_goes_before_them(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    async with running_gateway(conninfo, mosquitto):
        pass  # the sessions exist from now on; the gateway is away
    with connected(mosquitto, mosquitto.site("s1")) as band:
        _publish_many(band, QUEUED)
        band.publish("anxin/v1/s1/b0/sos", encoded(t=NOW(), seq=1))
        async with running_gateway(conninfo, mosquitto):
            await eventually(lambda: one(conninfo, "select count(*) from position") == QUEUED, "all stored")
    assert rows(conninfo, "select count(distinct (device, seq)) from position") == [(QUEUED,)]
    # At most one batch of the other session can have been under way: its bound is the Receive Maximum.
    before = one(conninfo, "select count(*) from position where pos < (select pos from sos)")
    assert before <= 4096
