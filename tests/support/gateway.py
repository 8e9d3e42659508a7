"""A real gateway for tests: inside the test's own loop, or as a process that may be killed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from gateway.emergency import Emergency
from gateway.health import Health
from gateway.run import Gateway
from gateway.session import BrokerAddress
from tests.support.brokers import RunningBroker

PATIENCE_S = 90.0
"""No law hangs on it; with two workers on a busy machine much is slower than alone."""


def address_of(broker: RunningBroker) -> BrokerAddress:
    """Where and as whom the gateway signs in."""
    return BrokerAddress(broker.host, broker.port, broker.gateway.username, broker.gateway.password)


@asynccontextmanager
async def running_gateway(
    conninfo: str, broker: RunningBroker, *, emergency: Emergency | None = None
) -> AsyncIterator[Health]:
    """Run a gateway until the block ends; it is ready when the block begins."""
    health = Health()
    gateway = Gateway(conninfo=conninfo, address=address_of(broker), health=health, emergency=emergency)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(gateway.run(), name="gateway under test")
        async with asyncio.timeout(PATIENCE_S):
            await health.until_ready()
        yield health
        gateway.stop()


async def eventually(condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Wait until ``condition()`` is true and return it; fails after a generous while, naming ``what``."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        answer = await asyncio.to_thread(condition)
        if answer:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError(f"did not happen within {patience_s:.0f} s: {what}")


def encoded(**fields: Any) -> bytes:
    """A JSON payload."""
    return msgspec.json.encode(fields)
