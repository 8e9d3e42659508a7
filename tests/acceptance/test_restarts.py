"""A system that ends, politely or not, goes on where it stopped when it is started again on the same folder."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from devices.clock import SystemClock
from simulator.main import Options, Simulation
from tests.support.gateway import eventually
from tests.support.house import PATIENCE_S, Centre, House
from tests.support.load import (
    SOS_EVERY,
    assert_every_press_is_one_alarm,
    assert_nothing_rejected,
    assert_stored_once,
    load_of,
    made,
    parts,
    sending,
    stores_again,
)
from tests.support.places import free_port
from tests.support.system import running_up

pytestmark = pytest.mark.timeout(300)

SIZE = 50
READINGS = SIZE * SOS_EVERY
"""Each of 50 residents presses once."""
PER_S = 1_500
REPEAT_S = 2.0
NOW = SystemClock().now_ms

Measured = Callable[[str, float], None]


@asynccontextmanager
async def _up(data_dir: Path, mqtt_port: int) -> AsyncIterator[House]:
    """A house on a port that stays the same, started and ended without holding up the devices."""
    running = running_up(data_dir, "--mqtt-port", str(mqtt_port))
    system = await asyncio.to_thread(running.__enter__)
    try:
        with House(system) as house:
            yield house
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


def _is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def _ended(house: House) -> int:
    """The exit status of a system that was told to end."""
    return await asyncio.to_thread(house.system.process.wait, PATIENCE_S)


def _assert_all_once(house: House, centre: Centre) -> None:
    assert_stored_once(house, centre, made(centre, READINGS))
    assert_every_press_is_one_alarm(house, centre)
    assert_nothing_rejected(house, centre)


async def test_after_its_supervisor_was_killed_the_system_goes_on_where_it_stopped(
    data_dir: Path, measured: Measured
) -> None:
    port = free_port()
    async with _up(data_dir, port) as house:
        centre = await house.register("killed", SIZE)
        first, second = parts(READINGS, 2)
        async with load_of(house, centre) as load:
            start = NOW()
            async with sending(load, first, per_s=PER_S):
                await stores_again(house, start)
                children = house.system.descendants()
                house.system.process.kill()
                assert await _ended(house) == -signal.SIGKILL
                killed = NOW()
                async with _up(data_dir, port) as again:
                    assert [child for child in children if not _is_gone(child)] == []
                    await load.send(second, per_s=PER_S)
                    await stores_again(again, killed)
                    measured("stores_again_s", (NOW() - killed) / 1000)
                    await load.drain(within_s=PATIENCE_S)
                    await again.has_heard(centre)
                    _assert_all_once(again, centre)


async def test_a_system_that_is_told_to_end_under_load_loses_nothing(data_dir: Path, measured: Measured) -> None:
    port = free_port()
    async with _up(data_dir, port) as house:
        centre = await house.register("ended", SIZE)
        first, second = parts(READINGS, 2)
        async with load_of(house, centre) as load:
            start = NOW()
            async with sending(load, first, per_s=PER_S):
                await stores_again(house, start)
                told = NOW()
                house.system.process.send_signal(signal.SIGTERM)
                assert await _ended(house) == 0
                measured("ended_s", (NOW() - told) / 1000)
                async with _up(data_dir, port) as again:
                    await load.send(second, per_s=PER_S)
                    await load.drain(within_s=PATIENCE_S)
                    await again.has_heard(centre)
                    _assert_all_once(again, centre)
                    # It ended by itself and was not killed: only then the gateway leaves its engine's state behind.
                    last = "select max(number) from batch where epoch = 1"
                    assert again.one(f"select count(*) from engine_snapshot where batch = ({last})") == 1


async def test_after_a_power_cut_no_cry_is_lost_and_no_alarm_comes_twice(data_dir: Path, measured: Measured) -> None:
    """Design rule 15: everything is killed at once; bands repeat their cry until its receipt."""
    port = free_port()
    async with _up(data_dir, port) as house:
        centre = await house.register("cut", SIZE)
        # The bands' lives stand still, nearly: they report nothing but the cries of their wearers.
        options = Options(broker=house.broker_for(centre.site), site=centre.site, prefix=centre.site,
                          residents=SIZE, speed=1e-4, repeat_s=REPEAT_S)  # fmt: skip
        community = Simulation(options)
        ordinary = READINGS - SIZE
        async with load_of(house, centre, sos_every=None) as load, asyncio.TaskGroup() as tasks:
            living = tasks.create_task(community.run(), name="bands")
            start = NOW()
            async with sending(load, ordinary, per_s=PER_S):
                for band in community.bands[::2]:
                    band.press()
                await stores_again(house, start)
                for band in community.bands[1::2]:
                    band.press()
                for process in (*house.system.descendants(), psutil.Process(house.system.process.pid)):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
                await _ended(house)
                cut = NOW()
                async with _up(data_dir, port) as again:
                    await stores_again(again, cut)
                    measured("stores_again_s", (NOW() - cut) / 1000)
                    await load.drain(within_s=PATIENCE_S)
                    await eventually(lambda: not any(b.unheard for b in community.bands), "all heard", PATIENCE_S)
                    await again.has_heard(centre)
                    stored = again.stored(centre)
                    assert max(stored.values()) == 1
                    assert sorted(r.device for r in stored if r.kind == "sos") == sorted(centre.residents)
                    kept = sum(r.kind != "sos" for r in stored)
                    measured("ordinary_readings_lost", ordinary - kept)
                    assert_every_press_is_one_alarm(again, centre)
                    assert_nothing_rejected(again, centre)
                    living.cancel()
