"""Two dispatchers, killed at random: a thousand alarms with three steps each, no step missed, nobody told twice.

Real processes over a real PostgreSQL and a server that speaks Twilio's API. It answers slowly, loses answers, is
busy, fails, and refuses some numbers for good; what it took it can always tell, so nothing may be sent twice.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest

from alerts.desk import absorb
from alerts.policies import PolicyStep
from devices.clock import SystemClock
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import pool
from simulator.names import contact_phone, resident_phone
from simulator.twilio_standin import LOST, Refusal, TwilioStandIn
from tests.support.alarms import an_episode
from tests.support.community import one, rows
from tests.support.dispatcher_processes import Dispatchers, dispatchers
from tests.support.gateway import eventually

pytestmark = pytest.mark.timeout(600)

ALARMS = 1_000
WAVES = 10
KILLS = 12
STEPS = [PolicyStep(after_s=4 * n, who="family", how="sms", nth=n + 1) for n in range(3)]
BAD_NUMBER = 21211
BAD = {contact_phone(index, 1) for index in range(5)}
"""Each number of a first contact is that of two residents: 500 apart, it comes again."""
TROUBLE = (
    Refusal(LOST, accepted=True),
    Refusal(LOST),
    Refusal(429, 20429, retry_after_s=1),
    Refusal(500, 20500),
    Refusal(503, 20503, accepted=True),
)
NOW = SystemClock().now_ms


def phones_of(index: int) -> tuple[str, str, str]:
    return contact_phone(index, 1), contact_phone(index, 2), resident_phone(index)


def name_of(index: int) -> str:
    return f"R{index:04d}"


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as standin:
        standin.slow_s = 0.03
        standin.refused_numbers = dict.fromkeys(BAD, BAD_NUMBER)
        yield standin


def seed(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        cursor.execute("insert into site (id, name) values ('north', 'North')")
        cursor.execute(
            "insert into escalation_policy (site, name, applies_to, steps) values ('north', 'three', 'sos', %s::jsonb)",
            (msgspec.json.encode(STEPS).decode(),),
        )
        cursor.executemany(
            "insert into resident (id, site, name, language) values (%s, 'north', %s, 'en')",
            [(f"r{index}", name_of(index)) for index in range(ALARMS)],
        )
        cursor.executemany(
            'insert into contact (resident_slot, name, phone, "order", language)'
            " select slot, 'Contact', %s, %s, 'en' from resident where id = %s",
            [(phone, order, f"r{index}") for index in range(ALARMS) for order, phone in enumerate(phones_of(index))],
        )


async def raise_alarms(conninfo: str) -> None:
    """A wave of alarms each second."""
    async with pool(conninfo, application="anxin test", size=2) as connections:
        store = PostgresAlarmStore(connections)
        for wave in range(WAVES):
            now = NOW()
            presses = [
                an_episode(t=now, resident=f"r{index}", subject=f"r{index}", device=None)
                for index in range(wave, ALARMS, WAVES)
            ]
            async with store.transaction() as tx:
                await absorb(tx, presses, now)
            await asyncio.sleep(1)


async def kill_at_random(running: Dispatchers, twilio: TwilioStandIn, chance: random.Random) -> None:
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(1.0, 4.0))
        twilio.refuse_next(*chance.choices(TROUBLE, k=5))
        running.replace(chance.randrange(2))


def all_is_said(conninfo: str, running: Dispatchers) -> bool:
    running.are_alive()
    waits = "select (select count(*) from escalation_step where state = 'pending' and step = 'tell')"
    unsaid: int = one(conninfo, f"{waits} + (select count(*) from message where state in ('queued', 'sending'))")
    return unsaid == 0


async def test_no_step_is_missed_and_nobody_is_told_twice_though_dispatchers_are_killed(
    conninfo: str, twilio: TwilioStandIn, tmp_path: Path, measured: Callable[[str, float], None]
) -> None:
    seed(conninfo)
    chance = random.Random(20)
    begun = NOW()
    with dispatchers(conninfo, twilio, tmp_path, 2) as running:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(raise_alarms(conninfo))
            tasks.create_task(kill_at_random(running, twilio, chance))
        await eventually(lambda: all_is_said(conninfo, running), "everything is said", 400)
    measured("seconds", (NOW() - begun) / 1000)
    measured("looked_up", twilio.lookups)

    wanted = Counter((phone, name_of(index)) for index in range(ALARMS) for phone in phones_of(index))
    assert set(wanted.values()) == {1}
    refused = {(phone, name) for phone, name in wanted if phone in BAD}
    steps = Counter(rows(conninfo, "select state, outcome from escalation_step where step = 'tell'"))
    assert steps.total() == 3 * ALARMS
    # Whose number is refused cannot be told; the next one is, at once, and may know when their own step comes.
    assert steps["done", "told"] >= 3 * ALARMS - len(refused)
    assert steps["done", "told"] + steps["done", "knows"] == 3 * ALARMS
    heard = Counter((message.to, message.body.split()[1]) for message in twilio.sent)
    unheard = set(wanted - heard)  # trouble may take a message before its number is looked at
    assert unheard <= refused
    assert sorted(heard - wanted) == []
    written = rows(conninfo, "select state, provider_id from message")
    assert Counter(state for state, _ in written) == {"sent": 3 * ALARMS - len(unheard), "failed": len(unheard)}
    assert {provider_id for state, provider_id in written if state == "sent"} == {m.sid for m in twilio.sent}
    story = "select count(*) from alarm, jsonb_array_elements(object -> 'timeline') entry where entry ->> 'event' = %s"
    assert one(conninfo, story, "not_delivered") == len(unheard)
