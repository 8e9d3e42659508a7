"""What a carrier says became of a message: once on the timeline, never backwards, and bad news at once to the next."""

from __future__ import annotations

import pytest

from alerts.inbox import CarrierReport, hear
from tests.support.escalation.answering import Answering
from tests.support.escalation.deeds import sos, takes
from tests.support.escalation.story import Story
from tests.support.escalation.wants import line, minutes, sms


@pytest.fixture
def phones(story: Story) -> Answering:
    return Answering(story)


async def state_of_the_first(story: Story, who: str) -> tuple[str, str | None]:
    message = story.heard_by(who)[0].message
    assert message is not None
    rows = await story.centre.rows("select state, reason from message where id = %s", message.id)
    return rows[0][0], rows[0][1]


async def events(story: Story) -> list[str]:
    return [entry.event for entry in (await story.alarm_of("wang")).timeline]


async def test_a_delivery_to_family_stands_on_the_timeline_once(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(65, phones.carrier_says("zhang", "delivered"))
    story.at(125, *(phones.carrier_says("daughter", "delivered") for _ in range(3)))
    story.want(120, sms("daughter"))
    story.want(125, line("delivered", to="daughter"))
    await story.plays(until=130)
    assert (await events(story)).count("delivered") == 1
    for who in ("zhang", "daughter"):
        assert await state_of_the_first(story, who) == ("delivered", None)


async def test_a_message_that_never_arrives_brings_the_next_contact_at_once(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(130, *(phones.carrier_says("daughter", "failed", reason="twilio_30003") for _ in range(2)))
    story.want(120, sms("daughter"))
    story.want(130, sms("son"), line("not_delivered", note="twilio_30003", to="daughter"))
    await story.plays(until=minutes(3))
    assert (await events(story)).count("not_delivered") == 1


async def test_nobody_else_is_told_of_an_alarm_that_somebody_has(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    story.at(125, takes("zhang"))
    story.at(130, phones.carrier_says("daughter", "failed", reason="twilio_30003"))
    story.want(130, line("not_delivered", to="daughter"))
    story.silence("son")
    await story.plays(until=minutes(5))


async def test_reports_in_the_wrong_order_never_lead_back(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    await story.passes(65)
    await phones.carrier_says("zhang", "sent")(story)
    assert await state_of_the_first(story, "zhang") == ("sent", None)
    for _ in range(2):
        await phones.carrier_says("zhang", "delivered")(story)
        await phones.carrier_says("zhang", "sent")(story)
        await phones.carrier_says("zhang", "failed", reason="twilio_30003")(story)
        assert await state_of_the_first(story, "zhang") == ("delivered", None)
    assert "not_delivered" not in await events(story)


async def test_what_arrived_after_all_has_arrived(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    await story.passes(65)
    await phones.carrier_says("zhang", "failed", reason="twilio_30003")(story)
    await phones.carrier_says("zhang", "delivered")(story)
    assert await state_of_the_first(story, "zhang") == ("delivered", None)


@pytest.mark.parametrize("state", ["sending", "queued"])
async def test_a_report_for_what_nobody_wrote_down_keeps_it_from_being_sent_again(
    story: Story, phones: Answering, state: str
) -> None:
    story.at(0, sos("wang"))
    await story.passes(65)
    message = story.heard_by("zhang")[0].message
    assert message is not None
    await story.centre.rows(
        "update message set state = %s, provider_id = null, provider = null, finished_at = null, not_before = 0"
        " where id = %s returning 1",
        state,
        message.id,
    )
    report = CarrierReport(provider_id="SMlate", state="sent", message=message.id)
    assert await hear(phones.store, report, story.now()) is False
    await story.passes(100)
    assert len(story.heard_by("zhang")) == 1
    rows = await story.centre.rows("select state, provider_id from message where id = %s", message.id)
    assert tuple(rows[0]) == ("sent", "SMlate")


async def test_a_report_about_another_sending_does_not_touch_the_message(story: Story, phones: Answering) -> None:
    story.at(0, sos("wang"))
    await story.passes(65)
    message = story.heard_by("zhang")[0].message
    assert message is not None
    other = CarrierReport(provider_id="SMother", state="failed", message=message.id, reason="twilio_30003")
    assert await hear(phones.store, other, story.now()) is False
    assert await hear(phones.store, CarrierReport(provider_id="SMnobody", state="delivered"), story.now()) is False
    assert await state_of_the_first(story, "zhang") == ("sent", None)
