"""A server that speaks as much of Twilio's API as a sender of SMS and calls needs, and plays the phones behind it."""

from __future__ import annotations

import base64
import json
import secrets
import sys
import threading
from collections import deque
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from devices.clock import SystemClock
from simulator.twilio.resources import API, PlacedCall, SentMessage, call_from, error, message_from, page
from simulator.twilio.webhooks import Answer, Question, post, question_of

__all__ = ["API", "INVALID_TO", "LOST", "WRONG_CREDENTIALS", "PlacedCall", "Refusal", "SentMessage", "TwilioStandIn"]

WRONG_CREDENTIALS: Final = 20003
INVALID_TO: Final = 21211
NOT_FOUND: Final = 20404
"""Source: https://www.twilio.com/docs/api/errors"""
LOST: Final = 0
"""As the status of a ``Refusal``: the connection ends without an answer."""


class Refusal(NamedTuple):
    """How to answer instead: HTTP status, Twilio's error code, seconds to wait before.

    ``accepted``: the message or call is carried out all the same, only nobody hears of it. ``retry_after_s``: the
    header of that name.
    """

    status: int
    code: int = 0
    after_s: float = 0.0
    accepted: bool = False
    retry_after_s: int | None = None


class TwilioStandIn:
    """Use it as ``with TwilioStandIn() as twilio``; ``base_url`` is what a client is given for Twilio's own.

    Args:
        account_sid: The account's name.
        auth_token: Its secret, which also signs what is posted to webhooks.
        path: Stands before Twilio's own paths, as behind a proxy.
        inbound_url: The webhook for replies, as the world sees it.
        forwarded_to: ``http://host:port`` of the application, if the world sees it elsewhere.
        port: Where it listens; 0 chooses a free one.
    """

    def __init__(
        self,
        *,
        account_sid: str = "AC" + "0" * 32,
        auth_token: str = "stand-in",  # noqa: S107
        path: str = "",
        inbound_url: str | None = None,
        forwarded_to: str | None = None,
        port: int = 0,
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.inbound_url = inbound_url
        self.forwarded_to = forwarded_to
        self.sent: list[SentMessage] = []
        self.calls: list[PlacedCall] = []
        self.requests = 0
        """Every request that arrived, good or bad."""
        self.lookups = 0
        """Those that asked what had been sent."""
        self.slow_s = 0.0
        """So long every answer takes."""
        self.refused_numbers: dict[str, int] = {}
        """Numbers that are refused, and with which code."""
        self.refuse_all: Refusal | None = None
        """How everything is answered while it is set."""
        self._path = path
        self._refusals: deque[Refusal] = deque()
        self._leaving = threading.Event()
        self._arrived = threading.Condition()
        self._clock = SystemClock()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="twilio stand-in", daemon=True
        )

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}{self._path}"

    def refuse_next(self, *refusals: Refusal) -> None:
        """Answer the next requests that would send something in this way, one each."""
        self._refusals.extend(refusals)

    def wait_for(self, count: int, *, within_s: float) -> bool:
        """Whether ``count`` messages and calls have been accepted by then."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.sent) + len(self.calls) >= count, within_s)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # What phones and carriers do.

    def report(self, sid: str, status: str, *, code: int | None = None, token: str | None = None) -> Answer:
        """Report a message's or call's status to its webhook. ``token``: another one, to forge it."""
        items: list[SentMessage | PlacedCall] = [*self.sent, *self.calls]
        item = next(item for item in items if item.sid == sid)
        assert item.status_callback is not None, "nobody asked for reports"
        kind = "Call" if isinstance(item, PlacedCall) else "Message"
        form = {f"{kind}Sid": sid, f"{kind}Status": status, "To": item.to, "From": item.sender}
        if kind == "Message":
            form |= {"SmsSid": sid, "SmsStatus": status}
        if code is not None:
            form["ErrorCode"] = str(code)
        return self._post(item.status_callback, form, token)

    def reply(
        self, sender: str, body: str, *, to: str = "", sid: str | None = None, token: str | None = None
    ) -> Answer:
        """Let a phone send an SMS; what the application answers is sent back to it."""
        assert self.inbound_url is not None, "nobody listens to replies"
        name = sid or "SM" + secrets.token_hex(16)
        form = {"MessageSid": name, "SmsSid": name, "From": sender, "To": to, "Body": body, "NumMedia": "0"}
        answer = self._post(self.inbound_url, form, token)
        for text in answer.texts:
            self._keep(SentMessage(_sid("SM"), sender, to, text, None, None, self._clock.now_ms(), "outbound-reply"))
        return answer

    def heard(self, sid: str) -> Question:
        """What somebody who takes a call hears."""
        return question_of(next(call.twiml for call in self.calls if call.sid == sid))

    def press(self, sid: str, digits: str, *, token: str | None = None) -> Answer:
        """Take a call and press keys."""
        call = next(call for call in self.calls if call.sid == sid)
        action = self.heard(sid).action
        assert action is not None, "the call asks for no key"
        form = {"CallSid": sid, "To": call.to, "From": call.sender, "CallStatus": "in-progress", "Digits": digits}
        return self._post(action, form, token)

    def _post(self, url: str, form: dict[str, str], token: str | None) -> Answer:
        signed = {"AccountSid": self.account_sid, **form}
        return post(token or self.auth_token, url, signed, forwarded_to=self.forwarded_to)

    # The API.

    def answer(
        self, method: str, target: str, authorization: str, form: dict[str, str]
    ) -> tuple[int, dict[str, object], Refusal | None]:
        """Status and JSON body of the answer to one request, and the refusal that it came from."""
        self.requests += 1
        refusal = self.refuse_all or (self._refusals.popleft() if self._refusals and method == "POST" else None)
        self._leaving.wait(self.slow_s + (0.0 if refusal is None else refusal.after_s))
        if refusal is not None:
            if refusal.accepted:
                self._accepted(target, form)
            return refusal.status, error(refusal.status, refusal.code), refusal
        return (*self._answer(method, target, authorization, form), None)

    def _answer(
        self, method: str, target: str, authorization: str, form: dict[str, str]
    ) -> tuple[int, dict[str, object]]:
        expected = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if not secrets.compare_digest(authorization, f"Basic {expected}"):
            return HTTPStatus.UNAUTHORIZED, error(HTTPStatus.UNAUTHORIZED, WRONG_CREDENTIALS)
        if self._kind(target) is None:
            return HTTPStatus.NOT_FOUND, error(HTTPStatus.NOT_FOUND, NOT_FOUND)
        if method == "GET":
            return HTTPStatus.OK, self._listed(target)
        to = form.get("To", "")
        code = self.refused_numbers.get(to, 0 if to.startswith("+") else INVALID_TO)
        if code:
            return HTTPStatus.BAD_REQUEST, error(HTTPStatus.BAD_REQUEST, code)
        return HTTPStatus.CREATED, self._accepted(target, form)

    def _kind(self, target: str) -> str | None:
        """``Messages`` or ``Calls``, if that is what the target names."""
        path = urlsplit(target).path
        return next(
            (kind for kind in ("Messages", "Calls") if path == f"{self._path}{API}/{self.account_sid}/{kind}.json"),
            None,
        )

    def _listed(self, target: str) -> dict[str, object]:
        """What was sent to a number, the newest first."""
        self.lookups += 1
        to = dict(parse_qs(urlsplit(target).query)).get("To", [None])[0]
        kind = self._kind(target)
        items: list[SentMessage | PlacedCall] = [*(self.calls if kind == "Calls" else self.sent)]
        resources = [item.resource(self.account_sid) for item in reversed(items) if to in (None, item.to)]
        return page(str(kind).lower(), resources, target)

    def _accepted(self, target: str, form: dict[str, str]) -> dict[str, object]:
        now = self._clock.now_ms()
        if self._kind(target) == "Calls":
            return self._keep(call_from(form, _sid("CA"), now))
        return self._keep(message_from(form, _sid("SM"), now))

    def _keep(self, item: SentMessage | PlacedCall) -> dict[str, object]:
        with self._arrived:
            if isinstance(item, PlacedCall):
                self.calls.append(item)
            else:
                self.sent.append(item)
            self._arrived.notify_all()
        return item.resource(self.account_sid)


def _sid(kind: str) -> str:
    return kind + secrets.token_hex(16)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that were killed while they asked."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(twilio: TwilioStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        # One write an answer, at once: two small ones would wait for each other.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._respond({})

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(size)
            if len(body) < size:  # whoever asked has died meanwhile: half a request asks for nothing
                self.close_connection = True
                return
            fields = parse_qs(body.decode(), keep_blank_values=True)
            self._respond({name: values[0] for name, values in fields.items()})

        def _respond(self, form: dict[str, str]) -> None:
            authorization = self.headers.get("Authorization", "")
            status, body, refusal = twilio.answer(self.command, self.path, authorization, form)
            if status == LOST:
                self.close_connection = True
                return
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            if refusal is not None and refusal.retry_after_s is not None:
                self.send_header("Retry-After", str(refusal.retry_after_s))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """Say nothing: requests carry names and phone numbers."""

    return Handler
