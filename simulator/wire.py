"""A connection that only publishes, fast: the codec ``mqtt5`` under an asyncio protocol, packets pre-encoded.

A packet is three pieces: a head (fixed header and topic), two bytes of packet id, a tail (no properties, and
the payload). Heads are made once a device and kind; the id is all that the connection adds.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import mqtt5

PACKET_IDS: Final = tuple(struct.pack(">H", number) for number in range(65_536))
_PUBLISH_QOS_1: Final = 0x32
_DUP: Final = 0x08
_PUBACK: Final = 0x40
_ACCEPTED: Final = (mqtt5.PubAckReasonCode.SUCCESS, mqtt5.PubAckReasonCode.NO_MATCHING_SUBSCRIBERS)


class Outgoing(NamedTuple):
    """A QoS 1 PUBLISH without its packet id."""

    head: bytes
    tail: bytes


def head(topic: str, payload_length: int) -> bytes:
    """Fixed header, remaining length and topic of a QoS 1 PUBLISH. Source: MQTT 5.0, section 3.3.

    Args:
        topic: The topic name.
        payload_length: Bytes of the payload, the same for all packets made with this head.
    """
    name = topic.encode()
    remaining = 2 + len(name) + 2 + 1 + payload_length
    length = bytearray()
    while True:
        remaining, digit = divmod(remaining, 128)
        length.append(digit | (0x80 if remaining else 0))
        if not remaining:
            break
    return bytes([_PUBLISH_QOS_1]) + bytes(length) + struct.pack(">H", len(name)) + name


class Refused(Exception):
    """The broker does not let this client in."""


class PublishingConnection(asyncio.Protocol):
    """One TCP connection; ``connected`` and ``lost`` are futures, acknowledgements go to ``on_ack``."""

    def __init__(self, connect: mqtt5.ConnectPacket, on_ack: Callable[[int, bool], None]) -> None:
        loop = asyncio.get_running_loop()
        self.connected: asyncio.Future[int] = loop.create_future()
        """The broker's Receive Maximum, once it has let us in."""
        self.lost: asyncio.Future[None] = loop.create_future()
        self.writable = True
        self._connect = connect
        self._on_ack = on_ack
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say CONNECT."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.write(self._connect.write())

    def data_received(self, data: bytes) -> None:
        """Read acknowledgements; four-byte PUBACKs without the codec, since they are nearly all there is."""
        buffer = self._rest + data
        position, size = 0, len(buffer)
        view = memoryview(buffer)
        while position < size:
            if buffer[position] == _PUBACK and position + 4 <= size and buffer[position + 1] == 2:
                self._on_ack(buffer[position + 2] << 8 | buffer[position + 3], True)  # noqa: FBT003
                position += 4
                continue
            try:
                packet, length = mqtt5.read(view[position:])
            except IndexError:
                break
            position += length
            self._handle(packet)
        self._rest = buffer[position:]

    def pause_writing(self) -> None:
        """The socket is full."""
        self.writable = False

    def resume_writing(self) -> None:
        """The socket takes more."""
        self.writable = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        if not self.connected.done():
            self.connected.set_exception(ConnectionError("closed before CONNACK") if exc is None else exc)
        if not self.lost.done():
            self.lost.set_result(None)

    def write(self, pieces: deque[bytes] | list[bytes]) -> None:
        """Write many pieces as one."""
        if self._transport is not None and not self.lost.done():
            self._transport.write(b"".join(pieces))

    def close(self, *, politely: bool = True) -> None:
        """Say DISCONNECT and close, or just drop the connection."""
        if self._transport is None:
            return
        if politely:
            self._transport.write(mqtt5.DisconnectPacket().write())
            self._transport.close()
        else:
            self._transport.abort()

    def _handle(self, packet: mqtt5.Packet) -> None:
        if isinstance(packet, mqtt5.PubAckPacket):
            self._on_ack(packet.packet_id, packet.reason_code in _ACCEPTED)
        elif isinstance(packet, mqtt5.ConnAckPacket) and not self.connected.done():
            if packet.reason_code == mqtt5.ConnAckReasonCode.SUCCESS:
                self.connected.set_result(packet.receive_max)
            else:
                self.connected.set_exception(Refused(str(packet.reason_code)))


def again(first: bytes) -> bytes:
    """The head of a repeated PUBLISH: the same with the DUP flag."""
    return bytes([first[0] | _DUP]) + first[1:]
