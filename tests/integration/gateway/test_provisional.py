"""Design rule 14: while the database is away, cries are announced under the ids that they will have, and told once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import psycopg
import pytest

from alerts.notifiers.selection import WaysOut
from alerts.notifiers.twilio import TwilioNotifier
from devices.clock import MINUTE_MS, SystemClock
from gateway.emergency import Emergency
from gateway.health import Health
from gateway.writer import AWAY_S
from simulator.twilio_standin import Refusal, TwilioStandIn
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway
from tests.support.outage import postmaster, stopped
from tests.support.postgres import PostgresServer, running_postgres

pytestmark = pytest.mark.timeout(180)

NOW = SystemClock().now_ms
NUMBERS = ("+8613800000091", "+8613800000092")
ALARMS = "select id::text from alarm order by raised_at, id"


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    with running_postgres(durable=False) as server:
        yield server


@pytest.fixture
def own_conninfo(own_server: PostgresServer) -> Iterator[str]:
    with own_server.database(migrated=True) as conninfo:
        yield conninfo


@pytest.fixture
def server_pid(own_server: PostgresServer) -> int:
    return postmaster(own_server.superuser_conninfo)


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as standin:
        yield standin


@asynccontextmanager
async def gateway_with(twilio: TwilioStandIn, conninfo: str, broker: RunningBroker) -> AsyncIterator[Health]:
    provider = TwilioNotifier(
        account_sid=twilio.account_sid,
        auth_token=twilio.auth_token,
        sender="+15005550006",
        base_url=twilio.base_url,
    )
    emergency = Emergency(numbers=NUMBERS, ways=WaysOut(phone=provider), clock=SystemClock(), language="en")
    async with running_gateway(conninfo, broker, emergency=emergency) as health:
        yield health


def press(band: Client, device: str, kind: str = "sos", *, site: str = "s1", **fields: Any) -> None:
    band.publish(f"anxin/v1/{site}/{device}/{kind}", encoded(**{"t": NOW(), "seq": 1, **fields}))


async def heard(feed: Client, count: int) -> list[dict[str, Any]]:
    """So many alarms that come next on the feed."""
    return [msgspec.json.decode((await asyncio.to_thread(feed.receive))[1]) for _ in range(count)]


async def announced(feed: Client, count: int) -> dict[str, dict[str, Any]]:
    """The same, all provisional, by their device."""
    alarms = await heard(feed, count)
    assert all(alarm["provisional"] is True for alarm in alarms)
    return {alarm["device"]: alarm for alarm in alarms}


async def stored(conninfo: str, count: int) -> dict[str, dict[str, Any]]:
    """So many stored alarms, by their device."""
    await eventually(lambda: one(conninfo, "select count(*) from alarm") >= count, f"{count} alarms are stored")
    return {alarm["device"]: alarm for (alarm,) in rows(conninfo, "select object from alarm")}


async def test_cries_that_wait_are_announced_and_told_once_and_stored_under_the_same_ids(
    own_conninfo: str, server_pid: int, mosquitto: RunningBroker, twilio: TwilioStandIn
) -> None:
    seed_community(own_conninfo, size=6)
    with psycopg.connect(own_conninfo) as connection:
        connection.execute("""update resident set address = '{"building": "3", "room": "501"}' where id = 'r0'""")
    account = mosquitto.site("s1")
    async with gateway_with(twilio, own_conninfo, mosquitto) as health:
        with connected(mosquitto, account) as band, connected(mosquitto, mosquitto.gateway) as feed:
            feed.subscribe("anxin/v1/s1/alarms")
            begun = time.monotonic()
            with stopped(server_pid):
                press(band, "b0", lat=31.2, lon=121.4)
                press(band, "b1", "fall", confidence=0.95)
                press(band, "b2")
                press(band, "b2", t=NOW() + 10, seq=2, cancel=True)
                press(band, "b3", "heartbeat")
                press(band, "stranger")
                known = await announced(feed, 3)
                # What was asked last before the database stopped may have been on its way for a while.
                assert time.monotonic() - begun > AWAY_S - 1
                assert not health.is_ready
                press(band, "b0", seq=2)
                press(band, "b4")
                known |= await announced(feed, 1)
                assert await eventually(lambda: len(twilio.sent) == 8, "everybody is told")
            alarms = await stored(own_conninfo, 5)
            await eventually(lambda: health.is_ready, "the gateway is ready again")
            written = "select count(*) from message where role = 'emergency' and state = 'sent'"
            await eventually(lambda: one(own_conninfo, written) == 8, "what was said is written down")
    assert set(known) == {"b0", "b1", "b4", "stranger"}
    assert {device: alarm["id"] for device, alarm in known.items()} == {
        device: alarm["id"] for device, alarm in alarms.items() if device != "b2"
    }
    assert alarms["b2"]["state"] == "cancelled"
    same = ("id", "case", "kind", "rule", "severity", "resident", "event_time", "position", "evidence")
    for device, alarm in known.items():
        assert [alarm[name] for name in same] == [alarms[device][name] for name in same]
    assert sorted(message.to for message in twilio.sent) == sorted(4 * NUMBERS)
    assert ["501" in message.body for message in twilio.sent].count(True) == len(NUMBERS)
    told = "select count(*) from alarm where object -> 'timeline' @> '[{\"event\": \"told\"}]'"
    assert one(own_conninfo, told) == 4


async def test_a_decided_batch_whose_commit_hangs_is_announced_and_committed_as_decided(
    own_conninfo: str, mosquitto: RunningBroker, twilio: TwilioStandIn
) -> None:
    seed_community(own_conninfo)
    async with gateway_with(twilio, own_conninfo, mosquitto):
        with connected(mosquitto, mosquitto.site("s1")) as band, connected(mosquitto, mosquitto.gateway) as feed:
            feed.subscribe("anxin/v1/s1/alarms")
            with psycopg.connect(own_conninfo) as lock:
                lock.execute("lock table alarm in access exclusive mode")
                press(band, "b0")
                known = await announced(feed, 1)
                press(band, "b0", "fall")
                press(band, "b1")
                known_by_rule = {known["b0"]["rule"]: known["b0"]["id"]}
                for alarm in await heard(feed, 2):
                    known_by_rule[f"{alarm['device']} {alarm['rule']}"] = alarm["id"]
            await stored(own_conninfo, 3)
    assert set(known_by_rule) == {"sos.button", "b0 fall.device", "b1 sos.button"}
    assert sorted(known_by_rule.values()) == sorted(key for (key,) in rows(own_conninfo, ALARMS))


async def test_a_press_on_an_alarm_that_stands_bears_its_id_and_one_after_it_ended_a_new_one(
    own_conninfo: str, server_pid: int, mosquitto: RunningBroker, twilio: TwilioStandIn
) -> None:
    seed_community(own_conninfo)
    async with gateway_with(twilio, own_conninfo, mosquitto):
        with connected(mosquitto, mosquitto.site("s1")) as band, connected(mosquitto, mosquitto.gateway) as feed:
            feed.subscribe("anxin/v1/s1/alarms")
            long_ago = NOW() - 5 * MINUTE_MS
            press(band, "b0", t=long_ago)
            press(band, "b1", t=NOW() - 1_000)
            earlier = await stored(own_conninfo, 2)
            assert not any("provisional" in alarm for alarm in await heard(feed, 2))
            _set_state(own_conninfo, earlier["b0"], "acknowledged")
            _set_state(own_conninfo, earlier["b1"], "closed")
            await heard(feed, 2)
            with stopped(server_pid):
                press(band, "b0", seq=2)
                press(band, "b1", seq=2)
                known = await announced(feed, 2)
            await stored(own_conninfo, 3)
    assert known["b0"]["id"] == earlier["b0"]["id"]
    assert known["b0"]["state"] == "open"
    assert known["b1"]["previous"] == earlier["b1"]["id"]
    assert one(own_conninfo, "select count(*) from alarm where id = %s", known["b1"]["id"]) == 1


def _set_state(conninfo: str, alarm: dict[str, Any], state: str) -> None:
    """As if somebody had done it at the console."""
    changed = {**alarm, "state": state, "version": alarm["version"] + 1}
    with psycopg.connect(conninfo) as connection:
        text = msgspec.json.encode(changed).decode()
        connection.execute("update alarm set object = %s::jsonb where id = %s", (text, alarm["id"]))
        connection.execute("select publish_alarm_changes(array[%s::jsonb], array[false])", (text,))


async def test_who_was_told_hears_that_it_was_taken_back_and_drills_and_demo_sites_reach_nobody(
    own_conninfo: str, server_pid: int, mosquitto: RunningBroker, twilio: TwilioStandIn
) -> None:
    seed_community(own_conninfo)
    with psycopg.connect(own_conninfo) as connection:
        connection.execute("insert into site (id, name, demo) values ('demo', 'Demo', true)")
        connection.execute("insert into device (id, site) values ('d0', 'demo')")
        connection.execute(
            "update device set test_from_ms = %s, test_until_ms = %s where id = 'b1'",
            (NOW() - MINUTE_MS, NOW() + 5 * MINUTE_MS),
        )
    twilio.refuse_next(Refusal(status=500, code=20500))
    async with gateway_with(twilio, own_conninfo, mosquitto):
        with connected(mosquitto, mosquitto.gateway) as feed:
            feed.subscribe("anxin/v1/+/alarms")
            with stopped(server_pid):
                with connected(mosquitto, mosquitto.site("s1")) as band:
                    press(band, "b0")
                    press(band, "b1")
                with connected(mosquitto, mosquitto.site("demo")) as band:
                    press(band, "d0", site="demo")
                known = await announced(feed, 3)
                await eventually(lambda: len(twilio.sent) == 2, "the numbers are told")
                with connected(mosquitto, mosquitto.site("s1")) as band:
                    press(band, "b0", t=known["b0"]["event_time"] + 9_000, seq=2, cancel=True)
                taken_back = (await announced(feed, 1))["b0"]
                await eventually(lambda: len(twilio.sent) == 4, "the numbers hear the end")
            alarms = await stored(own_conninfo, 3)
            written = "select template, state from message where role = 'emergency' order by id"
            await eventually(lambda: len(rows(own_conninfo, written)) == 6, "what was said is written down")
    assert (taken_back["id"], taken_back["state"]) == (known["b0"]["id"], "cancelled")
    assert {device: alarm["id"] for device, alarm in known.items()} == {
        device: alarm["id"] for device, alarm in alarms.items()
    }
    assert known["b1"]["drill"] is True
    assert {message.to for message in twilio.sent} == set(NUMBERS)
    assert sorted(rows(own_conninfo, written)) == [
        ("all_clear_cancelled", "sent"), ("all_clear_cancelled", "sent"),
        ("emergency", "not_sent"), ("emergency", "not_sent"), ("emergency", "sent"), ("emergency", "sent"),
    ]  # fmt: skip
