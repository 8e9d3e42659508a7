"""The machine's clock is set while an alarm waits: nobody waits for the hour that comes twice."""

from __future__ import annotations

import pytest

from tests.support.escalation.deeds import (
    clock_jumps,
    number_works,
    provider_is_busy_for,
    resolves,
    takes,
    wanders,
)
from tests.support.escalation.story import Story
from tests.support.escalation.wants import all_clear, between, minutes, sms


@pytest.mark.parametrize("back_s", [5, 300, 3600, 7 * 86_400])
async def test_a_clock_that_is_set_back_by_more_than_an_alarm_is_old_delays_nothing(
    story: Story, back_s: float
) -> None:
    story.at(0, wanders("wang"))
    story.at(30, clock_jumps(-back_s))
    late_s = back_s if back_s < 30 else 0
    story.want(60 + late_s, sms("zhang"))
    story.want(120 + late_s, sms("daughter"))
    story.want(180 + late_s, sms("wu"))
    story.want(240 + late_s, sms("son"))
    story.silence("zhang", "daughter", "wu", "son")
    await story.plays(until=minutes(30))


async def test_a_dispatcher_that_starts_after_the_clock_was_set_back_makes_no_step_wait_longer_than_it_was_to(
    story: Story,
) -> None:
    async def another_begins(story: Story) -> None:
        story.restart()

    story.at(0, wanders("wang"))
    story.at(30, clock_jumps(-3600), another_begins)
    story.want(between(90, 91), sms("zhang"))
    story.want(between(150, 151), sms("daughter"))
    story.silence("zhang", "daughter")
    await story.plays(until=160)


async def test_what_is_planned_by_a_clock_that_another_process_still_keeps_waits_no_longer(story: Story) -> None:
    story.at(10, clock_jumps(-3600))
    story.at(11, clock_jumps(3600), wanders("wang"), clock_jumps(-3600))
    story.want(between(71, 72), sms("zhang"))
    await story.plays(until=100)


@pytest.mark.parametrize("forward_s", [5, 3600, 7 * 86_400])
async def test_a_clock_that_is_set_forward_loses_no_step_and_doubles_none(story: Story, forward_s: float) -> None:
    story.at(0, wanders("wang"))
    story.at(30, clock_jumps(forward_s))
    story.want(between(30, 62), sms("zhang"))
    story.want(between(30, 122), sms("daughter"))
    story.want(between(30, 182), sms("wu"))
    story.want(between(30, 242), sms("son"))
    story.silence("zhang", "daughter", "wu", "son")
    await story.plays(until=minutes(30))


async def test_a_clock_that_goes_to_and_fro_loses_no_step_and_doubles_none(story: Story) -> None:
    story.at(0, wanders("wang"))
    for n in range(6):
        story.at(10 + 20 * n, clock_jumps(3600 if n % 2 else -3600))
    story.want(between(10, 61), sms("zhang"))
    story.want(between(10, 121), sms("daughter"))
    story.want(between(10, 181), sms("wu"))
    story.want(between(10, 241), sms("son"))
    story.silence("zhang", "daughter", "wu", "son")
    await story.plays(until=minutes(30))


async def test_what_was_taken_sounds_again_though_the_clock_was_set_back(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.at(30, takes("zhang"))
    story.at(100, clock_jumps(-3600))
    await story.passes(minutes(6))
    assert (await story.alarm_of("wang")).timeline[-1].note == "no_progress"


async def test_a_message_that_is_tried_again_does_not_wait_for_the_clock_to_catch_up(story: Story) -> None:
    story.at(0, provider_is_busy_for("daughter"), wanders("wang"))
    story.at(150, clock_jumps(-3600))
    story.at(160, number_works("daughter"))
    story.want(between(160, 240), sms("daughter"))
    await story.plays(until=minutes(30))


async def test_a_number_that_was_written_to_before_the_clock_was_set_back_hears_the_next_alarm(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.want(60, sms("zhang"))
    story.at(70, clock_jumps(-3600), wanders("li"))
    story.want(between(130, 135), sms("zhang"))
    await story.plays(until=minutes(30))


async def test_the_end_is_told_though_the_clock_was_set_back(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    story.at(130, clock_jumps(-3600))
    story.at(140, takes("zhang"), resolves("zhang"))
    story.want(between(140, 145), all_clear("daughter"))
    story.silence("daughter")
    await story.plays(until=minutes(30))
