"""``wandering.pattern``: the resident walks to and fro, round and round or about, and gets nowhere (ADR-34).

Judged over the last ``window_s`` of the device's ring of fixes (``turning``), inside the zones too. A way is a pattern
when it turns enough (θ), goes over its own ground (``repeats``) and looks restless enough, on ``fixes`` fixes in a row.
It is called after Martino-Saltzman: lapping when it went round its middle and mostly turned one way, pacing when it is
slim, else random. It is told as low, which waits at the console without a sound, and becomes medium when it lasts.
It is over when they are home, when the way has not looked like it for some fixes, or when nothing is heard any more.
"""

from __future__ import annotations

from math import cos, isnan, radians
from typing import Any, Final, NamedTuple

import numpy as np

from alerts.engine import pool, turning
from alerts.engine.compiled import gate, inner
from alerts.engine.geometry import EARTH_RADIUS_M, length_m
from alerts.engine.hours import is_between, local_hour
from alerts.engine.layout import MOST, NONE, WORN, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.parameters import ParameterSpec, switch
from alerts.engine.places import has_laps_of_today, is_habit_of_laps, is_known_place, keep_places, walk_in_laps
from alerts.engine.rules import Rule, Severity, What
from alerts.engine.trek import HOME, HOME_M, from_home_m, give_trek, keep_ring, turned
from alerts.engine.ways import east_north_m
from devices.batch import Records
from devices.kinds import Kind

RULE = Rule.WANDERING_PATTERN
KIND = Kind.POSITION
_FITTED = "assumption, ADR-34: fitted to simulated ways"
PARAMETERS = (
    switch("wandering.pattern", off="ADR-34: it cries for ordinary walks too often to be for everybody"),
    ParameterSpec("wandering.pattern.window_s", 720, 300, 780, "over so long the way is looked at", _FITTED),
    ParameterSpec("wandering.pattern.theta_deg_per_m", 0.5, 0, 10, "so much it turns at least", _FITTED),
    ParameterSpec(
        "wandering.pattern.repeats", 7, 3, 50, "so many times as long as its radius the way is at least", _FITTED
    ),
    ParameterSpec(
        "wandering.pattern.radius_m", 12, 0, 200, "its points lie so far from their middle at least",
        "assumption, ADR-34: beyond the scatter of a receiver that lies still",
    ),
    ParameterSpec(
        "wandering.pattern.blur", 0.6, 0, 5, "and by so many times the accuracy of its fixes",
        "simulated lives, ADR-44: beyond what a receiver between houses makes up",
    ),
    ParameterSpec("wandering.pattern.score", 0.2, -5, 10, "so restless it looks at least", _FITTED),
    ParameterSpec(
        "wandering.pattern.paces", 15, 3, 100,
        "or, by the speed that the band tells, they walked so many times as far as its radius", "assumption, ADR-49",
    ),
    ParameterSpec(
        "wandering.pattern.familiar_score", 3, 0, 20, "and by so much more at a place that they are used to visit",
        "assumption, ADR-34: shopping, exercise",
    ),
    ParameterSpec(
        "wandering.pattern.home_m", 15, 0, 500, "its middle lies so far from home at least",
        "assumption, ADR-34: a garden, a doorstep",
    ),
    ParameterSpec("wandering.pattern.fixes", 2, 1, 20, "on so many fixes in a row", "assumption, ADR-34", whole=True),
    ParameterSpec(
        "wandering.pattern.back_fixes", 4, 1, 50, "on so many fixes in a row it is over", "assumption, ADR-34",
        whole=True,
    ),
    ParameterSpec(
        "wandering.pattern.sounds_after_s", 1200, 0, 14_400, "it waits without a sound until it has lasted so long",
        "assumption, ADR-44: longer than shopping, a walk round the pond",
    ),
    ParameterSpec(
        "wandering.pattern.laps_sound_after_s", 3600, 0, 14_400, "round and round by day it waits so long",
        "assumption, ADR-49: longer than most who walk in laps for exercise",
    ),
    ParameterSpec(
        "wandering.pattern.evidence_every_s", 300, 30, 3600, "while it lasts it is told at most so often",
        "assumption, ADR-34",
    ),
)  # fmt: skip
EVIDENCE = (
    "pattern", "theta_deg_per_m", "threshold_deg_per_m", "score", "threshold", "window_s", "lat_deg", "lon_deg",
)  # fmt: skip

PACING: Final = 1
LAPPING: Final = 2
RANDOM: Final = 3
_RULE = int(RULE)
_LOW = int(Severity.LOW)
_MEDIUM = int(Severity.MEDIUM)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)
_POINTS: Final = 7
"""Of fewer fixes nothing is said."""
_FULL: Final = 0.8
"""So much of the window must be known."""
_CALM: Final = 0.0
"""Below this a way is no pattern any more."""
_WALKING: Final = 0.75
"""Of the speeds that were told: who walks on and on."""
_STANDING: Final = 0.5
"""Below this they stand most of the time, as at a stall, whatever their positions do, unless they shuffle on and on."""
_DOORSTEP_M: Final = 100.0
"""So near home no laps are a habit. Assumption, ADR-49."""
_UNSEEN_MS: Final = 600_000
"""After so long without a fix nobody knows whether they still walk so. As ``trek.GAP_MS``."""
_ONE_WAY: Final = 0.6
_ROUNDS: Final = 1.2
_SLIM: Final = 0.45


class Found(NamedTuple):
    """What the way of the last minutes looks like."""

    way: turning.Spread
    score: float


@gate
def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Look at the way of whoever is out, or sends their fixes often; of others nothing can be said."""
    if at.newer and at.wearer >= 0:
        device = state.device[at.d]
        about = device["out"] != HOME or at.order - at.before <= turning.GAP_MS
        if device["episode"] != NONE or (about and state.rules[at.rules]["pattern_enabled"] == 1):
            k = judge(state, turning.speed_of(own["speed_mps"]), at, enabled, journal, out, k)
    return k


@inner
def judge(state: State, speed: int, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Take the newest fix in, with the speed that it told, and say what the way looks like."""
    p = state.rules[at.rules]
    device, resident = state.device[at.d], state.resident[at.wearer]
    row = pool.of_this_wearer(state, journal, at.d, _RULE, at.worn_since)
    if resident["active"] == 0 or enabled[_RULE] == 0 or device["watched"] != WORN:
        return k
    if at.order < resident["accompanied"]:
        if row != NONE:
            pool.end(state, journal, at.d, row)
        return k
    accuracy = p["zone_exit_unknown_accuracy_m"] if isnan(device["accuracy_m"]) else device["accuracy_m"] * 1.0
    if (row == NONE and p["pattern_enabled"] == 0) or accuracy > p["zone_exit_sure_accuracy_m"]:
        return k
    trek_row = trek_row_of(state, at, journal)
    trek = state.trek[trek_row]
    keep_ring(state, journal, trek_row)
    if not walk_on(trek, at, radians(device["lat"]), radians(device["lon"]), accuracy, speed) and row == NONE:
        return k
    extent = turning.extent_of(trek, p["pattern_window_ms"])
    is_new = trek["turn_ms"] == at.order
    known = extent.points >= _POINTS and extent.seconds * 1000.0 >= _FULL * p["pattern_window_ms"]
    far_m = max(p["pattern_radius_m"], p["pattern_blur"] * np.float64(trek["turn_accuracy_m"]))
    told = turning.is_told(extent)
    stands = told and extent.walking < _STANDING * extent.told and extent.shuffling < _WALKING * extent.told
    paces = known and told and extent.walking >= _WALKING * extent.told
    if paces:
        paces = turning.walked_m(extent) >= p["pattern_paces"] * turning.radius_of(extent)
    if row == NONE and (stands or not (known and (paces or turning.radius_of(extent) >= far_m))):
        return k
    way = turning.spread_of(trek, extent)
    over_its_ground = paces or (way.radius_m >= far_m and way.metres >= p["pattern_repeats"] * way.radius_m)
    if row == NONE and not over_its_ground:
        return k
    score = 0.0
    if paces:
        score = turning.restlessness(way, max(way.metres, turning.walked_m(extent)), 1.0)
    elif known:
        score = turning.restlessness(way, way.metres, way.moving)
    restless = (
        known
        and is_new
        and over_its_ground
        and not stands
        and score >= p["pattern_score"]
        and (paces or middle_from_home_m(resident, trek, way) >= p["pattern_home_m"])
        and turning.turns_enough(trek, way, p["pattern_theta_deg_per_m"])
        and (score >= p["pattern_score"] + p["pattern_familiar_score"] or not is_familiar(state, at, trek, way))
    )
    if row == NONE:
        if not restless:
            return k
        row = pool.begin(state, journal, at.d, _RULE, at.order)
    else:
        pool.keep(state, journal, row)
    episode = state.episode[row]
    unseen = at.order - episode["newest"] > _UNSEEN_MS
    episode["newest"] = at.order
    if restless:
        episode["count"] = min(MOST, episode["count"] + 1)
        episode["back"] = 0
        is_lap = turning.goes_round(trek, way, _ROUNDS) and kind_of(way, turning.turns_of(trek, way)) == LAPPING
        episode["watched_ms"] += 1 if is_lap else -1
        return restless_on(state, at, row, Found(way, score), journal, out, k)
    if episode["open"] == 0:
        if is_new:
            pool.end(state, journal, at.d, row)
        return k
    calm = (known and (stands or score < _CALM) and is_new) or from_home_m(resident, device) <= HOME_M
    episode["back"] = min(MOST, episode["back"] + 1) if calm else 0
    if unseen or episode["back"] >= p["pattern_back_fixes"]:
        k = say(state, at, row, _RECOVERED, Found(way, score), out, k)
        pool.end(state, journal, at.d, row)
    return k


@inner
def restless_on(
    state: State, at: Heard, row: int, found: Found, journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Say that they walk in a pattern, when that is certain and new, or has lasted."""
    p = state.rules[at.rules]
    episode = state.episode[row]
    if at.late or p["pattern_enabled"] == 0:
        return k
    if episode["open"] == 1:
        severity = severity_of(state, at, episode)
        is_worse = severity > episode["far"]
        if at.order - episode["told"] < p["pattern_evidence_every_ms"] and not is_worse:
            return k
        episode["told"] = at.order
        episode["far"] = max(severity, int(episode["far"]))
        return say(state, at, row, _EVIDENCE, found, out, k)
    if episode["count"] >= p["pattern_fixes"] and not is_exercise(state, at, episode, found.way, journal):
        pool.name(state, row, at.t, at.seq, at.order)
        episode["far"] = severity_of(state, at, episode)
        return say(state, at, row, _OPENED, found, out, k)
    return k


@inner
def severity_of(state: State, at: Heard, episode: Any) -> int:
    """How bad it is to have walked so until now: many who go round and round by day do so for exercise."""
    p = state.rules[at.rules]
    if at.order - episode["since"] < p["pattern_sounds_after_ms"] or are_laps_by_day(state, at, episode):
        return _LOW
    return _MEDIUM


@inner
def are_laps_by_day(state: State, at: Heard, episode: Any) -> bool:
    """Whether they mostly went round and round, by day, and not longer than others do for exercise."""
    p = state.rules[at.rules]
    if episode["watched_ms"] <= 0 or at.order - episode["since"] >= p["pattern_laps_sound_after_ms"]:
        return False
    hour = local_hour(state, state.resident[at.wearer]["zone"], at.order)
    return not (isnan(hour) or is_between(hour, p["lost_night_from_h"], p["lost_night_to_h"]))


@inner
def is_exercise(state: State, at: Heard, episode: Any, way: turning.Spread, journal: Journal) -> bool:
    """Whether they walk in laps by day where they often do, and remember that they do: of that nothing is said.

    Before their own door it is never a habit: whoever wants to leave, and turns round again and again, walks there.
    """
    trek, row = state.trek[state.trek_row[at.d]], state.ways_row[at.wearer]
    at_home = middle_from_home_m(state.resident[at.wearer], trek, way) < _DOORSTEP_M
    if row == NONE or at_home or not are_laps_by_day(state, at, episode):
        return False
    x, y = east_north_m(state.ways[row], trek["turn_lat0"], trek["turn_lon0"])
    places = state.places[row]
    is_habit = is_habit_of_laps(places, x + way.x, y + way.y, at.order)
    if not has_laps_of_today(places, x + way.x, y + way.y, at.order):
        state.ways_stamp[row] += 1
        keep_places(state, journal, row)
        walk_in_laps(places, x + way.x, y + way.y, at.order)
    return is_habit


@inner
def trek_row_of(state: State, at: Heard, journal: Journal) -> int:
    """The row of the device's trek; one is begun where there is none."""
    row = state.trek_row[at.d]
    return give_trek(state, journal, at.d) if row == NONE else int(row)


@inner
def walk_on(trek: Any, at: Heard, lat: float, lon: float, accuracy_m: float, speed: int) -> bool:
    """Take a fix (radians) into the ring of a trek; whether it is the newest there now."""
    fresh = trek["turn_count"] == 0 or trek["turn_ms"] < at.worn_since
    if not fresh:
        x = EARTH_RADIUS_M * cos(trek["turn_lat0"]) * turned(lon - trek["turn_lon0"])
        y = EARTH_RADIUS_M * (lat - trek["turn_lat0"])
        taken = turning.take_in(trek, at.order, accuracy_m, x, y, speed)
        if taken >= 0:
            return bool(taken == 1)
    turning.begin_ring(trek, at.order, accuracy_m, lat, lon, speed)
    return True


@inner
def middle_from_home_m(resident: Any, trek: Any, way: turning.Spread) -> float:
    """How far the middle of a way lies from home, metres; infinite where no home is known."""
    if isnan(resident["home_lat"]):
        return float("inf")
    home = radians(resident["home_lat"])
    north = EARTH_RADIUS_M * (trek["turn_lat0"] - home) + way.y
    east = EARTH_RADIUS_M * cos(home) * turned(trek["turn_lon0"] - radians(resident["home_lon"])) + way.x
    return float(length_m(east, north))


@inner
def is_familiar(state: State, at: Heard, trek: Any, way: turning.Spread) -> bool:
    """Whether the middle of a way lies at a place that they are used to visit: a market, a park."""
    row = state.ways_row[at.wearer]
    if row == NONE:
        return False
    x, y = east_north_m(state.ways[row], trek["turn_lat0"], trek["turn_lon0"])
    return bool(is_known_place(state.places[row], x + way.x, y + way.y, at.order))


@inner
def kind_of(way: turning.Spread, turns: turning.Turns) -> int:
    """Which of the three patterns a way is."""
    if turns.one_way >= _ONE_WAY and turns.rounds >= _ROUNDS:
        return LAPPING
    return PACING if way.slim < _SLIM else RANDOM


@inner
def say(state: State, at: Heard, row: int, what: int, found: Found, out: Records, k: int) -> int:
    """Emit what became of the episode, with what the way looks like."""
    p = state.rules[at.rules]
    device, episode = state.device[at.d], state.episode[row]
    severity = int(episode["far"])
    emit(
        out, k, _RULE, what, severity, at.t, episode["opening_t"], episode["opening_seq"], at.i, at.wearer, at.d,
        at.late, p,
    )  # fmt: skip
    turns = turning.turns_of(state.trek[state.trek_row[at.d]], found.way)
    values = out[k]["values"]
    values[0] = kind_of(found.way, turns)
    values[1] = turns.theta_deg_per_m
    values[2] = p["pattern_theta_deg_per_m"]
    values[3] = found.score
    values[4] = p["pattern_score"]
    values[5] = found.way.seconds
    values[6] = device["lat"]
    values[7] = device["lon"]
    return k + 1
