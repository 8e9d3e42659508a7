"""``wandering.zone_exit``: the resident has left every zone in which to walk alone.

A fix is outside only when its distance to the nearest zone is greater than its accuracy; several
zones count as one. Each device keeps its own track (only the order within one device and kind is
certain, design rule 5): a second device left at home does not hide that the first one walks away.
Late fixes move the track, but raise nothing.

A track begins with the first fix outside and ends inside: a fix in the disc that the registry found within the
zones, of a device without a track, needs no geometry.
"""

from __future__ import annotations

from math import inf, isnan, radians
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerts.engine import pool
from alerts.engine.compiled import entry, gate, inner
from alerts.engine.geometry import EARTH_RADIUS_M, distance_m, plane_m, polygon_m
from alerts.engine.layout import MOST, NONE, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.parameters import CONTRACT, ParameterSpec, switch
from alerts.engine.rules import Rule, Severity, What
from devices.batch import Records
from devices.kinds import Kind

RULE = Rule.WANDERING_ZONE_EXIT
KIND = Kind.POSITION
PARAMETERS = (
    switch("wandering.zone_exit"),
    ParameterSpec(
        "wandering.zone_exit.fixes", 2, 1, 100, "so many fixes in a row must lie outside", CONTRACT, whole=True
    ),
    ParameterSpec("wandering.zone_exit.dwell_s", 30, 0, 3600, "and so long from first to last", CONTRACT),
    ParameterSpec(
        "wandering.zone_exit.back_fixes", 2, 1, 100, "so many fixes well inside in a row end it", CONTRACT, whole=True
    ),
    ParameterSpec(
        "wandering.zone_exit.back_m", 20, 0, 1000,
        "so deep inside is well inside; half the depth of a zone that is not twice as deep",
        "contract section 3; the half: assumption, ADR-6",
    ),
    ParameterSpec(
        "wandering.zone_exit.unknown_accuracy_m", 30, 0, 1000, "taken for the accuracy of a fix that does not tell it",
        "assumption, ADR-6: a wrist receiver between houses",
    ),
    ParameterSpec(
        "wandering.zone_exit.sure_accuracy_m", 100, 0, 10_000, "a fix worse than this never proves that somebody is in",
        "assumption, ADR-6: coarser than the zones themselves, as from cell towers",
    ),
    ParameterSpec(
        "wandering.zone_exit.evidence_every_s", 60, 0, 3600, "later fixes outside are told at most so often",
        "assumption, ADR-6: not 3,600 changes of an alarm an hour",
    ),
)  # fmt: skip
EVIDENCE = (
    "distance_outside_m", "accuracy_m", "fixes_outside", "seconds_outside", "dwell_s", "lat_deg", "lon_deg",
)  # fmt: skip

_RULE = int(RULE)
_HIGH = int(Severity.HIGH)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)
_DEGREE: Final = radians(1.0)
_STRETCH: Final = EARTH_RADIUS_M * 1.00001
"""An arc of up to 50 km is longer than its chord by less than 0.001 %."""


@gate
def hear(state: State, _own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Follow the wearer by the newest fix."""
    if at.newer and at.wearer >= 0:
        device = state.device[at.d]
        ordinary = device["episode"] == NONE and at.wearer == device["wearer"]
        if not (ordinary and (device["walks"] == 0 or is_in_disc(device))):
            k = judge(state, at, enabled, journal, out, k)
    return k


@gate
def is_in_disc(device: Any) -> bool:
    """Whether the device's newest fix surely lies inside the wearer's zones; False says nothing.

    The square of the arc is at most Δlat² + cos(lat₁) (cos(lat₁) + |Δlat|) Δlon², since the cosine changes no
    faster than its argument; all of them double, against a disc of at most 50 km that was rounded down.
    """
    north = abs(device["lat"] * _DEGREE - device["disc_lat"])
    east = device["lon"] * _DEGREE - device["disc_lon"]
    cosine = device["disc_cos"]
    reach = device["disc_m"] / _STRETCH
    return bool(reach > 0.0 and north * north + cosine * (cosine + north) * east * east <= reach * reach)


@inner
def judge(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Move the device's track by its newest fix, and say what came of it."""
    p = state.rules[at.rules]
    device, resident = state.device[at.d], state.resident[at.wearer]
    row = pool.of_this_wearer(state, journal, at.d, _RULE, at.worn_since)
    if resident["active"] == 0 or resident["fence_count"] == 0 or enabled[_RULE] == 0:
        return k
    if row == NONE and p["zone_exit_enabled"] == 0:
        return k
    away, well_inside = outside_m(
        state.fence, state.vertex, resident, device["lat"], device["lon"], p["zone_exit_back_m"]
    )
    accuracy = accuracy_or_default(device["accuracy_m"], p)
    if away - accuracy > 0.0:
        return outside(state, at, row, away, journal, out, k)
    if row == NONE:
        return k
    pool.keep(state, journal, row)
    episode = state.episode[row]
    episode["newest"] = at.order
    if away <= 0.0:
        episode["count"] = 0
        if episode["open"] == 0:
            pool.end(state, journal, at.d, row)
            return k
    episode["back"] = (
        min(MOST, episode["back"] + 1) if well_inside and accuracy <= p["zone_exit_sure_accuracy_m"] else 0
    )
    if episode["open"] == 1 and episode["back"] >= p["zone_exit_back_fixes"]:
        k = say(state, at, row, _RECOVERED, away, out, k)
        pool.end(state, journal, at.d, row)
    return k


@inner
def outside(state: State, at: Heard, row: int, away_m: float, journal: Journal, out: Records, k: int) -> int:
    """Take in a fix that lies outside every zone."""
    p = state.rules[at.rules]
    if row == NONE:
        row = pool.begin(state, journal, at.d, _RULE, at.order)
    else:
        pool.keep(state, journal, row)
    episode = state.episode[row]
    if episode["count"] == 0:
        episode["since"] = at.order
    episode["newest"] = at.order
    episode["count"] = min(MOST, episode["count"] + 1)
    episode["back"] = 0
    if at.late or p["zone_exit_enabled"] == 0:
        return k
    if episode["open"] == 1:
        if at.order - episode["told"] < p["zone_exit_evidence_every_ms"]:
            return k
        episode["told"] = at.order
        return say(state, at, row, _EVIDENCE, away_m, out, k)
    if episode["count"] >= p["zone_exit_fixes"] and at.order - episode["since"] >= p["zone_exit_dwell_ms"]:
        pool.name(state, row, at.t, at.seq, at.order)
        return say(state, at, row, _OPENED, away_m, out, k)
    return k


@inner
def say(state: State, at: Heard, row: int, what: int, away_m: float, out: Records, k: int) -> int:
    """Emit what became of the episode, with the track so far."""
    p = state.rules[at.rules]
    device, episode = state.device[at.d], state.episode[row]
    emit(
        out,
        k,
        _RULE,
        what,
        _HIGH,
        at.t,
        episode["opening_t"],
        episode["opening_seq"],
        at.i,
        at.wearer,
        at.d,
        at.late,
        p,
    )
    values = out[k]["values"]
    values[0] = away_m
    values[1] = device["accuracy_m"]
    values[2] = episode["count"]
    values[3] = (at.order - episode["since"]) / 1000.0 if episode["count"] > 0 else 0.0
    values[4] = p["zone_exit_dwell_ms"] / 1000.0
    values[5] = device["lat"]
    values[6] = device["lon"]
    return k + 1


@entry
def outside_m(
    fences: Records, vertex: npt.NDArray[np.float64], resident: Any, lat_deg: float, lon_deg: float, back_m: float
) -> tuple[float, bool]:
    """How far outside the nearest zone a place is, in metres (negative: inside), and whether well inside.

    Well inside is ``back_m`` deep, or half as deep as the zone itself where that is less.

    ``(inf, False)`` for a resident without zones. A polygon's corners are looked at only when the circle about
    it is nearer than what was found before.
    """
    lat = radians(lat_deg)
    lon = radians(lon_deg)
    nearest = inf
    well_inside = False
    for row in range(resident["fence_first"], resident["fence_first"] + resident["fence_count"]):
        fence = fences[row]
        away = distance_m(fence["lat"], fence["lon"], fence["cos_lat"], lat, lon) - fence["radius_m"]
        if fence["vertex_count"] > 0:
            if away > max(0.0, nearest):
                continue
            x, y = plane_m(fence["lon"], fence["sin_lat"], fence["cos_lat"], lat, lon)
            away = polygon_m(x, y, vertex, fence["vertex_first"], fence["vertex_count"])
        well_inside = well_inside or away <= -min(back_m, 0.5 * fence["depth_m"])
        nearest = min(nearest, away)
    return nearest, well_inside


@inner
def accuracy_or_default(accuracy_m: float, p: Any) -> float:
    """The accuracy of a fix, or what is assumed when it is unknown (NaN); metres."""
    return float(p["zone_exit_unknown_accuracy_m"] if isnan(accuracy_m) else accuracy_m)
