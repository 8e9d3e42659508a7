"""Whether somebody stirred, by a window of their wrist's motion: a worn device at rest moves less than this.

Source: van Hees et al. 2013, doi:10.1371/journal.pone.0061691: a device whose axes, two of the three at least, have a
standard deviation below 13 mg, or a range below 50 mg, does not move. There it is asked of an hour, to find out whether
the device is worn at all; here of a second or more, in which either is smaller still, so that less is taken for a sign.
"""

from __future__ import annotations

from typing import Final

from alerts.engine.compiled import inner
from alerts.engine.layout import State
from alerts.engine.outcome import Window

LEAST_DEVIATION_MG: Final = 13.0
LEAST_RANGE_MG: Final = 50
AXES_AT_REST: Final = 2
"""So many of them at rest, and all is."""
LEAST_S: Final = 1.0
"""A shorter window tells nothing: nobody moves all the time. Assumption, ADR-27."""

STILL: Final = 0
"""What a reading told of its wearer."""
STIRRED: Final = 1
UNTOLD: Final = 2
"""Neither."""
ASIDE: Final = 3
"""The band lies somewhere: nothing."""


@inner
def lies_aside(state: State, d: int) -> bool:
    """Whether the newest heartbeat of a device said that nobody wears it, or that it charges."""
    return bool(state.device[d]["worn"] == 0 or state.device[d]["charging"] == 1)


@inner
def told_by(window: Window) -> int:
    """STIRRED, STILL, or UNTOLD when there is too little of it."""
    count = len(window.samples)
    if not (window.rate_hz > 0.0 and count >= 2 and count >= window.rate_hz * LEAST_S):
        return UNTOLD
    steady, narrow = 0, 0
    for axis in range(3):
        total, squares = 0.0, 0.0
        low = high = int(window.samples[0, axis])
        for i in range(count):
            value = int(window.samples[i, axis])
            total += value
            squares += value * value
            low = min(low, value)
            high = max(high, value)
        mean = total / count
        steady += squares / count - mean * mean < LEAST_DEVIATION_MG * LEAST_DEVIATION_MG
        narrow += high - low < LEAST_RANGE_MG
    return STILL if steady >= AXES_AT_REST or narrow >= AXES_AT_REST else STIRRED
