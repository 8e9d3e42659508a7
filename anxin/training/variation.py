"""Other bands, other wearers, other luck: each time it is seen, a recorded jolt is a little different.

What is varied is what must not matter: how the band is turned, its range, its rate and where its samples fall, what is
lost on the way, how strong and how quick the wearer is, and how much is known before and after the jolt. The shares are
assumptions; the figures of the model card tell what they are worth.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from alerts.engine.fall_model import PEAK, WINDOW
from alerts.engine.fall_shape import NUMBERS, SHAPE, SUMS, describe
from alerts.engine.motion import CELL_MS, MISSING
from anxin.training.streams import Cells, Rows, Times, grid

Samples = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.float32]

_BESIDE: Final = 12
"""Cells around the window, in which the jolt is looked for again."""
_AS_WORN: Final = 0.3
"""So many are not turned."""
_STRONG_MG: Final = 1_300.0
"""What exceeds this of an acceleration is the wearer's movement, and made larger or smaller."""
_RATES_HZ: Final = (18.0, 52.0)


@njit()
def turned(chance: np.random.Generator) -> Samples:
    """A rotation, shape (3, 3), any as likely as another.

    Source: Shoemake 1992, Uniform random rotations, Graphics Gems III, DOI 10.1016/B978-0-08-050755-2.50036-1.
    """
    q = np.empty(4)
    for i in range(4):
        q[i] = chance.standard_normal()
    w, x, y, z = q / np.sqrt((q * q).sum())
    turn = np.empty((3, 3))
    turn[0, :] = (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w))
    turn[1, :] = (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w))
    turn[2, :] = (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y))
    return turn


@njit()
def range_mg(chance: np.random.Generator) -> float:
    """The range of a band."""
    share = chance.random()
    if share < 0.3:
        return 2_000.0
    if share < 0.35:
        return 3_000.0
    if share < 0.55:
        return 4_000.0
    return 8_000.0 if share < 0.7 else 32_000.0


@njit()
def interval_ms(chance: np.random.Generator) -> float:
    """Between the samples of a band, 0: as recorded."""
    share = chance.random()
    if share < 0.4:
        return 0.0
    return 50.0 if share < 0.6 else 1000.0 / (_RATES_HZ[0] + chance.random() * (_RATES_HZ[1] - _RATES_HZ[0]))


@njit()
def measured(t: Times, samples: Samples, jolt_ms: float, chance: np.random.Generator) -> tuple[Times, Samples]:
    """What another band would have measured around a jolt, times from it on."""
    turn = turned(chance) if chance.random() >= _AS_WORN else np.eye(3)
    own = 1 + 0.08 * chance.standard_normal()
    gain, offset = np.empty(3), np.empty(3)
    for axis in range(3):
        gain[axis] = own * (1 + 0.03 * chance.standard_normal())
        offset[axis] = 25 * chance.standard_normal()
    strength = np.exp(0.12 * chance.standard_normal())
    pace = np.exp(0.08 * chance.standard_normal())
    most = range_mg(chance)
    noise = 15 * chance.random()
    step = interval_ms(chance)
    lost = 0.3 * chance.random() if chance.random() < 0.25 else 0.0
    low = np.searchsorted(t, jolt_ms - (PEAK + _BESIDE) * CELL_MS * pace)
    high = np.searchsorted(t, jolt_ms + (WINDOW - PEAK + _BESIDE) * CELL_MS * pace)
    span = (t[high - 1] - t[low]) / pace
    count = int(span / step) + 1 if step > 0 else high - low
    times, found = np.empty(count), np.empty((count, 3))
    began = chance.random() * step
    at, kept = low, 0
    for i in range(count):
        if step > 0:
            moment = t[low] + (began + i * step) * pace
            if moment > t[high - 1]:
                break
            while at < high - 2 and t[at + 1] < moment:
                at += 1
            after = min(at + 1, high - 1)
            share = (moment - t[at]) / (t[after] - t[at]) if after > at else 0.0
        else:
            at, after, share, moment = low + i, low + i, 0.0, t[low + i]
        if lost > 0 and chance.random() < lost:
            continue
        sample = samples[at] + min(max(share, 0.0), 1.0) * (samples[after] - samples[at])
        length = np.sqrt((sample * sample).sum())
        scale = (_STRONG_MG + (length - _STRONG_MG) * strength) / length if length > _STRONG_MG else 1.0
        for axis in range(3):
            value = turn[axis, 0] * sample[0] + turn[axis, 1] * sample[1] + turn[axis, 2] * sample[2]
            value = value * scale * gain[axis] + offset[axis] + noise * chance.standard_normal()
            found[kept, axis] = min(max(value, -most), most)
        times[kept] = (moment - jolt_ms) / pace
        kept += 1
    return times[:kept], found[:kept]


@njit()
def vary(t: Times, samples: Samples, jolt_ms: float, chance: np.random.Generator, window: Cells) -> int:
    """Fill a window (shape (WINDOW, 3)) with a jolt as another band would tell it; returns from where nothing is known.

    Args:
        t: shape (n,), ms, rising.
        samples: shape (n, 3), mg.
        jolt_ms: where the jolt is.
        chance: decides.
        window: written.
    """
    times, found = measured(t, samples, jolt_ms, chance)
    cells = np.empty((WINDOW + 2 * _BESIDE, 3), np.int16)
    begin = -(PEAK + _BESIDE + 0.5) * CELL_MS
    if not (len(times) == len(t) and chance.random() < 0.5):
        begin += (chance.random() - 0.5) * CELL_MS
    grid(times, found, begin, cells)
    best, most = PEAK + _BESIDE, -1.0
    for i in range(PEAK + _BESIDE - 8, PEAK + _BESIDE + 9):
        if cells[i, 0] != MISSING:
            length = float(cells[i, 0]) ** 2 + float(cells[i, 1]) ** 2 + float(cells[i, 2]) ** 2
            if length > most:
                best, most = i, length
    if chance.random() < 0.15:
        best += int(chance.integers(-2, 3))
    begins, ends = forgotten(chance)
    known = 0
    for i in range(WINDOW):
        each = best - PEAK + i
        there = 0 <= each < len(cells) and begins <= i < ends
        for axis in range(3):
            window[i, axis] = cells[each, axis] if there else MISSING
        if window[i, 0] != MISSING:
            known = i + 1
    return known


@njit()
def forgotten(chance: np.random.Generator) -> tuple[int, int]:
    """From where to where of a window is known at most: every horizon, streams that begin or end near the jolt."""
    ends = WINDOW
    if chance.random() < 0.5:
        share = chance.random()
        if share < 0.3:
            ends = PEAK + 31
        elif share < 0.6:
            ends = PEAK + 76
        else:
            ends = PEAK + 12 + int(chance.random() * (WINDOW - PEAK - 12))
    begins = int(chance.random() * (PEAK - 12)) if chance.random() < 0.35 else 0
    return begins, ends


@njit()
def shapes_of(windows: Cells, known: Rows) -> Shapes:
    """What the networks see of windows (shape (n, WINDOW, 3)): shape (n, WINDOW, NUMBERS)."""
    found = np.empty((len(windows), WINDOW, NUMBERS), np.float32)
    scratch = np.empty(SHAPE + SUMS, np.float32)
    for i in range(len(windows)):
        describe(scratch, windows[i], known[i])
        found[i] = scratch[:SHAPE].reshape(WINDOW, NUMBERS)
    return found


@njit()
def varied(
    t: Times, samples: Samples, starts: Rows, recording: Rows, jolt_ms: Times, chance: np.random.Generator
) -> tuple[Cells, Rows]:
    """A window of each jolt, and from where on nothing is known of it.

    Args:
        t: shape (n,), ms, of all recordings, each rising.
        samples: shape (n, 3), mg.
        starts: shape (recordings + 1,), where each begins in them.
        recording: shape (m,), of each jolt.
        jolt_ms: shape (m,).
        chance: decides.
    """
    windows = np.empty((len(recording), WINDOW, 3), np.int16)
    known = np.empty(len(recording), np.int64)
    for i in range(len(recording)):
        own = slice(starts[recording[i]], starts[recording[i] + 1])
        known[i] = vary(t[own], samples[own], jolt_ms[i], chance, windows[i])
    return windows, known
