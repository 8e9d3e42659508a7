"""``missed_check.inactivity``: no sign of life where the resident's own routine expects one.

Signs of life are steps that grow, movement of the wrist, a place left by more than ``moved_m``, a press of any button
(a check-in, a request, a cry for help), a session on a fitness machine, a vital sign that somebody has to take (any
from what is not worn, a blood pressure from what is). What a band measures by itself, like a pulse, shows that
somebody lives, not that they are well: it is none (ADR-27).

Stillness is only what a worn device reports that would have told of a sign: a heartbeat with steps or movement, and
none, or a window of motion of a wrist at rest (``stirring``). While it says nothing, nothing is counted (that is
``missed_check.silent``'s), nor while it charges or lies on a table. For those there is a clock of its own: when a band
that lies aside still reports ``unworn_after_s`` after the newest sign of somebody whose routine is known, it is time
that somebody looks.

A silence is too long when it has lasted longer than both

- ``dense_s`` for those who are seen to stir in most intervals (a wrist), ``sparse_s`` for those who are not (steps),
  by degrees between; and ``stretch`` times the ``second`` longest silence of theirs from this hour of the day on;
- the time in which their routine expects ``signs`` signs, and ``stretch_signs`` times as many as in any silence before.

However long their silences were: what has lasted ``at_most_s`` is too long for anybody.

Before ``known_days`` days were seen the limit is ``unknown_s``, of which only the hours from 7 to 22 count. Each false
alarm, that is each that a sign of theirs ends, makes both limits longer by ``wary``, which fades.

It is medium; high when it has lasted ``high_after_s`` more. Whoever is seen by somebody begins anew. Late readings are
learned from and end what stands, and open nothing.
"""

from __future__ import annotations

from math import cos, isnan, radians
from typing import Any, Final

import numpy as np

from alerts.engine.compiled import gate, inner
from alerts.engine.detectors.checkin import has_moved
from alerts.engine.detectors.silent import limit_of as device_limit_of
from alerts.engine.geometry import distance_m
from alerts.engine.hours import HOUR_MS, local_hour
from alerts.engine.layout import NEVER, WORN, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.parameters import ParameterSpec, switch
from alerts.engine.routine import (
    HOURS,
    PART,
    STEP_MS,
    begin_silence,
    enter_hour,
    keep_pulse,
    keep_routine,
    remember,
)
from alerts.engine.rules import Rule, Severity, What
from alerts.engine.stirring import ASIDE, STILL, STIRRED, UNTOLD, lies_aside, told_by
from devices.batch import Records
from devices.kinds import Kind

RULE = Rule.MISSED_CHECK_INACTIVITY
KIND = Kind.HEARTBEAT
_MEASURED: Final = "measured on recorded lives, ADR-27"
PARAMETERS = (
    switch("missed_check.inactivity"),
    ParameterSpec("missed_check.inactivity.dense_s", 4200, 300, 172_800, "least silence of who stirs often", _MEASURED),
    ParameterSpec("missed_check.inactivity.sparse_s", 13_800, 300, 172_800, "and of who seldom does", _MEASURED),
    ParameterSpec("missed_check.inactivity.stretch", 1.2, 0.5, 10, "times their own long silences", _MEASURED),
    ParameterSpec("missed_check.inactivity.signs", 30, 1, 1000, "so many signs must be missing by the odds", _MEASURED),
    ParameterSpec("missed_check.inactivity.stretch_signs", 0.9, 0, 10, "times the most that were", _MEASURED),
    ParameterSpec(
        "missed_check.inactivity.at_most_s", 86_400, 3600, 604_800, "whatever was learned, no silence lasts longer",
        "assumption, ADR-27",
    ),
    ParameterSpec("missed_check.inactivity.wary", 1.15, 1, 3, "limits grow by this with a false alarm", _MEASURED),
    ParameterSpec("missed_check.inactivity.known_days", 5, 1, 60, "a routine is known after so many days", _MEASURED),
    ParameterSpec(
        "missed_check.inactivity.unknown_s", 50_400, 3600, 172_800, "until then so long, of the hours from 7 to 22",
        "assumption, ADR-27",
    ),
    ParameterSpec(
        "missed_check.inactivity.unworn_after_s", 86_400, 3600, 604_800,
        "without any sign for so long though a band reports that nobody wears it", "assumption, ADR-27",
    ),
    ParameterSpec(
        "missed_check.inactivity.high_after_s", 3600, 0, 86_400, "it is high when it has stood so long",
        "assumption, ADR-27",
    ),
    ParameterSpec(
        "missed_check.inactivity.remind_s", 1800, 60, 86_400, "while it stands, it is said again so often",
        "design rule 8: 30 min for missed checks",
    ),
    ParameterSpec(
        "missed_check.inactivity.moved_m", 100, 10, 10_000, "whoever is so far from where they were has moved",
        "assumption, ADR-27: no fix indoors is so far off that tells its accuracy",
    ),
)  # fmt: skip
EVIDENCE = (
    "silent_for_s", "still_for_s", "limit_s", "expected_signs", "expected_signs_limit", "usual_longest_s", "known_days",
    "local_hour",
)  # fmt: skip

DENSE_FROM: Final = 0.6
"""Share of intervals with a sign, by day and night, from which on they stir often. Measured: wrists 0.67 to 0.85."""
SPARSE_TO: Final = 0.45
"""And up to which they seldom do. Measured: steps 0.06 to 0.39."""
_WAKING: Final = (7, 22)

_RULE = int(RULE)
_MEDIUM = int(Severity.MEDIUM)
_HIGH = int(Severity.HIGH)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)
_SOS = int(Kind.SOS)
_CHECKIN = int(Kind.CHECKIN)
_SERVICE = int(Kind.SERVICE)
_EXERCISE = int(Kind.EXERCISE)


@gate
def notice(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """A press and a session are signs of life."""
    if at.kind in (_SOS, _CHECKIN, _SERVICE, _EXERCISE) and at.trusted and at.wearer >= 0:
        k = stirred(state, at, enabled, journal, out, k)
    return k


@gate
def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Follow what a worn device tells of its wearer."""
    if at.newer and at.wearer >= 0 and state.device[at.d]["watched"] == WORN:
        k = hear_beat(state, own, at, enabled, journal, out, k)
    return k


@gate
def hear_position(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Whoever is somewhere else has moved."""
    if at.newer and at.wearer >= 0 and state.device[at.d]["watched"] == WORN:
        k = hear_place(state, own, at, enabled, journal, out, k)
    return k


@gate
def hear_vitals(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """A vital sign that somebody has to take is a sign of life."""
    if at.newer and at.wearer >= 0 and not (state.device[at.d]["watched"] == WORN and isnan(own["systolic_mmhg"])):
        k = stirred(state, at, enabled, journal, out, k)
    return k


@gate
def hear_motion(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """What the wrist does tells whether somebody stirs, as long as it wears the device."""
    if at.newer and at.wearer >= 0 and state.device[at.d]["watched"] == WORN:
        k = hear_window(state, own, at, enabled, journal, out, k)
    return k


@inner
def is_followed(state: State, at: Heard, enabled: Records) -> bool:
    """Whether the routine of the wearer is looked at at all."""
    resident = state.resident[at.wearer]
    return bool(enabled[_RULE] == 1 and resident["routine"] >= 0 and resident["active"] == 1)


@inner
def stirred(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Take in a sign of life."""
    if not is_followed(state, at, enabled):
        return k
    row = state.resident[at.wearer]["routine"]
    keep_pulse(state, journal, row)
    return follow(state, row, at, STIRRED, journal, out, k)


@inner
def hear_beat(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Tell a sign from stillness by steps and movement."""
    if not is_followed(state, at, enabled):
        return k
    before = state.device[at.d]["steps"]
    counts = own["steps"] >= 0 and before >= 0 and at.before >= at.worn_since
    told = UNTOLD
    if has_moved(own, before, at):
        told = STIRRED
    elif own["worn"] == 0 or own["charging"] == 1:
        told = ASIDE
    elif counts or not isnan(own["activity"]):
        told = STILL
    row = state.resident[at.wearer]["routine"]
    keep_pulse(state, journal, row)
    return follow(state, row, at, told, journal, out, k)


@inner
def hear_window(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Tell a sign from stillness by the motion of the wrist: that of a band that lies aside is somebody else's."""
    if not is_followed(state, at, enabled):
        return k
    row = state.resident[at.wearer]["routine"]
    keep_pulse(state, journal, row)
    return follow(state, row, at, ASIDE if lies_aside(state, at.d) else told_by(own), journal, out, k)


@inner
def hear_place(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Tell whether they have moved, by a fix that is surely elsewhere."""
    if not is_followed(state, at, enabled):
        return k
    row = state.resident[at.wearer]["routine"]
    pulse = state.pulse[row]
    moved = isnan(pulse["lat"])
    elsewhere = False
    if not (moved or isnan(own["accuracy_m"])):
        elsewhere = moved_m(pulse, own["lat"], own["lon"]) > far_m(state, at, pulse, np.float64(own["accuracy_m"]))
    if not (moved or elsewhere) or isnan(own["accuracy_m"]):
        return k
    keep_pulse(state, journal, row)
    pulse["lat"], pulse["lon"], pulse["accuracy_m"] = own["lat"], own["lon"], own["accuracy_m"]
    resident = state.resident[at.wearer]
    for ward in range(resident["ward_first"], resident["ward_first"] + resident["ward_count"]):
        state.calm[state.ward[ward]]["reach_m"] = -1.0
    return follow(state, row, at, STIRRED, journal, out, k) if elsewhere else k


@inner
def moved_m(pulse: Any, lat: float, lon: float) -> float:
    """How far a place (degrees) is from where they last moved to, metres."""
    lat0, lon0 = radians(np.float64(pulse["lat"])), radians(np.float64(pulse["lon"]))
    return float(distance_m(lat0, lon0, cos(lat0), radians(lat), radians(lon)))


@inner
def far_m(state: State, at: Heard, pulse: Any, accuracy_m: float) -> float:
    """Whoever is further than this from where they last moved to, by a fix of such an accuracy, has moved."""
    return float(max(state.rules[at.rules]["inactivity_moved_m"], 2.0 * (accuracy_m + np.float64(pulse["accuracy_m"]))))


@inner
def follow(state: State, row: int, at: Heard, told: int, journal: Journal, out: Records, k: int) -> int:
    """Take in what a reading told: the record of the pulse is kept."""
    resident, pulse, known = state.resident[at.wearer], state.pulse[row], state.routine[row]
    p = state.rules[at.rules]
    zone = resident["zone"]
    if resident["seen_ms"] > pulse["sign_ms"] and pulse["sign_ms"] != NEVER:
        k = end(pulse, at, p, out, k)
        begin_silence(pulse)
        pulse["sign_ms"] = resident["seen_ms"]
        pulse["seen_to"] = max(pulse["seen_to"], resident["seen_ms"])
    if told == STIRRED:
        if at.order <= pulse["sign_ms"]:
            return k
        if pulse["still_ms"] > 0 or at.order >= pulse["hour_end"]:
            keep_routine(state, journal, row)
        cut = cut_short(pulse, at.order)
        if pulse["still_ms"] > 0:
            remember(state, row, zone, pulse["sign_ms"], pulse["still_ms"])
            known["wary"] = np.float64(known["wary"]) * (p["inactivity_wary"] if pulse["open"] == 1 else 1.0)
        k = end(pulse, at, p, out, k)
        observe(state, row, zone, at.order, device_limit_of(state.device[at.d], p), STIRRED)
        begin_silence(pulse)
        pulse["still_ms"] = cut
        pulse["sign_ms"] = at.order
        return k
    if told == STILL:
        if at.order >= pulse["hour_end"]:
            keep_routine(state, journal, row)
        observe(state, row, zone, at.order, device_limit_of(state.device[at.d], p), STILL)
        if pulse["sign_ms"] == NEVER:
            pulse["sign_ms"] = at.order
    return judge(state, row, at, told, out, k)


@inner
def cut_short(pulse: Any, t: int) -> int:
    """Let a silence end at a sign that came after later stillness was told of; returns what of it is after the sign."""
    rest = min(pulse["still_ms"], max(0, pulse["seen_to"] - t))
    if rest > 0:
        left = 1.0 - rest / pulse["still_ms"]
        pulse["expected"] *= left
        pulse["usual"] *= left
        pulse["still_ms"] -= rest
    return int(rest)


@inner
def observe(state: State, row: int, zone: int, t: int, gap_ms: int, told: int) -> None:
    """Count the time since they were last seen, unless it is too long to say anything of it; ms."""
    pulse = state.pulse[row]
    if t <= pulse["seen_to"]:
        return
    if t >= pulse["hour_end"]:
        enter_hour(state, row, zone, t)
    since = t - pulse["seen_to"] if pulse["seen_to"] != NEVER and t - pulse["seen_to"] <= gap_ms else 0
    pulse["seen_to"] = t
    steps = min(1.0, since / STEP_MS)
    if told == STILL:
        pulse["hour_seen"] = np.float64(pulse["hour_seen"]) + steps
        pulse["still_ms"] += since
        pulse["expected"] += steps * pulse["weight"]
        pulse["usual"] += steps * pulse["usual_weight"]
        return
    pulse["hour_seen"] = np.float64(pulse["hour_seen"]) + (steps if since > 0 else 1.0)
    if t // STEP_MS != pulse["sign_step"]:
        pulse["hour_signs"] += 1.0
        pulse["sign_step"] = t // STEP_MS


@inner
def judge(state: State, row: int, at: Heard, told: int, out: Records, k: int) -> int:
    """Open the episode when they were still too long, or say again that they are."""
    pulse, known = state.pulse[row], state.routine[row]
    p = state.rules[at.rules]
    if at.late or p["inactivity_enabled"] == 0:
        return k
    if pulse["limit_ms"] == 0 and pulse["still_ms"] > 0:
        pulse["limit_ms"] = limit_ms(state, row, state.resident[at.wearer]["zone"], p)
    if pulse["open"] == 0:
        if told == STILL:
            enough = (
                known["days"] < p["inactivity_known_days"]
                or pulse["expected"] >= expected_limit(known, p)
                or pulse["still_ms"] >= p["inactivity_at_most_ms"]
            )
            over = pulse["still_ms"] >= pulse["limit_ms"] > 0 and enough
        else:
            known_and_gone = known["days"] >= p["inactivity_known_days"] and pulse["sign_ms"] != NEVER
            over = told == ASIDE and known_and_gone and at.order - pulse["sign_ms"] >= p["inactivity_unworn_after_ms"]
        if not over:
            return k
        pulse["open"] = 1
        pulse["opening_t"] = at.t
        pulse["opening_seq"] = at.seq
        pulse["severity"] = _MEDIUM
        return say(state, row, at, _OPENED, out, k)
    high = at.t - pulse["opening_t"] >= p["inactivity_high_after_ms"]
    if (high and pulse["severity"] < _HIGH) or at.order - pulse["told"] >= p["inactivity_remind_ms"]:
        if high:
            pulse["severity"] = _HIGH
        return say(state, row, at, _EVIDENCE, out, k)
    return k


@inner
def expected_limit(known: Any, p: Any) -> float:
    """So many signs must be missing."""
    return float(max(p["inactivity_signs"], p["inactivity_stretch_signs"] * known["wary"] * known["top"]))


@inner
def limit_ms(state: State, row: int, zone: int, p: Any) -> int:
    """How long the silence that has begun may last."""
    pulse, known = state.pulse[row], state.routine[row]
    if known["days"] < p["inactivity_known_days"]:
        return unknown_limit_ms(local_hour(state, zone, pulse["sign_ms"]), p)
    seen, signs = 0.0, 0.0
    for hour in range(HOURS):
        seen += known["seen"][hour]
        signs += known["signs"][hour]
    density = signs / max(PART, seen)
    sparse = min(1.0, max(0.0, (DENSE_FROM - density) / (DENSE_FROM - SPARSE_TO)))
    least = p["inactivity_dense_ms"] + sparse * (p["inactivity_sparse_ms"] - p["inactivity_dense_ms"])
    own = p["inactivity_stretch"] * known["wary"] * known["second"][pulse["hour"]] * 60_000.0
    return int(min(max(least, own), p["inactivity_at_most_ms"]))


@inner
def unknown_limit_ms(hour: float, p: Any) -> int:
    """The plain limit of a silence that begins at a local hour: only waking hours count; in an unknown zone all do."""
    left = p["inactivity_unknown_ms"] / HOUR_MS
    if isnan(hour):
        return int(left * HOUR_MS)
    rise, rest = _WAKING
    lasted = 0.0
    while left > 0.0:
        if hour >= rest:
            lasted += 24.0 - hour + rise
            hour = float(rise)
        elif hour < rise:
            lasted += rise - hour
            hour = float(rise)
        part = min(left, rest - hour)
        lasted += part
        left -= part
        hour += part
    return int(lasted * HOUR_MS)


@inner
def end(pulse: Any, at: Heard, p: Any, out: Records, k: int) -> int:
    """Say that what stood is over."""
    if pulse["open"] == 0:
        return k
    pulse["open"] = 0
    emit(
        out, k, _RULE, _RECOVERED, pulse["severity"], at.t, pulse["opening_t"], pulse["opening_seq"], at.i, at.wearer,
        at.d, at.late, p,
    )  # fmt: skip
    return k + 1


@inner
def say(state: State, row: int, at: Heard, what: int, out: Records, k: int) -> int:
    """Emit what stands, with what it is judged by."""
    p = state.rules[at.rules]
    pulse, known = state.pulse[row], state.routine[row]
    pulse["told"] = at.order
    emit(
        out, k, _RULE, what, pulse["severity"], at.t, pulse["opening_t"], pulse["opening_seq"], at.i, at.wearer, at.d,
        at.late, p,
    )  # fmt: skip
    values = out[k]["values"]
    values[0] = (at.order - pulse["sign_ms"]) / 1000.0
    values[1] = pulse["still_ms"] / 1000.0
    values[2] = pulse["limit_ms"] / 1000.0
    values[3] = pulse["expected"]
    values[4] = expected_limit(known, p)
    values[5] = known["second"][pulse["hour"]] * 60.0
    values[6] = known["days"]
    values[7] = local_hour(state, state.resident[at.wearer]["zone"], at.order)
    return k + 1


HEARS = {Kind.POSITION: hear_position, Kind.VITALS: hear_vitals, Kind.MOTION: hear_motion}
"""What it listens to besides ``KIND``."""
