"""``missed_check.silent``: every device that a resident wears has stopped reporting.

Worn are bands, watches and pendants. The deadline of one is its newest sign of life plus two of its own
intervals and a grace; after our own system was away it is at least one interval after we began to listen
again (design rule 9). The resident's deadline is the last of them: one alone that falls silent is not the
person's silence but ``device.fault``. One that has not reported since they wear it has no deadline.

How loud it is depends on what was last known, of the device heard last, since they wear it:

- low (soundless) while it charges: it was on a table, not on a wrist;
- high when the last fix was certainly outside every zone;
- low when it was not worn, its battery was under ``empty_pct``, or the person was at home (last fix at
  most ``fix_kept_ms`` old, within ``home_m`` of home or inside a zone) and it is night there;
- medium otherwise. Unknown never reads as normal: no fix known is not "at home".

A silence that is low only because of the night at home is judged again when that night ends: a band
that dies at 23:00 is heard of in the morning. If the silence still stands then, evidence of the same
episode says how loud it is by what is known at that moment; recovery before it cancels that. The other
reasons for low are not judged again. After our own system was away the second judgement waits as the
first one does, and one that falls into another night at home is put off to its end.
"""

from __future__ import annotations

from math import cos, isnan, radians
from typing import Any, NamedTuple

from numba import njit

from alerts.engine.detectors.zone_exit import ZoneParameters, accuracy_or_default, has_zone, outside_m
from alerts.engine.geometry import distance_m
from alerts.engine.layout import FOREVER, NEVER, State
from alerts.engine.rules import Severity
from alerts.engine.wearing import span_at, speaks_for

_LOW = int(Severity.LOW)
_MEDIUM = int(Severity.MEDIUM)
_HIGH = int(Severity.HIGH)
_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000


class SilentParameters(NamedTuple):
    """When silence counts, and when it is expected.

    Attributes:
        interval_ms: of a device that has not told its own, 1 000 to 604 800 000 ms. Source: contract section 3.
        intervals: so many intervals may pass, 1 to 10. Source: contract section 3.
        grace_ms: and this much more, 0 to 3 600 000 ms. Source: contract section 3.
        empty_pct: below it a band is expected to fall silent, 0 to 100 %. Source: issue "The engine,
            first detectors".
        home_m: so near to home is at home, 0 to 1000 m. Source: assumption, ADR-6 (a block of flats
            and the error of a fix indoors).
        fix_kept_ms: an older fix no longer tells that somebody is at home, ms. Source: assumption,
            ADR-6 (a band indoors may go a day without a fix).
        night_from_h: local hour at which the night begins, 0 to 23. Source: assumption, ADR-6
            (design goals: 22:00 to 06:00).
        night_to_h: local hour at which it ends, 0 to 23. Source: as above.
    """

    interval_ms: int = 300_000
    intervals: int = 2
    grace_ms: int = 30_000
    empty_pct: float = 5.0
    home_m: float = 100.0
    fix_kept_ms: int = 86_400_000
    night_from_h: int = 22
    night_to_h: int = 6


class Judgement(NamedTuple):
    """What the scan found out about one resident. Times in ms."""

    deadline: int
    limit_ms: int
    heard: int
    at_home: int
    local_hour: float
    severity: int
    again: int
    """When to judge once more: the end of the night that alone makes it low; else FOREVER."""


@njit(cache=True)
def interval_of(device: Any, p: SilentParameters) -> int:
    """The band's own interval, or what is assumed, ms."""
    told = int(device["interval_ms"])
    return told if told > 0 else p.interval_ms


@njit(cache=True)
def limit_of(device: Any, p: SilentParameters) -> int:
    """How long the band may be silent, ms."""
    return p.intervals * interval_of(device, p) + p.grace_ms


@njit(cache=True)
def own_deadline(device: Any, listening_since: int, p: SilentParameters) -> int:
    """When the silence of a device that has reported counts, ms."""
    return max(int(device["last_sign"]) + limit_of(device, p), listening_since + interval_of(device, p))


@njit(cache=True)
def deadline_of(state: State, slot: int, now: int, listening_since: int, p: SilentParameters) -> tuple[int, int]:
    """When the resident's silence counts, and the longest limit among what they wear; ms.

    ``(FOREVER, 0)`` when nothing that they wear now has ever reported.
    """
    deadline = NEVER
    limit = 0
    first = state.resident[slot]["ward_first"]
    for row in range(first, first + state.resident[slot]["ward_count"]):
        d = state.ward[row]
        if speaks_for(state, d, slot, now):
            device = state.device[d]
            limit = max(limit, limit_of(device, p))
            deadline = max(deadline, own_deadline(device, listening_since, p))
    return (FOREVER, 0) if deadline == NEVER else (deadline, limit)


@njit(cache=True)
def earlier_return(state: State, slot: int, now: int, moment: int) -> int:
    """``moment``, or when the first of the devices worn now is to be handed back, if that is earlier; ms.

    From then on it no longer holds back the silence of the others.
    """
    first = state.resident[slot]["ward_first"]
    for row in range(first, first + state.resident[slot]["ward_count"]):
        wearer, _, until = span_at(state, state.ward[row], now)
        if wearer == slot:
            moment = min(moment, until)
    return moment


@njit(cache=True)
def step_at(state: State, zone: int, t: int) -> int:
    """The column of a time zone's table that is in force at ``t``."""
    step = 0
    for i in range(state.zone_at.shape[1]):
        if state.zone_at[zone, i] <= t:
            step = i
    return step


@njit(cache=True)
def local_hour(state: State, zone: int, t: int) -> float:
    """Hour of the day, 0 ≤ h < 24, in a time zone; NaN when the zone is unknown."""
    if zone < 0:
        return float("nan")
    hour: float = ((t + state.zone_offset[zone, step_at(state, zone, t)]) % _DAY_MS) / _HOUR_MS
    return hour


@njit(cache=True)
def is_night(hour: float, p: SilentParameters) -> bool:
    """Whether the hour lies in [night_from_h, night_to_h), which may span midnight; an unknown one never."""
    if isnan(hour):
        return False
    if p.night_from_h <= p.night_to_h:
        return p.night_from_h <= hour < p.night_to_h
    return hour >= p.night_from_h or hour < p.night_to_h


@njit(cache=True)
def night_end(state: State, zone: int, t: int, p: SilentParameters) -> int:
    """The first moment after ``t``, which lies in a night, that does not; ms.

    From one change of the clocks to the next: a night is as long as the clocks make it, and one whose
    last hour they leave out ends when they change.
    """
    steps = state.zone_at.shape[1]
    for step in range(step_at(state, zone, t), steps):
        offset = state.zone_offset[zone, step]
        end: int = t + _DAY_MS - (t + offset - p.night_to_h * _HOUR_MS) % _DAY_MS
        if step + 1 == steps or end < state.zone_at[zone, step + 1]:
            return end
        t = state.zone_at[zone, step + 1]
        if not is_night(local_hour(state, zone, t), p):
            return t
    return FOREVER


@njit(cache=True)
def whereabouts(state: State, slot: int, d: int, t: int, p: SilentParameters, zone: ZoneParameters) -> tuple[int, bool]:
    """Whether the person was at home (1, 0, −1 unknown) and certainly outside, by a band's last fix."""
    resident = state.resident[slot]
    device = state.device[d]
    if isnan(device["lat"]):
        return -1, False
    accuracy = accuracy_or_default(device["accuracy_m"], zone)
    away, _ = outside_m(state.fence, state.vertex, resident, device["lat"], device["lon"])
    outside = has_zone(resident) and away - accuracy > 0.0
    if t - device["mark_position"] > p.fix_kept_ms or accuracy > zone.sure_accuracy_m:
        return -1, outside
    if has_zone(resident) and away <= 0.0:
        return 1, False
    if isnan(resident["home_lat"]):
        return (0, True) if outside else (-1, False)
    home_lat = radians(resident["home_lat"])
    metres = distance_m(
        home_lat, radians(resident["home_lon"]), cos(home_lat), radians(device["lat"]), radians(device["lon"])
    )
    return (1 if metres <= p.home_m else 0), outside


@njit(cache=True)
def judge(
    state: State, slot: int, deadline: int, limit_ms: int, now: int, p: SilentParameters, zone: ZoneParameters
) -> Judgement:
    """How loud a silence is that stands at ``deadline`` (see the module's docstring)."""
    heard = -1
    placed = -1
    first = state.resident[slot]["ward_first"]
    for row in range(first, first + state.resident[slot]["ward_count"]):
        d = state.ward[row]
        if not speaks_for(state, d, slot, now):
            continue
        device = state.device[d]
        if heard < 0 or device["last_sign"] > state.device[heard]["last_sign"]:
            heard = d
        if isnan(device["lat"]) or device["mark_position"] < span_at(state, d, now)[1]:
            continue
        if placed < 0 or device["mark_position"] > state.device[placed]["mark_position"]:
            placed = d
    if heard < 0:
        return Judgement(deadline, limit_ms, heard, -1, float("nan"), _LOW, FOREVER)
    at_home, outside = -1, False
    if placed >= 0:
        at_home, outside = whereabouts(state, slot, placed, deadline, p, zone)
    hour = local_hour(state, state.resident[slot]["zone"], deadline)
    last = state.device[heard]
    told = last["mark_heartbeat"] >= span_at(state, heard, now)[1]
    again = FOREVER
    if told and last["charging"] == 1:
        severity = _LOW
    elif outside:
        severity = _HIGH
    elif (told and last["worn"] == 0) or last["battery_pct"] < p.empty_pct:
        severity = _LOW
    elif at_home == 1 and is_night(hour, p):
        severity = _LOW
        again = night_end(state, state.resident[slot]["zone"], deadline, p)
    else:
        severity = _MEDIUM
    return Judgement(deadline, limit_ms, heard, at_home, hour, severity, again)


@njit(cache=True)
def evidence(values: Any, device: Any, found: Judgement, now: int, p: SilentParameters) -> None:
    """Fill ``values`` (shape (8,), float64) as named in ``rules.EVIDENCE_FIELDS``."""
    values[0] = (now - device["last_sign"]) / 1000.0
    values[1] = found.limit_ms / 1000.0
    values[2] = interval_of(device, p) / 1000.0
    values[3] = device["battery_pct"]
    if device["charging"] >= 0:
        values[4] = device["charging"]
    if device["worn"] >= 0:
        values[5] = device["worn"]
    if found.at_home >= 0:
        values[6] = found.at_home
    values[7] = found.local_hour
