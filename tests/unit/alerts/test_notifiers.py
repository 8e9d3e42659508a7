"""What leaves the house, and what never does."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from alerts.notifiers import twilio
from alerts.notifiers.chat import ChatNotifier
from alerts.notifiers.port import (
    EVERYTHING,
    UNKNOWN_TOKEN,
    CannotTell,
    Capabilities,
    Delivered,
    Found,
    GiveUp,
    NotSent,
    NotThere,
    RetryAfter,
)
from alerts.notifiers.selection import WaysOut
from alerts.notifiers.twilio import TwilioNotifier
from alerts.ports import Message
from devices.clock import SystemClock
from simulator.twilio_standin import LOST, Refusal, SentMessage, TwilioStandIn
from tests.support.alarms import MINUTE, SECOND, T0

TEXT = "【安心】王秀兰09:15按了求助键，请尽快联系本人或服务中心。北苑"
OUTSIDE = "https://anxin.example.org"


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
    assert request._replace(sid="", at_ms=0) == SentMessage(
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


async def test_a_messaging_service_and_where_to_report_are_passed_on(server: TwilioStandIn) -> None:
    await notifier(server, sender="MG1", public_url=OUTSIDE).send(a_message(id=7), TEXT, T0)
    assert server.sent[0].sender == "MG1"
    assert server.sent[0].status_callback == f"{OUTSIDE}/webhooks/twilio/status?message=7"


async def test_an_approved_template_is_named_and_gets_its_variables_but_no_empty_ones(server: TwilioStandIn) -> None:
    approved = notifier(
        server,
        templates={"alarm": "HX1"},
        values_of=lambda message, text: {"name": message.params["name"], "site": ""},
    )
    await approved.send(a_message(params={"name": "王秀兰"}), TEXT, T0)
    await approved.send(a_message(template="all_clear"), TEXT, T0)
    first, second = server.sent
    assert (first.content_sid, json.loads(first.content_variables or ""), first.body) == ("HX1", {"name": "王秀兰"}, "")
    assert (second.content_sid, second.body) == (None, TEXT)


async def test_a_call_says_the_text_twice_and_asks_for_a_key(server: TwilioStandIn) -> None:
    caller = notifier(server, public_url=OUTSIDE)
    sent = await caller.send(a_message(id=7, channel="voice"), "按1我去看她", T0)
    (call,) = server.calls
    assert sent == Delivered(call.sid)
    heard = server.heard(call.sid)
    assert heard.texts == ("按1我去看她",) * 2
    assert heard.languages == ("cmn-CN",) * 2
    assert heard.action == f"{OUTSIDE}/webhooks/twilio/voice/7"
    assert call.status_callback == f"{OUTSIDE}/webhooks/twilio/voice/7/status"
    assert (call.to, call.sender, call.ring_s) == ("+8613800000001", "+15005550006", twilio.RING_S)


async def test_a_call_without_an_address_from_outside_only_speaks(server: TwilioStandIn) -> None:
    await notifier(server).send(a_message(channel="voice", language="en"), "Anxin <b> & co", T0)
    heard = server.heard(server.calls[0].sid)
    assert (heard.texts, heard.languages) == (("Anxin <b> & co",) * 2, ("en-GB",) * 2)
    assert (heard.action, server.calls[0].status_callback) == (None, None)


async def test_a_base_url_may_have_a_path() -> None:
    with TwilioStandIn(path="/twilio") as behind_a_proxy:
        await notifier(behind_a_proxy, base_url=f"{behind_a_proxy.base_url}/").send(a_message(), TEXT, T0)
        assert len(behind_a_proxy.sent) == 1


@pytest.mark.parametrize(("status", "code"), [(400, 21211), (400, 21610), (400, 21614), (404, 20404), (403, 21408)])
async def test_what_twilio_refuses_is_given_up(server: TwilioStandIn, status: int, code: int) -> None:
    server.refuse_next(Refusal(status, code))
    assert await notifier(server).send(a_message(), TEXT, T0) == GiveUp(f"twilio_{code}")


async def test_a_wrong_token_is_tried_again_and_is_no_doubt(server: TwilioStandIn) -> None:
    refused = await notifier(server, auth_token="wrong").send(a_message(), TEXT, T0)
    assert refused == RetryAfter("twilio_20003", crowded=True)


@pytest.mark.parametrize(("header", "seconds"), [(7, 7.0), (None, None), (10**400, None)])
async def test_whoever_wants_fewer_requests_says_when(
    server: TwilioStandIn, header: int | None, seconds: float | None
) -> None:
    server.refuse_next(Refusal(429, 20429, retry_after_s=header))
    assert await notifier(server).send(a_message(), TEXT, T0) == RetryAfter("twilio_429", seconds, crowded=True)


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_after_a_fault_of_the_server_it_is_in_doubt(server: TwilioStandIn, status: int) -> None:
    server.refuse_next(Refusal(status, status))
    assert await notifier(server).send(a_message(), TEXT, T0) == RetryAfter(
        f"twilio_{status}", in_doubt=True, crowded=True
    )


@pytest.mark.parametrize("sid", [None, 7, {"a": 1}, "SM\x00", "S" * 1000])
async def test_a_name_that_nobody_could_write_down_is_none(sid: object) -> None:
    class Misnaming(TwilioStandIn):
        def answer(self, *asked: Any) -> Any:
            status, body, refusal = super().answer(*asked)
            return status, {**body, "sid": sid}, refusal

    with Misnaming() as server:
        assert await notifier(server).send(a_message(), TEXT, T0) == Delivered(None)


async def test_a_server_that_is_away_is_tried_again_and_has_nothing() -> None:
    with TwilioStandIn() as gone:
        away = notifier(gone)
    assert await away.send(a_message(), TEXT, T0) == RetryAfter("twilio_unreachable", crowded=True)
    assert isinstance(await away.find(a_message(), TEXT), CannotTell)


async def test_a_server_that_does_not_answer_may_have_it(
    server: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio, "TIMEOUT_S", 0.05)
    server.refuse_next(Refusal(503, 503, after_s=0.5))
    assert await notifier(server).send(a_message(), TEXT, T0) == RetryAfter(
        "twilio_timeout", in_doubt=True, crowded=True
    )


async def test_a_lost_answer_is_in_doubt_and_the_message_is_found(server: TwilioStandIn) -> None:
    sender = notifier(server)
    message = a_message(created_at=SystemClock().now_ms(), code=37)
    server.refuse_next(Refusal(LOST, accepted=True))
    assert await sender.send(message, "请回1 37 https://a/b", T0) == RetryAfter(
        "twilio_unreachable", in_doubt=True, crowded=True
    )
    assert await sender.find(message, "请回1 37") == Found((server.sent[0].sid,))


async def test_only_a_message_to_this_number_that_can_be_this_one_is_found(server: TwilioStandIn) -> None:
    sender = notifier(server)
    message = a_message(created_at=SystemClock().now_ms())
    assert await sender.find(message, TEXT) == NotThere()
    await sender.send(a_message(recipient="13900000009"), TEXT, T0)
    await sender.send(a_message(), "【安心】李建国09:15可能摔倒了", T0)
    assert await sender.find(message, TEXT) == NotThere()
    await sender.send(message, f"Sent from a trial account - {TEXT} https://a/b_c-d_e-f_g", T0)
    assert await sender.find(message, f"{TEXT} https://a/{UNKNOWN_TOKEN}") == Found((server.sent[2].sid,))
    old = a_message(created_at=SystemClock().now_ms() + 10 * MINUTE)
    assert await sender.find(old, TEXT) == NotThere()
    assert await sender.find(a_message(created_at=message.created_at, channel="voice"), TEXT) == NotThere()


@pytest.mark.parametrize("other", ["王秀英09:15按了求助键", "王秀兰09:16按了求助键", "王秀兰09:15可能摔倒了"])
async def test_a_message_about_another_alarm_is_not_taken_for_this_one(server: TwilioStandIn, other: str) -> None:
    sender, link = notifier(server), f"https://a/{UNKNOWN_TOKEN}"
    message = a_message(created_at=SystemClock().now_ms(), code=15)
    await sender.send(message, f"【安心】{other}。回15-1。https://a/b_c-d_e-f_g", T0)
    assert await sender.find(message, f"【安心】王秀兰09:15按了求助键。回15-1。{link}") == NotThere()


async def test_a_call_is_found_among_the_calls(server: TwilioStandIn) -> None:
    sender = notifier(server)
    message = a_message(created_at=SystemClock().now_ms(), channel="voice")
    await sender.send(message, TEXT, T0)
    assert await sender.find(message, TEXT) == Found((server.calls[0].sid,))


async def test_neither_name_nor_number_is_logged(server: TwilioStandIn, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        await notifier(server).send(a_message(), TEXT, T0)
    assert not [record for record in caplog.records if record.name.startswith("twilio")]


async def test_twilio_says_what_it_can_do(server: TwilioStandIn) -> None:
    plain = notifier(server).capabilities
    assert (plain.sms, plain.voice, plain.replies, plain.links, plain.landlines) == (True, True, False, False, False)
    known = notifier(server, public_url=OUTSIDE).capabilities
    assert (known.replies, known.links) == (True, True)
    assert known.can_answer("+12025550123")
    assert not known.can_answer("13800000001"), "answers from mainland China do not come back"
    named = notifier(server, sender="Anxin", public_url=OUTSIDE, daily_cap=10).capabilities
    assert (named.voice, named.replies, named.daily_cap) == (False, False, 10)
    assert notifier(server, sender="MG1", voice_from="+15005550006").capabilities.voice


@pytest.mark.parametrize(
    ("channel", "address", "why"),
    [
        ("sms", "13800000001", None),
        ("sms", "+862155550101", "landline"),
        ("sms", "400-123-4567", "landline"),
        ("voice", "02155550101", None),
        ("sms", " ", "no_address"),
        ("chat", "chat:north", None),
        ("chat", "chat:south", "no_chat_group"),
    ],
)
def test_what_cannot_reach_somebody_says_why(channel: Any, address: str, why: str | None) -> None:
    can = Capabilities(sms=True, voice=True, chat=frozenset({"north"}))
    assert can.why_not(channel, address) == why


def test_a_channel_or_a_template_that_is_not_there_says_so() -> None:
    assert Capabilities().why_not("sms", "13800000001") == "no_sms"
    assert Capabilities().why_not("voice", "13800000001") == "no_voice"
    approved = Capabilities(sms=True, templates=frozenset({"alarm"}))
    assert approved.why_not("sms", "13800000001", "alarm") is None
    assert approved.why_not("sms", "13800000001", "bundle") == "no_template"


async def test_a_demo_site_never_reaches_twilio_while_another_does(server: TwilioStandIn) -> None:
    ways = WaysOut(phone=notifier(server))
    demo, real = a_message(site="demo", demo=True), a_message(recipient="+8613900000009")
    outcomes = [await ways.notifier_for(message).send(message, TEXT, T0 + SECOND) for message in (demo, real)]
    assert outcomes[0] == NotSent("demo_site")
    assert isinstance(outcomes[1], Delivered)
    assert [request.to for request in server.sent] == ["+8613900000009"]


async def test_without_an_account_messages_stay_in_the_house() -> None:
    ways = WaysOut()
    assert await ways.notifier_for(a_message()).send(a_message(), TEXT, T0) == NotSent("no_account")
    assert await ways.notifier_for(a_message()).find(a_message(), TEXT) == NotThere()
    assert ways.capabilities == EVERYTHING


def test_each_channel_has_its_way_out_and_what_they_can_do_is_put_together(server: TwilioStandIn) -> None:
    phone, chat = notifier(server, public_url=OUTSIDE), ChatNotifier({"north": "json://localhost"})
    both = WaysOut(phone=phone, chat=chat, public_url=OUTSIDE)
    ways = [both.notifier_for(a_message(channel=channel)) for channel in ("sms", "voice", "chat")]
    assert ways == [phone, phone, chat]
    assert (both.capabilities.voice, both.capabilities.chat, both.capabilities.links) == (
        True,
        frozenset({"north"}),
        True,
    )
    assert WaysOut(phone=phone).capabilities.why_not("chat", "chat:north") == "no_chat_group"
    only_chat = WaysOut(chat=chat)
    assert only_chat.capabilities.why_not("sms", "13800000001") is None, "the console shows what would be said"
    assert only_chat.notifier_for(a_message()).name == "local"


def test_a_text_asks_for_an_answer_only_where_one_comes_back(server: TwilioStandIn) -> None:
    ways = WaysOut(phone=notifier(server, public_url=OUTSIDE), public_url=OUTSIDE)
    params = {"name": "王秀兰", "time": "09:15", "kind": "sos", "todo": "go", "site": "北苑"}
    message = a_message(template="alarm_responder", params=params, code=37, recipient="+12025550123")
    can = ways.notifier_for(message).capabilities
    assert "37" in ways.text_of(message, None, can)
    assert "37" not in ways.text_of(msgspec.structs.replace(message, recipient="13800000001"), None, can)
    assert f"{OUTSIDE}/a/token" in ways.text_of(message, "token", can)


@pytest.mark.parametrize(("public_url", "asked"), [(OUTSIDE, True), (None, False)])
def test_a_call_names_keys_only_where_somebody_hears_of_them(
    server: TwilioStandIn, public_url: str | None, asked: bool
) -> None:
    ways = WaysOut(phone=notifier(server, public_url=public_url), public_url=public_url)
    params = {"name": "王秀兰", "time": "09:15", "kind": "sos", "todo": "call_them", "site": "北苑"}
    message = a_message(channel="voice", params=params, code=37)
    text = ways.text_of(message, None, ways.notifier_for(message).capabilities)
    assert ("请按1" in text) is asked
