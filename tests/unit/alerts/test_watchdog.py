"""The address outside: one question, and an error when nobody heard it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from alerts.watchdog import pinger


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[str]]]:
    """A server that answers so; its address, and the paths that were asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="watchdog")
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/well", asked
        server.shutdown()
        thread.join()


async def test_it_asks_once() -> None:
    with answering(200) as (url, asked):
        await pinger(url)()
    assert asked == ["/well"]


async def test_a_refusal_and_silence_are_errors() -> None:
    with answering(500) as (url, _), pytest.raises(OSError, match="500"):
        await pinger(url)()
    with pytest.raises(OSError, match="refused"):
        await pinger(url)()
