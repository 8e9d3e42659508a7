"""What tests of the console share: a hand that puts alarms into the store, and a reader of the stream."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
from fastapi import FastAPI

from alerts.alarm import Alarm, SeverityName, TimelineEntry
from dashboards.api import ConsoleServer
from gateway.store.alarms import PostgresAlarmStore

NOW = 1_750_000_000_000

Tokens = Callable[..., Awaitable[str]]
"""(role, sites, user name) → the token of a session."""
Clients = Callable[..., Awaitable[httpx.AsyncClient]]
"""(role, sites, user name) → a client that is signed in by Bearer."""


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again until it holds."""
    async with asyncio.timeout(20):
        for _ in itertools.count():
            if await condition():
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(app: FastAPI, port: int) -> AsyncIterator[ConsoleServer]:
    """The application behind a real server, stopped and waited for at the end."""
    server = ConsoleServer(app, host="127.0.0.1", port=port)

    async def started() -> bool:
        return server.started

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(), name="console under test")
        await until(started)
        yield server
        server.should_exit = True


@dataclass
class Desk:
    """Puts alarms into the store as the gateway would."""

    store: PostgresAlarmStore

    async def raise_alarm(
        self,
        site: str = "north",
        *,
        resident: str | None = None,
        rule: str = "sos.button",
        severity: SeverityName = "critical",
        raised_at: int = NOW,
        drill: bool = False,
    ) -> Alarm:
        key = uuid4()
        alarm = Alarm(
            id=key,
            case=key,
            kind=rule.partition(".")[0],
            rule=rule,
            severity=severity,
            state="open",
            version=1,
            site=site,
            resident=resident,
            household=None,
            device="band",
            subject=f"resident:{resident or key}",
            event_time=raised_at,
            last_event_time=raised_at,
            raised_at=raised_at,
            drill=drill,
            timeline=(TimelineEntry(t=raised_at, actor="engine", event="opened"),),
        )
        async with self.store.transaction() as tx:
            await tx.insert(alarm)
        return alarm

    async def more_evidence(self, alarm: Alarm) -> Alarm:
        more = msgspec.structs.replace(alarm, count=alarm.count + 1, version=alarm.version + 1)
        async with self.store.transaction() as tx:
            await tx.save(more, count_only=True)
        return more


@dataclass(frozen=True)
class SseEvent:
    """One parsed server-sent event."""

    id: int | None
    event: str
    data: dict[str, Any]

    @property
    def alarm(self) -> UUID:
        return UUID(self.data["id"])


@dataclass
class Stream:
    """An open stream."""

    lines: AsyncIterator[str]

    async def next(self) -> SseEvent:
        """The next event, comments skipped."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(20):
            async for line in self.lines:
                name, _, value = line.partition(": ")
                if line and name:
                    fields[name] = value
                elif not line and "event" in fields:
                    number = int(fields["id"]) if "id" in fields else None
                    return SseEvent(number, fields["event"], msgspec.json.decode(fields["data"]))
        raise AssertionError("the stream ended")

    async def ended(self) -> bool:
        """Wait for the end."""
        async with asyncio.timeout(20):
            async for _ in self.lines:
                pass
        return True


@asynccontextmanager
async def open_stream(url: str, token: str, **options: Any) -> AsyncIterator[Stream]:
    """The stream at ``url``; ``options`` go to httpx. Returns when the first line is there."""
    headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
    async with (
        httpx.AsyncClient(base_url=url, timeout=30, headers=headers) as client,
        client.stream("GET", "/api/v1/stream", **options) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["x-accel-buffering"] == "no"
        lines = response.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        yield Stream(lines)
