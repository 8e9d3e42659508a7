"""Contract section 3, "States", over HTTP: every event in every state, by whom, and until when."""

from __future__ import annotations

from typing import Any, Final

import httpx
import pytest

from dashboards.api.alarms import EVENTS
from devices.clock import ManualClock
from tests.support.console import NOW, Clients, Desk

HOUR_MS: Final = 3_600_000

WAY: Final[dict[str, list[str]]] = {
    "open": [],
    "acknowledged": ["acknowledge"],
    "dispatched": ["acknowledge", "dispatch"],
    "on_scene": ["acknowledge", "dispatch", "arrive"],
    "resolved": ["acknowledge", "resolve"],
    "closed": ["acknowledge", "resolve", "close"],
    "cancelled": ["cancel"],
}
BODY: Final[dict[str, dict[str, Any]]] = {
    "assign": {"assignee": "chen"},
    "dispatch": {"responder": "neighbour"},
    "close": {"outcome": "true_alarm"},
    "rate": {"rating": 4},
    "note": {"text": "spoke to the neighbour"},
}
LEADS: Final[dict[str, dict[str, str]]] = {
    "open": {"acknowledge": "acknowledged", "assign": "open", "cancel": "cancelled", "note": "open", "notify": "open"},
    "acknowledged": {
        "dispatch": "dispatched",
        "resolve": "resolved",
        "release": "open",
        "cancel": "cancelled",
        "assign": "acknowledged",
        "note": "acknowledged",
        "notify": "acknowledged",
    },
    "dispatched": {
        "dispatch": "dispatched",
        "arrive": "on_scene",
        "resolve": "resolved",
        "release": "open",
        "cancel": "cancelled",
        "assign": "dispatched",
        "note": "dispatched",
        "notify": "dispatched",
    },
    "on_scene": {
        "resolve": "resolved",
        "cancel": "cancelled",
        "assign": "on_scene",
        "note": "on_scene",
        "notify": "on_scene",
    },
    "resolved": {"close": "closed", "reopen": "open", "rate": "resolved", "assign": "resolved", "note": "resolved"},
    "closed": {"reopen": "open", "rate": "closed"},
    "cancelled": {"reopen": "open", "assign": "cancelled", "note": "cancelled"},
}


async def brought_to(client: httpx.AsyncClient, desk: Desk, state: str) -> str:
    """A fresh alarm that ``client`` brought into a state; its address."""
    url = f"/api/v1/alarms/{(await desk.raise_alarm()).id}"
    for event in WAY[state]:
        answer = await client.post(f"{url}/{event}", json=BODY.get(event, {}))
        assert answer.status_code == 200, answer.text
    return url


@pytest.mark.parametrize("state", WAY)
async def test_each_event_is_allowed_from_exactly_its_states(client_of: Clients, desk: Desk, state: str) -> None:
    li, zhang = await client_of("duty", (), "li"), await client_of("duty", (), "zhang")
    for event in EVENTS:
        url = await brought_to(li, desk, state)
        before = (await zhang.get(url)).json()
        answer = await zhang.post(f"{url}/{event}", json=BODY.get(event, {}))
        after = (await zhang.get(url)).json()
        expected = LEADS[state].get(event)
        if expected is None:
            assert answer.status_code == 409, (state, event)
            assert answer.json()["alarm"] == before == after, (state, event)
        else:
            assert answer.status_code == 200, (state, event, answer.text)
            assert answer.json() == after, (state, event)
            said = [entry for entry in after["timeline"][len(before["timeline"]) :] if entry["actor"] == "zhang"]
            assert [entry["event"] for entry in said] == [event], (state, event)
            assert (after["state"], after["version"] > before["version"]) == (expected, True), (state, event)


async def test_what_ended_may_be_reopened_for_24_hours(client_of: Clients, desk: Desk, clock: ManualClock) -> None:
    for state in ("resolved", "closed", "cancelled"):
        clock.now = NOW
        client = await client_of()
        url = await brought_to(client, desk, state)
        clock.now += 24 * HOUR_MS + 1
        refused = await client.post(f"{url}/reopen")
        assert (refused.status_code, refused.json()["reason"]) == (409, "too_late")
        url = await brought_to(client, desk, state)
        clock.now += 24 * HOUR_MS
        reopened = await client.post(f"{url}/reopen", json={"note": "she called again"})
        assert reopened.status_code == 200
        alarm = reopened.json()
        assert (alarm["state"], alarm["assignee"], alarm["outcome"]) == ("open", None, None)
        assert alarm["timeline"][-1]["note"] == "she called again"


async def test_what_was_reopened_gives_way_to_a_newer_alarm_of_the_same(client_of: Clients, desk: Desk) -> None:
    client = await client_of()
    first = await desk.raise_alarm(resident="li")
    url = f"/api/v1/alarms/{first.id}"
    await client.post(f"{url}/cancel")
    await desk.raise_alarm(resident="li")
    refused = await client.post(f"{url}/reopen")
    assert (refused.status_code, refused.json()["reason"]) == (409, "another_active")
    assert (await client.get(url)).json()["state"] == "cancelled"


async def test_release_gives_it_to_nobody_and_it_may_be_taken_by_another(client_of: Clients, desk: Desk) -> None:
    li, zhang = await client_of("duty", (), "li"), await client_of("duty", (), "zhang")
    url = await brought_to(li, desk, "dispatched")
    released = (await li.post(f"{url}/release", json={"note": "my shift ends"})).json()
    assert (released["state"], released["assignee"]) == ("open", None)
    assert (await zhang.post(f"{url}/acknowledge")).json()["assignee"] == "zhang"


@pytest.mark.parametrize("rating", [1, 2, 3, 4, 5])
async def test_each_rating_from_one_to_five_is_kept(client_of: Clients, desk: Desk, rating: int) -> None:
    client = await client_of()
    url = await brought_to(client, desk, "closed")
    rated = await client.post(f"{url}/rate", json={"rating": rating, "comment": "came at once"})
    assert (rated.status_code, rated.json()["rating"], rated.json()["state"]) == (200, rating, "closed")
    assert rated.json()["timeline"][-1]["note"] == "came at once"


@pytest.mark.parametrize("rating", [0, 6, 2.5, "5", None, True])
async def test_any_other_rating_is_refused(client_of: Clients, desk: Desk, rating: object) -> None:
    client = await client_of()
    url = await brought_to(client, desk, "resolved")
    assert (await client.post(f"{url}/rate", json={"rating": rating})).status_code == 422
    assert (await client.get(url)).json()["rating"] is None


OUTCOMES = ("true_alarm", "false_alarm", "accidental", "no_access", "test", "technical")
RESULTS = ("settled_by_phone", "helped_on_site", "ambulance", "hospital", "found", "died", "none", None)


async def test_every_outcome_closes_with_every_result(client_of: Clients, desk: Desk) -> None:
    client = await client_of()
    for outcome in OUTCOMES:
        for result in RESULTS:
            url = await brought_to(client, desk, "resolved")
            body = {"outcome": outcome} | ({} if result is None else {"result": result})
            closed = await client.post(f"{url}/close", json=body)
            assert (closed.status_code, closed.json()["state"]) == (200, "closed")
            assert (closed.json()["outcome"], closed.json()["result"]) == (outcome, result)


@pytest.mark.parametrize(
    "body", [{}, {"outcome": None}, {"outcome": "true_alarm", "result": "asleep"}, {"result": "found"}]
)
async def test_nothing_closes_without_a_known_outcome(client_of: Clients, desk: Desk, body: dict[str, Any]) -> None:
    client = await client_of()
    url = await brought_to(client, desk, "resolved")
    assert (await client.post(f"{url}/close", json=body)).status_code == 422
    assert (await client.get(url)).json()["state"] == "resolved"


@pytest.mark.parametrize("code", ["no_answer", "called_120", "called_110", "key_used"])
async def test_a_note_may_be_a_code_alone(client_of: Clients, desk: Desk, code: str) -> None:
    client = await client_of()
    url = await brought_to(client, desk, "open")
    noted = await client.post(f"{url}/note", json={"code": code})
    assert noted.status_code == 200
    assert noted.json()["timeline"][-1]["code"] == code


async def test_a_note_with_an_unknown_code_is_refused(client_of: Clients, desk: Desk) -> None:
    client = await client_of()
    url = await brought_to(client, desk, "open")
    assert (await client.post(f"{url}/note", json={"code": "sang_a_song"})).status_code == 422
    assert (await client.get(url)).json()["version"] == 1
