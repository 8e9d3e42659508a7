"""What Twilio's published API does for us: over the stand-in, and over any host that ``ANXIN_TWILIO__BASE_URL`` names.

Such a host must know the account of ``ANXIN_TWILIO__ACCOUNT_SID``, ``__AUTH_TOKEN`` and ``__FROM``, take messages and
calls to +15005550006 and refuse +15005550001, as Twilio's own test accounts do.
Source: https://www.twilio.com/docs/iam/test-credentials
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from alerts.notifiers.port import Delivered, Found, GiveUp, NotThere, RetryAfter
from alerts.notifiers.twilio import TwilioNotifier
from alerts.ports import Message
from devices.clock import MINUTE_MS, SystemClock
from simulator.twilio_standin import INVALID_TO, TwilioStandIn

GOOD, BAD = "+15005550006", "+15005550001"


class Account(NamedTuple):
    account_sid: str
    auth_token: str
    sender: str
    base_url: str


def _hosts() -> list[str]:
    return ["stand-in", *(["named host"] if os.environ.get("ANXIN_TWILIO__BASE_URL") else [])]


@pytest.fixture(params=_hosts())
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    if request.param == "named host":
        yield Account(
            *(os.environ[f"ANXIN_TWILIO__{name}"] for name in ("ACCOUNT_SID", "AUTH_TOKEN", "FROM", "BASE_URL"))
        )
        return
    with TwilioStandIn() as standin:
        standin.refused_numbers[BAD] = INVALID_TO
        yield Account(standin.account_sid, standin.auth_token, "+15005550006", standin.base_url)


def notifier(account: Account, **more: Any) -> TwilioNotifier:
    return TwilioNotifier(**{**account._asdict(), **more})


def a_message(**fields: Any) -> Message:
    now = SystemClock().now_ms()
    message = Message(
        id=1,
        attempts=1,
        created_at=now,
        demo=False,
        alarm=None,
        site="north",
        resident="r1",
        recipient=GOOD,
        template="alarm",
        params={},
        language="zh",
        expires_at=now + MINUTE_MS,
        code=37,
    )
    return msgspec.structs.replace(message, **fields)


def text() -> str:
    """Another one each time, so that a host may keep what it was sent."""
    return f"【安心】王秀兰09:15按了求助键。编号37，{SystemClock().now_ms()}"


async def test_a_message_is_taken_and_found_again(account: Account) -> None:
    said, message = text(), a_message()
    assert await notifier(account).find(message, said) == NotThere()
    sent = await notifier(account).send(message, said, message.created_at)
    assert isinstance(sent, Delivered)
    assert sent.provider_id is not None
    assert await notifier(account).find(message, said) == Found((sent.provider_id,))


async def test_a_call_is_taken_and_found_again(account: Account) -> None:
    message = a_message(channel="voice")
    sent = await notifier(account).send(message, text(), message.created_at)
    assert isinstance(sent, Delivered)
    found = await notifier(account).find(message, text())
    assert isinstance(found, Found)
    assert sent.provider_id in found.provider_ids


async def test_a_bad_number_is_given_up(account: Account) -> None:
    refused = await notifier(account).send(a_message(recipient=BAD), text(), SystemClock().now_ms())
    assert refused == GiveUp(f"twilio_{INVALID_TO}")


async def test_a_wrong_token_may_be_put_right(account: Account) -> None:
    refused = await notifier(account, auth_token="wrong").send(a_message(), text(), SystemClock().now_ms())
    assert isinstance(refused, RetryAfter)
