"""Policies that somebody wrote: which one an alarm gets, and how it runs."""

from __future__ import annotations

from typing import Any

from alerts.policies import Policy, PolicyStep
from tests.acceptance.escalation.conftest import Telling
from tests.support.escalation.centre import SITE
from tests.support.escalation.deeds import fall, releases, silent, sos, takes, wanders, writes
from tests.support.escalation.story import Story
from tests.support.escalation.wants import band, between, call, group, hours, minutes, sms

DUTY_AT_ONCE = PolicyStep(after_s=0, who="duty", how="sms")


def step(after_s: int, who: Any, how: Any = "sms", **fields: Any) -> PolicyStep:
    return PolicyStep(after_s=after_s, who=who, how=how, **fields)


def policy(name: str, *steps: PolicyStep, **fields: Any) -> Policy:
    return Policy(id=name, name=name, steps=steps, **{"progress_s": 300, **fields})


async def test_a_sites_own_policy_stands_before_the_programs(story: Story) -> None:
    await story.centre.policy(policy("own", step(10, "volunteers"), step(30, "family", "voice", nth=2), site=SITE))
    story.at(0, fall("wang"))
    story.want(10, sms("volunteer qian"))
    story.want(30, call("son"))
    story.silence()
    await story.plays(until=hours(1))


async def test_the_most_particular_policy_counts(story: Story) -> None:
    await story.centre.policy(policy("any", step(0, "duty"), site=SITE))
    await story.centre.policy(policy("kind", step(0, "supervisor"), site=SITE, applies_to="fall"))
    await story.centre.policy(policy("rule", step(0, "volunteers"), site=SITE, applies_to="fall.device"))
    await story.centre.policy(policy("everywhere", step(0, "chat", "chat"), applies_to="fall.device"))
    story.at(0, fall("wang"))
    story.want(0, sms("volunteer qian"))
    story.at(60, sos("li"))
    story.want(60, sms("zhang"))
    story.silence()
    await story.plays(until=hours(1))


async def test_a_policy_for_one_severity_leaves_the_others_alone(story: Story) -> None:
    await story.centre.policy(policy("grave", step(0, "supervisor"), applies_to="missed_check", severity="high"))
    story.at(0, silent("wang", "high"))
    story.want(0, sms("wu"))
    story.at(600, silent("li", "medium"))
    story.want(660, sms("zhang"))
    story.want(780, sms("wu"))
    story.silence()
    await story.plays(until=hours(1))


async def test_a_policy_for_the_night_counts_when_the_alarm_opens_in_the_night(tell: Telling) -> None:
    story = await tell(begins="21:59")
    await story.centre.policy(policy("night", step(0, "supervisor", "voice"), from_minute=22 * 60, to_minute=6 * 60))
    story.at(0, wanders("wang"))
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    story.at(65, wanders("li"))
    story.want(65, call("wu"))
    story.want(180, sms("wu"))
    story.want(240, sms("son"))
    story.silence("zhang", "wu", "daughter", "son", "li's son")
    await story.plays(until=hours(1))


async def test_a_plan_stays_as_it_was_when_the_alarm_opened(story: Story) -> None:
    early = policy("own", step(60, "duty"), step(300, "supervisor"), site=SITE)
    late = policy("own", step(0, "chat", "chat"), step(120, "family", nth=1), site=SITE)
    await story.centre.policy(early)
    story.at(0, fall("wang"))
    story.at(30, writes(late))
    story.want(60, sms("zhang"))
    story.at(70, takes("zhang"))
    story.at(100, releases("zhang"))
    story.want(400, sms("wu"))
    story.at(1000, fall("li"))
    story.want(1000, group())
    story.want(1120, sms("li's son"))
    story.silence()
    await story.plays(until=hours(1))


async def test_a_step_is_repeated_as_often_as_it_says_until_somebody_takes_the_alarm(story: Story) -> None:
    await story.centre.policy(
        policy("own", step(30, "duty", times=5, every_s=60), step(100, "family", nth=1), site=SITE)
    )
    story.at(0, fall("wang"))
    story.want(30, sms("zhang"))
    story.want(90, sms("zhang"))
    story.want(100, sms("daughter"))
    story.want(150, sms("zhang"))
    story.at(200, takes("wu"))
    story.silence()
    await story.plays(until=minutes(6))


async def test_the_wearers_band_can_be_a_step(story: Story) -> None:
    await story.centre.policy(policy("own", step(0, "band", "message"), step(60, "duty"), site=SITE))
    story.at(0, fall("wang"))
    story.want(0, band("wang"))
    story.want(60, sms("zhang"))
    story.silence()
    await story.plays(until=minutes(6))


async def test_a_band_that_hears_nothing_lets_the_next_step_come_at_once(story: Story) -> None:
    await story.centre.policy(policy("own", step(10, "band", "message"), step(60, "duty"), site=SITE))
    await story.centre.revoke("band-wang")
    story.at(0, fall("wang"))
    story.want(10, sms("zhang"))
    story.silence()
    await story.plays(until=minutes(6))


async def test_what_can_wait_keeps_the_quiet_hours_and_what_cannot_does_not(tell: Telling) -> None:
    story = await tell(begins="23:00")
    quiet = {"quiet_from_minute": 22 * 60, "quiet_to_minute": 7 * 60}
    await story.centre.policy(policy("own", step(60, "duty"), step(120, "supervisor"), site=SITE, **quiet))
    story.at(0, silent("wang", "medium"))
    story.at(10, silent("li", "high"))
    story.want(70, sms("zhang", "李建国"))
    story.want(130, sms("wu", "李建国"))
    story.want(between(hours(8), hours(8) + 5), sms("zhang", "王秀兰"), sms("wu", "王秀兰"))
    story.silence()
    await story.plays(until=hours(12))


async def test_what_grows_worse_in_the_quiet_hours_waits_no_longer(tell: Telling) -> None:
    story = await tell(begins="23:00")
    quiet = {"quiet_from_minute": 22 * 60, "quiet_to_minute": 7 * 60}
    await story.centre.policy(policy("own", step(60, "duty"), site=SITE, **quiet))
    story.at(0, silent("wang", "medium"))
    story.at(1800, silent("wang", "high"))
    story.want(1800, sms("zhang"))
    story.silence()
    await story.plays(until=hours(12))


async def test_a_policy_without_a_limit_to_progress_leaves_what_was_taken_alone(story: Story) -> None:
    await story.centre.policy(policy("own", DUTY_AT_ONCE, site=SITE, progress_s=None))
    story.at(0, fall("wang"))
    story.want(0, sms("zhang"))
    story.at(5, takes("zhang"))
    story.silence()
    await story.plays(until=hours(6))
