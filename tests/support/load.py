"""A load on a house with exact numbers, and what of it must be stored in the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import mqtt5
import msgspec

from devices.clock import ManualClock, SystemClock
from devices.topics import parse_device_topic
from simulator.fleet import Fleet
from simulator.load import Mix
from simulator.wire import PACKET_IDS
from tests.support.gateway import eventually
from tests.support.house import PATIENCE_S, Centre, House, Reading

SOS_EVERY: Final = 101
"""One reading of so many is a press: with 200 devices in turn each of them presses once in READINGS."""
READINGS: Final = 200 * SOS_EVERY
"""20,000 ordinary readings and 200 presses of 200 residents among them."""


def load_of(house: House, centre: Centre, *, sos_every: int | None = SOS_EVERY) -> Fleet:
    """The centre's devices in turn over one connection, so that who presses when is known."""
    return Fleet(
        house.broker_for(centre.site),
        centre.targets,
        clock=SystemClock(),
        connections=1,
        sos_every=sos_every,
        name=f"load-{centre.site}",
    )


def made(centre: Centre, count: int, *, sos_every: int | None = SOS_EVERY) -> Counter[Reading]:
    """The first ``count`` readings of such a load, each once."""
    made: Counter[Reading] = Counter()
    for outgoing in Mix(centre.targets, clock=ManualClock(), sos_every=sos_every).take(count):
        packet, _ = mqtt5.read(memoryview(outgoing.head + PACKET_IDS[1] + outgoing.tail))
        assert isinstance(packet, mqtt5.PublishPacket)
        topic = parse_device_topic(packet.topic)
        assert topic is not None
        made[Reading(topic.device, topic.kind.topic_name, msgspec.json.decode(packet.payload)["seq"])] += 1
    return made


def parts(count: int, number: int) -> list[int]:
    """``count`` in ``number`` nearly equal parts."""
    return [count // number + (part < count % number) for part in range(number)]


@asynccontextmanager
async def sending(load: Fleet, count: int, *, per_s: float) -> AsyncIterator[None]:
    """Send while the block runs, and to the end of the ``count`` after it."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load.send(count, per_s=per_s), name="load")
        yield


async def stores_again(house: House, since_ms: int) -> None:
    """Return when the gateway has stored readings in a batch that was begun after a moment."""
    query = "select count(*) from batch where last_pos >= first_pos and committed_at > to_timestamp(%s / 1000.0)"
    await eventually(lambda: house.one(query, since_ms), "the gateway stores readings", PATIENCE_S)


def assert_stored_once(house: House, centre: Centre, expected: Counter[Reading]) -> None:
    """Exactly the expected readings are stored, each as often as expected."""
    stored = house.stored(centre)
    missing, unexpected = expected - stored, stored - expected
    assert (missing.total(), unexpected.total()) == (0, 0), (missing.most_common(5), unexpected.most_common(5))


def assert_every_press_is_one_alarm(house: House, centre: Centre) -> None:
    """One press of each device, one alarm of its resident, opened once, never numbered twice."""
    pressed = sorted(centre.residents.values())
    found = house.rows(
        "select resident, (object ->> 'count')::int,"
        " (select count(*) from jsonb_array_elements(object -> 'timeline') e where e ->> 'event' = 'opened')"
        " from alarm where site = %s and rule = 'sos.button' order by resident",
        centre.site,
    )
    assert found == [(resident, 1, 1) for resident in pressed]
    strangers = "select s.alarm from sos s join device d on d.slot = s.device where d.site = %s and s.alarm is null"
    assert house.rows(strangers, centre.site) == []
    twice = "select alarm, version from alarm_change group by alarm, version having count(*) > 1"
    assert house.rows(twice) == []


def assert_nothing_rejected(house: House, centre: Centre) -> None:
    """No reading of the centre's people was refused."""
    query = "select topic, reason from rejected where topic like %s and topic not like %s"
    assert house.rows(query, f"anxin/v1/{centre.site}/%", f"%/{centre.probe}/%") == []
