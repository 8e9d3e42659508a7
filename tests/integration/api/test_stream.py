"""The stream over a real server: nothing missed, nothing repeated, at most once a second for counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import msgspec
from fastapi import FastAPI
from psycopg.types.json import Jsonb

from alerts.alarm import Alarm
from gateway.store.alarms import PostgresAlarmTransaction
from gateway.store.changes import last_change
from gateway.store.connection import Connection, connect
from tests.support.console import Desk, Tokens, open_stream, serving, until


async def test_an_alarm_is_pushed_when_it_is_committed(server_url: str, token_of: Tokens, desk: Desk) -> None:
    async with open_stream(server_url, await token_of(), params={"after": 0}) as stream:
        alarm = await desk.raise_alarm()
        event = await stream.next()
    assert (event.id, event.event, event.alarm) == (1, "alarm", alarm.id)
    assert event.data["version"] == 1


async def test_a_late_committer_is_not_missed(
    server_url: str, token_of: Tokens, desk: Desk, conninfo: str, conn: Connection
) -> None:
    """Rule 10: the transaction that began its work first commits last; both are seen, in the order of commits."""
    first, second = await desk.raise_alarm(), await desk.raise_alarm()
    start = await last_change(conn)
    early = await connect(conninfo, application="early", autocommit=False)
    late = await connect(conninfo, application="late", autocommit=False)
    async with early, late, open_stream(server_url, await token_of(), params={"after": start}) as stream:
        slow = PostgresAlarmTransaction(early)
        locked = await slow.lock(first.id)
        assert locked is not None
        quick = PostgresAlarmTransaction(late)
        other = await quick.lock(second.id)
        assert other is not None
        await slow.save(_next(locked))
        await quick.save(_next(other))
        await quick.finish()
        await late.commit()
        seen = [await stream.next()]
        await slow.finish()
        await early.commit()
        seen.append(await stream.next())
    assert [event.alarm for event in seen] == [second.id, first.id]
    assert [event.id for event in seen] == [start + 1, start + 2]


async def test_a_number_that_waits_for_its_commit_holds_up_the_numbers_behind_it(
    server_url: str, token_of: Tokens, desk: Desk, conninfo: str, conn: Connection
) -> None:
    """Rule 10: a transaction that has its number and has not committed cannot be overtaken by a higher one."""
    first, second = await desk.raise_alarm(), await desk.raise_alarm()
    start = await last_change(conn)
    early = await connect(conninfo, application="early", autocommit=False)
    late = await connect(conninfo, application="late", autocommit=False)
    async with early, late, open_stream(server_url, await token_of(), params={"after": start}) as stream:
        slow, quick = PostgresAlarmTransaction(early), PostgresAlarmTransaction(late)
        locked, other = await slow.lock(first.id), await quick.lock(second.id)
        assert locked is not None
        assert other is not None
        await slow.save(_next(locked))
        await slow.finish()
        await quick.save(_next(other))

        async def overtake() -> None:
            await quick.finish()
            await late.commit()

        async with asyncio.TaskGroup() as tasks:
            overtaking = tasks.create_task(overtake())
            await until(lambda: _waits(conn, "late"))
            assert not overtaking.done()
            await early.commit()
        seen = [await stream.next(), await stream.next()]
    assert [event.alarm for event in seen] == [first.id, second.id]
    assert [event.id for event in seen] == [start + 1, start + 2]


async def test_reconnecting_with_the_last_id_misses_nothing_and_repeats_nothing(
    server_url: str, token_of: Tokens, desk: Desk
) -> None:
    token = await token_of()
    raised, seen = [], []
    async with open_stream(server_url, token, params={"after": 0}) as stream:
        for _ in range(3):
            raised.append(await desk.raise_alarm())
            seen.append(await stream.next())
    raised += [await desk.raise_alarm() for _ in range(4)]
    headers = {"Last-Event-ID": str(seen[-1].id)}
    async with open_stream(server_url, token, headers=headers, params={"after": 0}) as stream:
        seen += [await stream.next() for _ in range(4)]
        raised.append(await desk.raise_alarm())
        seen.append(await stream.next())
    assert [event.alarm for event in seen] == [alarm.id for alarm in raised]
    assert [event.id for event in seen] == list(range(1, 9))


async def test_many_changes_behind_are_all_sent_before_what_happens_meanwhile(
    server_url: str, app: FastAPI, token_of: Tokens, desk: Desk, conn: Connection
) -> None:
    alarm = await desk.raise_alarm()
    async with conn.transaction():
        for version in range(2, 1302):
            await _publish(conn, {**msgspec.to_builtins(alarm), "version": version})

    async def all_behind() -> bool:
        return bool(app.state.feed.position == 1301)

    await until(all_behind)
    async with open_stream(server_url, await token_of(), params={"after": 0}) as stream:
        later = await desk.raise_alarm()
        events = [await stream.next() for _ in range(1302)]
    assert [event.id for event in events] == list(range(1, 1303))
    assert events[-1].alarm == later.id


async def test_without_a_number_the_stream_begins_now(server_url: str, token_of: Tokens, desk: Desk) -> None:
    await desk.raise_alarm()
    token = await token_of()
    async with open_stream(server_url, token, params={"after": 0}) as follower:
        await follower.next()
        async with open_stream(server_url, token) as stream:
            # The first heartbeat would be too slow a proof of being subscribed, so keep raising until one is seen.
            event = None
            while event is None:
                alarm = await desk.raise_alarm()
                try:
                    async with asyncio.timeout(0.5):
                        event = await stream.next()
                except TimeoutError:
                    continue
    assert event.alarm == alarm.id
    assert event.id is not None
    assert event.id > 1


async def test_a_number_that_is_no_longer_kept_resets(
    server_url: str, token_of: Tokens, desk: Desk, conn: Connection
) -> None:
    for _ in range(3):
        await desk.raise_alarm()
    await conn.execute("delete from alarm_change where n < 3")
    async with open_stream(server_url, await token_of(), headers={"Last-Event-ID": "1"}) as stream:
        reset = await stream.next()
        alarm = await desk.raise_alarm()
        event = await stream.next()
    assert (reset.event, reset.id, reset.data) == ("reset", 3, {"reason": "not_kept"})
    assert (event.id, event.alarm) == (4, alarm.id)


async def test_a_number_that_was_never_given_resets(server_url: str, token_of: Tokens, desk: Desk) -> None:
    await desk.raise_alarm()
    async with open_stream(server_url, await token_of(), params={"after": 99}) as stream:
        assert (await stream.next()).event == "reset"


async def test_only_the_sites_of_the_account_are_streamed(server_url: str, token_of: Tokens, desk: Desk) -> None:
    async with open_stream(server_url, await token_of("duty", ("south",)), params={"after": 0}) as stream:
        await desk.raise_alarm("north")
        alarm = await desk.raise_alarm("south")
        event = await stream.next()
        assert (event.id, event.alarm) == (2, alarm.id)
    async with open_stream(server_url, await token_of("duty", ("south",)), params={"after": 0}) as stream:
        assert (await stream.next()).alarm == alarm.id


async def test_changes_of_count_alone_come_at_most_once_a_second(server_url: str, token_of: Tokens, desk: Desk) -> None:
    async with open_stream(server_url, await token_of(), params={"after": 0}) as stream:
        alarm = await desk.raise_alarm()
        for _ in range(20):
            alarm = await desk.more_evidence(alarm)
        opened = await stream.next()
        last = await stream.next()
    assert opened.data["count"] == 1
    assert last.data["count"] > 1
    assert last.id is not None


async def test_a_count_that_waited_is_not_lost_by_reconnecting(server_url: str, token_of: Tokens, desk: Desk) -> None:
    token = await token_of()
    async with open_stream(server_url, token, params={"after": 0}) as stream:
        alarm = await desk.raise_alarm()
        opened = await stream.next()
        more = await desk.more_evidence(alarm)
        other = await desk.raise_alarm()
        last = await stream.next()
    assert (opened.id, last.alarm) == (1, other.id)
    async with open_stream(server_url, token, headers={"Last-Event-ID": str(last.id)}) as stream:
        event = await stream.next()
    assert (event.alarm, event.data["count"], event.id) == (alarm.id, more.count, None)


async def test_the_listener_comes_back_after_the_database_dropped_it(
    server_url: str, token_of: Tokens, desk: Desk, conn: Connection
) -> None:
    async with open_stream(server_url, await token_of(), params={"after": 0}) as stream:
        await desk.raise_alarm()
        await stream.next()
        await conn.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'anxin console stream'"
            " and datname = current_database()"
        )
        alarm = await desk.raise_alarm()
        assert (await stream.next()).alarm == alarm.id


async def test_the_server_stops_although_a_stream_is_open(
    app: FastAPI, free_port: Callable[[], int], token_of: Tokens
) -> None:
    port = free_port()
    async with (
        asyncio.timeout(20),
        serving(app, port) as server,
        open_stream(f"http://127.0.0.1:{port}", await token_of(), params={"after": 0}) as stream,
    ):
        server.should_exit = True
        assert await stream.ended()


async def test_the_stream_needs_a_session(server_url: str) -> None:
    async with httpx.AsyncClient(base_url=server_url) as client:
        response = await client.get("/api/v1/stream")
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"


def _next(alarm: Alarm) -> Alarm:
    return msgspec.structs.replace(alarm, version=alarm.version + 1)


async def _publish(conn: Connection, record: dict[str, object]) -> None:
    await conn.execute("select publish_alarm_changes(%s::jsonb[], %s::boolean[])", ([Jsonb(record)], [False]))


async def _waits(conn: Connection, application: str) -> bool:
    cursor = await conn.execute(
        "select 1 from pg_stat_activity where application_name = %s and wait_event_type = 'Lock'", (application,)
    )
    return await cursor.fetchone() is not None
