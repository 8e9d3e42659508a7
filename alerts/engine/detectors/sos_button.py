"""``sos.button``: the wearer pressed the button.

Fires at once on any press, late or not; never needs anything else to be known. Evidence: the place
that the press itself carried.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from alerts.engine.layout import NOBODY
from alerts.engine.rules import Severity

_HIGH = int(Severity.HIGH)
_CRITICAL = int(Severity.CRITICAL)


@njit(cache=True)
def severity(wearer: int) -> int:
    """Critical; high when nobody is known to wear the device (contract section 1)."""
    return _HIGH if wearer == NOBODY else _CRITICAL


@njit(cache=True)
def evidence(values: Any, sos: Any) -> None:
    """Fill ``values`` (shape (8,), float64) with lat_deg, lon_deg, accuracy_m of an ``SOS`` record."""
    values[0] = sos["lat"]
    values[1] = sos["lon"]
    values[2] = sos["accuracy_m"]
