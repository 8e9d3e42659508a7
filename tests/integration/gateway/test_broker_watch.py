"""When the gateway looks at a broker of one's own, and that its session survives there with TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from devices.clock import SystemClock
from gateway import broker_watch
from gateway.broker_watch import BrokerWatch
from gateway.session import BrokerAddress, Session
from tests.support.authority import make_authority
from tests.support.gateway import eventually
from tests.support.own_mosquitto import own_mosquitto
from tests.support.places import free_port

ENOUGH: Final = {
    "allow_anonymous": "true",
    "max_inflight_messages": "0",
    "max_queued_messages": "100000000",
    "set_tcp_nodelay": "true",
}


@asynccontextmanager
async def _session(address: BrokerAddress, on_forgotten: Callable[[], None] = lambda: None) -> AsyncIterator[Session]:
    session = Session(
        name="under-test",
        client_id="session-under-test",
        address=address,
        filters=["anxin/v1/_gateway/under-test/marker"],
        clock=SystemClock(),
        on_arrival=lambda: None,
        on_forgotten=on_forgotten,
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(session.run(), name="session under test")
        await eventually(lambda: session.connected, "connected")
        yield session
        running.cancel()


async def test_a_broker_that_forgets_us_is_looked_at_again_and_asked_for_persistence(
    service_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_watch, "LET_OTHERS_FIRST_S", 0.0)
    told: list[str | None] = []

    async def tell(advice: str | None) -> None:
        told.append(advice)

    port = free_port()
    address = BrokerAddress("127.0.0.1", port)
    watch = BrokerWatch(address, tell)
    async with asyncio.TaskGroup() as tasks:
        async with own_mosquitto(service_path, ENOUGH, port):
            watching = tasks.create_task(watch.run(), name="watch under test")
            await eventually(lambda: told == [None], "the first look finds nothing")
            sessions = _session(address, watch.forgotten)
            await sessions.__aenter__()
        async with own_mosquitto(service_path, ENOUGH, port):
            advice = await eventually(lambda: told[1:], "it is looked at again")
            await sessions.__aexit__(None, None, None)
        watching.cancel()
    assert advice == ["broker: persistence (our session was forgotten)"]


async def test_the_gateways_session_speaks_tls(service_path: Path) -> None:
    make_authority(service_path)
    files = {"certfile": str(service_path / "broker.crt"), "keyfile": str(service_path / "broker.key")}
    async with own_mosquitto(service_path, {**ENOUGH, **files}) as port:
        trusts = ssl.create_default_context(cafile=str(service_path / "ca.crt"))
        async with _session(BrokerAddress("127.0.0.1", port, tls=trusts)) as session:
            session.publish("anxin/v1/_gateway/under-test/marker", b"to myself")
            await eventually(lambda: session.waiting, "it comes back")
            assert [arrival.payload for arrival in session.take()] == [b"to myself"]
