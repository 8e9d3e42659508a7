"""Routines as bytes, apart from all else that the engine knows: they take weeks to learn and outlive its layout.

They are the end of a snapshot: a zlib stream (msgpack: the residents' slots and each field of ``ROUTINE`` as a column,
by name), its SHA-256, its length (8 bytes, big-endian) and ``MARK``, so that they are found whatever is before them. A
field that is new is not among the columns and begins blank; one that is gone is passed over. What a column means is
part of the format: who changes the unit of one gives it another name.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Final

import msgspec
import numpy as np

from alerts.engine.errors import IncompatibleSnapshot
from alerts.engine.routine import ROUTINE
from devices.batch import Records

MARK: Final = b"ROUTINE1"
_SHA256_BYTES: Final = 32
_LENGTH_BYTES: Final = 8
_AFTER: Final = _SHA256_BYTES + _LENGTH_BYTES + len(MARK)


class _Column(msgspec.Struct, array_like=True):
    kind: str  # of the numbers, as numpy writes it
    width: int  # numbers a resident
    octets: bytes


class KeptRoutines(msgspec.Struct):
    """The routines of some residents.

    Attributes:
        residents: their slots, int32, rising.
        columns: the fields of ``ROUTINE``.
    """

    residents: bytes
    columns: dict[str, _Column]


def packed(resident: Records, routines: Records) -> bytes:
    """The routines of all residents (RESIDENT, ROUTINE) as the end of a snapshot."""
    slots = np.flatnonzero(resident["routine"] >= 0).astype("<i4")
    rows = routines[resident["routine"][slots]]
    columns = {}
    for name in ROUTINE.names or ():
        column = np.ascontiguousarray(rows[name])
        kind = column.dtype.newbyteorder("<").str
        columns[name] = _Column(kind, _width(name), column.astype(kind).tobytes())
    stream = zlib.compress(msgspec.msgpack.encode(KeptRoutines(slots.tobytes(), columns)), 1)
    return stream + hashlib.sha256(stream).digest() + len(stream).to_bytes(_LENGTH_BYTES) + MARK


def routines_in(snapshot: bytes) -> KeptRoutines:
    """The routines at the end of a snapshot, of whatever layout.

    Raises:
        IncompatibleSnapshot: there are none, or they are damaged.
    """
    end = len(snapshot) - _AFTER
    length = int.from_bytes(snapshot[end + _SHA256_BYTES : end + _SHA256_BYTES + _LENGTH_BYTES]) if end > 0 else 0
    stream = snapshot[max(0, end - length) : max(0, end)]
    if not snapshot.endswith(MARK) or length == 0 or len(stream) != length:
        raise IncompatibleSnapshot("not understood: no routines at its end")
    if hashlib.sha256(stream).digest() != snapshot[end : end + _SHA256_BYTES]:
        raise IncompatibleSnapshot("damaged")
    try:
        return msgspec.msgpack.decode(zlib.decompress(stream), type=KeptRoutines)
    except (zlib.error, msgspec.DecodeError) as error:
        raise IncompatibleSnapshot(f"not understood: {error}") from error


def size_of(snapshot: bytes) -> int:
    """How many bytes at the end of a snapshot they take, where ``routines_in`` finds any."""
    end = len(snapshot) - _AFTER
    return _AFTER + int.from_bytes(snapshot[end + _SHA256_BYTES : end + _SHA256_BYTES + _LENGTH_BYTES])


def adopt(kept: KeptRoutines, resident: Records, routines: Records) -> int:
    """Let residents have the routines that were kept, in place of what was learned of them; returns of how many."""
    slots = np.frombuffer(kept.residents, "<i4")
    known = slots < len(resident)
    rows = np.full(len(slots), -1, np.int64)
    rows[known] = resident["routine"][slots[known]]
    has_one = rows >= 0
    for name in ROUTINE.names or ():
        column = kept.columns.get(name)
        if column is not None and column.width == _width(name):
            values = np.frombuffer(column.octets, column.kind).reshape(len(slots), *ROUTINE[name].shape)
            routines[name][rows[has_one]] = values[has_one]
    return int(has_one.sum())


def _width(name: str) -> int:
    shape: tuple[int, ...] = ROUTINE[name].shape
    return int(np.prod(shape, dtype=np.int64))
