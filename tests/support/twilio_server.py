"""A local stand-in that speaks as much of Twilio's API as an SMS needs: it takes messages and can misbehave."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class TwilioServer(ThreadingHTTPServer):
    """``requests``: the forms received, with ``path`` and ``authorization``. ``answers``: statuses to give first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[dict[str, str]] = []
        self.answers: list[int] = []
        self.delay_s = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that did not wait for the answer is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: TwilioServer

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        received = {name: values[0] for name, values in form.items()}
        self.server.requests.append(received | {"path": self.path, "authorization": self.headers["Authorization"]})
        time.sleep(self.server.delay_s)
        status = self.server.answers.pop(0) if self.server.answers else 201
        body: dict[str, Any] = {"sid": f"SM{len(self.server.requests):032x}", "status": "queued"}
        if status >= 400:
            body = {"code": 21211 if status == 400 else status, "message": "no", "status": status}
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def twilio_server() -> Iterator[TwilioServer]:
    server = TwilioServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="twilio stand-in")
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
