"""Whoever cannot be reached is passed over, at once and not in silence."""

from __future__ import annotations

from tests.support.escalation.deeds import (
    fall,
    never_arrived,
    number_is_bad,
    number_works,
    provider_is_back,
    provider_is_busy_for,
    provider_is_down,
    resolves,
    sos,
    takes,
    wanders,
)
from tests.support.escalation.story import Story
from tests.support.escalation.wants import between, call, group, hours, line, minutes, sms


async def test_a_bad_number_lets_the_next_contact_be_told_at_once(story: Story) -> None:
    story.at(0, number_is_bad("daughter"), wanders("wang"))
    story.want(120, sms("son"), line("not_delivered", to="daughter", note="twilio_21211"))
    story.silence("son", "daughter")
    await story.plays(until=minutes(30))


async def test_when_the_whole_family_has_bad_numbers_the_next_step_comes_at_once(story: Story) -> None:
    story.at(0, number_is_bad("daughter"), number_is_bad("son"), wanders("wang"))
    story.want(60, sms("zhang"))
    story.want(between(120, 122), sms("wu"))
    story.silence("wu")
    await story.plays(until=minutes(30))


async def test_a_bad_number_of_staff_lets_the_next_step_come_at_once(story: Story) -> None:
    story.at(0, number_is_bad("zhang"), wanders("wang"))
    story.want(60, sms("daughter"))
    story.want(180, sms("wu"))
    story.want(240, sms("son"))
    story.silence("daughter", "wu", "son")
    await story.plays(until=minutes(30))


async def test_what_turns_out_later_never_to_have_arrived_is_told_to_the_next(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.want(120, sms("daughter"))
    story.at(135, never_arrived("daughter"))
    story.want(135, sms("son"), line("not_delivered", to="daughter"))
    story.silence("daughter", "son")
    await story.plays(until=minutes(30))


async def test_what_never_arrived_is_nobodys_matter_once_somebody_has_the_alarm(story: Story) -> None:
    story.at(0, wanders("wang"))
    story.want(120, sms("daughter"))
    story.at(130, takes("zhang"))
    story.at(135, never_arrived("daughter"))
    story.silence("son", "daughter")
    await story.plays(until=minutes(3))


async def test_a_landline_gets_no_text_and_the_timeline_says_so(story: Story) -> None:
    await story.centre.no_contact("wang")
    await story.centre.contact("wang", "landline uncle", order=1)
    await story.centre.contact("wang", "daughter", order=2)
    story.can(landlines=False)
    story.at(0, fall("wang"))
    story.want(120, sms("daughter"), line("step_skipped", to="landline uncle"))
    story.want(300, call("landline uncle"))
    story.silence("daughter", "landline uncle")
    await story.plays(until=minutes(30))


async def test_a_family_of_landlines_is_called_and_the_text_is_skipped_and_said(story: Story) -> None:
    await story.centre.no_contact("wang")
    await story.centre.contact("wang", "landline uncle", order=1)
    story.can(landlines=False)
    story.at(0, fall("wang"))
    story.want(120, line("nobody_to_tell", note="landline"), sms("wu"))
    story.want(between(240, 300), call("landline uncle"))
    story.silence("landline uncle")
    await story.plays(until=minutes(9))


async def test_without_voice_the_call_is_skipped_and_said_and_the_next_step_comes_at_once(story: Story) -> None:
    story.can(voice=False)
    story.at(0, fall("wang"))
    story.want(300, line("nobody_to_tell", note="no_voice"), sms("grid worker liu"))
    story.want(480, group())
    await story.plays(until=minutes(30))


async def test_without_a_chat_group_the_step_is_skipped_and_said(story: Story) -> None:
    story.can(chat=frozenset())
    story.at(0, fall("wang"))
    story.want(480, line("step_skipped", note="chat chat: no_chat_group"))
    story.silence("chat")
    await story.plays(until=minutes(9))


async def test_a_resident_without_family_is_said_to_have_none_and_the_next_step_comes_at_once(story: Story) -> None:
    await story.centre.no_contact("wang")
    story.at(0, fall("wang"))
    story.want(60, sms("zhang"))
    story.want(between(120, 121), line("nobody_to_tell", note="nobody"), sms("wu"))
    await story.plays(until=minutes(9))


async def test_a_busy_provider_is_asked_again_until_it_takes_the_message(story: Story) -> None:
    story.at(0, provider_is_busy_for("daughter"), wanders("wang"))
    story.at(300, number_works("daughter"))
    story.want(between(300, 380), sms("daughter"))
    story.want(240, sms("son"))
    story.silence("daughter", "son")
    await story.plays(until=minutes(10))


async def test_an_alarm_is_not_told_when_it_has_gone_stale_and_the_next_is_told(story: Story) -> None:
    story.at(0, provider_is_busy_for("daughter"), wanders("wang"))
    story.at(1200, number_works("daughter"))
    story.want(240, sms("son"))
    story.want(between(1020, 1021), line("not_delivered", to="daughter", note="expired"))
    story.silence("daughter", "son")
    await story.plays(until=minutes(30))


async def test_a_provider_that_is_down_for_ten_minutes_loses_nobody_and_doubles_nothing(story: Story) -> None:
    story.at(0, fall("wang"))
    story.at(30, provider_is_down())
    story.at(630, provider_is_back())
    story.want(between(630, 705), sms("zhang"), sms("daughter"), sms("wu"), sms("son"), sms("neighbour chen"))
    story.want(
        between(630, 705), call("daughter"), sms("grid worker liu"), sms("grid worker of all"), group(), call("wu")
    )
    story.want(900, call("wu"))
    story.want(1200, call("wu"))
    story.silence()
    await story.plays(until=hours(1))


async def test_what_ended_while_the_provider_was_down_is_told_to_nobody(story: Story) -> None:
    story.at(0, fall("wang"))
    story.at(30, provider_is_down())
    story.at(600, takes("zhang"))
    story.at(610, resolves("zhang"))
    story.at(630, provider_is_back())
    story.silence()
    await story.plays(until=hours(1))


async def test_a_cry_is_heard_soon_after_the_provider_is_back(story: Story) -> None:
    story.at(0, provider_is_down(), sos("wang"))
    story.at(800, provider_is_back())
    story.want(between(800, 813), sms("zhang"), sms("daughter"), call("daughter"))
    await story.plays(until=820)


async def test_a_step_that_cannot_be_carried_out_holds_up_no_other_and_waits(story: Story) -> None:
    story.at(0, sos("wang"), fall("li"))
    story.at(70, takes("zhang"))
    await story.passes(71)
    await story.centre.spoil_plan((await story.alarm_of("wang")).id)
    story.want(180, sms("wu", "李建国"))
    story.want(480, group())
    await story.plays(until=490)
    assert ("pending", 370) in [step[4:] for step in await story.steps_of("wang")]
    await story.centre.spoil_plan((await story.alarm_of("wang")).id, mended=True)
    await story.passes(560)
    assert (await story.alarm_of("wang")).state == "open"


async def test_a_number_that_was_taken_out_while_its_message_waited_is_not_told_but_the_next_is(story: Story) -> None:
    story.at(0, sos("wang"))
    story.at(110, provider_is_down())
    await story.passes(126)
    await story.centre.no_contact("wang")
    await story.centre.contact("wang", "niece", order=1)
    story.at(130, provider_is_back())
    story.want(60, sms("zhang"))
    story.want(between(130, 135), sms("niece"), line("not_delivered", note="no_longer_told"))
    story.silence("daughter")
    await story.plays(until=140)
