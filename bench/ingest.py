"""Durable ingest beside a bare subscriber on the same codec: A, B, A, never subscribed together.

Each phase takes the same live load: the generator sends as fast as the receiver takes, at most ``AHEAD``
messages in front of it, so that the broker's queue is short and never empty and what is measured is the pace
that can be kept up. With a rate told, it sends at that rate instead. A message counts when it is acknowledged
for good: by the bare subscriber when it was read, by the gateway when its transaction is committed. The time
runs from the first PUBLISH until the last message counted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from bench.bare import BareSubscriber, Subscription
from bench.cost import Cost, Pids, costs
from bench.load import UNBOUND, Load
from simulator.link import BrokerAddress

AHEAD: Final = 25_000
"""Messages on the way between generator and receiver at most: six full batches, half a second at the goal."""
LOAD_ALONE_S: Final = 3.0
PATIENCE_S: Final = 20.0
"""What has not arrived so long after the last arrival is lost."""
_LOOK_EVERY_S: Final = 0.02

Received = Callable[[], Awaitable[int]]
"""How many messages count so far."""


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the load against one receiver; processor time in microseconds a message, by process."""

    receiver: str
    messages: int
    received: int
    seconds: float
    messages_per_s: float
    cpu_us_per_message: dict[str, float]
    rss_mib: dict[str, float]


class Ingest(msgspec.Struct, frozen=True, kw_only=True):
    """The contract's figures first; ``ratio`` is the gateway's pace over the mean of the bare subscriber's two."""

    messages: int
    messages_per_s: float
    bare_subscriber_per_s: float
    cpu_us_per_message: float
    stored: int
    lost: int
    duplicated: int
    ratio: float
    database_cpu_us_per_message: float
    load_alone_per_s: float
    devices: int
    offered_per_s: float | None
    phases: list[Phase]


class Source(NamedTuple):
    """Where the load comes from."""

    broker: BrokerAddress
    site: str
    bands: Sequence[str]
    per_s: float | None

    def load(self, allowed: int) -> Load:
        """A load of this kind, allowed to send so many readings at first."""
        return Load(self.broker, self.site, self.bands, per_s=self.per_s, allowed=allowed)


async def load_alone(source: Source, seconds: float = LOAD_ALONE_S) -> float:
    """Messages a second that generator and broker manage while nobody is subscribed."""
    async with source.load(UNBOUND) as load:
        await load.until_first()
        started = load.told.at
        await asyncio.sleep(seconds)
        told = await load.finish()
        return told.acked / (told.at - started)


async def bare_phase(
    source: Source, subscriber: BrokerAddress, subscriptions: Sequence[Subscription], *, seconds: float, pids: Pids
) -> Phase:
    """The load against the bare subscriber, which signs in as the gateway does."""
    async with BareSubscriber(subscriber, subscriptions) as bare:

        async def received() -> int:
            return bare.told.received

        return await phase("bare", source, received, seconds=seconds, pids={**pids, "bare": bare.pid})


async def phase(receiver: str, source: Source, received: Received, *, seconds: float, pids: Pids) -> Phase:
    """Run the load for a while, then wait until everything counts."""
    first = await received()
    closed_loop = source.per_s is None
    async with source.load(AHEAD if closed_loop else UNBOUND) as load:
        pids = {**pids, "load": load.pid}
        await load.until_first()
        started = load.told.at
        before = costs(pids)
        while time.monotonic() - started < seconds:
            await asyncio.sleep(_LOOK_EVERY_S)
            if closed_loop:
                load.allow(await received() - first + AHEAD)
        after_load = costs({"load": load.pid})
        told = await load.finish()
    counted, counted_at = 0, time.monotonic()
    while (now := await received() - first) < told.acked and time.monotonic() - counted_at < PATIENCE_S:
        if now > counted:
            counted, counted_at = now, time.monotonic()
        await asyncio.sleep(_LOOK_EVERY_S)
    took = (time.monotonic() if now >= told.acked else counted_at) - started
    after = {**costs(pids), **after_load}
    return Phase(
        receiver=receiver,
        messages=told.acked,
        received=now,
        seconds=round(took, 2),
        messages_per_s=round(now / took, 1),
        cpu_us_per_message=_per_message(before, after, told.acked),
        rss_mib={name: cost.rss_mib for name, cost in after.items()},
    )


def _per_message(before: dict[str, Cost], after: dict[str, Cost], messages: int) -> dict[str, float]:
    return {
        name: round((cost.cpu_s - before[name].cpu_s) / max(1, messages) * 1e6, 2)
        for name, cost in after.items()
        if name in before
    }
