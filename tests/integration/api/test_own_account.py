"""Locks that no stranger can put on a desk, sessions that end and say why, and one's own password."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from devices.clock import HOUR_MS, MINUTE_MS, ManualClock
from gateway.store.accounts import IDLE_MS, SESSION_MS, add_account, hash_password, issue_signin_link
from gateway.store.connection import Connection
from gateway.store.signin_guard import FREE
from tests.support.console import NOW, Clients, Desk

PASSWORD = "correct horse"
NEW = "seven cups of cold tea"


@pytest.fixture
async def mei(conn: Connection) -> str:
    account = await add_account(
        conn, username="mei", role="duty", sites=("north",), password_hash=hash_password(PASSWORD)
    )
    return account.id


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A desk of the centre, from another address than ``anonymous``."""
    transport = httpx.ASGITransport(app, client=("10.0.0.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        yield client


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/signin", data={"username": "mei", "password": password})


async def guess(app: FastAPI, times: int) -> None:
    for place in range(times):
        transport = httpx.ASGITransport(app, client=(f"192.0.2.{place}", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as stranger:
            assert (await sign_in(stranger, "wrong")).status_code == 401


async def test_guesses_over_many_addresses_lock_a_name_but_not_its_desk(
    app: FastAPI, mei: str, anonymous: httpx.AsyncClient, browser: httpx.AsyncClient, conn: Connection,
    clock: ManualClock,
) -> None:  # fmt: skip
    assert (await sign_in(browser)).status_code == 303
    known = {cookie.name for cookie in browser.cookies.jar}
    assert known == {"anxin_session", "anxin_browser"}
    await guess(app, FREE)
    assert (await sign_in(anonymous)).status_code == 429, "the right password from an unknown place has to wait"
    assert (await browser.get("/api/v1/session")).status_code == 200, "who is signed in goes on"
    browser.cookies.delete("anxin_session")
    assert (await sign_in(browser)).status_code == 303, "guesses from elsewhere do not concern a known browser"
    link = await issue_signin_link(conn, mei, clock.now)
    assert (await anonymous.get(f"/signin/{link}")).headers["location"] == "/sound"
    clock.now += MINUTE_MS
    anonymous.cookies.clear()
    assert (await sign_in(anonymous)).status_code == 303, "the lock ends by itself"


async def test_a_supervisor_opens_a_locked_account_of_their_site(
    app: FastAPI, mei: str, anonymous: httpx.AsyncClient, client_of: Clients
) -> None:
    await guess(app, FREE)
    near, far, desk = (
        await client_of("supervisor", ("north",)),
        await client_of("supervisor", ("south",)),
        await client_of(),
    )
    (told,) = (await near.get("/api/v1/staff/locked")).json()["items"]
    assert (told["username"], told["failures"], told["until"]) == ("mei", FREE, NOW + MINUTE_MS)
    assert (await far.get("/api/v1/staff/locked")).json()["items"] == []
    assert (await far.post(f"/api/v1/staff/{mei}/unlock")).status_code == 404
    assert (await desk.post(f"/api/v1/staff/{mei}/unlock")).status_code == 403
    assert (await near.post(f"/api/v1/staff/{mei}/unlock")).json() == {"locked": True}
    assert (await sign_in(anonymous)).status_code == 303


async def test_a_session_that_nothing_uses_ends_and_its_browser_is_told(
    mei: str, browser: httpx.AsyncClient, clock: ManualClock
) -> None:
    await sign_in(browser)
    for _ in range(3):
        clock.now += IDLE_MS - HOUR_MS
        assert (await browser.get("/api/v1/session")).status_code == 200, "what is used goes on"
    clock.now += IDLE_MS
    assert (await browser.get("/api/v1/session")).status_code == 401
    assert "太久没有使用" in (await browser.get("/signin")).text
    clock.now = NOW + SESSION_MS
    assert "已满期限" in (await browser.get("/signin")).text


async def test_a_new_password_of_ones_own_ends_all_other_sessions(
    mei: str, browser: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    await sign_in(browser)
    await sign_in(anonymous)
    csrf = {"X-CSRF-Token": (await browser.get("/api/v1/session")).json()["csrf"]}

    async def change(current: str, password: str) -> httpx.Response:
        body = {"current": current, "password": password}
        return await browser.put("/api/v1/session/password", json=body, headers=csrf)

    for current, password, code in (
        ("wrong", NEW, "password.wrong"),
        (PASSWORD, "short", "password.short"),
        (PASSWORD, "qwertyuiop123", "password.common"),
        (PASSWORD, PASSWORD, "password.same"),
    ):
        refused = await change(current, password)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code)
    assert (await change(PASSWORD, NEW)).json() == {"ended": 1}
    assert (await browser.get("/api/v1/session")).status_code == 200
    assert (await anonymous.get("/api/v1/session")).status_code == 401
    assert "密码已更改" in (await anonymous.get("/signin")).text
    anonymous.cookies.clear()
    assert (await sign_in(anonymous, PASSWORD)).status_code == 401
    assert (await sign_in(anonymous, NEW)).status_code == 303


async def test_one_sees_where_one_is_signed_in_and_signs_out_elsewhere(
    mei: str, browser: httpx.AsyncClient, anonymous: httpx.AsyncClient, conn: Connection
) -> None:
    await sign_in(anonymous)
    await sign_in(browser)
    csrf = {"X-CSRF-Token": (await browser.get("/api/v1/session")).json()["csrf"]}
    here, there = (await browser.get("/api/v1/sessions")).json()["items"]
    assert (here["current"], here["address"], there["current"]) == (True, "10.0.0.9", False)
    assert (await browser.get("/account")).status_code == 200
    assert (await browser.delete("/api/v1/sessions", headers=csrf)).json() == {"ended": 1}
    assert (await anonymous.get("/api/v1/session")).status_code == 401
    assert (await browser.delete(f"/api/v1/sessions/{there['id']}", headers=csrf)).status_code == 404
    assert (await browser.get("/api/v1/session")).status_code == 200
    cursor = await conn.execute("select act from audit_entry where actor = 'mei' order by n")
    assert [row[0] for row in await cursor.fetchall()] == ["signin", "signin", "sessions_ended"]


async def test_an_alarm_is_assigned_to_those_alone_who_see_its_site_and_may_act(
    client_of: Clients, conn: Connection, desk: Desk
) -> None:
    await add_account(conn, username="near", role="duty", sites=("north",))
    await add_account(conn, username="far", role="duty", sites=("south",))
    await add_account(conn, username="reads", role="auditor")
    client = await client_of("duty", ("north",))
    alarm = await desk.raise_alarm("north")
    for username, status in (("far", 422), ("reads", 422), ("near", 200), ("老周", 200)):
        answer = await client.post(f"/api/v1/alarms/{alarm.id}/assign", json={"assignee": username})
        assert answer.status_code == status, username


async def test_the_names_of_colleagues_are_those_of_ones_own_sites(client_of: Clients, conn: Connection) -> None:
    for username, sites in (("near", ("north",)), ("far", ("south",)), ("everywhere", ())):
        await add_account(conn, username=username, role="duty", sites=sites)
    client = await client_of("duty", ("north",), "li")
    names = (await client.get("/console/directory")).json()["staff"]
    assert names.keys() == {"near", "everywhere", "li"}
    responder = await client_of("responder", ("north",))
    assert (await responder.get("/people")).status_code == 200
