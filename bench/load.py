"""The load of a benchmark: a community's readings from a process of its own, told how much it may send.

It tells its exact counters ten times a second, so that a benchmark reports the rate that was reached and not
the one that was wished for. A device reports once a turn at most: two readings of one device in the same
millisecond would be an invention of the benchmark.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final, Self

import msgspec

from bench.worker import Worker, order, standard_input, tell
from devices.clock import SystemClock
from simulator.fleet import TICK_S, Fleet
from simulator.link import BrokerAddress
from simulator.load import Target

UNBOUND: Final = 1 << 60
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


class Load(Worker[Told]):
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
        account = (broker.host, broker.port, broker.username, broker.password)
        super().__init__("bench.load", _Order(*account, site, bands, per_s, mixture or Mixture()), Told, Told())
        self._allowed = allowed

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.allow(self._allowed)
        return self

    def allow(self, total: int) -> None:
        """Let it send up to so many readings, counted from the beginning."""
        self.say(b"%d" % total)


class _Leash:
    """How far the load may go: told on standard input, whose end means stop."""

    def __init__(self) -> None:
        self.allowed = 0
        self.ended = False

    async def follow(self) -> None:
        async for line in await standard_input():
            self.allowed = int(line)
        self.ended = True


async def _run(told: _Order) -> None:
    leash = _Leash()
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(leash.follow(), name="leash")
        async with Fleet(
            BrokerAddress(told.host, told.port, username=told.username, password=told.password),
            [Target(told.site, band) for band in told.bands],
            clock=SystemClock(),
            connections=_CONNECTIONS,
            vitals_every=told.mixture.vitals_every,
            motion_every=told.mixture.motion_every,
            sos_every=told.mixture.sos_every,
            name="bench-load",
        ) as fleet:
            await _send(fleet, leash, told.per_s)
            await fleet.drain()
            _tell(fleet)
        await following


async def _send(fleet: Fleet, leash: _Leash, per_s: float | None) -> None:
    loop = asyncio.get_running_loop()
    start: float | None = None
    told = 0.0
    sent = 0
    while not leash.ended:
        now = loop.time()
        if leash.allowed and start is None:
            start = now
        due = leash.allowed if per_s is None or start is None else min(leash.allowed, int((now - start) * per_s))
        for number, stream in enumerate(fleet.streams):
            share = -(-(due - sent) // (len(fleet.streams) - number))
            sent += stream.top_up(min(share, len(stream.mix.targets)))
        if sent and now - told >= _TELL_EVERY_S:
            told = now
            _tell(fleet)
        await asyncio.sleep(TICK_S)


def _tell(fleet: Fleet) -> None:
    tally = fleet.tally
    tell(Told(tally.sent, tally.acked, tally.refused, tally.repeated, fleet.presses, time.monotonic()))


if __name__ == "__main__":
    asyncio.run(_run(order(_Order)))
