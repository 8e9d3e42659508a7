"""``vitals.spo2``: too little oxygen in the blood.

How readings are counted is told in ``alerts.engine.detectors.limits``.
"""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np

from alerts.engine.compiled import gate, inner
from alerts.engine.detectors import limits
from alerts.engine.layout import NONE, Journal, State
from alerts.engine.outcome import Heard, in_force
from alerts.engine.parameters import ParameterSpec
from alerts.engine.rules import Rule
from devices.batch import Records
from devices.kinds import Kind

RULE = Rule.VITALS_SPO2
KIND = Kind.VITALS
PARAMETERS = (
    *limits.counting("vitals.spo2", confirm=4, span_s=1200, gap_s=5400, back_readings=2, severity=2),
    ParameterSpec(
        "vitals.spo2.low_pct", 91, 50, 100, "the value or less is out", limits.NEWS2,
    ),
    ParameterSpec(
        "vitals.spo2.back_by_pct", 2, 0, 20, "so far inside the limits counts as back", "assumption, ADR-14",
    ),
)  # fmt: skip
EVIDENCE = ("spo2_pct", "low_pct", "readings", "seconds_out")

_RULE = int(RULE)


@gate
def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Judge a saturation."""
    if limits.concerns(state, at):
        p = state.rules[at.rules]
        if is_out(own, p) or state.device[at.d]["episode"] != NONE:
            k = judge(state, own, at, enabled, journal, out, k)
    return k


@gate
def is_out(own: Any, p: Any) -> bool:
    """Whether the value lies at the limit or below; an unknown one never does."""
    return bool(own["spo2_pct"] <= np.float32(p["spo2_low_pct"]))


@inner
def is_back(own: Any, p: Any) -> bool:
    """Whether the value lies well inside the limits."""
    by = p["spo2_back_by_pct"]
    return bool(own["spo2_pct"] >= np.float32(p["spo2_low_pct"] + by))


@inner
def judge(
    state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Count the reading, and say what came of it."""
    p = state.rules[at.rules]
    if isnan(own["spo2_pct"]) or not in_force(enabled, p["spo2_enabled"], _RULE):
        return k
    by = limits.Counting(
        p["spo2_confirm"], p["spo2_span_ms"], p["spo2_gap_ms"], p["spo2_back_readings"],
        p["spo2_evidence_every_ms"], p["spo2_severity"],
    )  # fmt: skip
    what, row = limits.follow(state, journal, at, _RULE, is_out(own, p), is_back(own, p), by)
    if what >= 0:
        values = out[k]["values"]
        k = limits.say(state, at, _RULE, what, row, by.severity, p, out, k)
        episode = state.episode[row]
        values[0] = own["spo2_pct"]
        values[1] = p["spo2_low_pct"]
        values[2] = episode["count"]
        values[3] = (at.order - episode["since"]) / 1000.0 if episode["count"] > 0 else 0.0
    limits.settle(state, journal, at, what, row)
    return k
