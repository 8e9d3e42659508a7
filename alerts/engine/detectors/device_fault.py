"""``device.fault``: one device has stopped reporting, and nobody's silence tells of it.

- A worn device (band, watch, pendant) that is silent while another of the same person still reports: empty,
  broken or left in a drawer. All of them silent is ``missed_check.silent`` instead.
- A box, a household's or one person's, that is silent: nobody wears it, so it says nothing of a person.

Always low; the subject is the device, any reading of it recovers it. When a device counts as silent is
``missed_check.silent``'s matter. Nothing is judged for a resident who is not active, nor for a device that
nobody has, that has not reported since they have it, or of another type (fitness machines report when used).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit

from alerts.engine.detectors.silent import SilentParameters, interval_of, limit_of, own_deadline
from alerts.engine.layout import FOREVER, NOBODY, WORN, State
from alerts.engine.wearing import span_at, speaks_for


class Finding(NamedTuple):
    """What the scan found out about one device."""

    found: bool
    due: int
    """Before this it need not be judged again, ms; FOREVER until something stirs it."""
    wearer: int
    deadline: int
    others: int
    """How many other devices of the same person still report."""


@njit(cache=True)
def others_reporting(state: State, d: int, slot: int, now: int, p: SilentParameters) -> int:
    """How many other devices that a resident wears have been heard from in their own time.

    Our own absence excuses none of them here: to be heard is what counts.
    """
    count = 0
    first = state.resident[slot]["ward_first"]
    for row in range(first, first + state.resident[slot]["ward_count"]):
        other = state.ward[row]
        if other != d and speaks_for(state, other, slot, now):
            device = state.device[other]
            if device["last_sign"] + limit_of(device, p) > now:
                count += 1
    return count


@njit(cache=True)
def judge(state: State, d: int, now: int, listening_since: int, p: SilentParameters) -> Finding:
    """Whether the device is silent and tells of itself alone."""
    device = state.device[d]
    if device["watched"] == 0 or device["fault_open"] == 1:
        return Finding(found=False, due=FOREVER, wearer=NOBODY, deadline=FOREVER, others=0)
    wearer, since, _ = span_at(state, d, now)
    worn_by_one = wearer >= 0 and device["watched"] == WORN
    if (
        wearer == NOBODY
        or device["last_sign"] < since
        or (wearer >= 0 and state.resident[wearer]["active"] == 0)
        or (worn_by_one and state.resident[wearer]["ward_count"] < 2)
    ):
        return Finding(found=False, due=FOREVER, wearer=wearer, deadline=FOREVER, others=0)
    deadline = own_deadline(device, listening_since, p)
    if deadline > now:
        return Finding(found=False, due=deadline, wearer=wearer, deadline=deadline, others=0)
    others = others_reporting(state, d, wearer, now, p) if wearer >= 0 else 0
    found = others > 0 or not worn_by_one
    return Finding(found=found, due=FOREVER, wearer=wearer, deadline=deadline, others=others)


@njit(cache=True)
def evidence(values: Any, device: Any, found: Finding, now: int, p: SilentParameters) -> None:
    """Fill ``values`` (shape (8,), float64) as named in ``rules.EVIDENCE_FIELDS``."""
    values[0] = (now - device["last_sign"]) / 1000.0
    values[1] = limit_of(device, p) / 1000.0
    values[2] = interval_of(device, p) / 1000.0
    values[3] = device["battery_pct"]
    if device["charging"] >= 0:
        values[4] = device["charging"]
    if device["worn"] >= 0:
        values[5] = device["worn"]
    values[6] = found.others
