"""Stored readings back as the columns that the engine reads, without a Python object a row.

The database writes each column as one string of octets, value after value in the type's binary form, and numpy reads
it as it comes. COPY would hand over row after row: 4 µs of this process a reading, against 0.1 µs; ``array_agg``
costs the database twice as much (measured: docs/performance.md). All columns of one query are gathered from the same
rows in the same order.
Source: PostgreSQL, the types' send functions: numbers are big-endian, a ``timestamptz`` counts µs since 2000.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from psycopg import sql

from devices.batch import HEADER, NUMERIC, ReadingBatch, Records, empty_batch
from devices.kinds import READING_KINDS, Kind
from gateway.store.connection import Connection
from gateway.store.copy_format import EPOCH_2000_MS

_SEND: Final = {">i8": "int8send", ">i4": "int4send", ">f8": "float8send", ">f4": "float4send"}
_WINDOWS_AT_ONCE: Final = 8_192
"""Motion windows in one value: it may have 1 GB, and a window 64 KiB (``devices.payloads``)."""


class _Column(NamedTuple):
    """What is asked of the database, never null, and the numbers that come."""

    name: str
    expression: sql.Composable
    wire: str
    send: str = ""
    """The type's send function, where it does not follow from ``wire``."""


class Fetched(NamedTuple):
    """Stored readings as they came from the database: what numpy makes of them may be made in another thread."""

    kinds: list[tuple[Kind, list[list[bytes]]]]

    def readings(self) -> ReadingBatch:
        """The readings in the order of ``pos``, as they were received."""
        headers: list[Records] = []
        members: dict[str, Any] = dict(empty_batch()._asdict())
        for kind, values in self.kinds:
            columns = _columns(kind, values)
            order = _order(columns["pos"])
            header = np.zeros(len(columns["pos"]), HEADER)
            header["trusted"] = 1
            for name in {"pos", "device", "seq", "trusted"} & columns.keys():
                header[name] = columns[name][order]
            for name in ("t", "received"):
                header[name] = columns[name][order] // 1000 + EPOCH_2000_MS
            header["kind"] = kind
            header["row"] = np.arange(len(header))
            headers.append(header)
            if kind in NUMERIC:
                member, dtype = NUMERIC[kind]
                own = members[member] = np.zeros(len(header), dtype)
                for field in columns.keys() & set(dtype.names or ()):
                    own[field] = columns[field][order]
            if kind is Kind.MOTION:
                members["samples"] = _in_order(members["motion"], columns, order)
        if headers:
            header = np.concatenate(headers)
            members["header"] = header[_order(header["pos"])]
        return ReadingBatch(**members)


async def load_readings(connection: Connection, first_pos: int, last_pos: int) -> ReadingBatch:
    """The stored readings with ``first_pos <= pos <= last_pos`` in the order of ``pos``, as they were received."""
    return (await fetch_readings(connection, first_pos, last_pos)).readings()


async def fetch_readings(connection: Connection, first_pos: int, last_pos: int) -> Fetched:
    """The same, still to be read."""
    kinds = [(kind, await _octets(connection, kind, first_pos, last_pos)) for kind in READING_KINDS]
    return Fetched([(kind, values) for kind, values in kinds if values and values[0][0]])


def _order(pos: npt.NDArray[np.int64]) -> npt.NDArray[np.intp] | slice:
    """What puts these in order; mostly they lie so already."""
    return slice(None) if bool(np.all(pos[1:] > pos[:-1])) else np.argsort(pos, kind="stable")


def _in_order(motion: Records, columns: dict[str, npt.NDArray[Any]], order: npt.NDArray[np.intp] | slice) -> Records:
    """The samples of the windows one after the other; notes in ``motion`` where each begins."""
    count = columns["octets"] // 6
    begins = np.cumsum(count) - count
    motion["count"] = count[order]
    motion["first"] = np.cumsum(motion["count"]) - motion["count"]
    samples = columns["samples"].view("<i2").reshape(-1, 3).astype(np.int16)
    rows = np.repeat(begins[order] - motion["first"], motion["count"]) + np.arange(len(samples))
    return samples[rows]


async def _octets(connection: Connection, kind: Kind, first_pos: int, last_pos: int) -> list[list[bytes]]:
    """The columns of a kind in no order, part after part; without readings there is no part, or an empty one."""
    aggregates: list[sql.Composable] = [
        sql.SQL("string_agg({}({}), ''::bytea)").format(
            sql.Identifier(column.send or _SEND[column.wire]), column.expression
        )
        for column in _wanted(kind)
    ]
    part: sql.Composable = sql.SQL("")
    if kind is Kind.MOTION:
        aggregates.append(sql.SQL("string_agg(samples, ''::bytea)"))
        part = sql.SQL("group by pos / {}").format(_WINDOWS_AT_ONCE)
    query = sql.SQL("select {} from {} where pos between %s and %s {}").format(
        sql.SQL(", ").join(aggregates), sql.Identifier(kind.topic_name), part
    )
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(query, (first_pos, last_pos))
        result = cursor.pgresult
        assert result is not None
        return [[result.get_value(row, i) or b"" for i in range(len(aggregates))] for row in range(result.ntuples)]


def _columns(kind: Kind, values: list[list[bytes]]) -> dict[str, npt.NDArray[Any]]:
    """The columns of a kind, shape (n,) each."""
    columns: dict[str, npt.NDArray[Any]] = {
        column.name: np.frombuffer(b"".join(row[i] for row in values), column.wire)
        for i, column in enumerate(_wanted(kind))
    }
    if kind is Kind.MOTION:
        columns["samples"] = np.frombuffer(b"".join(row[-1] for row in values), np.uint8)
    return columns


def _wanted(kind: Kind) -> list[_Column]:
    columns = [
        _Column("pos", sql.Identifier("pos"), ">i8"),
        _Column("device", sql.Identifier("device"), ">i4"),
        _Column("t", sql.Identifier("t"), ">i8", "timestamptz_send"),
        _Column("seq", sql.Identifier("seq"), ">i8"),
        _Column("received", sql.Identifier("received"), ">i8", "timestamptz_send"),
    ]
    if kind in (Kind.SOS, Kind.FALL):
        columns.append(_Column("trusted", sql.SQL("trusted::int4"), ">i4"))
    if kind is Kind.MOTION:
        octets = _Column("octets", sql.SQL("octet_length(samples)"), ">i4")
        return [*columns, _Column("rate_hz", sql.Identifier("rate_hz"), ">f4"), octets]
    dtype = NUMERIC[kind][1] if kind in NUMERIC else np.dtype([])
    return columns + [_numeric(name, dtype[name]) for name in dtype.names or ()]


def _numeric(name: str, dtype: np.dtype[Any]) -> _Column:
    """A column of a mass: unknown is NaN or −1, as in the arrays."""
    column = sql.Identifier(name)
    if dtype.kind == "f":
        return _Column(name, sql.SQL("coalesce({}, 'NaN')").format(column), f">f{dtype.itemsize}")
    if dtype.itemsize == 8:
        return _Column(name, sql.SQL("coalesce({}, -1)").format(column), ">i8")
    return _Column(name, sql.SQL("coalesce({}::int4, -1)").format(column), ">i4")
