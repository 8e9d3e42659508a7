"""Habitual places are copied for people who search: what changed, and of nobody who has left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alerts.engine import LearnedPlace
from gateway.habits import HabitCopier
from gateway.store.connection import Connection, connect
from tests.support.community import rows, seed_community

MARKET = LearnedPlace(lat=31.20123449, lon=121.4, radius_m=60.04, weight=3.0, hours=(8, 9))
SCHOOL = LearnedPlace(lat=31.19, lon=121.41, radius_m=50.0, weight=1.0, hours=(15,))


class Engine:
    """What an engine would say."""

    def __init__(self) -> None:
        self.places: dict[int, list[LearnedPlace]] = {}
        self.enough: set[int] = set()

    def places_of(self, resident_slot: int) -> list[LearnedPlace]:
        return self.places.get(resident_slot, [])

    def known_enough(self, resident_slot: int) -> bool:
        return resident_slot in self.enough


@pytest.fixture
async def conn(conninfo: str) -> AsyncIterator[Connection]:
    seed_community(conninfo)
    async with await connect(conninfo, application="test") as connection:
        yield connection


def _slots(conninfo: str) -> list[int]:
    return [slot for (slot,) in rows(conninfo, "select slot from resident order by id")]


def _kept(conninfo: str) -> list[tuple[Any, ...]]:
    return rows(
        conninfo,
        "select r.id, known, jsonb_array_length(places), written_ms from learned_places l"
        " join resident r on r.slot = l.resident_slot order by r.id",
    )


async def test_only_what_changed_is_written(conninfo: str, conn: Connection) -> None:
    engine, slots = Engine(), _slots(conninfo)
    copier = HabitCopier(engine)
    assert await copier.copy(conn, slots, 1) == 0
    engine.places = {slots[0]: [MARKET, SCHOOL], slots[1]: [MARKET]}
    engine.enough = {slots[0]}
    assert await copier.copy(conn, slots, 2) == 2
    assert await copier.copy(conn, slots, 3) == 0
    engine.places[slots[1]] = [SCHOOL, MARKET]
    assert await copier.copy(conn, slots, 4) == 1
    assert _kept(conninfo) == [("r0", True, 2, 2), ("r1", False, 2, 4)]
    stored = rows(conninfo, "select places -> 0 from learned_places order by resident_slot limit 1")
    assert stored == [({"lat": 31.201234, "lon": 121.4, "radius_m": 60.0, "weight": 3.0, "hours": [8, 9]},)]


async def test_what_is_known_no_more_is_kept_no_more_after_a_start_too(conninfo: str, conn: Connection) -> None:
    engine, slots = Engine(), _slots(conninfo)
    engine.places = {slots[0]: [MARKET]}
    await HabitCopier(engine).copy(conn, slots, 1)
    engine.places = {}
    assert await HabitCopier(engine).copy(conn, slots, 2) == 1
    assert _kept(conninfo) == [("r0", False, 0, 2)]


async def test_nothing_is_kept_of_somebody_who_has_left(conninfo: str, conn: Connection) -> None:
    engine, slots = Engine(), _slots(conninfo)
    engine.places = {slot: [MARKET] for slot in slots}
    await conn.execute("update resident set left_at = now() where id = 'r1'")
    await HabitCopier(engine).copy(conn, slots, 1)
    assert [row[0] for row in _kept(conninfo)] == ["r0", "r2"]
