"""The scan of the deadlines: whose silence counts now, and which device's.

``due`` and ``fault_due`` are lower bounds that are put right when they are reached: no reading has to move
them, and a scan is one pass over a column.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from alerts.engine.detectors import device_fault, silent
from alerts.engine.journal import keep_device, keep_fault, keep_resident
from alerts.engine.layout import FOREVER, Journal, State
from alerts.engine.outcome import NO_RULE, Outcome, Status, emit
from alerts.engine.parameters import Parameters
from alerts.engine.rules import Rule, Severity, What
from devices.batch import Records

_RULE_SILENT = int(Rule.MISSED_CHECK_SILENT)
_RULE_FAULT = int(Rule.DEVICE_FAULT)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_LOW = int(Severity.LOW)
_OK = int(Status.OK)
_GROW = int(Status.GROW)
_BAD_LINK = int(Status.BAD_LINK)


@njit(cache=True)
def advance(
    state: State, now: int, listening_since: int, enabled: npt.NDArray[np.int8], p: Parameters,
    journal: Journal, out: Records,
) -> Outcome:  # fmt: skip
    """Judge every silence whose deadline has come, once more those whose night has ended, then the devices.

    Args:
        state: changed in place.
        now: the batch's moment, ms.
        listening_since: from when on our own system has listened, ms.
        enabled: shape (n_rules,), 1 = on.
        p: parameters.
        journal: where changed records are kept.
        out: shape (n,), EPISODE_EVENT.

    Returns:
        GROW with ``needed`` when ``out`` or the journal may not have room; nothing was changed then.
    """
    waiting = 0
    if enabled[_RULE_SILENT] == 1:
        waiting += due_by(state.due, now)
    if enabled[_RULE_FAULT] == 1:
        waiting += due_by(state.fault_due, now)
    if waiting == 0:
        return Outcome(_OK, -1, NO_RULE, 0, 0)
    if 2 * waiting > len(out) or journal.used.max() + waiting > len(journal.resident_slot):
        return Outcome(_GROW, -1, _RULE_SILENT, 0, waiting)
    k = 0
    if enabled[_RULE_SILENT] == 1:
        k = silences(state, now, listening_since, p, journal, out)
        if k < 0:
            return Outcome(_BAD_LINK, -1, _RULE_SILENT, 0, 0)
    if enabled[_RULE_FAULT] == 1:
        k = faults(state, now, listening_since, p, journal, out, k)
    return Outcome(_OK, -1, NO_RULE, k, 0)


@njit(cache=True)
def due_by(due: npt.NDArray[np.int64], now: int) -> int:
    """How many deadlines have come."""
    count = 0
    for i in range(len(due)):
        count += due[i] <= now
    return count


@njit(cache=True)
def silences(state: State, now: int, listening_since: int, p: Parameters, journal: Journal, out: Records) -> int:
    """Judge the residents; returns the number of events, −1 when the records contradict each other."""
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
            keep_resident(journal, r, resident)
        while moment <= now:
            found = silent.judge(state, r, moment, limit, now, p.silent, p.zone)
            if found.heard < 0:
                return -1
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
    return k


@njit(cache=True)
def faults(
    state: State, now: int, listening_since: int, p: Parameters, journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Judge the devices, writing from row ``k`` on; returns the number of events."""
    for d in range(len(state.fault_due)):
        if state.fault_due[d] > now:
            continue
        found = device_fault.judge(state, d, now, listening_since, p.silent)
        state.fault_due[d] = found.due
        if not found.found:
            continue
        device = state.device[d]
        keep_device(journal, d, device)
        keep_fault(state, journal, d)
        device["fault_open"] = 1
        state.fault[d]["t"] = found.deadline
        state.fault[d]["limit_ms"] = silent.limit_of(device, p.silent)
        emit(
            out, k, _RULE_FAULT, _OPENED, _LOW, found.deadline, found.deadline, -1, -1, max(found.wearer, -1), d,
            late=False,
        )  # fmt: skip
        device_fault.evidence(out[k]["values"], device, found, now, p.silent)
        k += 1
    return k
