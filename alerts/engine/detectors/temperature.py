"""``vitals.temperature``: a body too cold or too hot.

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

RULE = Rule.VITALS_TEMPERATURE
KIND = Kind.VITALS
PARAMETERS = (
    *limits.counting("vitals.temperature", confirm=3, span_s=600, gap_s=21_600, back_readings=2, severity=1),
    ParameterSpec(
        "vitals.temperature.low_c", 35.0, 30, 45, "the value or less is out", limits.NEWS2,
    ),
    ParameterSpec(
        "vitals.temperature.high_c", 39.1, 30, 45, "the value or more is out", limits.NEWS2_HOT,
    ),
    ParameterSpec(
        "vitals.temperature.back_by_c", 0.3, 0, 5, "so far inside the limits counts as back", "assumption, ADR-14",
    ),
)  # fmt: skip
EVIDENCE = ("temperature_c", "low_c", "high_c", "readings", "seconds_out")

_RULE = int(RULE)


@gate
def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Judge a temperature."""
    if limits.concerns(state, at):
        p = state.rules[at.rules]
        if is_out(own, p) or state.device[at.d]["episode"] != NONE:
            k = judge(state, own, at, enabled, journal, out, k)
    return k


@gate
def is_out(own: Any, p: Any) -> bool:
    """Whether the value lies beyond a limit; an unknown one never does."""
    heat = own["temperature_c"]
    return bool(heat <= np.float32(p["temperature_low_c"]) or heat >= np.float32(p["temperature_high_c"]))


@inner
def is_back(own: Any, p: Any) -> bool:
    """Whether the value lies well inside the limits."""
    by = p["temperature_back_by_c"]
    low, high = np.float32(p["temperature_low_c"] + by), np.float32(p["temperature_high_c"] - by)
    return bool(low <= own["temperature_c"] <= high)


@inner
def judge(
    state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int
) -> int:  # fmt: skip
    """Count the reading, and say what came of it."""
    p = state.rules[at.rules]
    if isnan(own["temperature_c"]) or not in_force(enabled, p["temperature_enabled"], _RULE):
        return k
    by = limits.Counting(
        p["temperature_confirm"], p["temperature_span_ms"], p["temperature_gap_ms"], p["temperature_back_readings"],
        p["temperature_evidence_every_ms"], p["temperature_severity"],
    )  # fmt: skip
    what, row = limits.follow(state, journal, at, _RULE, is_out(own, p), is_back(own, p), by)
    if what >= 0:
        values = out[k]["values"]
        k = limits.say(state, at, _RULE, what, row, by.severity, p, out, k)
        episode = state.episode[row]
        values[0] = own["temperature_c"]
        values[1] = p["temperature_low_c"]
        values[2] = p["temperature_high_c"]
        values[3] = episode["count"]
        values[4] = (at.order - episode["since"]) / 1000.0 if episode["count"] > 0 else 0.0
    limits.settle(state, journal, at, what, row)
    return k
