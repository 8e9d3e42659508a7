"""The presses of the latency benchmark all reach the broker, however slow it is."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
from contextlib import suppress
from typing import Final

from anxin.embedded.mosquitto import Mosquitto
from bench.presses import presses
from simulator.link import BrokerAddress
from tests.support.brokers import Client, RunningBroker, connected

PATIENCE_S: Final = 60.0


async def test_presses_that_a_stopped_broker_has_not_read_yet_are_not_lost(mosquitto: RunningBroker) -> None:
    assert isinstance(mosquitto.broker, Mosquitto)
    assert mosquitto.broker.child is not None
    pid = mosquitto.broker.child.pid
    account = mosquitto.site("s1")
    address = BrokerAddress(mosquitto.host, mosquitto.port, account.username, account.password)
    bands = [f"b{number}" for number in range(300)]

    async def press_all() -> None:
        async with presses(address, "s1", bands, per_s=2_000.0, patience_s=PATIENCE_S) as made:
            assert list(made.at) == bands

    with connected(mosquitto, mosquitto.gateway) as gateway:
        gateway.subscribe("anxin/v1/s1/+/sos")
        async with asyncio.TaskGroup() as tasks:
            pressing = tasks.create_task(press_all(), name="presses")
            heard = {(await asyncio.to_thread(gateway.receive))[0]}
            os.kill(pid, signal.SIGSTOP)
            try:
                # Long enough for the last press to be written: whoever does not wait has closed the socket by then.
                await asyncio.wait({pressing}, timeout=1.0)
            finally:
                os.kill(pid, signal.SIGCONT)
        heard |= await asyncio.to_thread(_everything, gateway, len(bands) - 1)
    assert heard == {f"anxin/v1/s1/{band}/sos" for band in bands}


def _everything(client: Client, count: int) -> set[str]:
    """The topics of up to so many messages, fewer when no more come."""
    topics = set()
    with suppress(queue.Empty):
        for _ in range(count):
            topics.add(client.arrivals.get(timeout=5.0)[0])
    return topics
