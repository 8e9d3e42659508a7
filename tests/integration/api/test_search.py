"""The search: by name, pinyin, room, any phone, any id; the best match first, within one's own sites."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from gateway.store.connection import Connection
from gateway.store.search_index import AT_ONCE, catch_up
from tests.support.console import Clients
from tests.support.records import create, device, put, resident


async def _search(client: httpx.AsyncClient, q: str, **more: Any) -> list[dict[str, Any]]:
    response = await client.get("/api/v1/search", params={"q": q, **more})
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def _titles(client: httpx.AsyncClient, q: str) -> list[str]:
    return [each["title"] for each in await _search(client, q)]


DOOR = {"community": "北", "building": "3号楼", "unit": "2", "floor": "5", "room": "501"}


@pytest.mark.parametrize(
    ("q", "why"),
    [
        ("单小明", "name"),
        ("小明", "name"),
        ("shanxiaoming", "pinyin"),
        ("SXM", "pinyin"),
        ("dxm", "pinyin"),
        ("dan xiao ming", "pinyin"),
        ("shanxm", "pinyin"),
        ("sxming", "pinyin"),
        ("xiaom", "pinyin"),
        ("3-2-501", "room"),
        ("3号楼2单元501", "room"),
        ("三栋501", "room"),
        ("501", "room"),
        ("3-2", "room"),
        ("13800138000", "phone"),
        ("+86 138 0013 8000", "phone"),
        ("１３８００１３８０００", "phone"),
        ("8000", "phone"),
        ("A-77", "external_id"),
        ("a-7", "external_id"),
    ],
)
async def test_a_resident_is_found_by_whatever_the_desk_has(client_of: Clients, q: str, why: str) -> None:
    client = await client_of("manager")
    li = await resident(client, "单小明", phone="138-0013-8000", address=DOOR, external_id="A-77")
    await resident(client, "赵国庆", phone="02165432100", address={"building": "9", "room": "902"}, external_id="B-1")
    (found,) = await _search(client, q)
    assert found == {
        "type": "resident",
        "id": li["id"],
        "title": "单小明",
        "subtitle": "3号楼 2 5 501",
        "site": "north",
        "resident": li["id"],
        "why": why,
    }


async def test_contacts_devices_and_households_are_found_with_whom_they_concern(client_of: Clients) -> None:
    client = await client_of("manager")
    home = await create(client, "households", site="north", name="单家", address=DOOR)
    li = await resident(client, "单小明", household=home["id"])
    contact = await create(client, "contacts", resident=li["id"], name="王敏", phone="+852 2123 4567", relation="女儿")
    await device(client, "band-0042", resident=li["id"], phone="14400000042")
    (by_phone,) = await _search(client, "21234567")
    assert (by_phone["type"], by_phone["id"], by_phone["subtitle"]) == ("contact", contact["id"], "女儿 · 单小明")
    for q in ("0042", "BAND-0042", "14400000042"):
        (by_id,) = await _search(client, q)
        assert (by_id["type"], by_id["resident"], by_id["subtitle"]) == ("device", li["id"], "band · 单小明"), q
    by_room = await _search(client, "3-2-501")
    assert [(each["type"], each["id"]) for each in by_room] == [("resident", li["id"]), ("household", home["id"])]


async def test_the_best_match_comes_first_and_who_left_comes_last(client_of: Clients) -> None:
    client = await client_of("manager")
    for name in ("王明", "李王明", "王明华"):
        await resident(client, name)
    assert await _titles(client, "王明") == ["王明", "王明华", "李王明"]
    gone = await resident(client, "王明")
    await put(client, "residents", gone, status="deceased")
    found = await _search(client, "王明")
    assert [each["id"] for each in found].index(gone["id"]) == 1
    assert found[1]["subtitle"] == "deceased"


async def test_a_search_knows_what_was_changed_a_moment_ago_by_whatever_way(
    client_of: Clients, conn: Connection
) -> None:
    client = await client_of("admin")
    li = await resident(client, "单小明", phone="13800138000")
    assert await _titles(client, "dxm") == ["单小明"]
    await put(client, "residents", li, name="李梅", phone="13900139000")
    assert (await _titles(client, "dxm"), await _titles(client, "13800138000")) == ([], [])
    assert (await _titles(client, "lm"), await _titles(client, "13900139000")) == (["李梅"], ["李梅"])
    await conn.execute("update resident set name = '王芳' where id = %s", (li["id"],))
    assert await _titles(client, "wf") == ["王芳"]
    await device(client, resident=li["id"])
    assert (await _search(client, "band-1"))[0]["resident"] == li["id"]
    (made,) = (await client.get("/api/v1/assignments")).json()["items"]
    await client.delete(f"/api/v1/assignments/{made['id']}")
    assert (await _search(client, "band-1"))[0]["resident"] is None
    await create(client, "assignments", device="band-1", resident=li["id"])
    assert (await _search(client, "band-1"))[0]["resident"] == li["id"]
    await client.delete("/api/v1/devices/band-1")
    assert await _search(client, "band-1") == []
    await client.delete(f"/api/v1/residents/{li['id']}")
    assert await _search(client, "wf") == []


async def test_a_household_that_moves_is_found_at_its_new_door(client_of: Clients) -> None:
    client = await client_of("manager")
    home = await create(client, "households", site="north", name="单家", address=DOOR)
    await resident(client, "单小明", household=home["id"])
    assert len(await _search(client, "3-2-501")) == 2
    await put(client, "households", home, address={"building": "7", "room": "101"})
    assert await _search(client, "3-2-501") == []
    assert len(await _search(client, "7-101")) == 2


async def test_nothing_of_another_site_is_found(client_of: Clients) -> None:
    admin, south = await client_of("admin"), await client_of("duty", ("south",))
    li = await resident(admin, "单小明", phone="13800138000", address=DOOR)
    await create(admin, "contacts", resident=li["id"], name="单敏", phone="13900139000")
    await device(admin, resident=li["id"])
    for q in ("单", "sxm", "3-2-501", "13800138000", "13900139000", "band"):
        assert await _search(admin, q) != [], q
        assert await _search(south, q) == [], q


@pytest.mark.parametrize(
    "q", ["", " ", "%", "_", "\\", "'", "(", "[a", ".*", "%%s", "1", "-", "💐", "a" * 100, "\u200b"]
)
async def test_no_text_breaks_the_search(client_of: Clients, q: str) -> None:
    client = await client_of("manager")
    await resident(client, "单小明", phone="13800138000", address=DOOR)
    assert await _search(client, q) == []


async def test_a_nul_is_refused_politely(client_of: Clients) -> None:
    response = await (await client_of("manager")).get("/api/v1/search", params={"q": "a\x00"})
    assert response.status_code == 422


async def test_records_of_before_the_search_existed_are_found(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    await conn.execute(
        "insert into resident (site, name) select 'north', '单' || i from generate_series(1, %s) i",
        (AT_ONCE + 500,),
    )
    assert await catch_up(conn) > AT_ONCE
    assert await _titles(client, f"单{AT_ONCE + 500}") == [f"单{AT_ONCE + 500}"]
    assert len(await _search(client, "单", limit=50)) == 50
    assert await catch_up(conn) == 0
