"""The background of a benchmark: positions and heartbeats at a steady rate, from a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Final, Self

import msgspec

from devices.clock import SystemClock
from simulator.fleet import Fleet
from simulator.link import BrokerAddress
from simulator.load import Target

_VARIABLE: Final = "ANXIN_BENCH_LOAD"
_FOREVER: Final = 1 << 60


class _Order(msgspec.Struct, frozen=True):
    host: str
    port: int
    username: str | None
    password: str | None
    site: str
    bands: Sequence[str]
    per_s: int


class Load:
    """Runs while its block does; rate 0 runs nothing."""

    def __init__(self, broker: BrokerAddress, site: str, bands: Sequence[str], per_s: int) -> None:
        self._order = _Order(broker.host, broker.port, broker.username, broker.password, site, bands, per_s)
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        if self._order.per_s:
            environment = {**os.environ, _VARIABLE: msgspec.json.encode(self._order).decode()}
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bench.background", env=environment
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            await self._process.wait()


async def _run(order: _Order) -> None:
    broker = BrokerAddress(order.host, order.port, username=order.username, password=order.password)
    targets = [Target(order.site, band) for band in order.bands]
    async with Fleet(broker, targets, clock=SystemClock(), name="bench-background") as fleet:
        await fleet.send(_FOREVER, per_s=order.per_s)


if __name__ == "__main__":
    asyncio.run(_run(msgspec.json.decode(os.environ[_VARIABLE], type=_Order)))
