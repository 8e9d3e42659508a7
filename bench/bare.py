"""The bare subscriber: what the codec, one Python process and the broker can do when nothing is done.

The gateway's measure. It holds the same two sessions (client ids, filters, Receive Maximum, QoS 1) over the
same codec, reads each packet, acknowledges what one look at the socket brought in one write, counts, and
drops the payload unread.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence
from typing import Final, Self

import mqtt5
import msgspec

from bench.worker import Worker, order, standard_input, tell
from simulator.link import BrokerAddress
from simulator.wire import PACKET_IDS

_TELL_EVERY_S: Final = 0.02
_PUBACK: Final = b"\x40\x02"
_SESSION_S: Final = 3600
_GOODBYE_S: Final = 0.1


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


class BareSubscriber(Worker[Counted]):
    """A process that receives while its block runs; its sessions are gone afterwards."""

    def __init__(self, broker: BrokerAddress, subscriptions: Sequence[Subscription]) -> None:
        account = (broker.host, broker.port, broker.username, broker.password)
        super().__init__("bench.bare", _Order(*account, subscriptions), Counted, Counted())

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.until_first()
        return self


class _Receiver(asyncio.Protocol):
    """One connection that reads, counts and acknowledges."""

    def __init__(self, connect: mqtt5.ConnectPacket, subscription: Subscription) -> None:
        self.received = 0
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connect = connect
        self._filters = [
            mqtt5.TopicFilter(pattern, max_qos=mqtt5.QoS.AT_LEAST_ONCE) for pattern in subscription.filters
        ]
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.write(self._connect.write())

    def data_received(self, data: bytes) -> None:
        octets = self._rest + data if self._rest else data
        view, start = memoryview(octets), 0
        acks: list[bytes] = []
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


async def _run(told: _Order) -> None:
    receivers = [await _subscribe(told, subscription) for subscription in told.subscriptions]
    async with asyncio.TaskGroup() as tasks:
        end = tasks.create_task((await standard_input()).read(), name="end")
        while not end.done():
            _tell(receivers)
            await asyncio.wait([end], timeout=_TELL_EVERY_S)
    _tell(receivers)
    for receiver in receivers:
        receiver.forget()
    await asyncio.sleep(_GOODBYE_S)


async def _subscribe(told: _Order, subscription: Subscription) -> _Receiver:
    connect = mqtt5.ConnectPacket(
        subscription.client_id,
        username=told.username,
        password=None if told.password is None else told.password.encode(),
        clean_start=True,
        session_expiry_interval=_SESSION_S,
        receive_max=subscription.receive_maximum,
    )
    loop = asyncio.get_running_loop()
    _, receiver = await loop.create_connection(lambda: _Receiver(connect, subscription), told.host, told.port)
    await receiver.subscribed
    return receiver


def _tell(receivers: Sequence[_Receiver]) -> None:
    tell(Counted(sum(receiver.received for receiver in receivers), time.monotonic()))


if __name__ == "__main__":
    asyncio.run(_run(order(_Order)))
