"""Presses of many bands over one connection, each stamped as its PUBLISH is written.

The connection stays until the broker has acknowledged every press: whoever closes a socket while answers are on
their way has it reset, and a broker whose socket is reset may throw away what it had not read yet.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

import mqtt5

from devices.clock import SystemClock
from devices.topics import device_topic
from simulator.link import BrokerAddress
from simulator.wire import PACKET_IDS, PublishingConnection, head

_IDS: Final = 65_535


class Presses:
    """Made by ``presses``; ``at`` is the moment of each press by band, ns of ``time.perf_counter_ns``."""

    def __init__(self) -> None:
        self.at: dict[str, int] = {}
        self._acknowledged = 0
        self._progress = asyncio.Event()

    def on_ack(self, _packet_id: int, _accepted: bool) -> None:  # noqa: FBT001
        """The broker has one more."""
        self._acknowledged += 1
        self._progress.set()

    async def make(self, connection: PublishingConnection, site: str, bands: Sequence[str], per_s: float) -> None:
        """Publish one SOS a band, evenly spaced."""
        loop, clock = asyncio.get_running_loop(), SystemClock()
        start = loop.time()
        for number, band in enumerate(bands):
            await asyncio.sleep(max(0.0, start + number / per_s - loop.time()))
            payload = b'\0{"t":%d,"seq":%d}' % (clock.now_ms(), number)
            packet = [head(device_topic(site, band, "sos"), len(payload) - 1), PACKET_IDS[number % _IDS + 1], payload]
            self.at[band] = time.perf_counter_ns()
            connection.write(packet)
            _tell(number + 1, len(bands))

    async def until_acknowledged(self) -> None:
        """Wait until the broker has every press."""
        while self._acknowledged < len(self.at):
            self._progress.clear()
            await self._progress.wait()


@asynccontextmanager
async def presses(
    broker: BrokerAddress, site: str, bands: Sequence[str], *, per_s: float, patience_s: float
) -> AsyncIterator[Presses]:
    """Make all presses before the block; after it, wait ``patience_s`` at most until the broker has them."""
    connect = mqtt5.ConnectPacket(
        "bench-presses",
        username=broker.username,
        password=None if broker.password is None else broker.password.encode(),
        clean_start=True,
    )
    made = Presses()
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: PublishingConnection(connect, made.on_ack), broker.host, broker.port
    )
    try:
        await connection.connected
        await made.make(connection, site, bands, per_s)
        yield made
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await made.until_acknowledged()
    finally:
        connection.close()


_SPINNER: Final = itertools.cycle("|/-\\")


def _tell(done: int, of: int) -> None:
    if sys.stderr.isatty() and done % 10 == 0:
        sys.stderr.write(f"\r{next(_SPINNER)} {done}/{of} presses ")
        sys.stderr.flush()
