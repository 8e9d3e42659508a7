from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from simulator.twilio_standin import API, INVALID_TO, WRONG_CREDENTIALS, Refusal, TwilioStandIn


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn() as standin:
        yield standin


def _send(twilio: TwilioStandIn, *, to: str = "+447700900001", token: str | None = None) -> httpx.Response:
    return httpx.post(
        f"{twilio.base_url}{API}/{twilio.account_sid}/Messages.json",
        data={"To": to, "From": "+15005550006", "Body": "安心", "ValidityPeriod": "900"},
        auth=(twilio.account_sid, token or twilio.auth_token),
    )


def test_a_message_is_accepted_and_kept(twilio: TwilioStandIn) -> None:
    answer = _send(twilio)
    assert answer.status_code == 201
    assert twilio.wait_for(1, within_s=5)
    sent = twilio.sent[0]
    assert (sent.sid, sent.to, sent.body, sent.validity_period_s) == (
        answer.json()["sid"],
        "+447700900001",
        "安心",
        900,
    )


def test_wrong_credentials_and_bad_numbers_are_refused_with_twilios_codes(twilio: TwilioStandIn) -> None:
    assert (_send(twilio, token="wrong").status_code, _send(twilio, to="12").status_code) == (401, 400)
    assert _send(twilio, token="wrong").json()["code"] == WRONG_CREDENTIALS
    assert _send(twilio, to="12").json()["code"] == INVALID_TO
    assert twilio.sent == []
    assert twilio.requests == 4


def test_it_refuses_as_often_as_it_was_told(twilio: TwilioStandIn) -> None:
    twilio.refuse_next(Refusal(429, 20429), Refusal(503, 20503))
    assert [_send(twilio).status_code for _ in range(3)] == [429, 503, 201]
