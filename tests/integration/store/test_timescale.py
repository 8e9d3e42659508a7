"""On TimescaleDB readings live in hypertables: compressed when old, dropped by the chunk, each stored once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.resources import files

import psycopg
import pytest

from devices.clock import DAY_MS, SystemClock
from devices.kinds import Kind
from devices.payloads import Sos
from gateway.assemble import assemble
from gateway.directory import Route
from gateway.readings import gathered
from gateway.store import upkeep
from gateway.store.connection import Connection, connect
from gateway.store.loading import load_readings
from gateway.store.migrate import migrate
from gateway.store.telemetry import Key, existing_keys, newest_times, store_readings
from tests.support.community import rows
from tests.support.timescale import running_timescale

FIRST = "0001_foundation.sql"
NOW = SystemClock().now_ms()
OLD, NEW = NOW - 100 * DAY_MS, NOW - DAY_MS
POSITION = (
    "insert into position (pos, device, t, seq, received, lat, lon)"
    " values (%s, %s, to_timestamp(%s / 1000.0), %s, now(), 1, 1)"
)


@asynccontextmanager
async def session(conninfo: str) -> AsyncIterator[Connection]:
    """A connection of ours. All connections share one session there, which knows the statements of the one before."""
    async with await connect(conninfo, application="test") as connection:
        await connection.execute("deallocate all", prepare=False)
        yield connection


@pytest.fixture(scope="module")
def timescale() -> Iterator[str]:
    """A database of the first version with an old and a new reading of device 1, then migrated."""
    with running_timescale() as conninfo:
        with psycopg.connect(conninfo) as connection:
            connection.execute(files("gateway.store").joinpath("migrations", FIRST).read_text("utf-8"))
            connection.execute("create table migration (name text primary key, applied_at timestamptz default now())")
            connection.execute("insert into migration (name) values (%s)", (FIRST,))
            for pos, t in enumerate((OLD, NEW), start=1):
                connection.execute(POSITION, (pos, 1, t, pos))
        asyncio.run(migrate(conninfo))
        yield conninfo


def test_every_table_of_readings_is_a_hypertable_and_those_of_masses_are_compressed_after_a_week(
    timescale: str,
) -> None:
    known = rows(
        timescale,
        "select hypertable_name::text, compression_enabled from timescaledb_information.hypertables order by 1",
    )
    assert known == rows(timescale, "select name, masses from reading_table order by 1")
    policies = rows(
        timescale,
        "select hypertable_name::text, config ->> 'compress_after' from timescaledb_information.jobs"
        " where proc_name = 'policy_compression' order by 1",
    )
    assert policies == [(name, "7 days") for name, masses in known if masses]


async def test_readings_of_before_have_moved_and_are_found_by_key_time_and_place_in_the_stream(timescale: str) -> None:
    async with session(timescale) as connection:
        keys = {Key(Kind.POSITION, 1, OLD, 1), Key(Kind.POSITION, 1, NEW, 2)}
        assert await existing_keys(connection, [*keys, Key(Kind.POSITION, 1, NEW, 3)]) == keys
        assert await newest_times(connection, [(Kind.POSITION, 1)]) == {(Kind.POSITION, 1): NEW}
        assert (await load_readings(connection, 1, 2)).header["t"].tolist() == [OLD, NEW]


async def test_a_press_is_stored_by_the_gateways_own_statements(timescale: str) -> None:
    press = gathered([(Sos(t=NEW, seq=9), NEW + 5, Route(Kind.SOS, "s1", "b5", 5, None))])
    batch, extras = assemble(press, first_pos=1000)
    async with session(timescale) as connection:
        async with connection.transaction():
            await store_readings(connection, batch, extras)
        assert await existing_keys(connection, [Key(Kind.SOS, 5, NEW, 9)])
        with pytest.raises(psycopg.errors.UniqueViolation):
            await store_readings(connection, batch, extras)


async def test_what_is_compressed_is_still_found_and_stored_once_and_takes_what_comes_late(timescale: str) -> None:
    when = NOW - 200 * DAY_MS
    with psycopg.connect(timescale, autocommit=True, prepare_threshold=None) as connection:
        for seq in range(50):
            connection.execute(POSITION, (2000 + seq, 7, when + seq * 1000, seq))
        (job,) = connection.execute(
            "select job_id from timescaledb_information.jobs where hypertable_name = 'position'"
        ).fetchone() or (0,)
        connection.execute(f"call run_job({job})")
        compressed = connection.execute(
            "select bool_and(is_compressed) from timescaledb_information.chunks"
            " where hypertable_name = 'position' and range_end < now() - interval '7 days'"
        ).fetchone()
        assert compressed == (True,)
        connection.execute(POSITION, (2050, 7, when + 50_000, 50))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(POSITION, (2051, 7, when + 1000, 1))
    async with session(timescale) as connection:
        keys = {Key(Kind.POSITION, 7, when + seq * 1000, seq) for seq in range(51)}
        assert await existing_keys(connection, keys) == keys
        assert await newest_times(connection, [(Kind.POSITION, 7)]) == {(Kind.POSITION, 7): when + 50_000}
        assert (await load_readings(connection, 2000, 2050)).header["seq"].tolist() == list(range(51))


async def test_old_chunks_go_as_a_whole_and_partitions_are_nobodys_business(timescale: str) -> None:
    ancient = NOW - 500 * DAY_MS
    with psycopg.connect(timescale, autocommit=True, prepare_threshold=None) as connection:
        connection.execute(POSITION, (3000, 8, ancient, 1))
    async with session(timescale) as connection:
        assert await upkeep.make_partitions(connection, NOW) == 0
        assert await upkeep.end_readings(connection, NOW - 400 * DAY_MS) == 1
        assert await upkeep.end_readings(connection, NOW - 400 * DAY_MS) == 0
        gone, kept = Key(Kind.POSITION, 8, ancient, 1), Key(Kind.POSITION, 1, OLD, 1)
        assert await existing_keys(connection, [gone, kept]) == {kept}
