"""``/healthz``, ``/readyz`` and ``/metrics`` of the gateway, on a port of their own."""

from __future__ import annotations

import asyncio
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from gateway import metrics
from gateway.session import Session
from gateway.writer import Writer

_LONGEST_REQUEST: Final = 8192


class Health:
    """Ready means: the database takes our batches and both sessions are connected."""

    def __init__(self) -> None:
        self._sessions: tuple[Session, ...] = ()
        self._writer: Writer | None = None

    def watch(self, urgent: Session, bulk: Session, writer: Writer) -> None:
        """From now on these decide."""
        self._sessions = (urgent, bulk)
        self._writer = writer

    @property
    def is_ready(self) -> bool:
        """Whether a press on a band would reach the desk now."""
        writer = self._writer
        return writer is not None and writer.available and all(session.connected for session in self._sessions)

    async def until_ready(self) -> None:
        """Return once everything is up."""
        while not self.is_ready:  # noqa: ASYNC110 - start-up only; nobody would set an event more simply
            await asyncio.sleep(0.02)

    async def serve(self, host: str, port: int) -> asyncio.Server:
        """Answer plain HTTP GETs; the caller closes the server."""
        return await asyncio.start_server(self._answer, host, port, limit=_LONGEST_REQUEST)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                request = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            writer.close()
            return
        status, kind, body = self._respond(request[1] if len(request) > 1 else b"")
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()

    def _respond(self, path: bytes) -> tuple[str, str, bytes]:
        match path:
            case b"/healthz":
                return "200 OK", "text/plain", b"ok\n"
            case b"/readyz":
                return ("200 OK", "text/plain", b"ready\n") if self.is_ready else _NOT_READY
            case b"/metrics":
                for session in self._sessions:
                    metrics.SESSION_WAITING.labels(session.name).set(session.waiting)
                    metrics.SESSION_OUTGOING.labels(session.name).set(session.outgoing)
                return "200 OK", CONTENT_TYPE_LATEST, generate_latest()
            case _:
                return "404 Not Found", "text/plain", b"try /healthz, /readyz or /metrics\n"


_NOT_READY: Final = ("503 Service Unavailable", "text/plain", b"waiting for the broker or the database\n")
