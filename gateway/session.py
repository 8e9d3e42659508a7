"""A persistent MQTT 5 session that acknowledges by batch, over the sans-I/O codec ``mqtt5`` (ADR-1).

Messages are handed over when the pipeline asks for them and acknowledged when it says so, in the order of
arrival. Back-pressure is the CONNECT's Receive Maximum: the broker sends no more while that many are
unacknowledged; the socket itself is always read, at most ``GATHER_S`` late (ADR-15), so pings are always answered.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import struct
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import mqtt5
import msgspec
import structlog

from devices.clock import Clock
from gateway import metrics
from gateway.refusals import in_words

RECEIVE_MAXIMUM: Final = 4096
"""Unacknowledged messages that the broker may send: the gateway's back-pressure (design rule 2)."""
TAKEN_MESSAGES: Final = RECEIVE_MAXIMUM // 2
"""Messages handed over at once: while one half of the window is written, the broker fills the other; and an SOS
waits for half a window at most."""
TAKEN_OCTETS: Final = 1 << 20
"""Payload handed over at once: some 20,000 readings in arrays, more than a full batch of single ones."""
OUTGOING_BOUND: Final = 10_000
"""Receipts and commands waiting for the broker; beyond it the oldest is given up: a device repeats its cry."""
GATHER_S: Final = 0.001
"""How long a socket may gather what would only wait behind messages that nobody has taken yet (ADR-15)."""
KEEP_ALIVE_S: Final = 30
CONNECT_TIMEOUT_S: Final = 5.0
RECONNECT_FIRST_S: Final = 0.1
RECONNECT_MOST_S: Final = 5.0
SESSION_FOREVER: Final = 0xFFFF_FFFF

PUBACKS: Final = tuple(struct.pack(">BBH", 0x40, 2, packet_id) for packet_id in range(65_536))
"""The PUBACK of each packet id: success, no properties. Source: MQTT 5.0, section 3.4."""

_GRANTED: Final = (
    mqtt5.SubAckReasonCode.GRANTED_QOS_AT_MOST_ONCE,
    mqtt5.SubAckReasonCode.GRANTED_QOS_AT_LEAST_ONCE,
)

_log = structlog.get_logger(__name__)


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A received PUBLISH, not yet acknowledged."""

    topic: str
    payload: bytes
    packet_id: int | None
    connection: int
    retained: bool
    received_ms: int


class BrokerAddress(NamedTuple):
    """Where the broker is, who we are there, and whom its certificate must come from (None: no TLS)."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None


class Flow(NamedTuple):
    """How much the broker may send before the first PUBACK, and how long the socket may gather (0: never)."""

    receive_maximum: int = RECEIVE_MAXIMUM
    gather_s: float = 0.0


PROMPT: Final = Flow()


class Session:
    """One client id's subscription, kept alive for ever by ``run``."""

    def __init__(
        self,
        *,
        name: str,
        client_id: str,
        address: BrokerAddress,
        filters: Sequence[str],
        clock: Clock,
        on_arrival: Callable[[], None],
        on_connected: Callable[[], None] = lambda: None,
        on_lost: Callable[[], None] = lambda: None,
        on_forgotten: Callable[[], None] = lambda: None,
        flow: Flow = PROMPT,
    ) -> None:
        self.name = name
        self.flow = flow
        self.connected = False
        self._client_id = client_id
        self._address = address
        self._filters = tuple(filters)
        self._clock = clock
        self._on_arrival = on_arrival
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._on_forgotten = on_forgotten
        self._connection = 0
        self._link: _Link | None = None
        self._arrivals: list[Arrival] = []
        self._outgoing: deque[tuple[str, bytes]] = deque()
        self._unacknowledged: dict[int, tuple[str, bytes]] = {}
        self._next_packet_id = 0
        self._ever_connected = False

    async def run(self) -> None:
        """Connect, and reconnect with jitter, until cancelled."""
        delay_s = RECONNECT_FIRST_S
        while True:
            reason = await self._connect_once()
            if self.connected:
                delay_s = RECONNECT_FIRST_S
            self._lost()
            _log.warning("mqtt_session_down", session=self.name, reason=reason)
            await asyncio.sleep(random.uniform(0, delay_s))  # noqa: S311 - jitter, not a secret
            delay_s = min(delay_s * 2, RECONNECT_MOST_S)

    def take(self) -> list[Arrival]:
        """What arrived since the last call, in order, as far as it fits into a batch; one message at least.

        The caller owes an acknowledgement for each.
        """
        octets = 0
        for count, arrival in enumerate(self._arrivals):
            octets += len(arrival.payload)
            if count == TAKEN_MESSAGES or (octets > TAKEN_OCTETS and count):
                taken, self._arrivals = self._arrivals[:count], self._arrivals[count:]
                return taken
        taken, self._arrivals = self._arrivals, []
        return taken

    def peek(self) -> Sequence[Arrival]:
        """What arrived and was not taken yet, in order; nothing is owed for it."""
        return tuple(self._arrivals)

    @property
    def waiting(self) -> int:
        """Messages received and not yet taken."""
        return len(self._arrivals)

    @property
    def outgoing(self) -> int:
        """Our own messages that the broker has not acknowledged, those not yet sent among them."""
        return len(self._outgoing) + len(self._unacknowledged)

    def acknowledge(self, arrivals: Iterable[Arrival]) -> None:
        """Send the PUBACKs in order of arrival; those of an earlier connection are dropped."""
        if self._link is None:
            return
        acks = [
            PUBACKS[arrival.packet_id]
            for arrival in arrivals
            if arrival.packet_id is not None and arrival.connection == self._connection
        ]
        if acks:
            self._link.send(b"".join(acks))

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1 as soon as the broker's window allows; kept across reconnects, bounded."""
        if len(self._outgoing) >= OUTGOING_BOUND:
            self._outgoing.popleft()
            metrics.RECEIPTS_DROPPED.inc()
        self._outgoing.append((topic, payload))
        self._flush()

    def _flush(self) -> None:
        link = self._link
        if link is None or not self.connected:
            return
        frames = []
        while self._outgoing and len(self._unacknowledged) < link.send_maximum:
            topic, payload = self._outgoing.popleft()
            packet_id = self._free_packet_id()
            self._unacknowledged[packet_id] = (topic, payload)
            frames.append(_publish(topic, payload, packet_id, duplicate=False))
        if frames:
            link.send(b"".join(frames))

    def _free_packet_id(self) -> int:
        while True:
            self._next_packet_id = self._next_packet_id % 0xFFFF + 1
            if self._next_packet_id not in self._unacknowledged:
                return self._next_packet_id

    async def _connect_once(self) -> str:
        """One connection from CONNECT to its end; returns why it ended."""
        loop = asyncio.get_running_loop()
        link = _Link(self, loop)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await loop.create_connection(
                    lambda: link, self._address.host, self._address.port, ssl=self._address.tls
                )
        except (OSError, TimeoutError) as error:
            return type(error).__name__
        self._link = link
        try:
            password = self._address.password
            link.send(
                mqtt5.ConnectPacket(
                    self._client_id,
                    username=self._address.username,
                    password=None if password is None else password.encode(),
                    clean_start=False,
                    keep_alive=KEEP_ALIVE_S,
                    session_expiry_interval=SESSION_FOREVER,
                    receive_max=self.flow.receive_maximum,
                ).write()
            )
            return await link.keep_alive()
        finally:
            link.close()

    def _lost(self) -> None:
        if self.connected:
            self._on_lost()
        self.connected = False
        self._link = None
        # Unacknowledged and not taken: the broker sends them again. Keeping them would break the bound.
        self._arrivals.clear()
        metrics.SESSION_CONNECTED.labels(self.name).set(0)

    def on_connack(self, packet: mqtt5.ConnAckPacket) -> str | None:
        """Subscribe and resume; returns a reason to give up this connection, if there is one."""
        link = self._link
        if link is None or packet.reason_code != mqtt5.ConnAckReasonCode.SUCCESS:
            return in_words(packet.reason_code)
        if self._ever_connected and not packet.session_present:
            _log.error("mqtt_session_forgotten", session=self.name)
            metrics.SESSION_LOST.labels(self.name).inc()
            self._on_forgotten()
        self._ever_connected = True
        self._connection += 1
        self.connected = True
        metrics.SESSION_CONNECTED.labels(self.name).set(1)
        link.send_maximum = packet.receive_max
        link.send(
            mqtt5.SubscribePacket(
                self._free_packet_id(),
                [
                    mqtt5.TopicFilter(
                        pattern,
                        max_qos=mqtt5.QoS.AT_LEAST_ONCE,
                        retain_handling=mqtt5.RetainHandling.SEND_IF_SUBSCRIPTION_NOT_EXISTS,
                    )
                    for pattern in self._filters
                ],
            ).write()
        )
        again = list(self._unacknowledged.items())
        if again:
            link.send(
                b"".join(
                    _publish(topic, payload, packet_id, duplicate=packet.session_present)
                    for packet_id, (topic, payload) in again
                )
            )
        self._flush()
        _log.info("mqtt_session_up", session=self.name, session_present=packet.session_present)
        self._on_connected()
        return None

    def on_publish(self, packets: list[mqtt5.PublishPacket]) -> None:
        """Keep what came in until the pipeline takes it."""
        received_ms, connection = self._clock.now_ms(), self._connection
        self._arrivals += [Arrival(p.topic, p.payload, p.packet_id, connection, p.retain, received_ms) for p in packets]
        self._on_arrival()

    def on_puback(self, packet_id: int) -> None:
        """The broker has one of ours."""
        self._unacknowledged.pop(packet_id, None)
        self._flush()


def _publish(topic: str, payload: bytes, packet_id: int, *, duplicate: bool) -> bytes:
    return mqtt5.PublishPacket(
        topic, payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=packet_id, duplicate=duplicate
    ).write()


class _Link(asyncio.Protocol):
    """One TCP connection: bytes to packets and back, pings."""

    def __init__(self, session: Session, loop: asyncio.AbstractEventLoop) -> None:
        self.send_maximum = 0
        self._session = session
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._ended: asyncio.Future[str] = loop.create_future()
        self._last_heard = loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("connection lost" if exc is None else type(exc).__name__)

    def data_received(self, data: bytes) -> None:
        self._last_heard = self._loop.time()
        octets = self._rest + data if self._rest else data
        view, start, published = memoryview(octets), 0, []
        try:
            while start < len(octets):
                packet, size = mqtt5.read(view[start:])
                start += size
                if isinstance(packet, mqtt5.PublishPacket):
                    published.append(packet)
                else:
                    self._control(packet)
        except IndexError:
            pass  # the rest of this packet is still on its way
        except ValueError as error:
            self._end(f"malformed packet: {error}")
        self._rest = octets[start:]
        if published:
            behind = self._session.waiting > 0
            self._session.on_publish(published)
            if behind and self._session.flow.gather_s:
                self._gather(self._session.flow.gather_s)

    def _gather(self, seconds: float) -> None:
        """Look away from the socket for a moment: one look at many messages costs what one look at one does."""
        if self._transport is not None:
            self._transport.pause_reading()
            self._loop.call_later(seconds, self._transport.resume_reading)

    def _control(self, packet: object) -> None:
        match packet:
            case mqtt5.PubAckPacket():
                self._session.on_puback(packet.packet_id)
            case mqtt5.ConnAckPacket():
                if refusal := self._session.on_connack(packet):
                    self._end(refusal)
            case mqtt5.SubAckPacket():
                if not all(code in _GRANTED for code in packet.reason_codes):
                    self._end("subscription refused")
            case mqtt5.DisconnectPacket():
                self._end(f"broker said {packet.reason_code}")
            case _:
                pass

    def send(self, octets: bytes) -> None:
        """Write, unless the connection is gone already."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(octets)

    async def keep_alive(self) -> str:
        """Ping until the connection ends; returns why it did."""
        while True:
            done, _ = await asyncio.wait([self._ended], timeout=KEEP_ALIVE_S / 2)
            if done:
                return self._ended.result()
            if self._loop.time() - self._last_heard > 1.5 * KEEP_ALIVE_S:
                return "broker is silent"
            self.send(mqtt5.PingReqPacket().write())

    def close(self) -> None:
        """End the connection politely; the session stays at the broker."""
        if self._transport is not None:
            self.send(mqtt5.DisconnectPacket().write())
            self._transport.close()

    def _end(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)
