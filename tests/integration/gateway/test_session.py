"""The session's laws at a real broker: bound, order, and what happens to what an earlier connection brought."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from prometheus_client import REGISTRY

from devices.clock import SystemClock
from gateway.session import TAKEN_OCTETS, Arrival, Flow, Session
from tests.support.brokers import RunningBroker, connected
from tests.support.gateway import address_of, eventually

TOPIC = "anxin/v1/s1/b0/position"


@asynccontextmanager
async def running_session(
    broker: RunningBroker, *, receive_maximum: int = 4096, gather_s: float = 0.0
) -> AsyncIterator[Session]:
    session = Session(
        name="under-test",
        client_id="session-under-test",
        address=address_of(broker),
        filters=["anxin/v1/+/+/position"],
        clock=SystemClock(),
        on_arrival=lambda: None,
        flow=Flow(receive_maximum, gather_s),
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(session.run(), name="session under test")
        await eventually(lambda: session.connected, "connected")
        await asyncio.sleep(0.1)  # the SUBACK follows the CONNACK
        yield session
        running.cancel()


def _waiting(session: Session, count: int) -> Callable[[], bool]:
    return lambda: session.waiting == count


def _payloads(arrivals: list[Arrival]) -> list[bytes]:
    return [arrival.payload for arrival in arrivals]


async def test_the_broker_sends_no_more_than_the_receive_maximum_until_it_is_acknowledged(
    mosquitto: RunningBroker,
) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_session(mosquitto, receive_maximum=10) as session:
            for i in range(25):
                band.publish(TOPIC, b"%d" % i)
            await eventually(lambda: session.waiting == 10, "the window is full")
            await asyncio.sleep(0.2)
            assert session.waiting == 10
            received: list[bytes] = []
            while len(received) < 25:
                taken = session.take()
                received += _payloads(taken)
                session.acknowledge(taken)
                await asyncio.sleep(0.01)
    assert received == [b"%d" % i for i in range(25)]


async def test_large_messages_are_handed_over_in_parts_and_lose_none(broker: RunningBroker) -> None:
    sent = [bytes([65 + i]) * (TAKEN_OCTETS // 3) for i in range(5)]
    with connected(broker, broker.site("s1")) as band:
        async with running_session(broker) as session:
            for payload in sent:
                band.publish(TOPIC, payload)
            await eventually(lambda: session.waiting == 5, "five arrived")
            parts = []
            while session.waiting:
                taken = session.take()
                session.acknowledge(taken)
                parts.append(_payloads(taken))
    assert [len(part) for part in parts] == [3, 2]
    assert [payload for part in parts for payload in part] == sent


def _take_over(broker: RunningBroker) -> None:
    """Sign in under the session's client id, so that the broker drops its connection, and leave again."""
    with connected(broker, broker.gateway, client_id="session-under-test", keep_session=True, manual_ack=True):
        pass


async def test_what_was_not_acknowledged_comes_again_in_order_after_a_lost_connection(
    mosquitto: RunningBroker,
) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_session(mosquitto) as session:
            for i in range(5):
                band.publish(TOPIC, b"%d" % i)
            await eventually(lambda: session.waiting == 5, "five arrived")
            taken = session.take()
            session.acknowledge(taken[:2])
            await asyncio.to_thread(_take_over, mosquitto)
            await eventually(lambda: session.connected and session.waiting == 3, "three come again")
            session.acknowledge(taken[2:])  # of an earlier connection: must not acknowledge the new deliveries
            await asyncio.to_thread(_take_over, mosquitto)
            await eventually(lambda: session.connected and session.waiting == 3, "and again")
            assert _payloads(session.take()) == [b"2", b"3", b"4"]


@pytest.mark.parametrize(("gather_s", "read"), [(0.0, 3), (60.0, 2)])
async def test_only_a_session_that_gathers_looks_away_and_only_behind_messages_that_nobody_has_taken(
    mosquitto: RunningBroker, gather_s: float, read: int
) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_session(mosquitto, gather_s=gather_s) as session:
            for i in range(3):
                band.publish(TOPIC, b"%d" % i)
                await eventually(_waiting(session, 1), "it is read at once, since nothing waits")
                session.acknowledge(session.take())
            for i in range(2):
                band.publish(TOPIC, b"%d" % i)
                await eventually(_waiting(session, i + 1), "read")
            band.publish(TOPIC, b"2")
            await asyncio.sleep(0.3)
            assert session.waiting == read


async def test_what_was_gathered_is_read_in_order_though_nobody_takes_anything(mosquitto: RunningBroker) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_session(mosquitto, gather_s=0.05) as session:
            for i in range(30):
                band.publish(TOPIC, b"%d" % i)
            await eventually(_waiting(session, 30), "all are read")
            assert _payloads(session.take()) == [b"%d" % i for i in range(30)]


async def test_a_connection_that_is_lost_while_it_gathers_is_noticed(mosquitto: RunningBroker) -> None:
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_session(mosquitto, gather_s=0.5) as session:
            for i in range(2):
                band.publish(TOPIC, b"%d" % i)
                await eventually(_waiting(session, i + 1), "read")
            session.take()
            await asyncio.to_thread(_take_over, mosquitto)
            await eventually(_waiting(session, 2), "both come again")


async def test_messages_that_arrive_while_it_is_away_wait_at_the_broker(broker: RunningBroker) -> None:
    with connected(broker, broker.site("s1")) as band:
        async with running_session(broker):
            pass
        band.publish(TOPIC, b"meanwhile")
        async with running_session(broker) as session:
            await eventually(lambda: session.waiting == 1, "it waited")


async def test_a_broker_that_forgot_the_session_is_noticed(mosquitto: RunningBroker) -> None:
    def forgotten() -> float:
        return REGISTRY.get_sample_value("anxin_gateway_session_lost_total", {"session": "under-test"}) or 0.0

    before = forgotten()
    async with running_session(mosquitto) as session:
        with connected(mosquitto, mosquitto.gateway, client_id="session-under-test"):
            pass  # takes the session over with a clean start, and leaves none behind
        await eventually(lambda: forgotten() == before + 1, "counted")
        await eventually(lambda: session.connected, "connected again")
