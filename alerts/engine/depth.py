"""How deep a polygon is: how far from its edge the place is that lies deepest inside.

No place of a cell is deeper than its middle by more than the way from there to a corner. So a cell that cannot hold
anything deeper than what was found is left alone, every other one is halved across its longer side and looked at
again, until none is left. What is found along a few lines across the polygon comes first: it spares most of the cells,
and finds the inside of a strip however thin and slanting. Source: branch and bound, Land and Doig, Econometrica 28
(1960) 497, doi:10.2307/1910129.
"""

from __future__ import annotations

from math import hypot, inf
from typing import Final

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import entry, inner
from alerts.engine.geometry import polygon_m

CLOSE: Final = 1.05
"""No place is deeper than what is found by more than this."""
_LINES: Final = 16
"""So many lines each way come first."""
_LOOKS: Final = 20_000
"""After so many looks the deepest place so far will do: only a strip hundreds of times as long as wide needs them."""
_CELLS: Final = 256
"""So many cells may wait: each halving leaves one, and a cell of a whole continent is a millimetre after 70."""
_LEAST_M: Final = 1e-3
"""A smaller cell is not halved."""


def deepest(vertex: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """How far from its edge the deepest place of a polygon is, at least, and that place; metres.

    Args:
        vertex: shape (n, 2), metres east and north; the last corner is joined to the first.
    """
    (west, south), (east, north) = vertex.min(axis=0).tolist(), vertex.max(axis=0).tolist()
    found: tuple[float, float, float] = _searched(
        vertex, west, south, east - west, north - south, np.empty((_CELLS, 4))
    )
    return found


@entry
def _searched(
    vertex: npt.NDArray[np.float64], west: float, south: float, wide: float, high: float, cell: npt.NDArray[np.float64]
) -> tuple[float, float, float]:
    """The same within a box; ``cell``: room for the middle and half the sides of cells that wait."""
    best = (0.0, 0.0, 0.0)
    for i in range(_LINES):
        best = _along(vertex, 0, west + wide * (i + 0.5) / _LINES, best)
        best = _along(vertex, 1, south + high * (i + 0.5) / _LINES, best)
    waiting = _lay(cell, 0, west + wide / 2, south + high / 2, wide / 2, high / 2)
    looks = 0
    while 0 < waiting < _CELLS - 1 and looks < _LOOKS:
        waiting -= 1
        looks += 1
        x, y, half_wide, half_high = cell[waiting, 0], cell[waiting, 1], cell[waiting, 2], cell[waiting, 3]
        depth = -polygon_m(x, y, vertex, 0, len(vertex))
        if depth > best[0]:
            best = (depth, x, y)
        reach = hypot(half_wide, half_high)
        if depth + reach <= best[0] * CLOSE or reach < _LEAST_M:
            continue
        if half_wide >= half_high:
            half_wide /= 2
            waiting = _lay(cell, waiting, x - half_wide, y, half_wide, half_high)
            waiting = _lay(cell, waiting, x + half_wide, y, half_wide, half_high)
        else:
            half_high /= 2
            waiting = _lay(cell, waiting, x, y - half_high, half_wide, half_high)
            waiting = _lay(cell, waiting, x, y + half_high, half_wide, half_high)
    return best


@inner
def _lay(
    cell: npt.NDArray[np.float64], row: int, x: float, y: float, half_wide: float, half_high: float
) -> int:  # fmt: skip
    """Let a cell wait; returns how many do."""
    cell[row, 0] = x
    cell[row, 1] = y
    cell[row, 2] = half_wide
    cell[row, 3] = half_high
    return row + 1


@inner
def _along(
    vertex: npt.NDArray[np.float64], axis: int, at: float, best: tuple[float, float, float]
) -> tuple[float, float, float]:
    """The deepest of ``best`` and the places midway between neighbouring edges on the line ``vertex[:, axis] = at``."""
    for row in range(len(vertex)):
        here = _crossing(vertex, row, axis, at)
        beyond = inf
        for other in range(len(vertex)):
            there = _crossing(vertex, other, axis, at)
            if here < there < beyond:
                beyond = there
        if beyond == inf:
            continue
        middle = (here + beyond) / 2
        x, y = (at, middle) if axis == 0 else (middle, at)
        depth = -polygon_m(x, y, vertex, 0, len(vertex))
        if depth > best[0]:
            best = (depth, x, y)
    return best


@inner
def _crossing(vertex: npt.NDArray[np.float64], row: int, axis: int, at: float) -> float:
    """Where the edge that ends in a corner crosses the line; infinite where it does not."""
    a, b = vertex[row - 1, axis], vertex[row, axis]
    if (a > at) == (b > at):
        return inf
    start, end = vertex[row - 1, 1 - axis], vertex[row, 1 - axis]
    crossing: float = start + (at - a) / (b - a) * (end - start)
    return crossing
