"""From accepted readings to columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.batch import (
    FALL,
    HEADER,
    HEARTBEAT,
    MOTION,
    POSITION,
    POSITION_SOURCES,
    SOS,
    VITALS,
    ReadingBatch,
    Records,
)
from devices.kinds import Kind
from gateway.decode import Heading
from gateway.store.telemetry import Extras

_SOURCE_CODES: Final = {name: code for code, name in enumerate(POSITION_SOURCES)}

_ORDER: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.POSITION: ("lat", "lon", "accuracy_m", "source", "speed_mps", "heading_deg", "altitude_m"),
    Kind.HEARTBEAT: ("battery_pct", "charging", "worn", "rssi_dbm", "steps", "activity", "interval_s"),
    Kind.VITALS: ("heart_rate_bpm", "spo2_pct", "systolic_mmhg", "diastolic_mmhg", "temperature_c"),
    Kind.SOS: ("lat", "lon", "accuracy_m", "cancel"),
    Kind.FALL: ("confidence", "impact_g", "cancel"),
}
"""The order of the values in ``Heading.values``: that of the payload's struct."""

_DTYPES: Final = {
    Kind.POSITION: POSITION,
    Kind.HEARTBEAT: HEARTBEAT,
    Kind.VITALS: VITALS,
    Kind.SOS: SOS,
    Kind.FALL: FALL,
}


def assemble(readings: Sequence[Heading], first_pos: int) -> tuple[ReadingBatch, Extras]:
    """Lay the readings out as columns, their ``pos`` counted from ``first_pos``."""
    n = len(readings)
    header = np.empty(n, HEADER)
    rows_of: dict[Kind, list[tuple[Any, ...]]] = {kind: [] for kind in Kind}
    row = [0] * n
    extras = Extras({}, {}, {}, frozenset())
    for i, reading in enumerate(readings):
        own = rows_of[reading.kind]
        row[i] = len(own)
        own.append(reading.values)
        if reading.kind is Kind.SERVICE or reading.kind is Kind.EXERCISE:
            extras.texts[i] = reading.values
        elif reading.defects is not None:
            extras.defects[i] = reading.defects
    if n:
        kinds, slots, ts, seqs, receiveds, trusts = zip(*(reading[:6] for reading in readings), strict=True)
        header["kind"], header["device"], header["t"], header["seq"] = kinds, slots, ts, seqs
        header["received"], header["trusted"] = receiveds, trusts
    header["row"] = row
    header["pos"] = np.arange(first_pos, first_pos + n)
    motion, samples = _motion(rows_of[Kind.MOTION])
    batch = ReadingBatch(
        header=header,
        position=_columns(Kind.POSITION, rows_of),
        heartbeat=_columns(Kind.HEARTBEAT, rows_of),
        vitals=_columns(Kind.VITALS, rows_of),
        sos=_columns(Kind.SOS, rows_of),
        fall=_columns(Kind.FALL, rows_of),
        motion=motion,
        samples=samples,
    )
    return batch, extras


def _columns(kind: Kind, rows_of: dict[Kind, list[tuple[Any, ...]]]) -> Records:
    rows = rows_of[kind]
    records: Records = np.empty(len(rows), _DTYPES[kind])
    if rows:
        for name, values in zip(_ORDER[kind], zip(*rows, strict=True), strict=True):
            if name == "source":
                records[name] = [_SOURCE_CODES.get(value, -1) for value in values]
            elif records.dtype[name].kind == "f":
                # numpy turns None into NaN here: unknown, never a plausible value.
                records[name] = np.array(values, dtype=np.float64)
            else:
                records[name] = [-1 if value is None else value for value in values]
    return records


def _motion(rows: list[tuple[Any, ...]]) -> tuple[Records, npt.NDArray[np.int16]]:
    windows = [np.frombuffer(samples, "<i2").reshape(-1, 3) for _, samples in rows]
    motion: Records = np.empty(len(rows), MOTION)
    motion["rate_hz"] = [rate for rate, _ in rows]
    motion["count"] = [len(window) for window in windows]
    motion["first"] = np.cumsum(motion["count"]) - motion["count"]
    samples = np.concatenate(windows) if windows else np.empty((0, 3), np.int16)
    return motion, samples.astype(np.int16)
