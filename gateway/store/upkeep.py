"""What keeps the database small and ready: partitions ahead of time, and an end to what has grown old.

Every function takes a connection that commits by itself, works in transactions of its own, may be repeated at any
time, and returns how many partitions or rows it made or ended.
"""

from __future__ import annotations

from typing import Final, LiteralString, NamedTuple

import psycopg

from devices.clock import DAY_MS
from gateway.store.connection import Connection

AHEAD_MS: Final = 28 * DAY_MS
"""How far ahead of the clock partitions reach. What comes later has a place too, only a coarser one."""
LOCK_WAIT: Final = "500ms"
"""How long a change of partitions may wait for its lock: readings wait behind it."""
DELETE_AT_ONCE: Final = 10_000
"""Rows a transaction: a big one would hold its locks, and the log, for long."""


class ReadingTable(NamedTuple):
    """A table of readings; ``native``: in partitions of PostgreSQL's own, else in chunks of TimescaleDB."""

    name: str
    native: bool


async def reading_tables(conn: Connection) -> list[ReadingTable]:
    """The tables of readings, and who divides them."""
    cursor = await conn.execute(
        "select t.name, c.relkind = 'p' from reading_table t"
        " join pg_class c on c.oid = to_regclass(quote_ident(t.name)) order by t.name"
    )
    return [ReadingTable(*row) for row in await cursor.fetchall()]


async def make_partitions(conn: Connection, now: int) -> int:
    """Make the partitions that readings until ``now`` (ms) + 28 days need. TimescaleDB makes its own.

    Raises:
        psycopg.errors.LockNotAvailable: somebody read one of the tables for too long; the others are done.
    """
    return await _each_table(conn, "select extend_partitions(%s, to_timestamp(%s / 1000.0))", None, now + AHEAD_MS)


async def end_readings(conn: Connection, before: int) -> int:
    """Drop the partitions or chunks whose readings are all older than ``before`` (ms).

    Raises:
        psycopg.errors.LockNotAvailable: as ``make_partitions``.
    """
    return await _each_table(
        conn,
        "select drop_partitions(%s, to_timestamp(%s / 1000.0))",
        "select count(*) from drop_chunks(to_regclass(quote_ident(%s)), older_than => to_timestamp(%s / 1000.0))",
        before,
    )


async def _each_table(conn: Connection, native: LiteralString, timescale: LiteralString | None, moment: int) -> int:
    """One transaction a table: whoever waits behind its lock does not wait for the others."""
    done = 0
    busy: psycopg.errors.LockNotAvailable | None = None
    for table in await reading_tables(conn):
        statement = native if table.native else timescale
        if statement is None:
            continue
        try:
            async with conn.transaction():
                await conn.execute(f"set local lock_timeout = '{LOCK_WAIT}'")
                row = await (await conn.execute(statement, (table.name, moment))).fetchone()
        except psycopg.errors.LockNotAvailable as error:
            busy = error
        else:
            done += 0 if row is None else int(row[0])
    if busy is not None:
        raise busy
    return done


async def end_rejected(conn: Connection, before: int) -> int:
    """Forget the payloads that were put aside before ``before``, ms."""
    return await _delete(conn, "rejected", "received < to_timestamp(%s / 1000.0)", before)


async def end_alarm_changes(conn: Connection, before: int) -> int:
    """Forget the numbered changes of alarms from before ``before`` (ms) that the alarm feed has published.

    The alarms themselves stay. A stream that asks for a number no longer kept is told to begin anew.
    """
    return await _delete(
        conn, "alarm_change", "at < to_timestamp(%s / 1000.0) and n <= (select n from feed_cursor)", before
    )


async def end_messages(conn: Connection, before: int) -> int:
    """Forget what was said before ``before`` (ms) and about which nothing is to be done any more, and the answers."""
    ended = await _delete(conn, "message", "created_at < %s and state not in ('queued', 'sending')", before)
    return ended + await _delete(conn, "inbound_message", "received_at < %s", before)


async def end_searches(conn: Connection, before: int) -> int:
    """Forget who looked at live maps before ``before`` (ms), and the links that ended before it."""
    ended = await _delete(conn, "find_look", "to_ms < %s", before)
    return ended + await _delete(conn, "find_link", "expires_at < %s", before)


async def end_commands(conn: Connection, before: int) -> int:
    """Forget commands from before ``before`` (ms) whose answer nobody waits for, and answers from before it."""
    ended = await _delete(conn, "command", "answer_until < %s and state not in ('queued', 'sent')", before)
    return ended + await _delete(conn, "command_ack", "received < to_timestamp(%s / 1000.0)", before)


async def _delete(conn: Connection, table: LiteralString, condition: LiteralString, before: int) -> int:
    deleted = 0
    while True:
        cursor = await conn.execute(
            f"delete from {table} where ctid = any(array("
            f"select ctid from {table} where {condition} limit {DELETE_AT_ONCE}))",
            (before,),
        )
        deleted += cursor.rowcount
        if cursor.rowcount < DELETE_AT_ONCE:
            return deleted


class UpkeepRun(NamedTuple):
    """The newest run of a job of upkeep: when it ended (ms), how much it did, what went wrong."""

    job: str
    at: int
    done: int
    error: str | None


async def take_job(conn: Connection, job: str) -> bool:
    """Take a job for this session, if nobody else is doing it. To be given back by ``leave_job``."""
    row = await (
        await conn.execute("select pg_try_advisory_lock(hashtextextended('upkeep ' || %s, 0))", (job,))
    ).fetchone()
    return row is not None and bool(row[0])


async def leave_job(conn: Connection, job: str, *, done: int, error: str | None) -> None:
    """Write down how the job went, and give it back."""
    await conn.execute(
        "insert into upkeep_run (job, done, error) values (%s, %s, %s) on conflict (job) do update"
        " set at = clock_timestamp(), done = excluded.done, error = excluded.error",
        (job, done, error),
    )
    await conn.execute("select pg_advisory_unlock(hashtextextended('upkeep ' || %s, 0))", (job,))


async def upkeep_runs(conn: Connection) -> list[UpkeepRun]:
    """The newest run of every job, by name."""
    cursor = await conn.execute(
        "select job, (extract(epoch from at) * 1000)::bigint, done, error from upkeep_run order by job"
    )
    return [UpkeepRun(*row) for row in await cursor.fetchall()]


async def error_of_job(conn: Connection, job: str) -> str | None:
    """What went wrong in a job's newest run; None when nothing did, or it never ran."""
    row = await (await conn.execute("select error from upkeep_run where job = %s", (job,))).fetchone()
    return None if row is None else row[0]
