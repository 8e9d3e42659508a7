"""A small HTTP server that speaks as much of Twilio's Messages API as a sender of SMS needs.

It keeps every request, checks the account's credentials, answers with a message resource, and can be told
to refuse or to stall. Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections import deque
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, NamedTuple, Self
from urllib.parse import parse_qs

API: Final = "/2010-04-01/Accounts"
WRONG_CREDENTIALS: Final = 20003
INVALID_TO: Final = 21211
"""Source: https://www.twilio.com/docs/api/errors"""


class SentMessage(NamedTuple):
    """A message that the stand-in accepted."""

    sid: str
    to: str
    sender: str
    body: str
    validity_period_s: int | None
    status_callback: str | None


class Refusal(NamedTuple):
    """How to answer instead of accepting: HTTP status, Twilio's error code, seconds to wait before."""

    status: int
    code: int
    after_s: float = 0.0


class TwilioStandIn:
    """Use it as ``with TwilioStandIn() as twilio``; ``base_url`` is what a client is given for Twilio's own.

    ``path`` stands before Twilio's own paths, as behind a proxy.
    """

    def __init__(
        self,
        *,
        account_sid: str = "AC" + "0" * 32,
        auth_token: str = "stand-in",  # noqa: S107
        path: str = "",
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self._path = path
        self.sent: list[SentMessage] = []
        self.requests = 0
        """Every request that arrived, good or bad."""
        self._refusals: deque[Refusal] = deque()
        self._leaving = threading.Event()
        self._arrived = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, name="twilio stand-in", daemon=True)

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}{self._path}"

    def refuse_next(self, *refusals: Refusal) -> None:
        """Answer the next requests in this way, one each."""
        self._refusals.extend(refusals)

    def wait_for(self, count: int, *, within_s: float) -> bool:
        """Whether ``count`` messages have been accepted by then."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.sent) >= count, within_s)

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

    def answer(self, path: str, authorization: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Status and JSON body of the answer to one POST."""
        self.requests += 1
        if self._refusals:
            refusal = self._refusals.popleft()
            self._leaving.wait(refusal.after_s)
            return refusal.status, _error(refusal.status, refusal.code)
        expected = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if not secrets.compare_digest(authorization, f"Basic {expected}"):
            return HTTPStatus.UNAUTHORIZED, _error(HTTPStatus.UNAUTHORIZED, WRONG_CREDENTIALS)
        if path != f"{self._path}{API}/{self.account_sid}/Messages.json":
            return HTTPStatus.NOT_FOUND, _error(HTTPStatus.NOT_FOUND, 20404)
        if not form.get("To", "").startswith("+"):
            return HTTPStatus.BAD_REQUEST, _error(HTTPStatus.BAD_REQUEST, INVALID_TO)
        return HTTPStatus.CREATED, self._accept(form)

    def _accept(self, form: dict[str, str]) -> dict[str, object]:
        validity = form.get("ValidityPeriod")
        message = SentMessage(
            sid="SM" + secrets.token_hex(16),
            to=form["To"],
            sender=form.get("From") or form.get("MessagingServiceSid", ""),
            body=form.get("Body", ""),
            validity_period_s=None if validity is None else int(validity),
            status_callback=form.get("StatusCallback"),
        )
        with self._arrived:
            self.sent.append(message)
            self._arrived.notify_all()
        return {
            "sid": message.sid,
            "account_sid": self.account_sid,
            "to": message.to,
            "from": message.sender,
            "body": message.body,
            "status": "queued",
            "num_segments": "1",
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "uri": f"{API}/{self.account_sid}/Messages/{message.sid}.json",
        }


def _error(status: int, code: int) -> dict[str, object]:
    return {
        "code": code,
        "message": "refused by the stand-in",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": int(status),
    }


def _handler(twilio: TwilioStandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", "0"))
            fields = parse_qs(self.rfile.read(size).decode())
            form = {name: values[0] for name, values in fields.items()}
            status, body = twilio.answer(self.path, self.headers.get("Authorization", ""), form)
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """Say nothing: requests carry names and phone numbers."""

    return Handler
