"""Real brokers for tests, and an independent client (paho) that tells what it got."""

from __future__ import annotations

import queue
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Protocol

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from anxin.embedded.broker import (
    Accounts,
    Broker,
    BrokerKind,
    Credentials,
    find_mosquitto,
    gateway_credentials,
    site_credentials,
)
from anxin.embedded.folder import DataFolder
from anxin.embedded.iotcore import Iotcore
from anxin.embedded.mosquitto import Mosquitto
from devices.credentials import mosquitto_password_hash, new_mqtt_password

SITES = ("s1", "s2", "demo")
"""Sites that have an account at every broker under test."""
_PATIENCE_S = 20.0


@dataclass
class RunningBroker:
    """A broker under test with its accounts: the gateway's, one for each of SITES, and added devices."""

    broker: Broker
    folder: DataFolder
    accounts: Accounts
    devices: dict[str, Credentials] = field(default_factory=dict)

    @property
    def kind(self) -> BrokerKind:
        return self.broker.kind

    @property
    def host(self) -> str:
        return self.broker.host

    @property
    def port(self) -> int:
        """The port for MQTT 5."""
        return self.broker.port

    @property
    def gateway(self) -> Credentials:
        return gateway_credentials(self.folder)

    def site(self, site: str) -> Credentials:
        return site_credentials(self.folder, site)

    def add_device(self, device: str) -> Credentials:
        """Let a device sign in (Mosquitto only)."""
        credentials = Credentials(device, new_mqtt_password())
        self.devices[device] = credentials
        self._change_devices({device: mosquitto_password_hash(credentials.password)})
        return credentials

    def revoke_device(self, device: str) -> None:
        """Let a device sign in no more (Mosquitto only)."""
        del self.devices[device]
        self._change_devices({})

    def _change_devices(self, added: Mapping[str, str]) -> None:
        known = {**self.accounts.device_hashes, **added}
        hashes = {device: hashed for device, hashed in known.items() if device in self.devices}
        self.accounts = replace(self.accounts, device_hashes=hashes)
        self.broker.set_accounts(self.accounts)


@asynccontextmanager
async def running_broker(kind: BrokerKind, path: Path) -> AsyncIterator[RunningBroker]:
    """Run a broker of that kind; skips the test, by name, where it is not installed."""
    folder = DataFolder.open(path / f"broker-{kind}")
    accounts = Accounts(
        gateway_password=gateway_credentials(folder).password,
        site_passwords={site: site_credentials(folder, site).password for site in SITES},
    )
    broker: Broker
    if kind == "mosquitto":
        if find_mosquitto() is None:
            pytest.skip("MOSQUITTO IS NOT INSTALLED: this law was not tested")
        broker = Mosquitto(folder, accounts=accounts)
    else:
        broker = Iotcore(folder, accounts=accounts)
    await broker.start()
    try:
        yield RunningBroker(broker, folder, accounts)
    finally:
        await broker.stop()


class Client:
    """A paho client: received messages wait in ``arrivals`` as (topic, payload)."""

    def __init__(self, inner: paho.Client) -> None:
        self.inner = inner
        self.arrivals: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self.session_present = False
        self.refused: str | None = None
        self.ended = threading.Event()
        self._answered = threading.Event()
        self._subscribed = threading.Event()
        inner.on_message = lambda _client, _user, message: self.arrivals.put((message.topic, bytes(message.payload)))
        inner.on_connect = self._on_connect
        inner.on_disconnect = self._on_disconnect
        inner.on_subscribe = lambda *_: self._subscribed.set()

    def _on_connect(
        self,
        _client: paho.Client,
        _user: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.session_present = flags.session_present
        self.refused = str(reason) if reason.is_failure else None
        self._answered.set()

    def _on_disconnect(self, *_: object) -> None:
        if not self._answered.is_set():
            self.refused = "the broker hung up"
        self._answered.set()
        self.ended.set()

    def wait_for_answer(self) -> None:
        """Wait for the CONNACK, or until the broker hangs up instead, as iotcore does."""
        assert self._answered.wait(_PATIENCE_S), "the broker did not answer"

    def subscribe(self, topic: str, qos: int = 1) -> None:
        """Subscribe and wait for the SUBACK."""
        self._subscribed.clear()
        self.inner.subscribe(topic, qos)
        assert self._subscribed.wait(_PATIENCE_S), "no answer to the subscription"

    def publish(self, topic: str, payload: bytes, qos: int = 1, *, retain: bool = False) -> None:
        """Publish and wait until the broker has acknowledged."""
        self.inner.publish(topic, payload, qos, retain=retain).wait_for_publish(_PATIENCE_S)

    def receive(self) -> tuple[str, bytes]:
        """The next message."""
        return self.arrivals.get(timeout=_PATIENCE_S)


class Listens(Protocol):
    """Whatever speaks MQTT 5 there."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...


class Address(NamedTuple):
    """A broker of which no more is known."""

    host: str
    port: int


@contextmanager
def connected(
    broker: Listens,
    credentials: Credentials | None,
    client_id: str = "",
    *,
    keep_session: bool = False,
    manual_ack: bool = False,
) -> Iterator[Client]:
    """Connect with MQTT 5; yields when the broker has answered, be it with a refusal."""
    inner = paho.Client(
        CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5, manual_ack=manual_ack, reconnect_on_failure=False
    )
    if credentials is not None:
        inner.username_pw_set(credentials.username, credentials.password)
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 3600 if keep_session else 0
    client = Client(inner)
    inner.connect(broker.host, broker.port, clean_start=not keep_session, properties=properties)
    inner.loop_start()
    try:
        client.wait_for_answer()
        yield client
    finally:
        inner.disconnect()
        inner.loop_stop()
        # paho closes the pair of sockets that wakes its thread only when it is collected itself, with a warning.
        inner._reset_sockets()
