"""``vitals.heart_rate``: a pulse too slow or too fast.

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

RULE = Rule.VITALS_HEART_RATE
KIND = Kind.VITALS
PARAMETERS = (
    *limits.counting("vitals.heart_rate", confirm=4, span_s=900, gap_s=5400, back_readings=2, severity=2),
    ParameterSpec(
        "vitals.heart_rate.low_bpm", 40, 10, 300, "the value or less is out", limits.NEWS2,
    ),
    ParameterSpec(
        "vitals.heart_rate.high_bpm", 131, 10, 300, "the value or more is out", limits.NEWS2,
    ),
    ParameterSpec(
        "vitals.heart_rate.back_by_bpm", 5, 0, 50, "so far inside the limits counts as back", "assumption, ADR-14",
    ),
)  # fmt: skip
EVIDENCE = ("heart_rate_bpm", "low_bpm", "high_bpm", "readings", "seconds_out")

_RULE = int(RULE)


@gate
def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Judge a pulse."""
    if limits.concerns(state, at):
        p = state.rules[at.rules]
        if is_out(own, p) or state.device[at.d]["episode"] != NONE:
            k = judge(state, own, at, enabled, journal, out, k)
    return k


@gate
def is_out(own: Any, p: Any) -> bool:
    """Whether the value lies beyond a limit; an unknown one never does."""
    pulse = own["heart_rate_bpm"]
    return bool(pulse <= np.float32(p["heart_rate_low_bpm"]) or pulse >= np.float32(p["heart_rate_high_bpm"]))


@inner
def is_back(own: Any, p: Any) -> bool:
    """Whether the value lies well inside the limits."""
    by = p["heart_rate_back_by_bpm"]
    low, high = np.float32(p["heart_rate_low_bpm"] + by), np.float32(p["heart_rate_high_bpm"] - by)
    return bool(low <= own["heart_rate_bpm"] <= high)


@inner
def judge(
    state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Count the reading, and say what came of it."""
    p = state.rules[at.rules]
    if isnan(own["heart_rate_bpm"]) or not in_force(enabled, p["heart_rate_enabled"], _RULE):
        return k
    by = limits.Counting(
        p["heart_rate_confirm"], p["heart_rate_span_ms"], p["heart_rate_gap_ms"], p["heart_rate_back_readings"],
        p["heart_rate_evidence_every_ms"], p["heart_rate_severity"],
    )  # fmt: skip
    what, row = limits.follow(state, journal, at, _RULE, is_out(own, p), is_back(own, p), by)
    if what >= 0:
        values = out[k]["values"]
        k = limits.say(state, at, _RULE, what, row, by.severity, p, out, k)
        episode = state.episode[row]
        values[0] = own["heart_rate_bpm"]
        values[1] = p["heart_rate_low_bpm"]
        values[2] = p["heart_rate_high_bpm"]
        values[3] = episode["count"]
        values[4] = (at.order - episode["since"]) / 1000.0 if episode["count"] > 0 else 0.0
    limits.settle(state, journal, at, what, row)
    return k
