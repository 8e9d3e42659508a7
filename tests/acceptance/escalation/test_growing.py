"""Who was driven off is told without a sound, and aloud after three hours, whether their band is heard or not."""

from __future__ import annotations

from tests.support.escalation.deeds import recovers, resolves, takes, wanders
from tests.support.escalation.story import Story
from tests.support.escalation.wants import all_clear, between, hours, line, minutes, sms

GROWS = hours(3)


async def test_it_calls_when_it_has_been_low_for_three_hours_though_nothing_more_is_heard(story: Story) -> None:
    story.at(0, wanders("wang", severity="low"))
    story.want(between(GROWS, GROWS + 5), line("severity_raised", actor="system", note="high"))
    story.want(GROWS + 60, sms("zhang"))
    story.want(GROWS + 120, sms("daughter"))
    story.at(GROWS + 150, takes("zhang"))
    story.at(GROWS + 170, resolves("zhang"))
    story.want(GROWS + 170, all_clear("daughter"))
    await story.plays(until=GROWS + minutes(10))


async def test_nobody_is_called_when_they_are_home_before(story: Story) -> None:
    story.at(0, wanders("wang", severity="low"))
    story.at(hours(2), recovers("wang", "wandering.zone_exit"))
    story.silence()
    await story.plays(until=hours(5))


async def test_it_grows_once_whoever_is_killed_meanwhile(story: Story) -> None:
    async def restarts(_: Story) -> None:
        story.restart()

    story.at(0, wanders("wang", severity="low"))
    story.at(GROWS - 1, restarts)
    story.want(between(GROWS, GROWS + 30), line("severity_raised", actor="system", note="high"))
    story.want(between(GROWS + 60, GROWS + 90), sms("zhang"))
    story.at(GROWS + 100, takes("zhang"))
    story.at(GROWS + 110, resolves("zhang"))
    await story.plays(until=GROWS + minutes(10))
