"""Escalation policies over HTTP: written by those who administer, checked word by word, seen before they count."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from devices.clock import HOUR_MS
from gateway.store.connection import Connection
from gateway.store.policies import ask_policies, policies_in
from tests.support.console import NOW, Clients
from tests.support.records import create, items, put, resident

STEP = {"after_s": 30, "who": "duty", "how": "sms"}
FIELDS: dict[str, Any] = {
    "site": "north",
    "name": "夜里",
    "applies_to": "fall",
    "severity": "critical",
    "from_minute": 22 * 60,
    "to_minute": 6 * 60,
    "quiet_from_minute": None,
    "quiet_to_minute": None,
    "progress_s": 120,
    "arrival_s": 600,
    "steps": [{**STEP, "nth": None, "times": 2, "every_s": 60}],
    "active": True,
}


async def _previewed(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/policies/preview", params={"site": "north", "rule": "fall.device", **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_policy_comes_back_as_written_and_its_history_is_kept(client_of: Clients) -> None:
    manager = await client_of("manager", ("north",))
    made = await create(manager, "policies", **FIELDS)
    assert made == {**FIELDS, "id": made["id"]}
    changed = await put(manager, "policies", made, active=False)
    assert await items(manager, "policies") == [changed]
    history = (await manager.get(f"/api/v1/policies/{made['id']}/history")).json()["items"]
    assert [each["changed"] for each in history][:1] == [["active"]]
    assert (await manager.delete(f"/api/v1/policies/{made['id']}")).status_code == 204
    assert (await manager.get(f"/api/v1/policies/{made['id']}")).status_code == 404
    assert (await manager.get(f"/api/v1/policies/{made['id']}/history")).json()["items"][0]["record"] is None


async def test_steps_are_kept_in_the_order_of_their_times(client_of: Clients) -> None:
    steps = [{**STEP, "after_s": 600}, {**STEP, "after_s": 0, "who": "family"}]
    made = await create(await client_of("admin"), "policies", **{**FIELDS, "steps": steps})
    assert [each["after_s"] for each in made["steps"]] == [0, 600]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": " "}, "/body/name"),
        ({"applies_to": "flood"}, "/body/applies_to"),
        ({"applies_to": "fall."}, "/body/applies_to"),
        ({"severity": "grave"}, "/body/severity"),
        ({"from_minute": None}, "/body/to_minute"),
        ({"quiet_from_minute": 60, "quiet_to_minute": 60}, "/body/quiet_to_minute"),
        ({"progress_s": 1}, "/body/progress_s"),
        ({"steps": [{**STEP, "who": "everybody"}]}, "/body/steps/0/who"),
        ({"steps": [STEP, {**STEP, "who": "band"}]}, "/body/steps/1/how"),
        ({"steps": [{**STEP, "who": "chat", "how": "voice"}]}, "/body/steps/0/how"),
        ({"steps": [{**STEP, "every_s": 1}]}, "/body/steps/0/every_s"),
        ({"steps": [{**STEP, "after": 1}]}, "/body/steps/0/after"),
        ({"steps": [STEP] * 31}, "/body/steps"),
    ],
)
async def test_what_nobody_can_have_meant_is_refused_at_its_field(
    client_of: Clients, changes: dict[str, Any], pointer: str
) -> None:
    admin = await client_of("admin")
    answer = await admin.post("/api/v1/policies", json={**FIELDS, **changes})
    assert answer.status_code == 422, answer.text
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert await items(admin, "policies") == []


async def test_policies_are_written_by_those_who_administer_within_their_sites(client_of: Clients) -> None:
    admin, south, supervisor = (
        await client_of("admin"), await client_of("manager", ("south",)), await client_of("supervisor"),
    )  # fmt: skip
    own = await create(admin, "policies", **FIELDS)
    common = await create(admin, "policies", **{**FIELDS, "site": None})
    assert [each["id"] for each in await items(south, "policies")] == [common["id"]]
    assert (await south.get(f"/api/v1/policies/{own['id']}")).status_code == 404
    assert (await south.get(f"/api/v1/policies/{own['id']}/history")).status_code == 404
    assert (await south.put(f"/api/v1/policies/{own['id']}", json=own)).status_code == 404
    assert (await south.put(f"/api/v1/policies/{common['id']}", json=common)).status_code == 403
    assert (await south.delete(f"/api/v1/policies/{common['id']}")).status_code == 403
    assert (await south.post("/api/v1/policies", json={**FIELDS, "site": None})).status_code == 403
    assert (await south.post("/api/v1/policies", json=FIELDS)).status_code == 404
    assert (await supervisor.post("/api/v1/policies", json=FIELDS)).status_code == 403
    assert (await admin.put(f"/api/v1/policies/{own['id']}", json={**own, "site": "south"})).status_code == 409


async def test_what_comes_with_the_program_is_shown_and_stays(client_of: Clients) -> None:
    admin = await client_of("admin")
    answer = (await admin.get("/api/v1/policies")).json()
    built_in = {each["id"]: each for each in answer["built_in"]}
    assert {"built_in/cry_for_help", "built_in/fall", "built_in/console"} <= built_in.keys()
    one = built_in["built_in/fall"]
    assert (await admin.get("/api/v1/policies/built_in/fall")).json() == one
    assert (await admin.put("/api/v1/policies/built_in/fall", json=one)).status_code == 409
    assert (await admin.delete("/api/v1/policies/built_in/fall")).status_code == 409


async def test_a_preview_tells_the_timetable_with_the_people_of_that_moment(client_of: Clients) -> None:
    admin = await client_of("admin")
    for name in ("li", "wang"):
        await create(
            admin, "staff", username=name, display_name=f"小{name}", role="duty", sites=["north"], phone="13800138000"
        )
    await create(admin, "shifts", site="north", account="li", **{"from": NOW, "to": NOW + HOUR_MS})
    await create(admin, "shifts", site="north", account="wang", **{"from": NOW + HOUR_MS, "to": NOW + 2 * HOUR_MS})
    person = await resident(admin)
    await create(admin, "contacts", resident=person["id"], name="李小红", phone="13900139000", relation="女儿")
    steps = [{**STEP, "times": 2, "every_s": 60}, {"after_s": 45, "who": "family", "how": "sms", "nth": 1}]
    await create(admin, "policies", **{**FIELDS, "from_minute": None, "to_minute": None, "steps": steps})

    at = NOW + HOUR_MS - 60_000
    shown = await _previewed(admin, at=at, resident=person["id"])
    assert shown["policy"]["name"] == "夜里"
    assert [(each["at"] - at, each["who"], each["repeat"], each["names"]) for each in shown["steps"]] == [
        (30_000, "duty", 0, ["小li"]), (45_000, "family", 0, ["李小红"]), (90_000, "duty", 1, ["小wang"]),
    ]  # fmt: skip
    without = await _previewed(admin, at=at)
    assert [each["names"] for each in without["steps"]] == [["小li"], None, ["小wang"]]


async def test_a_preview_tells_whether_the_resident_can_be_asked(client_of: Clients) -> None:
    admin = await client_of("admin")
    person = await resident(admin, phone="13800138005")
    asked = [("resident", "sms"), ("resident", "voice")]
    for number, names in (("13800138005", [person["name"]]), (None, [])):
        person = await put(admin, "residents", person, phone=number)
        shown = await _previewed(admin, rule="missed_check.checkin", severity="medium", resident=person["id"])
        steps = [each for each in shown["steps"] if each["who"] == "resident"]
        assert [(each["who"], each["how"]) for each in steps] == asked
        assert [each["names"] for each in steps] == [names, names]
    nobody = await _previewed(admin, rule="missed_check.checkin", severity="medium")
    assert {each["who"]: each["names"] for each in nobody["steps"]}["resident"] is None


async def test_a_preview_chooses_as_an_alarm_would(client_of: Clients) -> None:
    admin = await client_of("admin")
    assert (await _previewed(admin))["policy"]["id"] == "built_in/fall"
    made = await create(admin, "policies", **{**FIELDS, "from_minute": None, "to_minute": None})
    assert (await _previewed(admin))["policy"]["id"] == made["id"]
    assert (await _previewed(admin, severity="high"))["policy"]["id"] == "built_in/fall"
    assert (await _previewed(admin, site="south"))["policy"]["id"] == "built_in/fall"
    await put(admin, "policies", made, active=False)
    assert (await _previewed(admin))["policy"]["id"] == "built_in/fall"


async def test_a_preview_is_of_sites_and_residents_that_are_there(client_of: Clients) -> None:
    admin, south = await client_of("admin"), await client_of("manager", ("south",))
    person = await resident(admin)
    query = {"site": "north", "rule": "fall.device"}
    assert (await south.get("/api/v1/policies/preview", params=query)).status_code == 404
    for wrong in ({"site": "east"}, {"resident": "nobody"}, {"site": "south", "resident": person["id"]}):
        answer = await admin.get("/api/v1/policies/preview", params={**query, **wrong})
        assert answer.status_code == 404, wrong


async def test_a_policy_that_cannot_be_read_costs_no_alarm(client_of: Clients, conn: Connection) -> None:
    made = await create(await client_of("admin"), "policies", **FIELDS)
    await conn.execute('update escalation_policy set steps = \'[{"who": "the moon"}]\' where id = %s', (made["id"],))
    await create(await client_of("admin"), "policies", **{**FIELDS, "name": "good"})
    assert [each.name for each in await policies_in(await ask_policies(conn, ["north"]))] == ["good"]
