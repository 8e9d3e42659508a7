"""``sos.button``: the wearer pressed the button.

Fires at once on any press, late or not; never needs anything else to be known. Critical; high when nobody is
known to wear the device (contract section 1). Evidence: the place that the press itself carried.
"""

from __future__ import annotations

from typing import Any

from alerts.engine.compiled import gate, inner
from alerts.engine.detectors import cry
from alerts.engine.layout import NOBODY, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.rules import Rule, Severity
from devices.batch import Records
from devices.kinds import Kind

RULE = Rule.SOS_BUTTON
KIND = Kind.SOS
PARAMETERS = cry.PARAMETERS
EVIDENCE = ("lat_deg", "lon_deg", "accuracy_m")

_RULE = int(RULE)
_HIGH = int(Severity.HIGH)
_CRITICAL = int(Severity.CRITICAL)


@gate
def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Hear a press or its cancel."""
    if enabled[_RULE] == 1:
        k = press(state, own, at, journal, out, k)
    return k


@inner
def press(state: State, own: Any, at: Heard, journal: Journal, out: Records, k: int) -> int:
    """Take it into the device's latest episode and say so."""
    p = state.rules[at.rules]
    what, row = cry.hear(state, journal, at, _RULE, own["cancel"] == 1, p)
    if what == cry.NOTHING:
        return k
    episode = state.episode[row]
    emit(
        out, k, _RULE, what, _HIGH if at.wearer == NOBODY else _CRITICAL, at.t, episode["opening_t"],
        episode["opening_seq"], at.i, max(at.wearer, NOBODY), at.d, at.late, p,
    )  # fmt: skip
    values = out[k]["values"]
    values[0] = own["lat"]
    values[1] = own["lon"]
    values[2] = own["accuracy_m"]
    return k + 1
