"""What a broker that we did not configure keeps for us, found out by experiment (design rule 2).

MQTT lets no client ask. So a session of our own is left alone with a backlog, as the gateway's is when the
gateway is away: how many messages come before the first acknowledgement is the broker's in-flight window;
how many come at all is its queue. Mosquitto keeps 20 and 1,000 by default and drops the rest in silence
(Source: mosquitto.conf(5), ``max_inflight_messages``, ``max_queued_messages``); other brokers differ.
"""

from __future__ import annotations

import asyncio
import statistics
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Final

import mqtt5

from gateway.decode import MARKER_PREFIX
from gateway.errors import BrokerRefusedError, BrokerUnreachableError
from gateway.session import RECEIVE_MAXIMUM, BrokerAddress
from gateway.sign_in import Client, signed_in

CLIENT_ID: Final = "anxin-gateway-probe"
TOPIC: Final = f"{MARKER_PREFIX}probe/marker"
BACKLOG: Final = 10_000
"""Messages that a broker must keep: two full batches, or 10 s of 1,000 devices that report every second while
the gateway is started again. More cannot be promised by a look of a second. Assumption."""
PAYLOAD: Final = bytes(124)
"""As long as a position, so that a bound in bytes shows as well."""
PAIRS: Final = 24
"""Pairs of small messages; the first dozen may escape the kernel's delayed acknowledgement."""
SLOW_PAIR_MS: Final = 20.0
"""Half of the 40 ms by which Linux delays an acknowledgement. Source: tcp(7), ``TCP_NODELAY``; measured."""
QUIET_S: Final = 1.0
"""A broker that has sent nothing for this long has sent all that it will."""
SESSION_S: Final = 60
"""If we die in the middle, the broker forgets the probe's session after this."""
PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Advice:
    """One setting to change, by Mosquitto's name for it, and what was found in its place."""

    setting: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """``window`` messages come before the first acknowledgement; ``kept`` of ``BACKLOG`` come at all.

    ``pair_ms`` is by how much the second of two small messages follows the first; ``forgot``: the broker did
    not know the gateway's session after a reconnect.
    """

    window: int
    kept: int
    pair_ms: float
    forgot: bool = False

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What to set otherwise; empty for a broker that loses nothing of ours."""
        found = []
        # A window as large as all that was kept may be larger still.
        if self.window < min(self.kept, RECEIVE_MAXIMUM):
            found.append(Advice("max_inflight_messages", f"{self.window} of {RECEIVE_MAXIMUM} in flight"))
        if self.kept < BACKLOG:
            found.append(Advice("max_queued_messages, max_queued_bytes", f"{self.kept} of {BACKLOG} kept"))
        if self.pair_ms > SLOW_PAIR_MS:
            found.append(Advice("set_tcp_nodelay", f"{self.pair_ms:.0f} ms between two messages"))
        if self.forgot:
            found.append(Advice("persistence", "our session was forgotten"))
        return tuple(found)


async def probe(address: BrokerAddress, *, forgot: bool = False) -> Findings:
    """Find out what the broker keeps; takes a second or less where it keeps all, some seconds elsewhere.

    Args:
        address: where it is and who we are there.
        forgot: whether it has just forgotten our session.

    Raises:
        BrokerUnreachableError: if it goes away meanwhile, or takes too long.
        BrokerRefusedError: if we may not sign in, publish our markers, or read.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            async with signed_in(address, f"{CLIENT_ID}-publisher") as publisher:
                async with _session(address, clean_start=True) as receiver:
                    await _subscribe(receiver)
                    pair_ms = await _pairs(publisher, receiver)
                await _publish(publisher, BACKLOG)
            async with _session(address, clean_start=False) as receiver:
                window, kept = await _collect(receiver)
                if not (kept or receiver.session_present):
                    raise BrokerRefusedError("it keeps no session of a client that is away: allow persistent sessions")
            async with signed_in(address, CLIENT_ID):
                pass  # a clean start without expiry: the session and what is left in it are gone
    except TimeoutError:
        raise BrokerUnreachableError(f"it took more than {PATIENCE_S:.0f} s over {BACKLOG} messages") from None
    return Findings(window=window, kept=kept, pair_ms=pair_ms, forgot=forgot)


def _session(address: BrokerAddress, *, clean_start: bool) -> AbstractAsyncContextManager[Client]:
    return signed_in(
        address, CLIENT_ID, clean_start=clean_start, session_expiry_s=SESSION_S, receive_maximum=RECEIVE_MAXIMUM
    )


async def _subscribe(receiver: Client) -> None:
    receiver.send(mqtt5.SubscribePacket(1, [mqtt5.TopicFilter(TOPIC, max_qos=mqtt5.QoS.AT_LEAST_ONCE)]).write())
    (answer,) = await receiver.packets()
    if not isinstance(answer, mqtt5.SubAckPacket) or int(answer.reason_codes[0]) >= _REFUSALS:
        raise BrokerRefusedError(_MAY_NOT_READ)


async def _pairs(publisher: Client, receiver: Client) -> float:
    """By how many ms the second of two messages comes later than the first: the median over ``PAIRS``."""
    loop = asyncio.get_running_loop()
    gaps_ms = []
    for number in range(PAIRS):
        publisher.send(_message(2 * number + 1), _message(2 * number + 2))
        arrived: list[tuple[float, int | None]] = []
        while len(arrived) < 2:
            try:
                async with asyncio.timeout(QUIET_S):
                    packets = await receiver.packets()
            except TimeoutError:
                await _acknowledged(publisher, 2)
                raise BrokerRefusedError(_MAY_NOT_READ) from None
            arrived += [(loop.time(), p.packet_id) for p in packets if isinstance(p, mqtt5.PublishPacket)]
        receiver.send(*(mqtt5.PubAckPacket(packet_id).write() for _, packet_id in arrived if packet_id is not None))
        await _acknowledged(publisher, 2)
        gaps_ms.append((arrived[1][0] - arrived[0][0]) * 1000)
    return statistics.median(gaps_ms)


async def _publish(publisher: Client, count: int) -> None:
    """Publish with as many under way as the broker takes, until all are acknowledged."""
    window = min(publisher.window, _AT_ONCE)
    sent = acknowledged = 0
    while acknowledged < count:
        until = min(acknowledged + window, count)
        publisher.send(*(_message(number + 1) for number in range(sent, until)))
        sent = until
        acknowledged += await _acknowledged(publisher, 1)


async def _acknowledged(publisher: Client, least: int) -> int:
    """Wait for so many acknowledgements at least; returns how many came."""
    came = 0
    while came < least:
        for packet in await publisher.packets():
            if isinstance(packet, mqtt5.PubAckPacket):
                if packet.reason_code == mqtt5.PubAckReasonCode.NOT_AUTHORIZED:
                    raise BrokerRefusedError(_MAY_NOT_PUBLISH)
                came += 1
            elif isinstance(packet, mqtt5.DisconnectPacket):
                raise BrokerUnreachableError(f"it ended the connection: {packet.reason_code.name.lower()}")
    return came


async def _collect(receiver: Client) -> tuple[int, int]:
    """Count what comes before the first acknowledgement, and what comes at all."""
    window, owed = await _until_quiet(receiver, RECEIVE_MAXIMUM)
    kept = window
    while owed and kept < BACKLOG:
        receiver.send(*(mqtt5.PubAckPacket(packet_id).write() for packet_id in owed))
        more, owed = await _until_quiet(receiver, 1)
        kept += more
    return window, kept


async def _until_quiet(receiver: Client, enough: int) -> tuple[int, list[int]]:
    """Take messages until there are enough or no more come; returns how many, and what is to be acknowledged."""
    owed: list[int] = []
    with suppress(TimeoutError):
        while len(owed) < enough:
            async with asyncio.timeout(QUIET_S):
                packets = await receiver.packets()
            owed += [p.packet_id for p in packets if isinstance(p, mqtt5.PublishPacket) and p.packet_id is not None]
    return len(owed), owed


def _message(number: int) -> bytes:
    return mqtt5.PublishPacket(TOPIC, PAYLOAD, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=number).write()


_AT_ONCE: Final = 1_000
"""Publications under way at most: the loop that we share with readings is not held up."""
_REFUSALS: Final = 128
_MAY_NOT_READ: Final = "our account may not read: allow it `topic read anxin/v1/#`"
_MAY_NOT_PUBLISH: Final = "our account may not publish: allow it `topic write anxin/v1/_gateway/+/marker`"
