"""Pages of the console that say whether alarms are heard there, and the sound at the end of the sign-in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from dashboards.api.access import COOKIE, CSRF_HEADER
from devices.clock import ManualClock
from gateway.store.accounts import Role, add_account, open_session
from gateway.store.connection import Connection
from tests.support.console import NOW, Clients, open_stream

PAGE = {"Accept": "text/html"}


async def browser(app: FastAPI, conn: Connection, role: Role = "duty", sites: tuple[str, ...] = ("north",)) -> Any:
    """A client that is signed in by cookie, as a browser is."""
    account = await add_account(conn, username=f"{role}-of-{'-'.join(sites)}", role=role, sites=sites)
    session = await open_session(conn, account.id, NOW)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://console",
        cookies={COOKIE: session.token},
        headers={CSRF_HEADER: session.csrf},
    )


def says(state: str, page: str = "page-0001") -> dict[str, str]:
    return {"page": page, "state": state}


async def test_a_page_that_listens_is_known_to_its_site_until_it_falls_silent(
    app: FastAPI, conn: Connection, clock: ManualClock
) -> None:
    async with await browser(app, conn) as own, await browser(app, conn, "supervisor", ()) as other:
        assert (await other.get("/console/desks")).json()["desks"] == []
        answer = (await own.post("/console/desks", json=says("audible"))).json()
        assert [(each["state"], each["own"]) for each in answer["desks"]] == [("audible", True)]
        [seen] = (await other.get("/console/desks")).json()["desks"]
        assert (seen["username"], seen["own"]) == ("duty-of-north", False)
        clock.now += 30_000
        assert (await other.get("/console/desks")).json()["desks"] == []


async def test_desks_of_other_sites_are_not_told(app: FastAPI, conn: Connection) -> None:
    async with await browser(app, conn) as north, await browser(app, conn, "duty", ("south",)) as south:
        await north.post("/console/desks", json=says("audible"))
        answer = (await south.post("/console/desks", json=says("muted"))).json()
        assert [each["username"] for each in answer["desks"]] == ["duty-of-south"]


@pytest.mark.parametrize("role", ["responder", "auditor"])
async def test_who_is_no_desk_cannot_say_that_they_listen(app: FastAPI, conn: Connection, role: Role) -> None:
    async with await browser(app, conn, role) as client:
        assert (await client.post("/console/desks", json=says("audible"))).status_code == 403
        assert (await client.get("/console/desks")).status_code == 200


async def test_another_program_listens_to_nothing(client_of: Clients) -> None:
    client = await client_of()
    assert (await client.post("/console/desks", json=says("audible"))).status_code == 403


@pytest.mark.parametrize("body", [says("loud"), says("audible", "p"), says("audible") | {"site": "north"}])
async def test_what_a_page_may_say_is_bounded(app: FastAPI, conn: Connection, body: dict[str, str]) -> None:
    async with await browser(app, conn) as client:
        assert (await client.post("/console/desks", json=body)).status_code == 422


class TestTheSoundTest:
    async def test_whoever_acts_on_alarms_hears_one_and_goes_where_they_wanted(
        self, app: FastAPI, conn: Connection
    ) -> None:
        async with await browser(app, conn) as client:
            client.cookies.delete(COOKIE)
            sent = await client.get("/people", headers=PAGE)
            assert sent.headers["location"] == "/signin"
            assert client.cookies["anxin_wanted"].strip('"') == "/people"
            wanted = client.cookies["anxin_wanted"]
        async with await browser(app, conn, "responder") as client:
            client.cookies["anxin_wanted"] = wanted
            answer = await client.get("/sound")
            assert answer.status_code == 200
            assert 'href="/people" id="heard"' in answer.text

    async def test_who_only_looks_on_is_not_asked(self, app: FastAPI, conn: Connection) -> None:
        async with await browser(app, conn, "auditor") as client:
            answer = await client.get("/sound")
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            assert (await client.get("/sound?again=true")).status_code == 200

    async def test_who_heard_it_in_this_browser_is_not_asked_again_and_the_next_person_is(
        self, app: FastAPI, conn: Connection
    ) -> None:
        async with await browser(app, conn) as client:
            account = (await client.get("/api/v1/session")).json()["account"]["id"]
            client.cookies["anxin_heard"] = account
            assert (await client.get("/sound")).headers["location"] == "/"
            assert (await client.get("/sound?again=true")).status_code == 200
        async with await browser(app, conn, "supervisor") as client:
            client.cookies["anxin_heard"] = account
            assert (await client.get("/sound")).status_code == 200

    @pytest.mark.parametrize(
        "wanted",
        ["//elsewhere.example", "https://elsewhere.example", "/%5Celsewhere", "/a%0d%0ab", "/signin", "/api/v1"],
    )
    async def test_it_leads_nowhere_else(self, app: FastAPI, conn: Connection, wanted: str) -> None:
        async with await browser(app, conn) as client:
            client.cookies["anxin_wanted"] = wanted
            assert 'href="/" id="heard"' in (await client.get("/sound")).text


async def test_a_stream_beats_for_whoever_asks(server_url: str, token_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.api.stream.BEAT_S", 0.05)
    async with open_stream(server_url, await token_of(), params={"beat": "true"}) as stream:
        assert [(await stream.next()).event for _ in range(2)] == ["beat", "beat"]


async def test_a_stream_beats_as_soon_as_all_that_was_missed_is_told(
    server_url: str, token_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.api.stream.BEAT_S", 3600.0)
    async with open_stream(server_url, await token_of(), params={"beat": "true"}) as stream:
        assert (await stream.next()).event == "beat"
