"""Clearing what was missed: whoever saw or spoke to the resident ends it, with a name and a time."""

from __future__ import annotations

import asyncio

import pytest

from alerts.alarm import Result
from alerts.desk import act
from alerts.transitions import Resolve
from devices.clock import HOUR_MS, MINUTE_MS
from tests.support.escalation.deeds import (
    fall,
    misses_checkin,
    resolves,
    shows_no_life,
    silent,
    takes,
    vouches,
)
from tests.support.escalation.story import Story
from tests.support.escalation.wants import all_clear, line, minutes, sms


async def test_who_vouches_at_the_desk_ends_all_that_was_missed_and_nothing_else(story: Story) -> None:
    story.at(0, misses_checkin("wang"), silent("wang", "high"), shows_no_life("wang"), fall("wang"), silent("li"))
    story.at(30, vouches("zhang", note="在楼下打牌"))
    story.want(30, line("resolve", actor="zhang", note="在楼下打牌"))
    await story.plays(until=31)
    states = {alarm.rule: (alarm.state, alarm.result) for alarm in await story.alarms_of("wang")}
    over = ("resolved", "settled_by_phone")
    assert states == {
        "missed_check.checkin": over,
        "missed_check.silent": over,
        "missed_check.inactivity": over,
        "fall.device": ("open", None),
    }
    assert (await story.alarm_of("li")).state == "open"
    assert await story.centre.seen("wang") == [(story.t0 + 30_000, "zhang", "call")]


async def test_it_keeps_what_is_open_or_overdue_and_no_promise_of_later(story: Story) -> None:
    for opens, closes in ((-4, -3), (-1, 1), (5, 6)):
        await story.centre.promise("wang", story.t0 + opens * HOUR_MS, story.t0 + closes * HOUR_MS)
    story.at(60, vouches("zhang", how="visit"))
    await story.passes(61)
    assert await story.centre.kept("wang") == [("zhang", "visit"), ("zhang", "visit")]


async def test_clearing_twice_is_harmless(story: Story) -> None:
    await story.centre.promise("wang", story.t0 - HOUR_MS, story.t0 + HOUR_MS)
    story.at(0, misses_checkin("wang"))
    story.at(70, vouches("zhang"), vouches("zhang"), vouches("wu", how="visit"))
    await story.passes(71)
    alarm = await story.alarm_of("wang")
    assert [entry.actor for entry in alarm.timeline if entry.event == "resolve"] == ["zhang"]
    assert await story.centre.kept("wang") == [("zhang", "call")]
    assert [actor for _, actor, _ in await story.centre.seen("wang")] == ["zhang", "zhang", "wu"]


async def test_many_who_vouch_at_once_for_one_resident_all_come_through(story: Story) -> None:
    """Two who held one alarm each and wanted the other would wait for each other."""
    rules = ["missed_check.checkin", "missed_check.silent", "missed_check.inactivity"]
    story.at(0, misses_checkin("wang"), silent("wang"), shows_no_life("wang"))
    story.at(1, *(takes("zhang", rule=rule) for rule in rules))
    await story.passes(2)
    alarms = [(await story.alarm_of("wang", rule)).id for rule in rules]
    well = Resolve(result="settled_by_phone")
    await asyncio.gather(
        *(vouches(by)(story) for by in ("zhang", "wu", "night zhao")),
        *(act(story.store, alarm, well, by, story.now()) for alarm in alarms for by in ("zhang", "wu")),
    )
    assert {alarm.state for alarm in await story.alarms_of("wang")} == {"resolved"}


async def test_all_who_were_told_hear_that_it_is_over_but_whoever_ended_it(story: Story) -> None:
    story.at(0, misses_checkin("wang"))
    story.at(130, vouches("zhang"))
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    story.want(130, all_clear("daughter", "已电话确认平安"))
    await story.plays(until=minutes(10))


async def test_staff_who_settle_it_by_phone_or_on_site_vouch_too(story: Story) -> None:
    await story.centre.promise("wang", story.t0 - HOUR_MS, story.t0 - 15 * MINUTE_MS)
    story.at(0, misses_checkin("wang"), silent("wang"))
    story.at(30, takes("zhang", rule="missed_check.checkin"))
    story.at(40, resolves("zhang", "helped_on_site", rule="missed_check.checkin"))
    await story.passes(41)
    assert {alarm.state for alarm in await story.alarms_of("wang")} == {"resolved"}
    assert await story.centre.kept("wang") == [("zhang", "visit")]


@pytest.mark.parametrize("result", [None, "none", "hospital", "died"])
async def test_who_ends_it_without_having_found_them_well_vouches_for_nobody(
    story: Story, result: Result | None
) -> None:  # fmt: skip
    await story.centre.promise("wang", story.t0 - HOUR_MS, story.t0 - 15 * MINUTE_MS)
    story.at(0, misses_checkin("wang"), silent("wang"))
    story.at(10, takes("zhang", rule="missed_check.checkin"))
    story.at(20, resolves("zhang", result, rule="missed_check.checkin"))
    await story.passes(21)
    assert (await story.alarm_of("wang", "missed_check.silent")).state == "open"
    assert await story.centre.kept("wang") == []
    assert await story.centre.seen("wang") == []
