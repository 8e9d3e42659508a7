"""Where somebody is, was and may be, put together for the search page and for the map behind a link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from alerts.alarm import Alarm
from alerts.search import HOME_M, Fix, apart_m, is_at, movement_of, reach_of, with_certainty
from devices.clock import MINUTE_MS
from gateway.store.connection import Connection
from gateway.store.finding import Person, Reader, Stored, Worn, first_new_of, fixes_of, person_sought, worn_by
from gateway.store.links import ended_at

ITEMS_AT_MOST: Final = 2_000
"""Of a track that is asked for from its beginning: more would only be drawn upon each other."""

AFTERWARDS_MS: Final = 10 * MINUTE_MS
"""So long after the end of an alarm the track still shows how they came back. Assumption, ADR 36."""
BEFORE_THE_NEW_MS: Final = 30 * MINUTE_MS
"""Of so long before a new fix the others are read again: what it tells of movement goes by them. Assumption, ADR 43."""
AHEAD_MS: Final = 5 * MINUTE_MS
"""So far ahead of ours may a device's clock be (contract, section 1)."""

NOTHING: Final[dict[str, Any]] = {
    "home": None,
    "left_at": None,
    "track": {"items": [], "from": None, "cursor": 0, "thinned": False},
    "last_fix": None,
    "last_certain": None,
    "movement": None,
    "reach": None,
    "battery": None,
    "devices": [],
    "places": [],
    "places_known": None,
    "zones": [],
}
"""What is said of nobody in particular, or of whom whoever reads may know nothing."""


async def whereabouts(conn: Connection, alarm: Alarm, now: int, reader: Reader, after: int | None) -> dict[str, Any]:
    """What is known at ``now`` (ms) of where whom an alarm is about is; ``after``: a cursor, only newer fixes.

    Of an alarm that has ended, what was known soon after its end: where somebody goes later is no part of it.
    """
    person = await person_sought(conn, alarm.id, now, reader)
    if person is None:
        return NOTHING
    ended = ended_at(alarm)
    until = now + AHEAD_MS if ended is None else ended + AFTERWARDS_MS
    stored, fixes = await _lately(conn, alarm, person.since, until, now, reader, after)
    worn = await worn_by(conn, alarm.id, now, reader)
    certain = _last_certain(fixes)
    return {
        "home": person.home,
        "left_at": person.left_at if _is_away(fixes, person) else None,
        "track": _track(stored, fixes, person.since, after),
        "last_fix": None if not fixes else _aged(fixes[-1], now),
        "last_certain": None if certain is None else {**_aged(certain, now), "at": _where(certain, person)},
        "movement": movement_of(fixes),
        "reach": None if certain is None else reach_of(certain, min(now, until)),
        "battery": _battery(worn),
        "devices": worn,
        "places": _places(person, certain),
        "places_known": person.known,
        "zones": person.zones,
    }


def ending(alarm: Alarm) -> dict[str, Any]:
    """Whether nobody is sought any more, since when (ms), and how it ended: a result, a state, or ``recovered``."""
    over = ended_at(alarm)
    if over is None and alarm.recovered_at is None:
        return {"ended": False, "end": None}
    if over is None:
        return {"ended": True, "end": {"t": alarm.recovered_at, "how": "recovered"}}
    return {"ended": True, "end": {"t": over, "how": alarm.result or alarm.state}}


async def _lately(
    conn: Connection, alarm: Alarm, since: int, until: int, now: int, reader: Reader, after: int | None
) -> tuple[list[Stored], list[Fix]]:
    """The fixes with their certainty; for whoever knows the others only the new ones, and those that judge them."""
    if after is not None:
        new = await first_new_of(conn, alarm.id, since, until, now, reader, after)
        begin = (now if new is None else min(new, now)) - BEFORE_THE_NEW_MS
        if begin > since:
            stored = await fixes_of(conn, alarm.id, begin, until, now, reader)
            fixes = with_certainty([each.fix for each in stored])
            if _last_certain(fixes) is not None:
                return stored, fixes
    stored = await fixes_of(conn, alarm.id, since, until, now, reader)
    return stored, with_certainty([each.fix for each in stored])


def _last_certain(fixes: Sequence[Fix]) -> Fix | None:
    return next((fix for fix in reversed(fixes) if fix.sure), None)


def _is_away(fixes: Sequence[Fix], person: Person) -> bool:
    """Whether anything but the hour says that they left: somebody telephones, and they may sit at home."""
    certain = _last_certain(fixes)
    return certain is not None and _where(certain, person) != "home"


def _track(stored: Sequence[Stored], fixes: Sequence[Fix], since: int, after: int | None) -> dict[str, Any]:
    items = [fix for each, fix in zip(stored, fixes, strict=True) if after is None or each.pos > after]
    step = -(-len(items) // ITEMS_AT_MOST) if after is None and items else 1
    kept = [fix for place, fix in enumerate(items) if place % step == 0 or place == len(items) - 1]
    return {
        "items": kept,
        "from": since,
        "cursor": max((each.pos for each in stored), default=after or 0),
        "thinned": step > 1,
    }


def _aged(fix: Fix, now: int) -> dict[str, Any]:
    return {**msgspec.structs.asdict(fix), "age_ms": max(0, now - fix.t)}


def _where(fix: Fix, person: Person) -> str:
    if person.home is not None and is_at(fix, person.home.lat, person.home.lon, HOME_M):
        return "home"
    return "place" if any(is_at(fix, each.lat, each.lon, each.radius_m) for each in person.places) else "way"


def _places(person: Person, certain: Fix | None) -> list[dict[str, Any]]:
    return [
        {
            "lat": each.lat,
            "lon": each.lon,
            "radius_m": each.radius_m,
            "weight": each.weight,
            "hours": each.hours,
            "distance_m": None if certain is None else round(apart_m(certain.lat, certain.lon, each.lat, each.lon)),
        }
        for each in sorted(person.places, key=lambda each: -each.weight)
    ]


def _battery(worn: Sequence[Worn]) -> dict[str, Any] | None:
    told = [each for each in worn if each.battery_at is not None]
    if not told:
        return None
    newest = max(told, key=lambda each: each.battery_at or 0)
    return {
        "device": newest.id,
        "pct": newest.battery_pct,
        "charging": newest.charging,
        "t": newest.battery_at,
    }
