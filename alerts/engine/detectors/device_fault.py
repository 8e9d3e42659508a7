"""``device.fault``: one device does not report, and nobody's silence tells of it.

- A worn device (band, watch, pendant) that is silent while another of the same person still reports: empty,
  broken or left in a drawer. All of them silent is ``missed_check.silent`` instead.
- A box, a household's or one person's, that is silent: nobody wears it, so it says nothing of a person.
- A worn device or a box that was handed over and has never been heard of since: whoever was given it believes that
  they are looked after.

Always low; the subject is the device, any reading of it recovers it. When a device counts as silent is
``missed_check.silent``'s matter. Nothing is judged for a resident who is not active, nor for a device that nobody
has or of another type (fitness machines report when used). While it stands it is said again every ``remind_s``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from alerts.engine import pool
from alerts.engine.compiled import gate, inner
from alerts.engine.detectors.silent import heard_out, interval_of, limit_of, own_deadline
from alerts.engine.earshot import audible_since, held_until, is_hushed
from alerts.engine.journal import keep_device
from alerts.engine.layout import FOREVER, NOBODY, NONE, WORN, Journal, State
from alerts.engine.outcome import Heard, emit, unfinished
from alerts.engine.parameters import ParameterSpec, switch
from alerts.engine.rules import Rule, Severity, What
from alerts.engine.wearing import next_handover, rules_of, span_at, speaks_for, stir
from devices.batch import Records

RULE = Rule.DEVICE_FAULT
PARAMETERS = (
    switch("device.fault"),
    ParameterSpec(
        "device.fault.never_after_s", 172_800, 60, 2_592_000,
        "a device that was handed over and never heard of since counts after this", "assumption, ADR-14",
    ),
    ParameterSpec(
        "device.fault.remind_s", 86_400, 3600, 2_592_000, "while it stands, it is said again so often",
        "design rule 8: 24 h for devices",
    ),
)  # fmt: skip
EVIDENCE = (
    "silent_for_s", "limit_s", "interval_s", "battery_pct", "charging", "worn", "others_reporting", "never_reported",
)  # fmt: skip

_RULE = int(RULE)
_LOW = int(Severity.LOW)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)
_NEVER = 1
"""``count`` of an episode of a device that was never heard of since ``newest``; ``since`` is the silence allowed."""


class Finding(NamedTuple):
    """What the scan found out about one device. Times in ms."""

    deadline: int
    """When its silence counts, as far as can be said now; FOREVER until something stirs it."""
    limit_ms: int
    wearer: int
    since: int
    """Since when they have it."""
    others: int
    """How many other devices of the same person still report."""


@gate
def notice(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Any reading of a device ends its fault."""
    if at.trusted and state.device[at.d]["episode"] != NONE:
        k = recover(state, at, enabled, journal, out, k)
    return k


@inner
def recover(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """End the device's fault, if there is one, unless the reading is as old as the fault itself."""
    row = pool.find(state, state.device[at.d]["episode"], _RULE)
    if row == NONE or enabled[_RULE] == 0:
        return k
    episode = state.episode[row]
    first_heard = episode["count"] == _NEVER and at.order >= episode["newest"]
    if not first_heard and at.order + episode["since"] <= at.now:
        return k
    emit(
        out, k, _RULE, _RECOVERED, _LOW, at.t, episode["opening_t"], -1, at.i, max(at.wearer, NOBODY), at.d, at.late,
        state.rules[at.rules],
    )  # fmt: skip
    pool.end(state, journal, at.d, row)
    if state.device[at.d]["watched"] != 0:
        stir(state, at.d, at.now)
    return k + 1


@inner
def advance(
    state: State, now: int, listening_since: int, enabled: npt.NDArray[np.int8], journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Judge every device whose deadline has come; returns as ``silent.advance``."""
    if enabled[_RULE] == 0 or k < 0:
        return k
    for d in range(len(state.fault_due)):
        if state.fault_due[d] > now:
            continue
        used = journal.used
        if k == len(out) or used[0] == len(journal.device_slot) or used[3] == len(journal.episode_row):
            return unfinished(k)
        row = pool.find(state, state.device[d]["episode"], _RULE)
        if row != NONE:
            k = remind(state, d, row, now, listening_since, journal, out, k)
            continue
        p = state.rules[rules_of(state, d, span_at(state, d, now)[0])]
        found = judge(state, d, now, listening_since, p)
        if found.deadline > now:
            state.fault_due[d] = min(found.deadline, next_handover(state, d, now))
            continue
        if is_hushed(state, d, found.deadline, now):
            state.fault_due[d] = now + 1
            continue
        if state.free[1] == 0:
            return unfinished(k)
        device = state.device[d]
        keep_device(state, journal, d)
        row = pool.begin(state, journal, d, _RULE, found.limit_ms)
        pool.name(state, row, found.deadline, -1, found.deadline)
        if device["last_sign"] < found.since:
            state.episode[row]["count"] = _NEVER
            state.episode[row]["newest"] = found.since
        # A look that goes on after the pool has grown comes by here again: only the next look reminds.
        state.fault_due[d] = max(now + 1, min(found.deadline + p["fault_remind_ms"], next_handover(state, d, now)))
        say(state, d, _OPENED, found.deadline, found, row, now, p, out, k)
        k += 1
    return k


@inner
def remind(
    state: State, d: int, row: int, now: int, listening_since: int, journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Say of a fault that stands that it does; of reminders that were missed, the last."""
    wearer, since, _ = span_at(state, d, now)
    p = state.rules[rules_of(state, d, wearer)]
    device, episode = state.device[d], state.episode[row]
    due = next_handover(state, d, now)
    if not concerns(state, d, wearer, p):
        state.fault_due[d] = due
        return k
    every = int(p["fault_remind_ms"])
    base = int(episode["told"]) + every
    heard = heard_out(base, audible_since(state, d, listening_since), interval_of(device, p))
    moment = max(base, heard, held_until(state, d))
    if moment <= now:
        keep_device(state, journal, d)
        pool.keep(state, journal, row)
        others = others_reporting(state, d, wearer, now, p) if wearer >= 0 else 0
        deadline, limit = int(episode["opening_t"]), int(episode["since"])
        standing = Finding(deadline, limit, wearer, since, others)
        moment += (now - moment) // every * every
        episode["told"] = moment
        say(state, d, _EVIDENCE, moment, standing, row, now, p, out, k)
        k += 1
        moment += every
    state.fault_due[d] = min(moment, due)
    return k


@inner
def concerns(state: State, d: int, wearer: int, p: Any) -> bool:
    """Whether a device's silence is anybody's concern."""
    if state.device[d]["watched"] == 0 or wearer == NOBODY or p["fault_enabled"] == 0:
        return False
    return bool(wearer < 0 or state.resident[wearer]["active"] == 1)


@inner
def others_reporting(state: State, d: int, slot: int, now: int, p: Any) -> int:
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


@inner
def judge(state: State, d: int, now: int, listening_since: int, p: Any) -> Finding:
    """Whether the device is silent and tells of itself alone, or was never heard of."""
    device = state.device[d]
    wearer, since, _ = span_at(state, d, now)
    if not concerns(state, d, wearer, p):
        return Finding(FOREVER, 0, wearer, since, 0)
    never = device["last_sign"] < since
    worn_by_one = wearer >= 0 and device["watched"] == WORN
    if not never and worn_by_one and state.resident[wearer]["ward_count"] < 2:
        return Finding(FOREVER, 0, wearer, since, 0)
    if never:
        limit = int(p["fault_never_after_ms"])
        heard = heard_out(since + limit, audible_since(state, d, listening_since), interval_of(device, p))
        deadline = max(since + limit, heard, held_until(state, d))
    else:
        limit = limit_of(device, p)
        deadline = own_deadline(state, d, listening_since, p)
    if deadline > now:
        return Finding(deadline, limit, wearer, since, 0)
    others = others_reporting(state, d, wearer, now, p) if wearer >= 0 else 0
    tells = never or others > 0 or not worn_by_one
    return Finding(deadline if tells else FOREVER, limit, wearer, since, others)


@inner
def say(
    state: State, d: int, what: int, moment: int, found: Finding, row: int, now: int, p: Any, out: Records, k: int
) -> None:  # fmt: skip
    """Emit what became of the episode, with what was last known of the device."""
    device = state.device[d]
    emit(
        out, k, _RULE, what, _LOW, moment, state.episode[row]["opening_t"], -1, -1, max(found.wearer, NOBODY), d,
        late=False, p=p,
    )  # fmt: skip
    never = device["last_sign"] < found.since
    values = out[k]["values"]
    values[0] = (now - (found.since if never else device["last_sign"])) / 1000.0
    values[1] = found.limit_ms / 1000.0
    values[2] = interval_of(device, p) / 1000.0
    values[3] = device["battery_pct"]
    if device["charging"] >= 0:
        values[4] = device["charging"]
    if device["worn"] >= 0:
        values[5] = device["worn"]
    values[6] = found.others
    values[7] = 1 if never else 0
