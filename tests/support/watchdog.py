"""A watchdog outside, as a server of somebody else's would be: it counts who asks for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Watchdog(ThreadingHTTPServer):
    """Takes every request; ``asked`` are their paths."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Counting)
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Where it waits to be told that all is well."""
        return f"http://127.0.0.1:{self.server_port}/anxin"


class _Counting(BaseHTTPRequestHandler):
    server: Watchdog

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running_watchdog() -> Iterator[Watchdog]:
    """Serve until the block ends."""
    with Watchdog() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="watchdog")
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
