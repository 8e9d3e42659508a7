"""Whom an alarm does not concern: drills, old news, people who have left, bands of strangers, demo sites, devices."""

from __future__ import annotations

import pytest

from alerts.policies import Policy, PolicyStep, Who
from tests.support.escalation.deeds import (
    fall,
    flat_battery,
    household_presses,
    of_the_site,
    resolves,
    sos,
    stranger_presses,
    takes,
)
from tests.support.escalation.story import Deed, Story
from tests.support.escalation.wants import all_clear, band, between, group, hours, minutes, sms


async def test_a_drill_calls_nobody(story: Story) -> None:
    story.at(0, fall("wang", drill=True))
    story.silence()
    await story.plays(until=hours(1))
    assert (await story.alarm_of("wang")).state == "open"


async def test_a_drill_that_turns_out_to_be_none_calls_everybody_from_then(story: Story) -> None:
    story.at(0, fall("wang", drill=True))
    story.at(100, fall("wang"))
    story.want(160, sms("zhang"))
    story.want(220, sms("daughter"))
    story.silence("zhang", "daughter")
    await story.plays(until=minutes(4))


async def test_news_of_yesterday_calls_nobody(story: Story) -> None:
    story.at(0, fall("wang", ago_s=hours(24) + 1, late=True))
    story.silence()
    await story.plays(until=hours(1))
    assert (await story.alarm_of("wang")).state == "open"


async def test_news_that_is_hours_late_calls_as_if_it_were_fresh(story: Story) -> None:
    story.at(0, fall("wang", ago_s=hours(23), late=True))
    story.want(60, sms("zhang"))
    story.want(120, sms("daughter"))
    await story.plays(until=minutes(2.5))


@pytest.mark.parametrize("left", ["moved", "deceased"])
async def test_who_has_left_has_no_family_any_more_and_staff_still_look(story: Story, left: str) -> None:
    await story.centre.status("wang", left)
    story.at(0, fall("wang"))
    story.want(60, sms("zhang"))
    story.silence("daughter", "son")
    await story.plays(until=hours(1))


async def test_the_box_of_a_couple_tells_the_family_of_both_and_names_both(story: Story) -> None:
    await story.centre.household("couple")
    await story.centre.resident("he", "赵国强", household="couple")
    await story.centre.resident("she", "孙桂英", household="couple")
    await story.centre.contact("he", "son", order=2)
    await story.centre.contact("she", "niece", order=1)
    story.at(0, household_presses("couple", device="band-couple"))
    story.want(60, sms("zhang", "赵国强、孙桂英"))
    story.want(120, sms("niece"))
    story.want(240, sms("son"), sms("neighbour chen"))
    story.at(250, takes("zhang", "couple"))
    story.want(250, band("couple"))
    story.at(260, resolves("zhang", of="couple"))
    story.want(between(260, 263), all_clear("niece"), all_clear("son"), all_clear("neighbour chen"))
    story.silence("daughter", "niece", "son")
    await story.plays(until=hours(1))


async def test_whom_both_of_a_couple_name_is_one_person_and_the_next_contact_is_another(story: Story) -> None:
    await story.centre.household("couple")
    for resident in ("he", "she"):
        await story.centre.resident(resident, "赵国强", household="couple")
        await story.centre.contact(resident, "daughter", order=1)
        await story.centre.contact(resident, "son", order=2)
    story.at(0, household_presses("couple", device="band-couple"))
    story.want(120, sms("daughter"))
    story.want(240, sms("son"))
    story.silence("daughter", "son")
    await story.plays(until=minutes(4.9))


async def test_a_strangers_band_is_answered_by_staff_and_by_those_who_serve_the_whole_site(story: Story) -> None:
    story.at(0, stranger_presses("band-unknown"))
    story.want(60, sms("zhang"))
    story.want(180, sms("wu"))
    story.want(360, sms("grid worker of all"))
    story.want(480, group())
    story.silence("daughter", "son", "neighbour chen", "grid worker liu", "neighbour of another stair", "li's son")
    await story.plays(until=minutes(9))


@pytest.mark.parametrize(
    "matter",
    [flat_battery("wang", severity="high"), of_the_site("system.site_silent", "critical")],
    ids=["device", "site"],
)
async def test_of_devices_and_of_the_system_nobody_outside_hears(story: Story, matter: Deed) -> None:
    story.at(0, matter)
    story.silence("daughter", "son", "neighbour chen", "grid worker liu", "grid worker of all", "chat")
    await story.plays(until=hours(1))


@pytest.mark.parametrize(
    "matter",
    [flat_battery("wang", severity="high"), of_the_site("system.site_silent", "critical")],
    ids=["device", "site"],
)
async def test_not_even_where_a_policy_for_everything_names_them(story: Story, matter: Deed) -> None:
    whom: tuple[Who, ...] = ("family", "neighbours", "grid_workers", "volunteers", "duty")
    steps = tuple(PolicyStep(after_s=10, who=who, how="sms") for who in whom)
    everybody = Policy(id="all", name="all", steps=(*steps, PolicyStep(after_s=10, who="chat", how="chat")))
    await story.centre.policy(everybody)
    story.at(0, matter)
    story.want(10, sms("zhang"))
    story.silence()
    await story.plays(until=hours(1))


async def test_a_demo_site_reaches_no_phone(story: Story) -> None:
    await story.centre.demo()
    story.at(0, fall("wang"))
    story.silence()
    await story.plays(until=hours(1))
    kept = await story.centre.rows("select distinct state, reason from message")
    assert list(kept) == [("not_sent", "demo_site")]


async def test_a_band_says_so_when_its_call_for_help_is_taken_and_is_quiet_of_falls(story: Story) -> None:
    story.at(0, sos("wang"), fall("li"))
    story.at(30, takes("zhang", "wang"), takes("zhang", "li"))
    story.want(30, band("wang", "有人接到了您的求助"))
    story.silence("li")
    await story.plays(until=minutes(1))


async def test_a_band_that_hears_nothing_keeps_nobody_from_taking_its_call(story: Story) -> None:
    await story.centre.revoke("band-wang")
    story.at(0, sos("wang"))
    story.at(30, takes("zhang"))
    story.silence("wang")
    await story.plays(until=minutes(1))
    assert (await story.alarm_of("wang")).state == "acknowledged"
