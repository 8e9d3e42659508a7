"""Habitual places as the engine has learned them, copied for people who search (``learned_places``)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gateway.store.connection import Connection


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """A place where somebody often is; degrees, metres. ``hours``: local hours of the day, rising."""

    lat: float
    lon: float
    radius_m: float
    weight: float
    hours: tuple[int, ...]


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a resident's places. ``known``: whether it is enough to judge by."""

    resident_slot: int
    known: bool
    places: tuple[Habit, ...]


async def save_habits(conn: Connection, learned: Sequence[Habits], now: int) -> None:
    """Keep these at ``now`` (ms) in place of what was kept of the same residents; of who has left nothing is kept."""
    await conn.execute(
        "insert into learned_places (resident_slot, known, places, written_ms)"
        " select r.slot, t.known, t.places::jsonb, %s from unnest(%s::int4[], %s::bool[], %s::text[])"
        " as t (slot, known, places) join resident r on r.slot = t.slot and r.left_at is null"
        " on conflict (resident_slot) do update set known = excluded.known, places = excluded.places,"
        " written_ms = excluded.written_ms",
        (
            now,
            [each.resident_slot for each in learned],
            [each.known for each in learned],
            [msgspec.json.encode(each.places).decode() for each in learned],
        ),
    )


async def kept_of(conn: Connection) -> list[int]:
    """The residents (slots) of whom something is kept."""
    cursor = await conn.execute("select resident_slot from learned_places")
    return [row[0] for row in await cursor.fetchall()]
