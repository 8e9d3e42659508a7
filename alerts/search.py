"""What a track tells whoever searches: since when somebody is away, where they surely were last, how far they can be.

Pure functions over fixes. Nothing here raises an alarm: a fix that the rules leave out may be all that there is, so it
is shown, and marked as doubtful.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Literal

import msgspec

from alerts.alarm import Alarm
from alerts.transitions import (
    ALSO_GOING,
    ALSO_THERE,
    CANNOT_COME,
    FAMILY_GOING,
    FAMILY_THERE,
    entries_of_round,
)
from devices.clock import MINUTE_MS

EARTH_RADIUS_M: Final = 6_371_008.8
"""The mean radius. Source: IUGG, Moritz 2000, doi:10.1007/s001900050278."""
SURE_M: Final = 100.0
"""A fix that says that it is less accurate leads nobody to a street corner. Assumption, ADR 36."""
FASTEST_MPS: Final = 60.0
"""Faster is no ride but a bad fix. Assumption, ADR 36."""
HOME_M: Final = 80.0
"""So far from where the home was entered is at home; further by what a fix may be off. Assumption, ADR 36."""
STANDS_M: Final = 30.0
STANDS_MS: Final = 2 * MINUTE_MS
"""Who has not moved further for so long stands still; nearer is the scatter of fixes. Assumption, ADR 36."""
LATELY_MS: Final = 5 * MINUTE_MS
SHORTEST_MS: Final = 30_000
"""Direction is told of the last minutes, if they last long enough to say anything. Assumption, ADR 36."""
SPEED_OF_MS: Final = 2 * MINUTE_MS
"""Over less, what two fixes are off makes a runner of who walks: 2 × 15 m in 30 s are 3.6 km/h. Assumption, ADR 43."""
ROAMS_MS: Final = 12 * MINUTE_MS
"""So far back it is looked whether they walk about without getting anywhere. Source: ``wandering.pattern.window_s``."""
ROAMS_AT_LEAST_MS: Final = 4 * MINUTE_MS
ROAMS_TIMES: Final = 3.0
ROAMS_M: Final = 100.0
ROAMS_MPS: Final = 3.0
"""Who walked so far, no faster than that, and so many times as far as they got, walks about. Assumptions, ADR 43."""
STEP_M: Final = 10.0
"""Less is the scatter of fixes, or what they say they may be off. Assumption, ADR 43."""
TURNED_SHARE: Final = 0.4
"""Whoever comes back so much of the whole extent has turned round. Assumption, ADR 43."""
WALKS_MPS: Final = 1.3
"""At ease, people in their seventies. Source: Bohannon 1997, doi:10.1093/ageing/26.1.15 (1.27 and 1.33 m/s)."""
FOUND_WITHIN_M: Final[tuple[tuple[float, int], ...]] = ((0.5, 700), (0.8, 2_000), (0.95, 5_800))
"""Within how many metres of where they were last seen so many were found: women with dementia, on foot. Source: Gibb
and Woolnough, Missing persons: understanding, planning, responding, Grampian Police 2007."""


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """One fix; ``t`` in ms, degrees, metres. ``sure``: it is accurate enough, and somebody can have got there."""

    t: int
    lat: float
    lon: float
    accuracy_m: float | None
    source: Literal["gnss", "wifi", "cell"] | None
    device: str
    sure: bool = False


class Roaming(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody walks about since ``from_ms``: ``walked_m`` in all, and all of it within ``within_m``, from end to end.

    ``turns``: how often they turned round along the longest way across it.
    """

    from_ms: int
    walked_m: int
    within_m: int
    turns: int


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody moves since ``from_ms``; ``heading_deg`` from north over east. ``standing_ms`` 0: they do not.

    ``speed_mps`` None: too short a time to say. ``roaming`` None: they get somewhere, or stand.
    """

    speed_mps: float | None
    heading_deg: float | None
    from_ms: int
    standing_ms: int
    roaming: Roaming | None = None


class FoundWithin(msgspec.Struct, frozen=True):
    """A share of people who got lost, and within how many metres they were found."""

    share: float
    m: int


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """How far somebody can have walked since ``since_ms`` from where they surely were."""

    lat: float
    lon: float
    radius_m: float
    since_ms: int
    speed_mps: float = WALKS_MPS
    found_within_m: tuple[FoundWithin, ...] = tuple(FoundWithin(share, m) for share, m in FOUND_WITHIN_M)


class Goer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was sent, or goes by themselves; ``t`` (ms) of their last word."""

    name: str
    state: Literal["going", "there", "cannot"]
    t: int


def apart_m(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Metres between two places that are less than some 100 km apart."""
    north, east = offset_m(lat, lon, other_lat, other_lon)
    return math.hypot(north, east)


def with_certainty(fixes: Sequence[Fix]) -> list[Fix]:
    """The fixes, by time, each with whether it is sure.

    A jump that nobody can make is doubtful until the next fix agrees with it: then it was the fixes before that were
    wrong, or a train.
    """
    judged = list(fixes)
    last: Fix | None = None
    doubtful: int | None = None
    for index, fix in enumerate(judged):
        if fix.source == "cell" or (fix.accuracy_m is not None and fix.accuracy_m > SURE_M):
            continue
        if last is not None and not _can_get(last, fix):
            if doubtful is None or not _can_get(judged[doubtful], fix):
                doubtful = index
                continue
            judged[doubtful] = msgspec.structs.replace(judged[doubtful], sure=True)
        doubtful = None
        last = judged[index] = msgspec.structs.replace(fix, sure=True)
    return judged


def is_at(fix: Fix, lat: float, lon: float, radius_m: float) -> bool:
    """Whether a fix may be within so many metres of a place."""
    return apart_m(lat, lon, fix.lat, fix.lon) <= radius_m + min(fix.accuracy_m or 0.0, SURE_M)


def movement_of(fixes: Sequence[Fix]) -> Movement | None:
    """How they move, by the last sure fixes; None when these say nothing."""
    sure = [fix for fix in fixes if fix.sure]
    if not sure:
        return None
    last = sure[-1]
    stood = last.t
    for fix in reversed(sure):
        if apart_m(last.lat, last.lon, fix.lat, fix.lon) > STANDS_M + min(fix.accuracy_m or 0.0, STANDS_M):
            break
        stood = fix.t
    lately = next(fix for fix in sure if fix.t >= last.t - LATELY_MS)
    passed_ms = last.t - lately.t
    roaming = roaming_of(sure)
    standing_ms = last.t - stood if last.t - stood >= STANDS_MS and roaming is None else 0
    if passed_ms < SHORTEST_MS:
        return None
    north, east = offset_m(lately.lat, lately.lon, last.lat, last.lon)
    metres = 0.0 if standing_ms else math.hypot(north, east)
    heading = round(math.degrees(math.atan2(east, north)) % 360) % 360 if metres > STANDS_M else None
    return Movement(
        speed_mps=round(metres / passed_ms * 1000, 2) if passed_ms >= SPEED_OF_MS else None,
        heading_deg=heading if roaming is None else None,
        from_ms=lately.t,
        standing_ms=standing_ms,
        roaming=roaming,
    )


def roaming_of(sure: Sequence[Fix]) -> Roaming | None:
    """How somebody walks about, by their sure fixes; None when they get somewhere, or hardly walk."""
    lately = [fix for fix in sure if fix.t >= sure[-1].t - ROAMS_MS]
    if lately[-1].t - lately[0].t < ROAMS_AT_LEAST_MS:
        return None
    first = lately[0]
    path = [(0.0, 0.0)]
    for fix in lately:
        north, east = offset_m(first.lat, first.lon, fix.lat, fix.lon)
        if math.dist(path[-1], (north, east)) > max(STEP_M, min(fix.accuracy_m or 0.0, STANDS_M)):
            path.append((north, east))
    walked_m = sum(math.dist(a, b) for a, b in pairwise(path))
    within_m = max(math.dist(a, b) for a in path for b in path)
    scatter_m = STANDS_M + min(sure[-1].accuracy_m or 0.0, STANDS_M)
    walks = ROAMS_M <= walked_m <= ROAMS_MPS * (lately[-1].t - first.t) / 1000
    if not walks or walked_m < ROAMS_TIMES * within_m or within_m <= scatter_m:
        return None
    return Roaming(from_ms=first.t, walked_m=round(walked_m), within_m=round(within_m), turns=_turns(path, within_m))


def _turns(path: Sequence[tuple[float, float]], within_m: float) -> int:
    """How often a path turns round along the longest way across it."""
    a, b = max(((a, b) for a in path for b in path), key=lambda ends: math.dist(*ends))
    north, east = (b[0] - a[0]) / within_m, (b[1] - a[1]) / within_m
    turns, way, furthest = 0, 0, 0.0
    for along in (each[0] * north + each[1] * east for each in path):
        if way == 0:
            way = 0 if abs(along) < TURNED_SHARE * within_m else int(math.copysign(1, along))
            furthest = along
        elif (along - furthest) * way >= 0:
            furthest = along
        elif (furthest - along) * way >= TURNED_SHARE * within_m:
            turns, way, furthest = turns + 1, -way, along
    return turns


def reach_of(last_certain: Fix, now: int) -> Reach:
    """How far they can have walked by ``now`` (ms); rides are not thought of."""
    away_s = max(0, now - last_certain.t) / 1000
    return Reach(
        lat=last_certain.lat,
        lon=last_certain.lon,
        radius_m=round((last_certain.accuracy_m or 0.0) + WALKS_MPS * away_s),
        since_ms=last_certain.t,
    )


def goers(alarm: Alarm) -> list[Goer]:
    """Who goes there in this round, by the names that the timeline has for them; the last word of each."""
    found: dict[str, Goer] = {}
    for entry in entries_of_round(alarm):
        name = entry.to or entry.actor
        if entry.event in ("dispatch", ALSO_GOING, FAMILY_GOING):
            found[name] = Goer(name=name, state="going", t=entry.t)
        elif entry.event in ("arrive", ALSO_THERE, FAMILY_THERE):
            found[name] = Goer(name=name, state="there", t=entry.t)
        elif entry.event == CANNOT_COME:
            found[name] = Goer(name=name, state="cannot", t=entry.t)
        elif entry.event == "release":
            found.clear()
    return sorted(found.values(), key=lambda goer: (goer.t, goer.name))


def _can_get(before: Fix, fix: Fix) -> bool:
    slack_m = (before.accuracy_m or 0.0) + (fix.accuracy_m or 0.0)
    metres = apart_m(before.lat, before.lon, fix.lat, fix.lon) - slack_m
    return metres <= FASTEST_MPS * max(0, fix.t - before.t) / 1000


def offset_m(from_lat: float, from_lon: float, lat: float, lon: float) -> tuple[float, float]:
    """Metres to the north and to the east on a plane between the places; 0.1 % wrong at 100 km."""
    east_deg = (lon - from_lon + 180) % 360 - 180
    mean = math.radians((from_lat + lat) / 2)
    return (
        math.radians(lat - from_lat) * EARTH_RADIUS_M,
        math.radians(east_deg) * EARTH_RADIUS_M * math.cos(mean),
    )
