"""The load of a benchmark: a community's readings from a process of its own, told how much it may send.

It tells its exact counters ten times a second, so that a benchmark reports the rate that was reached and not
the one that was wished for. A device reports once a turn at most: two readings of one device in the same
millisecond would be an invention of the benchmark.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from subprocess import PIPE
from typing import Final, Self

import msgspec

from devices.clock import SystemClock
from simulator.fleet import TICK_S, Fleet
from simulator.link import BrokerAddress
from simulator.load import Target

UNBOUND: Final = 1 << 60
_VARIABLE: Final = "ANXIN_BENCH_LOAD"
_TELL_EVERY_S: Final = 0.1
_CONNECTIONS: Final = 2


class Mixture(msgspec.Struct, frozen=True, kw_only=True):
    """What a community sends: half heartbeats, half positions, and every so many readings something else."""

    vitals_every: int | None = 50
    motion_every: int | None = 997
    sos_every: int | None = 9_973


class Told(msgspec.Struct, frozen=True):
    """The counters of a load: readings sent, answered by the broker, refused, sent again; presses among them."""

    sent: int = 0
    acked: int = 0
    refused: int = 0
    repeated: int = 0
    presses: int = 0
    at: float = 0.0
    """Seconds of the system's monotonic clock."""


class _Order(msgspec.Struct, frozen=True):
    host: str
    port: int
    username: str | None
    password: str | None
    site: str
    bands: Sequence[str]
    per_s: float | None
    mixture: Mixture


class Load:
    """Runs while its block does.

    Args:
        broker: Where, with an account that may speak for all bands.
        site: The bands' site.
        bands: The devices, in turn.
        per_s: Readings a second and never more; None: as fast as ``allow`` lets it.
        mixture: What they send.
        allowed: How many readings it may send until ``allow`` says more.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        site: str,
        bands: Sequence[str],
        *,
        per_s: float | None,
        mixture: Mixture | None = None,
        allowed: int = UNBOUND,
    ) -> None:
        self._order = _Order(
            broker.host, broker.port, broker.username, broker.password, site, bands, per_s, mixture or Mixture()
        )
        self._allowed = allowed
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self.first_sent: float | None = None
        """When the first reading is known to have been sent, seconds of the system's monotonic clock."""
        self.told = Told()

    @property
    def pid(self) -> int | None:
        """The process that sends."""
        return None if self._process is None else self._process.pid

    async def __aenter__(self) -> Self:
        environment = {**os.environ, _VARIABLE: msgspec.json.encode(self._order).decode()}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.load", env=environment, stdin=PIPE, stdout=PIPE
        )
        self._reader = asyncio.create_task(self._read(self._process), name="load")
        self.allow(self._allowed)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
        if self._reader is not None:
            await self._reader

    def allow(self, total: int) -> None:
        """Let it send up to so many readings, counted from the beginning."""
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(b"%d\n" % total)

    async def finish(self) -> Told:
        """Send no more; returns the last counters once the broker has answered for everything."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._reader is not None
        self._process.stdin.close()
        await self._reader
        return self.told

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.told = msgspec.json.decode(line, type=Told)
            if self.first_sent is None and self.told.sent:
                self.first_sent = self.told.at


class _Leash:
    """How far the load may go: told on standard input, whose end means stop."""

    def __init__(self) -> None:
        self.allowed = 0
        self.ended = False

    async def follow(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        async for line in reader:
            self.allowed = int(line)
        self.ended = True


async def _run(order: _Order) -> None:
    leash = _Leash()
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(leash.follow(), name="leash")
        async with Fleet(
            BrokerAddress(order.host, order.port, username=order.username, password=order.password),
            [Target(order.site, band) for band in order.bands],
            clock=SystemClock(),
            connections=_CONNECTIONS,
            vitals_every=order.mixture.vitals_every,
            motion_every=order.mixture.motion_every,
            sos_every=order.mixture.sos_every,
            name="bench-load",
        ) as fleet:
            await _send(fleet, leash, order.per_s)
            await fleet.drain()
            _tell(fleet)
        await following


async def _send(fleet: Fleet, leash: _Leash, per_s: float | None) -> None:
    loop = asyncio.get_running_loop()
    start: float | None = None
    told = loop.time()
    sent = 0
    while not leash.ended:
        now = loop.time()
        if leash.allowed and start is None:
            start = now
        due = leash.allowed if per_s is None or start is None else min(leash.allowed, int((now - start) * per_s))
        for number, stream in enumerate(fleet.streams):
            share = -(-(due - sent) // (len(fleet.streams) - number))
            sent += stream.top_up(min(share, len(stream.mix.targets)))
        if now - told >= _TELL_EVERY_S or (sent and not fleet.tally.acked):
            told = now
            _tell(fleet)
        await asyncio.sleep(TICK_S)


def _tell(fleet: Fleet) -> None:
    tally = fleet.tally
    told = Told(tally.sent, tally.acked, tally.refused, tally.repeated, fleet.presses, time.monotonic())
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(_run(msgspec.json.decode(os.environ[_VARIABLE], type=_Order)))
