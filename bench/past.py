"""A past for recovery: what a community's bands sent, in the store as the gateway would have left it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.batch import HEADER, HEARTBEAT, POSITION, ReadingBatch, Records, empty_batch
from devices.kinds import Kind
from gateway.store.batches import BatchRow, insert_batch
from gateway.store.connection import Connection
from gateway.store.telemetry import Extras, store_readings
from simulator.community import SQUARE_LAT, SQUARE_LON

EVERY_MS: Final = 300_000
"""Each band tells its position and its state so often."""
BATCH_MS: Final = 1_000
_BATCHES_AT_ONCE: Final = 60
_METRE_DEG: Final = 1e-5
"""About a metre, in degrees."""


class Past:
    """Goes on after a batch with each ``live``.

    Attributes:
        last: the newest batch.
    """

    def __init__(self, connection: Connection, slots: Sequence[int], last: BatchRow) -> None:
        """``slots`` of the bands."""
        self.last = last
        self._connection = connection
        self._slots: npt.NDArray[np.int32] = np.array(slots, np.int32)
        self._random = np.random.default_rng(1)
        self._phase_ms: npt.NDArray[np.int64] = self._random.integers(0, EVERY_MS, (2, len(slots)))

    async def live(self, from_ms: int, to_ms: int) -> None:
        """Store what everybody sends in ``[from_ms, to_ms)``, a batch a second."""
        for start in range(from_ms, to_ms, _BATCHES_AT_ONCE * BATCH_MS):
            end = min(start + _BATCHES_AT_ONCE * BATCH_MS, to_ms)
            sent = self._sent(start, end)
            ends = range(start + BATCH_MS, end + BATCH_MS, BATCH_MS)
            stops = self.last.last_pos + np.searchsorted(sent.header["received"], np.array(ends))
            async with self._connection.transaction():
                await store_readings(self._connection, sent, Extras({}, {}, {}, frozenset()))
                for now, stop in zip(ends, stops.tolist(), strict=True):
                    self.last = self.last._replace(
                        number=self.last.number + 1, now_ms=now, first_pos=self.last.last_pos + 1, last_pos=stop,
                        listening_since=from_ms,
                    )  # fmt: skip
                    await insert_batch(self._connection, self.last)

    def _sent(self, start: int, end: int) -> ReadingBatch:
        parts = []
        for kind, phase in zip((Kind.POSITION, Kind.HEARTBEAT), self._phase_ms, strict=True):
            since = (phase - start) % EVERY_MS
            due = np.flatnonzero(since < end - start)
            part = np.zeros(len(due), HEADER)
            part["t"] = part["received"] = start + since[due]
            part["device"], part["kind"] = self._slots[due], kind
            parts.append(part)
        header = np.concatenate(parts)
        header = header[np.argsort(header["received"], kind="stable")]
        header["seq"], header["trusted"] = -1, 1
        header["pos"] = self.last.last_pos + 1 + np.arange(len(header))
        batch = empty_batch()._replace(header=header)
        for kind in (Kind.POSITION, Kind.HEARTBEAT):
            mine = header["kind"] == kind
            header["row"][mine] = np.arange(np.count_nonzero(mine))
        return batch._replace(
            position=self._positions(len(batch.of_kind(Kind.POSITION))),
            heartbeat=self._heartbeats(len(batch.of_kind(Kind.HEARTBEAT))),
        )

    def _positions(self, count: int) -> Records:
        rows = np.zeros(count, POSITION)
        rows["lat"] = SQUARE_LAT + self._random.normal(0, 10 * _METRE_DEG, count)
        rows["lon"] = SQUARE_LON + self._random.normal(0, 10 * _METRE_DEG, count)
        rows["accuracy_m"] = 8
        for name in ("speed_mps", "heading_deg", "altitude_m"):
            rows[name] = np.nan
        return rows

    def _heartbeats(self, count: int) -> Records:
        rows = np.zeros(count, HEARTBEAT)
        rows["battery_pct"] = self._random.integers(30, 100, count)
        rows["rssi_dbm"], rows["activity"], rows["interval_s"] = -70, 20, EVERY_MS / 1000
        rows["worn"] = 1
        return rows
