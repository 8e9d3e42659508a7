"""Alarms opened by hand, and all of a person's alarms taken with one word."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from gateway.store.changes import last_change
from gateway.store.connection import Connection
from gateway.store.registry import add_device, add_household, add_resident
from gateway.store.registry_records import DeviceFields, HouseholdFields, Resident, ResidentFields
from tests.support.console import NOW, Clients, Desk

KINDS = {
    "sos": "critical",
    "fall": "critical",
    "wandering": "high",
    "missed_check": "medium",
    "vitals": "high",
    "device": "low",
    "system": "medium",
}


@pytest.fixture
async def home(conn: Connection) -> str:
    return (await add_household(conn, "test", HouseholdFields(site="north", name="李家"))).id


@pytest.fixture
async def li(conn: Connection, home: str) -> Resident:
    return await add_resident(conn, "test", ResidentFields(site="north", name="李奶奶", household=home))


async def items(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/api/v1/alarms", params={"state": "active"})).json()["items"]
    return found


class TestReports:
    @pytest.mark.parametrize("kind", KINDS)
    async def test_every_kind_is_opened_by_hand_and_lives_like_any_other(
        self, client_of: Clients, li: Resident, kind: str
    ) -> None:
        client = await client_of("duty", ("north",), "mei")
        body = {"resident": li.id, "kind": kind, "note": "her daughter phoned"}
        answer = await client.post("/api/v1/alarms", json=body)
        alarm = answer.json()
        assert (answer.status_code, answer.headers["location"]) == (201, f"/api/v1/alarms/{alarm['id']}")
        assert (alarm["kind"], alarm["rule"], alarm["severity"]) == (kind, f"{kind}.reported", KINDS[kind])
        assert (alarm["state"], alarm["site"], alarm["resident"]) == ("open", "north", li.id)
        assert (alarm["household"], alarm["raised_at"], alarm["drill"]) == (li.household, NOW, False)
        entry = alarm["timeline"][0]
        assert (entry["event"], entry["actor"], entry["note"]) == ("opened", "mei", "her daughter phoned")
        assert await items(client) == [alarm]
        taken = await client.post(f"/api/v1/alarms/{alarm['id']}/acknowledge")
        assert (taken.status_code, taken.json()["assignee"]) == (200, "mei")

    async def test_a_household_a_device_or_a_site_may_be_meant(
        self, client_of: Clients, conn: Connection, home: str, li: Resident
    ) -> None:
        fields = DeviceFields(site="north", type="band", resident=li.id)
        await add_device(conn, "test", "band-1", fields, password_hash=None, now=NOW)
        client = await client_of()
        for body, subject in [
            ({"household": home, "kind": "fall"}, home),
            ({"device": "band-1", "kind": "device"}, "band-1"),
            ({"site": "south", "kind": "system"}, "south"),
        ]:
            answer = await client.post("/api/v1/alarms", json=body)
            assert (answer.status_code, answer.json()["subject"]) == (201, subject), answer.text

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"kind": "fall"},
            {"kind": "fire", "resident": "?"},
            {"kind": "fall", "resident": "nobody"},
            {"kind": "fall", "household": "nobody's"},
            {"kind": "fall", "resident": "?", "household": "?"},
            {"kind": "fall", "resident": "?", "note": "a\x00b"},
            {"kind": "fall", "resident": "?", "note": "x" * 2001},
            {"kind": "fall", "resident": "?", "site": "south"},
            {"kind": "fall", "device": "band-1"},
        ],
    )
    async def test_what_names_nobody_or_nothing_known_is_refused(
        self, client_of: Clients, conn: Connection, li: Resident, home: str, body: dict[str, str]
    ) -> None:
        real = {"resident": li.id, "household": home}
        sent = {name: real[name] if value == "?" else value for name, value in body.items()}
        answer = await (await client_of()).post("/api/v1/alarms", json=sent)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert await last_change(conn) == 0

    async def test_somebody_of_another_site_is_not_there(self, client_of: Clients, li: Resident) -> None:
        south = await client_of("duty", ("south",))
        answer = await south.post("/api/v1/alarms", json={"resident": li.id, "kind": "sos"})
        nobody = await south.post("/api/v1/alarms", json={"resident": "nobody", "kind": "sos"})
        assert (answer.status_code, answer.json()) == (422, nobody.json())

    async def test_an_auditor_reports_nothing(self, client_of: Clients, li: Resident) -> None:
        auditor = await client_of("auditor")
        assert (await auditor.post("/api/v1/alarms", json={"resident": li.id, "kind": "sos"})).status_code == 403

    async def test_the_same_key_reports_once(self, client_of: Clients, li: Resident) -> None:
        client = await client_of()
        body, headers = {"resident": li.id, "kind": "sos"}, {"Idempotency-Key": "k"}
        first = await client.post("/api/v1/alarms", json=body, headers=headers)
        again = await client.post("/api/v1/alarms", json=body, headers=headers)
        assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
        assert [alarm["count"] for alarm in await items(client)] == [1]

    async def test_a_second_report_of_the_same_joins_the_first(self, client_of: Clients, li: Resident) -> None:
        mei, bo = await client_of("duty", (), "mei"), await client_of("duty", (), "bo")
        body = {"resident": li.id, "kind": "fall", "note": "in the yard"}
        first = await mei.post("/api/v1/alarms", json=body)
        second = await bo.post("/api/v1/alarms", json=body | {"note": "a neighbour saw it"})
        assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])
        assert [(e["event"], e["actor"], e["note"]) for e in second.json()["timeline"]] == [
            ("opened", "mei", "in the yard"),
            ("reported", "bo", "a neighbour saw it"),
        ]


class TestTakingAll:
    async def three(self, desk: Desk, li: Resident) -> set[str]:
        rules = ("sos.button", "fall.device", "wandering.zone_exit")
        return {str((await desk.raise_alarm(resident=li.id, rule=rule)).id) for rule in rules}

    async def test_one_word_takes_all_that_is_open_of_a_resident(
        self, client_of: Clients, desk: Desk, li: Resident
    ) -> None:
        other = await desk.raise_alarm(resident="somebody-else")
        wanted = await self.three(desk, li)
        client = await client_of("duty", (), "mei")
        answer = await client.post(f"/api/v1/residents/{li.id}/acknowledge")
        assert (answer.status_code, answer.json()["held"]) == (200, [])
        assert {alarm["id"] for alarm in answer.json()["items"]} == wanted
        assert {(alarm["state"], alarm["assignee"]) for alarm in answer.json()["items"]} == {("acknowledged", "mei")}
        states = {alarm["id"]: alarm["state"] for alarm in await items(client)}
        assert states == dict.fromkeys(wanted, "acknowledged") | {str(other.id): "open"}

    async def test_what_somebody_else_has_is_told_and_the_rest_is_taken(
        self, client_of: Clients, desk: Desk, li: Resident
    ) -> None:
        mei, bo = await client_of("duty", (), "mei"), await client_of("duty", (), "bo")
        first, *others = sorted(await self.three(desk, li))
        await bo.post(f"/api/v1/alarms/{first}/acknowledge")
        answer = (await mei.post(f"/api/v1/residents/{li.id}/acknowledge")).json()
        assert sorted(alarm["id"] for alarm in answer["items"]) == others
        assert [(alarm["id"], alarm["assignee"]) for alarm in answer["held"]] == [(first, "bo")]

    async def test_who_comes_second_learns_who_has_them(self, client_of: Clients, desk: Desk, li: Resident) -> None:
        await self.three(desk, li)
        clients = {name: await client_of("duty", (), name) for name in ("mei", "bo", "an")}
        url = f"/api/v1/residents/{li.id}/acknowledge"
        answers = dict(
            zip(clients, await asyncio.gather(*(client.post(url) for client in clients.values())), strict=True)
        )
        assert sorted(answer.status_code for answer in answers.values()) == [200, 409, 409]
        winner = next(name for name, answer in answers.items() if answer.status_code == 200)
        for name, answer in answers.items():
            if name != winner:
                problem = answer.json()
                assert (problem["type"], problem["alarm"]["assignee"]) == ("urn:anxin:problem:alarm-state", winner)

    async def test_taking_all_twice_changes_nothing(
        self, client_of: Clients, desk: Desk, conn: Connection, li: Resident
    ) -> None:
        await self.three(desk, li)
        client = await client_of()
        url = f"/api/v1/residents/{li.id}/acknowledge"
        first = (await client.post(url)).json()
        changes = await last_change(conn)
        assert (await client.post(url)).json() == first
        assert await last_change(conn) == changes

    async def test_with_nothing_open_nothing_is_taken(self, client_of: Clients, li: Resident) -> None:
        answer = await (await client_of()).post(f"/api/v1/residents/{li.id}/acknowledge")
        assert (answer.status_code, answer.json()) == (200, {"items": [], "held": []})

    async def test_a_households_name_takes_its_boxs_alarms_alone(
        self, client_of: Clients, desk: Desk, li: Resident, home: str
    ) -> None:
        client = await client_of()
        box = (await client.post("/api/v1/alarms", json={"household": home, "kind": "fall"})).json()
        own = (await client.post("/api/v1/alarms", json={"resident": li.id, "kind": "fall"})).json()
        answer = (await client.post(f"/api/v1/households/{home}/acknowledge")).json()
        assert [alarm["id"] for alarm in answer["items"]] == [box["id"]]
        assert (await client.get(f"/api/v1/alarms/{own['id']}")).json()["state"] == "open"

    async def test_people_of_other_sites_are_not_there(self, client_of: Clients, li: Resident, home: str) -> None:
        south = await client_of("duty", ("south",))
        assert (await south.post(f"/api/v1/residents/{li.id}/acknowledge")).status_code == 404
        assert (await south.post(f"/api/v1/households/{home}/acknowledge")).status_code == 404
        auditor = await client_of("auditor")
        assert (await auditor.post(f"/api/v1/residents/{li.id}/acknowledge")).status_code == 403
