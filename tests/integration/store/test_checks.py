"""What became of promised checks, as the store keeps it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from devices.clock import HOUR_MS, MINUTE_MS
from devices.registry import CheckWindow, Sighting
from gateway.store import check_list
from gateway.store.checks import (
    OVERDUE_MS,
    Call,
    Excused,
    Kept,
    excuse_windows,
    keep_open,
    keep_windows,
    note_call,
)
from gateway.store.connection import Connection, connect
from gateway.store.registry import add_resident, save_site
from gateway.store.registry_log import changes_since, records_now
from gateway.store.registry_records import ResidentFields, Site
from gateway.store.sightings import note_sighting
from tests.support.promises import june

NOW = 1_750_000_000_000


@pytest.fixture
async def conn(conninfo: str) -> AsyncIterator[Connection]:
    connection = await connect(conninfo, application="anxin test")
    async with connection:
        await save_site(connection, "test", Site(id="north", name="北社区"), create=True)
        yield connection


async def _resident(conn: Connection) -> tuple[str, int]:
    made = await add_resident(conn, "test", ResidentFields(site="north", name="李奶奶"))
    row = await (await conn.execute("select slot from resident where id = %s", (made.id,))).fetchone()
    assert row is not None
    return made.id, row[0]


async def _window(conn: Connection, slot: int, opens_ms: int, closes_ms: int) -> None:
    await conn.execute(
        "insert into check_window (resident_slot, plan, day, opens_ms, closes_ms)"
        " values (%s, 'p', '2025-06-15', %s, %s)",
        (slot, opens_ms, closes_ms),
    )


async def _outcomes(conn: Connection) -> list[tuple[Any, ...]]:
    cursor = await conn.execute(
        "select closes_ms, kept_ms, kept_by, how, device_slot from check_outcome order by closes_ms"
    )
    return await cursor.fetchall()


async def test_the_earliest_news_of_a_kept_check_stands_in_whatever_order_it_comes(conn: Connection) -> None:
    resident, slot = await _resident(conn)
    closes = NOW - HOUR_MS
    await _window(conn, slot, closes - HOUR_MS, closes)
    await keep_open(conn, resident, at=NOW, by="mei", how="call")
    assert await _outcomes(conn) == [(closes, NOW, "mei", "call", None)]
    early = Kept(slot, closes, closes - MINUTE_MS, "button", 7)
    await keep_windows(conn, [early, early._replace(kept_ms=closes - 5), Kept(slot + 99, closes, closes, "sign")])
    assert await _outcomes(conn) == [(closes, closes - MINUTE_MS, None, "button", 7)]
    await keep_windows(conn, [early._replace(kept_ms=closes + 5, how="sign")])
    assert await keep_open(conn, resident, at=NOW, by="mei", how="call") == 0
    assert await _outcomes(conn) == [(closes, closes - MINUTE_MS, None, "button", 7)]


async def test_what_was_not_asked_for_says_why_unless_it_was_kept(conn: Connection) -> None:
    resident, slot = await _resident(conn)
    _, neighbour = await _resident(conn)
    await conn.execute("update resident set status = 'hospital' where id = %s", (resident,))
    await keep_windows(conn, [Kept(slot, NOW, NOW - 1, "button")])
    excused = [Excused(slot, NOW), Excused(slot, NOW + 1), Excused(neighbour, NOW)]
    await excuse_windows(conn, [*excused, Excused(slot + neighbour + 1, NOW)])
    await conn.execute("update resident set status = 'away' where id = %s", (resident,))
    await excuse_windows(conn, excused)
    cursor = await conn.execute("select resident_slot, closes_ms, skipped from check_outcome order by 1, 2")
    assert await cursor.fetchall() == [(slot, NOW, None), (slot, NOW + 1, "hospital"), (neighbour, NOW, "rule_off")]


async def test_whoever_vouches_settles_what_is_open_or_overdue_and_no_other_window(conn: Connection) -> None:
    resident, slot = await _resident(conn)
    _, neighbour = await _resident(conn)
    ends = [NOW - OVERDUE_MS, NOW - OVERDUE_MS + 1, NOW + 1, NOW + 10]
    for closes in ends[:3]:
        await _window(conn, slot, closes - 2, closes)
    await _window(conn, slot, NOW + 1, NOW + 10)
    await _window(conn, neighbour, NOW - 1, NOW + 1)
    assert await keep_open(conn, resident, at=NOW, by="李敏", how="sms") == 2
    assert [row[0] for row in await _outcomes(conn)] == ends[1:3], "the last begins when the one before it ends"


@pytest.mark.parametrize(("early_min", "kept"), [(None, 1), (59, 0), (61, 1)])
async def test_a_window_can_be_kept_as_early_as_the_rule_says(
    conn: Connection, early_min: int | None, kept: int
) -> None:
    resident, slot = await _resident(conn)
    await _window(conn, slot, NOW + HOUR_MS, NOW + 2 * HOUR_MS)
    if early_min is not None:
        await conn.execute(
            "insert into parameter (scope, key, name, value) values ('site', 'north', %s, %s)",
            ("missed_check.checkin.early_min", early_min),
        )
    assert await keep_open(conn, resident, at=NOW, by="mei", how="call") == kept


async def test_the_gateway_reads_windows_and_the_newest_sighting_as_records(conn: Connection) -> None:
    resident, slot = await _resident(conn)
    version = (await records_now(conn, ["sighting"]))[0]
    await _window(conn, slot, NOW, NOW + HOUR_MS)
    for at in (NOW, NOW + 5, NOW + 2):
        async with conn.transaction():
            await note_sighting(conn, resident, at=at, by="mei", how="visit", note="在家")
    _, found = await records_now(conn, ["check_window", "sighting"])
    seen = Sighting(id=resident, resident_slot=slot, at_ms=NOW + 5)
    assert found["sighting"] == [seen]
    [window] = found["check_window"]
    assert window == CheckWindow(id=window.id, resident_slot=slot, opens_ms=NOW, closes_ms=NOW + HOUR_MS)
    changes = await changes_since(conn, version)
    assert [change.record for change in changes] == [window, Sighting(**{**_fields(seen), "at_ms": NOW}), seen]
    cursor = await conn.execute("select at_ms, actor, how, note from sighting_note order by n")
    assert await cursor.fetchall() == [(at, "mei", "visit", "在家") for at in (NOW, NOW + 5, NOW + 2)]


async def test_calls_are_noted_beside_what_became_of_the_check(conn: Connection) -> None:
    resident, slot = await _resident(conn)
    await _window(conn, slot, NOW - 5, NOW + 5)
    calls = [Call(t=NOW, actor="mei", result="no_answer"), Call(t=NOW + 1, actor="mei", result="well", note="好")]
    await note_call(conn, slot, NOW + 5, calls[0])
    await keep_open(conn, resident, at=NOW + 1, by="mei", how="call")
    await note_call(conn, slot, NOW + 5, calls[1])
    cursor = await conn.execute("select calls, kept_ms from check_outcome")
    assert await cursor.fetchall() == [
        (
            [
                {"t": NOW, "actor": "mei", "result": "no_answer", "note": None},
                {"t": NOW + 1, "actor": "mei", "result": "well", "note": "好"},
            ],
            NOW + 1,
        )
    ]


def _fields(sighting: Sighting) -> dict[str, Any]:
    return {name: getattr(sighting, name) for name in sighting.__struct_fields__}


async def test_the_days_around_take_no_place_on_todays_list(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    at_ten = june(10)  # in Shanghai; Honolulu has the day before, and Kiritimati the same
    for name in ("Asia/Shanghai", "Pacific/Honolulu", "Pacific/Kiritimati"):
        made = await add_resident(conn, "test", ResidentFields(site="north", name=name, timezone=name))
        await conn.execute(
            "insert into check_window (resident_slot, plan, day, opens_ms, closes_ms)"
            " select slot, 'p', date '2025-06-10' + i, %s + i * 86400000, %s + i * 86400000"
            " from resident, generate_series(-2, 2) i where id = %s",
            (at_ten - HOUR_MS, at_ten, made.id),
        )
    monkeypatch.setattr(check_list, "MOST_AT_ONCE", 3)
    assert {each.name: each.date.day for each in await check_list.checks_of_today(conn, ["north"], at_ten)} == {
        "Asia/Shanghai": 10,
        "Pacific/Honolulu": 9,
        "Pacific/Kiritimati": 10,
    }
    assert await check_list.checks_of_today(conn, ["south"], at_ten) == []
