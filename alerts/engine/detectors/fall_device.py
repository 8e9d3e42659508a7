"""``fall.device``: a fall that the device itself detected.

Fires at once, late or not. Evidence: the device's own confidence and the impact.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit

from alerts.engine.layout import NOBODY
from alerts.engine.rules import Severity

_HIGH = int(Severity.HIGH)
_CRITICAL = int(Severity.CRITICAL)


class FallParameters(NamedTuple):
    """How much a device's word weighs.

    Attributes:
        sure_from: confidence from which a fall is critical, 0 to 1. Source: contract section 3.
    """

    sure_from: float = 0.8


@njit(cache=True)
def severity(wearer: int, confidence: float, p: FallParameters) -> int:
    """Critical; high below ``sure_from`` or when nobody is known to wear the device.

    A device that does not tell its confidence (NaN) is believed.
    """
    if wearer == NOBODY or confidence < p.sure_from:
        return _HIGH
    return _CRITICAL


@njit(cache=True)
def evidence(values: Any, fall: Any) -> None:
    """Fill ``values`` (shape (8,), float64) with confidence and impact_g of a ``FALL`` record."""
    values[0] = fall["confidence"]
    values[1] = fall["impact_g"]
