"""The stored stream as turns of an engine: readings with the moment and the registry under which they are decided.

Where the gateway's book of batches is still kept, its batches are taken as they were. Before that, the readings that
came within one second are one batch. Between batches that lie apart, deadlines are judged every second, as the
gateway does: a silence counts when it is due, not when the next reading comes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final, NamedTuple

import numpy as np

from devices.batch import ReadingBatch, Records, empty_batch
from devices.clock import MINUTE_MS
from devices.registry import RegistryChange
from gateway.store.backtest import RegistryHistory, first_kept_batch, pos_received_at
from gateway.store.batches import BatchRow, batches_after, first_batch_since, last_batch
from gateway.store.connection import Connection
from gateway.store.loading import load_readings

SECOND_MS: Final = 1_000
AWAY_MS: Final = MINUTE_MS
"""Nothing received from anybody for longer: the gateway itself was away. Source: design rule 9."""
USUAL_GAPS: Final = 10
"""In a community so small that it is often quiet for a minute, so many of its mean gaps. Assumption: readings of
independent devices leave one gap in 20,000 that is longer (exponential gaps)."""
_READINGS_AT_ONCE: Final = 50_000
_BATCHES_AT_ONCE: Final = 2_000


class Turn(NamedTuple):
    """What an engine gets at one moment: first the changes, then the readings, then the deadlines until ``now``.

    ``listening_since`` (ms) is None while silence means nothing.
    """

    now: int
    listening_since: int | None
    changes: list[RegistryChange]
    readings: ReadingBatch


class Stretch(NamedTuple):
    """A part of the stored stream: turns with ``start_ms <= now < end_ms``, readings from ``first_pos`` on.

    ``readings``: about how many, for the progress bar. ``away_ms``: the gap that counts as an absence of our own.
    """

    start_ms: int
    end_ms: int
    first_pos: int
    end_pos: int
    readings: int
    away_ms: int


async def stretch(connection: Connection, start_ms: int, end_ms: int) -> Stretch:
    """Find the readings that were received in ``[start_ms, end_ms)``."""
    last = await last_batch(connection)
    end_pos = 1 if last is None else last.last_pos + 1
    first = await pos_received_at(connection, start_ms, end_pos)
    until = await pos_received_at(connection, end_ms, end_pos)
    readings = until - first
    usual_ms = (end_ms - start_ms) * USUAL_GAPS // max(readings, 1)
    return Stretch(start_ms, end_ms, first, end_pos, readings, max(AWAY_MS, min(usual_ms, end_ms - start_ms)))


class _Batch(NamedTuple):
    """Which readings were decided at ``now`` (ms), under which registry; ``version`` None: the one of that moment."""

    now: int
    listening_since: int | None
    first_pos: int
    last_pos: int
    version: int | None


class _Chunk(NamedTuple):
    """Batches, and what they are made of."""

    batches: Sequence[_Batch]
    readings: ReadingBatch


async def turns(connection: Connection, part: Stretch) -> AsyncGenerator[Turn]:
    """Yield the turns of a stretch in their order."""
    history = RegistryHistory(connection)
    before: int | None = None
    async with aclosing(_chunks(connection, part)) as chunks:
        async for batches, readings in chunks:
            await history.reach(batches[-1].now, batches[-1].version or 0)
            positions = readings.header["pos"]
            for batch in batches:
                since = batch.listening_since
                for moment in _between(before, batch, part.end_ms):
                    yield Turn(moment, since, _changes(history, moment, batch.version), empty_batch())
                if batch.now >= part.end_ms:
                    return
                start, stop = np.searchsorted(positions, [batch.first_pos, batch.last_pos + 1])
                changes = _changes(history, batch.now if batch.version is None else None, batch.version)
                yield Turn(batch.now, since, changes, readings.window(int(start), int(stop)))
                before = batch.now


def _between(before: int | None, batch: _Batch, end_ms: int) -> range:
    """The moments at which deadlines are judged before ``batch``: not while it is unknown whether we listened.

    None within the last second: the gateway itself looked for the last time somewhere in it.
    """
    since = batch.listening_since
    if before is None or since is None:
        return range(0)
    first = before + SECOND_MS
    if since > first:
        first += -(-(since - first) // SECOND_MS) * SECOND_MS
    return range(first, min(batch.now - SECOND_MS + 1, end_ms), SECOND_MS)


def _changes(history: RegistryHistory, moment: int | None, version: int | None) -> list[RegistryChange]:
    """Take what was changed until a moment (ms) and up to a version; None: whenever, whichever."""
    taken: list[RegistryChange] = []
    pending = history.pending
    while pending and (version is None or pending[0].change.version <= version):
        if moment is not None and pending[0].at > moment:
            break
        taken.append(pending.popleft().change)
    return taken


async def _chunks(connection: Connection, part: Stretch) -> AsyncGenerator[_Chunk]:
    kept = await first_kept_batch(connection)
    steps_end = part.end_pos if kept is None else min(part.end_pos, kept.first_pos)
    steps = _Steps(part, part.end_ms if kept is None else kept.now_ms)
    for pos in range(part.first_pos, steps_end, _READINGS_AT_ONCE):
        readings = await load_readings(connection, pos, min(pos + _READINGS_AT_ONCE, steps_end) - 1)
        if readings.size:
            yield _Chunk(steps.batches(readings.header), readings)
    first = await first_batch_since(connection, part.start_ms)
    number = None if first is None else first - 1
    while number is not None:
        rows = await batches_after(connection, number, _BATCHES_AT_ONCE)
        if not rows:
            return
        rows = rows[: _fitting(rows)]
        batches = [_Batch(r.now_ms, r.listening_since, r.first_pos, r.last_pos, r.registry_version) for r in rows]
        yield _Chunk(batches, await load_readings(connection, rows[0].first_pos, rows[-1].last_pos))
        number = rows[-1].number


def _fitting(rows: Sequence[BatchRow]) -> int:
    """How many of the batches are loaded at once, at least one."""
    held = np.cumsum([row.last_pos - row.first_pos + 1 for row in rows])
    return max(1, int(np.searchsorted(held, _READINGS_AT_ONCE, side="right")))


class _Steps:
    """Makes batches of what came within a second, where those of the gateway are forgotten."""

    def __init__(self, part: Stretch, latest_ms: int) -> None:
        self._away_ms = part.away_ms
        self._latest_ms = latest_ms
        self._newest = part.start_ms
        self._since = part.start_ms

    def batches(self, header: Records) -> list[_Batch]:
        """The batches of these readings, which are in order of ``pos``."""
        received = np.maximum.accumulate(np.maximum(header["received"], self._newest))
        ends = np.minimum((received // SECOND_MS + 1) * SECOND_MS, self._latest_ms)
        borders = np.flatnonzero(np.diff(ends)) + 1
        batches: list[_Batch] = []
        for start, stop in zip([0, *borders.tolist()], [*borders.tolist(), len(header)], strict=True):
            if received[start] - self._newest > self._away_ms:
                self._since = int(received[start])
            self._newest = int(received[stop - 1])
            first_pos, last_pos = int(header["pos"][start]), int(header["pos"][stop - 1])
            batches.append(_Batch(int(ends[start]), self._since, first_pos, last_pos, None))
        return batches
