"""From accepted readings to columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from devices.batch import (
    FALL,
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
from devices.payloads import Fall, Heartbeat, Position, Reading, Sos, Vitals
from gateway.readings import Readings
from gateway.store.telemetry import Extras

_SOURCE_CODES: Final = {name: code for code, name in enumerate(POSITION_SOURCES)}
_OF_EVERY_READING: Final = ("t", "seq")

_STRUCTS: Final[dict[Kind, type[Reading]]] = {
    Kind.POSITION: Position,
    Kind.HEARTBEAT: Heartbeat,
    Kind.VITALS: Vitals,
    Kind.SOS: Sos,
    Kind.FALL: Fall,
}
_FIELDS: Final = {kind: [field.name for field in msgspec.structs.fields(struct)] for kind, struct in _STRUCTS.items()}
_DTYPES: Final = {
    Kind.POSITION: POSITION,
    Kind.HEARTBEAT: HEARTBEAT,
    Kind.VITALS: VITALS,
    Kind.SOS: SOS,
    Kind.FALL: FALL,
}


def assemble(readings: Readings, first_pos: int) -> tuple[ReadingBatch, Extras]:
    """Lay the readings out as columns, their ``pos`` counted from ``first_pos``."""
    header = readings.header.copy()
    header["pos"] = np.arange(first_pos, first_pos + len(header))
    payloads: dict[Kind, list[Any]] = {}
    extras = Extras({}, dict(readings.defects), {}, frozenset())
    for number in np.flatnonzero(np.bincount(header["kind"])).tolist():
        kind = Kind(number)
        indices = np.flatnonzero(header["kind"] == kind)
        header["row"][indices] = np.arange(len(indices))
        payloads[kind] = [readings.payloads[index] for index in indices.tolist()]
        if kind is Kind.SERVICE or kind is Kind.EXERCISE:
            for index, payload in zip(indices.tolist(), payloads[kind], strict=True):
                extras.texts[index] = msgspec.structs.astuple(payload)[len(_OF_EVERY_READING) :]
    motion, samples = _motion(payloads.get(Kind.MOTION, ()))
    batch = ReadingBatch(
        header=header,
        position=_columns(Kind.POSITION, payloads),
        heartbeat=_columns(Kind.HEARTBEAT, payloads),
        vitals=_columns(Kind.VITALS, payloads),
        sos=_columns(Kind.SOS, payloads),
        fall=_columns(Kind.FALL, payloads),
        motion=motion,
        samples=samples,
    )
    return batch, extras


def _columns(kind: Kind, payloads: dict[Kind, list[Any]]) -> Records:
    own = payloads.get(kind, ())
    records: Records = np.empty(len(own), _DTYPES[kind])
    if own:
        for name, values in zip(_FIELDS[kind], zip(*map(msgspec.structs.astuple, own), strict=True), strict=True):
            if name in _OF_EVERY_READING:
                continue
            if name == "source":
                records[name] = [_SOURCE_CODES.get(value, -1) for value in values]
            elif records.dtype[name].kind == "f":
                # numpy turns None into NaN here: unknown, never a plausible value.
                records[name] = np.array(values, dtype=np.float64)
            else:
                records[name] = [-1 if value is None else value for value in values]
    return records


def _motion(payloads: Sequence[Any]) -> tuple[Records, npt.NDArray[np.int16]]:
    windows = [np.frombuffer(payload.samples, "<i2").reshape(-1, 3) for payload in payloads]
    motion: Records = np.empty(len(payloads), MOTION)
    motion["rate_hz"] = [payload.rate_hz for payload in payloads]
    motion["count"] = [len(window) for window in windows]
    motion["first"] = np.cumsum(motion["count"]) - motion["count"]
    samples = np.concatenate(windows) if windows else np.empty((0, 3), np.int16)
    return motion, samples.astype(np.int16)
