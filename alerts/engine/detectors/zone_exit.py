"""``wandering.zone_exit``: the resident has left every zone in which to walk alone that counts at this hour.

A fix is outside only when its distance to the nearest zone is greater than its accuracy; several
zones count as one. Just beyond the line lies the zone's edge, in which somebody may be seen for some minutes: a bench
across the street is not a flight (ADR-34). While somebody goes with them, nobody is judged, and what was begun is
forgotten; whoever is outside afterwards is judged from then on. The same when no zone counts any more, but that an
episode stands until they are back. Each device keeps its own track (only the order within one device and kind is
certain, design rule 5): a second device left at home does not hide that the first one walks away.
Late fixes move the track, but raise nothing.

A track begins with the first fix outside and ends inside: a fix in the disc that the registry found within the
zones, of a device without a track, needs no geometry.
"""

from __future__ import annotations

from math import isnan, radians
from typing import Any, Final

import numpy as np

from alerts.engine import pool
from alerts.engine.bounds import Whereabouts, whereabouts
from alerts.engine.compiled import gate, inner
from alerts.engine.geometry import EARTH_RADIUS_M, length_m
from alerts.engine.hours import is_between, local_hour
from alerts.engine.layout import FOUR_HOURS_MS, MOST, NEVER, NONE, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.parameters import CONTRACT, ParameterSpec, switch
from alerts.engine.rules import Rule, Severity, What
from alerts.engine.trek import CARRIED, HOME, LANDED, NOT_AT_THE_DOOR_M, WALK_MPS, WALKED, WIFI_M
from devices.batch import POSITION_SOURCES, Records
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
        "wandering.zone_exit.edge_pct", 10, 0, 50, "so much of a zone's depth beyond its line is its edge",
        "assumption, ADR-34",
    ),
    ParameterSpec("wandering.zone_exit.edge_m", 100, 0, 1000, "and no more than this", "assumption, ADR-34"),
    ParameterSpec(
        "wandering.zone_exit.edge_dwell_s", 300, 0, 14_400, "so long somebody is seen within the edge before it counts",
        "assumption, ADR-34",
    ),
    ParameterSpec(
        "wandering.zone_exit.gap_s", 600, 60, 7200, "between two fixes further apart nobody was seen",
        "assumption, ADR-34",
    ),
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
        "wandering.zone_exit.driven_sounds_after_s", 10_800, 0, 86_400,
        "who was driven off from their door is told without a sound until then", "assumption, ADR-49: a meal together",
    ),
    ParameterSpec(
        "wandering.zone_exit.evidence_every_s", 60, 0, 3600, "later fixes outside are told at most so often",
        "assumption, ADR-6: not 3,600 changes of an alarm an hour",
    ),
)  # fmt: skip
EVIDENCE = (
    "distance_outside_m", "accuracy_m", "fixes_outside", "seconds_outside", "dwell_s", "lat_deg", "lon_deg", "edge_m",
)  # fmt: skip

SETTLES_MS: Final = 180_000
"""So long a receiver that wakes may take to find itself, and NEARER_M: so much nearer it comes with a fix at least.
Assumption, ADR-49; receivers without help are to have a first fix within a minute."""
NEARER_M: Final = 10.0
OF_COARSE: Final = 2.0
"""A coarse fix, or one by Wi-Fi, lies outside only by so many times its accuracy: as near as that are two in three,
95 in 100 within twice. Of one by satellite the next is soon there."""
_RULE = int(RULE)
_LOW = int(Severity.LOW)
_HIGH = int(Severity.HIGH)
_WIFI: Final = POSITION_SOURCES.index("wifi")
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)
_DEGREE: Final = radians(1.0)
_STRETCH: Final = EARTH_RADIUS_M * 1.00001
"""An arc of up to 50 km is longer than its chord by less than 0.001 %."""


@gate
def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Follow the wearer by the newest fix."""
    if at.newer and at.wearer >= 0:
        device = state.device[at.d]
        ordinary = device["episode"] == NONE and at.wearer == device["wearer"]
        if not (ordinary and (device["walks"] == 0 or is_in_disc(device))):
            k = judge(state, own["source"], at, enabled, journal, out, k)
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
def judge(state: State, source: int, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Move the device's track by its newest fix, and say what came of it."""
    p = state.rules[at.rules]
    device, resident = state.device[at.d], state.resident[at.wearer]
    row = pool.of_this_wearer(state, journal, at.d, _RULE, at.worn_since)
    if row == NONE and at.wearer == device["wearer"] and is_in_disc(device):
        return k
    if resident["active"] == 0 or resident["fence_count"] == 0 or enabled[_RULE] == 0:
        return k
    if at.order < resident["accompanied"]:
        if row != NONE:
            pool.end(state, journal, at.d, row)
        return k
    if row == NONE and p["zone_exit_enabled"] == 0:
        return k
    here = whereabouts(state, resident, device["lat"], device["lon"], at.order, p)
    if here.zones == 0:
        if row == NONE or state.episode[row]["open"] == 0:
            if row != NONE:
                pool.end(state, journal, at.d, row)
            return k
        here = whereabouts(state, resident, device["lat"], device["lon"], NEVER, p)
    accuracy = accuracy_or_default(device["accuracy_m"], p)
    if here.away_m > surely_m(accuracy, source, p):
        return outside(state, at, row, here, journal, out, k)
    if row == NONE:
        return k
    pool.keep(state, journal, row)
    episode = state.episode[row]
    watch(episode, at.order, p)
    if here.away_m <= 0.0:
        episode["count"] = 0
        if episode["open"] == 0:
            pool.end(state, journal, at.d, row)
            return k
    episode["back"] = (
        min(MOST, episode["back"] + 1) if here.well_inside and accuracy <= p["zone_exit_sure_accuracy_m"] else 0
    )
    if episode["open"] == 1 and episode["back"] >= p["zone_exit_back_fixes"]:
        k = say(state, at, row, _RECOVERED, here, out, k)
        pool.end(state, journal, at.d, row)
    return k


@inner
def surely_m(accuracy_m: float, source: int, p: Any) -> float:
    """How far outside a fix must lie to be outside."""
    if source == _WIFI:
        return OF_COARSE * max(accuracy_m, WIFI_M)
    return OF_COARSE * accuracy_m if accuracy_m > p["zone_exit_sure_accuracy_m"] else accuracy_m


@inner
def outside(state: State, at: Heard, row: int, here: Whereabouts, journal: Journal, out: Records, k: int) -> int:
    """Take in a fix that lies outside every zone."""
    p = state.rules[at.rules]
    if row == NONE:
        row = pool.begin(state, journal, at.d, _RULE, at.order)
        state.episode[row]["told"] = at.order
    else:
        pool.keep(state, journal, row)
    episode = state.episode[row]
    if episode["open"] == 0 and not is_walkable(episode, at.order, here.away_m, state.device[at.d]["accuracy_m"], p):
        episode["count"] = 0
    watch(episode, at.order, p)
    episode["away_m"] = here.away_m
    if episode["count"] == 0:
        episode["since"] = at.order
        episode["watched_ms"] = 0
        episode["far"] = 0
    episode["count"] = min(MOST, episode["count"] + 1)
    if here.beyond_m > 0.0 and episode["far"] == 0:
        episode["far_since"] = at.order
    episode["far"] = min(MOST, episode["far"] + 1) if here.beyond_m > 0.0 else 0
    episode["back"] = 0
    if at.late or p["zone_exit_enabled"] == 0:
        return k
    if episode["open"] == 1:
        if at.order - episode["told"] < p["zone_exit_evidence_every_ms"]:
            return k
        episode["told"] = at.order
        return say(state, at, row, _EVIDENCE, here, out, k)
    if is_certain(episode, at.order, p):
        pool.name(state, row, at.t, at.seq, at.order)
        return say(state, at, row, _OPENED, here, out, k)
    return k


@inner
def is_walkable(episode: Any, order: int, away_m: float, accuracy_m: float, p: Any) -> bool:
    """Whether somebody outside can have come from their fix before to this one.

    A receiver that wakes finds itself step by step: its first fixes lie far off, each nearer than the one before. So
    what comes nearer counts anew: at first at any pace, later faster than anybody walks. What goes away as fast may be
    a ride.
    """
    seconds = (order - episode["newest"]) / 1000.0
    nearer_m = episode["away_m"] - away_m
    if episode["count"] == 0:
        return True
    if order - episode["told"] <= SETTLES_MS and nearer_m > NEARER_M:
        return False
    return bool(nearer_m <= WALK_MPS * seconds + accuracy_or_default(accuracy_m, p))


@inner
def watch(episode: Any, order: int, p: Any) -> None:
    """Count the time since the fix before as seen, unless nothing is known of most of it."""
    gap = order - episode["newest"]
    if episode["count"] > 0 and gap <= p["zone_exit_gap_ms"]:
        episode["watched_ms"] = min(FOUR_HOURS_MS, episode["watched_ms"] + gap)
    episode["newest"] = order


@inner
def is_certain(episode: Any, order: int, p: Any) -> bool:
    """Whether they have left: beyond the edge soon, within it after having been watched there for some time."""
    fixes = p["zone_exit_fixes"]
    if episode["far"] >= fixes and order - episode["far_since"] >= p["zone_exit_dwell_ms"]:
        return True
    return bool(episode["count"] >= fixes and episode["watched_ms"] >= patience_ms(p))


@inner
def patience_ms(p: Any) -> int:
    """How long somebody may be seen within the edge: never shorter than beyond it."""
    return int(max(p["zone_exit_edge_dwell_ms"], p["zone_exit_dwell_ms"]))


@inner
def left_on_foot(trek: Any) -> bool:
    """Whether somebody walks now, further from where they were taken to than the street before its door."""
    if trek["heard"] != WALKED and trek["heard"] != LANDED:
        return False
    return length_m(trek["x"] - np.float64(trek["ride_x"]), trek["y"] - np.float64(trek["ride_y"])) > NOT_AT_THE_DOOR_M


@inner
def severity_of(state: State, at: Heard, episode: Any, what: int) -> int:
    """How bad it is: whoever was driven off from their door, by day, and out of their zones, is hardly alone."""
    p = state.rules[at.rules]
    row = state.trek_row[at.d]
    if row == NONE or state.device[at.d]["out"] == HOME:
        return _HIGH
    if what == _OPENED and left_on_foot(state.trek[row]):
        return _HIGH
    if at.order - episode["since"] >= p["zone_exit_driven_sounds_after_ms"]:
        return _HIGH
    if state.trek[row]["carried"] < CARRIED or state.trek[row]["wearer"] != at.wearer:
        return _HIGH
    hour = local_hour(state, state.resident[at.wearer]["zone"], at.order)
    return _HIGH if isnan(hour) or is_between(hour, p["lost_night_from_h"], p["lost_night_to_h"]) else _LOW


@inner
def say(state: State, at: Heard, row: int, what: int, here: Whereabouts, out: Records, k: int) -> int:
    """Emit what became of the episode, with the track so far."""
    p = state.rules[at.rules]
    device, episode = state.device[at.d], state.episode[row]
    emit(
        out,
        k,
        _RULE,
        what,
        severity_of(state, at, episode, what),
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
    values[0] = here.away_m
    values[1] = device["accuracy_m"]
    values[2] = episode["count"]
    values[3] = (at.order - episode["since"]) / 1000.0 if episode["count"] > 0 else 0.0
    values[4] = (p["zone_exit_dwell_ms"] if episode["far"] > 0 else patience_ms(p)) / 1000.0
    values[5] = device["lat"]
    values[6] = device["lon"]
    values[7] = here.away_m - here.beyond_m
    return k + 1


@inner
def accuracy_or_default(accuracy_m: float, p: Any) -> float:
    """The accuracy of a fix, or what is assumed when it is unknown (NaN); metres."""
    return float(p["zone_exit_unknown_accuracy_m"] if isnan(accuracy_m) else accuracy_m)
