"""The accounts of staff over HTTP: who may keep whom, and what ends with an account."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gateway.store.accounts import Role
from gateway.store.connection import Connection
from tests.support.console import Clients
from tests.support.records import create, items, put

PASSWORD = "correct horse"


async def _sign_in(anonymous: httpx.AsyncClient, username: str, password: str = PASSWORD) -> httpx.Response:
    return await anonymous.post("/api/v1/session", json={"username": username, "password": password})


async def test_an_account_comes_back_as_it_was_entered_and_signs_in(
    client_of: Clients, anonymous: httpx.AsyncClient
) -> None:
    admin = await client_of("admin")
    fields = {"username": "wang.mei", "display_name": "王梅", "role": "duty", "sites": ["north"], "phone": "120"}
    made = await create(admin, "staff", **fields, password=PASSWORD)
    expected = {**fields, "language": "zh", "disabled": False, "has_password": True, "id": made["id"]}
    assert made == {**expected, "signin_path": None}
    assert (await admin.get(f"/api/v1/staff/{made['id']}")).json() == expected
    assert (await _sign_in(anonymous, "wang.mei")).status_code == 200
    assert expected in await items(admin, "staff")


@pytest.mark.parametrize("misspelt", ["site", "dispaly_name", "pasword"])
async def test_a_field_that_an_account_does_not_have_is_named_and_nothing_is_made(
    client_of: Clients, misspelt: str
) -> None:
    admin = await client_of("admin")
    entered = {"username": "wang.mei", "role": "duty", misspelt: "north"}
    refused = await admin.post("/api/v1/staff", json=entered)
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json()["errors"]] == [f"/body/{misspelt}"]
    assert "wang.mei" not in {each["username"] for each in await items(admin, "staff")}


async def test_without_a_password_the_answer_carries_a_link_that_signs_in_once(
    client_of: Clients, anonymous: httpx.AsyncClient, conn: Connection
) -> None:
    admin = await client_of("admin")
    body, headers = {"username": "mei", "role": "duty"}, {"Idempotency-Key": "k"}
    first = (await admin.post("/api/v1/staff", json=body, headers=headers)).json()
    again = (await admin.post("/api/v1/staff", json=body, headers=headers)).json()
    assert again == {**first, "signin_path": None}
    token = first["signin_path"].rpartition("/")[2]
    cursor = await conn.execute("select body::text from idempotency")
    assert token not in str(await cursor.fetchone())
    assert (await anonymous.get(first["signin_path"])).headers["location"] == "/sound"
    assert (await anonymous.get("/api/v1/session")).json()["account"]["username"] == "mei"
    anonymous.cookies.clear()
    assert "problem=link" in (await anonymous.get(first["signin_path"])).headers["location"]
    link = await admin.post(f"/api/v1/staff/{first['id']}/signin-link")
    assert (await anonymous.get(link.json()["signin_path"])).headers["location"] == "/sound"


@pytest.mark.parametrize("how", ["delete", "put"])
async def test_an_account_that_has_ended_is_signed_out_everywhere_at_once(
    client_of: Clients, anonymous: httpx.AsyncClient, app: FastAPI, how: str
) -> None:
    admin = await client_of("admin")
    made = await create(admin, "staff", username="mei", role="duty", password=PASSWORD)
    link = (await admin.post(f"/api/v1/staff/{made['id']}/signin-link")).json()["signin_path"]
    session = {"Authorization": f"Bearer {(await _sign_in(anonymous, 'mei')).json()['token']}"}
    anonymous.cookies.clear()
    key = await anonymous.post("/api/v1/tokens", json={"name": "k", "role": "duty"}, headers=session)
    by_key = {"Authorization": f"Bearer {key.json()['token']}"}
    for headers in (session, by_key):
        assert (await anonymous.get("/api/v1/residents", headers=headers)).status_code == 200
    if how == "delete":
        assert (await admin.delete(f"/api/v1/staff/{made['id']}")).status_code == 204
    else:
        await put(admin, "staff", made, disabled=True)
    for headers in (session, by_key):
        assert (await anonymous.get("/api/v1/residents", headers=headers)).status_code == 401
    assert (await _sign_in(anonymous, "mei")).status_code == 401
    assert "problem=link" in (await anonymous.get(link)).headers["location"]
    assert (await admin.post(f"/api/v1/staff/{made['id']}/signin-link")).status_code == 409
    ended = (await admin.get(f"/api/v1/staff/{made['id']}")).json()
    assert ended["disabled"] is True
    await put(admin, "staff", ended, disabled=False)
    for headers in (session, by_key):
        assert (await anonymous.get("/api/v1/residents", headers=headers)).status_code == 401
    assert (await _sign_in(anonymous, "mei")).status_code == 200


async def test_a_new_password_ends_the_sessions_of_the_old_one(
    client_of: Clients, anonymous: httpx.AsyncClient
) -> None:
    admin = await client_of("admin")
    made = await create(admin, "staff", username="mei", role="duty", password=PASSWORD)
    session = {"Authorization": f"Bearer {(await _sign_in(anonymous, 'mei')).json()['token']}"}
    anonymous.cookies.clear()
    await put(admin, "staff", made, display_name="Mei")
    assert (await anonymous.get("/api/v1/residents", headers=session)).status_code == 200
    await put(admin, "staff", made, password="another horse")
    assert (await anonymous.get("/api/v1/residents", headers=session)).status_code == 401
    assert (await _sign_in(anonymous, "mei")).status_code == 401
    assert (await _sign_in(anonymous, "mei", "another horse")).status_code == 200


async def test_a_role_that_was_taken_is_gone_at_the_next_request(
    client_of: Clients, anonymous: httpx.AsyncClient
) -> None:
    admin = await client_of("admin")
    made = await create(admin, "staff", username="mei", role="manager", password=PASSWORD)
    session = {"Authorization": f"Bearer {(await _sign_in(anonymous, 'mei')).json()['token']}"}
    anonymous.cookies.clear()
    assert (await anonymous.get("/api/v1/staff", headers=session)).status_code == 200
    await put(admin, "staff", made, role="duty")
    assert (await anonymous.get("/api/v1/staff", headers=session)).status_code == 403


async def test_the_last_admin_of_all_sites_can_be_neither_ended_nor_made_less(client_of: Clients) -> None:
    one = await client_of("admin", (), "one")
    me = next(each for each in await items(one, "staff") if each["username"] == "one")
    url = f"/api/v1/staff/{me['id']}"
    limited = await create(one, "staff", username="limited", role="admin", sites=["north"], password=PASSWORD)
    assert limited["role"] == "admin"
    for changes in ({"disabled": True}, {"role": "manager"}, {"sites": ["north"]}):
        assert (await one.put(url, json={**me, **changes})).status_code == 409, changes
    assert (await one.delete(url)).status_code == 409
    assert (await one.get(url)).json() == me
    await create(one, "staff", username="two", role="admin", password=PASSWORD)
    assert (await one.delete(url)).status_code == 204


async def test_a_manager_keeps_the_accounts_of_their_sites_up_to_their_own_role(client_of: Clients) -> None:
    admin, north = await client_of("admin", (), "root"), await client_of("manager", ("north",), "north")
    accounts: list[tuple[Role, list[str]]] = [
        ("admin", ["north"]),
        ("duty", []),
        ("duty", ["south"]),
        ("duty", ["north", "south"]),
    ]
    for role, sites in accounts:
        body: dict[str, Any] = {"username": "x", "role": role, "sites": sites}
        assert (await north.post("/api/v1/staff", json=body)).status_code == 403, body
    mine = await create(north, "staff", username="mine", role="supervisor", sites=["north"])
    more: list[dict[str, Any]] = [{"role": "admin"}, {"sites": []}, {"sites": ["north", "south"]}]
    for changes in more:
        assert (await north.put(f"/api/v1/staff/{mine['id']}", json={**mine, **changes})).status_code == 403
    above = await create(admin, "staff", username="above", role="admin", sites=["north"])
    for method in ("PUT", "DELETE"):
        answer = await north.request(method, f"/api/v1/staff/{above['id']}", json={**above, "role": "duty"})
        assert answer.status_code == 403, method
    assert (await north.post(f"/api/v1/staff/{above['id']}/signin-link")).status_code == 403
    other = await create(admin, "staff", username="other", role="duty", sites=["south"])
    for method, path in [("GET", ""), ("GET", "/history"), ("PUT", ""), ("DELETE", ""), ("POST", "/signin-link")]:
        answer = await north.request(method, f"/api/v1/staff/{other['id']}{path}", json=other)
        assert answer.status_code == 404, (method, path)
    assert [each["username"] for each in await items(north, "staff")] == ["above", "mine", "north"]
    for role in ("supervisor", "duty", "responder", "auditor"):
        assert (await (await client_of(role)).get("/api/v1/staff")).status_code == 403, role


async def test_what_is_wrong_with_an_account_is_told(client_of: Clients) -> None:
    admin = await client_of("admin")
    made = await create(admin, "staff", username="mei", role="duty")
    for body, status in [
        ({"username": "mei", "role": "duty"}, 409),
        ({"username": "a b", "role": "duty"}, 422),
        ({"username": "x", "role": "king"}, 422),
        ({"username": "x", "role": "duty", "password": "short"}, 422),
        ({"username": "x", "role": "duty", "sites": ["west"]}, 409),
    ]:
        assert (await admin.post("/api/v1/staff", json=body)).status_code == status, body
    renamed = {**made, "username": "may"}
    assert (await admin.put(f"/api/v1/staff/{made['id']}", json=renamed)).status_code == 409


async def test_the_history_of_an_account_has_no_password(client_of: Clients) -> None:
    admin = await client_of("admin", (), "root")
    made = await create(admin, "staff", username="mei", role="duty", password=PASSWORD)
    await put(admin, "staff", made, password="another horse")
    await put(admin, "staff", made, role="supervisor")
    response = await admin.get(f"/api/v1/staff/{made['id']}/history")
    assert [each["changed"] for each in response.json()["items"]][:2] == [["role"], ["password"]]
    assert {each["actor"] for each in response.json()["items"]} == {"root"}
    assert "hash" not in response.text
    assert "argon2" not in response.text
