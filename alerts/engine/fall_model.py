"""What tells a fall from daily life by the motion around a jolt: probability, its horizons and working points.

A few small convolutional networks, trained each without some of the people, whose opinions are averaged.
``fall_model.md`` beside this file tells from whose recordings, how well it does and what it cannot.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO
from math import exp
from typing import Final

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import gate, inner
from alerts.engine.fall_shape import NUMBERS, PEAK, SHAPE, SUMS, WINDOW, describe
from alerts.engine.motion import CELL_MS

__all__ = ["HORIZONS_MS", "PEAK", "SCRATCH", "THRESHOLDS", "WINDOW", "probability", "weights"]

HORIZONS_MS: Final = (1_200, 3_000, 6_000)
"""So long after the jolt it is judged; at the last by its working point."""
THRESHOLDS: Final = ((0.95, 0.9, 0.4), (0.97, 0.93, 0.68), (0.99, 0.97, 0.85))
"""Probability from which on it is a fall, by working point (sensitive, balanced, quiet) and horizon. Chosen on acted
recordings of people whom the judging networks had not seen: the balanced one leaves 99 % of daily life alone."""

KERNELS: Final = (7, 5, 5)
"""Width of each layer's kernels."""
STRIDE: Final = 2
"""Of every layer."""
WIDTHS: Final = (16, 24, 32)
"""Outputs of each layer; multiples of ``_AT_ONCE``."""
HIDDEN: Final = 24
"""Outputs of the layer that sees all stretches."""
LENGTHS: Final = (110, 53, 25)
"""Steps of each layer: (length − kernel) // STRIDE + 1."""
STRETCHES: Final = (0, 5, 8, 9, 12, 17, 25)
"""Where the last layer's steps are cut; of each stretch the mean and the greatest count. The jolt lies in [8, 9)."""
POOLED: Final = 2 * WIDTHS[2] * (len(STRETCHES) - 1)

HEAD: Final = 1 + 2 * len(HORIZONS_MS)
"""Numbers before the networks: how many there are, and slope and offset of the calibration at each horizon."""
MEMBER: Final = (
    (KERNELS[0] * NUMBERS + 1) * WIDTHS[0]
    + (KERNELS[1] * WIDTHS[0] + 1) * WIDTHS[1]
    + (KERNELS[2] * WIDTHS[1] + 1) * WIDTHS[2]
    + (POOLED + 1) * HIDDEN
    + HIDDEN
    + 1
)
"""Numbers of a network: of each layer the weights (inputs, outputs) and the offsets (outputs)."""

_FIRST: Final = SHAPE + SUMS
_SECOND: Final = _FIRST + LENGTHS[0] * WIDTHS[0]
_THIRD: Final = _SECOND + LENGTHS[1] * WIDTHS[1]
_POOL: Final = _THIRD + LENGTHS[2] * WIDTHS[2]
_HIDDEN: Final = _POOL + POOLED
SCRATCH: Final = _HIDDEN + HIDDEN
"""Numbers of ``scratch`` that ``probability`` uses."""
_AT_ONCE: Final = 8  # inputs of a layer; how many it has is a multiple of it


@cache
def weights() -> npt.NDArray[np.float32]:
    """The numbers that come with the package, shape (n,)."""
    found: npt.NDArray[np.float32] = np.load(BytesIO(files("alerts.engine").joinpath("fall_model.npy").read_bytes()))
    return found


@inner
def probability(
    weights: npt.NDArray[np.float32], scratch: npt.NDArray[np.float32], window: npt.NDArray[np.int16], known: int
) -> float:  # fmt: skip
    """How probable it is that the jolt is a fall, 0 to 1.

    Args:
        weights: shape (n,), as ``weights()``.
        scratch: shape (SCRATCH,), what is in it means nothing.
        window: shape (WINDOW, 3), mg, the jolt at ``PEAK``; ``motion.MISSING`` on all axes where nothing is known.
        known: from here on nothing is.
    """
    horizon = 0
    while horizon < len(HORIZONS_MS) - 1 and known >= PEAK + HORIZONS_MS[horizon + 1] // CELL_MS:
        horizon += 1
    slope, offset = np.float64(weights[1 + 2 * horizon]), np.float64(weights[2 + 2 * horizon])
    log_odds = slope * opinion(weights, scratch, window, known) + offset
    return 1.0 / (1.0 + exp(-max(-50.0, min(50.0, log_odds))))


@inner
def opinion(
    weights: npt.NDArray[np.float32], scratch: npt.NDArray[np.float32], window: npt.NDArray[np.int16], known: int
) -> float:  # fmt: skip
    """Mean of the networks' outputs, log odds that are not calibrated yet."""
    describe(scratch, window, known)
    members = int(weights[0])
    total = 0.0
    for member in range(members):
        own = weights[HEAD + member * MEMBER : HEAD + (member + 1) * MEMBER]
        at = _layer(own, 0, scratch, 0, NUMBERS, KERNELS[0], _FIRST, LENGTHS[0], WIDTHS[0])
        at = _layer(own, at, scratch, _FIRST, WIDTHS[0], KERNELS[1], _SECOND, LENGTHS[1], WIDTHS[1])
        at = _layer(own, at, scratch, _SECOND, WIDTHS[1], KERNELS[2], _THIRD, LENGTHS[2], WIDTHS[2])
        _pool(scratch)
        at = _layer(own, at, scratch, _POOL, POOLED, 1, _HIDDEN, 1, HIDDEN)
        for i in range(HIDDEN):
            total += np.float64(own[at + i]) * np.float64(scratch[_HIDDEN + i])
        total += np.float64(own[at + HIDDEN])
    return total / max(1, members)


@gate
def _layer(
    weights: npt.NDArray[np.float32],
    at: int,
    scratch: npt.NDArray[np.float32],
    source: int,
    inputs: int,
    kernel: int,
    target: int,
    steps: int,
    width: int,
) -> int:
    """Convolve and cut off below 0; returns where the next layer's weights begin.

    Eight inputs are added to all outputs at a time, which stay in the processor's registers: a sixth of the time that
    one after the other takes (measured).
    """
    fan = kernel * inputs
    offsets = at + fan * width
    for step in range(steps):
        to = target + step * width
        for out in range(width):
            scratch[to + out] = weights[offsets + out]
        for i in range(0, fan, _AT_ONCE):
            o = source + step * STRIDE * inputs + i
            a, b, c, d = scratch[o], scratch[o + 1], scratch[o + 2], scratch[o + 3]
            e, f, g, h = scratch[o + 4], scratch[o + 5], scratch[o + 6], scratch[o + 7]
            w = at + i * width
            for out in range(width):
                o = w + out
                scratch[to + out] += (
                    a * weights[o]
                    + b * weights[o + width]
                    + c * weights[o + 2 * width]
                    + d * weights[o + 3 * width]
                    + e * weights[o + 4 * width]
                    + f * weights[o + 5 * width]
                    + g * weights[o + 6 * width]
                    + h * weights[o + 7 * width]
                )
        for out in range(width):
            scratch[to + out] = max(scratch[to + out], np.float32(0.0))
    return offsets + width


@inner
def _pool(scratch: npt.NDArray[np.float32]) -> None:
    """Mean and greatest of each stretch of the last layer: all means of a stretch, then all its greatest."""
    width = WIDTHS[2]
    for stretch in range(len(STRETCHES) - 1):
        start, end = STRETCHES[stretch], STRETCHES[stretch + 1]
        at = _POOL + 2 * width * stretch
        for out in range(width):
            total, most = np.float32(0.0), np.float32(0.0)
            for step in range(start, end):
                value = scratch[_THIRD + step * width + out]
                total += value
                most = max(most, value)
            scratch[at + out] = total / np.float32(end - start)
            scratch[at + width + out] = most
