"""``fall.motion``: a fall, by what an accelerometer on the wrist measured.

A jolt that is the greatest of its second is judged by a learned model (``fall_model``) at several moments after it:
early ones alarm when it is very probable, the last one by the working point that is set for the wearer. What is not
very probable waits then for what follows (``held_fall``): it is told as soon as they rest or move little, and let go
when they walk or work with their hands. A stream that ends before, since the band broke or its windows are short, is
judged by what there is when nothing has come for a while, and what waited is told, whether or not the rest of the world
can be heard. Whoever wore the band at the moment of the jolt has fallen; a
band that said just now that it charges falls without anybody, and one that said that nobody wears it is judged by the
quietest working point.

An alarm is critical when the model is sure, else high. Further evidence is told once each: when a later look is surer,
when they have lain still for ``LAIN_S``, when they were seen to walk for ``WALKED_S``, and the first heart rate, all
within ``WATCHED_MS``. A jolt within ``ONE_FALL_MS`` of the fall belongs to it, unless they said between the two that
they are well. What came late raises nothing.
"""

from __future__ import annotations

from math import isnan
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import gate, inner
from alerts.engine.fall_model import PEAK, THRESHOLDS, probability
from alerts.engine.held_fall import GOES_ON, WAITS, hold, outcome_of, see_second
from alerts.engine.jolts import (
    HORIZONS,
    LAST,
    SECOND,
    STILL,
    WALKING,
    cut_out,
    free_fall_ms,
    is_jolt,
    length_g,
    posture_deg,
    second_of,
)
from alerts.engine.journal import keep_motion, keep_ring
from alerts.engine.layout import FOREVER, NEVER, NOBODY, NONE, Journal, State
from alerts.engine.motion import CELL_MS, CELL_US, RING, begin_stream, close_cell, empty_ring, take_sample
from alerts.engine.outcome import Heard, Window, emit, unfinished
from alerts.engine.parameters import ASKED, CONTRACT, HELD, ParameterSpec
from alerts.engine.rules import Rule, Severity, What
from alerts.engine.wearing import rules_of, span_at
from devices.batch import Records
from devices.kinds import Kind

RULE = Rule.FALL_MOTION
KIND = Kind.MOTION
PARAMETERS = (
    ParameterSpec(
        "fall.motion.working_point", 1, 0, 2, "0 sensitive, 1 balanced, 2 quiet: how probable a fall must be",
        "measured on recorded falls, ADR-32", whole=True,
    ),
    ParameterSpec("fall.motion.sure_from", 0.8, 0, 1, "a fall so probable is critical", CONTRACT),
    ParameterSpec("fall.motion.hold_below", 0.95, 0, 1, "less sure, what follows is awaited; 0: nothing is", HELD),
    ParameterSpec("fall.motion.hold_s", 20, 5, 60, "who moves as usual for so long is let go", HELD, whole=True),
    ParameterSpec("fall.motion.rest_s", 5, 2, 30, "who lies still for so long meanwhile is not", HELD, whole=True),
    ParameterSpec("fall.motion.tell_goes_on", 0, 0, 1, "1: a low alarm of who is let go; 0: none", HELD, whole=True),
    ParameterSpec("fall.motion.ask_below", 0.95, 0, 1, "less sure, the wearer is asked; 0: nobody is", ASKED),
    ParameterSpec("fall.motion.answer_s", 30, 5, 600, "how long the wearer has for an answer", ASKED),
)  # fmt: skip
EVIDENCE = (
    "probability", "peak_g", "free_fall_ms", "posture_deg", "still_s", "walking_s", "heart_rate_bpm", "threshold",
)  # fmt: skip

EVENTS_OF_A_WINDOW: Final = 6
"""So much may be said of one window. Assumption: nobody falls more often within the minutes that it may hold, and what
else is said then is evidence."""
WATCHED_MS: Final = 300_000
"""So long it is looked what became of them. Assumption, ADR-32: who gets up by themselves does so within minutes."""
ONE_FALL_MS: Final = 10_000
"""Jolts no further apart are of one fall. Assumption, ADR-32: whoever falls comes to rest within seconds."""
LAIN_S: Final = 30
WALKED_S: Final = 10
"""Assumptions, ADR-32."""
_SURER: Final = 0.05
"""A later look that is not surer by so much is not told, unless it makes the alarm critical."""
_PATIENCE_MS: Final = 4_000
"""A window that is late by so much does not come. Assumption, ADR-32."""
_LONGEST_MS: Final = 10_000
"""Of the length of windows, which are as far apart, so much is waited for at most."""
_BELIEVED_MS: Final = 900_000
"""So long a heartbeat tells whether the band charges or is worn: three of the contract's intervals."""
_AHEAD_MS: Final = 60_000
"""A window that began in the past and tells of a time further ahead names too low a rate: what it would tell of then is
passed over, so that it cannot stand before what is really measured then. Assumption, ADR-32."""

_RULE = int(RULE)
_LOW = int(Severity.LOW)
_HIGH = int(Severity.HIGH)
_CRITICAL = int(Severity.CRITICAL)
_CHECKIN = int(Kind.CHECKIN)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_QUIET = 2
_LAY = 1
_WALKED = 2
_PULSE = 4
_ON_FOOT = 8
"""They went on as if nothing had happened."""


class Look(NamedTuple):
    """Where and when it is judged."""

    d: int
    row: int
    """Of ``state.motion``, whose record is kept."""
    reading: int
    """Index into the batch's header, −1 for a deadline."""
    now: int
    """Ms."""
    most: int
    """Number of events that must not be exceeded."""
    late: bool
    """What is heard came late: it raises nothing."""


@inner
def hear(state: State, own: Window, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Take the samples of a window that can be read into the stream, and judge each cell that is closed."""
    if not (enabled[_RULE] == 1 and at.newer and 1.0 <= own.rate_hz <= 1000.0 and len(own.samples) > 0):
        return k
    row = state.motion_row[at.d]
    motion, ring = state.motion[row], state.motion_ring
    keep_ring(state, journal, row)
    look = look_at(at.d, row, at.i, at.now, k + EVENTS_OF_A_WINDOW, at.late)
    put_back = at.t <= motion["begin_ms"]  # the device's clock
    if put_back or (at.late and motion["due"] != FOREVER):  # what waits came in time
        k = judge_end(state, look_at(at.d, row, at.i, at.now, look.most, late=False), out, k)
    if put_back:
        begin_stream(motion, ring, row)
    motion["begin_ms"] = at.t
    motion["seq"] = at.seq
    step_us = 1e6 / own.rate_hz
    last_us = FOREVER if at.t > at.now else (at.now + _AHEAD_MS) * 1000
    for i in range(len(own.samples)):
        us = at.t * 1000 + int(i * step_us + 0.5)
        if us <= motion["newest_us"] or us > last_us:
            continue
        cell = us // CELL_US
        if motion["newest_us"] == NEVER:
            motion["cell"] = cell
        all_judged = motion["newest_us"] // CELL_US + LAST + 1
        while motion["cell"] < cell:
            k = look_on(state, look, close_cell(motion, ring, row, us, own.samples[i]), out, k)
            settled = motion["cell"] > all_judged and motion["held"] == NEVER
            to_say = motion["cell"] <= motion["watch_to"] and unsaid(motion) != 0
            if settled and not to_say and cell - motion["cell"] > RING:
                empty_ring(ring, row)
                motion["cell"] = cell
        take_sample(motion, us, own.samples[i])
    if at.late:
        motion["late_to"] = motion["cell"]
    to_judge = motion["cell"] - motion["jolt"] <= LAST and motion["jolt"] > motion["late_to"]
    waits = to_judge or motion["held"] != NEVER
    lasted = int(len(own.samples) * 1000.0 / own.rate_hz)
    motion["due"] = at.now + _PATIENCE_MS + min(lasted, _LONGEST_MS) if waits else FOREVER
    state.fall_due[row] = motion["due"]
    return k


@gate
def notice(state: State, at: Heard, enabled: Records, journal: Journal, _out: Records, k: int) -> int:
    """Whoever falls after they said that they are well has fallen anew, though it be in the same minute."""
    if at.kind == _CHECKIN and at.trusted and state.motion_row[at.d] != NONE and enabled[_RULE] == 1:
        hear_well(state, at, journal)
    return k


@gate
def hear_vitals(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """A heart rate after a fall is evidence of how they are."""
    if at.newer and state.motion_row[at.d] != NONE and not isnan(own["heart_rate_bpm"]) and enabled[_RULE] == 1:
        k = hear_pulse(state, own, at, journal, out, k)
    return k


@inner
def look_at(d: int, row: int, reading: int, now: int, most: int, late: bool) -> Look:
    """A look, of one type whatever integers it is made of."""
    return Look(d, row, reading, now, most, late)


@inner
def look_on(state: State, look: Look, newest: int, out: Records, k: int) -> int:
    """Judge what is due when a cell is closed."""
    motion = state.motion[look.row]
    if newest % SECOND == SECOND - 1:
        if newest <= motion["watch_to"]:
            k = watch(state, look, newest, out, k)
        if motion["held"] != NEVER:
            k = wait_on(state, look, newest, out, k)
    if newest - motion["jolt"] <= LAST:
        for horizon in range(len(HORIZONS)):
            cell = newest - HORIZONS[horizon]
            if is_jolt(state.motion_ring, look.row, cell, newest):
                k = judge(state, look, cell, newest, horizon, False, out, k)  # noqa: FBT003 - numba takes no keywords here
    return k


@inner
def judge(
    state: State, look: Look, cell: int, newest: int, horizon: int, ended: bool, out: Records, k: int
) -> int:  # fmt: skip
    """Judge a jolt by what is closed around it; ``ended``: nothing more is waited for."""
    motion = state.motion[look.row]
    t = cell * CELL_MS
    order = min(t, look.now)
    wearer, since, _ = span_at(state, look.d, order)
    device = state.device[look.d]
    told = max(since, order - _BELIEVED_MS) <= device["mark_heartbeat"] <= order
    nobody = wearer == NOBODY or wearer >= len(state.resident)
    if look.late or cell <= motion["late_to"] or nobody or (told and device["charging"] == 1):
        return k
    p = state.rules[rules_of(state, look.d, wearer)]
    point = _QUIET if told and device["worn"] == 0 else int(p["motion_working_point"])
    threshold = THRESHOLDS[point][horizon]
    window = state.fall_window
    known = cut_out(state.motion_ring, look.row, cell, newest, window)
    probable = probability(state.fall_weights, state.fall_scratch, window, known)
    last = horizon == len(HORIZONS) - 1
    if not probable >= threshold:
        if last:
            motion["surest"] = max(motion["surest"], probable)
        return k
    again = (
        motion["opening_t"] != NEVER
        and motion["wearer"] == wearer
        and motion["opening_t"] - ONE_FALL_MS <= t <= motion["since"] + ONE_FALL_MS
        and not motion["since"] <= motion["well_ms"] < t
    )
    if again:
        motion["surest"] = max(motion["surest"], probable)
        motion["since"] = max(motion["since"], t)
        sure = motion["told"] < p["motion_sure_from"] <= probable
        if not (sure or probable >= motion["told"] + _SURER) or k + 2 > look.most:
            return k
        motion["told"] = probable
        motion["threshold"] = threshold
        motion["peak_g"] = length_g(window, PEAK)
        motion["free_fall_ms"] = free_fall_ms(window)
        motion["posture_deg"] = posture_deg(window, known)
        return say(state, look, _EVIDENCE, t, out, k)
    if k >= look.most:
        return k
    unsure = not ended and probable < p["motion_hold_below"]
    near = motion["held"] != NEVER and t <= motion["held"] * CELL_MS + ONE_FALL_MS
    if unsure and (not last or (near and probable < motion["held_probable"])):
        return k
    hold(motion, state.motion_ring, look.row, cell, newest, window, known)
    motion["held_probable"] = probable
    motion["held_threshold"] = threshold
    motion["held_wearer"] = wearer
    if unsure and outcome_of(motion, p["motion_hold_ms"], p["motion_rest_ms"]) == WAITS:
        return k
    return tell(state, look, 0, out, k)


@inner
def wait_on(state: State, look: Look, newest: int, out: Records, k: int) -> int:
    """See one more second of who may have fallen; tell of it, or let it go, when that suffices."""
    motion = state.motion[look.row]
    see_second(motion, state.motion_ring, look.row, newest)
    p = state.rules[rules_of(state, look.d, int(motion["held_wearer"]))]
    outcome = outcome_of(motion, p["motion_hold_ms"], p["motion_rest_ms"])
    if outcome == WAITS or k >= look.most:
        return k
    if outcome == GOES_ON and p["motion_tell_goes_on"] == 0:
        motion["held"] = NEVER
        return k
    return tell(state, look, _ON_FOOT if outcome == GOES_ON else 0, out, k)


@inner
def tell(state: State, look: Look, said: int, out: Records, k: int) -> int:
    """Tell of the fall that was judged or waited, and begin to follow what becomes of who has fallen."""
    motion = state.motion[look.row]
    t = motion["held"] * CELL_MS
    motion["opening_t"] = t
    motion["opening_seq"] = motion["seq"]
    motion["since"] = t
    motion["wearer"] = motion["held_wearer"]
    motion["watch_to"] = motion["held"] + WATCHED_MS // CELL_MS
    motion["still"] = motion["held_still"]
    motion["walked"] = motion["held_walked"]
    measured = t <= motion["pulse_ms"] <= t + WATCHED_MS
    motion["said"] = said | _PULSE if measured else said
    motion["told"] = motion["held_probable"]
    motion["threshold"] = motion["held_threshold"]
    motion["peak_g"] = motion["held_peak_g"]
    motion["free_fall_ms"] = motion["held_free_fall_ms"]
    motion["posture_deg"] = motion["held_posture_deg"]
    motion["surest"] = max(motion["surest"], motion["held_probable"])
    motion["held"] = NEVER
    return say(state, look, _OPENED, t, out, k)


@inner
def watch(state: State, look: Look, newest: int, out: Records, k: int) -> int:
    """Follow one more second of who has fallen, and say when it tells something."""
    motion = state.motion[look.row]
    told = second_of(state.motion_ring, look.row, newest)
    motion["still"] = motion["still"] + 1 if told == STILL else 0
    if told == WALKING:
        motion["walked"] += 1
    news = unsaid(motion)
    if news == 0 or look.late or k + 2 > look.most:
        return k
    motion["said"] |= news
    return say(state, look, _EVIDENCE, (newest + 1) * CELL_MS, out, k)


@inner
def unsaid(motion: Any) -> int:
    """What was seen of who has fallen and is still to be said: ``_WALKED``, ``_LAY``, 0 for nothing."""
    said = int(motion["said"])
    if motion["walked"] >= WALKED_S and not said & _WALKED:
        return _WALKED
    return _LAY if motion["still"] >= LAIN_S and not said & _LAY else 0


@inner
def hear_well(state: State, at: Heard, journal: Journal) -> None:
    """Remember the newest time at which they said so."""
    row = state.motion_row[at.d]
    keep_motion(state, journal, row, NONE)
    state.motion[row]["well_ms"] = max(state.motion[row]["well_ms"], at.t)


@inner
def hear_pulse(state: State, own: Any, at: Heard, journal: Journal, out: Records, k: int) -> int:
    """Remember the newest heart rate, and tell the first after a fall."""
    row = state.motion_row[at.d]
    motion = state.motion[row]
    keep_motion(state, journal, row, NONE)
    motion["pulse_ms"] = at.t
    motion["pulse_bpm"] = own["heart_rate_bpm"]
    after = motion["opening_t"] != NEVER and motion["opening_t"] <= at.t <= motion["opening_t"] + WATCHED_MS
    if not after or motion["said"] & _PULSE or at.late or at.wearer != motion["wearer"]:
        return k
    motion["said"] |= _PULSE
    return say(state, look_at(at.d, row, at.i, at.now, k + 1, at.late), _EVIDENCE, at.t, out, k)


@inner
def say(state: State, look: Look, what: int, t: int, out: Records, k: int) -> int:
    """Emit what is known of the newest fall."""
    motion = state.motion[look.row]
    wearer = int(motion["wearer"])
    p = state.rules[rules_of(state, look.d, wearer)]
    severity = _CRITICAL if motion["told"] >= p["motion_sure_from"] else _HIGH
    if motion["said"] & _ON_FOOT:
        severity = _LOW
    emit(
        out, k, _RULE, what, severity, t, motion["opening_t"], motion["opening_seq"], look.reading,
        max(wearer, NOBODY), look.d, late=False, p=p,
    )  # fmt: skip
    values = out[k]["values"]
    values[0] = motion["told"]
    values[1] = motion["peak_g"]
    values[2] = motion["free_fall_ms"]
    values[3] = motion["posture_deg"]
    values[4] = motion["still"]
    values[5] = motion["walked"]
    if motion["said"] & _PULSE:
        values[6] = motion["pulse_bpm"]
    values[7] = motion["threshold"]
    return k + 1


@inner
def advance(
    state: State, now: int, _listening_since: int, enabled: npt.NDArray[np.int8], journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Judge the jolts of every stream that has ended; returns as ``silent.advance``."""
    if enabled[_RULE] == 0 or k < 0 or not any_ended(state, now):
        return k
    for d in range(len(state.motion_row)):
        row = state.motion_row[d]
        if row == NONE or state.fall_due[row] > now:
            continue
        motion = state.motion[row]
        if motion["due"] <= now:
            if k + EVENTS_OF_A_WINDOW > len(out) or journal.used[9] == len(journal.motion):
                return unfinished(k)
            keep_motion(state, journal, row, NONE)
            k = judge_end(state, look_at(d, row, -1, now, k + EVENTS_OF_A_WINDOW, late=False), out, k)
            motion["due"] = FOREVER
        state.fall_due[row] = motion["due"]
    return k


@inner
def any_ended(state: State, now: int) -> bool:
    """Whether a stream may have ended."""
    count = 0
    for row in range(state.motion_used[0]):
        count += state.fall_due[row] <= now
    return count > 0


@inner
def judge_end(state: State, look: Look, out: Records, k: int) -> int:
    """Tell what waits, and judge the jolts whose last moment has not come by what there is."""
    motion = state.motion[look.row]
    newest = int(motion["cell"]) - 1
    if motion["held"] != NEVER and k < look.most:
        k = tell(state, look, 0, out, k)
    for cell in range(newest - LAST + 1, newest + 1):
        if is_jolt(state.motion_ring, look.row, cell, newest):
            k = judge(state, look, cell, newest, len(HORIZONS) - 1, True, out, k)  # noqa: FBT003 - as above
    return k


HEARS = {Kind.VITALS: hear_vitals}
"""What it listens to besides ``KIND``."""
