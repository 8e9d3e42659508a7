"""API tokens: what another system may do with one, and for how long."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx

from devices.clock import ManualClock
from gateway.store.connection import Connection
from tests.support.console import NOW, Clients
from tests.support.records import create, items, put, resident


async def _key(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    return await create(client, "tokens", **({"name": "kitchen", "role": "duty"} | fields))


def _with(key: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {key['token']}"}


async def test_a_key_acts_for_its_account_and_only_its_hash_is_kept(
    client_of: Clients, anonymous: httpx.AsyncClient, conn: Connection
) -> None:
    mei = await client_of("manager", (), "mei")
    key = await _key(mei, role="manager")
    made = await anonymous.post("/api/v1/residents", json={"site": "north", "name": "李奶奶"}, headers=_with(key))
    assert made.status_code == 201
    (first,) = (await mei.get(f"/api/v1/residents/{made.json()['id']}/history")).json()["items"]
    assert first["actor"] == "mei"
    cursor = await conn.execute("select token_hash, k::text from api_token k")
    row = await cursor.fetchone()
    assert row is not None
    assert row[0] == hashlib.sha256(key["token"].encode()).digest()
    assert key["token"] not in row[1]
    assert "token" not in (await items(mei, "tokens"))[0]


async def test_a_key_has_no_more_than_its_own_role_and_sites(client_of: Clients, anonymous: httpx.AsyncClient) -> None:
    mei = await client_of("manager")
    north, south = await resident(mei), await resident(mei, "赵奶奶", "south")
    key = await _key(mei, role="auditor", sites=["north"])
    found = await anonymous.get("/api/v1/residents", headers=_with(key))
    assert [each["id"] for each in found.json()["items"]] == [north["id"]]
    hidden = await anonymous.get(f"/api/v1/residents/{south['id']}", headers=_with(key))
    assert hidden.status_code == 404
    refused = await anonymous.post("/api/v1/residents", json={"site": "north", "name": "x"}, headers=_with(key))
    assert refused.status_code == 403


async def test_a_key_never_exceeds_what_its_account_may_by_now(
    client_of: Clients, anonymous: httpx.AsyncClient
) -> None:
    admin, mei = await client_of("admin"), await client_of("manager", (), "mei")
    everywhere, south = await _key(mei, role="manager"), await _key(mei, role="manager", sites=["south"])
    me = next(each for each in await items(admin, "staff") if each["username"] == "mei")
    await put(admin, "staff", me, role="duty", sites=["north"])
    session = (await anonymous.get("/api/v1/session", headers=_with(everywhere))).json()
    assert (session["account"]["role"], session["account"]["sites"]) == ("duty", ["north"])
    assert (await anonymous.get("/api/v1/session", headers=_with(south))).status_code == 401


async def test_nobody_makes_a_key_above_themselves(client_of: Clients) -> None:
    duty = await client_of("duty", ("north",))
    for fields in ({"role": "manager"}, {"role": "duty", "sites": ["south"]}):
        body = {"name": "x", **fields}
        assert (await duty.post("/api/v1/tokens", json=body)).status_code == 403, fields
    past = await duty.post("/api/v1/tokens", json={"name": "x", "role": "duty", "expires_at": NOW})
    assert past.status_code == 422


async def test_a_key_ends_with_its_time_or_when_somebody_ends_it(
    client_of: Clients, anonymous: httpx.AsyncClient, clock: ManualClock
) -> None:
    mei, other = await client_of("duty"), await client_of("duty")
    short, long = await _key(mei, expires_at=NOW + 1000), await _key(mei)
    clock.now = NOW + 999
    assert (await anonymous.get("/api/v1/sites", headers=_with(short))).status_code == 200
    clock.now = NOW + 1000
    assert (await anonymous.get("/api/v1/sites", headers=_with(short))).status_code == 401
    assert (await anonymous.get("/api/v1/sites", headers=_with(long))).status_code == 200
    assert (await other.delete(f"/api/v1/tokens/{long['id']}")).status_code == 404
    assert (await mei.delete(f"/api/v1/tokens/{long['id']}")).status_code == 204
    assert (await anonymous.get("/api/v1/sites", headers=_with(long))).status_code == 401


async def test_one_sees_ones_own_keys_and_when_they_were_used(
    client_of: Clients, anonymous: httpx.AsyncClient, clock: ManualClock
) -> None:
    mei, other, admin = await client_of("duty"), await client_of("duty"), await client_of("admin")
    key = await _key(mei)
    assert (await items(mei, "tokens"))[0]["last_used"] is None
    clock.now = NOW + 5000
    await anonymous.get("/api/v1/sites", headers=_with(key))
    assert (await items(mei, "tokens"))[0]["last_used"] == NOW + 5000
    assert await items(other, "tokens") == []
    assert [each["id"] for each in await items(admin, "tokens")] == [key["id"]]


async def test_a_key_makes_no_keys_and_a_repetition_does_not_tell_it_again(
    client_of: Clients, anonymous: httpx.AsyncClient
) -> None:
    mei = await client_of("duty")
    headers = {"Idempotency-Key": "k"}
    body = {"name": "x", "role": "duty"}
    first = (await mei.post("/api/v1/tokens", json=body, headers=headers)).json()
    again = (await mei.post("/api/v1/tokens", json=body, headers=headers)).json()
    assert again == {**first, "token": None}
    assert (await anonymous.post("/api/v1/tokens", json=body, headers=_with(first))).status_code == 403
    assert (await anonymous.delete(f"/api/v1/tokens/{first['id']}", headers=_with(first))).status_code == 403


async def test_a_key_makes_no_accounts_and_no_links(client_of: Clients, anonymous: httpx.AsyncClient) -> None:
    mei = await client_of("manager")
    key = _with((await mei.post("/api/v1/tokens", json={"name": "x", "role": "manager"})).json())
    form = {"username": "li", "role": "duty", "password": "long enough"}
    assert (await anonymous.post("/api/v1/staff", json=form, headers=key)).status_code == 403
    li = (await mei.post("/api/v1/staff", json=form)).json()
    path = f"/api/v1/staff/{li['id']}"
    assert (await anonymous.put(path, json=form, headers=key)).status_code == 403
    assert (await anonymous.post(f"{path}/signin-link", headers=key)).status_code == 403
    assert (await anonymous.get(path, headers=key)).status_code == 200
