"""What a believed fix teaches of somebody's ways and places, and how they walk on what is known of them.

The rows of ``ways`` and ``places`` are given to a resident with their first outing. They learn from ordinary time: not
while somebody is with them; and while they are said to be gone or lost, new ground is only marked.
"""

from __future__ import annotations

from math import isnan, radians
from typing import Any, Final, NamedTuple

import numpy as np

from alerts.engine.compiled import inner
from alerts.engine.geometry import length_m
from alerts.engine.hours import DAY_MS, local_hour, step_at
from alerts.engine.journal import WAYS, keep_given
from alerts.engine.layout import NEVER, NONE, Journal, State
from alerts.engine.outcome import Heard
from alerts.engine.places import RADIUS_M, VISIT_MS, begin_places, is_known_place, keep_places, visit
from alerts.engine.rules import Rule
from alerts.engine.trek import HOME_M, LANDED, PATH, WALKED
from alerts.engine.ways import (
    TRUSTED_STEP_M,
    begin_walk,
    begin_ways,
    count_new_walk,
    east_north_m,
    keep_cells,
    keep_head,
    quarter_turns,
    remember_excursion,
    settle_walk,
    tread,
    trodden,
)

NOTHING: Final = 0
"""How much is learned: somebody is with them, and leads."""
MARKED: Final = 1
"""They are astray: new ground counts from their second walk on it."""
LEARNED: Final = 2
PAUSE_MS: Final = 300_000
"""Whoever stood so long in one place sets out from there."""
STEP_S: Final = 90.0
"""Of the time between two steps no more was walked."""
BRISK_MPS: Final = 2.5
"""A faster step is a ride in traffic, or scatter. Measured on recorded rides, ADR-35."""
SPARSE_S: Final = 180.0
"""Fixes further apart do not tell whether the way between them is known."""
LESS_M: Final = 120.0
"""So far a well-trodden way may be less trodden, and still be the way that they left. Measured, ADR-35."""
MOVED_HOUSE_M: Final = 200.0
"""What was learned about another home than this is no use any more."""
AROUND_HOME_M: Final = HOME_M + RADIUS_M
"""So near home nothing is a visit."""
REMEMBERED_DAYS: Final = 120
"""After so many days out the counts of their hours are halved."""

_ASTRAY: Final = (int(Rule.WANDERING_ZONE_EXIT), int(Rule.WANDERING_NIGHT_EXIT), int(Rule.WANDERING_LOST))
"""Rules by which ground is not theirs. Who paces does so on their own."""


class Ground(NamedTuple):
    """Where somebody is, by what is known of them."""

    row: int
    """Of ``state.ways`` and ``state.places``."""
    x: float
    """Metres east and north of home."""
    y: float
    hour: float
    """The local hour, NaN unknown."""
    is_step: bool
    """The path has one more vertex: they walked on."""
    in_place: bool
    """At home or at a place that they are used to visit."""


@inner
def ground_of(state: State, at: Heard, trek: Any, journal: Journal) -> Ground:
    """Look where the newest fix of a trek, which was believed, lies; their ways are kept, but no cells."""
    resident = state.resident[at.wearer]
    row = state.ways_row[at.wearer]
    if row == NONE:
        row = give_ways(state, journal, at.wearer)
        begin_ways(state.ways[row], resident["home_lat"], resident["home_lon"])
        begin_places(state.places[row])
    else:
        keep_head(state, journal, row)
    ways, places = state.ways[row], state.places[row]
    if trek["heard"] == LANDED and not isnan(resident["home_lat"]):
        east, north = east_north_m(ways, radians(resident["home_lat"]), radians(resident["home_lon"]))
        if length_m(east, north) > MOVED_HOUSE_M:
            keep_cells(state, journal, row)
            keep_places(state, journal, row)
            begin_ways(ways, resident["home_lat"], resident["home_lon"])
            begin_places(places)
    east, north = east_north_m(ways, trek["lat0"], trek["lon0"])
    x, y = east + trek["x"], north + trek["y"]
    is_step = trek["heard"] == WALKED and trek["vertex_ms"] == at.order and trek["count"] >= 2
    in_place = trek["home_m"] <= RADIUS_M or is_known_place(places, x, y, at.order)
    return Ground(row, x, y, local_hour(state, resident["zone"], at.order), is_step, in_place)


@inner
def give_ways(state: State, journal: Journal, slot: int) -> int:
    """Give a resident the next free row."""
    row = int(state.ways_used[0])
    state.ways_used[0] = row + 1
    state.ways_row[slot] = row
    keep_given(journal, WAYS, slot)
    state.ways_stamp[row] += 1
    return row


@inner
def learning(state: State, at: Heard) -> int:
    """How much is learned from where they are now."""
    if at.order < state.resident[at.wearer]["accompanied"]:
        return NOTHING
    row = state.device[at.d]["episode"]
    while row != NONE:
        episode = state.episode[row]
        if episode["open"] == 1 and episode["rule"] in _ASTRAY:
            return MARKED
        row = episode["next"]
    return LEARNED


@inner
def land(state: State, at: Heard, trek: Any, ground: Ground, learns: int, journal: Journal) -> None:
    """Let a leg begin after a time of which nothing is known; both its ends are visits."""
    ways, places = state.ways[ground.row], state.places[ground.row]
    keep_places(state, journal, ground.row)
    keep_cells(state, journal, ground.row)
    if learns == LEARNED:
        settle_walk(ways, np.float64(trek["seen_m"]), np.float64(trek["known_m"]))
        east, north = ground.x - trek["x"], ground.y - trek["y"]
        came_x, came_y = east + np.float64(trek["end_x"]), north + np.float64(trek["end_y"])
        came = trek["end_ms"] != NEVER and at.order - trek["end_ms"] >= VISIT_MS
        if came and length_m(came_x, came_y) > AROUND_HOME_M:
            visit(places, came_x, came_y, trek["end_ms"], hour_at(state, at, trek["end_ms"]))
        elsewhere = length_m(ground.x - came_x, ground.y - came_y) > RADIUS_M
        if came and elsewhere and trek["home_m"] > AROUND_HOME_M:
            visit(places, ground.x, ground.y, at.order, ground.hour)
        trek["visited"] = 1 if came else 0
    elif learns == MARKED:
        count_new_walk(ways, np.float64(trek["seen_m"]), np.float64(trek["known_m"]))
    begin_walk(ways, at.order)
    set_out(trek)
    trek["cries"] = 0
    trek["seen_m"] = 0.0
    trek["known_m"] = 0.0


@inner
def hour_at(state: State, at: Heard, t: int) -> float:
    """The wearer's local hour at a time."""
    return local_hour(state, state.resident[at.wearer]["zone"], t)


@inner
def set_out(trek: Any) -> None:
    """Let them be on no way yet: they come from a visit, a ride, a rest."""
    trek["well_m"] = 0.0
    trek["less_m"] = 0.0
    trek["left_m"] = 0.0
    trek["off_walk_s"] = 0.0
    trek["off_s"] = -1
    trek["way_s"] = -1
    trek["off_fixes"] = 0
    trek["way_fixes"] = 0


@inner
def walk_on(
    state: State, at: Heard, trek: Any, ground: Ground, beside_m: float, p: Any, learns: int, journal: Journal
) -> float:  # fmt: skip
    """Take a step: on a known way or off it; and learn it. Returns how long they walked off every known way, s.

    No further from where they walked than ``beside_m`` is on that way. ``p``: the row of parameters in force.
    """
    ways, places = state.ways[ground.row], state.places[ground.row]
    if trek["stay_ms"] == at.order:
        trek["visited"] = 0
    stayed_ms = at.order - trek["stay_ms"]
    if stayed_ms >= PAUSE_MS:
        trek["well_m"] = 0.0
        trek["less_m"] = 0.0
    if stayed_ms >= VISIT_MS and trek["visited"] == 0 and learns == LEARNED and trek["home_m"] > AROUND_HOME_M:
        trek["visited"] = 1
        keep_places(state, journal, ground.row)
        visit(places, ground.x, ground.y, at.order, ground.hour)
    if not ground.is_step:
        return 0.0
    newest, before = (trek["count"] - 1) % PATH, (trek["count"] - 2) % PATH
    east, north = ground.x - trek["x"], ground.y - trek["y"]
    from_x, from_y = east + trek["path_x"][before], north + trek["path_y"][before]
    dx, dy = ground.x - from_x, ground.y - from_y
    step = length_m(dx, dy)
    most, that_way, back = trodden(ways, ground.x, ground.y, quarter_turns(dx, dy), beside_m)
    if learns != NOTHING:
        tread(state, journal, ground.row, from_x, from_y, ground.x, ground.y, learns == LEARNED)
    trek["seen_m"] = np.float64(trek["seen_m"]) + step
    now_s = (at.order - trek["began"]) // 1000
    if most > 0 or ground.in_place:
        trek["known_m"] = np.float64(trek["known_m"]) + step
        if trek["off_s"] >= 0:
            trek["ran_s"] = trek["off_walk_s"] if trek["left_m"] >= p["lost_along_m"] else 0.0
            if learns == LEARNED:
                remember_excursion(ways, np.float64(trek["ran_s"]))
        trek["off_s"] = -1
        trek["off_walk_s"] = 0.0
        trek["off_fixes"] = 0
        trek["way_fixes"] = min(1000, trek["way_fixes"] + 1)
        if trek["way_s"] < 0:
            trek["way_s"] = now_s
        if that_way >= p["lost_well_walks"]:
            trek["well_m"] = np.float64(trek["well_m"]) + step
            trek["less_m"] = 0.0
        else:
            trek["less_m"] = np.float64(trek["less_m"]) + step
            if trek["less_m"] > LESS_M:
                trek["well_m"] = 0.0
        return 0.0
    if trek["off_s"] < 0:
        trek["off_s"] = now_s - trek["path_s"][newest]
        trek["left_m"] = trek["well_m"]
        trek["off_walk_s"] = 0.0
    trek["off_fixes"] = min(1000, trek["off_fixes"] + 1)
    trek["way_s"] = -1
    trek["way_fixes"] = 0
    seconds = float(trek["path_s"][newest])
    if back or step > min(TRUSTED_STEP_M, BRISK_MPS * seconds) or seconds > SPARSE_S:
        return 0.0
    walked_s = min(STEP_S, seconds)
    trek["off_walk_s"] = np.float64(trek["off_walk_s"]) + walked_s
    return walked_s


@inner
def count_hour(state: State, at: Heard, ways: Any, hour: float) -> None:
    """Let them have been out at this local hour of this day."""
    if isnan(hour):
        return
    zone = state.resident[at.wearer]["zone"]
    day = (at.order + state.zone_offset[zone, step_at(state, zone, at.order)]) // DAY_MS
    if day != ways["out_day"]:
        ways["out_day"] = day
        ways["out_hours"] = 0
        ways["out_days"] += 1
        if ways["out_days"] >= REMEMBERED_DAYS:
            ways["out_days"] = REMEMBERED_DAYS // 2
            for each in range(24):
                ways["out"][each] //= 2
    bit = 1 << int(hour)
    if ways["out_hours"] & bit == 0:
        ways["out_hours"] |= bit
        ways["out"][int(hour)] += 1


@inner
def is_odd_hour(ways: Any, hour: float, known_days: int) -> bool:
    """Whether they are never out at about this hour; False where nothing is known."""
    if isnan(hour) or ways["out_days"] < known_days:
        return False
    at = int(hour)
    return bool(ways["out"][(at - 1) % 24] + ways["out"][at] + ways["out"][(at + 1) % 24] == 0)


@inner
def end_outing(state: State, trek: Any, row: int, learns: int) -> None:
    """They are back at home."""
    if learns == LEARNED:
        settle_walk(state.ways[row], np.float64(trek["seen_m"]), np.float64(trek["known_m"]))
    elif learns == MARKED:
        count_new_walk(state.ways[row], np.float64(trek["seen_m"]), np.float64(trek["known_m"]))
    trek["seen_m"] = 0.0
    trek["known_m"] = 0.0
