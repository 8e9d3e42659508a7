"""``vitals.heart_rate``: a pulse too slow or too fast.

How readings are counted is told in ``alerts.engine.detectors.limits``.
"""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np

from alerts.engine.compiled import gate, inner
from alerts.engine.detectors import limits
from alerts.engine.parameters import ParameterSpec
from alerts.engine.rules import Rule
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


@gate
def is_known(own: Any) -> bool:
    """Whether the reading tells it at all."""
    return not isnan(own["heart_rate_bpm"])


@inner
def tell(values: Any, own: Any, p: Any) -> int:
    """Fill ``values`` (shape (8,), float64) as named in ``EVIDENCE``."""
    values[0] = own["heart_rate_bpm"]
    values[1] = p["heart_rate_low_bpm"]
    values[2] = p["heart_rate_high_bpm"]
    return 3


hear = limits.hearing(RULE, is_known=is_known, is_out=is_out, is_back=is_back, tell=tell)
