"""Commands to devices: out of their outbox to the broker, at a pace that no reconnect turns into a storm.

An attempt is written down before it is made and marked after the broker's PUBACK. Whoever dies between the
two sends the same id again later, and a device obeys an id once. What is due, and when, is decided by
``gateway.command_plan``.
"""

from __future__ import annotations

import asyncio
import random
import socket
from typing import Final

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from alerts.patience import until
from devices.clock import Clock
from devices.commands import command_payload
from devices.topics import device_topic
from gateway import metrics
from gateway.cancellation import heed_cancellation
from gateway.command_plan import BURST, RATE_PER_S, Pace, Plan, Send, Waiting, plan
from gateway.session import BrokerAddress
from gateway.store.changes import RELOOK_S, listen
from gateway.store.command_outbox import (
    DueCommand,
    due_commands,
    give_up,
    mark_sent,
    next_due,
    try_again,
    write_down_attempts,
)
from gateway.store.connection import Connection, connect
from gateway.store.errors import AWAY

LOOKED_AT: Final = 500
"""Due commands that are looked at in one transaction; more wait for the next, which follows at once."""
BROKER_AWAY_MS: Final = 1_000
"""A publication whose outcome is unknown is due again after this; it then waits until there is a broker."""

_log = structlog.get_logger(__name__)


class Commands:
    """The one sender of commands. ``run`` lives until it is cancelled."""

    def __init__(
        self, conninfo: str, address: BrokerAddress, client_id: str, *, clock: Clock, per_s: float = RATE_PER_S
    ) -> None:
        self._conninfo = conninfo
        self._address = address
        self._client_id = client_id
        self._clock = clock
        self._client: aiomqtt.Client | None = None
        self._wake = asyncio.Event()
        self._pace = Pace(BURST, clock.now_ms(), per_s)

    async def run(self) -> None:
        """Send what is due, give up what has run out; go on after any loss of broker or database."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_connected(), name="commands-broker")
            tasks.create_task(self._heed_requests(), name="commands-requests")
            tasks.create_task(self._work(), name="commands-outbox")

    async def _keep_connected(self) -> None:
        while True:
            try:
                async with self._broker() as client:
                    heed_cancellation()
                    self._client = client
                    metrics.COMMANDS_CONNECTED.set(1)
                    self._wake.set()
                    async for _ in client.messages:
                        pass
            except aiomqtt.MqttError as lost:
                _log.warning("commands_broker_lost", error=type(lost).__name__)
            finally:
                self._client = None
                metrics.COMMANDS_CONNECTED.set(0)
            heed_cancellation()
            await asyncio.sleep(random.uniform(0.1, 2.0))  # noqa: S311 - jitter, not a secret

    def _broker(self) -> aiomqtt.Client:
        return aiomqtt.Client(
            self._address.host,
            self._address.port,
            username=self._address.username,
            password=self._address.password,
            identifier=self._client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            tls_context=self._address.tls,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )

    async def _heed_requests(self) -> None:
        async for _ in listen(self._conninfo, ["command"], application="anxin commands listener"):
            self._wake.set()

    async def _work(self) -> None:
        while True:
            try:
                connection = await connect(self._conninfo, application="anxin commands")
                async with connection:
                    # What a crash of the database loses here is an attempt or a mark: the command goes out again.
                    await connection.execute("set synchronous_commit = off")
                    while True:
                        self._wake.clear()
                        await self._wait_until(await self._round(connection))
            except AWAY as error:
                _log.warning("commands_store_lost", error=type(error).__name__)
            await asyncio.sleep(random.uniform(0.1, 2.0))  # noqa: S311 - jitter, not a secret

    async def _wait_until(self, wake_ms: int) -> None:
        wait_s = min((wake_ms - self._clock.now_ms()) / 1000, RELOOK_S)
        if wait_s > 0:
            await until(self._wake, wait_s)

    async def _round(self, connection: Connection) -> int:
        """Do what is due; returns when something is due again, ms."""
        now, client = self._clock.now_ms(), self._client
        async with connection.transaction():
            due = await due_commands(connection, now, sending=client is not None, limit=LOOKED_AT)
            waiting = [Waiting(c.id, c.sent, c.attempts, c.expires_ms, c.answer_until_ms) for c in due]
            decided = plan(waiting, self._pace, now)
            await _write_down(connection, decided, now)
        self._pace = decided.pace
        if client is not None:
            await self._send(client, connection, due, decided.sends)
        if len(due) == LOOKED_AT and decided.wake_ms is None:
            return now
        times = [now + round(RELOOK_S * 1000), decided.wake_ms, await next_due(connection, now)]
        return min(time for time in times if time is not None)

    async def _send(
        self, client: aiomqtt.Client, connection: Connection, due: list[DueCommand], sends: list[Send]
    ) -> None:
        by_id = {command.id: command for command in due}
        outcomes = await asyncio.gather(
            *(_publish(client, by_id[send.id], send.keep_s) for send in sends), return_exceptions=True
        )
        heed_cancellation()
        for send, outcome in zip(sends, outcomes, strict=True):
            if outcome is None:
                metrics.COMMANDS_SENT.labels(by_id[send.id].command.name).inc()
                await mark_sent(connection, send.id, self._clock.now_ms())
            elif isinstance(outcome, aiomqtt.MqttError):
                await try_again(connection, send.id, self._clock.now_ms() + BROKER_AWAY_MS)
            else:
                raise outcome


async def _write_down(connection: Connection, decided: Plan, now: int) -> None:
    if decided.sends:
        await write_down_attempts(connection, [(send.id, send.again_ms) for send in decided.sends], now)
    await give_up(connection, unsent=decided.unsent, unanswered=decided.unanswered, now=now)
    metrics.COMMANDS_EXPIRED.labels("not_sent").inc(len(decided.unsent))
    metrics.COMMANDS_EXPIRED.labels("no_answer").inc(len(decided.unanswered))


async def _publish(client: aiomqtt.Client, due: DueCommand, keep_s: int) -> None:
    """Returns when the broker has it; it forgets a copy that nobody fetched after ``keep_s``."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = keep_s
    topic = device_topic(due.site, due.device, "command")
    await client.publish(topic, command_payload(due.command), qos=1, properties=properties)
