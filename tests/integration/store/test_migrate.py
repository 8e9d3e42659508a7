"""Migrations go forward only, once, whole or not at all, and lose no reading."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from importlib.resources import files
from uuid import UUID

import msgspec
import psycopg
import pytest
from psycopg.types.json import Jsonb

from gateway.store.connection import connect
from gateway.store.fitness import UnknownSchemaError
from gateway.store.migrate import migrate, migrations, steps_behind
from tests.support.alarms import an_alarm
from tests.support.community import rows

FIRST = "0001_foundation.sql"
HISTORY = "select name from migration order by name"


@pytest.fixture
def first_version(empty_conninfo: str) -> str:
    """A database as version 0.1.0 made it, with a year of positions of seven devices."""
    with psycopg.connect(empty_conninfo) as connection:
        connection.execute("create table migration (name text primary key, applied_at timestamptz default now())")
        connection.execute(files("gateway.store").joinpath("migrations", FIRST).read_bytes())
        connection.execute("insert into migration (name) values (%s)", (FIRST,))
        connection.execute(
            "insert into position (pos, device, t, seq, received, lat, lon)"
            " select g, g % 7, now() - g * interval '4 hours', g, now(), 1, 1 from generate_series(1, 2190) g"
        )
        connection.execute("insert into sos (pos, device, t, seq, received) values (9999, 1, '2019-02-03Z', 1, now())")
    return empty_conninfo


def test_two_processes_that_start_at_once_migrate_once(empty_conninfo: str) -> None:
    program = "import asyncio, sys; from gateway.store.migrate import migrate; print(asyncio.run(migrate(sys.argv[1])))"
    both = [
        subprocess.Popen([sys.executable, "-c", program, empty_conninfo], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    names = [name for name, _ in migrations()]
    assert [process.returncode for process in both] == [0, 0]
    assert answers == sorted([str(names), "[]"])
    assert rows(empty_conninfo, HISTORY) == [(name,) for name in names]


async def test_how_far_a_database_is_behind_is_known_without_changing_it(empty_conninfo: str) -> None:
    async with await connect(empty_conninfo, application="test") as connection:
        assert await steps_behind(connection) == len(migrations())
        assert rows(empty_conninfo, "select to_regclass('migration')") == [(None,)]
        await migrate(empty_conninfo)
        assert await steps_behind(connection) == 0
        await connection.execute("delete from migration where name <> %s", (FIRST,))
        assert await steps_behind(connection) == len(migrations()) - 1


async def test_what_was_stored_before_is_there_after_with_its_keys(first_version: str) -> None:
    before = rows(first_version, "select * from position order by pos")
    applied = await migrate(first_version)
    assert FIRST not in applied
    assert rows(first_version, "select * from position order by pos") == before
    assert rows(first_version, "select pos, t::date::text from sos") == [(9999, "2019-02-03")]
    again = "insert into position select * from position where pos = 2000"
    with psycopg.connect(first_version) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(again)
    plan = rows(first_version, "explain select * from position where pos between 5 and 9")
    assert any("Bitmap Index Scan" in line or "Seq Scan" in line for (line,) in plan)
    indexes = rows(
        first_version,
        "select count(*) from pg_index x join pg_inherits h on h.inhrelid = x.indrelid"
        " where h.inhparent = 'position'::regclass group by x.indrelid having count(*) <> 2",
    )
    assert indexes == [], "every partition has the key and the index on pos"


async def test_alarms_of_before_sound_from_when_they_became_more_than_low(empty_conninfo: str) -> None:
    night: list[tuple[str, int, str | None]] = [("opened", 1_000, "low"), ("severity_raised", 9_000, "high")]
    unsaid: list[tuple[str, int, str | None]] = [("opened", 1_000, None), ("severity_raised", 9_000, "high")]
    medium = [*unsaid[:1], ("severity_raised", 8_000, "medium"), *unsaid[1:]]
    with psycopg.connect(empty_conninfo) as connection:
        connection.execute("create table migration (name text primary key, applied_at timestamptz default now())")
        for name, script in migrations():
            if name < "0022":
                connection.execute(script.encode())
                connection.execute("insert into migration (name) values (%s)", (name,))
        for place, lines in enumerate((night, unsaid, medium)):
            timeline = [{"event": event, "t": t, "note": note, "actor": "engine"} for event, t, note in lines]
            alarm = an_alarm("missed_check.silent", subject=f"resident:{place}", raised_at=1_000, severity="high")
            stored = {**msgspec.to_builtins(alarm), "timeline": timeline}
            connection.execute("insert into alarm (id, object) values (%s, %s)", (UUID(int=place), Jsonb(stored)))
    await migrate(empty_conninfo)
    assert rows(empty_conninfo, "select sounded_at from alarm order by id") == [(9_000,), (1_000,), (8_000,)]


async def test_a_migration_that_is_interrupted_leaves_the_database_as_it_was(first_version: str) -> None:
    tables = "select relname from pg_class where relkind in ('r', 'p') order by relname"
    before = rows(first_version, tables)
    waits = "select pid from pg_stat_activity where application_name = 'anxin migrate' and wait_event_type = 'Lock'"

    async def be_interrupted() -> None:
        with pytest.raises(psycopg.OperationalError):
            await migrate(first_version)

    with psycopg.connect(first_version) as reader:
        reader.execute("select count(*) from position").fetchone()  # holds up the migration halfway
        async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
            tasks.create_task(be_interrupted())
            while not (waiting := rows(first_version, waits)):  # noqa: ASYNC110 - the server's table
                await asyncio.sleep(0.02)
            reader.execute("select pg_terminate_backend(%s)", waiting[0])
    assert rows(first_version, tables) == before
    assert rows(first_version, HISTORY) == [(FIRST,)]
    assert await migrate(first_version)


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("insert into migration (name) values ('9999_of_tomorrow.sql')")
    with pytest.raises(UnknownSchemaError, match=r"newer Anxin.*9999_of_tomorrow\.sql"):
        await migrate(conninfo)


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = [int(name.split("_")[0]) for name, _ in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))
