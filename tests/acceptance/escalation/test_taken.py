"""Somebody takes an alarm: the plan stops, and goes on when nothing comes of it."""

from __future__ import annotations

import pytest

from alerts.policies import Policy, PolicyStep
from tests.support.escalation.centre import SITE
from tests.support.escalation.deeds import (
    arrives,
    assigns,
    cancels,
    fall,
    has_family_told,
    notes,
    releases,
    reopens,
    resolves,
    sends,
    silent,
    sos,
    takes,
    wanders,
)
from tests.support.escalation.story import Deed, Story
from tests.support.escalation.wants import all_clear, band, between, call, group, hours, line, minutes, sms


async def test_taking_it_stops_the_plan(story: Story) -> None:
    story.at(0, fall("wang"))
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    story.at(150, takes("zhang"))
    story.at(160, sends("zhang", "grid worker liu"))
    story.silence()
    await story.plays(until=minutes(17))


async def test_giving_it_back_lets_the_rest_of_the_plan_run_from_then(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.want(60, sms("zhang"))
    story.at(90, takes("zhang"))
    story.at(200, releases("zhang"))
    story.want(320, sms("daughter"))
    story.want(380, sms("wu"))
    story.want(440, sms("son"))
    story.want(560, sms("grid worker liu"), sms("grid worker of all"))
    story.silence()
    await story.plays(until=hours(2))


async def test_what_was_taken_and_saw_nothing_for_five_minutes_sounds_again_for_all(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.want(60, sms("zhang"))
    story.at(100, takes("zhang"))
    story.want(400, line("again", actor="system", note="no_progress"))
    story.want(460, sms("zhang"))
    story.want(520, sms("daughter"))
    story.want(580, sms("wu"))
    story.at(600, takes("wu"))
    story.at(650, sends("wu"))
    story.silence("zhang", "daughter", "wu", "son")
    await story.plays(until=minutes(25))


@pytest.mark.parametrize(
    "progress", [notes("zhang"), notes("wu"), assigns("zhang", "wu")], ids=["own", "other", "assign"]
)
async def test_progress_gives_it_another_five_minutes(story: Story, progress: Deed) -> None:
    story.at(0, wanders("wang"))
    story.at(30, takes("zhang"))
    story.at(300, progress)
    story.want(600, line("again", actor="system", note="no_progress"))
    await story.plays(until=minutes(10.5))
    assert (await story.alarm_of("wang")).timeline[-1].event == "again"
    assert sum(entry.event == "again" for entry in (await story.alarm_of("wang")).timeline) == 1


async def test_more_of_the_same_evidence_is_no_progress(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.at(30, takes("zhang"))
    story.at(200, wanders("wang"))
    story.want(330, line("again", actor="system", note="no_progress"))
    await story.plays(until=minutes(6))


@pytest.mark.parametrize(
    "done",
    [sends("zhang"), resolves("zhang"), releases("zhang"), cancels("zhang")],
    ids=["sent", "resolved", "released", "cancelled"],
)
async def test_what_goes_on_or_is_over_does_not_sound_again(story: Story, done: Deed) -> None:
    story.at(0, wanders("wang"))
    story.at(30, takes("zhang"))
    story.at(329, done)
    await story.plays(until=minutes(20))
    assert all(entry.event != "again" for entry in (await story.alarm_of("wang")).timeline)


async def test_where_nobody_arrives_within_a_quarter_of_an_hour_it_sounds_again_for_all(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.at(30, takes("zhang"))
    story.at(100, sends("zhang", "grid worker liu"))
    story.want(1000, line("again", actor="system", note="no_arrival"))
    story.want(1060, sms("zhang"))
    story.at(1070, takes("zhang"), sends("zhang", "grid worker liu"))
    story.at(1500, sends("zhang", "neighbour chen"))
    story.at(2399, arrives("zhang"))
    story.silence("zhang", "daughter", "wu", "son")
    await story.plays(until=hours(2))
    assert sum(entry.event == "again" for entry in (await story.alarm_of("wang")).timeline) == 1


async def test_a_new_press_after_it_was_taken_begins_another_round(story: Story) -> None:
    story.at(0, sos("wang"))
    story.want(60, sms("zhang"))
    story.at(90, takes("zhang"))
    story.want(90, band("wang"))
    story.at(200, sos("wang"))
    story.want(200, line("again", actor="wearer"))
    story.want(260, sms("zhang"))
    story.want(320, sms("daughter"))
    story.at(330, takes("wu"), sends("wu"))
    story.want(330, band("wang"))
    story.silence()
    await story.plays(until=minutes(20))


async def test_reopening_begins_another_round(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    story.at(130, takes("wu"), resolves("wu", "found"))
    story.want(between(130, 135), all_clear("zhang"), all_clear("daughter"))
    story.at(600, reopens("wu"))
    story.want(660, sms("zhang"))
    story.want(720, sms("daughter"))
    story.want(780, sms("wu"))
    story.at(800, takes("zhang"), resolves("zhang"))
    story.want(between(800, 805), all_clear("daughter"), all_clear("wu"))
    story.silence("zhang", "daughter", "wu", "son")
    await story.plays(until=hours(1))


async def test_an_alarm_that_is_reopened_at_once_takes_back_the_all_clear_that_waits(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.want(60, sms("zhang"))
    story.at(61, takes("wu"), resolves("wu"), reopens("wu"))
    story.want(between(121, 123), sms("zhang"))
    story.silence("zhang")
    await story.plays(until=minutes(2.5))


async def test_what_grows_worse_gets_the_plan_of_its_severity(story: Story) -> None:
    grave = Policy(
        id="grave", name="grave", site=SITE, applies_to="missed_check", severity="high",
        steps=(PolicyStep(after_s=30, who="supervisor", how="voice"), PolicyStep(after_s=400, who="chat", how="chat")),
    )  # fmt: skip
    await story.centre.policy(grave)
    story.at(0, silent("wang", "medium"))
    story.want(60, sms("zhang"))
    story.at(100, silent("wang", "high"))
    story.want(100, call("wu"))
    story.want(400, group())
    story.silence()
    await story.plays(until=hours(1))


async def test_what_grows_worse_leaves_out_nobody_of_the_graver_plan(story: Story) -> None:
    grave = Policy(
        id="grave", name="grave", site=SITE, applies_to="missed_check", severity="high",
        steps=(PolicyStep(after_s=60, who="volunteers", how="sms"), PolicyStep(after_s=400, who="chat", how="chat")),
    )  # fmt: skip
    await story.centre.policy(grave)
    story.at(0, silent("wang", "medium"))
    story.want(60, sms("zhang"))
    story.at(100, silent("wang", "high"))
    story.want(100, sms("volunteer qian"))
    story.want(400, group())
    story.silence()
    await story.plays(until=hours(1))


async def test_staff_can_have_the_family_told_at_once_and_the_plan_does_not_say_it_again(story: Story) -> None:
    story.at(0, fall("wang"))
    story.at(10, has_family_told("zhang"))
    story.want(10, sms("daughter"))
    story.want(240, sms("son"))
    story.want(300, call("daughter"))
    story.silence("daughter", "son")
    await story.plays(until=hours(1))


async def test_repetitions_that_are_overdue_together_are_said_once(story: Story) -> None:
    grave = Policy(
        id="grave", name="grave", site=SITE, applies_to="missed_check", severity="high",
        steps=(PolicyStep(after_s=60, who="supervisor", how="voice", times=4, every_s=60),),
    )  # fmt: skip
    await story.centre.policy(grave)
    story.at(0, silent("wang", "medium"))
    story.at(200, silent("wang", "high"))
    story.want(200, call("wu"))
    story.want(240, call("wu"))
    story.want(180, sms("wu"))
    story.silence("wu")
    await story.plays(until=hours(1))


async def test_a_silence_that_was_low_all_night_begins_its_plan_when_it_becomes_more(story: Story) -> None:
    story.at(0, silent("wang", "low"))
    story.at(hours(8), silent("wang", "medium"))
    story.want(hours(8) + 60, sms("zhang"))
    story.want(hours(8) + 180, sms("wu"))
    story.at(hours(8) + 100, silent("wang", "high"))
    story.want(hours(8) + 180, sms("neighbour chen"))
    story.want(hours(8) + 360, sms("grid worker liu"), sms("grid worker of all"))
    story.silence()
    await story.plays(until=hours(10))


async def test_what_was_taken_and_grew_worse_gets_the_plan_of_its_severity(story: Story) -> None:
    grave = Policy(
        id="grave", name="grave", site=SITE, applies_to="missed_check", severity="high",
        steps=(PolicyStep(after_s=30, who="volunteers", how="sms"),),
    )  # fmt: skip
    await story.centre.policy(grave)
    story.at(0, silent("wang", "medium"))
    story.at(10, takes("zhang"))
    story.at(100, silent("wang", "high"))
    story.want(130, sms("volunteer qian"))
    story.silence()
    await story.plays(until=hours(1))
