"""The kill tests: whatever is killed under load, no reading is lost or stored twice, every cry is one alarm."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import pytest

from devices.clock import SystemClock
from simulator.main import Options, Simulation
from tests.support.gate import kill_during_commit
from tests.support.gateway import eventually
from tests.support.house import PATIENCE_S, Centre, House
from tests.support.load import (
    READINGS,
    assert_every_press_is_one_alarm,
    assert_nothing_rejected,
    assert_stored_once,
    load_of,
    made,
    parts,
    sending,
    stores_again,
)

pytestmark = pytest.mark.timeout(400)

ORDINARY = 20_000
PER_S = 2_500
REPEAT_S = 2.0
"""How soon a band repeats an unheard cry here; the contract's 10 s would only make the test longer."""
NOW = SystemClock().now_ms

Measured = Callable[[str, float], None]
Strike = Callable[[], Awaitable[None]]


async def _strike(house: House, strike: Strike, measured: Measured, name: str) -> None:
    """Strike, wait until readings are stored again, and keep how long that took."""
    start = NOW()
    await strike()
    await stores_again(house, start)
    measured(name, (NOW() - start) / 1000)


async def _load_and_strike(house: House, centre: Centre, strikes: Sequence[Strike]) -> None:
    """Send all readings; strike once in each part but the last, when the gateway is at work on that part."""
    *struck, last = parts(READINGS, len(strikes) + 1)
    async with load_of(house, centre) as load:
        for count, strike in zip(struck, strikes, strict=True):
            start = NOW()
            async with sending(load, count, per_s=PER_S):
                await stores_again(house, start)
                await strike()
        await load.send(last, per_s=PER_S)
        await load.drain(within_s=PATIENCE_S)
        assert load.presses == len(centre.people)
        assert load.tally.refused == 0
    await house.has_heard(centre)


def _assert_all_once(house: House, centre: Centre) -> None:
    assert_stored_once(house, centre, made(centre, READINGS))
    assert_every_press_is_one_alarm(house, centre)
    assert_nothing_rejected(house, centre)


async def test_a_gateway_killed_three_times_loses_nothing_and_doubles_nothing(house: House, measured: Measured) -> None:
    centre = await house.register("gateway-killed", 200)
    restarts, epoch = house.restarts("gateway"), house.one("select max(epoch) from gateway_epoch")
    strikes: list[Strike] = [
        lambda: kill_during_commit(house, "sos", outcome="rolled back"),
        lambda: kill_during_commit(house, "heartbeat", outcome="committed"),
        lambda: kill_during_commit(house, "sos", outcome="committed"),
    ]
    strikes = [partial(_strike, house, strike, measured, "gateway_back_s") for strike in strikes]
    await _load_and_strike(house, centre, strikes)
    _assert_all_once(house, centre)
    assert house.restarts("gateway") == restarts + 3
    lives = "select count(distinct epoch) from batch where last_pos >= first_pos and epoch > %s"
    assert house.one(lives, epoch) == 3


async def test_a_database_killed_whole_and_by_one_backend_loses_nothing_and_doubles_nothing(
    house: House, measured: Measured
) -> None:
    centre = await house.register("database-killed", 200)

    async def kill_backend() -> None:
        os.kill(house.one("select pid from pg_stat_activity where application_name = 'anxin gateway'"), signal.SIGKILL)

    strikes: list[Strike] = [
        partial(_strike, house, partial(house.strike, "postgres"), measured, "database_back_s"),
        partial(_strike, house, kill_backend, measured, "backend_back_s"),
    ]
    await _load_and_strike(house, centre, strikes)
    _assert_all_once(house, centre)


async def test_a_broker_restarted_twice_loses_nothing_and_doubles_nothing(house: House, measured: Measured) -> None:
    centre = await house.register("broker-restarted", 200)
    restart = partial(house.strike, "broker", signal.SIGTERM)
    strikes: list[Strike] = [partial(_strike, house, restart, measured, "broker_back_s")] * 2
    await _load_and_strike(house, centre, strikes)
    _assert_all_once(house, centre)


async def test_a_broker_killed_three_times_silences_no_cry(house: House, measured: Measured) -> None:
    """Design rule 15: bands repeat a cry until its receipt; ordinary readings of the last second may be lost."""
    centre = await house.register("broker-killed", 200)
    # The bands' lives stand still, nearly: they report nothing but the cries of their wearers.
    options = Options(
        broker=house.broker_for(centre.site), site=centre.site, prefix=centre.site, speed=1e-4, repeat_s=REPEAT_S
    )
    community = Simulation(options)
    bands = community.bands

    async def kill_it() -> None:
        await house.strike("broker")

    async def kill_it_while_it_alone_has_the_cries() -> None:
        gateway = house.system.kill("gateway")
        for band in bands[150:]:
            band.press()
        await eventually(lambda: community.counts().acked == community.counts().made, "the broker has the cries")
        await house.strike("broker")
        await house.back("gateway", other_than=gateway)

    strikes: list[Strike] = [kill_it, kill_it, kill_it_while_it_alone_has_the_cries]
    *struck, last = parts(ORDINARY, len(strikes) + 1)
    async with load_of(house, centre, sos_every=None) as load, asyncio.TaskGroup() as tasks:
        living = tasks.create_task(community.run(), name="bands")
        for wave, (count, strike) in enumerate(zip(struck, strikes, strict=True)):
            start = NOW()
            async with sending(load, count, per_s=PER_S):
                await stores_again(house, start)
                for band in bands[wave * 50 : wave * 50 + 50]:
                    band.press()
                await _strike(house, strike, measured, "stores_again_s")
        await load.send(last, per_s=PER_S)
        await load.drain(within_s=PATIENCE_S)
        await eventually(lambda: not any(band.unheard for band in bands), "every cry has its receipt", PATIENCE_S)
        living.cancel()
    await house.has_heard(centre)
    stored = house.stored(centre)
    assert set(stored.values()) == {1}
    assert sorted(reading.device for reading in stored if reading.kind == "sos") == sorted(centre.residents)
    ordinary = {reading for reading in stored if reading.kind != "sos"}
    assert ordinary <= set(made(centre, ORDINARY, sos_every=None))
    measured("ordinary_readings_lost", ORDINARY - len(ordinary))
    assert_every_press_is_one_alarm(house, centre)
    assert_nothing_rejected(house, centre)
