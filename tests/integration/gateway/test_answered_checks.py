"""A missed check through the running gateway, its plan, an SMS and the answer to it: one story, one end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from alerts.desk import absorb
from alerts.inbox import Inbound, receive
from alerts.steps import carry_out_due
from devices.clock import HOUR_MS, MINUTE_MS, SystemClock
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import Connection, pool
from gateway.store.replies import PostgresInboxStore
from tests.support.alarms import an_episode
from tests.support.brokers import RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms
PHONE = "13800000021"


@pytest.fixture
async def connections(conninfo: str) -> AsyncIterator[AsyncConnectionPool[Connection]]:
    seed_community(conninfo)
    with psycopg.connect(conninfo) as connection:
        connection.execute("update resident set phone = %s where id = 'r0'", (PHONE,))
    async with pool(conninfo, application="anxin test", size=3) as opened:
        yield opened


def promise(conninfo: str, opens_ms: int, closes_ms: int) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "insert into check_window (resident_slot, plan, day, opens_ms, closes_ms)"
            " select slot, 'p', current_date, %s, %s from resident where id = 'r0'",
            (opens_ms, closes_ms),
        )


def alarms(conninfo: str) -> list[tuple[Any, ...]]:
    return rows(
        conninfo,
        "select rule, state, object ->> 'result', object -> 'timeline' -> -1 ->> 'actor' from alarm order by rule",
    )


def kept(conninfo: str) -> list[tuple[Any, ...]]:
    return rows(conninfo, "select closes_ms, kept_by, how from check_outcome where kept_ms is not null order by 1")


async def test_who_answers_the_sms_about_a_missed_check_has_kept_it_and_the_engine_knows(
    conninfo: str, mosquitto: RunningBroker, connections: AsyncConnectionPool[Connection]
) -> None:
    missed = NOW() - HOUR_MS
    running = NOW() + HOUR_MS
    promise(conninfo, missed - HOUR_MS, missed)
    promise(conninfo, NOW() - MINUTE_MS, running)
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b0/heartbeat", encoded(t=NOW(), interval_s=1))
            await eventually(lambda: alarms(conninfo), "the alarm")
            store = PostgresAlarmStore(connections)
            assert await carry_out_due(store, NOW()) == 3, "two of the band and one of the telephone"
            asked = rows(conninfo, "select recipient, template from message")
            assert asked == [(PHONE, "alarm_resident")]
            assert sorted(row[0] for row in rows(conninfo, "select name from command")) == ["message", "ring"]
            with psycopg.connect(conninfo) as connection:
                connection.execute("update message set state = 'sent'")
            answer = Inbound(provider_id="SM1", sender=PHONE, body="平安")
            said = await receive(PostgresInboxStore(connections), answer, NOW())
            assert said is not None
            version = one(conninfo, "select max(version) from registry_change where entity = 'sighting'")
            await eventually(
                lambda: one(conninfo, "select max(registry_version) from batch") >= version, "the engine knows"
            )
            assert alarms(conninfo) == [("missed_check.checkin", "resolved", "settled_by_phone", "resident:r0")]
            name = one(conninfo, "select name from resident where id = 'r0'")
            assert kept(conninfo) == [(missed, name, "sms"), (running, name, "sms")]


async def test_a_press_ends_what_was_missed_by_other_rules_and_one_of_before_does_not(
    conninfo: str, mosquitto: RunningBroker, connections: AsyncConnectionPool[Connection]
) -> None:
    store = PostgresAlarmStore(connections)
    for rule in ("missed_check.inactivity", "missed_check.silent"):
        episode = an_episode(rule, NOW(), severity="high", resident="r0", subject="r0", site="s1", device="b0")
        async with store.transaction() as tx:
            await absorb(tx, [episode], NOW())
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b1/checkin", encoded(t=NOW()))
            band.publish("anxin/v1/s1/b0/checkin", encoded(t=NOW() - HOUR_MS, seq=1))
            await eventually(lambda: one(conninfo, "select count(*) from checkin") == 2, "both presses are stored")
            assert {row[1] for row in alarms(conninfo)} == {"open"}
            band.publish("anxin/v1/s1/b0/checkin", encoded(t=NOW(), seq=2))
            await eventually(lambda: {row[1] for row in alarms(conninfo)} == {"resolved"}, "the press ends both")
    assert {row[3] for row in alarms(conninfo)} == {"wearer"}
