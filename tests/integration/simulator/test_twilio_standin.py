"""The stand-in speaks Twilio's API and signs what it posts as Twilio's own SDK checks it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from twilio.request_validator import RequestValidator

from simulator.twilio_standin import API, INVALID_TO, LOST, WRONG_CREDENTIALS, Refusal, TwilioStandIn

OUTSIDE = "https://anxin.example.org"
TWIML = (
    '<Response><Gather action="https://anxin.example.org/webhooks/twilio/voice/7" numDigits="1">'
    '<Say language="cmn-CN">请按1</Say></Gather></Response>'
)


class Application:
    """What answers webhooks: keeps what it gets, and says what it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, str]]] = []
        self.says = "<Response><Message>收到</Message></Response>"
        application = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                size = int(self.headers["Content-Length"])
                form = {k: v[0] for k, v in parse_qs(self.rfile.read(size).decode()).items()}
                url = f"{self.headers['X-Forwarded-Proto']}://{self.headers['Host']}{self.path}"
                application.got.append((url, self.headers["X-Twilio-Signature"], form))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(application.says.encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def application() -> Iterator[Application]:
    running = Application()
    thread = threading.Thread(target=running.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()


@pytest.fixture
def twilio(application: Application) -> Iterator[TwilioStandIn]:
    inbound = f"{OUTSIDE}/webhooks/twilio/inbound"
    with TwilioStandIn(inbound_url=inbound, forwarded_to=application.address) as standin:
        yield standin


def _send(
    twilio: TwilioStandIn, *, to: str = "+447700900001", token: str | None = None, kind: str = "Messages", **more: Any
) -> httpx.Response:
    return httpx.post(
        f"{twilio.base_url}{API}/{twilio.account_sid}/{kind}.json",
        data={"To": to, "From": "+15005550006", "Body": "安心", "ValidityPeriod": "900", **more},
        auth=(twilio.account_sid, token or twilio.auth_token),
    )


def _list(twilio: TwilioStandIn, kind: str = "Messages", **query: str) -> Any:
    url = f"{twilio.base_url}{API}/{twilio.account_sid}/{kind}.json"
    return httpx.get(url, params=query, auth=(twilio.account_sid, twilio.auth_token)).json()


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


def test_what_was_sent_to_a_number_is_listed_newest_first(twilio: TwilioStandIn) -> None:
    sids = [_send(twilio, to=to).json()["sid"] for to in ("+447700900001", "+447700900002", "+447700900001")]
    listed = _list(twilio, To="+447700900001")["messages"]
    assert [message["sid"] for message in listed] == [sids[2], sids[0]]
    assert parsedate_to_datetime(listed[0]["date_created"]).tzinfo is not None
    assert twilio.lookups == 1


def test_wrong_credentials_and_bad_numbers_are_refused_with_twilios_codes(twilio: TwilioStandIn) -> None:
    assert (_send(twilio, token="wrong").status_code, _send(twilio, to="12").status_code) == (401, 400)
    assert _send(twilio, token="wrong").json()["code"] == WRONG_CREDENTIALS
    assert _send(twilio, to="12").json()["code"] == INVALID_TO
    twilio.refused_numbers["+447700900009"] = 21610
    assert _send(twilio, to="+447700900009").json()["code"] == 21610
    assert twilio.sent == []
    assert twilio.requests == 5


def test_it_refuses_as_often_as_it_was_told(twilio: TwilioStandIn) -> None:
    twilio.refuse_next(Refusal(429, 20429, retry_after_s=3), Refusal(503, 20503))
    first, *others = [_send(twilio) for _ in range(3)]
    assert (first.status_code, first.headers["Retry-After"]) == (429, "3")
    assert [answer.status_code for answer in others] == [503, 201]


def test_an_answer_can_be_lost_though_the_message_left(twilio: TwilioStandIn) -> None:
    twilio.refuse_next(Refusal(LOST, accepted=True))
    with pytest.raises(httpx.RemoteProtocolError):
        _send(twilio)
    assert len(twilio.sent) == 1


def test_half_a_request_of_a_sender_that_died_sends_nothing(twilio: TwilioStandIn) -> None:
    url = httpx.URL(twilio.base_url)
    whole = httpx.BasicAuth(twilio.account_sid, twilio.auth_token)
    form = {"To": "+447700900001", "From": "+15005550006", "Body": "one two"}
    path = f"{API}/{twilio.account_sid}/Messages.json"
    request = next(whole.auth_flow(httpx.Request("POST", url.join(path), data=form)))
    headers = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.create_connection((url.host, url.port or 80)) as sender:
        sender.sendall(f"POST {path} HTTP/1.1\r\n{headers}\r\n".encode() + request.content[:-3])
        sender.shutdown(socket.SHUT_WR)
        assert sender.recv(1) == b""
    assert twilio.sent == []
    assert _send(twilio).status_code == 201


def test_reports_are_signed_as_twilios_own_sdk_checks_it(twilio: TwilioStandIn, application: Application) -> None:
    sid = _send(twilio, StatusCallback=f"{OUTSIDE}/webhooks/twilio/status?message=7").json()["sid"]
    assert twilio.report(sid, "undelivered", code=30003).status == 200
    ((url, signature, form),) = application.got
    assert url == f"{OUTSIDE}/webhooks/twilio/status?message=7"
    assert RequestValidator(twilio.auth_token).validate(url, form, signature)
    assert (form["MessageSid"], form["MessageStatus"], form["ErrorCode"]) == (sid, "undelivered", "30003")
    twilio.report(sid, "delivered", token="forged")
    url, signature, form = application.got[1]
    assert not RequestValidator(twilio.auth_token).validate(url, form, signature)


def test_a_reply_is_posted_and_its_answer_goes_back_to_the_phone(
    twilio: TwilioStandIn, application: Application
) -> None:
    assert twilio.reply("+447700900001", "1 37", to="+15005550006").texts == ("收到",)
    url, signature, form = application.got[0]
    assert RequestValidator(twilio.auth_token).validate(url, form, signature)
    assert (form["From"], form["Body"]) == ("+447700900001", "1 37")
    assert [(sent.to, sent.body, sent.direction) for sent in twilio.sent] == [
        ("+447700900001", "收到", "outbound-reply")
    ]


def test_a_call_is_heard_and_its_keys_are_posted(twilio: TwilioStandIn, application: Application) -> None:
    sid = _send(twilio, kind="Calls", Twiml=TWIML).json()["sid"]
    heard = twilio.heard(sid)
    assert (heard.texts, heard.languages) == (("请按1",), ("cmn-CN",))
    application.says = '<Response><Say language="cmn-CN">谢谢</Say></Response>'
    assert twilio.press(sid, "1").texts == ("谢谢",)
    url, _, form = application.got[0]
    assert url == f"{OUTSIDE}/webhooks/twilio/voice/7"
    assert (form["CallSid"], form["Digits"]) == (sid, "1")
    assert [call["sid"] for call in _list(twilio, "Calls")["calls"]] == [sid]


def test_a_content_template_is_kept_with_its_variables(twilio: TwilioStandIn) -> None:
    _send(twilio, ContentSid="HX1", ContentVariables=json.dumps({"name": "王秀兰"}))
    assert (twilio.sent[0].content_sid, twilio.sent[0].content_variables) == (
        "HX1",
        '{"name": "\\u738b\\u79c0\\u5170"}',
    )
