"""``missed_check.silent``: every device that a resident wears has stopped reporting.

Worn are bands, watches and pendants. The deadline of one is its newest sign of life plus two of its own
intervals and a grace; after our own system was away it is at least one interval after we began to listen
again (design rule 9), and so it is after their site was silent, or still is (``earshot``). The resident's deadline is
the last of them: one alone that falls silent is not the person's silence but ``device.fault``. One that has not
reported since they wear it has no deadline.

How loud it is depends on what was last known, of the device heard last, since they wear it:

- low (soundless) for ``seen_s`` after somebody saw or spoke to the person and vouched for them;
- low while it charges: it was on a table, not on a wrist;
- high when the last fix was certainly outside every zone;
- low when it was not worn, its battery was under ``empty_pct``, or the person was at home (last fix at
  most ``fix_kept_s`` old, within ``home_m`` of home or inside a zone) and it is night there;
- medium otherwise, but low until nothing has been heard for ``loud_after_s``: most silences are gaps of the network
  that end by themselves. Unknown never reads as normal: no fix known is not "at home".

A charger, a table and an empty battery explain a silence for ``excused_s``, and through the night until
``excused_to_h``: by then whoever took the band off has put it on again, or somebody should look why not.

A silence that stands is judged again every ``remind_s``, and evidence of the same episode says how loud it is
by what is known then. One that is low only for now waits until that is over: a band that dies at 23:00 at home is
heard of in the morning, and one that then falls into another night at home is put off to its end, unless what arrives
meanwhile says otherwise. Recovery cancels all that. After our own system was away a later judgement waits as the first
one does; of reminders that were missed, for whatever reason, one is made up.
"""

from __future__ import annotations

from math import cos, isnan, radians
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from alerts.engine import bounds
from alerts.engine.compiled import gate, inner
from alerts.engine.detectors.zone_exit import accuracy_or_default
from alerts.engine.earshot import audible_since, held_until, is_person_hushed
from alerts.engine.geometry import distance_m
from alerts.engine.hours import HOUR_MS, end_of_night, is_between, local_hour
from alerts.engine.journal import keep_resident
from alerts.engine.layout import FOREVER, NEVER, WORN, Journal, State
from alerts.engine.outcome import BROKEN, Heard, emit, unfinished
from alerts.engine.parameters import CONTRACT, ParameterSpec, switch
from alerts.engine.rules import Rule, Severity, What
from alerts.engine.wearing import heed, span_at, speaks_for, stir_resident
from devices.batch import Records

RULE = Rule.MISSED_CHECK_SILENT
_NIGHT = "assumption, ADR-6: the design's goals name 22:00 to 06:00"
PARAMETERS = (
    switch("missed_check.silent"),
    ParameterSpec(
        "missed_check.silent.interval_s", 300, 1, 604_800, "interval of a device that has not told its own", CONTRACT
    ),
    ParameterSpec("missed_check.silent.intervals", 2, 1, 10, "so many intervals may pass", CONTRACT, whole=True),
    ParameterSpec("missed_check.silent.grace_s", 30, 0, 3600, "and so much more", CONTRACT),
    ParameterSpec(
        "missed_check.silent.empty_pct", 5, 0, 100, "below this level a band is expected to fall silent",
        "assumption, ADR-6",
    ),
    ParameterSpec(
        "missed_check.silent.home_m", 100, 0, 1000, "so near to home is at home",
        "assumption, ADR-6: a block of flats and the error of a fix indoors",
    ),
    ParameterSpec(
        "missed_check.silent.fix_kept_s", 86_400, 60, 604_800, "an older fix no longer tells that somebody is at home",
        "assumption, ADR-6: a band indoors may go a day without a fix",
    ),
    ParameterSpec(
        "missed_check.silent.night_from_h", 22, 0, 24, "local hour at which the night begins", _NIGHT, whole=True
    ),
    ParameterSpec("missed_check.silent.night_to_h", 6, 0, 24, "local hour at which it ends", _NIGHT, whole=True),
    ParameterSpec(
        "missed_check.silent.loud_after_s", 1500, 0, 86_400,
        "a silence with nothing else against it is low until nothing was heard for so long", "assumption, ADR-14",
    ),
    ParameterSpec(
        "missed_check.silent.remind_s", 1800, 60, 86_400, "a silence that stands is judged again so often",
        "design rule 8: 30 min for missed checks",
    ),
    ParameterSpec(
        "missed_check.silent.excused_s", 14_400, 0, 172_800,
        "a band that charged, was taken off or was empty may be silent so long", "assumption, ADR-29",
    ),
    ParameterSpec(
        "missed_check.silent.excused_to_h", 10, 0, 24, "and in the night until this local hour", "assumption, ADR-29",
        whole=True,
    ),
    ParameterSpec(
        "missed_check.silent.seen_s", 14_400, 0, 172_800, "low for so long after somebody vouched for the resident",
        "assumption, ADR-29",
    ),
)  # fmt: skip
EVIDENCE = (
    "silent_for_s", "limit_s", "interval_s", "battery_pct", "charging", "worn", "at_home", "local_hour",
)  # fmt: skip

_RULE = int(RULE)
_LOW = int(Severity.LOW)
_MEDIUM = int(Severity.MEDIUM)
_HIGH = int(Severity.HIGH)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)


class Judgement(NamedTuple):
    """What the scan found out about one resident."""

    heard: int
    """The device heard last; −1: the records contradict each other."""
    at_home: int
    local_hour: float
    severity: int
    until: int
    """Low only until then, ms: the end of the night at home, or of our patience; NEVER: as loud as it is."""
    excused_to: int
    """Explained until then, ms, and said all the same: to be judged again by then; FOREVER: not explained."""


@gate
def notice(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Any reading of what somebody wears ends their silence."""
    if at.trusted and at.wearer >= 0:
        device = state.device[at.d]
        if device["watched"] == WORN and (device["heed"] == 1 or at.wearer != device["wearer"]):
            k = recover(state, at, enabled, journal, out, k)
    return k


@inner
def recover(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """End the wearer's silence, unless the reading is as old as the silence itself."""
    resident = state.resident[at.wearer]
    if enabled[_RULE] == 0 or resident["silent_open"] == 0 or at.order + resident["silent_limit_ms"] <= at.now:
        return k
    keep_resident(journal, at.wearer, resident)
    resident["silent_open"] = 0
    heed(state, at.wearer)
    stir_resident(state, at.wearer)
    emit(
        out, k, _RULE, _RECOVERED, resident["silent_severity"], at.t, resident["silent_t"], -1, at.i, at.wearer,
        at.d, at.late, state.rules[at.rules],
    )  # fmt: skip
    return k + 1


@inner
def interval_of(device: Any, p: Any) -> int:
    """The band's own interval, or what is assumed, ms."""
    told = int(device["interval_ms"])
    return told if told > 0 else int(p["silent_interval_ms"])


@inner
def limit_of(device: Any, p: Any) -> int:
    """How long the band may be silent, ms."""
    return int(p["silent_intervals"]) * interval_of(device, p) + int(p["silent_grace_ms"])


@inner
def own_deadline(state: State, d: int, listening_since: int, p: Any) -> int:
    """When the silence of a device that has reported counts, ms."""
    device = state.device[d]
    base = int(device["last_sign"]) + limit_of(device, p)
    heard = heard_out(base, audible_since(state, d, listening_since), interval_of(device, p))
    return max(base, heard, held_until(state, d))


@inner
def heard_out(base: int, audible: int, interval: int) -> int:
    """Until when a device may still report what was due at ``base``, since it can be heard again; ms.

    One interval. Absences that return day by day must not put a slow device off for ever: it is one interval more than
    its own at most, but an hour in any case.
    """
    return min(audible + interval, max(base + interval, audible + HOUR_MS))


@inner
def deadline_of(state: State, slot: int, now: int, listening_since: int, p: Any) -> tuple[int, int]:
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
            deadline = max(deadline, own_deadline(state, d, listening_since, p))
    return (FOREVER, 0) if deadline == NEVER else (deadline, limit)


@inner
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


@inner
def advance(
    state: State, now: int, listening_since: int, enabled: npt.NDArray[np.int8], journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Judge everybody whose deadline has come, once more those whose silence stands.

    Returns:
        The number of events; ``unfinished`` when there is no room for the next one, ``BROKEN`` when the records
        contradict each other. A look that says nothing changes nothing but ``due``, which follows from the rest: a
        batch in which nothing is said is not stored, so none of it may be needed after a restart.
    """
    if enabled[_RULE] == 0 or k < 0:
        return k
    for r in range(len(state.due)):
        if state.due[r] > now:
            continue
        resident = state.resident[r]
        p = state.rules[resident["rules"]]
        if resident["active"] == 0 or p["silent_enabled"] == 0:
            state.due[r] = FOREVER
            continue
        moment, limit = deadline_of(state, r, now, listening_since, p)
        if resident["silent_open"] == 1:
            moment = max(moment, resident["silent_again"])
        elif moment <= now and is_person_hushed(state, r, moment, now):
            state.due[r] = now + 1
            continue
        while moment <= now:
            found = judge(state, r, moment, now, p)
            if found.heard < 0:
                return BROKEN
            again = found.until
            if again == NEVER:
                again = min(next_reminder(moment, p["silent_remind_ms"], now), found.excused_to)
            opens = resident["silent_open"] == 0
            if opens or found.until == NEVER:
                if k == len(out) or journal.used[2] == len(journal.resident_slot):
                    return unfinished(k)
                keep_resident(journal, r, resident)
                if opens:
                    resident["silent_open"] = 1
                    resident["silent_t"] = moment
                    resident["silent_limit_ms"] = limit
                    heed(state, r)
                resident["silent_severity"] = found.severity
                resident["silent_again"] = again
                emit(
                    out, k, _RULE, _OPENED if opens else _EVIDENCE, found.severity, moment, resident["silent_t"], -1,
                    -1, r, found.heard, late=False, p=p,
                )  # fmt: skip
                evidence(out[k]["values"], state.device[found.heard], found, limit, now, p)
                k += 1
            moment = again
        state.due[r] = earlier_return(state, r, now, moment)
    return k


@inner
def next_reminder(moment: int, every_ms: int, now: int) -> int:
    """When to say again what was said at ``moment``: of what should have been said since, only the last."""
    return moment + int(every_ms) * max(1, (now - moment) // int(every_ms))


@inner
def judge(state: State, slot: int, moment: int, now: int, p: Any) -> Judgement:
    """How loud a silence is that stands at ``moment`` (see the module's docstring)."""
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
        return Judgement(heard, -1, float("nan"), _LOW, until=NEVER, excused_to=FOREVER)
    at_home, outside = -1, False
    if placed >= 0:
        at_home, outside = whereabouts(state, slot, placed, moment, p)
    hour = local_hour(state, state.resident[slot]["zone"], moment)
    last = state.device[heard]
    told = last["mark_heartbeat"] >= span_at(state, heard, now)[1]
    until = NEVER
    excuse = excused_until(state, slot, int(last["last_sign"]), p)
    charges = told and last["charging"] == 1 and moment < excuse
    lies_about = ((told and last["worn"] == 0) or last["battery_pct"] < p["silent_empty_pct"]) and moment < excuse
    vouched = int(state.resident[slot]["seen_ms"]) + int(p["silent_seen_ms"])
    if moment < vouched:
        severity = _LOW
        until = vouched
    elif charges or (lies_about and not outside):
        return Judgement(heard, at_home, hour, _LOW, until, excuse)
    elif outside:
        severity = _HIGH
    elif at_home == 1 and is_between(hour, p["silent_night_from_h"], p["silent_night_to_h"]):
        severity = _LOW
        from_h, to_h = p["silent_night_from_h"], p["silent_night_to_h"]
        until = end_of_night(state, state.resident[slot]["zone"], moment, from_h, to_h)
    elif moment < last["last_sign"] + p["silent_loud_after_ms"]:
        severity = _LOW
        until = int(last["last_sign"]) + int(p["silent_loud_after_ms"])
    else:
        severity = _MEDIUM
    return Judgement(heard, at_home, hour, severity, until, excused_to=FOREVER)


@inner
def excused_until(state: State, slot: int, last: int, p: Any) -> int:
    """How long a charger, a table or an empty battery explains that a band was last heard at ``last``, ms."""
    end = last + int(p["silent_excused_ms"])
    zone, from_h, to_h = state.resident[slot]["zone"], p["silent_night_from_h"], p["silent_excused_to_h"]
    if is_between(local_hour(state, zone, end), from_h, to_h):
        end = end_of_night(state, zone, end, from_h, to_h)
    return end


@inner
def whereabouts(state: State, slot: int, d: int, t: int, p: Any) -> tuple[int, bool]:
    """Whether the person was at home (1, 0, −1 unknown) and certainly outside, by a band's last fix."""
    resident = state.resident[slot]
    device = state.device[d]
    if isnan(device["lat"]):
        return -1, False
    has_zone = resident["fence_count"] > 0
    accuracy = accuracy_or_default(device["accuracy_m"], p)
    away = bounds.whereabouts(state, resident, device["lat"], device["lon"], NEVER, p).away_m
    outside = has_zone and away - accuracy > 0.0
    if t - device["mark_position"] > p["silent_fix_kept_ms"] or accuracy > p["zone_exit_sure_accuracy_m"]:
        return -1, outside
    if has_zone and away <= 0.0:
        return 1, False
    if isnan(resident["home_lat"]):
        return (0, True) if outside else (-1, False)
    home_lat = radians(resident["home_lat"])
    metres = distance_m(
        home_lat, radians(resident["home_lon"]), cos(home_lat), radians(device["lat"]), radians(device["lon"])
    )
    return (1 if metres <= p["silent_home_m"] else 0), outside


@inner
def evidence(values: Any, device: Any, found: Judgement, limit_ms: int, now: int, p: Any) -> None:
    """Fill ``values`` (shape (8,), float64) as named in ``EVIDENCE``."""
    values[0] = (now - device["last_sign"]) / 1000.0
    values[1] = limit_ms / 1000.0
    values[2] = interval_of(device, p) / 1000.0
    values[3] = device["battery_pct"]
    if device["charging"] >= 0:
        values[4] = device["charging"]
    if device["worn"] >= 0:
        values[5] = device["worn"]
    if found.at_home >= 0:
        values[6] = found.at_home
    values[7] = found.local_hour
