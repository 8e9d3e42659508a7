"""What the newest seconds of motion tell: where the jolts are, and what went before and came after them.

Everything here is a function of the cells that are closed, so it does not matter when it is asked.
"""

from __future__ import annotations

from math import acos, degrees, nan, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import inner
from alerts.engine.fall_model import HORIZONS_MS, PEAK, WINDOW
from alerts.engine.motion import CELL_MS, JOLT_MG, MISSING, RING

APART: Final = 25
"""Of the jolts within so many cells, 1 s, the greatest is judged."""
HORIZONS: Final = tuple(ms // CELL_MS for ms in HORIZONS_MS)
"""So many cells after a jolt it is judged."""
LAST: Final = HORIZONS[-1]
SECOND: Final = 25
"""Cells of a second."""

_FREE_FALL_MG: Final = 600
"""Source: Kangas 2008, doi:10.1016/j.gaitpost.2008.01.003: a fall begins below 0.6 g."""
_FALLING: Final = 25
"""Cells before the jolt in which it is looked for. Source: the same, 1 s."""
_STOOD: Final = (50, 25)
"""From so many cells before the jolt up to so many the wrist lay as before the fall. Assumption, ADR-32."""
_LAY: Final = (25, 50)
"""And after a fall from so many cells after the jolt on, but in so many of the newest at most. Assumption, ADR-32."""
_KNOWN: Final = 13
"""Cells of a second that must be known for anything to be said of it: more than half."""
STILL_MG: Final = 100
"""A wrist is still in a second in which no axis moves by more. Assumption, ADR-32: twice the range below which van Hees
2013, doi:10.1371/journal.pone.0061691, takes a band for taken off, for who lies there breathes."""
BUSY_MG: Final = 300
"""A wrist works in a second in which an axis moves by so much, unless it shakes. Assumption, ADR-37: as much as a step
moves it; what less moves may be the arm of somebody who lies."""
UNKNOWN: Final = 0
"""What a second tells: too little of it is known."""
STILL: Final = 1
STIRRING: Final = 2
"""Neither still nor as who is well moves: little movement, or shaking."""
BUSY: Final = 3
WALKING: Final = 4
_STRIDING: Final = 4
"""Seconds in which steps are looked for."""
_STEP_MG: Final = 300
"""From peak to peak of the length in each second of walking. Source: Straczkiewicz 2023,
doi:10.1038/s41746-022-00745-z, as the frequency of steps below, 1.4 to 2.3 Hz."""
_STEP_CELLS: Final = (11, 18)
_ALIKE: Final = 0.5
"""So much like itself one step later is the motion of who walks. Assumption, ADR-32."""
_SHIVER_CELLS: Final = (4, 8)
"""And not after so short a time: what beats faster than 3 times a second is shivering or a fit. Assumption, ADR-32."""


@inner
def square(ring: npt.NDArray[np.int16], row: int, cell: int) -> int:
    """The square of a cell's length, mg²; −1 where it is not known."""
    at = 3 * (cell % RING)
    x, y, z = int(ring[row, at]), int(ring[row, at + 1]), int(ring[row, at + 2])
    return -1 if x == MISSING else x * x + y * y + z * z


@inner
def is_jolt(ring: npt.NDArray[np.int16], row: int, cell: int, newest: int) -> bool:
    """Whether a cell is a jolt and the greatest (the first of equals) around it, as far as ``newest`` is closed."""
    own = square(ring, row, cell)
    if own < JOLT_MG * JOLT_MG:
        return False
    for other in range(cell - APART, min(cell + APART, newest) + 1):
        length = square(ring, row, other)
        if length > own or (length == own and other < cell):
            return False
    return True


@inner
def cut_out(ring: npt.NDArray[np.int16], row: int, cell: int, newest: int, window: npt.NDArray[np.int16]) -> int:
    """Fill ``window`` (shape (WINDOW, 3)) with what is closed around a jolt; returns from where on nothing is known."""
    known = 0
    for i in range(WINDOW):
        each = cell - PEAK + i
        at = 3 * (each % RING)
        there = newest - RING < each <= newest
        for axis in range(3):
            window[i, axis] = ring[row, at + axis] if there else MISSING
        if window[i, 0] != MISSING:
            known = i + 1
    return known


@inner
def length_g(window: npt.NDArray[np.int16], i: int) -> float:
    """Of a sample that is known, g."""
    x, y, z = float(window[i, 0]), float(window[i, 1]), float(window[i, 2])
    return sqrt(x * x + y * y + z * z) / 1000.0


@inner
def free_fall_ms(window: npt.NDArray[np.int16]) -> float:
    """How long the wrist weighed next to nothing before the jolt."""
    cells = 0
    for i in range(PEAK - _FALLING, PEAK):
        if window[i, 0] != MISSING and length_g(window, i) * 1000.0 < _FREE_FALL_MG:
            cells += 1
    return float(cells * CELL_MS)


@inner
def posture_deg(window: npt.NDArray[np.int16], known: int) -> float:
    """By how much the wrist lay otherwise after the jolt than before it, 0 to 180; NaN where either is unknown."""
    dot, was, now = 0.0, 0.0, 0.0
    after = max(PEAK + _LAY[0], known - _LAY[1])
    for axis in range(3):
        stood = mean(window, axis, PEAK - _STOOD[0], PEAK - _STOOD[1])
        lay = mean(window, axis, after, known)
        dot += stood * lay
        was += stood * stood
        now += lay * lay
    if not (was > 0.0 and now > 0.0):
        return nan
    return degrees(acos(max(-1.0, min(1.0, dot / sqrt(was * now)))))


@inner
def mean(window: npt.NDArray[np.int16], axis: int, start: int, end: int) -> float:
    """Of what is known of an axis in [start, end), mg; NaN where nothing is."""
    total, count = 0.0, 0
    for i in range(start, end):
        if window[i, 0] != MISSING:
            total += window[i, axis]
            count += 1
    return total / count if count > 0 else nan


@inner
def second_of(ring: npt.NDArray[np.int16], row: int, cell: int) -> int:
    """What the second that ends with a cell tells of who wears the band: UNKNOWN to WALKING."""
    known = 0
    widest = 0
    for axis in range(3):
        least, most = 32_767, MISSING
        for each in range(cell - SECOND + 1, cell + 1):
            value = int(ring[row, 3 * (each % RING) + axis])
            if value != MISSING:
                known += 1
                least, most = min(least, value), max(most, value)
        widest = max(widest, most - least)
    if known < 3 * _KNOWN:
        return UNKNOWN
    if widest <= STILL_MG:
        return STILL
    if is_walking(ring, row, cell):
        return WALKING
    if widest >= BUSY_MG and known == 3 * SECOND and not is_shaking(ring, row, cell):
        return BUSY
    return STIRRING


@inner
def is_shaking(ring: npt.NDArray[np.int16], row: int, cell: int) -> bool:
    """Whether the second that ends with a cell, which is known, beats as shivering or a fit does."""
    start = cell - SECOND + 1
    total = 0.0
    for each in range(start, cell + 1):
        total += sqrt(float(square(ring, row, each)))
    for lag in range(_SHIVER_CELLS[0], _SHIVER_CELLS[1] + 1):
        if likeness(ring, row, start, cell, lag, total / SECOND) >= _ALIKE:
            return True
    return False


@inner
def is_walking(ring: npt.NDArray[np.int16], row: int, cell: int) -> bool:
    """Whether the seconds that end with a cell look like steps: large enough, and each like the one before."""
    start = cell - _STRIDING * SECOND + 1
    total = 0.0
    for second in range(_STRIDING):
        least, most = 1e9, 0.0
        for each in range(start + second * SECOND, start + (second + 1) * SECOND):
            squared = square(ring, row, each)
            if squared < 0:
                return False
            length = sqrt(float(squared))
            total += length
            least, most = min(least, length), max(most, length)
        if most - least < _STEP_MG:
            return False
    middle = total / (_STRIDING * SECOND)
    for lag in range(_SHIVER_CELLS[0], _SHIVER_CELLS[1] + 1):
        if likeness(ring, row, start, cell, lag, middle) >= _ALIKE:
            return False
    for lag in range(_STEP_CELLS[0], _STEP_CELLS[1] + 1):
        if likeness(ring, row, start, cell, lag, middle) >= _ALIKE:
            return True
    return False


@inner
def likeness(ring: npt.NDArray[np.int16], row: int, start: int, end: int, lag: int, middle: float) -> float:
    """How much the lengths of [start, end] are like themselves ``lag`` cells later, −1 to 1."""
    product, own, other = 0.0, 0.0, 0.0
    for each in range(start, end + 1 - lag):
        one = sqrt(float(square(ring, row, each))) - middle
        two = sqrt(float(square(ring, row, each + lag))) - middle
        product += one * two
        own += one * one
        other += two * two
    return product / sqrt(own * other) if own > 0.0 and other > 0.0 else 0.0
