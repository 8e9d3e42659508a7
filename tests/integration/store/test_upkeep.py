"""What has grown old goes, what is still needed stays, and one process does it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.types.json import Jsonb

from anxin.settings import KeepDays
from anxin.upkeep import JOBS, Job, Upkeep, kept_up
from devices.clock import DAY_MS, HOUR_MS, SystemClock
from gateway.store import upkeep
from gateway.store.changes import changes_after, oldest_change
from gateway.store.connection import Connection, connect, pool
from gateway.store.upkeep import DELETE_AT_ONCE, upkeep_runs
from tests.support.community import rows

NOW = SystemClock().now_ms()


def position(conninfo: str, *ages_days: float) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for number, age in enumerate(ages_days):
            t = datetime.fromtimestamp(NOW / 1000, UTC) - timedelta(days=age)
            connection.execute(
                "insert into position (pos, device, t, seq, received, lat, lon) values (1, 1, %s, %s, %s, 1, 1)",
                (t, number, t),
            )


def partitions(conninfo: str, table: str = "position") -> list[tuple[str, int, int]]:
    """Each partition from and to, in days from now; the ends of time are far away."""
    return rows(
        conninfo,
        "select name, case from_t when '-infinity' then -1e6 else extract(epoch from from_t - now()) / 86400 end::int,"
        " case to_t when 'infinity' then 1e6 else extract(epoch from to_t - now()) / 86400 end::int"
        f" from partitions_of('{table}')",
    )


def test_partitions_reach_four_weeks_ahead_and_cover_all_times_without_a_gap(conninfo: str) -> None:
    for (table,) in rows(conninfo, "select name from reading_table"):
        known = partitions(conninfo, table)
        assert [known[0][0], known[-1][0]] == [f"{table}_older", f"{table}_later"]
        assert [to for _, _, to in known[:-1]] == [start for _, start, _ in known[1:]]
        assert known[-1][1] >= 28
        assert known[0][2] <= -28, "yesterday's late readings have a partition that goes as a whole"


async def test_two_processes_that_make_partitions_at_once_make_each_once(conninfo: str) -> None:
    later = NOW + 60 * DAY_MS
    count = "select count(*) from pg_inherits i join reading_table t on i.inhparent = t.name::regclass"
    ((before,),) = rows(conninfo, count)
    async with await connect(conninfo, application="a") as one, await connect(conninfo, application="b") as other:
        made = await asyncio.gather(upkeep.make_partitions(one, later), upkeep.make_partitions(other, later))
    assert rows(conninfo, count) == [(before + sum(made),)]
    assert partitions(conninfo)[-1][1] >= 88


async def test_every_partition_tells_where_its_newest_positions_lie_without_waiting_for_a_vacuum(conninfo: str) -> None:
    options = (
        "select i.indrelid::regclass::text, c.reloptions from pg_index i join pg_class c on c.oid = i.indexrelid"
        " join pg_am a on a.oid = c.relam where a.amname = 'brin' and c.relkind = 'i'"
    )
    before = rows(conninfo, options)
    async with await connect(conninfo, application="test") as connection:
        await upkeep.make_partitions(connection, NOW + 200 * DAY_MS)
    after = rows(conninfo, options)
    assert len(after) > len(before) >= 4 * 3
    assert {tuple(one) for _, one in after} == {("pages_per_range=128", "autosummarize=on")}


async def test_readings_that_no_partition_was_made_for_are_kept_and_get_one(conninfo: str) -> None:
    position(conninfo, -100, -1)
    async with await connect(conninfo, application="test") as connection:
        assert rows(conninfo, "select count(*) from position_later") == [(1,)]
        assert await upkeep.make_partitions(connection, NOW + 150 * DAY_MS) > 0
    assert rows(conninfo, "select count(*) from position_later") == [(0,)]
    assert rows(conninfo, "select count(*) from position") == [(2,)]
    known = partitions(conninfo)
    assert [to for _, _, to in known[:-1]] == [start for _, start, _ in known[1:]]
    with pytest.raises(psycopg.errors.UniqueViolation):
        position(conninfo, -100)


async def test_old_readings_go_with_their_partition_and_late_ones_still_find_a_place(conninfo: str) -> None:
    position(conninfo, 0, 500)
    async with await connect(conninfo, application="test") as connection:
        await upkeep.make_partitions(connection, NOW + 200 * DAY_MS)
        position(conninfo, -150)
        dropped = await upkeep.end_readings(connection, NOW + 100 * DAY_MS)
    assert dropped > 0
    known = partitions(conninfo)
    assert [to for _, _, to in known[:-1]] == [start for _, start, _ in known[1:]]
    assert rows(conninfo, "select count(*) from position where t < now() + interval '60 days'") == [(0,)]
    position(conninfo, 0)
    assert rows(conninfo, "select tableoid::regclass::text from position where t < now()") == [("position_older",)]


async def test_a_long_reader_keeps_neither_the_gateway_nor_the_other_tables_waiting(conninfo: str) -> None:
    with psycopg.connect(conninfo) as reader:
        reader.execute("select count(*) from position").fetchone()
        async with await connect(conninfo, application="test") as connection:
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await upkeep.make_partitions(connection, NOW + 60 * DAY_MS)
    assert partitions(conninfo)[-1][1] < 88
    assert partitions(conninfo, "heartbeat")[-1][1] >= 88


async def test_rejected_payloads_end_by_their_age_however_many(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "insert into rejected (received, topic, reason, payload)"
            " select now() - interval '31 days', 'x', 'bad_json', '' from generate_series(1, %s)",
            (DELETE_AT_ONCE + 5,),
        )
        connection.execute("insert into rejected (received, topic, reason, payload) values (now(), 'x', 'bad', '')")
    async with await connect(conninfo, application="test") as connection:
        assert await upkeep.end_rejected(connection, NOW - 30 * DAY_MS) == DELETE_AT_ONCE + 5
    assert rows(conninfo, "select count(*) from rejected") == [(1,)]


async def test_alarm_changes_end_only_behind_the_feed_and_the_oldest_kept_number_is_known(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        alarm = {
            "id": "6f2c1f0e-0000-4000-8000-000000000001", "case": "6f2c1f0e-0000-4000-8000-000000000002",
            "subject": "r", "rule": "sos.button", "kind": "sos", "state": "open", "severity": "critical",
            "raised_at": 1, "version": 1,
        }  # fmt: skip
        connection.execute("insert into alarm (id, object) values (%s, %s)", (alarm["id"], Jsonb(alarm)))
        connection.execute(
            "select publish_alarm_changes(array_fill(%s::jsonb, array[4]), '{f,f,f,f}')", (Jsonb(alarm),)
        )
        connection.execute("update alarm_change set at = now() - interval '31 days' where n < 4")
        connection.execute("update feed_cursor set n = 2")
    async with await connect(conninfo, application="test") as connection:
        assert await upkeep.end_alarm_changes(connection, NOW - 30 * DAY_MS) == 2
        assert [change.n for change in await changes_after(connection, 0)] == [3, 4]
        assert await oldest_change(connection) == 3
    assert rows(conninfo, "select count(*) from alarm") == [(1,)]


async def test_what_waits_to_be_sent_is_never_forgotten(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "insert into message (site, recipient, template, state, created_at)"
            " select 's', 'r', 'alarm', state, 1 from unnest('{queued,sending,sent,withdrawn}'::text[]) as state"
        )
        connection.execute("insert into device (id, site) values ('d', 's')")
        connection.execute(
            "insert into command"
            " (device, name, args, state, created_at, created_by, expires_at, answer_until, next_attempt_at)"
            " select slot, 'ring', '{}', state, 1, 'x', 2, 3, 1"
            " from device, unnest('{queued,sent,done}'::text[]) as state"
        )
    async with await connect(conninfo, application="test") as connection:
        assert await upkeep.end_messages(connection, NOW) == 2
        assert await upkeep.end_commands(connection, NOW) == 1
    assert rows(conninfo, "select state from message order by id") == [("queued",), ("sending",)]
    assert rows(conninfo, "select state from command order by n") == [("queued",), ("sent",)]


async def test_of_many_dispatchers_one_does_a_job(conninfo: str) -> None:
    begun, end = asyncio.Event(), asyncio.Event()
    times = 0

    async def work(_: object, __: int, ___: KeepDays) -> int:
        nonlocal times
        times += 1
        begun.set()
        await end.wait()
        return 7

    job = Job("test", timedelta(hours=1), work)
    async with pool(conninfo, application="one") as one, pool(conninfo, application="other") as other:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Upkeep(one, SystemClock(), KeepDays()).run(job))
            await begun.wait()
            await Upkeep(other, SystemClock(), KeepDays()).run(job)
            end.set()
        await Upkeep(other, SystemClock(), KeepDays()).run(job)
        async with other.connection() as connection:
            (run,) = await upkeep_runs(connection)
    assert times == 2, "the second dispatcher waited, and did it when the first had ended"
    assert (run.job, run.done, run.error) == ("test", 7, None)


async def test_a_job_that_fails_is_written_down_and_done_at_its_next_turn(conninfo: str) -> None:
    divisors = [1, 0]

    async def work(connection: Connection, _: int, __: KeepDays) -> int:
        await connection.execute("select 1 / %s::integer", (divisors.pop(),))
        return 1

    job = Job("test", timedelta(hours=1), work)
    errors = []
    async with pool(conninfo, application="one") as one:
        while divisors:
            await Upkeep(one, SystemClock(), KeepDays()).run(job)
            async with one.connection() as connection:
                errors += [run.error for run in await upkeep_runs(connection)]
    assert errors == ["DivisionByZero: division by zero", None]


async def test_the_jobs_run_while_they_are_kept_up_and_leave_nothing_behind(conninfo: str) -> None:
    position(conninfo, 500)
    async with pool(conninfo, application="one") as one:
        async with kept_up(one, SystemClock(), KeepDays()), asyncio.timeout(20):
            while len(rows(conninfo, "select from upkeep_run")) < len(JOBS):  # noqa: ASYNC110 - a table of others
                await asyncio.sleep(0.1)
        async with one.connection() as connection:
            assert [run.error for run in await upkeep_runs(connection)] == [None] * len(JOBS)
    assert rows(conninfo, "select count(*) from position") == [(0,)]
    assert rows(conninfo, "select count(*) from pg_locks where locktype = 'advisory'") == [(0,)]


def test_nobody_is_watched_again_later_than_the_next_quarter_of_a_minute() -> None:
    periods = {job.name: job.every.total_seconds() for job in JOBS}
    assert periods["residents resume"] <= 15
    assert max(periods.values()) * 1000 <= 24 * HOUR_MS
