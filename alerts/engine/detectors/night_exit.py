"""``wandering.night_exit``: the resident has left home in the night, their own where it is known (ADR-34).

An outing (``trek``) that began in the night, of fixes by satellite that agree, for a minute at least, and in which they
walked or are far: what drifts indoors does neither. Whoever came home late does not leave, and whoever sleeps elsewhere
did not either. Without a time zone nobody knows when it is night. Over when they are home.
"""

from __future__ import annotations

from math import floor, isnan
from typing import Any, Final, NamedTuple

from alerts.engine import pool
from alerts.engine.compiled import gate, inner
from alerts.engine.hours import is_between, local_hour
from alerts.engine.layout import MOST, NONE, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.parameters import ParameterSpec, switch
from alerts.engine.routine import HOURS
from alerts.engine.rules import Rule, Severity, What
from alerts.engine.trek import BACK, HOME, OUT, PASSED
from devices.batch import Records
from devices.kinds import Kind

RULE = Rule.WANDERING_NIGHT_EXIT
KIND = Kind.POSITION
_ASSUMED = "assumption, ADR-34"
PARAMETERS = (
    switch("wandering.night_exit"),
    ParameterSpec(
        "wandering.night_exit.from_h", 23, 0, 23, "the night begins, of whom little is known", _ASSUMED, whole=True
    ),
    ParameterSpec("wandering.night_exit.to_h", 5, 0, 23, "and ends", _ASSUMED, whole=True),
    ParameterSpec(
        "wandering.night_exit.widest_from_h", 20, 0, 23, "nobody's own night begins earlier", _ASSUMED, whole=True
    ),
    ParameterSpec("wandering.night_exit.widest_to_h", 8, 0, 23, "or ends later", _ASSUMED, whole=True),
    ParameterSpec(
        "wandering.night_exit.known_days", 14, 1, 365, "so many days must be known for a night of their own", _ASSUMED
    ),
    ParameterSpec(
        "wandering.night_exit.quiet_pct", 25, 0, 100,
        "hours of their own night have less than so much of the signs of their liveliest", _ASSUMED,
    ),
    ParameterSpec("wandering.night_exit.home_m", 60, 20, 2000, "further from home than this is out", _ASSUMED),
    ParameterSpec("wandering.night_exit.fixes", 2, 1, 20, "so many fixes away", _ASSUMED, whole=True),
    ParameterSpec("wandering.night_exit.dwell_s", 60, 0, 3600, "and for so long", _ASSUMED),
    ParameterSpec("wandering.night_exit.walked_m", 30, 0, 1000, "they have walked so far", _ASSUMED),
    ParameterSpec("wandering.night_exit.far_m", 200, 50, 5000, "or are so far away", _ASSUMED),
    ParameterSpec(
        "wandering.night_exit.evidence_every_s", 300, 30, 3600, "while it lasts it is told at most so often", _ASSUMED
    ),
)  # fmt: skip
EVIDENCE = (
    "home_m", "accuracy_m", "fixes_away", "seconds_away", "night_from_h", "night_to_h", "lat_deg", "lon_deg",
)  # fmt: skip

_RULE = int(RULE)
_HIGH = int(Severity.HIGH)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)
_WIFI: Final = 1
_CELL: Final = 2
NO_HOUR: Final = -1
_LIVELIEST: Final = 8
"""Hours that are compared with: whoever is up for sixteen hours is lively in half of them."""


class Night(NamedTuple):
    """The night about a moment, by local hours; NO_HOUR: it lies in none."""

    from_h: int
    to_h: int


@gate
def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Look at whoever is out."""
    if at.newer and at.wearer >= 0:
        device = state.device[at.d]
        if device["out"] != HOME or device["episode"] != NONE:
            k = judge(state, own["source"], at, enabled, journal, out, k)
    return k


@inner
def judge(state: State, source: int, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """See whether they have left home in the night, or are back."""
    p = state.rules[at.rules]
    device, resident = state.device[at.d], state.resident[at.wearer]
    row = pool.of_this_wearer(state, journal, at.d, _RULE, at.worn_since)
    if resident["active"] == 0 or enabled[_RULE] == 0:
        return k
    if at.order < resident["accompanied"]:
        if row != NONE:
            pool.end(state, journal, at.d, row)
        return k
    if device["out"] == HOME or device["out"] == BACK:
        if row != NONE:
            if state.episode[row]["open"] == 1:
                k = say(state, at, row, _RECOVERED, out, k)
            pool.end(state, journal, at.d, row)
        return k
    if device["out"] != OUT or source in (_WIFI, _CELL) or (row == NONE and p["night_exit_enabled"] == 0):
        return k
    trek = state.trek[state.trek_row[at.d]]
    if trek["heard"] == PASSED or trek["home_m"] - trek["accuracy_m"] <= p["night_exit_home_m"]:
        return k
    if row == NONE:
        if night_at(state, at.wearer, trek["began"], p).from_h == NO_HOUR:
            return k
        row = pool.begin(state, journal, at.d, _RULE, trek["began"])
        state.episode[row]["count"] = 1 if trek["began"] < at.order else 0
    else:
        pool.keep(state, journal, row)
    episode = state.episode[row]
    episode["newest"] = at.order
    episode["count"] = min(MOST, episode["count"] + 1)
    if at.late or p["night_exit_enabled"] == 0:
        return k
    if episode["open"] == 1:
        if at.order - episode["told"] < p["night_exit_evidence_every_ms"]:
            return k
        episode["told"] = at.order
        return say(state, at, row, _EVIDENCE, out, k)
    if episode["count"] < p["night_exit_fixes"] or at.order - episode["since"] < p["night_exit_dwell_ms"]:
        return k
    if trek["walked_m"] >= p["night_exit_walked_m"] or trek["home_m"] - trek["accuracy_m"] >= p["night_exit_far_m"]:
        pool.name(state, row, at.t, at.seq, at.order)
        return say(state, at, row, _OPENED, out, k)
    return k


@inner
def night_at(state: State, slot: int, t: int, p: Any) -> Night:
    """The night of a resident that a moment lies in."""
    resident = state.resident[slot]
    hour = local_hour(state, resident["zone"], t)
    by_night = is_between(hour, p["night_exit_from_h"], p["night_exit_to_h"])
    if isnan(hour) or not (by_night or may_be_of_a_night(floor(hour), p)):
        return Night(NO_HOUR, NO_HOUR)
    row = resident["routine"]
    if row < 0 or state.routine[row]["days"] < p["night_exit_known_days"]:
        if by_night:
            return Night(p["night_exit_from_h"], p["night_exit_to_h"])
        return Night(NO_HOUR, NO_HOUR)
    routine = state.routine[row]
    limit = 0.01 * p["night_exit_quiet_pct"] * liveliest(routine)
    h = floor(hour)
    if not is_quiet(routine, h, limit, p):
        return Night(NO_HOUR, NO_HOUR)
    from_h, to_h = h, h + 1
    while from_h > h - HOURS and is_quiet(routine, (from_h - 1) % HOURS, limit, p):
        from_h -= 1
    while to_h < from_h + HOURS and is_quiet(routine, to_h % HOURS, limit, p):
        to_h += 1
    return Night(from_h % HOURS, to_h % HOURS)


@inner
def is_quiet(routine: Any, h: int, limit: float, p: Any) -> bool:
    """Whether somebody hardly ever stirs in an hour of the day that may be of a night."""
    quiet = routine["seen"][h] > 0 and routine["signs"][h] <= limit * routine["seen"][h]
    return bool(quiet and may_be_of_a_night(h, p))


@inner
def may_be_of_a_night(h: int, p: Any) -> bool:
    """Whether an hour of the day lies in the widest night that anybody has."""
    return bool(is_between(float(h), p["night_exit_widest_from_h"], p["night_exit_widest_to_h"]))


@inner
def liveliest(routine: Any) -> float:
    """The share of intervals with a sign in the liveliest hours: what this many hours reach."""
    best = 0.0
    for h in range(HOURS):
        share = routine["signs"][h] / routine["seen"][h] if routine["seen"][h] > 0 else 0.0
        above = 0
        for other in range(HOURS):
            if routine["seen"][other] > 0 and routine["signs"][other] >= share * routine["seen"][other]:
                above += 1
        if above >= _LIVELIEST:
            best = max(best, share)
    return best


@inner
def say(state: State, at: Heard, row: int, what: int, out: Records, k: int) -> int:
    """Emit what became of the episode, with how far they are."""
    p = state.rules[at.rules]
    device, episode = state.device[at.d], state.episode[row]
    trek = state.trek[state.trek_row[at.d]]
    night = night_at(state, at.wearer, episode["since"], p)
    emit(
        out, k, _RULE, what, _HIGH, at.t, episode["opening_t"], episode["opening_seq"], at.i, at.wearer, at.d,
        at.late, p,
    )  # fmt: skip
    values = out[k]["values"]
    values[0] = trek["home_m"]
    values[1] = device["accuracy_m"]
    values[2] = episode["count"]
    values[3] = (at.order - episode["since"]) / 1000.0
    if night.from_h != NO_HOUR:
        values[4] = night.from_h
        values[5] = night.to_h
    values[6] = device["lat"]
    values[7] = device["lon"]
    return k + 1
