"""Readings into their tables: one table a kind, the key (device, t, seq)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
from psycopg import sql
from psycopg.types.json import Jsonb

from devices.batch import NUMERIC, ReadingBatch, Records
from devices.kinds import CRY_FOR_HELP, Kind
from gateway.store.connection import Connection
from gateway.store.masses import COMMON, MASSES, copy_masses, insert_masses


class Extras(NamedTuple):
    """What the numeric columns cannot hold, by the reading's index in the batch."""

    texts: dict[int, tuple[Any, ...]]  # service: (request, note); exercise: (session, …, wearer)
    defects: dict[int, dict[str, Any]]  # sos, fall: what was wrong with the payload
    alarms: dict[int, UUID]  # sos, fall: the alarm that it opened, fed or took back
    unstorable: frozenset[int]  # sos, fall: refused by the database; they raise their alarm all the same


class Key(NamedTuple):
    """What makes a reading the same again."""

    kind: Kind
    device: int
    t: int
    seq: int


async def existing_keys(connection: Connection, keys: Iterable[Key]) -> set[Key]:
    """Those of ``keys`` that are stored already, in one query (design rule 4)."""
    by_kind: dict[Kind, list[Key]] = {}
    for key in keys:
        by_kind.setdefault(key.kind, []).append(key)
    if not by_kind:
        return set()
    parts: list[sql.Composed] = []
    params: list[Any] = []
    for kind, wanted in by_kind.items():
        # The bounds on t say nothing new, but let the planner leave out every partition that holds none of the keys;
        # the limit keeps it from reading a whole partition to join it.
        parts.append(
            sql.SQL(
                "select {kind}, k.device, k.t_ms, k.seq from unnest(%s::int4[], %s::int8[], %s::int8[])"
                " as k (device, t_ms, seq) cross join lateral (select from {table} r where r.device = k.device"
                " and r.t = to_timestamp(k.t_ms / 1000.0) and r.seq = k.seq"
                " and r.t >= to_timestamp(%s::int8 / 1000.0) and r.t <= to_timestamp(%s::int8 / 1000.0) limit 1) found"
            ).format(kind=sql.Literal(int(kind)), table=sql.Identifier(kind.topic_name))
        )
        times = [k.t for k in wanted]
        params += [[k.device for k in wanted], times, [k.seq for k in wanted], min(times), max(times)]
    cursor = await connection.execute(sql.SQL(" union all ").join(parts), params)
    return {Key(Kind(row[0]), row[1], row[2], row[3]) for row in await cursor.fetchall()}


async def alarms_of(connection: Connection, keys: Iterable[Key]) -> dict[Key, UUID]:
    """The alarms to which stored presses and falls belong, for the receipts of duplicates."""
    found: dict[Key, UUID] = {}
    for key in keys:
        if key.kind in CRY_FOR_HELP:
            cursor = await connection.execute(
                sql.SQL("select alarm from {} where device = %s and t = to_timestamp(%s / 1000.0) and seq = %s").format(
                    sql.Identifier(key.kind.topic_name)
                ),
                (key.device, key.t, key.seq),
            )
            row = await cursor.fetchone()
            if row is not None and row[0] is not None:
                found[key] = row[0]
    return found


async def newest_times(connection: Connection, pairs: Iterable[tuple[Kind, int]]) -> dict[tuple[Kind, int], int]:
    """The greatest stored event time (ms) of each (kind, device) pair that has any reading."""
    by_kind: dict[Kind, list[int]] = {}
    for kind, device in pairs:
        by_kind.setdefault(kind, []).append(device)
    if not by_kind:
        return {}
    query = sql.SQL(" union all ").join(
        sql.SQL(
            "select {kind}, d, (select (extract(epoch from max(t)) * 1000)::int8 from {table} where device = d)"
            " from unnest(%s::int4[]) as d"
        ).format(kind=sql.Literal(int(kind)), table=sql.Identifier(kind.topic_name))
        for kind in by_kind
    )
    cursor = await connection.execute(query, list(by_kind.values()))
    return {(Kind(row[0]), row[1]): row[2] for row in await cursor.fetchall() if row[2] is not None}


async def newest_of_all(connection: Connection, kind: Kind) -> dict[int, int]:
    """The greatest stored event time (ms) of each device that has a reading of this kind; reads the whole table."""
    cursor = await connection.execute(
        sql.SQL("select device, (extract(epoch from max(t)) * 1000)::int8 from {} group by device").format(
            sql.Identifier(kind.topic_name)
        )
    )
    return dict(await cursor.fetchall())


async def store_readings(connection: Connection, batch: ReadingBatch, extras: Extras) -> None:
    """Write every reading of the batch to the table of its kind.

    Raises:
        psycopg.errors.UniqueViolation: A reading was stored before: the safety net below the look-up.
        psycopg.errors.DataError: The database refuses a value (the decoder should have).
    """
    await copy_masses(connection, batch)
    await insert_masses(connection, batch)
    await insert_others(connection, batch, extras)


async def insert_others(connection: Connection, batch: ReadingBatch, extras: Extras) -> None:
    """Write the kinds that do not come in masses, row by row. Raises as ``store_readings``, in a pipeline later."""
    for kind in {Kind(kind) for kind in np.unique(batch.header["kind"])} - MASSES:
        await _INSERTERS[kind](connection, kind, batch, extras)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)


def _common(row: Records) -> tuple[Any, ...]:
    return (int(row["pos"]), int(row["device"]), _moment(int(row["t"])), int(row["seq"]), _moment(int(row["received"])))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _flag(value: int) -> bool | None:
    return None if value == -1 else bool(value)


async def _insert(connection: Connection, kind: Kind, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    statement = _insert_statement(kind, names)
    if len(rows) == 1:
        await connection.execute(statement, rows[0])
        return
    async with connection.cursor() as cursor:
        await cursor.executemany(statement, rows)


@cache
def _insert_statement(kind: Kind, names: tuple[str, ...]) -> bytes:
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(kind.topic_name),
        sql.SQL(", ").join(map(sql.Identifier, (*(field.name for field in COMMON), *names))),
        sql.SQL(", ").join([sql.Placeholder()] * (len(COMMON) + len(names))),
    )
    return statement.as_bytes(None)


async def _insert_cries(connection: Connection, kind: Kind, batch: ReadingBatch, extras: Extras) -> None:
    names = ("lat", "lon", "accuracy_m") if kind is Kind.SOS else ("confidence", "impact_g")
    values = getattr(batch, NUMERIC[kind][0])
    rows = []
    for index in np.flatnonzero(batch.header["kind"] == kind):
        if int(index) in extras.unstorable:
            continue
        head = batch.header[index]
        own = values[head["row"]]
        defects = extras.defects.get(int(index))
        rows.append(
            (
                *_common(head),
                *(_known(own[name]) for name in names),
                _flag(own["cancel"]),
                bool(head["trusted"]),
                None if defects is None else Jsonb(defects),
                extras.alarms.get(int(index)),
            )
        )
    await _insert(connection, kind, (*names, "cancel", "trusted", "defects", "alarm"), rows)


async def _insert_motion(connection: Connection, kind: Kind, batch: ReadingBatch, _: Extras) -> None:
    rows = []
    for head in batch.of_kind(kind):
        own = batch.motion[head["row"]]
        window = batch.samples[own["first"] : own["first"] + own["count"]]
        rows.append((*_common(head), float(own["rate_hz"]), window.astype("<i2").tobytes()))
    await _insert(connection, kind, ("rate_hz", "samples"), rows)


_TEXT_FIELDS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.SERVICE: ("request", "note"),
    Kind.EXERCISE: (
        "session", "machine", "duration_s", "count", "distance_m", "energy_kcal", "heart_rate_bpm", "wearer",
    ),
}  # fmt: skip


async def _insert_texts(connection: Connection, kind: Kind, batch: ReadingBatch, extras: Extras) -> None:
    rows = [
        (*_common(batch.header[index]), *extras.texts[int(index)])
        for index in np.flatnonzero(batch.header["kind"] == kind)
    ]
    await _insert(connection, kind, _TEXT_FIELDS[kind], rows)


_Inserter = Callable[[Connection, Kind, ReadingBatch, Extras], Awaitable[None]]

_INSERTERS: Final[dict[Kind, _Inserter]] = {
    Kind.SOS: _insert_cries,
    Kind.FALL: _insert_cries,
    Kind.MOTION: _insert_motion,
    Kind.SERVICE: _insert_texts,
    Kind.EXERCISE: _insert_texts,
}
