"""``device.battery_low``: the battery runs out.

Opens at ``low_pct``, recovers at ``recovered_pct``: charging alone does not recover it, an unknown
level changes nothing. The subject is the device.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alerts.engine import pool
from alerts.engine.compiled import gate, inner
from alerts.engine.layout import NOBODY, NONE, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.parameters import CONTRACT, ParameterSpec, switch
from alerts.engine.rules import Rule, Severity, What
from devices.batch import Records
from devices.kinds import Kind

RULE = Rule.DEVICE_BATTERY_LOW
KIND = Kind.HEARTBEAT
PARAMETERS = (
    switch("device.battery_low"),
    ParameterSpec("device.battery_low.low_pct", 15, 0, 100, "the alarm opens at this level or below", CONTRACT),
    ParameterSpec("device.battery_low.recovered_pct", 25, 0, 100, "and ends at this level or above", CONTRACT),
    ParameterSpec(
        "device.battery_low.remind_s", 86_400, 3600, 2_592_000, "while it stands, it is said again so often",
        "design rule 8: 24 h for devices",
    ),
)  # fmt: skip
EVIDENCE = ("battery_pct", "limit_pct")

_RULE = int(RULE)
_LOW = int(Severity.LOW)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)


@gate
def hear(state: State, _own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Judge the level that the newest heartbeat told."""
    if at.newer:
        device = state.device[at.d]
        low = device["battery_pct"] <= np.float32(state.rules[at.rules]["battery_low_low_pct"])
        if low or device["episode"] != NONE:
            k = judge(state, at, enabled, journal, out, k)
    return k


@inner
def judge(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Open, repeat or end the device's episode; a late heartbeat opens nothing, but may end what stands."""
    if enabled[_RULE] == 0:
        return k
    p = state.rules[at.rules]
    device = state.device[at.d]
    level = device["battery_pct"]
    row = pool.find(state, device["episode"], _RULE)
    low = level <= np.float32(p["battery_low_low_pct"]) and p["battery_low_enabled"] == 1
    if row == NONE:
        if not low or at.late:
            return k
        row = pool.begin(state, journal, at.d, _RULE, at.order)
        pool.name(state, row, at.t, at.seq, at.order)
        what = _OPENED
    elif level >= np.float32(p["battery_low_recovered_pct"]):
        what = _RECOVERED
    elif low and not at.late and at.order - state.episode[row]["told"] >= p["battery_low_remind_ms"]:
        pool.keep(state, journal, row)
        state.episode[row]["told"] = at.order
        what = _EVIDENCE
    else:
        return k
    episode = state.episode[row]
    emit(
        out, k, _RULE, what, _LOW, at.t, episode["opening_t"], episode["opening_seq"], at.i, max(at.wearer, NOBODY),
        at.d, at.late, p,
    )  # fmt: skip
    out[k]["values"][0] = level
    out[k]["values"][1] = p["battery_low_low_pct"]
    if what == _RECOVERED:
        pool.end(state, journal, at.d, row)
    return k + 1
