"""Snapshots of the engine while it runs: copied between two batches, packed and stored apart (design rule 7)."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

import structlog

from alerts.engine import Engine, SnapshotCopy
from devices.clock import DAY_MS, Clock
from gateway import metrics
from gateway.store.batches import Snapshot, save_snapshot
from gateway.store.connection import connect
from gateway.store.errors import AWAY

EVERY_MS: Final = 60_000
PATIENCE_MS: Final = 60_000
"""While the registry changes without a pause, the directory's parts are never all true: after so long they are written
in one go (0.2 s with 100,000 residents)."""
KEEP_BATCHES_MS: Final = 2 * DAY_MS
"""How long the book of batches is kept; a rebuild without a snapshot replays one day (``gateway.recovery``)."""

_log = structlog.get_logger(__name__)


class _Moment(NamedTuple):
    """What the engine knows at the end of a batch."""

    batch: int
    registry_version: int


class Snapshots:
    """Leaves a snapshot behind each minute in which there was a batch, and one at the end.

    The pipeline calls ``step`` after each batch. What is copied is packed and stored in a thread with a connection of
    its own, so that no batch waits for it; until that is done, no further copy is begun.
    """

    def __init__(self, conninfo: str, clock: Clock) -> None:
        self._conninfo = conninfo
        self._clock = clock
        self._copy = SnapshotCopy()
        self._last_ms = clock.now_ms()
        self._last_batch = 0
        self._copied: asyncio.Queue[_Moment] = asyncio.Queue(1)  # never full: a copy waits until it is stored
        self._storing = False
        self.finishing = False
        """Whether the last one is on its way."""

    def step(self, engine: Engine, batch: int, registry_version: int) -> bool:
        """Go one step towards the next snapshot if it is time; True when another step is wanted soon.

        Args:
            engine: between two batches.
            batch: the last committed one.
            registry_version: what the engine knows of the registry.
        """
        waited_ms = abs(self._clock.now_ms() - self._last_ms)
        if self._storing or waited_ms < EVERY_MS or batch == self._last_batch:
            return False
        with metrics.stage("snapshot"):
            complete = engine.copy_into(self._copy)
            while not complete and waited_ms >= EVERY_MS + PATIENCE_MS:
                complete = engine.copy_into(self._copy)
        if not complete:
            return True
        self._last_ms = self._clock.now_ms()
        self._last_batch = batch
        self._storing = True
        self._copied.put_nowait(_Moment(batch, registry_version))
        return False

    async def run(self) -> None:
        """Store what ``step`` has copied, until cancelled."""
        while True:
            moment = await self._copied.get()
            await asyncio.to_thread(self._store, moment)
            self._storing = False
            self._copied.task_done()

    async def finish(self, engine: Engine, batch: int, registry_version: int) -> None:
        """Leave the last one behind, while ``run`` still runs or ran."""
        self.finishing = True
        await self._copied.join()
        if batch != self._last_batch:
            while not engine.copy_into(self._copy):
                pass
            await asyncio.to_thread(self._store, _Moment(batch, registry_version))

    def _store(self, moment: _Moment) -> None:
        """Pack and store the copy; the next one will do when the database is away."""
        state = self._copy.pack()
        try:
            asyncio.run(self._save(Snapshot(moment.batch, moment.registry_version, state)))
        except AWAY as error:
            _log.warning("engine_snapshot_not_stored", batch=moment.batch, error=type(error).__name__)

    async def _save(self, snapshot: Snapshot) -> None:
        keep_since_ms = self._clock.now_ms() - KEEP_BATCHES_MS
        async with await connect(self._conninfo, application="anxin gateway snapshots") as connection:
            await save_snapshot(connection, Engine.key, snapshot, keep_since_ms=keep_since_ms)
