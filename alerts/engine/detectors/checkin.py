"""``missed_check.checkin``: a promised "I am well" did not come.

A promised check is a stretch of time in which a resident lets others know that they are well. What keeps it, from
its beginning on and however late:

- a press of "I am well", theirs or one on a device of their household;
- somebody who saw or spoke to them and vouches for them;
- where the plan says so, a sign of life: a press of any button, a request, a session on a fitness machine, steps that
  grow or movement while it is worn (by a window of motion: ``stirring``), a vital sign that somebody has to take. What
  a band measures by itself is none: who lies helpless has a pulse.

It begins ``early_min`` before it opens, though not before the one before it closes: whoever rises earlier than
promised has reported all the same, and no press counts for two of them that follow each other. News that arrives late
counts at its own time. Word of a promise kept (``What.KEPT``) is no alarm; a later press keeps what an earlier one did
not, so that the day's list says when they were heard of again.

The deadline is the end and the grace; after our own system was away it is at least one interval of what they wear
(``HOLD_AT_MOST_MS`` at most) after we began to listen again, so that what was stored meanwhile is heard first (design
rule 9); so it is when their site was silent (``earshot``). Be it that either fails again and again: an hour before a
check is too old nothing holds it back. What ended more than a day ago is not asked for any more, nor what may have been
kept before anything is known of (``State.known_since``). Who is not looked after as usual when the deadline comes, or
for whom the rule is off, is excused (``What.EXCUSED``), which is said, so that it is true later as well.

One episode stands from the first check that is missed until they are heard of: the next ones missed are evidence of
it. It is told again every ``remind_s``; of reminders that were missed, for whatever reason, one is made up.
"""

from __future__ import annotations

from math import isnan
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import gate, inner
from alerts.engine.detectors.silent import earlier_return, interval_of
from alerts.engine.earshot import person_audible_since, person_held_until
from alerts.engine.hours import local_hour
from alerts.engine.journal import keep_check, keep_house, keep_resident
from alerts.engine.layout import (
    BY_SIGN,
    CHECKS_AT_MOST,
    EXCUSED,
    FOREVER,
    HOUSEHOLD,
    KEPT,
    MISSED,
    MOST,
    NEVER,
    WORN,
    Journal,
    State,
)
from alerts.engine.outcome import Heard, emit, unfinished
from alerts.engine.parameters import CONTRACT, ParameterSpec, switch
from alerts.engine.rules import Rule, Severity, What
from alerts.engine.stirring import STIRRED, lies_aside, told_by
from alerts.engine.wearing import may_be_kept_by_signs, span_at, stir_house
from devices.batch import Records
from devices.kinds import Kind

RULE = Rule.MISSED_CHECK_CHECKIN
KIND = Kind.HEARTBEAT
PARAMETERS = (
    switch("missed_check.checkin"),
    ParameterSpec("missed_check.checkin.grace_min", 15, 0, 720, "so long after its end it may still be kept", CONTRACT),
    ParameterSpec(
        "missed_check.checkin.early_min", 60, 0, 720, "a press so long before it opens keeps it as well",
        "assumption, ADR-28: whoever rises an hour early has reported",
    ),
    ParameterSpec(
        "missed_check.checkin.severity", 1, 0, 3, "how bad it is: low, medium, high or critical", CONTRACT, whole=True
    ),
    ParameterSpec(
        "missed_check.checkin.remind_s", 1800, 60, 86_400, "one that stands is told again so often",
        "design rule 8: 30 min for missed checks",
    ),
)  # fmt: skip
EVIDENCE = (
    "from_local_hour", "to_local_hour", "grace_s", "missed_for_s", "checkin_before_s", "missed_in_a_row", "kept_by",
)  # fmt: skip

BY_THEMSELVES: Final = 0
"""``kept_by`` of what was kept: a press of "I am well"."""
BY_LIVING: Final = 1
"""Any sign of life."""
BY_OTHERS: Final = 2
"""Somebody vouched for them."""

HOLD_AT_MOST_MS: Final = 3_600_000
"""After our own absence. Assumption, ADR-28: a band that reports once a day sends a press as soon as it can."""
_ASKED_FOR_MS: Final = 86_400_000
"""So long after its end a check is asked for. Assumption, ADR-28: later the day's own checks tell."""

_HELD_AT_MOST_MS: Final = _ASKED_FOR_MS - HOLD_AT_MOST_MS
"""And so long after its end it is held back at most: a network, or a gateway, that fails again and again must not let
it grow too old to be asked for in silence."""

_TOTALS: Final = 1 << 31
"""Running totals are kept modulo this."""

_RULE = int(RULE)
_LOW = int(Severity.LOW)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)
_KEPT = int(What.KEPT)
_EXCUSED = int(What.EXCUSED)
_CHECKIN = int(Kind.CHECKIN)
_SOS = int(Kind.SOS)
_SERVICE = int(Kind.SERVICE)
_EXERCISE = int(Kind.EXERCISE)


@gate
def notice(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """A press of "I am well" keeps a promise; so does any sign of life where one may."""
    if at.trusted and at.kind == _CHECKIN:
        k = hear_press(state, at, enabled, journal, out, k)
    elif at.kind in (_SOS, _SERVICE, _EXERCISE) and may_keep(state, at):
        k = live(state, at, enabled, journal, out, k)
    return k


@gate
def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """So does whoever walks or moves with what they wear."""
    before = state.device[at.d]["steps"]
    if at.newer and own["steps"] >= 0:
        state.device[at.d]["steps"] = own["steps"] % _TOTALS
    if may_keep(state, at) and has_moved(own, before, at):
        k = live(state, at, enabled, journal, out, k)
    return k


@gate
def hear_vitals(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """And whoever takes a vital sign."""
    taken = state.device[at.d]["watched"] != WORN or not isnan(own["systolic_mmhg"])
    if taken and may_keep(state, at):
        k = live(state, at, enabled, journal, out, k)
    return k


@gate
def hear_motion(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """And whoever moves, by the motion of what they wear."""
    if may_keep(state, at) and moves(state, own, at):
        k = live(state, at, enabled, journal, out, k)
    return k


@gate
def may_keep(state: State, at: Heard) -> bool:
    """Whether a sign of life of whoever wears the device then may keep a promise, as far as its record tells."""
    device = state.device[at.d]
    return bool(at.trusted and at.wearer >= 0 and (device["promised"] == 1 or at.wearer != device["wearer"]))


@inner
def has_moved(own: Any, before: int, at: Heard) -> bool:
    """Whether a heartbeat tells of steps that grew since the one before, under the same wearer, or of movement."""
    if own["worn"] == 0 or own["charging"] == 1:
        return False
    walked = at.newer and before >= 0 and own["steps"] > 0 and own["steps"] % _TOTALS != before
    return bool(own["activity"] > 0.0 or (walked and at.before >= at.worn_since))


@inner
def moves(state: State, own: Any, at: Heard) -> bool:
    """Whether a window of motion is its wearer's own and tells of movement."""
    if state.device[at.d]["watched"] != WORN or lies_aside(state, at.d):
        return False
    return told_by(own) == STIRRED


@inner
def hear_press(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """A press counts for whoever wears the device, or for everybody of the household whose it is."""
    if at.wearer >= 0:
        return press(state, at, enabled, journal, out, k)
    if at.wearer <= HOUSEHOLD and HOUSEHOLD - at.wearer < len(state.house):
        return press_together(state, HOUSEHOLD - at.wearer, at, enabled, journal, out, k)
    return k


@inner
def press(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Remember a resident's own press, and say what it keeps."""
    resident = state.resident[at.wearer]
    if at.order > resident["checkin_ms"]:
        keep_resident(journal, at.wearer, resident)
        resident["checkin_ms"] = at.order
        state.check_due[at.wearer] = 0
    return keep_promise(state, at.wearer, at, BY_THEMSELVES, enabled, journal, out, k)


@inner
def press_together(
    state: State, house: int, at: Heard, enabled: Records, journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """The same for everybody of a household whose device it is."""
    if at.order > state.house[house]["checkin_ms"]:
        keep_house(state, journal, house)
        state.house[house]["checkin_ms"] = at.order
        stir_house(state, house)
    first = state.house[house]["member_first"]
    for row in range(first, first + min(CHECKS_AT_MOST, state.house[house]["member_count"])):
        k = keep_promise(state, state.member[row], at, BY_THEMSELVES, enabled, journal, out, k)
    return k


@inner
def live(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Remember a sign of life while one may keep a promise, and say what it keeps."""
    if not may_be_kept_by_signs(state, at.wearer):
        return k
    resident = state.resident[at.wearer]
    if at.order > resident["sign_ms"]:
        keep_resident(journal, at.wearer, resident)
        resident["sign_ms"] = at.order
        state.check_due[at.wearer] = 0
    return keep_promise(state, at.wearer, at, BY_LIVING, enabled, journal, out, k)


@inner
def keep_promise(
    state: State, slot: int, at: Heard, by: int, enabled: Records, journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Say which check a reading keeps: the last that had begun. What was missed before it is said of by ``advance``."""
    resident = state.resident[slot]
    p = state.rules[resident["rules"]]
    found = -1
    before = NEVER
    for row in range(resident["check_first"], resident["check_first"] + resident["check_count"]):
        if beginning_of(state.check[row], before, p) <= at.order:
            found = row
        before = state.check[row]["closes"]
    if enabled[_RULE] == 0 or found < 0:
        return k
    check = state.check[found]
    if check["settled"] == KEPT or check["settled"] == EXCUSED or (by == BY_LIVING and check["by"] != BY_SIGN):
        return k
    return say(state, slot, found, _KEPT, at.order, by, at.i, at.d, p, journal, out, k)


@inner
def beginning_of(check: Any, before: int, p: Any) -> int:
    """From when on news of the resident keeps a check, ms; ``before``: the end of the one before it."""
    return min(int(check["opens"]), max(int(check["opens"]) - int(p["checkin_early_ms"]), before))


@inner
def grace_of(check: Any, p: Any) -> int:
    """How long after its end it is waited for, ms."""
    return int(check["grace"]) if check["grace"] >= 0 else int(p["checkin_grace_ms"])


@inner
def say(  # noqa: PLR0917 - one row, written at once
    state: State, slot: int, row: int, what: int, t: int, by: int, reading: int, d: int, p: Any, journal: Journal,
    out: Records, k: int,
) -> int:  # fmt: skip
    """Settle a check that is kept or excused, and say so."""
    keep_check(state, journal, row)
    state.check[row]["settled"] = KEPT if what == _KEPT else EXCUSED
    emit(out, k, _RULE, what, _LOW, t, state.check[row]["closes"], -1, reading, slot, d, late=False, p=p)
    if what == _KEPT:
        out[k]["values"][6] = by
    return k + 1


@inner
def advance(
    state: State, now: int, listening_since: int, enabled: npt.NDArray[np.int8], journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Say of everybody whose checks something has become of what that is; returns as ``silent.advance``."""
    if enabled[_RULE] == 0 or k < 0:
        return k
    for r in range(len(state.check_due)):
        if state.check_due[r] > now:
            continue
        if state.resident[r]["check_count"] == 0 and state.resident[r]["missed"] == 0:
            state.check_due[r] = FOREVER
            continue
        k = look(state, r, now, listening_since, journal, out, k)
        if k < 0:
            return k
    return k


@inner
def is_full(journal: Journal, out: Records, k: int) -> bool:
    """Whether there may be no room for the next event and what it changes."""
    used = journal.used
    return bool(k == len(out) or used[2] == len(journal.resident_slot) or used[4] == len(journal.check_row))


@inner
def look(state: State, r: int, now: int, listening_since: int, journal: Journal, out: Records, k: int) -> int:
    """Say of one resident's checks, in their order, what was kept and what was missed, and what is still missed."""
    resident = state.resident[r]
    p = state.rules[resident["rules"]]
    excused = resident["active"] == 0 or p["checkin_enabled"] == 0
    audible_since = person_audible_since(state, r, now, listening_since)
    heard_since = max(audible_since + hold_of(state, r, now, p), person_held_until(state, r, now))
    vouched = vouched_for(state, resident)
    if resident["missed"] > 0:
        heard = max(vouched, int(resident["sign_ms"])) if resident["missed_by"] == BY_SIGN else vouched
        if heard >= resident["missed_from"]:
            if is_full(journal, out, k):
                return unfinished(k)
            keep_resident(journal, r, resident)
            resident["missed"] = 0
            emit(
                out, k, _RULE, _RECOVERED, int(p["checkin_severity"]), heard, resident["missed_t"], -1, -1, r, -1,
                late=False, p=p,
            )  # fmt: skip
            k += 1
    due = FOREVER
    before = NEVER
    for row in range(resident["check_first"], resident["check_first"] + resident["check_count"]):
        check = state.check[row]
        begins = beginning_of(check, before, p)
        before = check["closes"]
        if check["settled"] == KEPT or check["settled"] == EXCUSED:
            continue
        if is_full(journal, out, k):
            return unfinished(k)
        heard = max(vouched, int(resident["sign_ms"])) if check["by"] == BY_SIGN else vouched
        if heard >= begins:
            k = say(state, r, row, _KEPT, heard, by_what(resident, heard, vouched), -1, -1, p, journal, out, k)
            continue
        deadline = int(check["closes"]) + grace_of(check, p)
        if check["settled"] == MISSED or begins < state.known_since[0] or now - check["closes"] > _ASKED_FOR_MS:
            continue
        moment = max(deadline, min(heard_since, int(check["closes"]) + _HELD_AT_MOST_MS))
        if moment > now:
            due = min(due, moment)
        elif excused:
            k = say(state, r, row, _EXCUSED, deadline, BY_THEMSELVES, -1, -1, p, journal, out, k)
        else:
            miss(state, r, row, begins, moment, now, p, journal, out, k)
            k += 1
    if resident["missed"] > 0 and not excused:
        moment = max(int(resident["missed_again"]), heard_since)
        if moment <= now:
            if is_full(journal, out, k):
                return unfinished(k)
            keep_resident(journal, r, resident)
            moment += int(p["checkin_remind_ms"]) * ((now - moment) // int(p["checkin_remind_ms"]))
            tell(state, r, _EVIDENCE, moment, now, p, out, k)
            moment += int(p["checkin_remind_ms"])
            resident["missed_again"] = moment
            k += 1
        due = min(due, moment)
    state.check_due[r] = earlier_return(state, r, now, due)
    return k


@inner
def miss(
    state: State, r: int, row: int, begins: int, moment: int, now: int, p: Any, journal: Journal, out: Records, k: int
) -> None:  # fmt: skip
    """Let a check be missed: it opens an episode, or is evidence of the one that stands."""
    resident, check = state.resident[r], state.check[row]
    keep_resident(journal, r, resident)
    keep_check(state, journal, row)
    check["settled"] = MISSED
    opens = resident["missed"] == 0
    if opens:
        resident["missed_t"] = check["closes"]
    resident["missed"] = min(MOST, resident["missed"] + 1)
    resident["missed_from"] = begins
    resident["missed_by"] = check["by"]
    every = int(p["checkin_remind_ms"])
    resident["missed_again"] = moment + every * ((now - moment) // every + 1)
    tell(state, r, _OPENED if opens else _EVIDENCE, moment, now, p, out, k)
    values = out[k]["values"]
    values[0] = local_hour(state, resident["zone"], check["opens"])
    values[1] = local_hour(state, resident["zone"], check["closes"])
    values[2] = grace_of(check, p) / 1000.0


@inner
def tell(state: State, r: int, what: int, moment: int, now: int, p: Any, out: Records, k: int) -> None:
    """Emit that checks are missed."""
    resident = state.resident[r]
    emit(
        out, k, _RULE, what, int(p["checkin_severity"]), moment, resident["missed_t"], -1, -1, r, -1, late=False, p=p
    )  # fmt: skip
    values = out[k]["values"]
    values[3] = (now - resident["missed_t"]) / 1000.0
    if resident["checkin_ms"] != NEVER:
        values[4] = (now - resident["checkin_ms"]) / 1000.0
    values[5] = resident["missed"]


@inner
def vouched_for(state: State, resident: Any) -> int:
    """When a press or somebody's word last said that a resident is well, ms; NEVER."""
    newest = max(int(resident["checkin_ms"]), int(resident["seen_ms"]))
    if resident["house"] >= 0:
        newest = max(newest, int(state.house[resident["house"]]["checkin_ms"]))
    return newest


@inner
def by_what(resident: Any, heard: int, vouched: int) -> int:
    """Which of a resident's news that was; of two at once somebody's word, then a press."""
    if heard == resident["seen_ms"]:
        return BY_OTHERS
    return BY_THEMSELVES if heard == vouched else BY_LIVING


@inner
def hold_of(state: State, slot: int, now: int, p: Any) -> int:
    """How long after our own absence to wait for what was stored meanwhile, ms: by what they wear."""
    longest = 0
    resident = state.resident[slot]
    for row in range(resident["ward_first"], resident["ward_first"] + resident["ward_count"]):
        d = state.ward[row]
        if span_at(state, d, now)[0] == slot:
            longest = max(longest, interval_of(state.device[d], p))
    return min(HOLD_AT_MOST_MS, longest if longest > 0 else int(p["silent_interval_ms"]))


HEARS = {Kind.VITALS: hear_vitals, Kind.MOTION: hear_motion}
"""What it listens to besides ``KIND``."""
