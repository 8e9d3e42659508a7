"""Rebuilding the engine after a start: last snapshot, then the batches since with their own ``now`` (rule 7)."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import numpy as np
import structlog

from alerts.engine import Engine, IncompatibleSnapshot, KeptRoutines, KernelFault, routines_in
from devices.batch import ReadingBatch
from devices.clock import DAY_MS
from devices.registry import RegistryChange
from gateway import metrics
from gateway.ahead import ahead
from gateway.directory import TAKEN, Directory
from gateway.store.batches import BatchRow, batches_after, first_batch_since, last_batch, newest_snapshot
from gateway.store.connection import Connection
from gateway.store.loading import Fetched, fetch_readings
from gateway.store.registry_log import changes_since, records_now

PAGE_BATCHES: Final = 2_000
"""Rows of the book of batches that are read at once."""
STRETCH_READINGS: Final = 100_000
"""Readings that are loaded at once, and no batch is cut: 10 MB of columns."""
CHANGES_AT_ONCE: Final = 20_000
PIECES_AHEAD: Final = 2
"""So many stretches, or pages of changes, wait to be repeated while the next is fetched."""
TURN_S: Final = 0.000_2
"""How long the thread that repeats keeps the interpreter from the one that fetches: with Python's own 5 ms each look
at the socket waits so long (measured: docs/performance.md)."""

_log = structlog.get_logger(__name__)


class Recovered(NamedTuple):
    """Where the gateway goes on."""

    engine: Engine
    directory: Directory
    next_batch: int
    next_pos: int


class _Start(NamedTuple):
    """An engine as it was after a batch, and the version of the registry that it knew."""

    engine: Engine
    batch: int
    registry_version: int
    routines: KeptRoutines | None = None
    """What a snapshot that does not fit knew of them."""


class _Stretch(NamedTuple):
    """Batches in a row and what they were decided on."""

    batches: list[BatchRow]
    fetched: Fetched
    changes: list[RegistryChange]


async def recover(connection: Connection, now_ms: int) -> Recovered:
    """Bring the engine to the state after the last committed batch; its episodes up to there are discarded.

    Without a snapshot that this version can read, the last 24 hours are replayed, by the routines that the newest one
    knew; these are taken up once more at the end, since that day is in them already.
    """
    with _short_turns():
        with _timed("snapshot"):
            engine, number, version, routines = await _start(connection, now_ms)
        last = await last_batch(connection)
        with _timed("replay"):
            if last is not None and number < last.number:
                version = await _catch_up(connection, engine, number, version, routines)
        with _timed("registry"):
            directory = Directory.of(*await records_now(connection, TAKEN))
            await _learn(connection, engine, version, directory.version)
        _adopt(engine, routines)
    return Recovered(
        engine,
        directory,
        next_batch=1 if last is None else last.number + 1,
        next_pos=1 if last is None else last.last_pos + 1,
    )


@contextmanager
def _short_turns() -> Iterator[None]:
    """Two threads share the interpreter fairly meanwhile."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _timed(stage: str) -> Iterator[None]:
    """Tells how long a stage took."""
    begun = time.perf_counter()
    yield
    seconds = time.perf_counter() - begun
    metrics.RECOVERY_SECONDS.labels(stage).set(seconds)
    _log.info("recovery_stage", stage=stage, seconds=round(seconds, 3))


async def _start(connection: Connection, now_ms: int) -> _Start:
    """The newest snapshot that can be read; without one the first batch of the last day."""
    before: int | None = None
    while (snapshot := await newest_snapshot(connection, Engine.key, before=before)) is not None:
        try:
            engine = await asyncio.to_thread(Engine.restore, snapshot.state)
        except IncompatibleSnapshot as error:
            _log.warning("engine_snapshot_unreadable", batch=snapshot.batch, error=str(error))
            before = snapshot.batch
            continue
        return _Start(engine, snapshot.batch, snapshot.registry_version)
    routines = await _routines(connection)
    first = await first_batch_since(connection, now_ms - DAY_MS)
    if first is not None:
        return _Start(Engine(now_ms - DAY_MS) if first > 1 else Engine(), first - 1, 0, routines)
    last = await last_batch(connection)
    return _Start(Engine(), 0, 0) if last is None else _Start(Engine(last.now_ms), last.number, 0, routines)


async def _routines(connection: Connection) -> KeptRoutines | None:
    """Those of the newest snapshot that has them whole, of whatever layout."""
    before: int | None = None
    while (snapshot := await newest_snapshot(connection, None, before=before)) is not None:
        try:
            return await asyncio.to_thread(routines_in, snapshot.state)
        except IncompatibleSnapshot as error:
            _log.warning("routines_unreadable", batch=snapshot.batch, error=str(error))
            before = snapshot.batch
    return None


def _adopt(engine: Engine, routines: KeptRoutines | None) -> None:
    """Go on with the routines of before."""
    if routines is not None:
        _log.info("routines_taken_up", residents=engine.adopt(routines))


async def _catch_up(
    connection: Connection, engine: Engine, number: int, version: int, routines: KeptRoutines | None
) -> int:
    """Repeat the batches above a number; returns the version of the registry that the engine then knows."""
    (first,) = await batches_after(connection, number, 1)
    await _learn(connection, engine, version, first.registry_version)
    _adopt(engine, routines)
    version = max(version, first.registry_version)
    replayed = 0
    async with ahead(_stretches(connection, number, version), PIECES_AHEAD) as stretches:
        async for stretch in stretches:
            replayed += await asyncio.to_thread(_repeat, engine, stretch)
            version = max(version, stretch.batches[-1].registry_version)
            _log.info("engine_replaying", batch=stretch.batches[-1].number, readings=replayed)
    return version


async def _stretches(connection: Connection, number: int, version: int) -> AsyncGenerator[_Stretch]:
    """The batches above a number with what they were decided on, beginning with the changes above a version."""
    while page := await batches_after(connection, number, PAGE_BATCHES):
        for batches in _groups(page):
            fetched = await fetch_readings(connection, batches[0].first_pos, batches[-1].last_pos)
            until = batches[-1].registry_version
            changes = [change async for some in _changes(connection, version, until) for change in some]
            yield _Stretch(batches, fetched, changes)
            version = max(version, until)
        number = page[-1].number


def _groups(rows: list[BatchRow]) -> list[list[BatchRow]]:
    """Split so that a group's readings fit into memory at once."""
    groups: list[list[BatchRow]] = [[]]
    readings = 0
    for row in rows:
        readings += row.last_pos - row.first_pos + 1
        if groups[-1] and readings > STRETCH_READINGS:
            groups.append([])
            readings = row.last_pos - row.first_pos + 1
        groups[-1].append(row)
    return groups


def _repeat(engine: Engine, stretch: _Stretch) -> int:
    """Decide the batches of a stretch again; returns the number of its readings."""
    readings = stretch.fetched.readings()
    positions = readings.header["pos"]
    changes = deque(stretch.changes)
    for row in stretch.batches:
        known: list[RegistryChange] = []
        while changes and changes[0].version <= row.registry_version:
            known.append(changes.popleft())
        if known:
            engine.apply(known)
        start, stop = np.searchsorted(positions, [row.first_pos, row.last_pos + 1])
        decide(engine, readings.window(int(start), int(stop)), row)
        engine.commit()
    return readings.size


def decide(engine: Engine, readings: ReadingBatch, row: BatchRow) -> None:
    """Decide a batch as when it came: a detector that fails is switched off, and the others decide it anew."""
    while True:
        try:
            engine.process(readings, row.now_ms)
            engine.advance(row.now_ms, row.listening_since)
        except KernelFault as fault:
            rule = engine.switch_off(fault)
            _log.critical("detector_failed", rule=rule.public_name, status=fault.status, batch=row.number)
            metrics.DETECTOR_OFF.labels(rule.public_name).set(1)
        else:
            return


async def _learn(connection: Connection, engine: Engine, version: int, until: int) -> None:
    """Let the engine know the changes of the registry above a version, up to another."""
    async with ahead(_changes(connection, version, until), PIECES_AHEAD) as pages:
        async for changes in pages:
            await asyncio.to_thread(engine.apply, changes)


async def _changes(connection: Connection, version: int, until: int) -> AsyncGenerator[list[RegistryChange]]:
    """The changes with ``version < v <= until``, page by page.

    Of the newest none may be left: the log of removed windows ends (``check_upkeep.end_windows``).
    """
    while version < until and (changes := await changes_since(connection, version, until, limit=CHANGES_AT_ONCE)):
        yield changes
        version = changes[-1].version
