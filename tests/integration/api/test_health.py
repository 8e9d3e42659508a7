"""Health, readiness, figures, and the description of the API."""

from __future__ import annotations

import asyncio

import httpx
from fastapi import FastAPI

from dashboards.api.feed import Feed
from gateway.store.connection import Connection
from gateway.store.roles import all_roles, report
from tests.support.console import Clients, Desk, until


async def test_it_is_ready_when_the_database_and_the_listener_are(server_url: str, app: FastAPI) -> None:
    feed: Feed = app.state.feed
    await feed.wait_until_known()

    async def alive() -> bool:
        return feed.is_alive()

    await until(alive)
    async with httpx.AsyncClient(base_url=server_url) as client:
        assert (await client.get("/healthz")).status_code == 200
        response = await client.get("/readyz")
    assert (response.status_code, response.json()) == (
        200,
        {"ready": True, "database": True, "disk": True, "change_listener": True},
    )


async def test_without_its_listener_it_is_not_ready(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/readyz")
    assert (response.status_code, response.json()["change_listener"]) == (503, False)
    assert (await anonymous.get("/healthz")).status_code == 200


async def test_its_figures_bear_its_name(client_of: Clients, desk: Desk) -> None:
    client = await client_of()
    await client.post(f"/api/v1/alarms/{(await desk.raise_alarm()).id}/acknowledge")
    text = (await client.get("/metrics")).text
    assert 'anxin_dashboards_alarm_actions_total{event="acknowledge",outcome="done"}' in text
    assert "anxin_dashboards_stream_clients" in text
    assert "anxin_dashboards_request_seconds_count" in text


async def test_the_api_describes_itself(anonymous: httpx.AsyncClient) -> None:
    described = (await anonymous.get("/api/openapi.json")).json()
    assert {"/api/v1/session", "/api/v1/alarms/{alarm}/{event}", "/api/v1/stream"} <= described["paths"].keys()
    assert "timeline" in described["components"]["schemas"]["Alarm"]["properties"]


async def test_roles_report_and_their_restarts_are_counted(conn: Connection) -> None:
    await report(conn, "gateway", "starting", 1)
    await report(conn, "gateway", "ready", 1)
    await report(conn, "gateway", "restarting", None, "exit 9")
    await report(conn, "gateway", "restarting", None, "exit 9")
    await report(conn, "gateway", "ready", 2)
    await report(conn, "console", "ready", 3)
    console, gateway = await all_roles(conn)
    assert (console.role, console.restarts) == ("console", 0)
    assert (gateway.state, gateway.pid, gateway.restarts, gateway.detail) == ("ready", 2, 1, None)


async def test_a_database_that_is_away_is_a_503_and_comes_back(client_of: Clients, conn: Connection) -> None:
    client = await client_of()
    cursor = await conn.execute("select current_database()")
    row = await cursor.fetchone()
    assert row is not None
    await conn.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    answers = await asyncio.gather(*(client.get("/api/v1/alarms") for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert (await client.get("/api/v1/alarms")).status_code == 200


async def test_a_browser_gets_a_page_where_a_program_gets_a_problem(anonymous: httpx.AsyncClient) -> None:
    page = await anonymous.get("/nowhere", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    problem = await anonymous.get("/nowhere", headers={"Accept": "application/json"})
    assert (problem.status_code, problem.headers["content-type"]) == (404, "application/problem+json")
    api = await anonymous.get("/api/v1/nowhere", headers={"Accept": "text/html"})
    assert api.headers["content-type"] == "application/problem+json"
