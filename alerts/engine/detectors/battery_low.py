"""``device.battery_low``: the battery runs out.

Opens at ``low_pct``, recovers at ``recovered_pct``: charging alone does not recover it, an unknown
level changes nothing. The subject is the device.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit

from alerts.engine.rules import What

_OPENED = int(What.OPENED)
_RECOVERED = int(What.RECOVERED)
NOTHING = -1


class BatteryParameters(NamedTuple):
    """Both in percent, 0 to 100. Source: contract section 3.

    Attributes:
        low_pct: opens at or below.
        recovered_pct: recovers at or above.
    """

    low_pct: float = 15.0
    recovered_pct: float = 25.0


@njit(cache=True)
def judge(device: Any, t: int, seq: int, late: bool, p: BatteryParameters) -> int:
    """Judge the level of the device's newest heartbeat; returns the ``What`` to emit or NOTHING.

    Args:
        device: its ``DEVICE`` record, changed in place; battery_t and battery_seq name the episode.
        t: event time of the heartbeat, ms.
        seq: the device's counter.
        late: a late heartbeat opens nothing, but may end what stands.
        p: the parameters.
    """
    level = device["battery_pct"]
    if device["battery_open"] == 0:
        if level <= p.low_pct and not late:
            device["battery_open"] = 1
            device["battery_t"] = t
            device["battery_seq"] = seq
            return _OPENED
    elif level >= p.recovered_pct:
        device["battery_open"] = 0
        return _RECOVERED
    return NOTHING
