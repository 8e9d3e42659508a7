"""``wandering.zone_exit``: the resident has left every zone in which to walk alone.

A fix is outside only when its distance to the nearest zone is greater than its accuracy; several
zones count as one. Each device keeps its own track (only the order within one device and kind is
certain, design rule 5): a second device left at home does not hide that the first one walks away.
Late fixes move the track, but raise nothing.
"""

from __future__ import annotations

from math import inf, isnan, radians
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from alerts.engine.geometry import distance_m, plane_m, polygon_m
from alerts.engine.layout import NEVER
from alerts.engine.rules import What
from devices.batch import Records

_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)
NOTHING = -1
_MOST = 100


class ZoneParameters(NamedTuple):
    """When somebody counts as gone, and as back.

    Attributes:
        fixes: fixes outside in a row before it opens, 1 to 100. Source: contract section 3.
        dwell_ms: time from the first of them to the last, 0 to 3 600 000 ms. Source: contract section 3.
        back_fixes: fixes well inside in a row before it recovers, 1 to 100. Source: contract section 3.
        back_m: how deep inside is well inside, 0 to 1000 m; half the depth of a zone that is not twice
            as deep. Source: contract section 3; the half: assumption, ADR-6.
        unknown_accuracy_m: taken when a fix does not tell its accuracy, 0 to 1000 m. Source:
            assumption, ADR-6 (a wrist receiver between houses).
        sure_accuracy_m: a fix worse than this is never proof of being inside, 0 to 10 000 m. Source:
            assumption, ADR-6 (coarser than the zones themselves: cell towers).
        evidence_every_ms: later fixes outside are emitted at most this often by event time, so that an
            hour of a fix each second does not make 3,600 changes of one alarm, 0 to 3 600 000 ms.
            Source: assumption, ADR-6.
    """

    fixes: int = 2
    dwell_ms: int = 30_000
    back_fixes: int = 2
    back_m: float = 20.0
    unknown_accuracy_m: float = 30.0
    sure_accuracy_m: float = 100.0
    evidence_every_ms: int = 60_000


@njit(cache=True)
def has_zone(resident: Any) -> bool:
    """Whether the resident has any fence."""
    return bool(resident["has_circle"] == 1 or resident["fence_count"] > 0)


@njit(cache=True)
def outside_m(
    fences: Records, vertex: npt.NDArray[np.float64], resident: Any, lat_deg: float, lon_deg: float
) -> tuple[float, bool]:
    """How far outside the nearest zone a place is, in metres (negative: inside), and whether well inside.

    ``(inf, False)`` for a resident without zones.
    """
    lat = radians(lat_deg)
    lon = radians(lon_deg)
    nearest = inf
    well_inside = False
    if resident["has_circle"] == 1:
        nearest = (
            distance_m(resident["circle_lat"], resident["circle_lon"], resident["circle_cos"], lat, lon)
            - resident["circle_radius_m"]
        )
        well_inside = nearest <= -resident["circle_margin_m"]
    for row in range(resident["fence_first"], resident["fence_first"] + resident["fence_count"]):
        fence = fences[row]
        if fence["vertex_count"] == 0:
            away = distance_m(fence["lat"], fence["lon"], fence["cos_lat"], lat, lon) - fence["radius_m"]
        else:
            x, y = plane_m(fence["lon"], fence["sin_lat"], fence["cos_lat"], lat, lon)
            away = polygon_m(x, y, vertex, fence["vertex_first"], fence["vertex_count"])
        well_inside = well_inside or away <= -fence["margin_m"]
        nearest = min(nearest, away)
    return nearest, well_inside


@njit(cache=True)
def accuracy_or_default(accuracy_m: float, p: ZoneParameters) -> float:
    """The accuracy of a fix, or what is assumed when it is unknown (NaN); metres."""
    return p.unknown_accuracy_m if isnan(accuracy_m) else accuracy_m


@njit(cache=True)
def forget(device: Any) -> None:
    """Begin a device's track anew: fixes in a row and an open episode are another's, or of other zones."""
    device["outside"] = 0
    device["inside"] = 0
    device["zone_open"] = 0
    device["outside_t"] = 0
    device["zone_t"] = 0
    device["zone_seq"] = 0
    device["told_t"] = NEVER


@njit(cache=True)
def follow(
    device: Any, away_m: float, well_inside: bool, t: int, t_order: int, seq: int, late: bool, p: ZoneParameters
) -> int:
    """Move a device's track by its newest fix; returns the ``What`` to emit or NOTHING.

    Args:
        device: its ``DEVICE`` record with the fix already in it, changed in place; zone_t and zone_seq
            name the episode, ``outside`` and ``outside_t`` are its evidence.
        away_m: signed distance to the nearest zone, metres.
        well_inside: deep enough inside to count as back.
        t: event time of the fix, ms, which names an episode that it opens.
        t_order: min(t, received), ms, by which time spans are measured.
        seq: the device's counter.
        late: more than ten minutes old on arrival.
        p: the parameters.
    """
    accuracy = accuracy_or_default(device["accuracy_m"], p)
    if away_m - accuracy > 0.0:
        if device["outside"] == 0:
            device["outside_t"] = t_order
        device["outside"] = min(_MOST, device["outside"] + 1)
        device["inside"] = 0
        if late:
            return NOTHING
        if device["zone_open"] == 1:
            if t_order - device["told_t"] < p.evidence_every_ms:
                return NOTHING
            device["told_t"] = t_order
            return _EVIDENCE
        if device["outside"] >= p.fixes and t_order - device["outside_t"] >= p.dwell_ms:
            device["zone_open"] = 1
            device["zone_t"] = t
            device["zone_seq"] = seq
            device["told_t"] = t_order
            return _OPENED
        return NOTHING
    if away_m <= 0.0:
        device["outside"] = 0
    if not well_inside or accuracy > p.sure_accuracy_m:
        device["inside"] = 0
        return NOTHING
    device["inside"] = min(_MOST, device["inside"] + 1)
    if device["zone_open"] == 1 and device["inside"] >= p.back_fixes:
        device["zone_open"] = 0
        return _RECOVERED
    return NOTHING


@njit(cache=True)
def evidence(values: Any, device: Any, away_m: float, t_order: int, p: ZoneParameters) -> None:
    """Fill ``values`` (shape (8,), float64) as named in ``rules.EVIDENCE_FIELDS``."""
    values[0] = away_m
    values[1] = device["accuracy_m"]
    values[2] = device["outside"]
    values[3] = (t_order - device["outside_t"]) / 1000.0 if device["outside"] > 0 else 0.0
    values[4] = p.dwell_ms / 1000.0
    values[5] = device["lat"]
    values[6] = device["lon"]
