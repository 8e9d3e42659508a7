"""A disc about the newest fix of a device in which the next fix is ordinary: its wearer is at home, and has not moved.

Most fixes are of people who sit at home. That nothing follows from one takes their record, their pulse and some
trigonometry to know; in the disc it is known, however accurate a fix is, from what lies in one line of memory. A disc
is forgotten with each change of the registry that may matter, where somebody's place is moved by another device, and
where a reading of the device is undone; the next ordinary fix draws it anew.
"""

from __future__ import annotations

from math import cos, isnan, radians
from typing import Final

from alerts.engine.compiled import gate, inner
from alerts.engine.detectors.inactivity import far_m, is_followed, moved_m
from alerts.engine.detectors.zone_exit import is_in_disc
from alerts.engine.geometry import EARTH_RADIUS_M
from alerts.engine.layout import NONE, WORN, State
from alerts.engine.outcome import Heard
from alerts.engine.trek import HOME, HOME_M, from_home_m
from devices.batch import Records
from devices.registry import Entity

_M_PER_DEG: Final = radians(EARTH_RADIUS_M)
_MARGIN_M: Final = 2.0
"""More than a place in single precision (0.85 m at 180° on the equator) and a plane within ``HOME_M`` are off by."""
_LEAST_M: Final = 5.0
"""Smaller discs are left sooner than they are worth."""
_POLAR_DEG: Final = 85.0
"""There a degree of longitude is not as long all over the disc."""
NO_MATTER_OF_CALM: Final[frozenset[Entity]] = frozenset({"sighting", "check_window", "site", "contact", "household"})
"""What of the registry changes neither who wears a device nor where they live, walk and are judged by."""


@gate
def is_calm(state: State, at: Heard) -> bool:
    """Whether nothing follows from the newest fix of a device, but that it is the newest, and one more of its way."""
    device, calm = state.device[at.d], state.calm[at.d]
    if not (device["out"] == HOME and device["episode"] == NONE and at.newer and at.wearer == device["wearer"]):
        return False
    if device["walks"] == 1 and not is_in_disc(device):
        return False
    north = (device["lat"] - calm["lat"]) * _M_PER_DEG
    east = (device["lon"] - calm["lon"]) * _M_PER_DEG * calm["cos"]
    reach = calm["reach_m"]
    return bool(reach > 0.0 and north * north + east * east <= reach * reach)


@inner
def settle(state: State, at: Heard, enabled: Records) -> None:
    """Draw the disc about the newest fix of a device, if its wearer is at home and all that matters is known."""
    device, calm = state.device[at.d], state.calm[at.d]
    calm["reach_m"] = -1.0
    at_home = device["out"] == HOME and device["episode"] == NONE and device["watched"] == WORN
    if not (at_home and at.newer and at.wearer == device["wearer"] and at.wearer >= 0):
        return
    resident = state.resident[at.wearer]
    if not is_followed(state, at, enabled) or isnan(resident["home_lat"]) or abs(device["lat"]) > _POLAR_DEG:
        return
    pulse = state.pulse[resident["routine"]]
    if isnan(pulse["lat"]):
        return
    unmoved_m = far_m(state, at, pulse, 0.0) - moved_m(pulse, device["lat"], device["lon"])
    reach = min(HOME_M - from_home_m(resident, device), unmoved_m) - _MARGIN_M
    if reach >= _LEAST_M:
        calm["lat"] = device["lat"]
        calm["lon"] = device["lon"]
        calm["cos"] = cos(radians(device["lat"]))
        calm["reach_m"] = reach


def nowhere_calm(state: State) -> None:
    """Forget all discs, between batches."""
    state.calm["reach_m"] = -1.0
