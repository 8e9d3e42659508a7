"""The compiled entry point for readings: all detectors over a whole batch in one call.

It is total, as ``deadlines.advance`` is (design rule 12): it returns a status, never raises, and stops at the
first reading that must not be; the ``Engine`` then rolls back. Order within a reading: order mark, sign of
life, recovery of silences, then the kind's own detector.
"""

from __future__ import annotations

from math import isnan
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from alerts.engine.detectors import battery_low, cry, fall_device, silent, sos_button, zone_exit
from alerts.engine.journal import keep_device, keep_rare, keep_resident
from alerts.engine.layout import NOBODY, WORN, Journal, State
from alerts.engine.outcome import NO_RULE, Outcome, Status, emit
from alerts.engine.parameters import Parameters
from alerts.engine.rules import Rule, Severity, What
from alerts.engine.wearing import first_wearer, span_at, stir, stir_resident
from devices.batch import ReadingBatch, Records
from devices.kinds import Kind

MOST_SLOTS: Final = 1 << 24
"""A larger slot is a mistake, not a device."""


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
_RULE_FAULT = int(Rule.DEVICE_FAULT)

_RECOVERED = int(What.RECOVERED)
_LOW = int(Severity.LOW)
_HIGH = int(Severity.HIGH)

_OK = int(Status.OK)
_GROW = int(Status.GROW)
_BAD_SLOT = int(Status.BAD_SLOT)
_BAD_ROW = int(Status.BAD_ROW)
_BAD_VALUE = int(Status.BAD_VALUE)
_BAD_LINK = int(Status.BAD_LINK)
_AHEAD: Final = 64
"""So many readings are fetched from memory together."""


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
        out: shape (at least 3 · readings,), EPISODE_EVENT.

    Returns:
        With a status other than OK, state and journal hold what was done before the bad reading.
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
        wearer = int(device["wearer"])
        worn_since = int(device["worn_from"])
        if not worn_since <= order < device["worn_to"]:
            wearer, worn_since, _ = span_at(state, d, order)
            if wearer == NOBODY and kind in (_SOS, _FALL):
                wearer = first_wearer(state, d, order, now)
        if not trusted:
            wearer = NOBODY
        if wearer >= len(state.resident):
            return Outcome(_BAD_LINK, i, NO_RULE, k, 0)

        in_order = False
        newest_fix = int(device["mark_position"])
        if kind in (_POSITION, _HEARTBEAT):
            keep_device(journal, d, device)
            if kind == _POSITION:
                in_order = order > device["mark_position"]
                if in_order:
                    device["mark_position"] = order
            else:
                in_order = order > device["mark_heartbeat"]
                if in_order:
                    device["mark_heartbeat"] = order
        else:
            keep_rare(state, journal, d, kind)
            if trusted:
                in_order = order > state.marks[d, kind - _VITALS]
                if in_order:
                    state.marks[d, kind - _VITALS] = order
                if order > device["last_sign"] or device["fault_open"] == 1:
                    keep_device(journal, d, device)

        stirs = False
        if kind == _HEARTBEAT:
            row = reading["row"]
            if row < 0 or row >= len(batch.heartbeat):
                return Outcome(_BAD_ROW, i, _RULE_BATTERY, k, 0)
            if in_order:
                beat = batch.heartbeat[row]
                if not isnan(beat["interval_s"]):
                    if not 0.0 < beat["interval_s"] < 2_000_000.0:
                        return Outcome(_BAD_VALUE, i, _RULE_SILENT, k, 0)
                    told_ms = int(beat["interval_s"] * 1000.0)
                    stirs = told_ms != device["interval_ms"]
                    device["interval_ms"] = told_ms
                device["battery_pct"] = beat["battery_pct"]
                device["charging"] = beat["charging"]
                device["worn"] = beat["worn"]

        if trusted:
            if order > device["last_sign"]:
                heard_anew = device["last_sign"] < worn_since
                stirs = stirs or heard_anew or device["last_sign"] + silent.limit_of(device, p.silent) <= now
                device["last_sign"] = order
            if wearer >= 0 and device["watched"] == WORN:
                resident = state.resident[wearer]
                if resident["silent_open"] == 1 and order + resident["silent_limit_ms"] > now:
                    keep_resident(journal, wearer, resident)
                    resident["silent_open"] = 0
                    stir_resident(state, wearer)
                    if enabled[_RULE_SILENT] == 1:
                        emit(
                            out, k, _RULE_SILENT, _RECOVERED, resident["silent_severity"], t, resident["silent_t"],
                            -1, i, wearer, d, late,
                        )  # fmt: skip
                        k += 1
            if device["fault_open"] == 1 and order + state.fault[d]["limit_ms"] > now:
                device["fault_open"] = 0
                stirs = True
                if enabled[_RULE_FAULT] == 1:
                    emit(
                        out, k, _RULE_FAULT, _RECOVERED, _LOW, t, state.fault[d]["t"], -1, i, max(wearer, NOBODY), d,
                        late,
                    )  # fmt: skip
                    k += 1
            if stirs and device["watched"] != 0:
                stir(state, d, now)

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
            if in_order:
                fix = batch.position[row]
                if isnan(fix["lat"]) or isnan(fix["lon"]):
                    return Outcome(_BAD_VALUE, i, _RULE_ZONE, k, 0)
                device["lat"] = fix["lat"]
                device["lon"] = fix["lon"]
                device["accuracy_m"] = fix["accuracy_m"]
            if in_order and wearer >= 0:
                if newest_fix < worn_since:
                    zone_exit.forget(device)
                resident = state.resident[wearer]
                if enabled[_RULE_ZONE] == 1 and resident["active"] == 1 and zone_exit.has_zone(resident):
                    away, well_inside = zone_exit.outside_m(state.fence, state.vertex, resident, fix["lat"], fix["lon"])
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
    return Outcome(_OK, -1, NO_RULE, k, 0)
