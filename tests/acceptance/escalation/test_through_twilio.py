"""The same stories over the HTTP of a provider: what it is asked to say, and what its refusals lead to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts.notifiers.twilio import TwilioNotifier
from simulator.twilio_standin import Refusal, TwilioStandIn
from tests.support.escalation.centre import NAME_OF
from tests.support.escalation.deeds import fall, resolves, takes, wanders
from tests.support.escalation.story import PUBLIC_URL, Story
from tests.support.escalation.wants import line, minutes

BAD_NUMBER = 21211
UNSUBSCRIBED = 21610


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as standin:
        yield standin


@pytest.fixture
def by_twilio(story: Story, twilio: TwilioStandIn) -> Story:
    """A story whose phones are reached through Twilio's API."""
    story.reach_phones_by(
        TwilioNotifier(
            account_sid=twilio.account_sid,
            auth_token=twilio.auth_token,
            sender="+15005550006",
            base_url=twilio.base_url,
            public_url=PUBLIC_URL,
        )
    )
    return story


def told(twilio: TwilioStandIn) -> list[str]:
    return [NAME_OF[message.to] for message in twilio.sent]


async def test_who_is_told_is_told_by_requests_in_their_order(by_twilio: Story, twilio: TwilioStandIn) -> None:
    by_twilio.at(0, wanders("wang"))
    by_twilio.at(200, takes("wu"))
    by_twilio.at(210, resolves("wu", "found"))
    await by_twilio.passes(minutes(5))
    assert told(twilio)[:3] == ["zhang", "daughter", "wu"]
    assert sorted(told(twilio)[3:]) == ["daughter", "zhang"]
    assert "走出了安全区域" in twilio.sent[0].body
    assert f"{PUBLIC_URL}/a/" in twilio.sent[1].body
    assert all("人已找到" in message.body for message in twilio.sent[3:])


async def test_an_alarm_is_valid_as_long_as_it_is_of_use(by_twilio: Story, twilio: TwilioStandIn) -> None:
    by_twilio.at(0, wanders("wang"))
    await by_twilio.passes(61)
    assert twilio.sent[0].validity_period_s == minutes(15)


@pytest.mark.parametrize("code", [BAD_NUMBER, UNSUBSCRIBED])
async def test_a_number_that_is_refused_lets_the_next_contact_be_told_at_once(
    by_twilio: Story, twilio: TwilioStandIn, code: int
) -> None:
    by_twilio.at(0, fall("wang"))
    await by_twilio.passes(119)
    twilio.refuse_next(Refusal(400, code))
    by_twilio.want(120, line("not_delivered", to="daughter", note=f"twilio_{code}"))
    by_twilio.want(120, line("family_told", to="son"))
    await by_twilio.plays(until=121)
    assert told(twilio) == ["zhang", "son"]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_is_refused_for_now_is_said_once_a_little_later(
    by_twilio: Story, twilio: TwilioStandIn, status: int
) -> None:
    by_twilio.at(0, fall("wang"))
    await by_twilio.passes(59)
    twilio.refuse_next(Refusal(status, 20000 + status))
    await by_twilio.passes(80)
    assert told(twilio) == ["zhang"]
