"""The alarm feed: every change of every alarm on ``anxin/v1/{site}/alarms``, at a human pace."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import aiomqtt
import psycopg
import structlog

from devices.topics import alarms_topic
from gateway import metrics
from gateway.cancellation import heed_cancellation
from gateway.session import BrokerAddress
from gateway.store.changes import changes_after, listen
from gateway.store.connection import Connection, connect
from gateway.store.feed import advance_cursor, read_cursor

BROKER_BYTES_TOPIC: Final = "$SYS/broker/store/messages/bytes"
PAGE: Final = 200
AFTER_THE_DESK_S: Final = 0.02
"""Other systems may have a change this much later: the duty desk's screen gets the processor first."""

_log = structlog.get_logger(__name__)


async def run(
    conninfo: str, address: BrokerAddress, client_id: str, *, seen: Callable[[bytes], None] = lambda _: None
) -> None:
    """Publish what is committed, each change once the one before it is with the broker; go on after any loss.

    ``seen`` hears of every alarm object, some again after a loss.
    """
    while True:
        try:
            async with (
                aiomqtt.Client(
                    address.host,
                    address.port,
                    username=address.username,
                    password=address.password,
                    identifier=client_id,
                    protocol=aiomqtt.ProtocolVersion.V5,
                    tls_context=address.tls,
                ) as client,
                asyncio.TaskGroup() as tasks,
            ):
                heed_cancellation()
                tasks.create_task(_watch_broker(client), name="broker-fill-level")
                tasks.create_task(_publish(conninfo, client, seen), name="alarm-feed")
        except* (aiomqtt.MqttError, psycopg.OperationalError) as lost:
            _log.warning("feed_interrupted", error=type(lost.exceptions[0]).__name__)
        heed_cancellation()
        await asyncio.sleep(random.uniform(0.1, 2.0))  # noqa: S311 - jitter, not a secret


async def _publish(conninfo: str, client: aiomqtt.Client, seen: Callable[[bytes], None]) -> None:
    connection = await connect(conninfo, application="anxin feed")
    async with connection:
        n = await read_cursor(connection)
        async for _ in listen(conninfo, ["alarm_change"], application="anxin feed listener"):
            await asyncio.sleep(AFTER_THE_DESK_S)
            n = await _catch_up(connection, client, n, seen)


async def _catch_up(connection: Connection, client: aiomqtt.Client, n: int, seen: Callable[[bytes], None]) -> int:
    while changes := await changes_after(connection, n, PAGE):
        for change in changes:
            seen(change.object_json)
            if change.site:
                await client.publish(alarms_topic(change.site), change.object_json, qos=1)
                heed_cancellation()
        n = changes[-1].n
        await advance_cursor(connection, n)
    return n


async def _watch_broker(client: aiomqtt.Client) -> None:
    """Keep the broker's fill level, where it tells one (Mosquitto does)."""
    await client.subscribe(BROKER_BYTES_TOPIC)
    heed_cancellation()
    async for message in client.messages:
        with suppress(ValueError, TypeError):
            metrics.BROKER_STORED_BYTES.set(float(message.payload))
