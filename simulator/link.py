"""One MQTT 5 connection with a persistent session that comes back by itself; it carries one band or many.

A link of a single band signs in as that device, says ``online`` and leaves a last will (``offline``, both
retained presence). A link of many bands signs in with a site's account, as a site bridge does; it has no
last will, since the bands have not gone when the bridge has.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from simulator.die import Die

SESSION_EXPIRY_S: Final = 86_400
PUBLISH_TIMEOUT_S: Final = 15.0
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 5.0
IN_FLIGHT: Final = 200
ONLINE: Final = b'{"state":"online"}'
OFFLINE: Final = b'{"state":"offline"}'

Handler = Callable[[bytes], None]

_log = structlog.get_logger(__name__)


class LinkLost(Exception):
    """The connection ended before the broker acknowledged; the reading must be sent again."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker listens and how to sign in."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)


class Link:
    """A connection to the broker. ``run`` keeps it up until it is cancelled."""

    def __init__(self, broker: BrokerAddress, client_id: str, *, presence_topic: str | None = None) -> None:
        self.up = asyncio.Event()
        """Set while the broker is reachable and the subscriptions stand."""
        self._broker = broker
        self._client_id = client_id
        self._presence_topic = presence_topic
        self._client: aiomqtt.Client | None = None
        self._filters: list[str] = []
        self._handlers: dict[str, Handler] = {}
        self._waiting: set[asyncio.Timeout] = set()
        self._die = Die("link", client_id)
        self._attempt = 0
        self.was_up = 0
        """How often the broker has let us in."""
        self.trouble: str | None = None
        """Why the last connection ended or never came about, in the broker's words."""

    def subscribe(self, topic_filter: str) -> None:
        """Ask for a filter at each connection; call before ``run``."""
        self._filters.append(topic_filter)

    def listen(self, topic: str, handler: Handler) -> None:
        """Hand the payloads of one exact topic to ``handler``."""
        self._handlers[topic] = handler

    async def run(self) -> None:
        """Connect, receive, reconnect with jitter; never returns."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async with self._connect() as client:
                    pause_s = FIRST_PAUSE_S
                    await self._receive(client)
            except aiomqtt.MqttError as error:
                self.trouble = str(error)
                _log.info("link down", client=self._client_id, reason=type(error).__name__)
            finally:
                self._drop()
            self._attempt += 1
            await asyncio.sleep(self._die.uniform(0.5, 1.0, self._attempt) * pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1 and return when the broker has acknowledged.

        Raises:
            LinkLost: The connection is not there or ended meanwhile, or the answer took too long.
        """
        client = self._client
        if client is None:
            raise LinkLost
        with self._until_link_lost() as scope:
            async with scope:
                await client.publish(topic, payload, qos=1, retain=retain, timeout=math.inf)

    @contextlib.contextmanager
    def _until_link_lost(self) -> Iterator[asyncio.Timeout]:
        scope = asyncio.timeout(PUBLISH_TIMEOUT_S)
        self._waiting.add(scope)
        try:
            yield scope
        except (TimeoutError, aiomqtt.MqttError) as error:
            raise LinkLost from error
        finally:
            self._waiting.discard(scope)

    def _connect(self) -> aiomqtt.Client:
        topic = self._presence_topic
        will = None if topic is None else aiomqtt.Will(topic, OFFLINE, qos=1, retain=True)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        client = aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.username,
            password=self._broker.password,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=properties,
            will=will,
            keepalive=30,
            max_inflight_messages=IN_FLIGHT,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
        client.pending_calls_threshold = 10 * IN_FLIGHT
        return client

    async def _receive(self, client: aiomqtt.Client) -> None:
        for topic_filter in self._filters:
            await client.subscribe(topic_filter, qos=1)
        if self._presence_topic is not None:
            await client.publish(self._presence_topic, ONLINE, qos=1, retain=True)
        self._client = client
        self.was_up += 1
        self.up.set()
        try:
            async for message in client.messages:
                handler = self._handlers.get(message.topic.value)
                if handler is not None:
                    handler(message.payload)
        except asyncio.CancelledError:
            if self._presence_topic is not None:
                await client.publish(self._presence_topic, OFFLINE, qos=1, retain=True, timeout=1)
            raise

    def _drop(self) -> None:
        """Make every publisher that still waits for an acknowledgement give up at once."""
        self._client = None
        self.up.clear()
        for scope in self._waiting:
            with contextlib.suppress(RuntimeError):
                scope.reschedule(-1)
