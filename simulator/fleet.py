"""Many bands over a few connections with a site's account: load with exact counters.

Every reading is sent with QoS 1 and kept until the broker acknowledges it; after a lost connection all
that was not acknowledged is sent again in its order, with the same ``t`` and ``seq``. So when ``drain`` has
returned, a gateway must have stored exactly the numbers 0 to ``next_seq[i]`` − 1 of each device.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final, NamedTuple, Self

import mqtt5
import structlog

from devices.clock import Clock
from simulator.die import Die
from simulator.link import LONGEST_PAUSE_S, SESSION_EXPIRY_S, BrokerAddress
from simulator.load import Mix, Target
from simulator.wire import PACKET_IDS, Outgoing, PublishingConnection, Refused, again

TICK_S: Final = 0.005
"""How often a connection writes. Source: assumption; bursts of 25 at 5,000 a second."""
WINDOW: Final = 2_000
"""Packets in flight a connection at most; the broker's Receive Maximum may lower it."""
PAUSE_S: Final = 0.2

_log = structlog.get_logger(__name__)


class Tally(NamedTuple):
    """Readings sent for the first time, acknowledged, refused by the broker, and sent again."""

    sent: int
    acked: int
    refused: int
    repeated: int


class Stream:
    """One connection with its own share of the devices."""

    def __init__(self, broker: BrokerAddress, client_id: str, mix: Mix, *, window: int = WINDOW) -> None:
        self.mix = mix
        self.sent = self.acked = self.refused = self.repeated = 0
        self._broker = broker
        self._client_id = client_id
        self._window = window
        self._room = window
        self.idle = asyncio.Event()
        """Set while nothing is in flight."""
        self.idle.set()
        self._in_flight: dict[int, Outgoing] = {}
        self._next_id = 1
        self._connection: PublishingConnection | None = None
        self._die = Die("stream", client_id)

    @property
    def in_flight(self) -> int:
        """Readings that the broker has not answered."""
        return len(self._in_flight)

    async def keep_connected(self) -> None:
        """Connect, and come back with jitter whenever the connection is lost; never returns.

        Raises:
            Refused: The broker does not let this client in.
        """
        attempt = failures = 0
        while True:
            attempt, failures = attempt + 1, failures + 1
            with contextlib.suppress(OSError):
                await self._connect()
                failures = 0
            pause_s = min(PAUSE_S * 2**failures, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s * self._die.uniform(0.5, 1.0, attempt))

    def top_up(self, count: int) -> int:
        """Send up to ``count`` more readings as far as window and socket allow; returns how many."""
        connection = self._connection
        if connection is None or not connection.writable:
            return 0
        count = min(count, self._room - len(self._in_flight))
        if count <= 0:
            return 0
        pieces: list[bytes] = []
        in_flight, packet_id = self._in_flight, self._next_id
        for outgoing in self.mix.take(count):
            while packet_id in in_flight:
                packet_id = packet_id % 65_535 + 1
            in_flight[packet_id] = outgoing
            pieces += (outgoing.head, PACKET_IDS[packet_id], outgoing.tail)
            packet_id = packet_id % 65_535 + 1
        self._next_id = packet_id
        self.idle.clear()
        self.sent += count
        connection.write(pieces)
        return count

    def drop(self) -> None:
        """Lose the connection without a word, as a radio does."""
        if self._connection is not None:
            self._connection.close(politely=False)

    async def _connect(self) -> None:
        connect = mqtt5.ConnectPacket(
            self._client_id,
            username=self._broker.username,
            password=None if self._broker.password is None else self._broker.password.encode(),
            session_expiry_interval=SESSION_EXPIRY_S,
        )
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: PublishingConnection(connect, self._on_ack), self._broker.host, self._broker.port
        )
        try:
            self._room = min(self._window, await connection.connected)
            self._repeat(connection)
            self._connection = connection
            await connection.lost
            _log.info("stream lost", client=self._client_id, in_flight=len(self._in_flight))
        finally:
            self._connection = None
            connection.close()

    def _repeat(self, connection: PublishingConnection) -> None:
        """Send again, in order, what the broker has not acknowledged. Source: MQTT 5.0, section 4.4."""
        pieces: list[bytes] = []
        for packet_id, outgoing in self._in_flight.items():
            pieces += (again(outgoing.head), PACKET_IDS[packet_id], outgoing.tail)
        self.repeated += len(self._in_flight)
        if pieces:
            connection.write(pieces)

    def _on_ack(self, packet_id: int, accepted: bool) -> None:  # noqa: FBT001
        if self._in_flight.pop(packet_id, None) is None:
            return
        if accepted:
            self.acked += 1
        else:
            self.refused += 1
        if not self._in_flight:
            self.idle.set()


class Fleet:
    """A load of many devices; use it as ``async with Fleet(…) as fleet: await fleet.send(…)``."""

    def __init__(
        self,
        broker: BrokerAddress,
        targets: Sequence[Target],
        *,
        clock: Clock,
        connections: int = 2,
        heartbeats_of_ten: int = 5,
        sos_every: int | None = None,
        vitals_every: int | None = None,
        motion_every: int | None = None,
        name: str = "fleet",
        window: int = WINDOW,
    ) -> None:
        shares = [targets[number::connections] for number in range(connections)]
        self.streams = [
            Stream(
                broker,
                f"{name}-{number}",
                Mix(
                    share,
                    clock=clock,
                    heartbeats_of_ten=heartbeats_of_ten,
                    sos_every=sos_every,
                    vitals_every=vitals_every,
                    motion_every=motion_every,
                ),
                window=window,
            )
            for number, share in enumerate(shares)
            if share
        ]
        self._tasks = asyncio.TaskGroup()
        self._keepers: list[asyncio.Task[None]] = []

    @property
    def tally(self) -> Tally:
        """The exact counters of this moment."""
        return Tally(
            sum(s.sent for s in self.streams),
            sum(s.acked for s in self.streams),
            sum(s.refused for s in self.streams),
            sum(s.repeated for s in self.streams),
        )

    @property
    def presses(self) -> int:
        """Presses of SOS among the readings."""
        return sum(s.mix.presses for s in self.streams)

    def readings_by_device(self) -> dict[str, int]:
        """How many readings each device has made: they are numbered from 0."""
        return {
            target.device: count
            for stream in self.streams
            for target, count in zip(stream.mix.targets, stream.mix.next_seq, strict=True)
        }

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._keepers = [
            self._tasks.create_task(s.keep_connected(), name=f"fleet {number}") for number, s in enumerate(self.streams)
        ]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await self._tasks.__aexit__(None, None, None)

    async def send(self, count: int, *, per_s: float | None = None) -> None:
        """Send ``count`` readings, at ``per_s`` a second and never ahead of it, or as fast as the window allows."""
        loop = asyncio.get_running_loop()
        start, issued = loop.time(), 0
        while issued < count:
            due = count if per_s is None else min(count, int((loop.time() - start) * per_s))
            for number, stream in enumerate(self.streams):
                share = -(-(due - issued) // (len(self.streams) - number))
                issued += stream.top_up(share)
            await asyncio.sleep(TICK_S)

    async def drain(self, *, within_s: float = 60.0) -> None:
        """Wait until the broker has answered everything.

        Raises:
            TimeoutError: It has not.
        """
        async with asyncio.timeout(within_s):
            for stream in self.streams:
                await stream.idle.wait()


__all__ = ["Fleet", "Refused", "Stream", "Tally", "Target"]
