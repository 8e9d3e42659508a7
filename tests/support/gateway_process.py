"""A gateway as a process of its own that leaves a snapshot after each batch: to be killed at any moment.

``python -m tests.support.gateway_process CONNINFO HOST PORT USERNAME PASSWORD`` prints ``ready`` when it takes
readings.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from gateway import snapshots
from gateway.health import Health
from gateway.run import Gateway
from gateway.session import BrokerAddress
from tests.support.brokers import RunningBroker

PATIENCE_S: Final = 100.0
_ROOT: Final = Path(__file__).parents[2]


@asynccontextmanager
async def gateway_process(conninfo: str, broker: RunningBroker) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run one; it is ready when the block begins, and killed when it ends."""
    account = broker.gateway
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __spec__.name, conninfo, broker.host, str(broker.port), account.username,
        account.password, cwd=_ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while (line := await process.stdout.readline()) != b"ready\n":
                assert line, "the gateway ended before it was ready"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _run(conninfo: str, host: str, port: str, username: str, password: str) -> None:
    snapshots.EVERY_MS = 0  # type: ignore[misc]
    health = Health()
    gateway = Gateway(conninfo=conninfo, address=BrokerAddress(host, int(port), username, password), health=health)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(gateway.run(), name="gateway")
        await health.until_ready()
        sys.stdout.write("ready\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:]))
