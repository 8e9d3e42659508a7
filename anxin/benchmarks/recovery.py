"""``anxin bench recovery``: how long alarms stop when the gateway starts anew, and how long a snapshot pauses it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from typing import Final

import httpx
import msgspec
import psutil

from alerts.engine import Engine, SnapshotCopy
from anxin.benchmarks.community import SITE, register
from anxin.benchmarks.stage import HOST, Progress, Stage, open_stage
from anxin.supervisor import Process
from bench.past import Past
from devices.clock import HOUR_MS, MINUTE_MS, SystemClock
from devices.kinds import Kind
from devices.topics import device_topic
from gateway.store.batches import BatchRow, Snapshot, last_batch, newest_snapshot
from gateway.store.connection import Connection, connect
from simulator.link import Link

_POLL_S: Final = 0.01
_PATIENCE_S: Final = 600.0
_REPEAT_S: Final = 10.0
"""A band without a receipt cries again (contract section 1)."""
_STAGE: Final = re.compile(r'anxin_gateway_recovery_seconds\{stage="(\w+)"\} (\S+)')


class Start(msgspec.Struct, frozen=True):
    """One start of the gateway."""

    snapshot: bool
    """Whether there was one to begin with."""
    readings_replayed: int
    alarm_after_s: float
    """From the start of the process to the COMMIT of an alarm whose press waited at the broker."""
    gateway_cpu_s: float
    """Of its process until then."""
    database_cpu_s: float
    """Of the backends that serve it."""
    stages_s: dict[str, float]


class Pauses(msgspec.Struct, frozen=True):
    """What a snapshot costs the engine that runs."""

    stored_mb: float
    first_steps: int
    first_longest_ms: float
    copy_ms: float
    """The one step of a snapshot while the registry does not change: the best of five."""
    pack_s: float
    """In a thread of its own."""


class Recovery(msgspec.Struct, frozen=True):
    """What was found."""

    residents: int
    starts: list[Start]
    pauses: Pauses


async def recovery(*, residents: int, progress: Progress) -> Recovery:
    """Measure with a stored hour of residents who wear a band each: a position and a heartbeat each five minutes."""
    bands = [f"band-{number:06d}" for number in range(residents)]
    async with open_stage(SITE, progress) as stage, await connect(stage.conninfo, application="anxin bench") as store:
        progress(f"registers {residents} residents with a band each")
        await register(store, bands)
        progress("starts the gateway once, so that the broker knows it")
        await _started(stage, store, bands[0])
        cursor = await store.execute("select slot from device where type = 'band' order by slot")
        slots = [slot for (slot,) in await cursor.fetchall()]
        begin = SystemClock().now_ms() - HOUR_MS - 5 * MINUTE_MS
        await store.execute("update batch set now_ms = %s", (begin,))
        past = Past(store, slots, await _last(store))
        progress("stores an hour")
        await past.live(begin, begin + HOUR_MS)
        progress("starts the gateway with a snapshot from before that hour")
        starts = [await _started(stage, store, bands[1])]
        past.last = await _last(store)
        await past.live(begin + HOUR_MS, begin + HOUR_MS + MINUTE_MS)
        progress("starts it with a snapshot from before a further minute")
        starts.append(await _started(stage, store, bands[2]))
        progress("copies its engine")
        pauses = await asyncio.to_thread(_pauses, await _newest(store))
        progress("starts it without a snapshot")
        await store.execute("delete from engine_snapshot")
        starts.append(await _started(stage, store, bands[3]))
        return Recovery(residents, starts, pauses)


async def _last(store: Connection) -> BatchRow:
    last = await last_batch(store)
    assert last is not None
    return last


async def _newest(store: Connection) -> Snapshot:
    newest = await newest_snapshot(store, Engine.key)
    assert newest is not None
    return newest


async def _started(stage: Stage, store: Connection, band: str) -> Start:
    """Press a band, start the gateway, wait for the alarm, stop the gateway."""
    replayed = await store.execute(
        "select (select count(*) from engine_snapshot) > 0, coalesce(sum(last_pos - first_pos + 1), 0)::int8 from batch"
        " where number > (select coalesce(max(batch), 0) from engine_snapshot)"
    )
    ((snapshot, readings),) = await replayed.fetchall()
    async with asyncio.TaskGroup() as tasks:
        link = Link(stage.site_account, f"bench-{band}")
        linked = tasks.create_task(link.run(), name="band")
        await link.up.wait()
        begun = time.perf_counter()
        async with stage.gateway() as (gateway, port), asyncio.timeout(_PATIENCE_S):
            alarms = "select count(*) from alarm where object ->> 'device' = %s"
            pressed_again = 0.0
            while True:
                # The first gateway of all has no session yet that would keep the press for it.
                if time.perf_counter() >= pressed_again:
                    press = msgspec.json.encode({"t": SystemClock().now_ms(), "seq": 1})
                    await link.publish(device_topic(SITE, band, Kind.SOS.topic_name), press)
                    pressed_again = time.perf_counter() + _REPEAT_S
                ((count,),) = await (await store.execute(alarms, (band,))).fetchall()
                if count:
                    break
                await asyncio.sleep(_POLL_S)
            seconds = time.perf_counter() - begun
            cpu_s = await _cpu_s(store, gateway)
            async with httpx.AsyncClient(trust_env=False) as client:
                told = await client.get(f"http://{HOST}:{port}/metrics")
        linked.cancel()
    stages = {stage_: round(float(value), 2) for stage_, value in _STAGE.findall(told.text)}
    return Start(snapshot, readings, round(seconds, 2), *cpu_s, stages)


async def _cpu_s(store: Connection, gateway: Process) -> tuple[float, float]:
    """Processor time so far: of the gateway, and of the backends that serve it."""
    cursor = await store.execute("select pid from pg_stat_activity where application_name like 'anxin gateway%'")
    backends = [pid for (pid,) in await cursor.fetchall()]
    assert gateway.child is not None
    return _spent_s([gateway.child.pid]), _spent_s(backends)


def _spent_s(pids: Sequence[int]) -> float:
    spent = [psutil.Process(pid).cpu_times() for pid in pids]
    return round(sum(times.user + times.system for times in spent), 2)


def _pauses(newest: Snapshot) -> Pauses:
    engine, copy = Engine.restore(newest.state), SnapshotCopy()
    first = _steps(engine, copy)
    later = [_steps(engine, copy) for _ in range(5)]
    begun = time.perf_counter()
    stored = copy.pack()
    return Pauses(
        stored_mb=round(len(stored) / 1e6, 1),
        first_steps=len(first),
        first_longest_ms=round(max(first), 1),
        copy_ms=round(min(max(steps) for steps in later), 1),
        pack_s=round(time.perf_counter() - begun, 2),
    )


def _steps(engine: Engine, copy: SnapshotCopy) -> list[float]:
    """How long each step of a copy takes, ms."""
    steps = []
    complete = False
    while not complete:
        begun = time.perf_counter()
        complete = engine.copy_into(copy)
        steps.append((time.perf_counter() - begun) * 1000)
    return steps
