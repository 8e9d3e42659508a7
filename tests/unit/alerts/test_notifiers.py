"""What leaves the house, and what never does."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from alerts.notifiers import twilio
from alerts.notifiers.port import Delivered, GiveUp, NotSent, RetryAfter
from alerts.notifiers.selection import notifier_for
from alerts.notifiers.twilio import TwilioNotifier
from alerts.ports import Message
from simulator.twilio_standin import Refusal, SentMessage, TwilioStandIn
from tests.support.alarms import MINUTE, SECOND, T0

TEXT = "【安心】王秀兰09:15按了求助键，请尽快联系本人或服务中心。北苑"


@pytest.fixture
def server() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as running:
        yield running


def notifier(server: TwilioStandIn, **options: Any) -> TwilioNotifier:
    values = {
        "account_sid": server.account_sid,
        "auth_token": server.auth_token,
        "sender": "+15005550006",
        "base_url": server.base_url,
    }
    return TwilioNotifier(**{**values, **options})


def a_message(**fields: Any) -> Message:
    message = Message(
        id=1,
        attempts=1,
        created_at=T0,
        demo=False,
        alarm=None,
        site="north",
        resident="r1",
        contact="c1",
        recipient="+8613800000001",
        template="alarm",
        params={},
        language="zh",
        expires_at=T0 + 15 * MINUTE,
    )
    return msgspec.structs.replace(message, **fields)


async def test_a_text_is_handed_to_twilio_with_a_short_validity(server: TwilioStandIn) -> None:
    sent = await notifier(server).send(a_message(), TEXT, T0 + 5 * MINUTE)
    (request,) = server.sent
    assert sent == Delivered(request.sid)
    assert request._replace(sid="") == SentMessage(
        sid="", to="+8613800000001", sender="+15005550006", body=TEXT, validity_period_s=600, status_callback=None
    )


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("+12025550123", "+12025550123"),
        ("0012025550123", "+12025550123"),
        ("13800000001", "+8613800000001"),
        ("02155550101", "+862155550101"),
    ],
)
async def test_a_number_typed_as_at_home_reaches_twilio_with_its_country(
    server: TwilioStandIn, typed: str, called: str
) -> None:
    await notifier(server).send(a_message(recipient=typed), TEXT, T0)
    assert server.sent[0].to == called


@pytest.mark.parametrize(("expires_at", "validity"), [(None, 900), (T0 + 500, 1), (T0 + 48 * 60 * MINUTE, 36_000)])
async def test_the_validity_stays_within_twilios_bounds(
    server: TwilioStandIn, expires_at: int | None, validity: int
) -> None:
    await notifier(server).send(a_message(expires_at=expires_at), TEXT, T0)
    assert server.sent[0].validity_period_s == validity


async def test_a_messaging_service_and_a_status_callback_are_passed_on(server: TwilioStandIn) -> None:
    await notifier(server, sender="MG1", status_callback="https://example.org/webhooks/twilio/status").send(
        a_message(), TEXT, T0
    )
    assert server.sent[0].sender == "MG1"
    assert server.sent[0].status_callback == "https://example.org/webhooks/twilio/status"


async def test_a_base_url_may_have_a_path() -> None:
    with TwilioStandIn(path="/twilio") as behind_a_proxy:
        await notifier(behind_a_proxy, base_url=f"{behind_a_proxy.base_url}/").send(a_message(), TEXT, T0)
        assert len(behind_a_proxy.sent) == 1


@pytest.mark.parametrize(("status", "reason"), [(400, "twilio_21211"), (404, "twilio_404")])
async def test_what_twilio_refuses_is_given_up(server: TwilioStandIn, status: int, reason: str) -> None:
    server.refuse_next(Refusal(status, int(reason.removeprefix("twilio_"))))
    assert await notifier(server).send(a_message(), TEXT, T0) == GiveUp(reason)


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_what_may_work_later_is_tried_again(server: TwilioStandIn, status: int) -> None:
    server.refuse_next(Refusal(status, status))
    assert await notifier(server).send(a_message(), TEXT, T0) == RetryAfter(f"twilio_{status}")


async def test_a_server_that_is_away_is_tried_again() -> None:
    with TwilioStandIn() as gone:
        away = notifier(gone)
    assert await away.send(a_message(), TEXT, T0) == RetryAfter("twilio_unreachable")


async def test_a_server_that_does_not_answer_is_tried_again(
    server: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio, "TIMEOUT_S", 0.05)
    server.refuse_next(Refusal(503, 503, after_s=0.5))
    assert await notifier(server).send(a_message(), TEXT, T0) == RetryAfter("twilio_timeout")


async def test_neither_name_nor_number_is_logged(server: TwilioStandIn, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await notifier(server).send(a_message(), TEXT, T0)
    assert not [record for record in caplog.records if record.name.startswith("twilio")]


async def test_a_demo_site_never_reaches_twilio_while_another_does(server: TwilioStandIn) -> None:
    provider = notifier(server)
    demo, real = a_message(site="demo", demo=True), a_message(recipient="+8613900000009")
    outcomes = [await notifier_for(message, provider).send(message, TEXT, T0 + SECOND) for message in (demo, real)]
    assert outcomes[0] == NotSent("demo_site")
    assert isinstance(outcomes[1], Delivered)
    assert [request.to for request in server.sent] == ["+8613900000009"]


async def test_without_an_account_messages_stay_in_the_house() -> None:
    assert await notifier_for(a_message(), None).send(a_message(), TEXT, T0) == NotSent("no_account")
