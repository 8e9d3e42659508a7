"""uvicorn, told to end the streams when it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from dashboards.api.feed import Feed


class ConsoleServer(uvicorn.Server):
    """Serves one application; ``should_exit = True`` stops it without waiting for open streams.

    Signals are left to whoever runs it.
    """

    def __init__(self, app: FastAPI, *, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                access_log=False,
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=3,
            )
        )
        self._feed: Feed = app.state.feed

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then wait for what is under way."""
        self._feed.close()
        await super().shutdown(sockets)
