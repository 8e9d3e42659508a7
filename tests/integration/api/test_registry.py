"""The registry over HTTP: what is entered comes back, what is wrong is told, and every role learns of it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest

from devices.clock import ManualClock
from devices.registry import Fence, Resident, ZoneHours
from gateway.store.connection import Connection
from gateway.store.registry import accompany
from gateway.store.registry_log import changes_since, current_version
from tests.support.console import NOW, Clients, Desk

HOME = {"lat": 31.23, "lon": 121.47}
ZONE = {"resident": "LI", "name": "x", "circle": {**HOME, "radius_m": 300}}


async def _create(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    response = await client.post(f"/api/v1/{path}", json=body)
    assert response.status_code == 201, response.text
    record: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/api/v1/{path}/{record['id']}"
    return record


async def _resident(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    return await _create(client, "residents", site="north", name="李奶奶", home=HOME, timezone="Asia/Shanghai", **more)


async def test_what_is_entered_comes_back(client_of: Clients) -> None:
    client = await client_of("supervisor")
    household = await _create(client, "households", site="north", name="李家", address={"room": "301"})
    resident = await _resident(
        client,
        phone="021 6543-2100",
        birth_year=1940,
        address={"community": "北", "building": "3", "room": "301"},
        card={"illnesses": "diabetes"},
        household=household["id"],
        external_id="A7",
        status="away",
        until=NOW + 1000,
    )
    fields = {"home": HOME, "phone": "02165432100", "household": household["id"], "status": "away", "until": NOW + 1000}
    assert resident == {**resident, **fields, "address": {"community": "北", "building": "3", "room": "301"}}
    device = await _create(client, "devices", site="north", device="band-1", type="band", resident=resident["id"])
    assert (device["id"], device["device"], device["resident"]) == ("band-1", "band-1", resident["id"])
    contact = await _create(
        client,
        "contacts",
        resident=resident["id"],
        name="李敏",
        phone="+86 138 0013 8000",
        relation="daughter",
        order=1,
        channels=["sms", "call"],
        holds_key=True,
    )
    assert (contact["phone"], contact["holds_key"], contact["site"]) == ("13800138000", True, "north")
    circle = await _create(client, "fences", resident=resident["id"], name="home", circle={**HOME, "radius_m": 300})
    polygon = [[31.0, 121.0], [31.0, 121.1], [31.1, 121.1]]
    area = await _create(client, "fences", resident=resident["id"], name="park", polygon=polygon)
    assert (circle["circle"], circle["polygon"]) == ({**HOME, "radius_m": 300}, None)
    assert (area["circle"], area["polygon"]) == (None, polygon)
    for path, record in [("residents", resident), ("contacts", contact), ("fences", area), ("households", household)]:
        assert (await client.get(f"/api/v1/{path}/{record['id']}")).json() == record
        assert record in (await client.get(f"/api/v1/{path}")).json()["items"]


async def test_a_zone_may_count_at_some_hours_of_some_days(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    li = (await _resident(client))["id"]
    circle = {**HOME, "radius_m": 300}
    always = await _create(client, "fences", resident=li, name="home", circle=circle)
    weekdays = {"days": [4, 0, 0], "from": "07:30", "to": "18:00"}
    park = await _create(client, "fences", resident=li, name="park", circle=circle, active=weekdays)
    all_day = await _create(client, "fences", resident=li, name="market", circle=circle, active={"days": [5]})
    assert always["active"] is None
    assert park["active"] == {"days": [0, 4], "from": "07:30", "to": "18:00"}
    assert all_day["active"] == {"days": [5], "from": "00:00", "to": "24:00"}
    as_answered = await client.put(f"/api/v1/fences/{park['id']}", json={**park, "name": "garden"})
    assert as_answered.json() == {**park, "name": "garden"}
    records = {each.key: each.record for each in await changes_since(conn, 0) if isinstance(each.record, Fence)}
    known = records[park["id"]]
    assert known is not None
    assert known.active == ZoneHours(days=(0, 4), opens="07:30", closes="18:00")
    at_any_time = await client.put(f"/api/v1/fences/{park['id']}", json={**park, "active": None})
    assert at_any_time.json()["active"] is None


async def test_who_is_accompanied_is_known_until_when(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    li = (await _resident(client))["id"]
    assert (await client.get(f"/api/v1/residents/{li}")).json()["accompanied_until"] is None
    with_company = await accompany(conn, "mei", li, NOW + 3_600_000)
    shown = (await client.get(f"/api/v1/residents/{li}")).json()
    assert (with_company.accompanied_until, shown["accompanied_until"]) == (NOW + 3_600_000, NOW + 3_600_000)
    renamed = await client.put(f"/api/v1/residents/{li}", json={**shown, "name": "李秀英", "accompanied_until": 1})
    assert renamed.json()["accompanied_until"] == NOW + 3_600_000
    before = await current_version(conn)
    await accompany(conn, "mei", li, NOW + 3_600_000)
    assert await current_version(conn) == before
    newest = (await changes_since(conn, 0))[-1].record
    assert isinstance(newest, Resident)
    assert newest.accompanied_until == NOW + 3_600_000
    assert (await accompany(conn, "mei", li, None)).accompanied_until is None


async def test_a_device_gets_its_credentials_once(client_of: Clients, conn: Connection) -> None:
    client = await client_of("admin")
    device = await _create(client, "devices", site="north", device="band-1", type="band")
    assert device["username"] == "band-1"
    assert device["mqtt"] == {"host": "127.0.0.1", "port": 1883}
    stored = await _password_hash(conn, "band-1")
    assert _matches(stored, device["password"])
    assert "password" not in (await client.get("/api/v1/devices/band-1")).text
    renewed = (await client.post("/api/v1/devices/band-1/credentials")).json()
    assert _matches(await _password_hash(conn, "band-1"), renewed["password"])
    assert not _matches(await _password_hash(conn, "band-1"), device["password"])


async def test_a_repeated_request_does_not_keep_the_password(client_of: Clients, conn: Connection) -> None:
    client = await client_of("admin")
    body = {"site": "north", "device": "band-1", "type": "band"}
    headers = {"Idempotency-Key": "k"}
    first = await client.post("/api/v1/devices", json=body, headers=headers)
    again = await client.post("/api/v1/devices", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {**first.json(), "password": None}
    cursor = await conn.execute("select body::text from idempotency")
    assert first.json()["password"] not in str(await cursor.fetchone())


async def test_a_device_changes_hands_and_each_reading_keeps_its_wearer(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("manager")
    li, wang = await _resident(client), await _resident(client)
    body = {"site": "north", "device": "band-1", "type": "band", "resident": li["id"]}
    await _create(client, "devices", **body)
    clock.now = NOW + 1000
    changed = await client.put("/api/v1/devices/band-1", json={**body, "resident": wang["id"]})
    assert changed.json()["resident"] == wang["id"]
    clock.now = NOW + 2000
    assert (await client.put("/api/v1/devices/band-1", json={**body, "resident": wang["id"]})).status_code == 200
    assert (await client.delete("/api/v1/devices/band-1")).status_code == 204
    cursor = await conn.execute(
        "select r.id, n.from_ms, n.to_ms from assignment n join resident r on r.slot = n.resident_slot order by 2"
    )
    assert await cursor.fetchall() == [(li["id"], 0, NOW + 1000), (wang["id"], NOW + 1000, NOW + 2000)]


async def test_a_removed_device_cannot_sign_in_and_can_come_back(client_of: Clients, conn: Connection) -> None:
    client = await client_of("admin")
    body = {"site": "north", "device": "band-1", "type": "band"}
    await _create(client, "devices", **body)
    assert (await client.post("/api/v1/devices", json=body)).status_code == 409
    await client.delete("/api/v1/devices/band-1")
    assert await _password_hash(conn, "band-1") is None
    assert (await client.get("/api/v1/devices/band-1")).json()["revoked"] is True
    assert (await client.put("/api/v1/devices/band-1", json=body)).status_code == 409
    assert (await client.post("/api/v1/devices/band-1/credentials")).status_code == 409
    assert (await _create(client, "devices", **body))["revoked"] is False


async def test_a_device_that_nobody_entered_is_taken_over(client_of: Clients, conn: Connection) -> None:
    await conn.execute("insert into device (id, site, registered) values ('stray', 'south', false)")
    client = await client_of("admin")
    device = await _create(client, "devices", site="north", device="stray", type="band")
    assert (device["registered"], device["site"]) == (True, "north")


async def test_a_revoked_device_takes_its_history_to_no_site_that_may_not_see_it(client_of: Clients) -> None:
    both, north = await client_of("admin"), await client_of("manager", ("north",))
    await _create(both, "devices", site="south", device="band-1")
    await both.delete("/api/v1/devices/band-1")
    body = {"site": "north", "device": "band-1"}
    assert (await north.post("/api/v1/devices", json=body)).status_code == 409
    assert (await north.get("/api/v1/devices/band-1/history")).status_code == 404
    assert (await _create(both, "devices", **body))["site"] == "north"


async def test_every_change_is_logged_with_its_actor_and_without_secrets(client_of: Clients, conn: Connection) -> None:
    client = await client_of("admin", (), "mei")
    resident = await _resident(client)
    await _create(client, "devices", site="north", device="band-1", type="band", resident=resident["id"])
    await client.delete(f"/api/v1/residents/{resident['id']}")
    cursor = await conn.execute(
        "select entity, record is null, record::text from registry_change where actor = 'mei' order by version"
    )
    rows = await cursor.fetchall()
    assert [(row[0], row[1]) for row in rows] == [
        ("resident", False),
        ("device", False),
        ("assignment", False),
        ("assignment", True),
        ("resident", True),
    ]
    assert "mqtt_password_hash" not in str(rows)


async def test_a_resident_with_an_active_alarm_cannot_be_removed(client_of: Clients, desk: Desk) -> None:
    client = await client_of("admin")
    resident = await _resident(client)
    alarm = await desk.raise_alarm(resident=resident["id"])
    assert (await client.delete(f"/api/v1/residents/{resident['id']}")).status_code == 409
    await client.post(f"/api/v1/alarms/{alarm.id}/cancel")
    assert (await client.delete(f"/api/v1/residents/{resident['id']}")).status_code == 204


async def test_a_bad_polygon_is_refused_with_words_that_say_where(client_of: Clients) -> None:
    client = await client_of("manager")
    bow_tie = [[31.23, 121.47], [31.24, 121.48], [31.24, 121.47], [31.23, 121.48]]
    body = {"resident": (await _resident(client))["id"], "name": "x", "polygon": bow_tie}
    answer = (await client.post("/api/v1/fences", json=body)).json()
    assert answer["errors"] == [
        {
            "pointer": "/body/polygon",
            "detail": "the side from corner 1 to 2 crosses or touches the side from corner 3 to 4",
            "code": "polygon.crossing",
            "params": {"a": "1", "b": "2", "c": "3", "d": "4"},
            "field": "polygon",
            "message": "第 1 到第 2 个角的边与第 3 到第 4 个角的边相交或相碰，请移动其中一个角。",
            "corners": [1, 2, 3, 4],
        }
    ]


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("residents", {"name": "x"}, "/body/site"),
        ("residents", {"site": "north", "name": " "}, "/body/name"),
        ("residents", {"site": "north", "name": "x", "home": {"lat": 121.4, "lon": 31.2}}, "/body/home/lat"),
        ("residents", {"site": "north", "name": "x", "timezone": "Mars/Olympus"}, "/body/timezone"),
        ("residents", {"site": "north", "name": "x\x00y"}, "/body/name"),
        ("residents", {"site": "north", "name": "x", "phone": "call me"}, "/body/phone"),
        ("residents", {"site": "north", "name": "x", "status": "asleep"}, "/body/status"),
        ("devices", {"site": "north", "device": "a/b"}, "/body/device"),
        ("devices", {"site": "north", "device": "a", "resident": "r", "household": "h"}, "/body"),
        ("fences", {"resident": "LI", "name": "x"}, "/body"),
        ("fences", {"resident": "LI", "name": "x", "circle": {**HOME, "radius_m": 0}}, "/body/circle/radius_m"),
        ("fences", {**ZONE, "active": {"days": []}}, "/body/active/days"),
        ("fences", {**ZONE, "active": {"days": [7]}}, "/body/active/days/0"),
        ("fences", {**ZONE, "active": {"from": "8:00"}}, "/body/active/from"),
        ("fences", {"resident": "LI", "name": "x", "polygon": [[1, 1], [1, 2]]}, "/body/polygon"),
        ("fences", {"resident": "LI", "name": "x", "polygon": [[1, 1], [1, 2], [1, 1]]}, "/body/polygon"),
        ("contacts", {"resident": "LI", "name": "x"}, "/body/phone"),
        ("contacts", {"resident": "LI", "name": "x", "phone": "123", "order": 0}, "/body/order"),
    ],
)
async def test_what_is_wrong_is_named(client_of: Clients, path: str, body: dict[str, Any], pointer: str) -> None:
    client = await client_of("admin")
    response = await client.post(f"/api/v1/{path}", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert pointer in [error["pointer"] for error in response.json()["errors"]], response.text


async def test_what_it_refers_to_must_be_there(client_of: Clients) -> None:
    client = await client_of("admin")
    wanted = [
        ("residents", {"site": "west", "name": "x"}),
        ("residents", {"site": "north", "name": "x", "household": "none"}),
        ("devices", {"site": "west", "device": "a"}),
        ("devices", {"site": "north", "device": "a", "resident": "none"}),
        ("devices", {"site": "north", "device": "a", "household": "none"}),
        ("contacts", {"resident": "none", "name": "x", "phone": "123"}),
        ("fences", {"resident": "none", "name": "x", "circle": {**HOME, "radius_m": 10}}),
    ]
    for path, body in wanted:
        response = await client.post(f"/api/v1/{path}", json=body)
        assert (response.status_code, response.json()["type"]) == (422, "urn:anxin:problem:missing-record"), body
    assert (await client.get("/api/v1/devices")).json()["items"] == []


async def test_a_device_and_its_wearer_belong_to_one_site(client_of: Clients) -> None:
    client = await client_of("admin")
    resident = await _resident(client)
    body = {"site": "south", "device": "band-1", "resident": resident["id"]}
    assert (await client.post("/api/v1/devices", json=body)).status_code == 409


async def test_an_account_changes_and_sees_only_its_sites(client_of: Clients) -> None:
    admin, south = await client_of("admin"), await client_of("manager", ("south",))
    resident = await _resident(admin)
    url = f"/api/v1/residents/{resident['id']}"
    fence = await _create(admin, "fences", resident=resident["id"], name="x", circle={**HOME, "radius_m": 10})
    assert (await south.get("/api/v1/residents")).json()["items"] == []
    assert [site["id"] for site in (await south.get("/api/v1/sites")).json()["items"]] == ["south"]
    for method, path, body in [
        ("GET", url, None),
        ("PUT", url, {"site": "north", "name": "x"}),
        ("DELETE", url, None),
        ("GET", f"{url}/track", None),
        ("GET", f"{url}/vitals", None),
        ("GET", f"/api/v1/fences/{fence['id']}", None),
        ("POST", "/api/v1/residents", {"site": "north", "name": "x"}),
        ("POST", "/api/v1/devices", {"site": "north", "device": "x"}),
    ]:
        assert (await south.request(method, path, json=body)).status_code == 404, (method, path)
    contact = {"resident": resident["id"], "name": "x", "phone": "123"}
    assert (await south.post("/api/v1/contacts", json=contact)).status_code == 422


async def test_the_duty_desk_corrects_contacts_and_nothing_else(client_of: Clients) -> None:
    admin, duty = await client_of("admin"), await client_of("duty")
    resident = await _resident(admin)
    contact = await _create(duty, "contacts", resident=resident["id"], name="李敏", phone="13800138000")
    changed = await duty.put(f"/api/v1/contacts/{contact['id']}", json={**contact, "phone": "13900139000"})
    assert changed.json() == {**contact, "phone": "13900139000"}
    assert (await duty.delete(f"/api/v1/contacts/{contact['id']}")).status_code == 403
    assert (await duty.post("/api/v1/residents", json={"site": "north", "name": "x"})).status_code == 403
    assert (await (await client_of("responder")).post("/api/v1/contacts", json=contact)).status_code == 403
    assert (await (await client_of("manager")).post("/api/v1/sites", json={"id": "w", "name": "w"})).status_code == 403


async def test_sites_are_made_by_an_admin_of_all_sites(client_of: Clients) -> None:
    admin = await client_of("admin")
    site = await _create(admin, "sites", id="west", name="西社区")
    assert site == {"id": "west", "name": "西社区", "timezone": "Asia/Shanghai", "demo": False, "phone": None}
    assert (await admin.post("/api/v1/sites", json={"id": "west", "name": "x"})).status_code == 409
    renamed = await admin.put("/api/v1/sites/west", json={"id": "west", "name": "新"})
    assert renamed.json()["name"] == "新"
    assert (await (await client_of("admin", ("north",))).post("/api/v1/sites", json=site)).status_code == 403
    assert (await admin.delete("/api/v1/sites/west")).status_code == 204
    await _resident(admin)
    assert (await admin.delete("/api/v1/sites/north")).status_code == 409


async def test_lists_come_in_pages_and_can_be_narrowed(client_of: Clients) -> None:
    client = await client_of("admin")
    made = {(await _resident(client, external_id=str(i)))["id"] for i in range(5)}
    first = (await client.get("/api/v1/residents", params={"limit": 3})).json()
    rest = (await client.get("/api/v1/residents", params={"limit": 3, "after": first["next"]})).json()
    assert {item["id"] for item in first["items"] + rest["items"]} == made
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (3, 2, None)
    found = (await client.get("/api/v1/residents", params={"external_id": "4"})).json()["items"]
    assert [item["external_id"] for item in found] == ["4"]
    assert (await client.get("/api/v1/residents", params={"site": "south"})).json()["items"] == []


async def test_the_track_holds_what_was_worn_at_the_time(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("admin")
    li, wang = await _resident(client), await _resident(client)
    body = {"site": "north", "device": "band-1", "type": "band", "resident": li["id"]}
    await _create(client, "devices", **body)
    clock.now = NOW + 5000
    await client.put("/api/v1/devices/band-1", json={**body, "resident": wang["id"]})
    await conn.execute(
        "insert into position (pos, device, t, seq, received, lat, lon, accuracy_m, source)"
        " select i, d.slot, to_timestamp((%s + i * 1000) / 1000.0), i, now(), 31 + i / 1000.0, 121, 8, 0"
        " from device d, generate_series(0, 9) i where d.id = 'band-1'",
        (NOW,),
    )
    params = {"from": NOW, "to": NOW + 60_000, "simplify": 0}
    response = await client.get(f"/api/v1/residents/{li['id']}/track", params=params)
    assert response.headers["content-type"] == "application/geo+json"
    line, *points = response.json()["features"]
    assert line["geometry"]["coordinates"][0] == [121.0, 31.0]
    assert line["properties"]["t"] == [NOW + i * 1000 for i in range(5)]
    assert points[0]["properties"] == {"t": NOW, "accuracy_m": 8, "source": "gnss", "device": "band-1"}
    later = await client.get(f"/api/v1/residents/{wang['id']}/track", params=params)
    assert [f["properties"]["t"] for f in later.json()["features"][1:]] == [NOW + i * 1000 for i in range(5, 10)]
    assert (await client.get(f"/api/v1/residents/{li['id']}/vitals")).json() == {"items": [], "next": None}


async def test_a_long_track_is_thinned_unless_asked_otherwise(client_of: Clients, conn: Connection) -> None:
    client = await client_of("admin")
    li = await _resident(client)
    await _create(client, "devices", site="north", device="band-1", resident=li["id"])
    await conn.execute(
        "insert into position (pos, device, t, seq, received, lat, lon)"
        " select i, d.slot, to_timestamp((%s + i * 1000) / 1000.0), i, now(), 31, 121"
        " from device d, generate_series(0, 4999) i where d.id = 'band-1'",
        (NOW,),
    )
    url, params = f"/api/v1/residents/{li['id']}/track", {"from": NOW, "to": NOW + 5_000_000}
    thinned = (await client.get(url, params=params)).json()["features"][0]["properties"]["t"]
    assert len(thinned) <= 2001
    assert (thinned[0], thinned[-1]) == (NOW, NOW + 4_999_000)
    every = (await client.get(url, params={**params, "simplify": 0})).json()["features"]
    assert len(every) == 5001


async def _password_hash(conn: Connection, device: str) -> str | None:
    row = await (await conn.execute("select mqtt_password_hash from device where id = %s", (device,))).fetchone()
    assert row is not None
    return None if row[0] is None else str(row[0])


def _matches(stored: str | None, password: str) -> bool:
    """As Mosquitto checks it: PBKDF2 with SHA-512 over the salt of the stored line."""
    assert stored is not None
    _, scheme, iterations, salt, digest = stored.split("$")
    assert scheme == "7"
    computed = hashlib.pbkdf2_hmac("sha512", password.encode(), base64.b64decode(salt), int(iterations))
    return base64.b64encode(computed).decode() == digest
