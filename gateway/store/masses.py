"""The kinds that come in masses, column by column into their tables: no Python object a value.

Up to ``COPY_FROM`` readings of a kind go as arrays that the database unnests, since such a statement leaves together
with all others of a transaction; more go by COPY, which waits for an answer of its own and then writes them faster.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np
from psycopg import sql

from devices.batch import NUMERIC, ReadingBatch
from devices.kinds import Kind
from gateway.store.array_format import as_array
from gateway.store.connection import Connection
from gateway.store.copy_format import SIGNATURE, TRAILER, Column, encode_rows

COPY_FROM: Final = 1_500
"""Readings of one kind in a batch. Positions, µs of client and server a batch: 1 as an array 290 + 94, by COPY
402 + 112; 250: 406 + 714, 606 + 610; 1,000: 866 + 2,924, 1,035 + 3,133; 2,000: 1,318 + 6,168, 1,823 + 4,999."""


class Field(NamedTuple):
    """A column of a reading's table and where it comes from: the same name in the kind's array."""

    name: str
    type: str
    nullable: bool = True


COMMON: Final = (
    Field("pos", "int8", nullable=False),
    Field("device", "int4", nullable=False),
    Field("t", "timestamptz", nullable=False),
    Field("seq", "int8", nullable=False),
    Field("received", "timestamptz", nullable=False),
)
"""What every reading has."""

_OWN: Final[dict[Kind, tuple[Field, ...]]] = {
    Kind.POSITION: (
        Field("lat", "float8", nullable=False),
        Field("lon", "float8", nullable=False),
        Field("accuracy_m", "float4"),
        Field("speed_mps", "float4"),
        Field("heading_deg", "float4"),
        Field("altitude_m", "float4"),
        Field("source", "int2"),
    ),
    Kind.HEARTBEAT: (
        Field("steps", "int8"),
        Field("battery_pct", "float4"),
        Field("rssi_dbm", "float4"),
        Field("activity", "float4"),
        Field("interval_s", "float4"),
        Field("charging", "bool"),
        Field("worn", "bool"),
    ),
    Kind.VITALS: (
        Field("heart_rate_bpm", "float4"),
        Field("spo2_pct", "float4"),
        Field("systolic_mmhg", "float4"),
        Field("diastolic_mmhg", "float4"),
        Field("temperature_c", "float4"),
    ),
    Kind.CHECKIN: (),
}

MASSES: Final = frozenset(_OWN)


async def copy_masses(connection: Connection, batch: ReadingBatch) -> None:
    """Write the kinds of which there are ``COPY_FROM`` or more; no pipeline may contain that."""
    for kind in masses(batch, copied=True):
        async with connection.cursor() as cursor, cursor.copy(_copy_statement(kind)) as copy:
            await copy.write(SIGNATURE + encode_rows(_columns(kind, batch)) + TRAILER)


async def insert_masses(connection: Connection, batch: ReadingBatch) -> None:
    """Write the kinds of which there are fewer."""
    for kind in masses(batch, copied=False):
        await connection.execute(_insert_statement(kind), [as_array(column) for column in _columns(kind, batch)])


def masses(batch: ReadingBatch, *, copied: bool) -> list[Kind]:
    """The kinds that come in masses and are in the batch: those to be copied, or those to be inserted."""
    counts = np.bincount(batch.header["kind"], minlength=max(MASSES) + 1)
    return [kind for kind in sorted(MASSES) if counts[kind] and (counts[kind] >= COPY_FROM) == copied]


def _columns(kind: Kind, batch: ReadingBatch) -> list[Column]:
    header = batch.of_kind(kind)
    columns = [Column(field.type, header[field.name]) for field in COMMON]
    if kind in NUMERIC:
        values = getattr(batch, NUMERIC[kind][0])
        columns += [Column(field.type, values[field.name], field.nullable) for field in _OWN[kind]]
    return columns


def _names(kind: Kind) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(field.name) for field in (*COMMON, *_OWN[kind]))


@cache
def _copy_statement(kind: Kind) -> bytes:
    statement = sql.SQL("copy {} ({}) from stdin (format binary)")
    return statement.format(sql.Identifier(kind.topic_name), _names(kind)).as_bytes(None)


@cache
def _insert_statement(kind: Kind) -> bytes:
    arrays = sql.SQL(", ").join(sql.SQL("%s::{}[]").format(sql.SQL(field.type)) for field in (*COMMON, *_OWN[kind]))
    statement = sql.SQL("insert into {} ({}) select * from unnest({})")
    return statement.format(sql.Identifier(kind.topic_name), _names(kind), arrays).as_bytes(None)
