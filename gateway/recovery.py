"""Rebuilding the engine after a start: last snapshot, then the batches since with their own ``now`` (rule 7)."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import structlog

from alerts.engine import Engine, IncompatibleSnapshot
from devices.clock import DAY_MS
from gateway.directory import Directory
from gateway.store.batches import BatchRow, batches_after, first_batch_since, last_batch, newest_snapshot
from gateway.store.connection import Connection
from gateway.store.loading import load_readings
from gateway.store.registry_log import changes_since, current_version

CHUNK_BATCHES: Final = 2_000
"""Batches whose readings are loaded at once."""
CHUNK_READINGS: Final = 50_000

_log = structlog.get_logger(__name__)


class Recovered(NamedTuple):
    """Where the gateway goes on."""

    engine: Engine
    directory: Directory
    next_batch: int
    next_pos: int


async def recover(connection: Connection, now_ms: int) -> Recovered:
    """Bring the engine to the state after the last committed batch; its episodes up to there are discarded.

    Without a snapshot that this version can read, the last 24 hours are replayed.
    """
    engine, registry_version, number = await _start(connection, now_ms)
    last = await last_batch(connection)
    replayed = 0
    while last is not None and number < last.number:
        chunk = await batches_after(connection, number, CHUNK_BATCHES)
        for group in _groups(chunk):
            registry_version = await _replay(connection, engine, group, registry_version)
            replayed += sum(row.last_pos - row.first_pos + 1 for row in group)
        number = chunk[-1].number
        _log.info("engine_replaying", batch=number, of=last.number, readings=replayed)
    directory = Directory()
    target = await current_version(connection)
    while directory.version < target:
        changes = await changes_since(connection, directory.version, target)
        directory.apply(changes)
        engine.apply([change for change in changes if change.version > registry_version])
    engine.commit()
    return Recovered(
        engine,
        directory,
        next_batch=1 if last is None else last.number + 1,
        next_pos=1 if last is None else last.last_pos + 1,
    )


async def _start(connection: Connection, now_ms: int) -> tuple[Engine, int, int]:
    engine = Engine()
    snapshot = await newest_snapshot(connection, engine.key)
    if snapshot is not None:
        try:
            return Engine.restore(snapshot.state), snapshot.registry_version, snapshot.batch
        except IncompatibleSnapshot as error:
            _log.warning("engine_snapshot_unreadable", error=str(error))
    first = await first_batch_since(connection, now_ms - DAY_MS)
    if first is None:
        last = await last_batch(connection)
        return engine, 0, 0 if last is None else last.number
    return engine, 0, first - 1


def _groups(rows: list[BatchRow]) -> list[list[BatchRow]]:
    """Split so that a group's readings fit into memory at once."""
    groups: list[list[BatchRow]] = [[]]
    readings = 0
    for row in rows:
        readings += row.last_pos - row.first_pos + 1
        if groups[-1] and readings > CHUNK_READINGS:
            groups.append([])
            readings = row.last_pos - row.first_pos + 1
        groups[-1].append(row)
    return groups


async def _replay(connection: Connection, engine: Engine, rows: list[BatchRow], version: int) -> int:
    readings = await load_readings(connection, rows[0].first_pos, rows[-1].last_pos)
    positions = readings.header["pos"]
    for row in rows:
        if row.registry_version > version:
            engine.apply(await changes_since(connection, version, row.registry_version, limit=1_000_000))
            version = row.registry_version
        start, stop = np.searchsorted(positions, [row.first_pos, row.last_pos + 1])
        engine.process(readings.window(int(start), int(stop)), row.now_ms)
        engine.advance(row.now_ms, row.listening_since)
        engine.commit()
    return version
