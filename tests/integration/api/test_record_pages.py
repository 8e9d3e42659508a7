"""Every page of the records for every role: what they may see is there, what they may not is not."""

from __future__ import annotations

import pytest

from alerts.policies import Policy, PolicyStep
from devices.clock import DAY_MS, HOUR_MS
from gateway.store.accounts import Role, add_account
from gateway.store.connection import Connection
from gateway.store.policies import add_policy
from gateway.store.registry import add_device, add_household, add_resident, add_responder, add_shift
from gateway.store.registry_records import DeviceFields, HouseholdFields, ResidentFields, ResponderFields, ShiftFields
from gateway.store.requests import add_request
from tests.support.console import NOW, Clients


async def _community(conn: Connection, site: str) -> dict[str, str]:
    home = await add_household(conn, "test", HouseholdFields(site=site, name="陈家"))
    fields = ResidentFields(site=site, name="陈建国", household=home.id, status="away", until=NOW + DAY_MS)
    resident = await add_resident(conn, "test", fields)
    band = f"band-{site}"
    await add_device(conn, "test", band, DeviceFields(site=site, resident=resident.id), password_hash=None, now=NOW)
    await add_request(conn, "test", site=site, resident=resident.id, request="meal", note=None, t=NOW)
    kept = ResponderFields(site=site, name="老周", phone="13800138009", kind="grid_worker")
    responder = await add_responder(conn, "test", kept)
    account = await add_account(conn, username=f"zhao-{site}", role="duty", sites=[site])
    worked = ShiftFields(site=site, account=account.username, from_ms=NOW, to_ms=NOW + HOUR_MS)
    shift = await add_shift(conn, "test", worked)
    step = PolicyStep(after_s=0, who="duty", how="sms")
    policy = await add_policy(conn, "test", Policy(id="", name=f"夜里{site}", site=site, steps=(step,)))
    return {
        "resident": resident.id, "home": home.id, "device": band, "responder": responder.id, "account": account.id,
        "site": site, "shift": shift.id, "policy": policy.id,
    }  # fmt: skip


READ = (
    "/people", "/people?q=cjg", "/people?status=away", "/people/{resident}", "/people/{resident}/life",
    "/households", "/households/{home}", "/devices/{device}", "/requests", "/requests?state=all", "/responders",
    "/sites", "/roster", "/roster?site={site}&week=2025-06-11", "/policies", "/policies?site={site}&rule=fall.device",
    "/handovers/banner", "/records/shifts/{shift}/history", "/records/policies/{policy}/history",
    "/records/residents/{resident}/history", "/records/devices/{device}/history",
)  # fmt: skip
MANAGE = (
    "/people/new", "/people/{resident}/edit", "/people/{resident}/zones/new", "/households/new",
    "/households/{home}/edit", "/devices/new?resident={resident}", "/devices/new?household={home}",
    "/responders/new", "/responders/{responder}", "/sites/{site}", "/roster/{shift}",
)  # fmt: skip
ADMINISTER = (
    "/staff", "/staff/new", "/staff/{account}", "/policies/new", "/policies/{policy}",
    "/records/staff/{account}/history",
)  # fmt: skip


@pytest.mark.parametrize(
    ("role", "manages", "administers"),
    [("manager", True, True), ("supervisor", True, False), ("duty", False, False), ("auditor", False, False)],
)
async def test_each_role_gets_its_pages_and_is_refused_the_others(
    conn: Connection, client_of: Clients, role: Role, *, manages: bool, administers: bool
) -> None:
    ids = await _community(conn, "north")
    client = await client_of(role, ("north",))
    expected = [(READ, 200), (MANAGE, 200 if manages else 403), (ADMINISTER[:-1], 200 if administers else 403)]
    expected.append((ADMINISTER[-1:], 200 if administers else 404))
    answers = {path: (await client.get(path.format(**ids))).status_code for paths, _ in expected for path in paths}
    assert answers == {path: status for paths, status in expected for path in paths}


async def test_nothing_of_another_centre_is_shown(conn: Connection, client_of: Clients) -> None:
    ids = await _community(conn, "south")
    client = await client_of("manager", ("north",))
    of_one = [path for path in (*READ, *MANAGE, *ADMINISTER) if "{" in path and "?" not in path]
    assert {path: (await client.get(path.format(**ids))).status_code for path in of_one} == dict.fromkeys(of_one, 404)
    lists = ("/people", "/people?site=south", "/people?q=cjg", "/households", "/requests?state=all", "/responders")
    for path in (*lists, "/roster", "/policies"):
        text = (await client.get(path)).text
        assert "夜里" not in text, path
        assert "陈建国" not in text, path
        assert "老周" not in text, path
    for path in ("/roster?site=south", "/policies?site=south"):
        assert (await client.get(path)).status_code == 404, path
    for path in ("/devices/new?resident={resident}", "/devices/new?household={home}"):
        assert "陈" not in (await client.get(path.format(**ids))).text


async def test_the_changes_of_a_record_are_told_in_words(conn: Connection, client_of: Clients) -> None:
    ids = await _community(conn, "north")
    client = await client_of("supervisor", ("north",))
    path = f"/api/v1/residents/{ids['resident']}"
    record = (await client.get(path)).json()
    await client.put(path, json=record | {"status": "active", "until": None, "address": {"building": "3"}})
    text = (await client.get(f"/records/residents/{ids['resident']}/history")).text
    assert "<del>外出</del> → <ins>正常</ins>" in text
    assert "<ins>3栋</ins>" in text
    assert "陈家" in text


async def test_a_persons_changes_tell_of_contacts_and_zones_that_are_gone_as_well(
    conn: Connection, client_of: Clients
) -> None:
    ids = await _community(conn, "north")
    client = await client_of("supervisor", ("north",))
    person = {"resident": ids["resident"]}
    daughter = person | {"name": "陈小红", "phone": "13800138000", "relation": "女儿"}
    contact = (await client.post("/api/v1/contacts", json=daughter)).json()["id"]
    circle = {"lat": 31.2304, "lon": 121.4737, "radius_m": 300}
    zone = person | {"name": "小区", "circle": circle}
    fence = (await client.post("/api/v1/fences", json=zone)).json()["id"]
    await client.put(f"/api/v1/fences/{fence}", json=zone | {"circle": circle | {"radius_m": 450}})
    hours = {"days": [0, 1, 2, 3, 4], "from": "08:00", "to": "18:00"}
    await client.put(f"/api/v1/fences/{fence}", json=zone | {"circle": circle | {"radius_m": 450}, "active": hours})
    await client.delete(f"/api/v1/contacts/{contact}")

    text = (await client.get(f"/records/residents/{ids['resident']}/history")).text
    told = [text.index(part) for part in ("联系人：陈小红", "安全区域：小区", "什么时候算", "300 m</del>", "陈家")]
    assert told == sorted(told), "the newest first"
    assert "周一到周五" in text
    assert "13800138000" not in text
    assert "女儿" in (await client.get(f"/records/contacts/{contact}/history")).text
    assert "450 m" in (await client.get(f"/records/fences/{fence}/history")).text


async def test_a_zone_that_is_hardly_meant_is_asked_about_in_the_form_and_taken_when_it_is_meant(
    conn: Connection, client_of: Clients
) -> None:
    client = await client_of("supervisor", ("north",))
    person = {"site": "north", "name": "陈建国", "home": {"lat": 31.2304, "lon": 121.4737}}
    resident = (await client.post("/api/v1/residents", json=person)).json()["id"]
    zone = {"resident": resident, "name": "家"}
    for circle, code, field in (
        ({"lat": 31.2304, "lon": 121.4737, "radius_m": 2}, "fence.tiny", "circle.radius_m"),
        ({"lat": -31.2304, "lon": 121.4737, "radius_m": 300}, "fence.far", "circle.lat"),
    ):
        refused = await client.post("/api/v1/fences?doubt=true", json=zone | {"circle": circle})
        assert (refused.status_code, refused.json()["code"], refused.json()["field"]) == (422, code, field)
        taken = await client.post("/api/v1/fences", json=zone | {"circle": circle})
        assert taken.status_code == 201
        again = await client.put(f"/api/v1/fences/{taken.json()['id']}?doubt=true", json=zone | {"circle": circle})
        assert again.status_code == 422
    assert "doubt=true" in (await client.get(f"/people/{resident}/zones/new")).text


async def test_an_alarm_that_is_not_over_stands_on_top_of_its_persons_page(
    conn: Connection, client_of: Clients
) -> None:
    client = await client_of("supervisor", ("north",))
    resident = (await client.post("/api/v1/residents", json={"site": "north", "name": "陈建国"})).json()["id"]
    assert "under-way" not in (await client.get(f"/people/{resident}")).text
    report = {"resident": resident, "kind": "fall", "note": "邻居来电"}
    alarm = (await client.post("/api/v1/alarms", json=report)).json()["id"]
    text = (await client.get(f"/people/{resident}")).text
    assert text.index(f'href="/alarms/{alarm}"') < text.index("<h1>")
    await client.post(f"/api/v1/alarms/{alarm}/cancel", json={})
    assert "under-way" not in (await client.get(f"/people/{resident}")).text


async def test_a_centres_changes_tell_of_its_holidays(conn: Connection, client_of: Clients) -> None:
    client = await client_of("supervisor", ("north",))
    await client.post("/api/v1/holidays", json={"site": "north", "name": "国庆", "date": "2026-10-01"})
    await client.post("/api/v1/holidays", json={"site": "north", "name": "春节", "date": "2027-02-06"})
    text = (await client.get("/records/sites/north/history")).text
    assert text.index("节假日：春节") < text.index("节假日：国庆") < text.index("北社区")


async def test_whoever_can_be_sent_is_offered_on_the_alarms_page(conn: Connection, client_of: Clients) -> None:
    ids = await _community(conn, "north")
    away = ResponderFields(site="north", name="老李", phone="13800138008", kind="volunteer", active=False)
    await add_responder(conn, "test", away)
    client = await client_of("duty", ("north",))
    alarm = (await client.post("/api/v1/alarms", json={"resident": ids["resident"], "kind": "fall"})).json()["id"]
    await client.post(f"/api/v1/alarms/{alarm}/acknowledge")
    shown = (await client.get(f"/alarms/{alarm}")).text
    assert "老周" in shown
    assert "老李" not in shown
