"""Design rules 1 and 2, seen from outside: a backlog loses nothing and never stands before a cry for help."""

from __future__ import annotations

from devices.clock import SystemClock
from simulator.fleet import Fleet
from simulator.link import BrokerAddress
from simulator.load import Target
from tests.support.brokers import RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms
QUEUED = 50_000


async def _publish_many(mosquitto: RunningBroker, count: int) -> None:
    """Positions of the three bands in turn, all of them acknowledged."""
    account = mosquitto.site("s1")
    address = BrokerAddress(
        host=mosquitto.host, port=mosquitto.port, username=account.username, password=account.password
    )
    bands = [Target("s1", f"b{i}") for i in range(3)]
    async with Fleet(address, bands, clock=SystemClock(), connections=1, heartbeats_of_ten=0) as load:
        await load.send(count, per_s=25_000)
        await load.drain(within_s=120)


async def test_50000_messages_queued_for_a_stalled_gateway_are_all_stored_and_a_press_goes_before_them(
    conninfo: str, mosquitto: RunningBroker
) -> None:
    seed_community(conninfo)
    async with running_gateway(conninfo, mosquitto):
        pass  # the sessions exist from now on; the gateway is away
    await _publish_many(mosquitto, QUEUED)
    with connected(mosquitto, mosquitto.site("s1")) as band:
        band.publish("anxin/v1/s1/b0/sos", encoded(t=NOW(), seq=1))
        async with running_gateway(conninfo, mosquitto):
            await eventually(lambda: one(conninfo, "select count(*) from position") == QUEUED, "all stored", 120)
    assert rows(conninfo, "select count(distinct (device, seq)) from position") == [(QUEUED,)]
    # At most one batch of the other session can have been under way: its bound is the Receive Maximum.
    before = one(conninfo, "select count(*) from position where pos < (select pos from sos)")
    assert before <= 4096
