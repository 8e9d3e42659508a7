"""One changed threshold changes exactly what it must."""

from __future__ import annotations

import msgspec
import psycopg
import pytest

from alerts.alarm import Alarm
from anxin.backtesting.backtest import Report
from anxin.backtesting.comparison import OfRule, Pair
from anxin.backtesting.errors import BacktestError
from anxin.backtesting.run import Run
from anxin.backtesting.staff import Staff
from anxin.backtesting.turns import Turns, chunks, stretch
from gateway.store.connection import connect
from tests.integration.backtest.conftest import Ask
from tests.support.history import MINUTE, PAST, SECOND, History, ended_by_staff

HOUR = 60 * MINUTE


def of_rule(report: Report, rule: str) -> list[Pair]:
    return [row.alarms for row in report.comparison.rules if row.rule == rule]


async def as_it_was(conninfo: str, end: int) -> list[Alarm]:
    """The alarms of a run with nothing set."""
    run = Run([], Staff([]))
    made = Turns(end)
    async with await connect(conninfo, application="test") as connection:
        async for chunk in chunks(connection, await stretch(connection, PAST, end)):
            for turn in made.of(chunk):
                run.take(turn)
    return run.alarms(PAST, end)


def without_speed(report: Report) -> bytes:
    return msgspec.json.encode({**msgspec.structs.asdict(report), "speed": None})


async def test_a_longer_dwell_loses_the_short_walk_and_delays_the_long_one(
    conninfo: str, history: History, ask: Ask
) -> None:
    for device in ("b0", "b1", "b2"):
        history.beats(device, 0, 2 * HOUR)
    history.walk("b0", 10 * MINUTE, 60)
    history.walk("b1", 30 * MINUTE, 200)
    await history.store()
    end = PAST + 2 * HOUR
    before = sorted(await as_it_was(conninfo, end), key=lambda alarm: alarm.raised_at)
    short, long = (alarm for alarm in before if alarm.rule == "wandering.zone_exit")
    await ended_by_staff(
        conninfo, [(short, short.raised_at + 30_000, "false_alarm"), (long, long.raised_at + 600_000, "true_alarm")]
    )
    report = await ask("wandering.zone_exit.dwell_s=90", end=end)
    assert OfRule("wandering.zone_exit", "high", sounds=True, alarms=Pair(2, 1)) in report.comparison.rules
    assert of_rule(report, "wandering.night_exit") == [Pair(1, 1)]
    totals = report.comparison.totals
    assert (totals.later, totals.earlier, totals.gone, totals.added) == (1, 0, 1, 0)
    closed = {row.alarm: (row.outcome, row.fate, row.later_s) for row in report.comparison.closed}
    assert closed == {short.id: ("false_alarm", "gone", None), long.id: ("true_alarm", "kept", 60.0)}
    assert report.comparison.live.same == 2
    subjects = {row.subject: row.alarms for row in report.comparison.subjects}
    assert subjects == {"r0": Pair(1, 0), "r1": Pair(2, 2)}  # r1 walks far enough to have left by night


async def test_a_shorter_limit_brings_silences_earlier_and_finds_more_of_them(
    conninfo: str, history: History, ask: Ask
) -> None:
    history.beats("b0", 0, 3 * HOUR, every=MINUTE)
    history.beats("b1", 0, HOUR)
    history.beats("b1", 2 * HOUR, 3 * HOUR)
    history.beats("b2", 0, HOUR)
    history.beats("b2", HOUR + 3 * MINUTE, 3 * HOUR)
    await history.store()
    report = await ask("missed_check.silent.intervals=1", "device.fault.enabled=off", end=PAST + 3 * HOUR)
    totals = report.comparison.totals
    assert of_rule(report, "missed_check.silent") == [Pair(0, 1), Pair(1, 1)], "a short one without a sound"
    assert (totals.same, totals.earlier, totals.gone, totals.added) == (1, 1, 0, 1)
    # It counts when it is due, though the next reading comes a minute later.
    (silence,) = await as_it_was(conninfo, PAST + 3 * HOUR)
    assert 0 <= silence.raised_at - silence.event_time <= SECOND


async def test_what_is_set_is_stronger_than_what_was_set_for_a_site_or_a_resident(
    conninfo: str, history: History, ask: Ask
) -> None:
    for device in ("b0", "b1"):
        history.beats(device, 0, HOUR)
        history.walk(device, 10 * MINUTE, 60)
    await history.store()
    with psycopg.connect(conninfo) as connection:
        connection.execute(
            "insert into parameter (scope, key, name, value, resident_slot)"
            " select 'resident', id, 'wandering.zone_exit.dwell_s', 90, slot from resident where id = 'r0'"
        )
    history.date_changes(-MINUTE)
    assert of_rule(await ask(end=PAST + HOUR), "wandering.zone_exit") == [Pair(1, 1)]
    report = await ask("wandering.zone_exit.dwell_s=30", end=PAST + HOUR)
    assert of_rule(report, "wandering.zone_exit") == [Pair(1, 2)]


async def test_a_change_of_the_registry_counts_from_when_it_was_made(conninfo: str, history: History, ask: Ask) -> None:
    history.beats("b0", 0, 2 * HOUR, every=MINUTE)
    history.walk("b0", 10 * MINUTE, 60)
    history.walk("b0", 70 * MINUTE, 60)
    await history.store()
    with psycopg.connect(conninfo) as connection:
        connection.execute("update fence set radius_m = 5000")
    history.date_changes(HOUR)
    report = await ask(end=PAST + 2 * HOUR)
    assert of_rule(report, "wandering.zone_exit") == [Pair(1, 1)]


async def test_where_nothing_at_all_was_received_nobody_was_silent(history: History, ask: Ask) -> None:
    for start, end in ((0, HOUR), (2 * HOUR, 3 * HOUR)):
        for device, offset in (("b0", 0), ("b1", 7), ("b2", 13)):
            history.beats(device, start + offset * SECOND, end, every=20 * SECOND)
    await history.store()
    report = await ask(end=PAST + 3 * HOUR)
    assert report.comparison.totals.alarms == Pair(0, 0)


async def test_alarms_of_the_warm_up_are_not_counted(history: History, ask: Ask) -> None:
    history.beats("b0", 0, 2 * HOUR)
    history.walk("b0", 10 * MINUTE, 60)
    history.walk("b0", 70 * MINUTE, 60)
    await history.store()
    report = await ask(start=PAST + HOUR, end=PAST + 2 * HOUR, warmup_ms=HOUR)
    assert of_rule(report, "wandering.zone_exit") == [Pair(1, 1)]
    assert (report.warmup_from, report.readings) == (PAST, 24 + 2 * 9)


async def test_what_stood_when_the_warm_up_ended_is_no_news(history: History, ask: Ask) -> None:
    history.beats("b0", 0, 40 * MINUTE, battery_pct=10)
    history.beats("b0", 40 * MINUTE, 2 * HOUR, battery_pct=9)
    await history.store()
    told = await ask(start=PAST + HOUR, end=PAST + 2 * HOUR, warmup_ms=HOUR)
    cold = await ask(start=PAST + HOUR, end=PAST + 2 * HOUR)
    assert (told.comparison.totals.alarms, cold.comparison.totals.alarms) == (Pair(0, 0), Pair(1, 1))


async def test_the_same_question_has_the_same_answer(history: History, ask: Ask) -> None:
    for device in ("b0", "b1", "b2"):
        history.beats(device, 0, HOUR, battery_pct=14)
        history.walk(device, 20 * MINUTE, 80)
    history.press("b1", 50 * MINUTE)
    await history.store()
    asked = ("wandering.zone_exit.dwell_s=60", "device.battery_low.low_pct=12")
    one, other = [await ask(*asked, end=PAST + HOUR) for _ in range(2)]
    assert without_speed(one) == without_speed(other)
    assert one.comparison.totals.alarms.as_was > one.comparison.totals.alarms.as_set > 0


async def test_a_press_goes_on_counting_whatever_is_set(history: History, ask: Ask) -> None:
    history.press("b0", MINUTE)
    history.press("b1", 2 * MINUTE)
    await history.store()
    report = await ask("sos.button.same_episode_s=600", end=PAST + HOUR)
    assert of_rule(report, "sos.button") == [Pair(2, 2)]


async def test_a_time_of_which_nothing_is_stored_is_said_to_be_empty(history: History, ask: Ask) -> None:
    history.press("b0", MINUTE)
    await history.store()
    with pytest.raises(BacktestError, match="nothing is stored"):
        await ask(start=PAST - 2 * HOUR, end=PAST - HOUR)
    with pytest.raises(BacktestError, match="must lie after"):
        await ask(start=PAST, end=PAST)
