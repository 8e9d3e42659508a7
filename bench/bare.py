"""The bare subscriber: what the codec, one Python process and the broker can do when nothing is done.

The gateway's measure. It holds the same two sessions (client ids, filters, Receive Maximum, QoS 1) over the
same codec, reads each packet, acknowledges what one look at the socket brought in one write, counts, and
drops the payload unread.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Sequence
from subprocess import PIPE
from typing import Final, Self

import mqtt5
import msgspec

from simulator.link import BrokerAddress
from simulator.wire import PACKET_IDS

_VARIABLE: Final = "ANXIN_BENCH_BARE"
_TELL_EVERY_S: Final = 0.02
_PUBACK: Final = b"\x40\x02"
_MOST_BYTES: Final = 1 << 18


class Subscription(msgspec.Struct, frozen=True):
    """One persistent session: who, what, and how many unacknowledged messages the broker may send."""

    client_id: str
    filters: Sequence[str]
    receive_maximum: int


class Counted(msgspec.Struct, frozen=True):
    """Messages received and acknowledged so far, at a moment of the system's monotonic clock, s."""

    received: int = 0
    at: float = 0.0


class _Order(msgspec.Struct, frozen=True):
    host: str
    port: int
    username: str | None
    password: str | None
    subscriptions: Sequence[Subscription]


class BareSubscriber:
    """A process that receives while its block runs; its sessions are gone afterwards."""

    def __init__(self, broker: BrokerAddress, subscriptions: Sequence[Subscription]) -> None:
        self._order = _Order(broker.host, broker.port, broker.username, broker.password, subscriptions)
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self.counted = Counted()

    @property
    def pid(self) -> int:
        """The process that receives."""
        assert self._process is not None
        return self._process.pid

    async def __aenter__(self) -> Self:
        environment = {**os.environ, _VARIABLE: msgspec.json.encode(self._order).decode()}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.bare", env=environment, stdin=PIPE, stdout=PIPE
        )
        self._reader = asyncio.create_task(self._read(self._process), name="bare subscriber")
        await asyncio.wait([self._reader, waiting := asyncio.ensure_future(self._ready.wait())],
                           return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
        if not waiting.done():
            waiting.cancel()
            raise RuntimeError("the bare subscriber ended before it had subscribed")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._reader is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reader

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.counted = msgspec.json.decode(line, type=Counted)
            self._ready.set()


class _Receiver(asyncio.Protocol):
    """One connection that reads, counts and acknowledges."""

    def __init__(self, connect: mqtt5.ConnectPacket, subscription: Subscription) -> None:
        self.received = 0
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connect = connect
        self._filters = [mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS.AT_LEAST_ONCE) for pattern in subscription.filters]
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.write(self._connect.write())

    def data_received(self, data: bytes) -> None:
        octets = self._rest + data if self._rest else data
        view, start, acks = memoryview(octets), 0, []
        try:
            while True:
                packet, size = mqtt5.read(view[start:])
                start += size
                if isinstance(packet, mqtt5.PublishPacket):
                    packet_id = packet.packet_id
                    if packet_id is not None:
                        acks += (_PUBACK, PACKET_IDS[packet_id])
                else:
                    self._control(packet)
        except IndexError:
            pass  # the rest of this packet is still on its way
        self._rest = octets[start:]
        if acks:
            self.received += len(acks) // 2
            self._write(b"".join(acks))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.subscribed.done():
            self.subscribed.set_exception(ConnectionError("closed before SUBACK") if exc is None else exc)

    def forget(self) -> None:
        """End the connection and its session."""
        self._write(mqtt5.DisconnectPacket(session_expiry_interval=0).write())
        if self._transport is not None:
            self._transport.close()

    def _control(self, packet: mqtt5.Packet) -> None:
        if isinstance(packet, mqtt5.ConnAckPacket):
            self._write(mqtt5.SubscribePacket(1, self._filters).write())
        elif isinstance(packet, mqtt5.SubAckPacket) and not self.subscribed.done():
            self.subscribed.set_result(None)

    def _write(self, octets: bytes) -> None:
        if self._transport is not None:
            self._transport.write(octets)


async def _run(order: _Order) -> None:
    loop = asyncio.get_running_loop()
    receivers = []
    for subscription in order.subscriptions:
        connect = mqtt5.ConnectPacket(
            subscription.client_id,
            username=order.username,
            password=None if order.password is None else order.password.encode(),
            clean_start=True,
            session_expiry_interval=3600,
            receive_max=subscription.receive_maximum,
        )
        _, receiver = await loop.create_connection(lambda c=connect, s=subscription: _Receiver(c, s), order.host, order.port)  # type: ignore[misc]
        await receiver.subscribed
        receivers.append(receiver)
    end = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(end), sys.stdin)
    ended = asyncio.ensure_future(end.read())
    while not ended.done():
        _tell(receivers)
        await asyncio.wait([ended], timeout=_TELL_EVERY_S)
    _tell(receivers)
    for receiver in receivers:
        receiver.forget()
    await asyncio.sleep(0.1)


def _tell(receivers: Sequence[_Receiver]) -> None:
    counted = Counted(sum(receiver.received for receiver in receivers), time.monotonic())
    sys.stdout.buffer.write(msgspec.json.encode(counted) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(_run(msgspec.json.decode(os.environ[_VARIABLE], type=_Order)))
