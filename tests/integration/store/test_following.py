"""Whose bands are followed, by what is stored: rounds at moments that the test chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import msgspec
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.alarm import Alarm, TimelineEntry
from alerts.desk import act
from alerts.follow_loop import follow
from alerts.following import Pace
from alerts.transitions import Cancel
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import Connection, pool
from gateway.store.following import TO_AND_FRO_MS, PostgresFollowStore
from tests.support.alarms import MINUTE, SECOND, T0
from tests.support.community import one, rows, seed_community


@pytest.fixture
async def connections(conninfo: str) -> AsyncIterator[AsyncConnectionPool[Connection]]:
    seed_community(conninfo)
    async with pool(conninfo, application="anxin test", size=4) as opened:
        yield opened


@pytest.fixture
def alarms(connections: AsyncConnectionPool[Connection]) -> PostgresAlarmStore:
    return PostgresAlarmStore(connections)


@pytest.fixture
def store(connections: AsyncConnectionPool[Connection]) -> PostgresFollowStore:
    return PostgresFollowStore(connections)


async def raised(alarms: PostgresAlarmStore, rule: str = "wandering.zone_exit", **fields: Any) -> Alarm:
    """An alarm of r0."""
    key = uuid4()
    alarm = Alarm(
        id=key,
        case=key,
        kind=rule.partition(".")[0],
        rule=rule,
        severity="high",
        state="open",
        version=1,
        site="s1",
        resident="r0",
        household=None,
        device="b0",
        subject="r0",
        event_time=T0,
        last_event_time=T0,
        raised_at=T0,
    )
    alarm = msgspec.structs.replace(alarm, **fields)
    async with alarms.transaction() as tx:
        await tx.insert(alarm)
    return alarm


async def changed(alarms: PostgresAlarmStore, alarm: Alarm, event: str, now: int, **fields: Any) -> None:
    """The engine says something of the alarm."""
    async with alarms.transaction() as tx:
        before = await tx.lock(alarm.id)
        assert before is not None
        await tx.save(before.noting(TimelineEntry(t=now, actor="engine", event=event), **fields))


def asked(conninfo: str) -> list[tuple[Any, ...]]:
    """The intervals that bands were asked for, in order."""
    return rows(
        conninfo,
        "select d.id, (c.args ->> 'position_s')::integer from command c join device d on d.slot = c.device"
        " where c.name = 'set_interval' order by c.n",
    )


def do(conninfo: str, statement: str, *params: object) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(statement.encode(), params)


def obey(conninfo: str) -> None:
    """Every band obeys."""
    do(conninfo, "update command set state = 'done' where state in ('queued', 'sent')")


@pytest.mark.parametrize(
    "fields",
    [{"drill": True}, {"recovered_at": T0}, {"state": "resolved"}, {"state": "suppressed"}, {"resident": None}],
)
async def test_nobody_is_followed_who_is_not_sought(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore, fields: dict[str, Any]
) -> None:
    await raised(alarms, **fields)
    assert await follow(store, Pace(), T0) == 0
    assert asked(conninfo) == []


async def test_nobody_is_followed_because_they_pressed(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore
) -> None:
    await raised(alarms, "sos.button")
    assert await follow(store, Pace(), T0) == 0


async def test_who_was_missed_by_telephone_is_followed_by_what_they_wear(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore
) -> None:
    await raised(alarms, "wandering.reported", device=None)
    assert await follow(store, Pace(), T0) == 1
    assert await follow(store, Pace(), T0 + SECOND) == 0
    assert asked(conninfo) == [("b0", 15)]


async def test_two_alarms_of_one_resident_are_one_search_that_ends_with_the_last(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore
) -> None:
    first = await raised(alarms)
    second = await raised(alarms, "wandering.lost")
    await follow(store, Pace(), T0)
    obey(conninfo)
    await act(alarms, first.id, Cancel(), "duty", T0 + MINUTE)
    await follow(store, Pace(), T0 + MINUTE)
    assert len(asked(conninfo)) == 1
    await act(alarms, second.id, Cancel(), "duty", T0 + 2 * MINUTE)
    await follow(store, Pace(), T0 + 2 * MINUTE)
    assert asked(conninfo) == [("b0", 15), ("b0", 300)]


async def test_whose_return_was_no_return_is_followed_for_a_while_after_the_next(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore
) -> None:
    alarm = await raised(alarms)
    await follow(store, Pace(), T0)
    obey(conninfo)
    await changed(alarms, alarm, "recovered", T0 + MINUTE, recovered_at=T0 + MINUTE)
    await changed(alarms, alarm, "stands_again", T0 + 2 * MINUTE, recovered_at=None)
    back = T0 + 3 * MINUTE
    await changed(alarms, alarm, "recovered", back, recovered_at=back)
    await follow(store, Pace(), back)
    await follow(store, Pace(), back + TO_AND_FRO_MS - 1)
    assert [position_s for _, position_s in asked(conninfo)] == [15]
    await follow(store, Pace(), back + TO_AND_FRO_MS)
    assert [position_s for _, position_s in asked(conninfo)] == [15, 300]


async def test_a_band_that_went_to_somebody_else_is_owed_its_intervals_all_the_same(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore
) -> None:
    await raised(alarms)
    await follow(store, Pace(), T0)
    do(conninfo, "update assignment set to_ms = %s where device_slot = (select slot from device where id = 'b0')", T0)
    assert rows(conninfo, "select distinct state, reason from command") == [("cancelled", "handed_over")]
    await follow(store, Pace(), T0 + MINUTE)
    assert asked(conninfo) == [("b0", 15), ("b0", 300)]
    obey(conninfo)
    await follow(store, Pace(), T0 + 2 * MINUTE)
    assert one(conninfo, "select count(*) from following") == 0


async def test_a_band_that_was_revoked_is_forgotten(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore
) -> None:
    await raised(alarms)
    await follow(store, Pace(), T0)
    do(conninfo, "update device set revoked = true where id = 'b0'")
    await follow(store, Pace(), T0 + MINUTE)
    assert one(conninfo, "select count(*) from following") == 0


async def test_a_device_that_tells_places_is_followed_whatever_it_is_called(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore
) -> None:
    do(conninfo, "update device set type = 'shoe' where id = 'b0'")
    await raised(alarms)
    assert await follow(store, Pace(), T0) == 0
    for minutes in (4, 2, 0):
        do(
            conninfo,
            "insert into position (pos, device, t, seq, received, lat, lon) select %s, slot,"
            " to_timestamp(%s / 1000.0), -1, now(), 31.2, 121.4 from device where id = 'b0'",
            10 - minutes,
            T0 - minutes * MINUTE,
        )
    assert await follow(store, Pace(), T0) == 1
    assert rows(conninfo, "select usual_position_s, usual_heartbeat_s, by_itself from following") == [(120, 300, True)]


async def test_what_a_band_reports_on_a_walk_is_not_taken_for_its_usual_pace(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore
) -> None:
    await raised(alarms)
    quiet = [T0 - 10 * 60 * MINUTE + n * 5 * MINUTE for n in range(108)]
    walking = [T0 - 60 * MINUTE + n * 30_000 for n in range(120)]
    for pos, t in enumerate([*quiet, *walking], start=1):
        do(
            conninfo,
            "insert into position (pos, device, t, seq, received, lat, lon) select %s, slot,"
            " to_timestamp(%s / 1000.0), -1, now(), 31.2, 121.4 from device where id = 'b0'",
            pos,
            t,
        )
    assert await follow(store, Pace(), T0) == 1
    assert rows(conninfo, "select usual_position_s, by_itself from following") == [(300, True)]


async def test_nobody_asks_where_they_are_once_the_search_has_ended(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore
) -> None:
    alarm = await raised(alarms)
    await follow(store, Pace(), T0)
    await changed(alarms, alarm, "resolve", T0 + MINUTE, state="resolved")
    assert rows(conninfo, "select state from command where name = 'locate'") == [("queued",)]
    await follow(store, Pace(), T0 + 2 * MINUTE)
    assert rows(conninfo, "select state, ended_by from command where name = 'locate'") == [("cancelled", "finding")]
    assert rows(conninfo, "select state from command where name = 'set_interval' order by n desc limit 1") == [
        ("queued",)
    ]


async def test_a_low_battery_is_spared_from_the_beginning(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore
) -> None:
    do(
        conninfo,
        "insert into heartbeat (pos, device, t, seq, received, battery_pct, interval_s) select 1, slot,"
        " to_timestamp(%s / 1000.0), -1, now(), 12, 600 from device where id = 'b0'",
        T0 - MINUTE,
    )
    await raised(alarms)
    await follow(store, Pace(), T0)
    assert rows(conninfo, "select position_s, heartbeat_s from following") == [(60, 600)]


async def test_a_band_that_leaves_too_much_unanswered_is_tried_again_and_the_timeline_says_so_once(
    conninfo: str, alarms: PostgresAlarmStore, store: PostgresFollowStore
) -> None:
    do(
        conninfo,
        "insert into command (device, name, args, created_at, created_by, expires_at, answer_until, next_attempt_at)"
        " select slot, 'message', '{}', %s, 'office', %s, %s, 0 from device, generate_series(1, 20) where id = 'b0'",
        T0, T0 + MINUTE, T0 + MINUTE,
    )  # fmt: skip
    await raised(alarms)
    for second in range(0, 120, 5):
        await follow(store, Pace(), T0 + second * SECOND)
    said = "select e ->> 'note' from alarm, jsonb_array_elements(object -> 'timeline') e where e ->> 'event' = %s"
    assert rows(conninfo, said, "follow_failed") == [("busy",)]
    obey(conninfo)
    await follow(store, Pace(), T0 + 3 * MINUTE)
    assert asked(conninfo) == [("b0", 15)]
