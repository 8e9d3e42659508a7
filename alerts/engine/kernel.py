"""The compiled entry points: all detectors over a whole batch in one call, and the scan of the deadlines.

Both are total (design rule 12): they return a status, never raise, and stop at the first reading that
must not be; the ``Engine`` then rolls back. Order within a reading: order mark, sign of life, recovery
of silence, then the kind's own detector.
"""

from __future__ import annotations

from enum import IntEnum
from math import isnan
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from alerts.engine.detectors import battery_low, cry, fall_device, silent, sos_button, zone_exit
from alerts.engine.layout import FOREVER, NEVER, NOBODY, WEARERS_KEPT, Journal, State
from alerts.engine.parameters import Parameters
from alerts.engine.rules import EVIDENCE_SLOTS, Rule, Severity, What
from devices.batch import ReadingBatch, Records
from devices.kinds import Kind

MOST_SLOTS: Final = 1 << 24
"""A larger slot is a mistake, not a device."""


class Status(IntEnum):
    """How a call of a kernel ended."""

    OK = 0
    GROW = 1
    """A device's slot is beyond the arrays; nothing was changed."""
    BAD_SLOT = 2
    BAD_ROW = 3
    """``header.row`` points outside the array of its kind."""
    BAD_VALUE = 4
    """A value that the decoder must have refused."""
    BAD_LINK = 5
    """The engine's own records contradict each other."""


class Outcome(NamedTuple):
    """What a kernel did. ``needed``: with GROW the device slots wanted; else room wanted for events."""

    status: int
    reading: int
    rule: int
    events: int
    needed: int


_POSITION = int(Kind.POSITION)
_HEARTBEAT = int(Kind.HEARTBEAT)
_VITALS = int(Kind.VITALS)
_SOS = int(Kind.SOS)
_FALL = int(Kind.FALL)
_EXERCISE = int(Kind.EXERCISE)

_RULE_SOS = int(Rule.SOS_BUTTON)
_RULE_FALL = int(Rule.FALL_DEVICE)
_RULE_ZONE = int(Rule.WANDERING_ZONE_EXIT)
_RULE_SILENT = int(Rule.MISSED_CHECK_SILENT)
_RULE_BATTERY = int(Rule.DEVICE_BATTERY_LOW)

_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)
_LOW = int(Severity.LOW)
_HIGH = int(Severity.HIGH)

_OK = int(Status.OK)
_GROW = int(Status.GROW)
_BAD_SLOT = int(Status.BAD_SLOT)
_BAD_ROW = int(Status.BAD_ROW)
_BAD_VALUE = int(Status.BAD_VALUE)
_BAD_LINK = int(Status.BAD_LINK)
_NO_RULE = -1
_AHEAD: Final = 64
"""So many readings are fetched from memory together."""


@njit(cache=True)
def emit(  # noqa: PLR0917 - one row, written at once
    out: Records, k: int, rule: int, what: int, severity: int, t: int, opening_t: int, opening_seq: int,
    reading: int, resident: int, device: int, late: bool,
) -> None:  # fmt: skip
    """Write row ``k`` of the output, its evidence still unknown."""
    event = out[k]
    event["t"] = t
    event["opening_t"] = opening_t
    event["opening_seq"] = opening_seq
    event["reading"] = reading
    event["resident"] = resident
    event["device"] = device
    event["rule"] = rule
    event["what"] = what
    event["severity"] = severity
    event["late"] = 1 if late else 0
    values = event["values"]
    for i in range(EVIDENCE_SLOTS):
        values[i] = np.nan


@njit(cache=True)
def wearer_at(state: State, d: int, t: int) -> int:
    """Who wore the device at ``t``; before its first assignment that is known, the first wearer.

    A device whose whole past is known to nobody but its present wearer is that person's: an SOS that it
    stored before somebody typed it in must not be nobody's.
    """
    first = NOBODY
    for i in range(WEARERS_KEPT):
        row = state.wearers[d, i]
        if row["from_ms"] == FOREVER:
            break
        if row["from_ms"] <= t:
            return row["wearer"] if t < row["to_ms"] else NOBODY
        first = row["wearer"] if i < WEARERS_KEPT - 1 else NOBODY
    return first


@njit(cache=True)
def fetch(state: State, header: Records, start: int, end: int, journal: Journal) -> None:
    """Touch the records of the readings [start, end), so that their way from memory overlaps.

    One reading after the other waits for its two records each time; a loop that only loads lets the
    processor wait for many at once (measured, 300,000 residents: positions 1.4 times as fast). The sum is
    stored beyond the journal's end only so that the loads are not left out.
    """
    touched = 0
    for i in range(start, end):
        device = state.device[header[i]["device"]]
        touched += device["wearer"] + device["battery_t"]
    for i in range(start, end):
        wearer = state.device[header[i]["device"]]["wearer"]
        if 0 <= wearer < len(state.resident):
            touched += state.resident[wearer]["silent_open"] + state.resident[wearer]["zone"]
    journal.device_slot[journal.used[0]] = touched & 1


@njit(cache=True)
def process(
    state: State, batch: ReadingBatch, now: int, enabled: npt.NDArray[np.int8], p: Parameters,
    journal: Journal, out: Records,
) -> Outcome:  # fmt: skip
    """Run every reading of a batch through the detectors.

    Args:
        state: changed in place.
        batch: readings in order.
        now: the batch's moment, ms.
        enabled: shape (n_rules,), 1 = on.
        p: parameters.
        journal: with room for one entry a reading in each part beyond ``used``.
        out: shape (at least 2 · readings,), EPISODE_EVENT.

    Returns:
        With a status other than OK, state and journal hold what was done before the bad reading.
    """
    header = batch.header
    highest = -1
    for i in range(len(header)):
        slot = header[i]["device"]
        if slot < 0 or slot >= MOST_SLOTS:
            return Outcome(_BAD_SLOT, i, _NO_RULE, 0, 0)
        highest = max(highest, slot)
    if highest >= len(state.device):
        return Outcome(_GROW, -1, _NO_RULE, 0, highest + 1)

    k = 0
    for i in range(len(header)):
        if i % _AHEAD == 0:
            fetch(state, header, i, min(len(header), i + _AHEAD), journal)
        reading = header[i]
        kind = reading["kind"]
        if kind < 0 or kind > _EXERCISE:
            continue
        trusted = reading["trusted"] == 1
        if not trusted and kind not in (_SOS, _FALL):
            continue
        d = reading["device"]
        t = reading["t"]
        seq = reading["seq"]
        order = min(t, reading["received"])
        late = reading["received"] - t > p.late_after_ms
        device = state.device[d]
        wearer = device["wearer"]
        mine = device["worn_from"] <= order < device["worn_to"]
        if not mine:
            wearer = wearer_at(state, d, order)
            mine = wearer >= 0 and wearer == device["wearer"] and order < device["worn_to"]
        if not trusted:
            wearer = NOBODY
        if wearer >= len(state.resident):
            return Outcome(_BAD_LINK, i, _NO_RULE, k, 0)

        in_order = False
        if kind in (_POSITION, _HEARTBEAT):
            j = journal.used[0]
            journal.device_slot[j] = d
            journal.device[j] = device
            journal.used[0] = j + 1
            if kind == _POSITION:
                in_order = order > device["mark_position"]
                if in_order:
                    device["mark_position"] = order
            else:
                in_order = order > device["mark_heartbeat"]
                if in_order:
                    device["mark_heartbeat"] = order
        else:
            j = journal.used[1]
            cries = 1 if kind == _FALL else 0
            journal.rare_slot[j] = d
            journal.rare_kind[j] = kind
            journal.rare_mark[j] = state.marks[d, kind - _VITALS]
            journal.rare_cry[j] = state.cry[d, cries]
            journal.used[1] = j + 1
            if trusted:
                in_order = order > state.marks[d, kind - _VITALS]
                if in_order:
                    state.marks[d, kind - _VITALS] = order
            if mine and trusted and order > device["last_sign"]:
                j = journal.used[0]
                journal.device_slot[j] = d
                journal.device[j] = device
                journal.used[0] = j + 1

        if kind == _HEARTBEAT:
            row = reading["row"]
            if row < 0 or row >= len(batch.heartbeat):
                return Outcome(_BAD_ROW, i, _RULE_BATTERY, k, 0)
            if in_order:
                beat = batch.heartbeat[row]
                if not isnan(beat["interval_s"]):
                    if not 0.0 < beat["interval_s"] < 2_000_000.0:
                        return Outcome(_BAD_VALUE, i, _RULE_SILENT, k, 0)
                    device["interval_ms"] = int(beat["interval_s"] * 1000.0)
                device["battery_pct"] = beat["battery_pct"]
                device["charging"] = beat["charging"]
                device["worn"] = beat["worn"]

        if mine and trusted and wearer >= 0 and device["band"] == 1:
            resident = state.resident[wearer]
            first = device["last_sign"] == NEVER
            device["last_sign"] = max(device["last_sign"], order)
            if first or (in_order and kind == _HEARTBEAT):
                state.due[wearer] = min(state.due[wearer], device["last_sign"] + silent.limit_of(device, p.silent))
            if resident["silent_open"] == 1 and order + resident["silent_limit_ms"] > now:
                j = journal.used[2]
                journal.resident_slot[j] = wearer
                journal.resident[j] = resident
                journal.used[2] = j + 1
                resident["silent_open"] = 0
                state.due[wearer] = 0
                if enabled[_RULE_SILENT] == 1:
                    emit(
                        out, k, _RULE_SILENT, _RECOVERED, resident["silent_severity"], t, resident["silent_t"],
                        -1, i, wearer, d, late,
                    )  # fmt: skip
                    k += 1

        if kind == _SOS:
            row = reading["row"]
            if row < 0 or row >= len(batch.sos):
                return Outcome(_BAD_ROW, i, _RULE_SOS, k, 0)
            if enabled[_RULE_SOS] == 1:
                press = batch.sos[row]
                record = state.cry[d, 0]
                what = cry.hear(record, t, seq, wearer, press["cancel"] == 1, p.cry)
                if what != cry.NOTHING:
                    emit(
                        out, k, _RULE_SOS, what, sos_button.severity(wearer), t, record["opening_t"],
                        record["opening_seq"], i, max(wearer, NOBODY), d, late,
                    )  # fmt: skip
                    sos_button.evidence(out[k]["values"], press)
                    k += 1
        elif kind == _FALL:
            row = reading["row"]
            if row < 0 or row >= len(batch.fall):
                return Outcome(_BAD_ROW, i, _RULE_FALL, k, 0)
            if enabled[_RULE_FALL] == 1:
                fall = batch.fall[row]
                record = state.cry[d, 1]
                what = cry.hear(record, t, seq, wearer, fall["cancel"] == 1, p.cry)
                if what != cry.NOTHING:
                    emit(
                        out, k, _RULE_FALL, what, fall_device.severity(wearer, fall["confidence"], p.fall), t,
                        record["opening_t"], record["opening_seq"], i, max(wearer, NOBODY), d, late,
                    )  # fmt: skip
                    fall_device.evidence(out[k]["values"], fall)
                    k += 1
        elif kind == _POSITION:
            row = reading["row"]
            if row < 0 or row >= len(batch.position):
                return Outcome(_BAD_ROW, i, _RULE_ZONE, k, 0)
            if in_order and mine and wearer >= 0:
                fix = batch.position[row]
                if isnan(fix["lat"]) or isnan(fix["lon"]):
                    return Outcome(_BAD_VALUE, i, _RULE_ZONE, k, 0)
                device["lat"] = fix["lat"]
                device["lon"] = fix["lon"]
                device["accuracy_m"] = fix["accuracy_m"]
                resident = state.resident[wearer]
                if enabled[_RULE_ZONE] == 1 and resident["active"] == 1 and zone_exit.has_zone(resident):
                    away, well_inside = zone_exit.outside_m(state, resident, fix["lat"], fix["lon"])
                    what = zone_exit.follow(device, away, well_inside, t, order, seq, late, p.zone)
                    if what != zone_exit.NOTHING:
                        emit(
                            out, k, _RULE_ZONE, what, _HIGH, t, device["zone_t"], device["zone_seq"],
                            i, wearer, d, late,
                        )  # fmt: skip
                        zone_exit.evidence(out[k]["values"], device, away, order, p.zone)
                        k += 1
        elif kind == _HEARTBEAT and in_order and enabled[_RULE_BATTERY] == 1:
            what = battery_low.judge(device, t, seq, late, p.battery)
            if what != battery_low.NOTHING:
                emit(
                    out, k, _RULE_BATTERY, what, _LOW, t, device["battery_t"], device["battery_seq"],
                    i, max(wearer, NOBODY), d, late,
                )  # fmt: skip
                out[k]["values"][0] = device["battery_pct"]
                out[k]["values"][1] = p.battery.low_pct
                k += 1
    return Outcome(_OK, -1, _NO_RULE, k, 0)


@njit(cache=True)
def advance(
    state: State, now: int, listening_since: int, enabled: npt.NDArray[np.int8], p: Parameters,
    journal: Journal, out: Records,
) -> Outcome:  # fmt: skip
    """Judge every silence whose deadline has come, and once more those whose night has ended.

    ``due`` is a lower bound that is put right when it is reached: no reading has to move it, and the
    scan is one pass over a column.

    Args:
        state: changed in place.
        now: the batch's moment, ms.
        listening_since: from when on our own system has listened, ms.
        enabled: shape (n_rules,), 1 = on.
        p: parameters.
        journal: where changed residents are kept.
        out: shape (n,), EPISODE_EVENT.

    Returns:
        GROW with ``needed`` when ``out`` or the journal may not have room; nothing was changed then.
    """
    if enabled[_RULE_SILENT] == 0:
        return Outcome(_OK, -1, _NO_RULE, 0, 0)
    waiting = 0
    for r in range(len(state.due)):
        waiting += state.due[r] <= now
    if waiting == 0:
        return Outcome(_OK, -1, _NO_RULE, 0, 0)
    if 2 * waiting > len(out) or journal.used[2] + waiting > len(journal.resident_slot):
        return Outcome(_GROW, -1, _RULE_SILENT, 0, waiting)
    k = 0
    for r in range(len(state.due)):
        if state.due[r] > now:
            continue
        resident = state.resident[r]
        if resident["active"] == 0:
            state.due[r] = FOREVER
            continue
        moment, limit = silent.deadline_of(state, r, now, listening_since, p.silent)
        if resident["silent_open"] == 1:
            moment = max(moment, resident["silent_again"])
        if moment <= now:
            j = journal.used[2]
            journal.resident_slot[j] = r
            journal.resident[j] = resident
            journal.used[2] = j + 1
        while moment <= now:
            found = silent.judge(state, r, moment, limit, p.silent, p.zone)
            if found.heard < 0:
                return Outcome(_BAD_LINK, -1, _RULE_SILENT, k, 0)
            what = _EVIDENCE if resident["silent_open"] == 1 else _OPENED
            if what == _OPENED:
                resident["silent_open"] = 1
                resident["silent_t"] = moment
                resident["silent_limit_ms"] = limit
            if what == _OPENED or found.again == FOREVER:
                resident["silent_severity"] = found.severity
                emit(
                    out, k, _RULE_SILENT, what, found.severity, moment, resident["silent_t"], -1, -1, r, found.heard,
                    late=False,
                )  # fmt: skip
                silent.evidence(out[k]["values"], state.device[found.heard], found, now, p.silent)
                k += 1
            resident["silent_again"] = found.again
            moment = found.again
        state.due[r] = silent.earlier_return(state, r, now, moment)
    return Outcome(_OK, -1, _NO_RULE, k, 0)


@njit(cache=True)
def undo(state: State, journal: Journal) -> None:
    """Put every journalled record back, newest change first, and empty the journal."""
    for j in range(journal.used[0] - 1, -1, -1):
        d = journal.device_slot[j]
        state.device[d] = journal.device[j]
        wearer = state.device[d]["wearer"]
        if wearer >= 0:
            state.due[wearer] = 0
    for j in range(journal.used[1] - 1, -1, -1):
        d = journal.rare_slot[j]
        kind = journal.rare_kind[j]
        state.marks[d, kind - _VITALS] = journal.rare_mark[j]
        if kind == _SOS:
            state.cry[d, 0] = journal.rare_cry[j]
        elif kind == _FALL:
            state.cry[d, 1] = journal.rare_cry[j]
    for j in range(journal.used[2] - 1, -1, -1):
        r = journal.resident_slot[j]
        state.resident[r] = journal.resident[j]
        state.due[r] = 0
    journal.used[:] = 0
