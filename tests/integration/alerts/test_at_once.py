"""People, the gateway and the dispatcher on the same alarm at the same moment, over PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from alerts.alarm import Alarm
from alerts.desk import absorb, act
from alerts.steps import carry_out_due
from alerts.transitions import Acknowledge, Refused
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import pool
from tests.support.alarms import MINUTE, T0, an_episode


@pytest.fixture
async def store(conninfo: str) -> AsyncIterator[PostgresAlarmStore]:
    async with pool(conninfo, application="anxin test", size=6) as connections:
        yield PostgresAlarmStore(connections)


async def raise_sos(store: PostgresAlarmStore) -> Alarm:
    async with store.transaction() as tx:
        return (await absorb(tx, [an_episode()], T0)).changed[0]


async def test_of_many_who_take_an_alarm_at_once_one_has_it(store: PostgresAlarmStore) -> None:
    alarm = await raise_sos(store)
    answers = await asyncio.gather(*(act(store, alarm.id, Acknowledge(), f"duty-{n}", T0) for n in range(6)))
    (winner,) = [answer for answer in answers if isinstance(answer, Alarm)]
    losers = [answer for answer in answers if answer is not winner]
    assert losers == [Refused(winner, "state")] * 5


async def test_the_dispatcher_passes_over_an_alarm_that_somebody_is_taking(store: PostgresAlarmStore) -> None:
    alarm = await raise_sos(store)
    async with store.transaction() as tx:
        assert await tx.lock(alarm.id) is not None
        async with asyncio.timeout(2):
            assert await carry_out_due(store, T0 + 2 * MINUTE) == 0
        await tx.withdraw_steps(alarm.id)
    assert await carry_out_due(store, T0 + 2 * MINUTE) == 0


async def test_two_dispatchers_carry_out_a_step_once(store: PostgresAlarmStore) -> None:
    await raise_sos(store)
    assert sorted(await asyncio.gather(*(carry_out_due(store, T0 + MINUTE) for _ in range(2)))) == [0, 1]
