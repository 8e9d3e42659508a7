"""Asking a device for something, and the device's end of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID

from devices.clock import SystemClock
from devices.commands import CommandName
from gateway.store.commands import StoredCommand, command, queue_command
from gateway.store.connection import connect
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import seed_community
from tests.support.gateway import encoded, running_gateway

NOW = SystemClock().now_ms


@contextmanager
def all_devices(broker: RunningBroker) -> Iterator[Client]:
    """All devices of the site s1 behind one connection."""
    with connected(broker, broker.site("s1")) as devices:
        devices.subscribe("anxin/v1/s1/+/command")
        yield devices


@asynccontextmanager
async def commanded(conninfo: str, broker: RunningBroker) -> AsyncIterator[Client]:
    """All devices of a community that a running gateway commands, behind one connection."""
    seed_community(conninfo)
    with all_devices(broker) as devices:
        async with running_gateway(conninfo, broker):
            yield devices


async def ask(
    conninfo: str,
    device: str,
    name: CommandName = "ring",
    args: dict[str, Any] | None = None,
    *,
    expires_in_s: int | None = None,
    by: str = "test",
) -> StoredCommand:
    """Queue a command."""
    async with await connect(conninfo, application="test") as connection:
        return await queue_command(
            connection, device=device, name=name, args=args or {}, by=by, now=NOW(), expires_in_s=expires_in_s
        )


async def ask_each(conninfo: str, devices: Sequence[str], name: CommandName) -> list[StoredCommand]:
    """Queue a command without arguments for each of these devices."""
    async with await connect(conninfo, application="test") as connection:
        return [
            await queue_command(connection, device=device, name=name, args={}, by="test", now=NOW())
            for device in devices
        ]


async def became(conninfo: str, key: UUID) -> StoredCommand:
    """The command as it is now."""
    async with await connect(conninfo, application="test") as connection:
        found = await command(connection, key)
    assert found is not None
    return found


def next_command(device: Client) -> dict[str, Any]:
    """The next command that a device gets."""
    while True:
        topic, payload = device.receive()
        if topic.endswith("/command"):
            body: dict[str, Any] = json.loads(payload)
            return body


def answer(client: Client, device: str, key: object, *, ok: bool = True, site: str = "s1", **further: Any) -> None:
    """Answer a command as a device does."""
    body = {"id": str(key), "ok": ok, "t": NOW(), **further}
    client.publish(f"anxin/v1/{site}/{device}/command_ack", encoded(**body))
