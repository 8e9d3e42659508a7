"""Numpy columns as PostgreSQL's binary arrays: parameters for ``unnest`` without a Python object a value.

Source: PostgreSQL, ``array_recv``: number of dimensions, whether any element is null, the elements' type; size and
lower bound of the dimension; then for each element its length (−1 for NULL) before its big-endian value.
"""

from __future__ import annotations

import struct
from typing import Any, Final, NamedTuple

import numpy as np
from psycopg import adapters, pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper

from gateway.store.copy_format import WIRE, Column, as_sent, missing

_OIDS: Final = {
    "bool": 16,
    "int8": 20,
    "int2": 21,
    "int4": 23,
    "float4": 700,
    "float8": 701,
    "timestamptz": 1184,
}
"""Source: PostgreSQL, ``pg_type.dat``."""


class Array(NamedTuple):
    """A parameter: a one-dimensional array in binary form. The statement must say its type, ``%s::int8[]``."""

    octets: bytes


class _ArrayDumper(Dumper):
    format = pq.Format.BINARY

    def dump(self, obj: Array) -> Buffer | None:
        return obj.octets


adapters.register_dumper(Array, _ArrayDumper)


def as_array(column: Column) -> Array:
    """One column; in a nullable one NaN and −1 become NULL (``Column``)."""
    wire, absent = WIRE[column.type], missing(column)
    size = len(column.values)
    head = struct.pack(">iiIii", 1, absent is not None, _OIDS[column.type], size, 1)
    if absent is not None and absent.all():
        return Array(head + b"\xff" * (4 * size))
    elements: np.ndarray[Any, Any] = np.empty(size, [("length", ">i4"), ("value", wire)])
    elements["length"] = wire.itemsize
    elements["value"] = as_sent(column)
    if absent is None:
        return Array(head + elements.tobytes())
    elements["length"][absent] = -1
    octets = elements.view(np.uint8).reshape(size, elements.itemsize)
    kept = np.ones(octets.shape, np.bool_)
    kept[absent, 4:] = False
    return Array(head + octets[kept].tobytes())
