"""Commands over HTTP: who may ask whom for what, and what is told about it."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from gateway.store.command_outbox import due_commands, give_up, mark_sent, write_down_attempts
from gateway.store.commands import OPEN_AT_MOST
from gateway.store.connection import Connection
from tests.support.console import NOW, Clients, Desk

BAND = {"site": "north", "device": "band-1", "type": "band"}
ASK = "/api/v1/devices/band-1/commands"
HOME = {"lat": 31.2, "lon": 121.4}


@pytest.fixture
async def manager(client_of: Clients) -> httpx.AsyncClient:
    """A manager who has registered a band."""
    client: httpx.AsyncClient = await client_of("manager", username="mei")
    assert (await client.post("/api/v1/devices", json=BAND)).status_code == 201
    return client


async def _ask(client: httpx.AsyncClient, name: str = "ring", **further: Any) -> dict[str, Any]:
    response = await client.post(ASK, json={"name": name, **further})
    assert response.status_code == 201, response.text
    asked: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/api/v1/commands/{asked['id']}"
    return asked


async def _attempt(conn: Connection) -> None:
    """What the gateway does before it publishes."""
    async with conn.transaction():
        due = await due_commands(conn, NOW, sending=True, limit=100)
        await write_down_attempts(conn, [(each.id, NOW + 15_000) for each in due], NOW)


async def test_a_command_is_answered_as_it_stands_and_found_again(
    client_of: Clients, manager: httpx.AsyncClient
) -> None:
    duty = await client_of("duty", ("north",), username="li")
    asked = await _ask(duty, "confirm_ok", args={"timeout_s": 30})
    assert asked == {
        "id": asked["id"],
        "device": "band-1",
        "site": "north",
        "name": "confirm_ok",
        "args": {"timeout_s": 30},
        "state": "queued",
        "reason": None,
        "created_at": NOW,
        "created_by": "li",
        "alarm": None,
        "expires_at": NOW + 300_000,
        "answer_until": NOW + 330_000,
        "attempts": 0,
        "next_attempt_at": NOW,
        "sent_at": None,
        "ok": None,
        "answer": None,
        "answered_at": None,
        "late": False,
        "ended_at": None,
        "ended_by": None,
    }
    assert (await duty.get(f"/api/v1/commands/{asked['id']}")).json() == asked
    assert (await manager.get(ASK)).json() == {"items": [asked], "next": None}


async def test_each_name_has_its_lifetime_unless_somebody_says_otherwise(manager: httpx.AsyncClient) -> None:
    pace = {"position_s": 60, "heartbeat_s": 60}
    assert (await _ask(manager, "locate"))["expires_at"] == NOW + 300_000
    assert (await _ask(manager, "set_interval", args=pace))["expires_at"] == NOW + 86_400_000
    assert (await _ask(manager, "set_interval", args=pace, expires_in_s=9))["expires_at"] == NOW + 9_000


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "dance"},
        {"name": "locate", "args": {"now": 1}},
        {"name": "set_interval"},
        {"name": "confirm_ok", "args": {"timeout_s": 4}},
        {"name": "message", "args": {"text": "a\u0000b"}},
        {"name": "message", "args": {"text": "长" * 201}},
        {"name": "ring", "expires_in_s": 0},
        {"name": "ring", "expires_in_s": 86_401},
        {"name": "ring", "expires": 60},
        {"name": "ring", "args": []},
    ],
)
async def test_what_no_device_understands_is_refused_and_not_kept(
    manager: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    refused = await manager.post(ASK, json=body)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert (await manager.get(ASK)).json()["items"] == []


async def test_half_a_character_is_refused(manager: httpx.AsyncClient) -> None:
    body = rb'{"name": "message", "args": {"text": "\ud800"}}'
    refused = await manager.post(ASK, content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == 422, refused.text


async def test_the_same_key_asks_once(manager: httpx.AsyncClient) -> None:
    first, again = [await manager.post(ASK, json={"name": "ring"}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert first.json() == again.json()
    assert len((await manager.get(ASK)).json()["items"]) == 1


async def test_an_auditor_may_look_but_not_ask_nor_take_back(client_of: Clients, manager: httpx.AsyncClient) -> None:
    asked = await _ask(manager)
    auditor = await client_of("auditor")
    assert (await auditor.post(ASK, json={"name": "ring"})).status_code == 403
    assert (await auditor.delete(f"/api/v1/commands/{asked['id']}")).status_code == 403
    assert (await auditor.get(ASK)).json()["items"] == [asked]


async def test_a_responder_asks_where_somebody_is_while_an_alarm_of_theirs_is_active_and_no_longer(
    client_of: Clients, manager: httpx.AsyncClient, desk: Desk
) -> None:
    """The position of somebody with whom nothing is wrong is nobody's who is not at the desk (ADR 42)."""
    person = {"site": "north", "name": "王秀英", "home": HOME}
    resident = (await manager.post("/api/v1/residents", json=person)).json()["id"]
    assert (await manager.put("/api/v1/devices/band-1", json=BAND | {"resident": resident})).status_code == 200
    responder = await client_of("responder", ("north",))
    pace = {"position_s": 10, "heartbeat_s": 60}
    wanted = [{"name": "locate"}, {"name": "set_interval", "args": pace}, {"name": "ring"}]

    async def answers() -> list[int]:
        return [(await responder.post(ASK, json=each)).status_code for each in wanted]

    await desk.raise_alarm()
    assert await answers() == [403, 403, 201], "somebody else's alarm is no reason"
    assert "disabled" in (await responder.get("/devices/band-1")).text
    alarm = await desk.raise_alarm(resident=resident)
    assert await answers() == [201, 201, 201]
    page = (await responder.get("/devices/band-1")).text
    assert 'data-command="locate">' in page
    over = msgspec.structs.replace(alarm, state="closed", outcome="false_alarm", version=2)
    async with desk.store.transaction() as tx:
        await tx.save(over, count_only=False)
    assert await answers() == [403, 403, 201]
    assert (await manager.post(ASK, json={"name": "locate"})).status_code == 201


async def test_devices_of_other_sites_are_not_there(client_of: Clients, manager: httpx.AsyncClient) -> None:
    asked = await _ask(manager)
    stranger = await client_of("duty", ("south",))
    answers = [
        await stranger.post(ASK, json={"name": "ring"}),
        await stranger.get(ASK),
        await stranger.get(f"/api/v1/commands/{asked['id']}"),
        await stranger.delete(f"/api/v1/commands/{asked['id']}"),
        await manager.post("/api/v1/devices/nobody/commands", json={"name": "ring"}),
        await manager.get("/api/v1/commands/00000000-0000-0000-0000-000000000000"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 6


async def test_a_revoked_or_unregistered_device_is_not_asked(manager: httpx.AsyncClient, conn: Connection) -> None:
    await manager.delete("/api/v1/devices/band-1")
    assert (await manager.post(ASK, json={"name": "ring"})).status_code == 409
    await conn.execute("insert into device (id, site, registered) values ('stray', 'north', false)")
    assert (await manager.post("/api/v1/devices/stray/commands", json={"name": "ring"})).status_code == 409


async def test_a_machine_may_be_asked_although_it_may_never_answer(manager: httpx.AsyncClient) -> None:
    await manager.post("/api/v1/devices", json=BAND | {"device": "rower-1", "type": "rower"})
    assert (await manager.post("/api/v1/devices/rower-1/commands", json={"name": "locate"})).status_code == 201


async def test_too_many_unanswered_are_refused_with_words(manager: httpx.AsyncClient) -> None:
    for number in range(OPEN_AT_MOST):
        await _ask(manager, "message", args={"text": str(number)})
    refused = await manager.post(ASK, json={"name": "locate"})
    assert refused.status_code == 429
    assert str(OPEN_AT_MOST) in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) > 0


async def test_asking_again_supersedes_and_the_list_is_paged_newest_first(manager: httpx.AsyncClient) -> None:
    keys = [(await _ask(manager))["id"] for _ in range(5)]
    got, before = [], None
    while True:
        page = (await manager.get(ASK, params={"limit": 2} | ({"before": before} if before else {}))).json()
        got += page["items"]
        before = page["next"]
        if before is None:
            break
    assert [each["id"] for each in got] == keys[::-1]
    assert [each["state"] for each in got] == ["queued"] + ["superseded"] * 4
    assert [(each["reason"], each["ended_by"]) for each in got[1:]] == [("newer", "mei")] * 4


async def test_a_command_can_be_taken_back_until_it_has_left(manager: httpx.AsyncClient, conn: Connection) -> None:
    asked = await _ask(manager)
    for _ in range(2):
        assert (await manager.delete(f"/api/v1/commands/{asked['id']}")).status_code == 204
    gone = (await manager.get(f"/api/v1/commands/{asked['id']}")).json()
    assert (gone["state"], gone["ended_by"], gone["next_attempt_at"]) == ("cancelled", "mei", None)
    left = await _ask(manager)
    await _attempt(conn)
    refused = await manager.delete(f"/api/v1/commands/{left['id']}")
    assert refused.status_code == 409
    assert refused.json()["command"]["attempts"] == 1


async def test_what_became_of_a_command_is_told(manager: httpx.AsyncClient, conn: Connection) -> None:
    asked = await _ask(manager)
    await _attempt(conn)
    (key,) = await (await conn.execute("select id from command")).fetchone() or (None,)
    assert key is not None
    await mark_sent(conn, key, NOW + 5)
    sent = (await manager.get(f"/api/v1/commands/{asked['id']}")).json()
    assert (sent["state"], sent["sent_at"], sent["attempts"], sent["next_attempt_at"]) == (
        "sent",
        NOW + 5,
        1,
        NOW + 15_000,
    )
    await give_up(conn, unsent=[], unanswered=[key], now=NOW + 300_000)
    over = (await manager.get(f"/api/v1/commands/{asked['id']}")).json()
    assert (over["state"], over["reason"], over["ended_at"]) == ("expired", "no_answer", NOW + 300_000)


@pytest.mark.parametrize("by", ["handover", "return", "revocation", "first wearer"])
async def test_a_command_does_not_reach_the_next_wearer(manager: httpx.AsyncClient, by: str) -> None:
    one, other = [
        (await manager.post("/api/v1/residents", json={"site": "north", "name": name, "home": HOME})).json()["id"]
        for name in ("one", "other")
    ]
    if by != "first wearer":
        assert (await manager.put("/api/v1/devices/band-1", json={**BAND, "resident": one})).status_code == 200
    asked = await _ask(manager, "message", args={"text": "see you at three"})
    if by == "revocation":
        assert (await manager.delete("/api/v1/devices/band-1")).status_code == 204
    else:
        wearer = None if by == "return" else other
        assert (await manager.put("/api/v1/devices/band-1", json={**BAND, "resident": wearer})).status_code == 200
    ended = (await manager.get(f"/api/v1/commands/{asked['id']}")).json()
    assert (ended["state"], ended["reason"], ended["ended_by"]) == ("cancelled", "handed_over", "mei")


async def test_a_command_outlasts_a_change_that_leaves_the_wearer(manager: httpx.AsyncClient) -> None:
    body = {"site": "north", "name": "one", "home": HOME}
    one = (await manager.post("/api/v1/residents", json=body)).json()["id"]
    await manager.put("/api/v1/devices/band-1", json={**BAND, "resident": one})
    asked = await _ask(manager)
    await manager.put("/api/v1/devices/band-1", json={**BAND, "resident": one, "phone": "13900139000"})
    assert (await manager.get(f"/api/v1/commands/{asked['id']}")).json()["state"] == "queued"
