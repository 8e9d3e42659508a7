"""Promised checks through the running gateway: what is kept is written down, what is missed is one alarm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from devices.clock import HOUR_MS, MINUTE_MS, SystemClock
from tests.support.brokers import Client, RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway

NOW = SystemClock().now_ms
RULE = "missed_check.checkin"


@pytest.fixture
def band(conninfo: str, mosquitto: RunningBroker) -> Iterator[Client]:
    """What residents wear, of which two promised to press."""
    seed_community(conninfo)
    with connected(mosquitto, mosquitto.site("s1")) as client:
        yield client


def promise(conninfo: str, resident: str, opens_ms: int, closes_ms: int) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "insert into check_window (resident_slot, plan, day, opens_ms, closes_ms)"
            " select slot, 'p', current_date, %s, %s from resident where id = %s",
            (opens_ms, closes_ms, resident),
        )


def vouch(conninfo: str, resident: str, at_ms: int) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "insert into sighting (id, resident_slot, at_ms) select id, slot, %s from resident where id = %s",
            (at_ms, resident),
        )


def kept(conninfo: str) -> list[tuple[Any, ...]]:
    """(resident, end, when, how) of the checks of which it is written down that they were kept."""
    return rows(
        conninfo,
        "select r.id, o.closes_ms, o.kept_ms, o.how from check_outcome o join resident r on r.slot = o.resident_slot"
        " where o.kept_ms is not null order by r.id, o.closes_ms",
    )


def skipped(conninfo: str) -> list[tuple[str, int, str]]:
    return rows(
        conninfo,
        "select r.id, o.closes_ms, o.skipped from check_outcome o join resident r on r.slot = o.resident_slot"
        " where o.skipped is not null",
    )


def alarms(conninfo: str) -> list[tuple[str, str, str]]:
    return rows(
        conninfo, "select object ->> 'resident', state, severity from alarm where rule = %s order by raised_at", RULE
    )


def press(band: Client, device: str, t: int) -> None:
    band.publish(f"anxin/v1/s1/{device}/checkin", encoded(t=t))


async def test_a_press_in_time_is_written_down_with_its_own_time_and_raises_nothing(
    conninfo: str, mosquitto: RunningBroker, band: Client
) -> None:
    opens, closes = NOW() - HOUR_MS, NOW() + HOUR_MS
    promise(conninfo, "r0", opens, closes)
    pressed = opens + MINUTE_MS
    async with running_gateway(conninfo, mosquitto):
        press(band, "b0", pressed)
        await eventually(lambda: kept(conninfo), "the promise is kept")
    slot = one(conninfo, "select slot from device where id = 'b0'")
    assert kept(conninfo) == [("r0", closes, pressed, "button")]
    assert one(conninfo, "select device_slot from check_outcome") == slot
    assert alarms(conninfo) == []


async def test_what_is_missed_is_one_alarm_through_a_restart_and_a_press_ends_it(
    conninfo: str, mosquitto: RunningBroker, band: Client
) -> None:
    closes = NOW() - HOUR_MS
    promise(conninfo, "r0", closes - HOUR_MS, closes)
    async with running_gateway(conninfo, mosquitto):
        band.publish("anxin/v1/s1/b0/heartbeat", encoded(t=NOW(), interval_s=1))
        await eventually(lambda: alarms(conninfo), "the alarm")
    assert alarms(conninfo) == [("r0", "open", "medium")]
    async with running_gateway(conninfo, mosquitto):
        pressed = NOW()
        press(band, "b0", pressed)
        await eventually(lambda: alarms(conninfo) == [("r0", "resolved", "medium")], "the alarm is over")
    assert kept(conninfo) == [("r0", closes, pressed, "button")]
    evidence = one(conninfo, "select object -> 'evidence' from alarm where rule = %s", RULE)
    assert evidence["missed_in_a_row"] == 1
    assert evidence["missed_for_s"] >= HOUR_MS / 1000


async def test_a_promise_that_is_made_while_the_gateway_runs_counts_and_somebodys_word_keeps_it(
    conninfo: str, mosquitto: RunningBroker, band: Client
) -> None:
    closes = NOW() - HOUR_MS
    async with running_gateway(conninfo, mosquitto):
        band.publish("anxin/v1/s1/b1/heartbeat", encoded(t=NOW(), interval_s=1))
        promise(conninfo, "r1", closes - HOUR_MS, closes)
        await eventually(lambda: alarms(conninfo), "the alarm")
        seen = NOW()
        vouch(conninfo, "r1", seen)
        await eventually(lambda: alarms(conninfo) == [("r1", "resolved", "medium")], "the alarm is over")
    assert kept(conninfo) == [("r1", closes, seen, "seen")]


async def test_whoever_is_in_hospital_when_it_is_due_was_not_asked_for_and_it_is_written_down_why(
    conninfo: str, mosquitto: RunningBroker, band: Client
) -> None:
    closes = NOW() - HOUR_MS
    with psycopg.connect(conninfo) as connection:
        connection.execute("update resident set status = 'hospital' where id = 'r0'")
    promise(conninfo, "r0", closes - HOUR_MS, closes)
    promise(conninfo, "r1", closes - HOUR_MS, closes)
    async with running_gateway(conninfo, mosquitto):
        for device in ("b0", "b1"):
            band.publish(f"anxin/v1/s1/{device}/heartbeat", encoded(t=NOW(), interval_s=1))
        await eventually(lambda: skipped(conninfo) and alarms(conninfo), "both are judged")
    assert skipped(conninfo) == [("r0", closes, "hospital")]
    assert alarms(conninfo) == [("r1", "open", "medium")]
