"""Alarms over HTTP: the list, the events, conflicts, sites, roles, idempotency, problems."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateway.store.changes import last_change
from gateway.store.connection import Connection
from tests.support.console import NOW, Clients, Desk


async def _ids(client: httpx.AsyncClient, **params: Any) -> list[str]:
    response = await client.get("/api/v1/alarms", params=params)
    assert response.status_code == 200
    return [item["id"] for item in response.json()["items"]]


async def test_the_list_is_newest_first_and_comes_in_pages(client_of: Clients, desk: Desk) -> None:
    client = await client_of()
    raised = [str((await desk.raise_alarm(raised_at=NOW + i // 2)).id) for i in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 3} | ({"before": cursor} if cursor else {})
        page = (await client.get("/api/v1/alarms", params=params)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(raised)
    assert len(seen) == 7
    assert set(seen[:1]) == {raised[6]}
    assert set(await _ids(client, before=NOW + 1)) == {raised[0], raised[1]}


async def test_the_list_names_the_change_where_the_stream_goes_on(
    client_of: Clients, desk: Desk, conn: Connection
) -> None:
    client = await client_of()
    assert (await client.get("/api/v1/alarms")).json() == {"items": [], "next": None, "change": 0}
    await desk.raise_alarm()
    await desk.raise_alarm()
    assert (await client.get("/api/v1/alarms")).json()["change"] == await last_change(conn) == 2


async def test_the_list_is_narrowed_by_state_kind_site_and_resident(client_of: Clients, desk: Desk) -> None:
    client = await client_of()
    sos = await desk.raise_alarm("north", resident="li")
    fall = await desk.raise_alarm("south", rule="fall.device")
    await client.post(f"/api/v1/alarms/{fall.id}/cancel")
    assert await _ids(client, state="active") == [str(sos.id)]
    assert await _ids(client, state="closed") == [str(fall.id)]
    assert len(await _ids(client, state="all")) == len(await _ids(client)) == 2
    assert await _ids(client, state="suppressed") == []
    assert await _ids(client, kind="fall") == [str(fall.id)]
    assert await _ids(client, site="north") == [str(sos.id)]
    assert await _ids(client, resident="li") == [str(sos.id)]
    assert (await client.get("/api/v1/alarms", params={"state": "asleep"})).status_code == 422


async def test_an_alarm_is_taken_through_its_life(client_of: Clients, desk: Desk) -> None:
    client = await client_of("duty", (), "mei")
    url = f"/api/v1/alarms/{(await desk.raise_alarm()).id}"
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("acknowledge", {}, "acknowledged"),
        ("note", {"text": "no answer", "code": "no_answer"}, "acknowledged"),
        ("assign", {"assignee": "bo"}, "acknowledged"),
        ("dispatch", {"responder": "wang", "note": "has the key"}, "dispatched"),
        ("arrive", {}, "on_scene"),
        ("resolve", {"note": "is well"}, "resolved"),
        ("rate", {"rating": 5, "comment": "quick"}, "resolved"),
        ("close", {"outcome": "true_alarm", "result": "helped_on_site"}, "closed"),
        ("reopen", {}, "open"),
        ("acknowledge", {}, "acknowledged"),
        ("release", {}, "open"),
        ("cancel", {}, "cancelled"),
    ]
    for event, body, state in steps:
        response = await client.post(f"{url}/{event}", json=body)
        assert response.status_code == 200, (event, response.text)
        assert response.json()["state"] == state, event
    alarm = (await client.get(url)).json()
    assert {entry["actor"] for entry in alarm["timeline"]} == {"engine", "mei"}
    assert {event for event, _, _ in steps} <= {entry["event"] for entry in alarm["timeline"]}


async def test_repeating_ones_own_event_changes_nothing(client_of: Clients, desk: Desk, conn: Connection) -> None:
    client = await client_of()
    url = f"/api/v1/alarms/{(await desk.raise_alarm()).id}/acknowledge"
    first = await client.post(url)
    second = await client.post(url)
    assert (second.status_code, second.json()) == (200, first.json())
    assert await last_change(conn) == 2


async def test_who_comes_second_gets_the_alarm_as_it_is(client_of: Clients, desk: Desk) -> None:
    mei, bo = await client_of("duty", (), "mei"), await client_of("duty", (), "bo")
    alarm = await desk.raise_alarm()
    url = f"/api/v1/alarms/{alarm.id}/acknowledge"
    await mei.post(url)
    response = await bo.post(url)
    problem = response.json()
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == 409
    assert problem["type"] == "urn:anxin:problem:alarm-state"
    assert (problem["alarm"]["id"], problem["alarm"]["assignee"]) == (str(alarm.id), "mei")
    assert problem["alarm"]["timeline"][-1] == {
        **problem["alarm"]["timeline"][-1],
        "actor": "mei",
        "event": "acknowledge",
        "t": NOW,
    }
    assert (await bo.get(f"/api/v1/alarms/{alarm.id}")).json() == problem["alarm"]


async def test_of_two_who_take_an_alarm_at_once_one_gets_it(client_of: Clients, desk: Desk) -> None:
    clients = [await client_of("duty", (), name) for name in ("mei", "bo", "an", "yu")]
    url = f"/api/v1/alarms/{(await desk.raise_alarm()).id}/acknowledge"
    answers = await asyncio.gather(*(client.post(url) for client in clients))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_alarms_of_other_sites_are_not_there(client_of: Clients, desk: Desk) -> None:
    south = await client_of("duty", ("south",))
    alarm = await desk.raise_alarm("north")
    url = f"/api/v1/alarms/{alarm.id}"
    assert await _ids(south) == []
    assert await _ids(south, site="north") == []
    assert (await south.get(url)).status_code == 404
    assert (await south.post(f"{url}/acknowledge")).status_code == 404
    assert (await (await client_of()).get(url)).json()["version"] == 1


async def test_auditors_read_and_responders_act(client_of: Clients, desk: Desk) -> None:
    auditor, responder = await client_of("auditor"), await client_of("responder")
    url = f"/api/v1/alarms/{(await desk.raise_alarm()).id}"
    assert (await auditor.get(url)).status_code == 200
    refused = await auditor.post(f"{url}/acknowledge")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:anxin:problem:role")
    assert (await responder.post(f"{url}/acknowledge")).status_code == 200


@pytest.mark.parametrize(
    ("event", "content", "status"),
    [
        ("close", b"", 422),
        ("close", b'{"outcome": "nonsense"}', 422),
        ("rate", b'{"rating": 6}', 422),
        ("note", b'{"text": "a\\u0000b"}', 422),
        ("note", b'{"text": 5}', 422),
        ("acknowledge", b"[]", 422),
        ("acknowledge", b"{", 400),
        ("acknowledge", b"\xff", 400),
        ("acknowledge", b"[" * 100_000, 400),
        ("dance", b"", 404),
    ],
)
async def test_what_cannot_be_read_is_a_problem_and_changes_nothing(
    client_of: Clients, desk: Desk, event: str, content: bytes, status: int
) -> None:
    client = await client_of()
    url = f"/api/v1/alarms/{(await desk.raise_alarm()).id}"
    response = await client.post(f"{url}/{event}", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert response.json()["detail"]
    assert (await client.get(url)).json()["version"] == 1


async def test_every_error_is_a_problem(client_of: Clients) -> None:
    client = await client_of()
    for url, status in [
        ("/api/v1/nothing", 404),
        ("/api/v1/alarms/not-a-uuid", 422),
        (f"/api/v1/alarms/{uuid4()}", 404),
        ("/api/v1/alarms?before=yesterday", 422),
        ("/api/v1/alarms?limit=0", 422),
    ]:
        response = await client.get(url)
        assert response.status_code == status, url
        assert response.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail"} <= response.json().keys()
    assert (await client.put("/api/v1/alarms")).status_code == 405


async def test_the_same_key_does_it_once(client_of: Clients, desk: Desk) -> None:
    client = await client_of()
    url = f"/api/v1/alarms/{(await desk.raise_alarm()).id}"
    first = await client.post(f"{url}/note", json={"text": "called"}, headers={"Idempotency-Key": "k1"})
    await client.post(f"{url}/acknowledge")
    again = await client.post(f"{url}/note", json={"text": "called"}, headers={"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    timeline = (await client.get(url)).json()["timeline"]
    assert [entry["event"] for entry in timeline] == ["opened", "note", "acknowledge"]


async def test_a_key_belongs_to_one_request_of_one_account(client_of: Clients, desk: Desk) -> None:
    mei, bo = await client_of(), await client_of()
    url = f"/api/v1/alarms/{(await desk.raise_alarm()).id}"
    headers = {"Idempotency-Key": "k1"}
    assert (await mei.post(f"{url}/note", json={"text": "a"}, headers=headers)).status_code == 200
    other = await mei.post(f"{url}/note", json={"text": "b"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:anxin:problem:idempotency")
    assert (await bo.post(f"{url}/note", json={"text": "b"}, headers=headers)).status_code == 200


async def test_a_burst_with_one_key_does_it_once(client_of: Clients, desk: Desk) -> None:
    client = await client_of()
    url = f"/api/v1/alarms/{(await desk.raise_alarm()).id}"
    answers = await asyncio.gather(
        *(client.post(f"{url}/note", json={"text": "x"}, headers={"Idempotency-Key": "k"}) for _ in range(6))
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert [entry["event"] for entry in (await client.get(url)).json()["timeline"]] == ["opened", "note"]


async def test_after_an_error_the_key_may_try_again(client_of: Clients, desk: Desk) -> None:
    client = await client_of()
    url = f"/api/v1/alarms/{(await desk.raise_alarm()).id}"
    headers = {"Idempotency-Key": "k"}
    assert (await client.post(f"{url}/dispatch", headers=headers)).status_code == 409
    await client.post(f"{url}/acknowledge")
    assert (await client.post(f"{url}/dispatch", headers=headers)).status_code == 200


async def test_an_alarm_that_somebody_is_changing_for_too_long_is_a_503(
    client_of: Clients, desk: Desk, conn: Connection
) -> None:
    client = await client_of()
    alarm = await desk.raise_alarm()
    async with conn.transaction():
        await conn.execute("select 1 from alarm where id = %s for update", (alarm.id,))
        response = await client.post(f"/api/v1/alarms/{alarm.id}/acknowledge")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert (await client.post(f"/api/v1/alarms/{alarm.id}/acknowledge")).status_code == 200


async def test_the_page_of_what_concerns_a_centre_names_the_centre(client_of: Clients, desk: Desk) -> None:
    client = await client_of("duty")
    silent = await desk.raise_alarm(rule="system.site_silent", severity="high")
    page = (await client.get(f"/alarms/{silent.id}")).text
    assert "北社区 · 许多设备同时没有消息" in page
    assert "不知道是谁" not in page
    assert ">北社区</a>" in (await client.get("/alarms")).text
    assert (await client.get("/console/directory")).json()["sites"] == {"north": "北社区", "south": "南社区"}
    sheet = (await client.get("/sheet?site=north")).text
    assert "北社区" in sheet.partition("未了结的警报")[2].partition("</table>")[0]
