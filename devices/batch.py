"""Readings as columns: what the decoder fills, the engine reads and COPY writes.

A ``ReadingBatch`` holds one ``header`` row a reading, in order of arrival, and for each kind that has
numbers a structured array of its own; ``header["row"]`` is the index into the array of its kind.
Unknown is NaN (floats) or −1 (integers), never a plausible value. Times are Unix ms.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from devices.kinds import Kind

Records = npt.NDArray[Any]
"""A structured array; its dtype is named beside each use."""

HEADER = np.dtype(
    [
        ("t", "i8"),  # event time, ms
        ("received", "i8"),  # receipt by the gateway, ms
        ("seq", "i8"),  # the device's counter, -1 when absent
        ("pos", "i8"),  # position in the whole stream, rising
        ("device", "i4"),  # the device's slot
        ("row", "i4"),  # index into the array of its kind
        ("kind", "i1"),  # devices.kinds.Kind
        ("trusted", "i1"),  # 0: unknown or revoked device, or under a wrong site (cries for help only)
    ],
    align=True,
)

POSITION = np.dtype(
    [
        ("lat", "f8"),
        ("lon", "f8"),
        ("accuracy_m", "f4"),
        ("speed_mps", "f4"),
        ("heading_deg", "f4"),
        ("altitude_m", "f4"),
        ("source", "i1"),  # index into POSITION_SOURCES, -1 unknown
    ],
    align=True,
)
POSITION_SOURCES = ("gnss", "wifi", "cell")

HEARTBEAT = np.dtype(
    [
        ("steps", "i8"),  # running total, -1 unknown
        ("battery_pct", "f4"),
        ("rssi_dbm", "f4"),
        ("activity", "f4"),
        ("interval_s", "f4"),
        ("charging", "i1"),  # 1, 0, -1 unknown
        ("worn", "i1"),  # 1, 0, -1 unknown
    ],
    align=True,
)

VITALS = np.dtype(
    [
        ("heart_rate_bpm", "f4"),
        ("spo2_pct", "f4"),
        ("systolic_mmhg", "f4"),
        ("diastolic_mmhg", "f4"),
        ("temperature_c", "f4"),
    ],
    align=True,
)

SOS = np.dtype([("lat", "f8"), ("lon", "f8"), ("accuracy_m", "f4"), ("cancel", "i1")], align=True)
FALL = np.dtype([("confidence", "f4"), ("impact_g", "f4"), ("cancel", "i1")], align=True)
MOTION = np.dtype([("rate_hz", "f4"), ("first", "i4"), ("count", "i4")], align=True)
"""``first`` and ``count`` select rows of ``ReadingBatch.samples``."""


class ReadingBatch(NamedTuple):
    """Readings in order of arrival; every member is an array, so that a compiled kernel can take it whole."""

    header: Records  # shape (n,), HEADER
    position: Records  # shape (n_position,), POSITION
    heartbeat: Records  # shape (n_heartbeat,), HEARTBEAT
    vitals: Records  # shape (n_vitals,), VITALS
    sos: Records  # shape (n_sos,), SOS
    fall: Records  # shape (n_fall,), FALL
    motion: Records  # shape (n_motion,), MOTION
    samples: npt.NDArray[np.int16]  # shape (n_samples, 3), milli-g

    @property
    def size(self) -> int:
        """How many readings the batch holds."""
        return len(self.header)

    def window(self, start: int, stop: int) -> ReadingBatch:
        """The readings ``[start, stop)`` of this batch; their kinds' arrays stay whole and shared."""
        return self._replace(header=self.header[start:stop])

    def of_kind(self, kind: Kind) -> Records:
        """The header rows of one kind, in the order of that kind's own array."""
        rows: Records = self.header[self.header["kind"] == kind]
        return rows


NUMERIC: dict[Kind, tuple[str, np.dtype[Any]]] = {
    Kind.POSITION: ("position", POSITION),
    Kind.HEARTBEAT: ("heartbeat", HEARTBEAT),
    Kind.VITALS: ("vitals", VITALS),
    Kind.SOS: ("sos", SOS),
    Kind.FALL: ("fall", FALL),
    Kind.MOTION: ("motion", MOTION),
}
"""Kinds with an array of their own in the batch: its field name and dtype."""


def empty_batch() -> ReadingBatch:
    """A batch without readings."""
    return ReadingBatch(
        header=np.empty(0, HEADER),
        position=np.empty(0, POSITION),
        heartbeat=np.empty(0, HEARTBEAT),
        vitals=np.empty(0, VITALS),
        sos=np.empty(0, SOS),
        fall=np.empty(0, FALL),
        motion=np.empty(0, MOTION),
        samples=np.empty((0, 3), np.int16),
    )
