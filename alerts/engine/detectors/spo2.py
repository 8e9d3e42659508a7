"""``vitals.spo2``: too little oxygen in the blood.

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


@gate
def is_out(own: Any, p: Any) -> bool:
    """Whether the value lies at the limit or below; an unknown one never does."""
    return bool(own["spo2_pct"] <= np.float32(p["spo2_low_pct"]))


@inner
def is_back(own: Any, p: Any) -> bool:
    """Whether the value lies well inside the limits."""
    by = p["spo2_back_by_pct"]
    return bool(own["spo2_pct"] >= np.float32(p["spo2_low_pct"] + by))


@gate
def is_known(own: Any) -> bool:
    """Whether the reading tells it at all."""
    return not isnan(own["spo2_pct"])


@inner
def tell(values: Any, own: Any, p: Any) -> int:
    """Fill ``values`` (shape (8,), float64) as named in ``EVIDENCE``."""
    values[0] = own["spo2_pct"]
    values[1] = p["spo2_low_pct"]
    return 2


hear = limits.hearing(RULE, is_known=is_known, is_out=is_out, is_back=is_back, tell=tell)
