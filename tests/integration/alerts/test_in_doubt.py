"""What is in doubt after a kill or a lost answer, over PostgreSQL and a server that speaks Twilio's API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from alerts.dispatcher import Dispatcher
from alerts.notifiers import twilio as provider
from alerts.notifiers.selection import WaysOut
from alerts.notifiers.twilio import TwilioNotifier
from alerts.outbox import LEASE_MS
from alerts.ports import NewMessage
from alerts.sending import SETTLED_MS
from devices.clock import ManualClock
from gateway.store.connection import pool
from simulator.twilio_standin import LOST, Refusal, TwilioStandIn
from tests.support.alarm_worlds import PostgresWorld
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, a_card, an_alarm

PARAMS = {"name": "王秀兰", "time": "09:15", "kind": "sos", "todo": "call_them", "site": "北苑社区", "who": "somebody"}


@pytest.fixture
def server() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as running:
        yield running


@pytest.fixture
async def world(conninfo: str) -> AsyncIterator[PostgresWorld]:
    async with pool(conninfo, application="anxin test", size=4) as connections:
        yield PostgresWorld(connections)


def ways(server: TwilioStandIn) -> WaysOut:
    phone = TwilioNotifier(
        account_sid=server.account_sid,
        auth_token=server.auth_token,
        sender="+15005550006",
        base_url=server.base_url,
        public_url="https://anxin.example.org",
    )
    return WaysOut(phone=phone, public_url="https://anxin.example.org")


async def queue(world: PostgresWorld, phone: str = "+12025550123") -> None:
    await world.register(a_card())
    message = NewMessage(
        alarm=an_alarm().id,
        site="north",
        resident="r1",
        recipient=phone,
        template="alarm",
        params=PARAMS,
        language="zh",
        expires_at=T0 + HOUR,
        priority=35,
    )
    async with world.store.transaction() as tx:
        await tx.insert(an_alarm())
        await tx.queue(message, T0)


@asynccontextmanager
async def dispatching(world: PostgresWorld, server: TwilioStandIn, t: int) -> AsyncIterator[Callable[[int], None]]:
    """A dispatcher at work; call what it yields to let the clock stand elsewhere."""
    clock, wakes = ManualClock(t), asyncio.Queue[None]()
    ways_out = ways(server)

    async def wake() -> AsyncIterator[None]:
        while True:
            await wakes.get()
            yield

    def at(t: int) -> None:
        clock.now = t
        wakes.put_nowait(None)

    working = Dispatcher(
        store=world.store,
        outbox=world.outbox,
        ways=ways_out,
        capabilities=ways_out.capabilities,
        clock=clock,
        steady_s=lambda: clock.now / 1000,
    )
    running = asyncio.get_running_loop().create_task(working.run(wake()))
    try:
        yield at
    finally:
        running.cancel()
        await asyncio.wait([running])


async def until(
    world: PostgresWorld, *states: tuple[str, str | None], and_also: Callable[[], bool] = lambda: True
) -> None:
    async with asyncio.timeout(20):
        while not and_also() or await world.message_states() != list(states):  # noqa: ASYNC110 - nobody is told
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("phone", ["+12025550123", "13800000001"], ids=["with a code", "without"])
async def test_what_a_killed_dispatcher_sent_is_found_at_twilio_and_not_sent_again(
    world: PostgresWorld, server: TwilioStandIn, phone: str
) -> None:
    await queue(world, phone)
    (claim,) = await world.outbox.claim(T0, 1)
    out = ways(server)
    notifier = out.notifier_for(claim.message)
    text = out.text_of(claim.message, "first-token", notifier.capabilities)
    await notifier.send(claim.message, text, T0)
    async with dispatching(world, server, T0 + LEASE_MS):
        await until(world, ("sent", None))
    assert (len(server.sent), server.lookups) == (1, 1)
    assert await world.outbox.unrecorded([server.sent[0].sid]) == []


async def test_what_a_killed_dispatcher_had_not_sent_is_sent(world: PostgresWorld, server: TwilioStandIn) -> None:
    await queue(world)
    await world.outbox.claim(T0, 1)
    async with dispatching(world, server, T0 + LEASE_MS):
        await until(world, ("sent", None))
    assert (len(server.sent), server.lookups) == (1, 1)


async def test_a_message_that_twilio_took_without_saying_so_in_time_is_sent_once(
    world: PostgresWorld, server: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "TIMEOUT_S", 0.2)
    await queue(world)
    server.refuse_next(Refusal(201, after_s=0.6, accepted=True))
    async with dispatching(world, server, T0) as at:
        await until(world, ("queued", "twilio_timeout"))
        assert await asyncio.to_thread(server.wait_for, 1, within_s=10)
        at(T0 + 3 * SECOND)
        await until(world, ("sent", None))
    assert len(server.sent) == 1


async def test_a_connection_that_broke_before_twilio_took_it_is_followed_by_a_second_try_after_ten_seconds(
    world: PostgresWorld, server: TwilioStandIn
) -> None:
    await queue(world)
    server.refuse_next(Refusal(LOST))
    async with dispatching(world, server, T0) as at:
        await until(world, ("queued", "twilio_unreachable"))
        at(T0 + SETTLED_MS - 1)
        await until(world, ("queued", "in_doubt"))
        assert server.sent == []
        at(T0 + SETTLED_MS)
        await until(world, ("sent", None))
    assert len(server.sent) == 1


async def test_when_twilio_is_down_for_ten_minutes_each_message_arrives_once_afterwards(
    world: PostgresWorld, server: TwilioStandIn
) -> None:
    await queue(world)
    server.refuse_all = Refusal(503, 20503)
    async with dispatching(world, server, T0) as at:
        for minutes in range(6):
            before = server.requests
            at(T0 + minutes * 2 * MINUTE)
            await until(world, ("queued", "twilio_20503"), and_also=lambda: server.requests > before)  # noqa: B023
        server.refuse_all = None
        at(T0 + 12 * MINUTE)
        await until(world, ("sent", None))
    assert len(server.sent) == 1
