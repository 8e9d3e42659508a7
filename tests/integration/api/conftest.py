"""A console over a real database: its application, and a real server where the stream matters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from dashboards.api import create_app
from dashboards.deps import Deps, MqttInfo
from devices.clock import ManualClock
from gateway.store.accounts import SESSION_MS, Role, SessionRules, add_account, open_session
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import Connection, pool
from gateway.store.registry import save_site
from gateway.store.registry_records import Site
from tests.support.console import NOW, Clients, Desk, Tokens, serving

_UNUSED_FOR_DAYS = SessionRules(idle_ms=SESSION_MS)
"""Tests set the clock forward by days."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def deps(conninfo: str, clock: ManualClock) -> AsyncIterator[Deps]:
    async with pool(conninfo, application="anxin test console") as connections:
        yield Deps(
            conninfo=conninfo,
            pool=connections,
            alarm_store=PostgresAlarmStore(connections),
            clock=clock,
            mqtt=MqttInfo(host="127.0.0.1", port=1883),
        )


@pytest.fixture
async def conn(deps: Deps) -> AsyncIterator[Connection]:
    async with deps.pool.connection() as connection:
        await save_site(connection, "test", Site(id="north", name="北社区"), create=True)
        await save_site(connection, "test", Site(id="south", name="南社区"), create=True)
        yield connection


@pytest.fixture
def app(deps: Deps, conn: Connection) -> FastAPI:
    return create_app(deps)


@pytest.fixture
def token_of(conn: Connection) -> Tokens:
    async def make(role: Role = "duty", sites: tuple[str, ...] = (), username: str | None = None) -> str:
        account = await add_account(conn, username=username or f"{role}-{uuid4().hex[:8]}", role=role, sites=sites)
        return (await open_session(conn, account.id, NOW, _UNUSED_FOR_DAYS)).token

    return make


@pytest.fixture
async def client_of(app: FastAPI, token_of: Tokens) -> AsyncIterator[Clients]:
    """Clients that call the application directly, signed in by Bearer."""
    async with AsyncExitStack() as stack:

        async def make(role: Role = "duty", sites: tuple[str, ...] = (), username: str | None = None) -> Any:
            token = await token_of(role, sites, username)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            headers = {"Authorization": f"Bearer {token}"}
            return await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://console", headers=headers)
            )

        yield make


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console") as client:
        yield client


@pytest.fixture
def desk(deps: Deps, conn: Connection) -> Desk:
    return Desk(PostgresAlarmStore(deps.pool))


@pytest.fixture
async def server_url(app: FastAPI, free_port: Callable[[], int]) -> AsyncIterator[str]:
    port = free_port()
    async with serving(app, port):
        yield f"http://127.0.0.1:{port}"
