"""Signing in and out, the limits on guessing, CSRF, roles, the headers."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI

from dashboards.deps import Deps
from devices.clock import DAY_MS, ManualClock
from gateway.store.accounts import (
    SESSION_MS,
    account_by_username,
    add_account,
    hash_password,
    issue_signin_link,
    set_password,
)
from gateway.store.connection import Connection
from tests.support.console import NOW, Clients, Desk, Tokens

PASSWORD = "correct horse"


@pytest.fixture
async def mei(conn: Connection) -> str:
    account = await add_account(conn, username="mei", role="supervisor", password_hash=hash_password(PASSWORD))
    return account.id


async def _sign_in(client: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/v1/session", json={"username": "mei", "password": password})


async def test_the_token_of_a_session_is_a_bearer_token(anonymous: httpx.AsyncClient, mei: str) -> None:
    token = (await _sign_in(anonymous)).json()["token"]
    anonymous.cookies.clear()
    response = await anonymous.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"})
    assert response.json()["account"]["username"] == "mei"


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    anonymous: httpx.AsyncClient, mei: str, conn: Connection
) -> None:
    response = await _sign_in(anonymous)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith(f"anxin_session={response.json()['token']};")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert (await anonymous.get("/api/v1/session")).status_code == 200


async def test_only_a_hash_of_the_token_is_stored(anonymous: httpx.AsyncClient, mei: str, conn: Connection) -> None:
    token = (await _sign_in(anonymous)).json()["token"]
    cursor = await conn.execute("select encode(token_hash, 'escape') || csrf from session")
    assert all(token not in row[0] for row in await cursor.fetchall())


@pytest.mark.parametrize("username", ["mei", "nobody", "x\x00y"])
async def test_wrong_credentials_are_refused_alike(anonymous: httpx.AsyncClient, mei: str, username: str) -> None:
    response = await anonymous.post("/api/v1/session", json={"username": username, "password": "wrong"})
    assert response.status_code in (401, 422)
    assert response.headers["content-type"] == "application/problem+json"
    assert "set-cookie" not in response.headers


async def test_guessing_is_throttled_and_time_heals(anonymous: httpx.AsyncClient, mei: str, clock: ManualClock) -> None:
    for _ in range(5):
        assert (await _sign_in(anonymous, "wrong")).status_code == 401
    refused = await _sign_in(anonymous)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == 900
    clock.now += 900_000
    assert (await _sign_in(anonymous)).status_code == 200


async def test_signing_out_ends_the_session(anonymous: httpx.AsyncClient, mei: str) -> None:
    signed_in = (await _sign_in(anonymous)).json()
    headers = {"Authorization": f"Bearer {signed_in['token']}"}
    assert (await anonymous.delete("/api/v1/session", headers=headers)).status_code == 204
    assert (await anonymous.get("/api/v1/session", headers=headers)).status_code == 401


async def test_a_session_ends_with_its_time_its_account_or_a_new_password(
    anonymous: httpx.AsyncClient, mei: str, conn: Connection, clock: ManualClock, token_of: Tokens
) -> None:
    async def answer(token: str) -> int:
        response = await anonymous.get("/api/v1/session", headers={"Authorization": f"Bearer {token}"})
        return response.status_code

    old = await token_of("duty", (), "old")
    assert await answer(old) == 200
    clock.now += SESSION_MS
    assert await answer(old) == 401
    clock.now = NOW
    left = await token_of("duty", (), "left")
    await conn.execute("update account set disabled = true where username = 'left'")
    assert await answer(left) == 401
    changed = await token_of("duty", (), "changed")
    assert await set_password(conn, "changed", hash_password("other"))
    assert await answer(changed) == 401


async def test_a_sign_in_link_works_once(
    anonymous: httpx.AsyncClient, mei: str, conn: Connection, clock: ManualClock
) -> None:
    token = await issue_signin_link(conn, mei, NOW)
    first = await anonymous.get(f"/signin/{token}")
    assert (first.status_code, first.headers["location"]) == (303, "/sound")
    assert (await anonymous.get("/api/v1/session")).json()["account"]["username"] == "mei"
    again = await anonymous.get(f"/signin/{token}")
    assert again.headers["location"] == "/signin?problem=link"
    assert "set-cookie" not in again.headers
    late = await issue_signin_link(conn, mei, NOW)
    clock.now += DAY_MS
    assert (await anonymous.get(f"/signin/{late}")).headers["location"] == "/signin?problem=link"


async def test_a_cookie_alone_changes_nothing(anonymous: httpx.AsyncClient, mei: str, desk: Desk) -> None:
    csrf = (await _sign_in(anonymous)).json()["csrf"]
    url = f"/api/v1/alarms/{(await desk.raise_alarm()).id}/acknowledge"
    refused = await anonymous.post(url)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:anxin:problem:csrf")
    assert (await anonymous.post(url, headers={"X-CSRF-Token": "other"})).status_code == 403
    assert (await anonymous.post(url, headers={"X-CSRF-Token": csrf})).status_code == 200


async def test_a_form_field_carries_the_csrf_token_too(anonymous: httpx.AsyncClient, mei: str) -> None:
    csrf = (await _sign_in(anonymous)).json()["csrf"]
    assert (await anonymous.post("/signout", data={"csrf": "other"})).status_code == 403
    assert (await anonymous.post("/signout", data={"csrf": csrf})).status_code == 303


async def test_a_bearer_token_needs_no_csrf_token(client_of: Clients, desk: Desk) -> None:
    client = await client_of()
    assert (await client.post(f"/api/v1/alarms/{(await desk.raise_alarm()).id}/acknowledge")).status_code == 200


async def test_without_a_session_there_is_a_problem_and_for_a_browser_the_sign_in_page(
    anonymous: httpx.AsyncClient,
) -> None:
    response = await anonymous.get("/api/v1/alarms")
    assert response.status_code == 401
    assert response.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "please sign in",
        "code": "sign_in",
        "params": {},
        "message": "请先登录。",
    }
    page = await anonymous.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/signin")


async def test_every_answer_forbids_what_pages_do_not_need(anonymous: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/api/v1/alarms", "/no/such/page"):
        headers = (await anonymous.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


async def test_every_route_of_the_api_but_signing_in_needs_a_session(
    app: FastAPI, anonymous: httpx.AsyncClient
) -> None:
    for path, methods in app.openapi()["paths"].items():
        if path.startswith("/api/"):
            for method in methods:
                if (path, method) == ("/api/v1/session", "post"):
                    continue
                filled = re.sub(r"\{[a-z_]+\}", "00000000-0000-0000-0000-000000000000", path)
                response = await anonymous.request(method.upper(), filled)
                assert response.status_code == 401, (method, path)


async def test_accounts_are_found_by_their_names(deps: Deps, mei: str, conn: Connection) -> None:
    found = await account_by_username(conn, "mei")
    assert found is not None
    assert (found.id, found.role, found.sites) == (mei, "supervisor", [])
    assert await account_by_username(conn, "nobody") is None


async def test_a_sign_in_that_is_left_empty_says_so_at_the_field_in_the_readers_language(
    anonymous: httpx.AsyncClient,
) -> None:
    empty = await anonymous.post("/signin", data={"username": " ", "password": ""})
    assert empty.status_code == 422
    assert empty.text.count("请填写") == 2
    without_password = await anonymous.post("/signin", data={"username": "mei", "password": ""})
    assert without_password.text.count("请填写") == 1
    assert 'aria-describedby="password-wrong" autofocus' in without_password.text
