"""From a published SOS to its event on the console's stream: what the wearer waits for.

The same process stamps both ends with one monotonic clock: just before the PUBLISH is written to the socket,
and when the line of the server-sent event has been read. Every press is another resident's first, so each is
an alarm of its own: decoded, decided, committed and streamed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Final, NamedTuple

import msgspec
import numpy as np

from bench.load import Load, Mixture
from bench.presses import presses
from simulator.link import BrokerAddress

SETTLE_S: Final = 10.0
"""Before the first press: the roles take in what was just registered, and the background begins."""
PATIENCE_S: Final = 30.0


class Console(NamedTuple):
    """Where the stream is, and a token that may read it."""

    host: str
    port: int
    token: str


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds from publish to event, over ``n`` presses; ``missing`` events never came.

    ``background_per_s`` is the rate that was wished for, ``reached_per_s`` the one that the broker acknowledged
    while the presses were made.
    """

    background_per_s: int
    reached_per_s: float
    seconds: float
    n: int
    missing: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float


async def measure(
    *,
    broker: BrokerAddress,
    console: Console,
    site: str,
    bands: Sequence[str],
    presses_per_s: float,
    background_per_s: int,
    background_bands: Sequence[str],
    midway: Callable[[], Awaitable[None]],
) -> Latency:
    """Press once on each of ``bands`` in turn while the background runs; returns the distribution.

    ``midway`` is called when half of the presses should have been made, beside the other half.
    """
    arrived: dict[str, int] = {}
    load = Load(broker, site, background_bands, per_s=background_per_s, mixture=Mixture(sos_every=None))
    async with AsyncExitStack() as behind:
        if background_per_s:
            await behind.enter_async_context(load)
        await asyncio.sleep(SETTLE_S)
        async with asyncio.TaskGroup() as tasks:
            ready = asyncio.Event()
            reader = tasks.create_task(_follow(console, arrived, ready), name="stream")
            await ready.wait()
            before = load.told
            started = time.monotonic()
            disturbance = tasks.create_task(_later(len(bands) / presses_per_s / 2, midway), name="midway")
            async with presses(broker, site, bands, per_s=presses_per_s, patience_s=PATIENCE_S) as made:
                took, after = time.monotonic() - started, load.told
                pressed = made.at
                with suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE_S):
                        while pressed.keys() - arrived.keys():  # noqa: ASYNC110 - an event an arrival costs time
                            await asyncio.sleep(0.05)
            await disturbance
            reader.cancel()
    waited = np.array([(arrived[band] - at) / 1e6 for band, at in pressed.items() if band in arrived])
    if not len(waited):
        waited = np.array([np.nan])
    p50, p90, p99 = np.percentile(waited, [50, 90, 99])
    return Latency(
        background_per_s=background_per_s,
        reached_per_s=round((after.acked - before.acked) / (after.at - before.at), 1) if after.at > before.at else 0.0,
        seconds=round(took, 1),
        n=len(pressed),
        missing=len(pressed.keys() - arrived.keys()),
        p50_ms=round(float(p50), 2),
        p90_ms=round(float(p90), 2),
        p99_ms=round(float(p99), 2),
        max_ms=round(float(waited.max()), 2),
    )


async def _later(seconds: float, what: Callable[[], Awaitable[None]]) -> None:
    await asyncio.sleep(seconds)
    await what()


async def _follow(console: Console, arrived: dict[str, int], ready: asyncio.Event) -> None:
    """Read the stream as a browser does; note when each band's alarm came."""
    reader, writer = await asyncio.open_connection(console.host, console.port, limit=1 << 20)
    try:
        writer.write(
            f"GET /api/v1/stream HTTP/1.1\r\nHost: {console.host}\r\nAccept: text/event-stream\r\n"
            f"Authorization: Bearer {console.token}\r\n\r\n".encode()
        )
        status = await reader.readline()
        if b" 200 " not in status:
            raise RuntimeError(f"the stream answered {status.decode().strip()}")
        while (await reader.readline()).strip():
            pass
        ready.set()
        while line := await reader.readline():
            at = time.perf_counter_ns()
            if line.startswith(b"data:") and b'"sos.button"' in line:
                alarm = msgspec.json.decode(line[5:])
                arrived.setdefault(alarm["device"], at)
    finally:
        writer.close()
