"""The way of a device that is out of its wearer's home: what each fix does to it, for all rules of wandering at once.

A trek is the present outing of one wearer, from the first two fixes that agree on being away from home until two say
that they are back. Fixes are believed only as far as somebody can walk: one that lies further off waits for the next,
which either agrees with it (a ride, or where a receiver was carried to while nothing was heard) or not (noise, a cold
start). A fix that is not newer, or coarser than ``zone_exit.sure_accuracy_m``, moves nothing. Times are ``order``, ms.

The path of the present leg is kept as a ring of ``PATH`` vertices, metres east and north of an origin near home. A leg
begins where something was heard again after ``GAP_MS``, and where a ride ended. ``DEVICE.out`` is the cheap look:
``HOME`` as long as nothing but fixes at home were heard.
"""

from __future__ import annotations

from math import cos, floor, isnan, radians
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import gate, inner
from alerts.engine.geometry import EARTH_RADIUS_M, length_m
from alerts.engine.journal import TREKS, keep_given, keep_trek_words
from alerts.engine.layout import NEVER, NOBODY, NONE, WORN, Journal, State
from alerts.engine.outcome import Heard
from alerts.engine.turning import OF_THE_RING, RING, clear_ring
from alerts.engine.words import WORD
from devices.batch import POSITION_SOURCES, Records

HOME: Final = 0
"""``DEVICE.out``: there is no outing."""
DOUBTFUL: Final = 1
"""One fix lay away from home: the next one tells."""
OUT: Final = 2
BACK: Final = 3
"""They have just come home: so for one fix."""

PASSED: Final = 0
"""``TREK.heard``: what became of the newest fix. It moved nothing."""
WALKED: Final = 1
"""They are where it says, and can have walked there."""
RIDDEN: Final = 2
"""They are there, and were faster than anybody walks."""
LANDED: Final = 3
"""They are there after a time of which nothing is known: a leg has begun."""

PATH: Final = 64
"""Vertices that are remembered."""
HOME_M: Final = 60.0
"""So near home is at home, and whoever is out lies further off by more than the fix's accuracy. Assumption, ADR-35: a
courtyard, a stairwell, the drift of a receiver indoors."""
BACK_FIXES: Final = 2
"""So many fixes at home in a row end an outing: a cold start may tell of where the device was last."""
STEP_M: Final = 8.0
"""Vertices are no closer, nor than half of a fix's accuracy: what is less is scatter. Assumption, ADR-35."""
WALK_MPS: Final = 3.0
"""Nobody who is followed walks faster. Source: Bohannon & Andrews 2011, doi:10.1016/j.physio.2010.12.004: the normal
gait of those over 60 is 0.9 to 1.4 m/s; the rest is for fixes that are late by seconds."""
FAST_MPS: Final = 60.0
"""And no vehicle that they are likely to be in. Source: 216 km/h, above every road; a train is told by its next fix."""
GAP_MS: Final = 600_000
"""After so long without a fix nothing is known of the way between."""
FORGOTTEN_MS: Final = 3_600_000
"""So long a fix waits for one that agrees: some bands send one in a quarter of an hour."""
STAY_M: Final = 50.0
"""Whoever is no further from where they came to stands still. Assumption, ADR-35: a shop, a bench and its scatter."""
FAR_M: Final = 30_000.0
"""Further from the origin another one is taken: 16 bits hold no more metres."""

ON_FOOT: Final = -1
"""``TREK.carried``: they walked away from home, or from where they were taken to, for the rest of the outing."""
CARRIED: Final = 2
"""Steps of a ride that are proof. Assumption, ADR-49: one alone may be a leap of a receiver."""
RIDE_MPS: Final = 5.0
"""No runner, hardly a bicycle; a car in town is at 5 to 9 m/s on the whole. Assumption, ADR-49."""
DOORSTEP_M: Final = 100.0
"""So far they may walk to a car. Assumption, ADR-49."""
NOT_AT_THE_DOOR_M: Final = 120.0
"""Who is seen so far from home before any ride, slower than one or after a gap, has come there on foot, for all that is
known. As above."""
FROM_THE_DOOR_M: Final = 300.0
"""So far a car is half a minute after it set out: who was not seen for two, and first further away than that, may
have walked there. As above."""
PROVEN_MS: Final = 120_000
"""In a step that takes longer there may hide a walk to a bus: it proves no ride. Assumption, ADR-49."""
AFOOT_M: Final = 400.0
"""So far from where they were taken to nobody walks without being on their own way. Assumption, ADR-49."""
WIFI_M: Final = 95.0
"""Accuracy, as phones tell it (two of three are as near), of a Wi-Fi fix that does not tell it; ``CELL_M``: of one by
cells. Source: medians of 74 and 600 m (Zandbergen 2009, doi:10.1111/j.1467-9671.2009.01152.x), times 1.28."""
CELL_M: Final = 770.0
_WIFI: Final = POSITION_SOURCES.index("wifi")
_CELL: Final = POSITION_SOURCES.index("cell")

TREK: Final[np.dtype[Any]] = np.dtype(
    [
        ("began", "i8"),  # the fix with which the outing began
        ("mark", "i8"),  # the newest fix that was believed, NEVER before the first
        ("leg", "i8"),  # when the present leg began
        ("vertex_ms", "i8"),  # of the newest vertex
        ("stay_ms", "i8"),  # since when they are near (stay_x, stay_y)
        ("doubt_ms", "i8"),  # of a fix that waits for the next one, NEVER
        ("end_ms", "i8"),  # the newest fix of the leg before, NEVER
        ("lat0", "f8"),  # the origin, radians
        ("lon0", "f8"),
        ("cos0", "f8"),
        ("x", "f8"),  # of the newest fix that was believed, metres east and north of the origin
        ("y", "f8"),
        ("accuracy_m", "f8"),
        ("stay_x", "f4"),
        ("stay_y", "f4"),
        ("doubt_x", "f4"),
        ("doubt_y", "f4"),
        ("end_x", "f4"),
        ("end_y", "f4"),
        ("home_m", "f8"),  # from home to the newest fix that was believed
        ("walked_m", "f8"),  # along the path of this leg
        ("wearer", "i4"),
        ("count", "i4"),  # vertices of this leg; the newest is (count - 1) % PATH
        ("heard", "i1"),
        ("home_fixes", "i1"),  # at home, in a row
        ("reason", "i1"),  # detectors.lost: why they were said to be lost
        ("severity", "i1"),
        ("visited", "i1"),  # habits: 1, this stay was counted as a visit
        ("odd_hour", "i1"),  # 1: this outing began at an hour at which they are never out
        ("cries", "i1"),  # so often they were said to be lost on this walk
        ("carried", "i1"),  # steps of a ride that began at their door, 0: none yet; ON_FOOT
        ("off_fixes", "i2"),  # steps off every known way, in a row
        ("way_fixes", "i2"),  # steps on one
        ("off_s", "i4"),  # since when they are off, in seconds from ``began``, -1: they are not
        ("way_s", "i4"),  # since when they are on a known way
        ("seen_m", "f4"),  # walked in this walk
        ("known_m", "f4"),  # of which on known ways
        ("well_m", "f4"),  # along a well-trodden way, without a rest
        ("less_m", "f4"),  # since on what is less trodden
        ("left_m", "f4"),  # ``well_m`` where they left it
        ("off_walk_s", "f4"),  # so long they have walked off every known way
        ("ran_s", "f4"),  # and the last time that they did
        ("ride_x", "f4"),  # where they were taken to
        ("ride_y", "f4"),
        ("path_s", "u2", (PATH,)),  # seconds since the vertex before, at most 65,535
        ("path_x", "i2", (PATH,)),  # metres east and north of the origin
        ("path_y", "i2", (PATH,)),
        *OF_THE_RING,
    ],
    align=True,
)


WORDS: Final = TREK.itemsize // WORD
_HEAD: Final = TREK.fields["path_s"][1] // WORD  # type: ignore[index]
_PATHS: Final = tuple(TREK.fields[name][1] // WORD for name in ("path_s", "path_x", "path_y"))  # type: ignore[index]
_RING: Final = TREK.fields["turn_began"][1] // WORD  # type: ignore[index]
_CELLS: Final = tuple(
    (TREK.fields[name][1] // WORD, WORD // TREK[name].base.itemsize)  # type: ignore[index]
    for name in ("turn_after_ms", "turn_x", "turn_y", "turn_speed")
)
"""The ring's arrays: each one's first word, and how many of its cells are a word."""
_A_WORD: Final = 4
"""Vertices, of each of these."""


def blank_treks(count: int) -> Records:
    """Treks whose content means nothing: ``begin_trek`` writes each when it is given away."""
    return np.zeros(count, TREK)


@inner
def accuracy_of(fix: Any) -> float:
    """How accurate a fix is, metres: what it tells, else what its source usually is; NaN where neither is told."""
    if isnan(fix["accuracy_m"]):
        return CELL_M if fix["source"] == _CELL else WIFI_M if fix["source"] == _WIFI else np.nan
    return float(fix["accuracy_m"])


@gate
def follow(state: State, at: Heard, journal: Journal) -> None:
    """Let the wearer's newest fix be part of their way; at home it touches nothing else."""
    if at.newer and at.wearer >= 0 and state.device[at.d]["watched"] == WORN:
        out = state.device[at.d]["out"]
        if out in (HOME, BACK):
            if is_away(state, at):
                go_on(state, at, journal)
            else:
                state.device[at.d]["out"] = HOME
        else:
            go_on(state, at, journal)


@inner
def is_away(state: State, at: Heard) -> bool:
    """Whether the newest fix of a device lies surely away from its wearer's home; False where none is known."""
    device, resident = state.device[at.d], state.resident[at.wearer]
    p = state.rules[at.rules]
    accuracy = p["zone_exit_unknown_accuracy_m"] if isnan(device["accuracy_m"]) else np.float64(device["accuracy_m"])
    if resident["active"] == 0 or isnan(resident["home_lat"]) or accuracy > p["zone_exit_sure_accuracy_m"]:
        return False
    return bool(from_home_m(resident, device) - accuracy > HOME_M)


@inner
def from_home_m(resident: Any, device: Any) -> float:
    """How far a device's newest fix is from home, metres; infinite where no home is known.

    On the plane about home: against the sphere off by less than 0.1 % within 50 km.
    """
    if isnan(resident["home_lat"]):
        return np.inf
    lat = radians(resident["home_lat"])
    north = radians(device["lat"]) - lat
    east = turned(radians(device["lon"]) - radians(resident["home_lon"])) * cos(lat)
    return float(EARTH_RADIUS_M * length_m(east, north))


@inner
def turned(angle: float) -> float:
    """The same angle between −π and π, radians: ways may cross the antimeridian."""
    return float(angle - 2.0 * np.pi * floor(angle / (2.0 * np.pi) + 0.5))


@inner
def go_on(state: State, at: Heard, journal: Journal) -> None:
    """Take the newest fix into the device's trek, which begins with it if there is none."""
    device, resident = state.device[at.d], state.resident[at.wearer]
    row = state.trek_row[at.d]
    if row == NONE:
        row = give_trek(state, journal, at.d)
    else:
        keep_step(state, journal, row)
    trek = state.trek[row]
    out = device["out"]
    fresh = out in (HOME, BACK) or trek["wearer"] != at.wearer or trek["began"] < at.worn_since
    if fresh and (resident["active"] == 0 or not is_away(state, at)):
        device["out"] = HOME
        return
    if fresh:
        begin_trek(trek, at, resident)
        device["out"] = DOUBTFUL
        if at.order - at.before > PROVEN_MS and from_home_m(resident, device) > FROM_THE_DOOR_M:
            trek["carried"] = ON_FOOT
    p = state.rules[at.rules]
    accuracy = p["zone_exit_unknown_accuracy_m"] if isnan(device["accuracy_m"]) else np.float64(device["accuracy_m"])
    trek["heard"] = PASSED
    if accuracy > p["zone_exit_sure_accuracy_m"]:
        return
    home_m = from_home_m(resident, device)
    believe(trek, at.order, radians(device["lat"]), radians(device["lon"]), accuracy, home_m)
    trek["home_fixes"] = trek["home_fixes"] + 1 if home_m <= HOME_M else 0
    if out == DOUBTFUL and trek["home_fixes"] > 0:
        device["out"] = HOME
    elif trek["home_fixes"] >= BACK_FIXES:
        device["out"] = BACK
    elif trek["mark"] != NEVER:
        device["out"] = OUT


@inner
def believe(trek: Any, order: int, lat: float, lon: float, accuracy_m: float, home_m: float) -> None:
    """Take in a fix (radians) as far as somebody can have come to where it is."""
    x = EARTH_RADIUS_M * trek["cos0"] * turned(lon - trek["lon0"])
    y = EARTH_RADIUS_M * (lat - trek["lat0"])
    if max(abs(x), abs(y)) > FAR_M:
        set_origin(trek, lat, lon)
        x, y = 0.0, 0.0
    blur = accuracy_m + trek["accuracy_m"]
    since = order - trek["mark"] if trek["mark"] != NEVER else GAP_MS
    waited = order - trek["doubt_ms"] if trek["doubt_ms"] != NEVER else FORGOTTEN_MS
    if since < GAP_MS and length_m(x - trek["x"], y - trek["y"]) <= WALK_MPS * since / 1000.0 + blur:
        trek["heard"] = WALKED
        trek["doubt_ms"] = NEVER
        be_at(trek, order, x, y, accuracy_m, home_m)
        walk_off(trek, x, y, home_m)
        return
    ride_on(trek, order, x, y, accuracy_m)
    from_doubt = length_m(x - np.float64(trek["doubt_x"]), y - np.float64(trek["doubt_y"]))
    if waited < FORGOTTEN_MS and from_doubt <= FAST_MPS * waited / 1000.0 + 2.0 * accuracy_m:
        slow = from_doubt <= WALK_MPS * waited / 1000.0 + 2.0 * accuracy_m
        trek["heard"] = LANDED if slow and since >= GAP_MS else RIDDEN
        if slow and waited < GAP_MS:
            begin_leg(trek, trek["doubt_ms"], np.float64(trek["doubt_x"]), np.float64(trek["doubt_y"]))
        else:
            begin_leg(trek, order, x, y)
        be_at(trek, order, x, y, accuracy_m, home_m)
        trek["doubt_ms"] = NEVER
        if trek["heard"] == RIDDEN:
            trek["ride_x"] = x
            trek["ride_y"] = y
        return
    trek["doubt_ms"] = order
    trek["doubt_x"] = x
    trek["doubt_y"] = y


@inner
def ride_on(trek: Any, order: int, x: float, y: float, accuracy_m: float) -> None:
    """Count a step that nobody walks, away from home and as fast as a car, unless they walked before."""
    if trek["carried"] == ON_FOOT:
        return
    from_x, from_y, since = np.float64(trek["doubt_x"]), np.float64(trek["doubt_y"]), order - trek["doubt_ms"]
    if trek["doubt_ms"] == NEVER:
        from_x, from_y, since = trek["x"], trek["y"], order - trek["mark"]
    if since > PROVEN_MS:
        return
    step = length_m(x - from_x, y - from_y) - 2.0 * accuracy_m
    is_ride = RIDE_MPS * since <= 1000.0 * step and step <= FAST_MPS * since / 1000.0
    if is_ride and length_m(x, y) > length_m(from_x, from_y):
        trek["carried"] = min(100, trek["carried"] + 1)
        if trek["carried"] <= CARRIED:
            trek["ride_x"] = x
            trek["ride_y"] = y


@inner
def walk_off(trek: Any, x: float, y: float, home_m: float) -> None:
    """Find out whether they walk away on their own, from home or from where they were taken to."""
    from_ride_m = length_m(x - np.float64(trek["ride_x"]), y - np.float64(trek["ride_y"]))
    from_door = trek["carried"] == 0 and (trek["walked_m"] > DOORSTEP_M or home_m > NOT_AT_THE_DOOR_M)
    if from_door or (trek["carried"] > 0 and from_ride_m > AFOOT_M):
        trek["carried"] = ON_FOOT


@inner
def be_at(trek: Any, order: int, x: float, y: float, accuracy_m: float, home_m: float) -> None:
    """Let them be somewhere; a vertex of the path when it is far enough from the last one."""
    trek["mark"] = order
    trek["x"] = x
    trek["y"] = y
    trek["accuracy_m"] = accuracy_m
    trek["home_m"] = home_m
    if trek["stay_ms"] == NEVER or length_m(x - np.float64(trek["stay_x"]), y - np.float64(trek["stay_y"])) > STAY_M:
        trek["stay_ms"] = order
        trek["stay_x"] = x
        trek["stay_y"] = y
    newest = (trek["count"] - 1) % PATH
    step = length_m(x - trek["path_x"][newest], y - trek["path_y"][newest])
    if step >= max(STEP_M, 0.5 * accuracy_m):
        trek["walked_m"] += step
        add_vertex(trek, order, x, y)


@inner
def begin_leg(trek: Any, order: int, x: float, y: float) -> None:
    """Let the path begin anew."""
    trek["end_ms"] = trek["mark"]
    trek["end_x"] = trek["x"]
    trek["end_y"] = trek["y"]
    trek["leg"] = order
    trek["walked_m"] = 0.0
    trek["count"] = 0
    add_vertex(trek, order, x, y)


@inner
def add_vertex(trek: Any, order: int, x: float, y: float) -> None:
    """Remember one more place of the path."""
    at = trek["count"] % PATH
    since = (order - trek["vertex_ms"]) // 1000 if trek["count"] > 0 else 0
    trek["path_s"][at] = min(65_535, since)
    trek["path_x"][at] = floor(x + 0.5)
    trek["path_y"][at] = floor(y + 0.5)
    trek["vertex_ms"] = order
    trek["count"] += 1


@inner
def give_trek(state: State, journal: Journal, d: int) -> int:
    """Give a device the next free row."""
    row = int(state.trek_used[0])
    state.trek_used[0] = row + 1
    state.trek_row[d] = row
    keep_given(journal, TREKS, d)
    state.trek_stamp[row] += 1
    trek = state.trek[row]
    for i in range(PATH):
        trek["path_s"][i] = 0
        trek["path_x"][i] = 0
        trek["path_y"][i] = 0
    trek["carried"] = 0
    clear_ring(trek)
    trek["reason"] = 0
    trek["severity"] = 0
    trek["wearer"] = NOBODY
    trek["began"] = NEVER
    return row


@inner
def keep_step(state: State, journal: Journal, row: int) -> None:
    """Keep what a fix may change of a trek: all but its path, of which a vertex, and the first two of another leg."""
    trek, first = state.trek[row], row * WORDS
    state.trek_stamp[row] += 1
    keep_trek_words(state, journal, first, _HEAD)
    at = trek["count"] % PATH // _A_WORD
    for path in _PATHS:
        keep_trek_words(state, journal, first + path + at, 1)
        if trek["doubt_ms"] != NEVER:
            keep_trek_words(state, journal, first + path, 1)


@inner
def keep_ring(state: State, journal: Journal, row: int) -> None:
    """Keep what a fix may change of a trek's ring: the cell that is next, and the first one, with which it begins."""
    trek, first = state.trek[row], row * WORDS
    state.trek_stamp[row] += 1
    keep_trek_words(state, journal, first + _RING, _CELLS[0][0] - _RING)
    at = trek["turn_count"] % RING
    for cells, to_a_word in _CELLS:
        keep_trek_words(state, journal, first + cells, 1)
        keep_trek_words(state, journal, first + cells + at // to_a_word, 1)


@inner
def begin_trek(trek: Any, at: Heard, resident: Any) -> None:
    """Let an outing begin, of which nothing is known yet."""
    trek["began"] = at.order
    trek["wearer"] = at.wearer
    trek["stay_ms"] = NEVER
    trek["end_ms"] = NEVER
    trek["end_x"] = 0.0
    trek["end_y"] = 0.0
    trek["stay_x"] = 0.0
    trek["stay_y"] = 0.0
    trek["home_m"] = np.nan
    trek["heard"] = PASSED
    trek["home_fixes"] = 0
    trek["visited"] = 0
    trek["odd_hour"] = 0
    trek["cries"] = 0
    trek["carried"] = 0
    trek["ride_x"] = 0.0
    trek["ride_y"] = 0.0
    trek["off_fixes"] = 0
    trek["way_fixes"] = 0
    trek["off_s"] = -1
    trek["way_s"] = -1
    trek["seen_m"] = 0.0
    trek["known_m"] = 0.0
    trek["well_m"] = 0.0
    trek["less_m"] = 0.0
    trek["left_m"] = 0.0
    trek["off_walk_s"] = 0.0
    trek["ran_s"] = 0.0
    set_origin(trek, radians(resident["home_lat"]), radians(resident["home_lon"]))


@inner
def set_origin(trek: Any, lat: float, lon: float) -> None:
    """Measure from another origin (radians): what was measured from the one before is forgotten."""
    trek["lat0"] = lat
    trek["lon0"] = lon
    trek["cos0"] = cos(lat)
    trek["mark"] = NEVER
    trek["leg"] = NEVER
    trek["vertex_ms"] = NEVER
    trek["doubt_ms"] = NEVER
    trek["stay_ms"] = NEVER
    trek["end_ms"] = NEVER
    trek["x"] = 0.0
    trek["y"] = 0.0
    trek["accuracy_m"] = 0.0
    trek["doubt_x"] = 0.0
    trek["doubt_y"] = 0.0
    trek["walked_m"] = 0.0
    trek["count"] = 0


def gathered(state: State) -> tuple[npt.NDArray[np.int32], Records]:
    """The rows in the order of their devices with none to spare: ``trek_row`` and ``trek``."""
    devices = np.flatnonzero(state.trek_row != NONE)
    trek_row = np.full_like(state.trek_row, NONE)
    trek_row[devices] = np.arange(len(devices))
    return trek_row, state.trek[state.trek_row[devices]]
