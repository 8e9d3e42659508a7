"""``fall.device``: a fall that the device itself detected.

Fires at once, late or not. Critical; high when the device is not sure, or when nobody is known to wear it. One
that does not tell its confidence is believed. Evidence: that confidence, and the impact.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from alerts.engine.compiled import gate, inner
from alerts.engine.detectors import cry
from alerts.engine.layout import NOBODY, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.parameters import ASKED, CONTRACT, ParameterSpec
from alerts.engine.rules import Rule, Severity
from devices.batch import Records
from devices.kinds import Kind

RULE = Rule.FALL_DEVICE
KIND = Kind.FALL
PARAMETERS = (
    ParameterSpec("fall.device.sure_from", 0.8, 0, 1, "the device is sure of a fall from here on", CONTRACT),
    ParameterSpec("fall.device.ask_below", 0.8, 0, 1, "less sure, the wearer is asked; 0: nobody is", ASKED),
    ParameterSpec("fall.device.answer_s", 30, 5, 600, "how long the wearer has for an answer", ASKED),
)  # fmt: skip
EVIDENCE = ("confidence", "impact_g")

_RULE = int(RULE)
_HIGH = int(Severity.HIGH)
_CRITICAL = int(Severity.CRITICAL)


@gate
def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Hear a fall or its cancel."""
    if enabled[_RULE] == 1:
        k = fall(state, own, at, journal, out, k)
    return k


@inner
def fall(state: State, own: Any, at: Heard, journal: Journal, out: Records, k: int) -> int:
    """Take it into the device's latest episode and say so."""
    p = state.rules[at.rules]
    what, row = cry.hear(state, journal, at, _RULE, own["cancel"] == 1, p)
    if what == cry.NOTHING:
        return k
    unsure = at.wearer == NOBODY or own["confidence"] < np.float32(p["device_sure_from"])
    episode = state.episode[row]
    emit(
        out, k, _RULE, what, _HIGH if unsure else _CRITICAL, at.t, episode["opening_t"], episode["opening_seq"],
        at.i, max(at.wearer, NOBODY), at.d, at.late, p,
    )  # fmt: skip
    values = out[k]["values"]
    values[0] = own["confidence"]
    values[1] = own["impact_g"]
    return k + 1
