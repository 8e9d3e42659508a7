"""``wandering.lost``: the resident has left the ways that they are used to walk.

Three reasons. They left a well-trodden way midway, far from where they set out, and walk where they never were
(``LEFT``); they stand still for long where they never were (``STILL``); they walk away from home at an hour at which
they are never out (``HOUR``). All of them ask for somebody whose ways are known and regular: of an explorer nobody can
tell, and before enough is known nothing is said. A ride is no walk.

Whoever left a way is told as low at first, which waits at the console without a sound: most of them look at something
and turn round, or go to a shop that is new to them. It becomes medium when they walk on, and high when it lasts, when
they are far off, at night, or when the battery runs low; it ends at home, at a known place, or when they have walked on
a known way for a while. Who goes back the way they came is not walking off. What came late raises nothing.
"""

from __future__ import annotations

from math import isnan
from typing import Any, Final, NamedTuple

import numpy as np

from alerts.engine import pool
from alerts.engine.compiled import gate, inner
from alerts.engine.geometry import length_m
from alerts.engine.habits import (
    LEARNED,
    SPARSE_S,
    Ground,
    count_hour,
    end_outing,
    ground_of,
    is_odd_hour,
    land,
    learning,
    set_out,
    walk_on,
)
from alerts.engine.hours import is_between
from alerts.engine.layout import FOUR_HOURS_MS, NEVER, NONE, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.parameters import ParameterSpec, switch
from alerts.engine.rules import Rule, Severity, What
from alerts.engine.trek import BACK, BACK_FIXES, HOME, HOME_M, LANDED, OUT, PASSED, RIDDEN, WALKED, from_home_m
from alerts.engine.ways import keep_marks, mark_walk, off_way_m, remember_excursion
from devices.batch import POSITION_SOURCES, Records
from devices.kinds import Kind

RULE = Rule.WANDERING_LOST
KIND = Kind.POSITION
_MEASURED: Final = "measured on recorded walks, ADR-35"
_ASSUMED: Final = "assumption, ADR-35"
PARAMETERS = (
    switch("wandering.lost"),
    ParameterSpec("wandering.lost.beside_m", 30, 5, 60, "so far from a way, and its accuracy, is off it", _MEASURED),
    ParameterSpec("wandering.lost.off_way_s", 140, 30, 3600, "so long off every known way", _MEASURED),
    ParameterSpec("wandering.lost.fixes", 3, 2, 100, "and so many fixes", _MEASURED, whole=True),
    ParameterSpec(
        "wandering.lost.along_m", 250, 50, 5000, "after so far on a well-trodden way: not out of the door", _MEASURED
    ),
    ParameterSpec(
        "wandering.lost.well_walks", 3, 1, 15, "well-trodden is what they walked so often that way", _MEASURED,
        whole=True,
    ),
    ParameterSpec("wandering.lost.known_walks", 5, 1, 1000, "nothing is known after fewer walks", _ASSUMED, whole=True),
    ParameterSpec(
        "wandering.lost.regular_from", 0.6, 0, 1, "so much of their walks must be on known ways", _ASSUMED
    ),
    ParameterSpec("wandering.lost.novel_to", 0.3, 0, 1, "and no more of them over new ground", _MEASURED),
    ParameterSpec("wandering.lost.stretch", 1.75, 0, 10, "times their own second longest excursion", _MEASURED),
    ParameterSpec("wandering.lost.off_m", 60, 0, 1000, "so far from every known way", _MEASURED),
    ParameterSpec(
        "wandering.lost.still_s", 2700, 300, 14_400, "standing so long where they never were, having walked there",
        _ASSUMED,
    ),
    ParameterSpec(
        "wandering.lost.hour_days", 21, 7, 365, "hours are known after so many days out", _ASSUMED, whole=True
    ),
    ParameterSpec(
        "wandering.lost.hour_m", 300, 100, 10_000, "so far from home at an hour at which they are never out", _ASSUMED
    ),
    ParameterSpec(
        "wandering.lost.sounds_after_s", 420, 0, 14_400, "it waits without a sound until they have walked on so long",
        "simulated lives, ADR-44",
    ),
    ParameterSpec("wandering.lost.back_s", 120, 0, 3600, "so long on a known way again ends it", _ASSUMED),
    ParameterSpec(
        "wandering.lost.high_after_s", 900, 0, 14_400, "it is high when they were seen out of doors for so long",
        _ASSUMED,
    ),
    ParameterSpec("wandering.lost.high_m", 500, 50, 20_000, "or so far from every known way", _ASSUMED),
    ParameterSpec("wandering.lost.high_battery_pct", 15, 0, 100, "or with so little battery left", _ASSUMED),
    ParameterSpec("wandering.lost.night_from_h", 22, 0, 24, "or at night, from this local hour", _ASSUMED, whole=True),
    ParameterSpec("wandering.lost.night_to_h", 6, 0, 24, "to this one", _ASSUMED, whole=True),
    ParameterSpec(
        "wandering.lost.evidence_every_s", 60, 0, 3600, "where they are is told at most so often",
        "assumption, ADR-6: not 3,600 changes of an alarm an hour",
    ),
)  # fmt: skip
EVIDENCE = (
    "reason", "off_way_m", "seconds_off_way", "home_m", "regular", "walks_known", "lat_deg", "lon_deg",
)  # fmt: skip

LEFT: Final = 1
"""``reason``: they left a well-trodden way midway."""
STILL: Final = 2
"""They stand still in no known place."""
HOUR: Final = 3
"""They are out at an hour at which they never are."""

SHORT_MS: Final = 420_000
"""What is over so soon was an excursion. Assumption, ADR-35."""
NO_RIDE_M: Final = 150.0
"""Nobody takes a bus for less: fixes that came late or lay apart look like that. Assumption, ADR-35."""

_RULE = int(RULE)
_LOW = int(Severity.LOW)
_MEDIUM = int(Severity.MEDIUM)
_HIGH = int(Severity.HIGH)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)
_WIFI: Final = POSITION_SOURCES.index("wifi")
_CELL: Final = POSITION_SOURCES.index("cell")


class Strayed(NamedTuple):
    """What the newest fix adds to being lost."""

    walked_s: float
    """So long they have walked on where they never were."""
    indoors: bool
    """It was found by Wi-Fi or cells, as under a roof."""


@gate
def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Follow the wearer's newest fix on their way; at home only what was said of them is looked at."""
    if at.newer and at.wearer >= 0:
        device = state.device[at.d]
        if device["out"] >= OUT or (device["out"] == HOME and device["episode"] != NONE):
            k = judge(state, own["source"], at, enabled, journal, out, k)
    return k


@inner
def judge(state: State, source: int, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Learn from the newest fix what is ordinary, and say what is not."""
    device, resident = state.device[at.d], state.resident[at.wearer]
    row = pool.of_this_wearer(state, journal, at.d, _RULE, at.worn_since)
    if enabled[_RULE] == 0 or resident["active"] == 0:
        return k
    if device["out"] == HOME:
        if row != NONE and from_home_m(resident, device) <= HOME_M:
            k = recover(state, at, row, NONE, journal, out, k)
        return k
    trek = state.trek[state.trek_row[at.d]]
    if trek["heard"] == PASSED and device["out"] != BACK:
        return k
    p = state.rules[at.rules]
    learns = learning(state, at)
    ground = ground_of(state, at, trek, journal)
    walked_s = 0.0
    ways = state.ways[ground.row]
    if trek["heard"] == LANDED or (trek["heard"] == RIDDEN and trek["end_ms"] == NEVER):
        land(state, at, trek, ground, learns, journal)
        trek["odd_hour"] = 0
        if trek["end_ms"] == NEVER and is_odd_hour(ways, ground.hour, p["lost_hour_days"]):
            trek["odd_hour"] = 1
    elif trek["heard"] == RIDDEN:
        if length_m(trek["x"] - np.float64(trek["end_x"]), trek["y"] - np.float64(trek["end_y"])) > NO_RIDE_M:
            set_out(trek)
    elif trek["heard"] == WALKED:
        beside_m = p["lost_beside_m"] + min(trek["accuracy_m"], 50.0)
        walked_s = walk_on(state, at, trek, ground, beside_m, p, learns, journal)
    if learns == LEARNED:
        count_hour(state, at, ways, ground.hour)
    if device["out"] == BACK:
        end_outing(state, trek, ground.row, learns)
        return k if row == NONE else recover(state, at, row, ground.row, journal, out, k)
    if row != NONE:
        return go_on(state, at, row, ground, Strayed(walked_s, source in (_WIFI, _CELL)), journal, out, k)
    accompanied = at.order < resident["accompanied"]
    if at.late or accompanied or p["lost_enabled"] == 0 or trek["heard"] != WALKED:
        return k
    reason = reason_of(trek, ways, ground, at, p)
    if reason == 0:
        return k
    row = pool.begin(state, journal, at.d, _RULE, at.order)
    pool.name(state, row, at.t, at.seq, at.order)
    trek["reason"] = reason
    trek["cries"] = min(20, trek["cries"] + 1)
    state.episode[row]["far_since"] = at.order
    trek["severity"] = severity_of(state, at, trek, state.episode[row], ground)
    keep_marks(state, journal, ground.row)
    mark_walk(ways, astray=True)
    return say(state, at, row, ground, _OPENED, out, k)


@inner
def reason_of(trek: Any, ways: Any, ground: Ground, at: Heard, p: Any) -> int:
    """Why somebody seems to be lost, 0: they do not."""
    if (
        ways["walks"] < p["lost_known_walks"]
        or ways["regular"] < p["lost_regular_from"]
        or ground.in_place
        or ways["novel"] > p["lost_novel_to"]
    ):
        return 0
    if trek["odd_hour"] == 1 and trek["home_m"] >= p["lost_hour_m"]:
        return HOUR
    if trek["off_s"] < 0 or trek["off_fixes"] < p["lost_fixes"]:
        return 0
    limit_s = max(p["lost_off_way_ms"] / 1000.0, p["lost_stretch"] * ways["second_s"]) * (1 + 2 * trek["cries"])
    off_m = off_way_m(ways, ground.x, ground.y)
    if trek["off_walk_s"] >= limit_s and trek["left_m"] >= p["lost_along_m"] and off_m >= p["lost_off_m"]:
        return LEFT
    if trek["left_m"] > 0.0 and at.order - trek["stay_ms"] >= p["lost_still_ms"]:
        return STILL
    return 0


@inner
def seconds_off_way(trek: Any, at: Heard) -> int:
    """How long they have been off every known way, 0: they are on one."""
    return int((at.order - trek["began"]) // 1000 - trek["off_s"]) if trek["off_s"] >= 0 else 0


@inner
def go_on(
    state: State, at: Heard, row: int, ground: Ground, strayed: Strayed, journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Follow somebody who is lost."""
    p = state.rules[at.rules]
    trek = state.trek[state.trek_row[at.d]]
    on_way = trek["way_s"] >= 0 and trek["way_fixes"] >= BACK_FIXES and trek["reason"] != HOUR
    since_ms = at.order - trek["began"] - 1000 * int(trek["way_s"])
    found = ground.in_place or (on_way and since_ms >= p["lost_back_ms"])
    if trek["heard"] == WALKED and found:
        return recover(state, at, row, ground.row, journal, out, k)
    pool.keep(state, journal, row)
    episode = state.episode[row]
    if strayed.indoors or at.order - episode["newest"] > 1000.0 * SPARSE_S:
        episode["far_since"] += at.order - episode["newest"]
    episode["watched_ms"] = min(FOUR_HOURS_MS, episode["watched_ms"] + int(1000.0 * strayed.walked_s))
    episode["newest"] = at.order
    if at.late or p["lost_enabled"] == 0:
        return k
    severity = severity_of(state, at, trek, episode, ground)
    if severity <= trek["severity"] and at.order - episode["told"] < p["lost_evidence_every_ms"]:
        return k
    trek["severity"] = max(severity, trek["severity"])
    episode["told"] = at.order
    return say(state, at, row, ground, _EVIDENCE, out, k)


@inner
def severity_of(state: State, at: Heard, trek: Any, episode: Any, ground: Ground) -> int:
    """How bad it is by now."""
    p = state.rules[at.rules]
    battery = state.device[at.d]["battery_pct"]
    if at.order - episode["far_since"] >= p["lost_high_after_ms"] or is_between(
        ground.hour, p["lost_night_from_h"], p["lost_night_to_h"]
    ):
        return _HIGH
    if not isnan(battery) and battery <= p["lost_high_battery_pct"]:
        return _HIGH
    if off_way_m(state.ways[ground.row], ground.x, ground.y) >= p["lost_high_m"]:
        return _HIGH
    return _MEDIUM if trek["reason"] != LEFT or episode["watched_ms"] >= p["lost_sounds_after_ms"] else _LOW


@inner
def recover(state: State, at: Heard, row: int, known: int, journal: Journal, out: Records, k: int) -> int:
    """They are back on their ways."""
    ground = Ground(known, np.nan, np.nan, np.nan, is_step=False, in_place=True)
    k = say(state, at, row, ground, _RECOVERED, out, k)
    if known != NONE:
        trek = state.trek[state.trek_row[at.d]]
        if trek["heard"] == WALKED:
            keep_marks(state, journal, known)
            mark_walk(state.ways[known], astray=False)
            if at.order - state.episode[row]["since"] <= SHORT_MS:
                remember_excursion(state.ways[known], np.float64(trek["ran_s"]))
        set_out(trek)
    pool.end(state, journal, at.d, row)
    return k


@inner
def say(state: State, at: Heard, row: int, ground: Ground, what: int, out: Records, k: int) -> int:
    """Emit what became of the episode, with where they are by what is known of them."""
    device, episode = state.device[at.d], state.episode[row]
    trek = state.trek[state.trek_row[at.d]]
    emit(
        out, k, _RULE, what, trek["severity"], at.t, episode["opening_t"], episode["opening_seq"], at.i, at.wearer,
        at.d, at.late, state.rules[at.rules],
    )  # fmt: skip
    values = out[k]["values"]
    values[0] = trek["reason"]
    if ground.row != NONE and not isnan(ground.x):
        values[1] = off_way_m(state.ways[ground.row], ground.x, ground.y)
    values[2] = seconds_off_way(trek, at)
    values[3] = from_home_m(state.resident[at.wearer], device)
    if ground.row != NONE:
        values[4] = state.ways[ground.row]["regular"]
        values[5] = state.ways[ground.row]["walks"]
    values[6] = device["lat"]
    values[7] = device["lon"]
    return k + 1
