"""The ways that a resident is used to walk: cells of ground that they trod, in which direction, on how many walks.

A cell is a square of ``CELL_M`` of a grid about home; of each it is kept where in it they walked (to 1/8 of its side),
on how many walks by the direction of their first step in it, and on which walk they trod it last. What was not trodden
on the last ``FORGOTTEN_WALKS`` walks is forgotten; where there is no more room, what was trodden least and longest ago.
A cell is known when they trod it on a walk before the present one; of those that were first trodden while they were
astray the first one does not count, unless they came back from it on foot.

How regular somebody is, is the share of their walks that stayed on ways that were known (of the newest ``OF_WALKS``,
about): who always walks elsewhere cannot be missed on their ways.
"""

from __future__ import annotations

from math import atan2, ceil, cos, exp, floor, isnan, log, pi, radians
from typing import Any, Final

import numpy as np

from alerts.engine.compiled import inner
from alerts.engine.geometry import EARTH_RADIUS_M, length_m
from alerts.engine.hours import DAY_MS
from alerts.engine.journal import keep_ways_words
from alerts.engine.layout import NONE, Journal, State
from alerts.engine.trek import turned
from alerts.engine.words import WORD
from devices.batch import Records

CELL_M: Final = 40.0
"""Side of a cell. Measured, ADR-35: half of it finds no more who goes astray, twice as much confuses streets."""
CELLS: Final = 448
"""That are remembered of each resident: 10 km of ways and more."""
REACH_CELLS: Final = 127
"""No way is known further from home, in cells: 5 km."""
PARTS: Final = 8
ASTRAY: Final = PARTS * PARTS
"""Bit of ``within``: they were astray when they first trod the cell, and that does not count."""
MOST_WALKS: Final = 15
FORGOTTEN_WALKS: Final = 200
"""Assumption, ADR-35: half a year of daily errands."""
CHANCE_WALKS: Final = 20
"""What was trodden once and not again on so many walks was an error or an excursion, and makes room first. Measured,
ADR-49: recorded walks are told apart as before with 5 to 40."""
OF_WALKS: Final = 8.0
OF_NOVEL_WALKS: Final = 16.0
NOVEL_M: Final = 100.0
"""So much new ground makes a walk a new one."""
FADING: Final = log(2.0) / 60.0
"""A day. Assumption, ADR-35: half of an excursion is forgotten after 60 days."""
COUNTED_M: Final = 200.0
"""A shorter walk tells nothing of how regular they are."""
TRUSTED_STEP_M: Final = 150.0
"""Fixes further apart say nothing of the ground between them: they are joined by no straight line."""

WAYS: Final[np.dtype[Any]] = np.dtype(
    [
        ("home_lat", "f8"),  # home, when the first way was learned, radians
        ("home_lon", "f8"),
        ("home_cos", "f8"),
        ("regular", "f8"),  # share of their walks on known ways
        ("novel", "f8"),  # share of their walks that led over new ground
        ("longest_s", "f8"),  # the two longest excursions off a well-trodden way, fading by the day
        ("second_s", "f8"),
        ("out_day", "i4"),  # local day whose hours were counted last, -1
        ("walk", "i4"),  # number of the present walk
        ("walks", "i4"),  # so many counted for ``regular``
        ("day", "i4"),  # of the newest walk, in days since 1970
        ("used", "i2"),  # cells
        ("out_days", "i2"),  # days on which they were seen out
        ("out_hours", "i4"),  # bits of the hours of ``out_day`` that were counted
        ("out", "u2", (24,)),  # on how many days they were out at each local hour
        ("walked", "u2", (CELLS,)),  # walks by direction: four bits each for east, north, west, south
        ("east", "i1", (CELLS,)),  # place of a cell in the grid
        ("north", "i1", (CELLS,)),
        ("within", "u1", (CELLS,)),  # place in the cell: eastern part + 8 · northern part, and ASTRAY
        ("last", "u1", (CELLS,)),  # the walk on which they trod it last, modulo 256
    ],
    align=True,
)


WORDS: Final = WAYS.itemsize // WORD
_WALKED, _EAST, _NORTH, _WITHIN, _LAST = (
    WAYS.fields[name][1] // WORD  # type: ignore[index]
    for name in ("walked", "east", "north", "within", "last")
)


def blank_ways(count: int) -> Records:
    """Ways whose content means nothing: ``begin_ways`` writes each when it is given away."""
    return np.zeros(count, WAYS)


@inner
def keep_head(state: State, journal: Journal, row: int) -> None:
    """Keep what is known of somebody's ways but the cells."""
    state.ways_stamp[row] += 1
    keep_ways_words(state, journal, row * WORDS, _WALKED)


@inner
def keep_cells(state: State, journal: Journal, row: int) -> None:
    """Keep all cells."""
    keep_ways_words(state, journal, row * WORDS + _WALKED, WORDS - _WALKED)


@inner
def keep_marks(state: State, journal: Journal, row: int) -> None:
    """Keep of all cells where in them they walk, and whether that was astray."""
    keep_ways_words(state, journal, row * WORDS + _WITHIN, _LAST - _WITHIN)


@inner
def keep_cell(state: State, journal: Journal, row: int, i: int, fresh: bool) -> None:
    """Keep a cell; ``fresh``: its place in the grid, too."""
    first = row * WORDS
    keep_ways_words(state, journal, first + _WALKED + i // 4, 1)
    keep_ways_words(state, journal, first + _WITHIN + i // WORD, 1)
    keep_ways_words(state, journal, first + _LAST + i // WORD, 1)
    if fresh:
        keep_ways_words(state, journal, first + _EAST + i // WORD, 1)
        keep_ways_words(state, journal, first + _NORTH + i // WORD, 1)


@inner
def begin_ways(ways: Any, lat_deg: float, lon_deg: float) -> None:
    """Let nothing be known of the ways about a home."""
    ways["home_lat"] = radians(lat_deg)
    ways["home_lon"] = radians(lon_deg)
    ways["home_cos"] = cos(radians(lat_deg))
    ways["regular"] = 0.0
    ways["novel"] = 0.0
    ways["longest_s"] = 0.0
    ways["second_s"] = 0.0
    ways["out_day"] = -1
    ways["walk"] = 0
    ways["walks"] = 0
    ways["day"] = 0
    ways["used"] = 0
    ways["out_days"] = 0
    ways["out_hours"] = 0
    for hour in range(24):
        ways["out"][hour] = 0
    for i in range(CELLS):
        ways["walked"][i] = 0
        ways["east"][i] = 0
        ways["north"][i] = 0
        ways["within"][i] = 0
        ways["last"][i] = 0


@inner
def east_north_m(ways: Any, lat: float, lon: float) -> tuple[float, float]:
    """A place (radians) in metres east and north of home."""
    east = EARTH_RADIUS_M * ways["home_cos"] * turned(lon - ways["home_lon"])
    return east, EARTH_RADIUS_M * (lat - ways["home_lat"])


@inner
def begin_walk(ways: Any, t: int) -> None:
    """Let a walk begin: cells that were not trodden for long are forgotten."""
    left = exp(-FADING * max(0, t // DAY_MS - ways["day"]))
    ways["day"] = t // DAY_MS
    ways["walk"] += 1
    ways["longest_s"] *= left
    ways["second_s"] *= left
    i = 0
    while i < ways["used"]:
        is_old = (ways["walk"] - ways["last"][i]) % 256 > FORGOTTEN_WALKS
        if is_old and is_once(ways, i):
            drop_cell(ways, i)
            continue
        if is_old:
            ways["last"][i] = (ways["walk"] - FORGOTTEN_WALKS) % 256
        i += 1


@inner
def is_once(ways: Any, i: int) -> bool:
    """Whether a cell was trodden on one walk alone, as by chance or by the error of a receiver."""
    return walks_in(int(ways["walked"][i])) - (1 if ways["within"][i] >= ASTRAY else 0) <= 1


@inner
def drop_cell(ways: Any, i: int) -> None:
    """Forget a cell: the last one takes its place."""
    last = ways["used"] - 1
    ways["walked"][i] = ways["walked"][last]
    ways["east"][i] = ways["east"][last]
    ways["north"][i] = ways["north"][last]
    ways["within"][i] = ways["within"][last]
    ways["last"][i] = ways["last"][last]
    ways["used"] = last


@inner
def walks_in(walked: int) -> int:
    """On how many walks a cell was trodden, in any direction."""
    return (walked & 15) + (walked >> 4 & 15) + (walked >> 8 & 15) + (walked >> 12 & 15)


@inner
def walks_towards(walked: int, heading: float) -> int:
    """On how many of them in about the direction of a heading (quarter turns from east, anticlockwise)."""
    one = floor(heading) % 4
    other = (one + 1) % 4
    return (walked >> 4 * one & 15) + (walked >> 4 * other & 15)


@inner
def quarter_turns(dx: float, dy: float) -> float:
    """The direction of a step, in quarter turns from east, anticlockwise, −2 to 2."""
    return atan2(dy, dx) * 2.0 / pi


@inner
def trodden(ways: Any, x: float, y: float, heading: float, beside_m: float) -> tuple[int, int, bool]:
    """On how many walks before this one they were no further from a place than ``beside_m``, and how many that way.

    Of one cell each, the most trodden; (0, 0, …): no way is known there. The last: on this walk they came the other
    way there. ``beside_m``: at most two cells.
    """
    east, north = floor(x / CELL_M), floor(y / CELL_M)
    now = ways["walk"] % 256
    most = 0
    that_way = 0
    back = False
    against = 4 * (floor(heading + 2.5) % 4)
    for i in range(ways["used"]):
        if (
            abs(int(ways["east"][i]) - east) <= 2
            and abs(int(ways["north"][i]) - north) <= 2
            and away_m(ways, i, x, y) <= beside_m
        ):
            walked, less = int(ways["walked"][i]), not_counted(ways, i, now)
            most = max(most, walks_in(walked) - less)
            that_way = max(that_way, walks_towards(walked, heading) - less)
            back = back or (ways["last"][i] == now and walked >> against & 15 > 0)
    return most, that_way if most > 0 else 0, back


@inner
def not_counted(ways: Any, i: int, now: int) -> int:
    """How many of the walks on a cell count for nothing: the present one, and one astray."""
    return (1 if ways["last"][i] == now else 0) + (1 if ways["within"][i] >= ASTRAY else 0)


@inner
def away_m(ways: Any, i: int, x: float, y: float) -> float:
    """How far a place is from where they walk in a cell."""
    within = int(ways["within"][i]) % ASTRAY
    cell_x = (ways["east"][i] + (within % PARTS + 0.5) / PARTS) * CELL_M
    cell_y = (ways["north"][i] + (within // PARTS + 0.5) / PARTS) * CELL_M
    return length_m(x - cell_x, y - cell_y)


@inner
def off_way_m(ways: Any, x: float, y: float) -> float:
    """How far a place is from the nearest known way; NaN when none is known."""
    now = ways["walk"] % 256
    nearest = np.inf
    for i in range(ways["used"]):
        if walks_in(int(ways["walked"][i])) > not_counted(ways, i, now):
            nearest = min(nearest, away_m(ways, i, x, y))
    return nearest if nearest < np.inf else np.nan


@inner
def tread(
    state: State, journal: Journal, row: int, from_x: float, from_y: float, x: float, y: float, counts: bool
) -> None:  # fmt: skip
    """Walk from one place to the next; ground that is new is marked where it does not count."""
    step = length_m(x - from_x, y - from_y)
    pieces = 1 if step > TRUSTED_STEP_M else max(1, ceil(4.0 * step / CELL_M))
    quarter = floor(quarter_turns(x - from_x, y - from_y) + 0.5) % 4
    for i in range(1, pieces + 1):
        share = i / pieces
        tread_cell(
            state, journal, row, from_x + (x - from_x) * share, from_y + (y - from_y) * share, quarter, counts
        )  # fmt: skip


@inner
def tread_cell(
    state: State, journal: Journal, row: int, x: float, y: float, quarter: int, counts: bool
) -> None:  # fmt: skip
    """Be at a place, on the way in one of the four directions."""
    ways = state.ways[row]
    east, north = floor(x / CELL_M), floor(y / CELL_M)
    if max(abs(east), abs(north)) > REACH_CELLS:
        return
    now = ways["walk"] % 256
    at = cell_at(ways, east, north)
    fresh = at == NONE
    if fresh:
        at = room_for_cell(ways)
        keep_cell(state, journal, row, at, fresh=True)
        ways["east"][at] = east
        ways["north"][at] = north
        ways["walked"][at] = 0
    elif ways["last"][at] == now:
        return
    else:
        keep_cell(state, journal, row, at, fresh=False)
    walked = int(ways["walked"][at])
    astray = int(ways["within"][at]) // ASTRAY * ASTRAY
    if fresh:
        astray = 0 if counts else ASTRAY
    within = int(ways["within"][at]) % ASTRAY
    own = min(MOST_WALKS, (walked >> 4 * quarter & 15) + 1)
    ways["walked"][at] = walked & ~(15 << 4 * quarter) | own << 4 * quarter
    weight = 1.0 if fresh else 1.0 / min(8, walks_in(walked) + 1)
    part_x = part(x / CELL_M - east, within % PARTS, weight)
    ways["within"][at] = part_x + PARTS * part(y / CELL_M - north, within // PARTS, weight) + astray
    ways["last"][at] = now


@inner
def part(seen: float, before: int, weight: float) -> int:
    """The place in a cell, in eighths, drawn towards where they were seen."""
    mean = (before + 0.5) / PARTS
    return min(PARTS - 1, floor((mean + (seen - mean) * weight) * PARTS))


@inner
def cell_at(ways: Any, east: int, north: int) -> int:
    """The row of a cell, NONE when it is not known."""
    found = NONE
    for i in range(ways["used"]):
        found = max(found, i if (ways["east"][i] == east) & (ways["north"][i] == north) else NONE)
    return found


@inner
def room_for_cell(ways: Any) -> int:
    """A row for one more cell."""
    if ways["used"] < CELLS:
        ways["used"] += 1
        return int(ways["used"]) - 1
    least = 0
    least_worth = 1 << 30
    for i in range(CELLS):
        age = (ways["walk"] - ways["last"][i]) % 256
        worth = 3 * min(MOST_WALKS, walks_in(int(ways["walked"][i]))) - age
        if age > CHANCE_WALKS and is_once(ways, i):
            worth -= 256
        if worth < least_worth:
            least, least_worth = i, worth
    return least


@inner
def mark_walk(ways: Any, astray: bool) -> None:
    """Let ground that was first trodden on this walk have been trodden astray, or not after all."""
    now = ways["walk"] % 256
    for i in range(ways["used"]):
        if ways["last"][i] == now and walks_in(int(ways["walked"][i])) == 1:
            ways["within"][i] = ways["within"][i] % ASTRAY + (ASTRAY if astray else 0)


@inner
def settle_walk(ways: Any, walked_m: float, known_m: float) -> None:
    """Let a walk that is over tell how regular they are."""
    if walked_m < COUNTED_M or isnan(known_m):
        return
    ways["walks"] += 1
    novel = 1.0 if walked_m - known_m >= NOVEL_M else 0.0
    ways["novel"] += (novel - ways["novel"]) / min(OF_NOVEL_WALKS, ways["walks"])
    ways["regular"] += (known_m / walked_m - ways["regular"]) / min(OF_WALKS, ways["walks"])


@inner
def count_new_walk(ways: Any, walked_m: float, known_m: float) -> None:
    """Let a walk on which they were said to be astray tell how often they walk anew, and no more.

    Else an explorer who is told of each time would be taken for somebody who never explores.
    """
    if walked_m >= COUNTED_M and ways["walks"] > 0:
        novel = 1.0 if walked_m - known_m >= NOVEL_M else 0.0
        ways["novel"] += (novel - ways["novel"]) / min(OF_NOVEL_WALKS, ways["walks"])


@inner
def remember_excursion(ways: Any, seconds: float) -> None:
    """Let a while off a well-trodden way have been one of the resident's own."""
    if seconds > ways["longest_s"]:
        ways["second_s"] = ways["longest_s"]
        ways["longest_s"] = seconds
    elif seconds > ways["second_s"]:
        ways["second_s"] = seconds


def gathered(state: State) -> tuple[Any, Records, Records]:
    """The rows in the order of their residents with none to spare: ``ways_row``, ``ways`` and ``places``."""
    residents = np.flatnonzero(state.ways_row != NONE)
    rows = state.ways_row[residents]
    ways_row = np.full_like(state.ways_row, NONE)
    ways_row[residents] = np.arange(len(residents))
    return ways_row, state.ways[rows], state.places[rows]
