"""The motion around a jolt as numbers that neither the band's rate, nor its range, nor how it is worn decide.

None of them changes when the band is turned round or worn on the other wrist: they are lengths, and angles between the
acceleration at different times. Both ends of the scale are drawn together by logarithms, so that a jolt that a sensor
cut off at its range looks much like one that it measured whole.
"""

from __future__ import annotations

from math import log2, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import inner
from alerts.engine.motion import MISSING

WINDOW: Final = 225
"""Samples of 25 Hz that are judged together."""
PEAK: Final = 75
"""Index of the jolt in them."""
NUMBERS: Final = 8
"""Of each sample: ``describe`` tells which."""
SHAPE: Final = WINDOW * NUMBERS
"""Numbers that ``describe`` writes."""
SUMS: Final = 4 * (WINDOW + 1)
"""Numbers of scratch that ``describe`` needs beyond them."""

_HALF: Final = 10  # samples; gravity is the mean of 0.84 s, more than an arm's swing needs to turn: assumption, ADR-32
_BEFORE: Final = 15  # samples; how the wrist lay before, from the first 0.6 s that are known
_AFTER: Final = 40  # samples; how it lies after, from the newest 1.6 s
_TURNED_IN: Final = 20  # samples; 0.8 s, in which a fall turns the forearm
_TINY: Final = 1e-3  # g


@inner
def describe(scratch: npt.NDArray[np.float32], window: npt.NDArray[np.int16], known: int) -> None:
    """Write ``WINDOW`` × ``NUMBERS`` numbers to the start of ``scratch``, sample by sample.

    The length of the acceleration · how fast it changes · the cosine of the angle between gravity now and before the
    jolt · and after it · the length of gravity · what is left of the acceleration without gravity · how far gravity
    turned within 0.8 s · 1 where the sample is known. All 0 where it is not.

    Args:
        scratch: shape (SHAPE + SUMS,) or longer.
        window: shape (WINDOW, 3), mg, the jolt at ``PEAK``; ``MISSING`` on all axes where nothing is known.
        known: from here on nothing is.
    """
    for i in range(SHAPE):
        scratch[i] = 0.0
    first, last = _sum_up(scratch, window, known)
    if first < 0:
        return
    began = max(PEAK - 20, min(first + _BEFORE, PEAK))
    bx, by, bz = _mean(scratch, first, max(began, first + 1))
    end = last + 1
    ax, ay, az = _mean(scratch, max(0, end - _AFTER, min(PEAK + 15, end - 10)), end)
    before = sqrt(bx * bx + by * by + bz * bz) + _TINY
    after = sqrt(ax * ax + ay * ay + az * az) + _TINY
    px, py, pz = 0.0, 0.0, 0.0
    for i in range(first, end):
        if window[i, 0] == MISSING:
            continue
        x, y, z = window[i, 0] * 0.001, window[i, 1] * 0.001, window[i, 2] * 0.001
        if i == first:
            px, py, pz = x, y, z
        gx, gy, gz = _mean(scratch, max(i - _HALF, first), min(i + _HALF + 1, end))
        gravity = sqrt(gx * gx + gy * gy + gz * gz) + _TINY
        back = max(i - _TURNED_IN, first)
        qx, qy, qz = _mean(scratch, max(back - _HALF, first), min(back + _HALF + 1, end))
        earlier = sqrt(qx * qx + qy * qy + qz * qz) + _TINY
        change = sqrt((x - px) * (x - px) + (y - py) * (y - py) + (z - pz) * (z - pz))
        rest = sqrt((x - gx) * (x - gx) + (y - gy) * (y - gy) + (z - gz) * (z - gz))
        at = i * NUMBERS
        scratch[at] = log2(sqrt(x * x + y * y + z * z) + 0.25) - 0.32  # 0 at rest
        scratch[at + 1] = 0.5 * log2(change + 0.05) + 1.0
        scratch[at + 2] = (gx * bx + gy * by + gz * bz) / (gravity * before)
        scratch[at + 3] = (gx * ax + gy * ay + gz * az) / (gravity * after)
        scratch[at + 4] = gravity - 1.0
        scratch[at + 5] = 0.5 * log2(rest + 0.05) + 1.0
        scratch[at + 6] = 1.0 - (gx * qx + gy * qy + gz * qz) / (gravity * earlier)
        scratch[at + 7] = 1.0
        px, py, pz = x, y, z


@inner
def _sum_up(scratch: npt.NDArray[np.float32], window: npt.NDArray[np.int16], known: int) -> tuple[int, int]:
    """Sums of the samples before each, behind the numbers; returns the first and last that are known, −1 for none.

    Whole milli-g below 2 ** 24 are exact in a float32: 225 · 32,767 is.
    """
    first, last = -1, -1
    for axis in range(4):
        scratch[SHAPE + axis] = 0.0
    for i in range(WINDOW):
        at = SHAPE + 4 * i
        is_known = i < known and window[i, 0] != MISSING
        for axis in range(3):
            scratch[at + 4 + axis] = scratch[at + axis] + (window[i, axis] if is_known else 0)
        scratch[at + 7] = scratch[at + 3] + (1 if is_known else 0)
        if is_known:
            last = i
            if first < 0:
                first = i
    return first, last


@inner
def _mean(scratch: npt.NDArray[np.float32], start: int, end: int) -> tuple[float, float, float]:
    """Of the known samples in [start, end), g."""
    low, high = SHAPE + 4 * start, SHAPE + 4 * end
    count = float(scratch[high + 3]) - float(scratch[low + 3])
    share = 0.001 / count if count > 0.0 else 0.0
    return (
        (float(scratch[high]) - float(scratch[low])) * share,
        (float(scratch[high + 1]) - float(scratch[low + 1])) * share,
        (float(scratch[high + 2]) - float(scratch[low + 2])) * share,
    )
