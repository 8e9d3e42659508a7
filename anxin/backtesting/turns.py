"""The stored stream as turns of an engine: readings with the moment and the registry under which they are decided.

Where the gateway's book of batches is still kept, its batches are taken as they were. Before that, the readings that
came within one second are one batch. Between batches that lie apart, deadlines are judged every second, as the
gateway does: a silence counts when it is due, not when the next reading comes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from devices.batch import ReadingBatch, empty_batch
from devices.clock import MINUTE_MS
from devices.registry import RegistryChange
from gateway.store.backtest import Dated, RegistryHistory, first_kept_batch, pos_before
from gateway.store.batches import BatchRow, batches_after, first_batch_since, last_batch
from gateway.store.connection import Connection
from gateway.store.loading import load_readings

SECOND_MS: Final = 1_000
AWAY_MS: Final = MINUTE_MS
"""Nothing received from anybody for longer: the gateway itself was away. Source: design rule 9."""
USUAL_GAPS: Final = 10
"""In a community so small that it is often quiet for a minute, so many of its mean gaps. Assumption: readings of
independent devices leave one gap in 20,000 that is longer (exponential gaps)."""
_READINGS_AT_ONCE: Final = 200_000
_BATCHES_AT_ONCE: Final = 5_000


class Turn(NamedTuple):
    """What an engine gets at one moment: first the changes, then the readings, then the deadlines until ``now``.

    ``listening_since`` (ms) is None while silence means nothing.
    """

    now: int
    listening_since: int | None
    changes: list[RegistryChange]
    readings: ReadingBatch


class Batch(NamedTuple):
    """Which readings were decided at ``now`` (ms), under which registry; ``version`` None: the one of that moment."""

    now: int
    listening_since: int | None
    first_pos: int
    last_pos: int
    version: int | None


class Chunk(NamedTuple):
    """Batches, and what they are made of: their readings, and the changes that no earlier chunk brought."""

    batches: Sequence[Batch]
    readings: ReadingBatch
    changes: Sequence[Dated]


class Stretch(NamedTuple):
    """A part of the stored stream: what is decided in ``[start_ms, end_ms)``.

    ``first_pos``: all of its readings lie from here on, and below ``end_pos``; ``readings``: about how many.
    """

    start_ms: int
    end_ms: int
    first_pos: int
    end_pos: int
    readings: int


async def stretch(connection: Connection, start_ms: int, end_ms: int) -> Stretch:
    """Find the readings that were received in ``[start_ms, end_ms)``."""
    last = await last_batch(connection)
    end_pos = 1 if last is None else last.last_pos + 1
    first = await pos_before(connection, start_ms, end_pos)
    until = end_pos if last is None or last.now_ms < end_ms else await pos_before(connection, end_ms, end_pos)
    return Stretch(start_ms, end_ms, first, end_pos, until - first)


async def chunks(connection: Connection, part: Stretch) -> AsyncGenerator[Chunk]:
    """Load a stretch piece by piece; the last one may go beyond its end."""
    history = RegistryHistory(connection)
    kept = await first_kept_batch(connection)
    steps_end = part.end_pos if kept is None else min(part.end_pos, kept.first_pos)
    steps = _Steps(part.start_ms, part.end_ms if kept is None else kept.now_ms)
    for pos in range(part.first_pos, steps_end, _READINGS_AT_ONCE):
        readings = await load_readings(connection, pos, min(pos + _READINGS_AT_ONCE, steps_end) - 1)
        batches = steps.batches(readings)
        if batches:
            yield Chunk(batches, readings, await history.reach(batches[-1].now, 0))
            if batches[-1].now >= part.end_ms:
                return
    first = await first_batch_since(connection, part.start_ms)
    number = None if first is None else first - 1
    while number is not None:
        rows = await batches_after(connection, number, _BATCHES_AT_ONCE)
        if not rows:
            return
        rows = rows[: _fitting(rows)]
        readings = await load_readings(connection, rows[0].first_pos, rows[-1].last_pos)
        batches = [Batch(r.now_ms, r.listening_since, r.first_pos, r.last_pos, r.registry_version) for r in rows]
        yield Chunk(batches, readings, await history.reach(rows[-1].now_ms, rows[-1].registry_version))
        if rows[-1].now_ms >= part.end_ms:
            return
        number = rows[-1].number


def _fitting(rows: Sequence[BatchRow]) -> int:
    """How many of the batches are loaded at once, at least one."""
    held = np.cumsum([row.last_pos - row.first_pos + 1 for row in rows])
    return max(1, int(np.searchsorted(held, _READINGS_AT_ONCE, side="right")))


class _Steps:
    """Makes batches of what came within a second, where those of the gateway are forgotten."""

    def __init__(self, start_ms: int, latest_ms: int) -> None:
        """Begin at a moment; the batches are decided at ``latest_ms`` at the latest."""
        self._latest_ms = latest_ms
        self._newest = start_ms
        self._since = start_ms
        self._away_ms: int | None = None

    def batches(self, readings: ReadingBatch) -> list[Batch]:
        """The batches of the next readings, in order of ``pos``; what came before the beginning is left out."""
        header = readings.header
        header = header[int(np.argmax(header["received"] >= self._newest)) :] if self._away_ms is None else header
        if not len(header) or (self._away_ms is None and header["received"][0] < self._newest):
            return []
        received = np.maximum.accumulate(np.maximum(header["received"], self._newest))
        if self._away_ms is None:
            self._away_ms = max(AWAY_MS, USUAL_GAPS * int(received[-1] - received[0]) // len(received))
        ends = np.minimum((received // SECOND_MS + 1) * SECOND_MS, self._latest_ms)
        borders = np.flatnonzero(np.diff(ends)) + 1
        batches: list[Batch] = []
        for start, stop in zip([0, *borders.tolist()], [*borders.tolist(), len(header)], strict=True):
            if received[start] - self._newest > self._away_ms:
                self._since = int(received[start])
            self._newest = int(received[stop - 1])
            first_pos, last_pos = int(header["pos"][start]), int(header["pos"][stop - 1])
            batches.append(Batch(int(ends[start]), self._since, first_pos, last_pos, None))
        return batches


class Turns:
    """Makes turns of chunks, which come in their order."""

    def __init__(self, end_ms: int) -> None:
        self._end_ms = end_ms
        self._pending: deque[Dated] = deque()
        self._before: int | None = None

    def of(self, chunk: Chunk) -> Iterator[Turn]:
        """The turns of a chunk that are decided before the end."""
        self._pending.extend(chunk.changes)
        positions = chunk.readings.header["pos"]
        for batch in chunk.batches:
            since = batch.listening_since
            for moment in self._moments_before(batch):
                yield Turn(moment, since, self._changes(moment, batch.version), empty_batch())
            if batch.now >= self._end_ms:
                return
            start, stop = np.searchsorted(positions, [batch.first_pos, batch.last_pos + 1])
            changes = self._changes(batch.now if batch.version is None else None, batch.version)
            yield Turn(batch.now, since, changes, chunk.readings.window(int(start), int(stop)))
            self._before = batch.now

    def _moments_before(self, batch: Batch) -> range:
        """When deadlines are judged between the batch before and this one: not while it is unknown if we listened.

        Not within the last second: the gateway itself looked for the last time somewhere in it.
        """
        since = batch.listening_since
        if self._before is None or since is None:
            return range(0)
        first = self._before + SECOND_MS
        if since > first:
            first += -(-(since - first) // SECOND_MS) * SECOND_MS
        return range(first, min(batch.now - SECOND_MS + 1, self._end_ms), SECOND_MS)

    def _changes(self, moment: int | None, version: int | None) -> list[RegistryChange]:
        """Take what was changed until a moment (ms) and up to a version; None: whenever, whichever."""
        taken: list[RegistryChange] = []
        pending = self._pending
        while pending and (version is None or pending[0].change.version <= version):
            if moment is not None and pending[0].at > moment:
                break
            taken.append(pending.popleft().change)
        return taken
