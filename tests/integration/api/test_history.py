"""The history of records: every version with its actor, without secrets, also of what was removed."""

from __future__ import annotations

from typing import Any

import httpx

from devices.clock import ManualClock
from gateway.store.connection import Connection
from gateway.store.registry import erase_left, resume_due
from gateway.store.search_index import catch_up
from tests.support.console import NOW, Clients
from tests.support.records import HOME, create, device, put, resident

DAY = 86_400_000
FAR = 32_503_680_000_000
"""After every moment that a test's database may write down, ms."""


async def _history(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    response = await client.get(f"/api/v1/{path}/history", params=params)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_every_version_is_told_newest_first_with_its_actor_and_its_changes(
    client_of: Clients, conn: Connection
) -> None:
    mei, wei = await client_of("manager", (), "mei"), await client_of("supervisor", (), "wei")
    made = await resident(mei, birth_year=1940)
    changed = await put(wei, "residents", made, phone="13800138000", status="away", until=NOW + DAY)
    await resume_due(conn, NOW + DAY)
    third, second, first = await _history(mei, f"residents/{made['id']}")
    assert [each["actor"] for each in (first, second, third)] == ["mei", "wei", "until"]
    assert first["record"] == made
    assert {"name", "home", "birth_year", "status"} <= set(first["changed"])
    assert "phone" not in first["changed"]
    assert second["record"] == changed
    assert second["changed"] == ["phone", "status", "until"]
    assert third["changed"] == ["status", "until"]
    assert first["version"] < second["version"] < third["version"]
    assert first["at"] <= third["at"]


async def test_the_history_comes_in_pages_that_miss_nothing(client_of: Clients) -> None:
    client = await client_of("manager")
    made = await resident(client)
    for year in range(1930, 1935):
        await put(client, "residents", made, birth_year=year)
    url = f"/api/v1/residents/{made['id']}/history"
    one = (await client.get(url, params={"limit": 4})).json()
    two = (await client.get(url, params={"limit": 4, "before": one["next"]})).json()
    years = [each["record"]["birth_year"] for each in one["items"] + two["items"]]
    assert years == [1934, 1933, 1932, 1931, 1930, None]
    assert two["next"] is None
    assert one["items"][-1]["changed"] == ["birth_year"]


async def test_every_kind_of_record_is_shown_as_the_api_shows_it(client_of: Clients) -> None:
    client = await client_of("admin")
    li = await resident(client)
    await device(client, resident=li["id"])
    home = await create(client, "households", site="north", name="李家", address={"room": "301"})
    contact = await create(client, "contacts", resident=li["id"], name="李敏", phone="13800138000")
    circle = await create(client, "fences", resident=li["id"], name="家", circle={**HOME, "radius_m": 300})
    assignment = (await client.get("/api/v1/assignments")).json()["items"][0]
    for path, record in [("households", home), ("contacts", contact), ("fences", circle), ("assignments", assignment)]:
        (only,) = await _history(client, f"{path}/{record['id']}")
        shown = {name: value for name, value in record.items() if name != "site" or path == "households"}
        assert only["record"] == shown, path
    (site,) = await _history(client, "sites/north")
    assert site["record"]["name"] == "北社区"
    (band,) = await _history(client, "devices/band-1")
    assert (band["record"]["device"], band["record"]["type"]) == ("band-1", "band")


async def test_a_new_password_is_told_and_never_shown(client_of: Clients) -> None:
    client = await client_of("admin")
    made = await device(client)
    await client.post("/api/v1/devices/band-1/credentials")
    newest, _ = await _history(client, "devices/band-1")
    assert newest["changed"] == ["credentials"]
    text = (await client.get("/api/v1/devices/band-1/history")).text
    assert "hash" not in text
    assert made["password"] not in text


async def test_what_was_removed_keeps_its_history(client_of: Clients) -> None:
    client, south = await client_of("admin"), await client_of("manager", ("south",))
    li = await resident(client)
    contact = await create(client, "contacts", resident=li["id"], name="李敏", phone="13800138000")
    await client.delete(f"/api/v1/contacts/{contact['id']}")
    await client.delete(f"/api/v1/residents/{li['id']}")
    for path in (f"contacts/{contact['id']}", f"residents/{li['id']}"):
        gone, made = await _history(client, path)
        assert (gone["record"], gone["changed"]) == (None, [])
        assert made["record"]["name"] in ("李敏", "李奶奶")
        assert (await south.get(f"/api/v1/{path}/history")).status_code == 404
    assert (await client.get("/api/v1/residents/none/history")).status_code == 404


async def test_nothing_names_somebody_who_left_long_ago(
    client_of: Clients, conn: Connection, clock: ManualClock
) -> None:
    client = await client_of("admin")
    secrets = [
        "李秀英",
        "13800138000",
        "李小敏",
        "13900139000",
        "3号楼",
        "糖尿病",
        "李家的家",
        "31.2345",
        "A-77",
        "送饭",
        "李家报平安",
        "李小敏说好",
    ]
    home = await create(client, "households", site="north", name="李家的家", address={"building": "3号楼"})
    li = await resident(
        client,
        "李秀英",
        phone="13800138000",
        birth_year=1940,
        address={"building": "3号楼"},
        card={"illnesses": "糖尿病"},
        household=home["id"],
        external_id="A-77",
    )
    await create(client, "contacts", resident=li["id"], name="李小敏", phone="13900139000")
    await create(
        client, "fences", resident=li["id"], name="李家的家", circle={"lat": 31.2345, "lon": 121, "radius_m": 9}
    )
    await device(client, resident=li["id"])
    await put(client, "residents", li, phone=None)
    await conn.execute(
        "insert into message (site, resident, recipient, template, params, state, created_at)"
        " values ('north', %s, '13900139000', 'alarm', jsonb_build_object('name', '李秀英'), 'sent', 0)",
        (li["id"],),
    )
    await conn.execute(
        "insert into service (pos, device, t, seq, received, request, note) select 1, slot, to_timestamp(%s), 1, now(),"
        " 'meal', '送饭' from device",
        (NOW / 1000 - 60,),
    )
    day = {"from": "00:00", "to": "24:00"}
    await create(client, "plans", resident=li["id"], name="李家报平安", windows=[day], first_day="2000-01-01")
    await conn.execute("update check_window set opens_ms = 0 where day = (select min(day) from check_window)")
    await client.post(f"/api/v1/residents/{li['id']}/seen", json={"note": "李小敏说好"})
    stays = await resident(client, "王爷爷", phone="13800138009")
    await put(client, "residents", li, status="deceased")

    assert await erase_left(conn, NOW) == 0
    assert await _found(conn, secrets) == set(secrets)
    assert await erase_left(conn, FAR) == 1
    assert await _found(conn, [*secrets, "1940"]) == set()
    assert await erase_left(conn, FAR) == 0
    erased = (await client.get(f"/api/v1/residents/{li['id']}")).json()
    assert (erased["status"], erased["birth_year"], erased["home"], erased["card"]) == ("deceased", None, None, {})
    assert erased["name"].startswith("#")
    assert erased["erased_at"] is not None
    assert (await client.get(f"/api/v1/residents/{stays['id']}")).json() == stays
    assert (await _history(client, f"residents/{li['id']}"))[0]["actor"] == "retention"


async def test_what_was_removed_long_ago_is_blank_in_the_history_too(client_of: Clients, conn: Connection) -> None:
    client = await client_of("admin")
    li = await resident(client, "李秀英")
    contact = await create(client, "contacts", resident=li["id"], name="李小敏", phone="13900139000")
    await client.delete(f"/api/v1/contacts/{contact['id']}")
    assert await erase_left(conn, NOW) == 0
    assert await _found(conn, ["李小敏", "13900139000"]) == {"李小敏", "13900139000"}
    await erase_left(conn, FAR)
    assert await _found(conn, ["李小敏", "13900139000", "李秀英"]) == {"李秀英"}


async def _found(conn: Connection, words: list[str]) -> set[str]:
    """Which of these words stand anywhere in the records, their history, messages, requests or the search."""
    text = ""
    await catch_up(conn)
    for table in (
        "resident", "contact", "fence", "household", "registry_change", "message", "service_request", "search_entry",
        "care_plan", "check_outcome", "sighting_note",
    ):  # fmt: skip
        cursor = await conn.execute(f"select coalesce(string_agg(x::text, ' '), '') from {table} x")
        row = await cursor.fetchone()
        assert row is not None
        text += row[0]
    return {word for word in words if word in text}
