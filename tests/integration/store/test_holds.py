"""What explains alarms, in the store: nothing falls between whoever stores under it and whoever settles it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts import hearing
from alerts.alarm import Alarm, Suppression
from alerts.desk import absorb
from alerts.hearing import settle
from alerts.ports import AlarmStore
from gateway.store.alarms import PostgresAlarmStore, alarm_from_object
from gateway.store.connection import Connection, pool
from gateway.store.holds import PostgresHoldStore
from gateway.store.maintenance import Wanted, end, hold, in_force
from tests.support.alarms import HOUR, MINUTE, T0, an_alarm, an_episode

PLANNED = Wanted(site="north", reason="换网关", from_ms=T0, until_ms=T0 + HOUR)


@pytest.fixture
async def connections(conninfo: str) -> AsyncIterator[AsyncConnectionPool[Connection]]:
    async with pool(conninfo, application="anxin test", size=6) as opened:
        async with opened.connection() as conn:
            await conn.execute("insert into site (id, name) values ('north', 'North')")
        yield opened


async def stored(connections: AsyncConnectionPool[Connection]) -> list[Alarm]:
    async with connections.connection() as conn:
        cursor = await conn.execute("select object from alarm order by id")
        return [alarm_from_object(row[0]) for row in await cursor.fetchall()]


async def take_in(connections: AsyncConnectionPool[Connection], t: int, subject: str = "north") -> None:
    episode = an_episode("system.site_silent", t, subject=subject, resident=None, device=None)
    async with PostgresAlarmStore(connections).transaction() as tx:
        await absorb(tx, [episode], t)


async def test_what_is_stored_while_it_is_settled_is_heard_by_the_next_look(
    connections: AsyncConnectionPool[Connection],
) -> None:
    alarms, holds = PostgresAlarmStore(connections), PostgresHoldStore(connections)
    async with connections.connection() as conn:
        await hold(conn, "chen", PLANNED, T0)
    began, go = asyncio.Event(), asyncio.Event()

    async def slow_gateway() -> None:
        episode = an_episode("system.site_silent", T0 + MINUTE, subject="north", resident=None, device=None)
        async with alarms.transaction() as tx:
            await absorb(tx, [episode], T0 + MINUTE)
            began.set()
            await go.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(slow_gateway(), name="slow gateway")
        await began.wait()
        assert await settle(holds, alarms, T0 + HOUR) == 0, "somebody stores under it: it is not settled"
        go.set()
    assert [alarm.state for alarm in await stored(connections)] == ["suppressed"]
    assert await settle(holds, alarms, T0 + HOUR) == 1
    assert [alarm.state for alarm in await stored(connections)] == ["open"]


async def test_a_batch_of_before_that_commits_after_it_was_settled_is_heard(
    connections: AsyncConnectionPool[Connection],
) -> None:
    async with connections.connection() as conn:
        await hold(conn, "chen", PLANNED, T0)
    await settle(PostgresHoldStore(connections), PostgresAlarmStore(connections), T0 + HOUR)
    await take_in(connections, T0 + MINUTE)
    assert [alarm.state for alarm in await stored(connections)] == ["open"]


async def test_two_who_settle_at_once_hear_each_alarm_once(connections: AsyncConnectionPool[Connection]) -> None:
    alarms, holds = PostgresAlarmStore(connections), PostgresHoldStore(connections)
    async with connections.connection() as conn:
        await hold(conn, "chen", PLANNED, T0)
    for n in range(30):
        episode = an_episode("device.fault", T0 + n, subject=f"b{n}", device=f"b{n}", resident=None)
        async with alarms.transaction() as tx:
            await absorb(tx, [episode], T0 + n)
    counts = await asyncio.gather(*(settle(holds, alarms, T0 + HOUR) for _ in range(3)))
    assert sum(counts) == 30
    assert {(alarm.state, alarm.version) for alarm in await stored(connections)} == {("open", 2)}
    assert await holds.over(T0 + 2 * HOUR) == []


async def test_a_look_that_is_killed_in_the_middle_leaves_all_to_the_next(
    connections: AsyncConnectionPool[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    alarms, holds = PostgresAlarmStore(connections), PostgresHoldStore(connections)
    async with connections.connection() as conn:
        await hold(conn, "chen", PLANNED, T0)
    await take_in(connections, T0 + MINUTE)

    class Killed(BaseException):
        pass

    async def dies(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr("gateway.store.alarms.PostgresAlarmTransaction.finish", dies)
        with pytest.raises(Killed):
            await settle(holds, alarms, T0 + HOUR)
    assert [alarm.state for alarm in await stored(connections)] == ["suppressed"]
    assert await settle(holds, alarms, T0 + HOUR) == 1


async def test_a_recovered_one_is_found_again_by_its_own_word_alone(
    connections: AsyncConnectionPool[Connection],
) -> None:
    why = Suppression(id="m", site="north", device=None, reason="换网关", by="chen", until=None)
    over = an_alarm("device.fault", state="suppressed", suppression=why, recovered_at=T0, subject="b1")
    stands = msgspec.structs.replace(over, id=UUID(int=2), recovered_at=None)
    async with PostgresAlarmStore(connections).transaction() as tx:
        await tx.insert(over)
        await tx.insert(stands)
        pairs = [("b1", "device.fault")]
        assert await tx.lock_quiet(pairs) == [stands]
        assert await tx.lock_quiet(pairs, [over.id]) == sorted([over, stands], key=lambda alarm: alarm.id)
        assert await tx.lock_quiet([]) == []
        assert await tx.kept_quiet("m", limit=5) == [stands]


async def test_what_has_ended_by_itself_can_be_announced_anew_before_anybody_settled_it(
    connections: AsyncConnectionPool[Connection],
) -> None:
    async with connections.connection() as conn:
        await hold(conn, "chen", PLANNED, T0)
        later = T0 + 2 * HOUR
        again = await hold(conn, "mei", msgspec.structs.replace(PLANNED, from_ms=later, until_ms=later + HOUR), later)
        assert again.from_ms == later, "it is another one"
        assert [each.by for each in await in_force(conn, sites=["north"], now=later)] == ["mei"]
        assert await end(conn, "mei", "north", None, later + 1)
        assert not await end(conn, "mei", "north", None, later + 2)


async def test_one_announced_for_later_makes_no_quiet_before_it_begins(
    connections: AsyncConnectionPool[Connection],
) -> None:
    async with connections.connection() as conn:
        await hold(conn, "chen", PLANNED, T0)
    await take_in(connections, T0 + MINUTE)
    now, later = T0 + 2 * MINUTE, T0 + 200 * HOUR
    planned = msgspec.structs.replace(PLANNED, from_ms=later, until_ms=later + HOUR)
    async with connections.connection() as conn:
        assert (await hold(conn, "mei", planned, now)).from_ms == later
    assert await settle(PostgresHoldStore(connections), PostgresAlarmStore(connections), now + 1) == 1
    assert [alarm.state for alarm in await stored(connections)] == ["open"]


async def test_one_that_fails_keeps_no_other_from_being_heard(
    connections: AsyncConnectionPool[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    holds, alarms = PostgresHoldStore(connections), PostgresAlarmStore(connections)
    async with connections.connection() as conn:
        await conn.execute("insert into site (id, name) values ('south', 'South')")
        for site in ("north", "south"):
            await hold(conn, "chen", msgspec.structs.replace(PLANNED, site=site), T0)
    await take_in(connections, T0 + MINUTE)
    (first, other), later = await holds.over(T0 + HOUR), T0 + HOUR
    (alarm,) = await stored(connections)
    assert alarm.suppression is not None
    bad = other if alarm.suppression.id == first else first
    settled = hearing._settle

    async def settle_all_but_one(store: AlarmStore, key: str, now: int) -> tuple[int, bool]:
        if key == bad:
            raise ValueError("nobody thought of this")
        return await settled(store, key, now)

    monkeypatch.setattr(hearing, "_settle", settle_all_but_one)
    assert await settle(holds, alarms, later) == 1
    monkeypatch.undo()
    assert await settle(holds, alarms, later) == 0
    assert await holds.over(later) == []
