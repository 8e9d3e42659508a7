"""``vitals.blood_pressure``: a blood pressure too low, or so high that it is a crisis.

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

RULE = Rule.VITALS_BLOOD_PRESSURE
KIND = Kind.VITALS
PARAMETERS = (
    *limits.counting("vitals.blood_pressure", confirm=2, span_s=0, gap_s=86_400, back_readings=1, severity=1),
    ParameterSpec(
        "vitals.blood_pressure.systolic_low_mmhg", 90, 30, 300, "a systolic value or less is out", limits.NEWS2,
    ),
    ParameterSpec(
        "vitals.blood_pressure.systolic_high_mmhg", 180, 30, 300, "a systolic value or more is out", limits.CRISIS,
    ),
    ParameterSpec(
        "vitals.blood_pressure.diastolic_high_mmhg", 120, 20, 250, "a diastolic value or more is out", limits.CRISIS,
    ),
    ParameterSpec(
        "vitals.blood_pressure.back_by_mmhg", 5, 0, 50, "so far inside the limits counts as back", "assumption, ADR-14",
    ),
)  # fmt: skip
EVIDENCE = (
    "systolic_mmhg", "diastolic_mmhg", "systolic_low_mmhg", "systolic_high_mmhg", "diastolic_high_mmhg", "readings",
    "seconds_out",
)  # fmt: skip


@gate
def is_out(own: Any, p: Any) -> bool:
    """Whether either pressure lies beyond a limit; an unknown one never does."""
    return bool(
        own["systolic_mmhg"] <= np.float32(p["blood_pressure_systolic_low_mmhg"])
        or own["systolic_mmhg"] >= np.float32(p["blood_pressure_systolic_high_mmhg"])
        or own["diastolic_mmhg"] >= np.float32(p["blood_pressure_diastolic_high_mmhg"])
    )


@inner
def is_back(own: Any, p: Any) -> bool:
    """Whether all that is known lies well inside the limits."""
    systolic, diastolic, by = own["systolic_mmhg"], own["diastolic_mmhg"], p["blood_pressure_back_by_mmhg"]
    low = np.float32(p["blood_pressure_systolic_low_mmhg"] + by)
    high = np.float32(p["blood_pressure_systolic_high_mmhg"] - by)
    return bool(
        (isnan(systolic) or low <= systolic <= high)
        and (isnan(diastolic) or diastolic <= np.float32(p["blood_pressure_diastolic_high_mmhg"] - by))
    )


@gate
def is_known(own: Any) -> bool:
    """Whether the reading tells it at all."""
    return not (isnan(own["systolic_mmhg"]) and isnan(own["diastolic_mmhg"]))


@inner
def tell(values: Any, own: Any, p: Any) -> int:
    """Fill ``values`` (shape (8,), float64) as named in ``EVIDENCE``."""
    values[0] = own["systolic_mmhg"]
    values[1] = own["diastolic_mmhg"]
    values[2] = p["blood_pressure_systolic_low_mmhg"]
    values[3] = p["blood_pressure_systolic_high_mmhg"]
    values[4] = p["blood_pressure_diastolic_high_mmhg"]
    return 5


hear = limits.hearing(RULE, is_known=is_known, is_out=is_out, is_back=is_back, tell=tell)
