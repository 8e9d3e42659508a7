"""Recordings as the engine has them: cells of 25 Hz, the jolts in them and the windows around those.

The same as ``alerts.engine.motion`` and ``alerts.engine.jolts`` make of a stream, for whole recordings at a time.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from alerts.engine.fall_model import PEAK, WINDOW
from alerts.engine.jolts import APART, HORIZONS
from alerts.engine.motion import BRIDGED_US, CELL_MS, JOLT_MG, MISSING

Times = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int16]
Rows = npt.NDArray[np.int64]

_BRIDGED_MS: Final = BRIDGED_US / 1000


@njit()
def grid(t: Times, samples: npt.NDArray[np.float64], begin_ms: float, cells: Cells) -> None:
    """Fill cells of ``CELL_MS`` from ``begin_ms`` on: means of their samples, lines where there is none.

    Args:
        t: shape (n,), ms, rising.
        samples: shape (n, 3), mg.
        begin_ms: where the first cell begins.
        cells: shape (m, 3), written.
    """
    at = 0
    for i in range(len(cells)):
        start = begin_ms + i * CELL_MS
        while at < len(t) and t[at] < start:
            at += 1
        first = at
        x, y, z = 0.0, 0.0, 0.0
        while at < len(t) and t[at] < start + CELL_MS:
            x += samples[at, 0]
            y += samples[at, 1]
            z += samples[at, 2]
            at += 1
        count = float(at - first)
        if at == first and 0 < at < len(t) and t[at] - t[at - 1] <= _BRIDGED_MS:
            share = (start + CELL_MS / 2 - t[at - 1]) / (t[at] - t[at - 1])
            x = samples[at - 1, 0] + share * (samples[at, 0] - samples[at - 1, 0])
            y = samples[at - 1, 1] + share * (samples[at, 1] - samples[at - 1, 1])
            z = samples[at - 1, 2] + share * (samples[at, 2] - samples[at - 1, 2])
            count = 1.0
        if count > 0.0:
            cells[i, 0] = np.int16(np.floor(x / count + 0.5))
            cells[i, 1] = np.int16(np.floor(y / count + 0.5))
            cells[i, 2] = np.int16(np.floor(z / count + 0.5))
        else:
            cells[i, :] = MISSING


def stream(t: Times, samples: npt.NDArray[np.float64]) -> Cells:
    """A whole recording's cells, the first of which begins with it."""
    cells = np.empty((int((t[-1] - t[0]) // CELL_MS) + 1, 3), np.int16)
    grid(t, samples, float(t[0]), cells)
    return cells


def lengths(cells: Cells) -> npt.NDArray[np.int64]:
    """The squares of the cells' lengths, mg²; −1 where nothing is known."""
    squares: npt.NDArray[np.int64] = (cells.astype(np.int64) ** 2).sum(axis=1)
    squares[cells[:, 0] == MISSING] = -1
    return squares


def jolts_of(cells: Cells) -> list[int]:
    """The cells that the engine judges: each the greatest, the first of equals, of a second around it."""
    squares = lengths(cells)
    found: list[int] = []
    for cell in np.flatnonzero(squares >= JOLT_MG**2).tolist():
        start = max(0, cell - APART)
        around = squares[start : cell + APART + 1]
        if start + int(around.argmax()) == cell:
            found.append(cell)
    return found


def windows_at(cells: Cells, jolt: int, horizon: int) -> tuple[Cells, int]:
    """What the engine sees of a jolt at a horizon, shape (WINDOW, 3), and from where on nothing is known."""
    window = np.full((WINDOW, 3), MISSING, np.int16)
    start, end = max(0, jolt - PEAK), min(len(cells), jolt + HORIZONS[horizon] + 1, jolt - PEAK + WINDOW)
    window[start - jolt + PEAK : end - jolt + PEAK] = cells[start:end]
    known = np.flatnonzero(window[:, 0] != MISSING)
    return window, int(known[-1]) + 1
