"""uvicorn, told to end the streams when it is told to stop."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from dashboards.api.feed import Feed


class ConsoleServer(uvicorn.Server):
    """Serves one application; ``should_exit = True`` stops it without waiting for open streams."""

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

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then wait for what is under way."""
        self._feed.close()
        await super().shutdown(sockets)
