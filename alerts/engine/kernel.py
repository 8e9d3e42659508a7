"""The compiled entry points: all detectors over a whole batch of readings, and over all deadlines, in one call each.

They are total (design rule 12): they return a status, never raise, and stop at the first reading that must not be;
the ``Engine`` then rolls back. Order within a reading: order mark, what the device now is, sign of life; then the
detectors in their order.
"""

from __future__ import annotations

from math import isnan
from typing import Final

import numpy as np
import numpy.typing as npt

from alerts.engine.ahead import AHEAD, fetch_ahead, fetch_next
from alerts.engine.calm import is_calm, settle
from alerts.engine.compiled import entry, inner
from alerts.engine.composition import Step, in_order
from alerts.engine.detectors import DETECTORS, pattern
from alerts.engine.detectors.silent import limit_of
from alerts.engine.earshot import is_in_the_dark
from alerts.engine.journal import keep_device, keep_vitals
from alerts.engine.layout import FOREVER, LATE_AFTER_MS, NEVER, NOBODY, Journal, State
from alerts.engine.motion import mark_motion
from alerts.engine.outcome import BROKEN, NO_RULE, Heard, Outcome, Status, Window, unfinished
from alerts.engine.rules import Rule
from alerts.engine.trek import accuracy_of, follow
from alerts.engine.wearing import first_wearer, rules_of, span_at, stir
from devices.batch import ReadingBatch, Records
from devices.kinds import Kind

MOST_SLOTS: Final = 1 << 24
"""A larger slot is a mistake, not a device."""
EVENTS_AT_MOST: Final = 12
"""Of one reading: the end of a person's silence, of the device's, of stillness, a promise kept, four vital signs; or,
of a window of motion, ``fall_motion.EVENTS_OF_A_WINDOW``; of a household's press, ``layout.CHECKS_AT_MOST``."""

_POSITION = int(Kind.POSITION)
_HEARTBEAT = int(Kind.HEARTBEAT)
_VITALS = int(Kind.VITALS)
_SOS = int(Kind.SOS)
_FALL = int(Kind.FALL)
_MOTION = int(Kind.MOTION)
_EXERCISE = int(Kind.EXERCISE)

_RULE_ZONE = int(Rule.WANDERING_ZONE_EXIT)
_RULE_SILENT = int(Rule.MISSED_CHECK_SILENT)
_RULE_BATTERY = int(Rule.DEVICE_BATTERY_LOW)
_RULE_HEART = int(Rule.VITALS_HEART_RATE)
_RULE_SOS = int(Rule.SOS_BUTTON)
_RULE_FALL = int(Rule.FALL_DEVICE)
_RULE_MOTION = int(Rule.FALL_MOTION)

_OK = int(Status.OK)
_GROW = int(Status.GROW)
_BAD_SLOT = int(Status.BAD_SLOT)
_BAD_ROW = int(Status.BAD_ROW)
_BAD_VALUE = int(Status.BAD_VALUE)
_BAD_LINK = int(Status.BAD_LINK)
_MORE = int(Status.MORE)

_OF_READING: Final = "state, at, enabled, journal, out, k"
_OF_KIND: Final = "state, own, at, enabled, journal, out, k"
_OF_TIME: Final = "state, now, listening_since, enabled, journal, out, k"


def _listeners(kind: Kind) -> Step:
    """What hears the readings of one kind."""
    own = [d.hear for d in DETECTORS if getattr(d, "KIND", None) is kind]
    return in_order([*own, *(d.HEARS[kind] for d in DETECTORS if kind in getattr(d, "HEARS", {}))], _OF_KIND)


_notice = in_order([d.notice for d in DETECTORS if hasattr(d, "notice")], _OF_READING)
_hear_position = _listeners(Kind.POSITION)
_hear_heartbeat = _listeners(Kind.HEARTBEAT)
_hear_vitals = _listeners(Kind.VITALS)
_hear_sos = _listeners(Kind.SOS)
_hear_fall = _listeners(Kind.FALL)
_hear_motion = _listeners(Kind.MOTION)
_judge = in_order([d.advance for d in DETECTORS if hasattr(d, "advance")], _OF_TIME)


@inner
def is_window(batch: ReadingBatch, row: int) -> bool:
    """Whether a window of motion with all its samples is there."""
    if row < 0 or row >= len(batch.motion):
        return False
    own = batch.motion[row]
    return bool(own["first"] >= 0 and own["count"] >= 0 and own["first"] + own["count"] <= len(batch.samples))


@entry
def process(
    state: State, batch: ReadingBatch, now: int, enabled: npt.NDArray[np.int8], journal: Journal, out: Records
) -> Outcome:  # fmt: skip
    """Run every reading of a batch through the detectors.

    Args:
        state: changed in place; with ``pool.BEGUN_AT_MOST`` free episodes a reading, a free row of motion a window,
            of treks a fix.
        batch: readings in order.
        now: the batch's moment, ms.
        enabled: shape (n_rules,), 1 = on.
        journal: with room beyond ``used`` for one entry a reading, of episodes for ``pool.KEPT_AT_MOST``, one ring a
            window of motion, one trek a fix.
        out: shape (at least EVENTS_AT_MOST · readings,), EPISODE_EVENT.

    Returns:
        With a status other than OK, state and journal hold what was done before the bad reading. A reading that is
        bad is passed over while the detector is off that it was held against.
    """
    header = batch.header
    highest = -1
    for i in range(len(header)):
        slot = header[i]["device"]
        if slot < 0 or slot >= MOST_SLOTS:
            return Outcome(_BAD_SLOT, i, NO_RULE, 0, 0)
        highest = max(highest, slot)
    if highest >= len(state.device):
        return Outcome(_GROW, -1, NO_RULE, 0, highest + 1)

    k = 0
    for i in range(len(header)):
        if i % AHEAD == 0:
            fetch_ahead(state, header, i, min(len(header), i + AHEAD), journal)
        fetch_next(state, header, i)
        reading = header[i]
        kind = reading["kind"]
        trusted = reading["trusted"] == 1
        if kind < 0 or kind > _EXERCISE or not (trusted or kind in (_SOS, _FALL)):
            continue
        d = reading["device"]
        row = reading["row"]
        order = min(reading["t"], reading["received"])
        device = state.device[d]
        wearer = int(device["wearer"])
        worn_since = int(device["worn_from"])
        rules = int(device["rules"])
        if not (trusted and worn_since <= order < device["worn_to"]):
            wearer = NOBODY
            if trusted:
                wearer, worn_since, _ = span_at(state, d, order)
                if wearer == NOBODY and kind in (_SOS, _FALL):
                    wearer = first_wearer(state, d, order, now)
            if wearer >= len(state.resident):
                return Outcome(_BAD_LINK, i, NO_RULE, k, 0)
            rules = rules_of(state, d, wearer)

        newer = False
        before = NEVER
        keep_device(state, journal, d)
        paced_anew = False
        if kind == _POSITION:
            if row < 0 or row >= len(batch.position):
                if enabled[_RULE_ZONE] == 0:
                    continue
                return Outcome(_BAD_ROW, i, _RULE_ZONE, k, 0)
            before = device["mark_position"]
            newer = order > before
            if newer:
                fix = batch.position[row]
                if isnan(fix["lat"]) or isnan(fix["lon"]):
                    if enabled[_RULE_ZONE] == 0:
                        continue
                    return Outcome(_BAD_VALUE, i, _RULE_ZONE, k, 0)
                device["mark_position"] = order
                device["lat"] = fix["lat"]
                device["lon"] = fix["lon"]
                device["accuracy_m"] = accuracy_of(fix)
        elif kind == _HEARTBEAT:
            if row < 0 or row >= len(batch.heartbeat):
                if enabled[_RULE_BATTERY] == 0:
                    continue
                return Outcome(_BAD_ROW, i, _RULE_BATTERY, k, 0)
            before = device["mark_heartbeat"]
            newer = order > before
            if newer:
                beat = batch.heartbeat[row]
                if not (isnan(beat["interval_s"]) or 0.0 < beat["interval_s"] < 2_000_000.0):
                    if enabled[_RULE_SILENT] == 0:
                        continue
                    return Outcome(_BAD_VALUE, i, _RULE_SILENT, k, 0)
                device["mark_heartbeat"] = order
                if not isnan(beat["interval_s"]):
                    told_ms = int(beat["interval_s"] * 1000.0)
                    paced_anew = told_ms != device["interval_ms"]
                    device["interval_ms"] = told_ms
                paced_anew = paced_anew or beat["charging"] != device["charging"]
                device["battery_pct"] = beat["battery_pct"]
                device["charging"] = beat["charging"]
                device["worn"] = beat["worn"]
        elif kind == _VITALS:
            if row < 0 or row >= len(batch.vitals):
                if enabled[_RULE_HEART] == 0:
                    continue
                return Outcome(_BAD_ROW, i, _RULE_HEART, k, 0)
            before = state.mark_vitals[d]
            newer = order > before
            if newer:
                keep_vitals(state, journal, d)
                state.mark_vitals[d] = order
        elif kind == _SOS:
            if row < 0 or row >= len(batch.sos):
                if enabled[_RULE_SOS] == 0:
                    continue
                return Outcome(_BAD_ROW, i, _RULE_SOS, k, 0)
        elif kind == _MOTION:
            if not is_window(batch, row):
                if enabled[_RULE_MOTION] == 0:
                    continue
                return Outcome(_BAD_ROW, i, _RULE_MOTION, k, 0)
            before, newer = mark_motion(state, journal, d, order, reading["t"])
        elif kind == _FALL and (row < 0 or row >= len(batch.fall)):
            if enabled[_RULE_FALL] == 0:
                continue
            return Outcome(_BAD_ROW, i, _RULE_FALL, k, 0)

        if trusted:
            last = device["last_sign"]
            if order > last:
                limit = limit_of(device, state.rules[rules])
                heard_anew = last < worn_since or last + limit <= now
                stored = NEVER < worn_since <= last and order + limit <= now
                if not (stored and is_in_the_dark(state, d)):
                    device["last_sign"] = order
                paced_anew = paced_anew or heard_anew
            of_a_silence = newer and (device["heed"] == 1 or now < device["worn_from"] < FOREVER)
            if (paced_anew or of_a_silence) and device["watched"] != 0:
                stir(state, d, now)

        late = reading["received"] - reading["t"] > LATE_AFTER_MS
        at = Heard(
            i, d, wearer, worn_since, rules, reading["t"], reading["seq"], order, before, late, newer, trusted, now,
            kind,
        )  # fmt: skip
        k = _notice(state, at, enabled, journal, out, k)
        if kind == _POSITION:
            if is_calm(state, at):
                k = pattern.hear(state, batch.position[row], at, enabled, journal, out, k)
            else:
                follow(state, at, journal)
                k = _hear_position(state, batch.position[row], at, enabled, journal, out, k)
                settle(state, at, enabled)
        elif kind == _HEARTBEAT:
            k = _hear_heartbeat(state, batch.heartbeat[row], at, enabled, journal, out, k)
        elif kind == _VITALS:
            k = _hear_vitals(state, batch.vitals[row], at, enabled, journal, out, k)
        elif kind == _SOS:
            k = _hear_sos(state, batch.sos[row], at, enabled, journal, out, k)
        elif kind == _FALL:
            k = _hear_fall(state, batch.fall[row], at, enabled, journal, out, k)
        elif kind == _MOTION:
            own = batch.motion[row]
            samples = batch.samples[own["first"] : own["first"] + own["count"]]
            k = _hear_motion(state, Window(samples, np.float64(own["rate_hz"])), at, enabled, journal, out, k)
    return Outcome(_OK, -1, NO_RULE, k, 0)


@entry
def advance(
    state: State, now: int, listening_since: int, enabled: npt.NDArray[np.int8], journal: Journal, out: Records
) -> Outcome:  # fmt: skip
    """Judge every deadline that has come.

    ``due``, ``fault_due`` and ``check_due`` are lower bounds that are put right when they are reached: no reading has
    to move them, and a scan is one pass over a column.

    Args:
        state: changed in place.
        now: the batch's moment, ms.
        listening_since: from when on our own system has listened, ms.
        enabled: shape (n_rules,), 1 = on.
        journal: where changed records are kept.
        out: shape (n,), EPISODE_EVENT.

    Returns:
        MORE when output, journal or the free episodes ran out: the next call goes on where this one ended.
    """
    of_people = due_by(state.due, now) + due_by(state.check_due, now)
    of_things = due_by(state.fault_due, now) + due_by(state.site_due, now) + due_by(state.fall_due, now)
    if of_people + of_things == 0:
        return Outcome(_OK, -1, NO_RULE, 0, 0)
    k = _judge(state, now, listening_since, enabled, journal, out, 0)
    if k == BROKEN:
        return Outcome(_BAD_LINK, -1, _RULE_SILENT, 0, 0)
    if k < 0:
        return Outcome(_MORE, -1, NO_RULE, unfinished(k), 0)
    return Outcome(_OK, -1, NO_RULE, k, 0)


@inner
def due_by(due: npt.NDArray[np.int64], now: int) -> int:
    """How many deadlines have come."""
    count = 0
    for i in range(len(due)):
        count += due[i] <= now
    return count
