from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from devices.clock import SystemClock
from simulator.fleet import Fleet, Refused, Target
from simulator.link import BrokerAddress
from tests.support.brokers import RunningBroker, connected

TARGETS = [Target("demo", f"load-{number:03d}") for number in range(50)]


def _address(broker: RunningBroker, password: str | None = None) -> BrokerAddress:
    account = broker.site("demo")
    return BrokerAddress(broker.host, broker.port, account.username, password or account.password)


async def test_what_the_broker_acknowledged_is_exactly_what_arrives(mosquitto: RunningBroker) -> None:
    with connected(mosquitto, mosquitto.gateway, "listener") as gateway:
        gateway.subscribe("anxin/v1/demo/#")
        async with Fleet(_address(mosquitto), TARGETS, clock=SystemClock(), sos_every=100) as fleet:
            await fleet.send(3_000, per_s=6_000)
            await fleet.drain()
            assert fleet.tally == (3_000, 3_000, 0, 0)
        seen: dict[str, set[int]] = {}
        kinds: Counter[str] = Counter()
        for _ in range(3_000):
            topic, payload = await asyncio.to_thread(gateway.receive)
            _, _, _, device, kind = topic.split("/")
            kinds[kind] += 1
            seen.setdefault(device, set()).add(json.loads(payload)["seq"])
    assert {device: set(range(count)) for device, count in fleet.readings_by_device().items()} == seen
    assert kinds["sos"] == fleet.presses > 0
    assert kinds["position"] > 1_000
    assert kinds["heartbeat"] > 1_000


async def test_a_lost_connection_loses_no_reading(mosquitto: RunningBroker) -> None:
    with connected(mosquitto, mosquitto.gateway, "listener") as gateway:
        gateway.subscribe("anxin/v1/demo/#")
        async with Fleet(_address(mosquitto), TARGETS, clock=SystemClock(), connections=1) as fleet:
            stream = fleet.streams[0]
            await fleet.send(500, per_s=5_000)
            stream.top_up(1_000)
            stream.drop()
            await fleet.send(500, per_s=5_000)
            await fleet.drain()
            assert fleet.tally.sent == fleet.tally.acked == 2_000
            assert fleet.tally.repeated > 0
        expected = {(device, seq) for device, count in fleet.readings_by_device().items() for seq in range(count)}
        seen: set[tuple[str, int]] = set()
        while len(seen) < 2_000:
            topic, payload = await asyncio.to_thread(gateway.receive)
            seen.add((topic.split("/")[3], json.loads(payload)["seq"]))
    assert seen == expected


async def test_whoever_is_not_let_in_is_told(mosquitto: RunningBroker) -> None:
    with pytest.raises(ExceptionGroup) as refused:
        async with Fleet(_address(mosquitto, "wrong"), TARGETS, clock=SystemClock(), connections=1) as fleet:
            await fleet.send(1)
    assert refused.group_contains(Refused)
