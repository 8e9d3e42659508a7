"""The gateway's book-keeping: who owns the engine, which batches are committed, snapshots (design rules 6, 7)."""

from __future__ import annotations

from typing import Final, NamedTuple

from gateway.store.connection import Connection

_OWNER_LOCK: Final = 0x616E_7869_0001
"""Session advisory lock of the one gateway that owns the engine."""


class BatchRow(NamedTuple):
    """What makes a batch repeatable: its ``now``, its readings, and the registry it was decided under."""

    number: int
    epoch: int
    now_ms: int
    first_pos: int
    last_pos: int
    registry_version: int
    listening_since: int | None


class Snapshot(NamedTuple):
    """The engine as it was after ``batch``."""

    batch: int
    registry_version: int
    state: bytes


async def take_ownership(connection: Connection) -> bool:
    """Try to become the owner of the engine on this session; False while another gateway holds it."""
    row = await (await connection.execute("select pg_try_advisory_lock(%s)", (_OWNER_LOCK,))).fetchone()
    return bool(row and row[0])


async def begin_epoch(connection: Connection) -> int:
    """Open a new epoch: whatever an earlier owner still tries to commit fails from now on."""
    row = await (await connection.execute("insert into gateway_epoch default values returning epoch")).fetchone()
    assert row is not None
    return int(row[0])


async def is_current_epoch(connection: Connection, epoch: int) -> bool:
    """Whether nobody took over since."""
    row = await (await connection.execute("select max(epoch) from gateway_epoch")).fetchone()
    return row is not None and row[0] == epoch


async def last_batch(connection: Connection) -> BatchRow | None:
    """The newest committed batch."""
    rows = await _rows(connection, "order by number desc limit 1", ())
    return rows[0] if rows else None


async def batches_after(connection: Connection, number: int, limit: int) -> list[BatchRow]:
    """The committed batches above ``number``, in order."""
    return await _rows(connection, "where number > %s order by number limit %s", (number, limit))


async def first_batch_since(connection: Connection, now_ms: int) -> int | None:
    """The number of the first batch decided at or after ``now_ms``."""
    cursor = await connection.execute("select min(number) from batch where now_ms >= %s", (now_ms,))
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def is_committed(connection: Connection, number: int, epoch: int) -> bool:
    """Whether the batch of this epoch reached the database: the answer to an unknown outcome."""
    cursor = await connection.execute("select 1 from batch where number = %s and epoch = %s", (number, epoch))
    return await cursor.fetchone() is not None


async def insert_batch(connection: Connection, row: BatchRow) -> None:
    """Write the batch down, inside its own transaction.

    Raises:
        psycopg.errors.UniqueViolation: Another gateway committed a batch of this number.
    """
    await connection.execute(
        "insert into batch (number, epoch, now_ms, first_pos, last_pos, registry_version, listening_since)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        row,
    )


async def newest_snapshot(
    connection: Connection, engine_key: str | None, *, before: int | None = None
) -> Snapshot | None:  # fmt: skip
    """The newest snapshot of this engine's layout (None: of any); of earlier batches than ``before``, where given."""
    cursor = await connection.execute(
        "select batch, registry_version, state from engine_snapshot"
        " where (%s::text is null or engine_key = %s) and (%s::int8 is null or batch < %s) order by batch desc limit 1",
        (engine_key, engine_key, before, before),
        binary=True,
    )
    row = await cursor.fetchone()
    return None if row is None else Snapshot(*row)


async def save_snapshot(connection: Connection, engine_key: str, snapshot: Snapshot, *, keep_since_ms: int) -> None:
    """Keep the engine's state after a committed batch.

    The two newest snapshots are kept, and of the batches before them those decided at or after ``keep_since_ms``:
    from them the engine is rebuilt when no snapshot can be read.
    """
    async with connection.transaction():
        await connection.execute(
            "insert into engine_snapshot (batch, engine_key, registry_version, state) values (%s, %s, %s, %s)"
            " on conflict (batch) do nothing",
            (snapshot.batch, engine_key, snapshot.registry_version, snapshot.state),
        )
        await connection.execute(
            "delete from engine_snapshot"
            " where batch not in (select batch from engine_snapshot order by batch desc limit 2)"
        )
        await connection.execute(
            "delete from batch where number < (select min(batch) from engine_snapshot) and now_ms < %s",
            (keep_since_ms,),
        )


async def _rows(connection: Connection, tail: str, params: tuple[int, ...]) -> list[BatchRow]:
    cursor = await connection.execute(
        f"select number, epoch, now_ms, first_pos, last_pos, registry_version, listening_since from batch {tail}",
        params,
    )
    return [BatchRow(*row) for row in await cursor.fetchall()]
