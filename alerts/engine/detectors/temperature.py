"""``vitals.temperature``: a body too cold or too hot.

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


@gate
def is_known(own: Any) -> bool:
    """Whether the reading tells it at all."""
    return not isnan(own["temperature_c"])


@inner
def tell(values: Any, own: Any, p: Any) -> int:
    """Fill ``values`` (shape (8,), float64) as named in ``EVIDENCE``."""
    values[0] = own["temperature_c"]
    values[1] = p["temperature_low_c"]
    values[2] = p["temperature_high_c"]
    return 3


hear = limits.hearing(RULE, is_known=is_known, is_out=is_out, is_back=is_back, tell=tell)
