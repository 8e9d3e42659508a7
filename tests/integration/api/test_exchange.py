"""Import and export over HTTP: 5,000 residents with 50 faulty lines, again, and there and back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from devices.clock import ManualClock
from gateway.store.connection import Connection
from tests.support.console import NOW, Clients
from tests.support.roster import Roster, roster

FORMATS = ["utf-8", "gb18030", "xlsx"]


def _file(made: Roster, form: str) -> bytes:
    return made.xlsx() if form == "xlsx" else made.csv(form)


async def _import(client: httpx.AsyncClient, data: bytes, status: int = 200, **query: Any) -> dict[str, Any]:
    response = await client.post("/api/v1/import", params={"site": "north", **query}, content=data, timeout=60)
    assert response.status_code == status, response.text[:2000]
    answer: dict[str, Any] = response.json()
    return answer


async def _count(conn: Connection, table: str) -> int:
    row = await (await conn.execute(f"select count(*) from {table}".encode())).fetchone()
    assert row is not None
    return int(row[0])


async def _version(conn: Connection) -> int:
    row = await (await conn.execute("select version from registry_version")).fetchone()
    assert row is not None
    return int(row[0])


def _counts(create: int = 0, update: int = 0, unchanged: int = 0, faulty: int = 0) -> dict[str, int]:
    return {"create": create, "update": update, "unchanged": unchanged, "faulty": faulty}


@pytest.mark.parametrize("form", FORMATS)
async def test_of_5000_residents_the_50_faulty_lines_are_named_and_the_others_taken(
    client_of: Clients, conn: Connection, form: str
) -> None:
    client = await client_of("manager", ("north",), "mei")
    made = roster(5000, 50)
    data = _file(made, form)
    before = await _version(conn)

    dry = await _import(client, data)
    assert (dry["dry_run"], dry["format"]) == (True, "xlsx" if form == "xlsx" else "csv")
    assert dry["encoding"] == ("" if form == "xlsx" else form)
    assert dry["counts"] == _counts(create=4950, faulty=50)
    found = [(line["line"], each["column"], each["code"]) for line in dry["lines"] for each in line["problems"]]
    assert found == made.faults
    assert await _version(conn) == before

    refused = await _import(client, data, 422, dry_run=0)
    assert refused["type"] == "urn:anxin:problem:faulty-lines"
    assert refused["counts"] == _counts(create=4950, faulty=50)
    assert await _version(conn) == before

    applied = await _import(client, data, dry_run=0, faulty="skip", token=dry["token"])
    assert (applied["dry_run"], applied["counts"]) == (False, _counts(create=4950, faulty=50))
    assert applied["new_devices"] == 4950
    for table in ("resident", "device", "assignment", "contact", "fence"):
        assert await _count(conn, table) == 4950, table

    after = await _version(conn)
    again = await _import(client, data, dry_run=0, faulty="skip")
    assert again["counts"] == _counts(unchanged=4950, faulty=50)
    assert await _version(conn) == after
    changed = await conn.execute("select count(*), count(distinct version), min(actor), max(actor) from registry_change"
                                 " where version > %s", (before,))  # fmt: skip
    assert await changed.fetchone() == (after - before, after - before, "mei", "mei")


async def test_what_is_exported_and_imported_again_changes_nothing(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    await _import(client, roster(200, 0).csv(), dry_run=0)
    await conn.execute(
        "insert into resident (id, site, name, phone, address, card, language, status, until, timezone) values"
        " ('odd', 'south', '=HYPERLINK(1)', '+4930123456', '{\"room\": \"-3\"}', '{\"notes\": \"''=1\\n二\"}', 'en',"
        " 'away', to_timestamp(%s / 1000.0), 'Europe/Berlin')",
        (NOW + 86_400_001,),
    )
    await conn.execute(
        "insert into fence (resident_slot, name, polygon) select slot, '公园',"
        " '[[31.1, 121.1], [31.2, 121.1], [31.2, 121.25]]' from resident where id = 'odd'"
    )
    await conn.execute(
        "insert into contact (resident_slot, name, phone, \"order\", channels) select slot, '@Otto', '030123456', 7,"
        " '{sms,call}' from resident where id = 'odd'"
    )
    for language in ("zh", "en"):
        book = await client.get("/api/v1/export", params={"format": "xlsx", "language": language})
        answer = await _import(client, book.content)
        assert [line for line in answer["lines"] if line["fate"] != "unchanged"] == []
        assert answer["counts"] == _counts(unchanged=201 + 200 + 201 + 201)
        assert [sheet["kind"] for sheet in answer["sheets"]] == ["residents", "devices", "contacts", "fences"]
    for kind, lines in (("residents", 201), ("devices", 200), ("contacts", 201), ("fences", 201)):
        text = await client.get("/api/v1/export", params={"format": "csv", "kind": kind})
        assert not any(line.startswith(("=", "@", "+")) for line in text.text.splitlines())
        answer = await _import(client, text.content)
        assert [line for line in answer["lines"] if line["fate"] != "unchanged"] == [], kind
        assert answer["counts"] == _counts(unchanged=lines), kind


async def test_a_form_carries_a_file_as_well(client_of: Clients) -> None:
    client = await client_of("supervisor")
    files = {"file": ("名册.csv", "姓名,站点\n王秀英,north\n".encode())}
    response = await client.post("/api/v1/import", files=files)
    assert response.status_code == 200, response.text
    assert response.json()["counts"] == _counts(create=1)
    assert (await client.post("/api/v1/import", files={"other": ("x", b"a")})).status_code == 422


async def test_an_unreadable_file_is_refused_with_its_reason(client_of: Clients) -> None:
    client = await client_of("manager")
    for data, code in (
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 xls", "old_excel"),
        (b"a,b\n1,2", "no_headers"),
    ):
        answer = await _import(client, data, 422)
        assert (answer["type"], answer["code"]) == ("urn:anxin:problem:unreadable", f"import.{code}")


async def test_a_file_too_large_is_refused_before_it_is_read(client_of: Clients) -> None:
    client = await client_of("manager")
    response = await client.post("/api/v1/import", content=b"x" * (21 * 1024 * 1024))
    assert response.status_code == 413


async def test_only_who_may_manage_imports_and_exports_and_only_own_sites(client_of: Clients, conn: Connection) -> None:
    for role in ("duty", "responder", "auditor"):
        client = await client_of(role)
        assert (await client.post("/api/v1/import", content=b"x")).status_code == 403
        assert (await client.get("/api/v1/export")).status_code == 403
    everywhere = await client_of("manager")
    await _import(everywhere, "编号,姓名,手环号\nS1,南方人,band-s\n".encode(), dry_run=0, site="south")
    client = await client_of("manager", ("north",))
    assert (await client.get("/api/v1/export", params={"site": "south"})).status_code == 404
    exported = await client.get("/api/v1/export", params={"format": "csv"})
    assert "南方人" not in exported.text
    assert (await _import(client, "姓名\n甲\n".encode(), 422, site="south"))["code"] == "import.site_unknown"
    line = (await _import(client, "姓名,站点\n甲,south\n".encode()))["lines"][0]
    assert [each["code"] for each in line["problems"]] == ["site_unknown"]
    line = (await _import(client, "姓名,手环号\n甲,band-s\n".encode()))["lines"][0]
    assert [each["code"] for each in line["problems"]] == ["device_taken"]


async def test_what_the_dry_run_did_not_say_is_not_done(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    data = "编号,姓名,电话\nA1,王秀英,13800138000\n".encode()
    dry = await _import(client, data)
    await _import(client, data.replace(b"13800138000", b"13900139000"), dry_run=0)
    answer = await _import(client, data, 409, dry_run=0, token=dry["token"])
    assert answer["type"] == "urn:anxin:problem:came-out-differently"
    assert [line["fate"] for line in answer["lines"]] == ["update"]
    phones = await (await conn.execute("select phone from resident")).fetchall()
    assert phones == [("13900139000",)]


async def test_a_line_that_the_database_refuses_is_named(client_of: Clients, conn: Connection) -> None:
    await conn.execute("alter table contact add constraint never check (name <> '丙女')")
    client = await client_of("manager")
    lines = "编号,姓名,联系人1姓名,联系人1电话\n" + "".join(
        f"A{n},{name},{name}女,1380013800{n}\n" for n, name in enumerate("甲乙丙丁", 1)
    )
    answer = await _import(client, lines.encode(), 422, dry_run=0)
    faulty = [line for line in answer["lines"] if line["fate"] == "faulty"]
    assert [(line["line"], line["problems"][0]["code"]) for line in faulty] == [(4, "refused")]
    assert await _count(conn, "resident") == 0
    answer = await _import(client, lines.encode(), dry_run=0, faulty="skip")
    assert answer["counts"] == _counts(create=3, faulty=1)
    assert await _count(conn, "contact") == 3


async def test_an_import_sent_twice_with_one_key_is_done_once(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    headers = {"Idempotency-Key": "once"}
    for _ in range(2):
        response = await client.post(
            "/api/v1/import", params={"dry_run": 0, "site": "north"}, content="姓名\n甲\n".encode(), headers=headers
        )
        assert response.status_code == 200, response.text
        assert response.json()["counts"] == _counts(create=1)
    assert await _count(conn, "resident") == 1


async def test_a_key_of_one_import_is_none_for_another_site(client_of: Clients, conn: Connection) -> None:
    client = await client_of("manager")
    answers = [
        await client.post(
            "/api/v1/import",
            params={"dry_run": 0, "site": site},
            content="姓名\n甲\n".encode(),
            headers={"Idempotency-Key": "once"},
        )
        for site in ("north", "south")
    ]
    assert [each.status_code for each in answers] == [200, 422]
    assert await _count(conn, "resident") == 1


async def test_a_band_changes_hands_from_now_on(client_of: Clients, conn: Connection, clock: ManualClock) -> None:
    client = await client_of("manager")
    await _import(client, "编号,姓名,手环号\nA1,甲,band-1\nA2,乙,\n".encode(), dry_run=0)
    clock.now = NOW + 1000
    answer = await _import(client, "编号,手环号\nA2,band-1\n".encode(), dry_run=0)
    assert answer["lines"][0]["changes"] == [{"column": "手环号", "from": "band-1: 甲", "to": "band-1: 乙"}]
    worn = await conn.execute(
        "select r.name, n.from_ms, n.to_ms from assignment n join resident r on r.slot = n.resident_slot order by 2"
    )
    assert await worn.fetchall() == [("甲", 0, NOW + 1000), ("乙", NOW + 1000, None)]


async def test_a_death_in_a_list_ends_what_must_end(client_of: Clients, conn: Connection, clock: ManualClock) -> None:
    client = await client_of("manager")
    await _import(client, "编号,姓名,手环号\nA1,甲,band-1\n".encode(), dry_run=0)
    clock.now = NOW + 5000
    answer = await _import(client, "编号,状态,手环号\nA1,已故,band-1\n".encode(), dry_run=0)
    assert answer["counts"] == _counts(update=1)
    ended = await conn.execute("select n.to_ms, r.status, r.left_at is not null from assignment n, resident r")
    assert await ended.fetchall() == [(NOW + 5000, "deceased", True)]
    assert (await _import(client, "编号,状态,手环号\nA1,已故,band-1\n".encode()))["counts"] == _counts(unchanged=1)
