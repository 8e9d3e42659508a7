"""The ``motion`` windows that a band would have sent of a recording, and when each arrives.

A band measures at a steady rate and fills a window before it sends it. Samples that are missing end a window. Times
that were stamped on arrival rather than on the wrist come in bursts; such samples are spaced evenly first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from anxin.evaluating.falls.recordings import Recording, Times
from devices.batch import HEADER, MOTION, ReadingBatch, empty_batch
from devices.kinds import Kind

WINDOW_MS: Final = 1000
"""A band sends so much at a time: the alarm's delay has up to so much of waiting in it. Assumption."""
_STEADY: Final = 0.9
"""From this share of intervals on that are whole multiples of the usual one, the rest are samples missing."""
_NEAR: Final = 0.25
"""So far from a whole multiple, in parts of the usual interval, is near enough; a millisecond is always."""
_FAR: Final = 0.6
"""So far from a whole multiple no sample of a steady recording is: others come too close to the one before."""
_STRETCH_MS: Final = 2000.0
"""Over so much an uneven recording's mean rate is taken for steady. Assumption."""
_BROKEN_MS: Final = 1000.0
"""An uneven recording has a gap from here on; shorter ones may be a burst's. Assumption."""


class Windows(NamedTuple):
    """Windows of one recording, in order.

    Attributes:
        first: shape (n,), int64, the sample that each begins with.
        length: shape (n,), int64, how many.
        t: shape (n,), int64, of the first sample, ms from the recording's start.
        rate_hz: shape (n,).
        arrives: shape (n,), int64, ms from the recording's start.
    """

    first: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    t: npt.NDArray[np.int64]
    rate_hz: Times
    arrives: npt.NDArray[np.int64]


def windows_of(t: Times, window_ms: int = WINDOW_MS) -> Windows:
    """Cut a recording's times (shape (n,), ms, never falling, from 0 on) into windows."""
    usual = _steady_interval(t)
    steady = usual is not None
    if usual is None:
        t = _evened(t)
        usual = float(np.median(np.diff(t)))
    frame = np.floor(t / window_ms).astype(np.int64)
    begins = np.concatenate([[True], (np.diff(t) > usual + max(1.0, usual / 2)) | (np.diff(frame) > 0)])
    first = np.flatnonzero(begins)
    length = np.diff(np.append(first, len(t)))
    last = first + length - 1
    lasted = t[last] - t[first]
    measured = (lasted > 0) & (not steady)
    rate = np.where(measured, (length - 1) * 1000 / np.where(measured, lasted, 1.0), 1000 / usual)
    arrives = np.minimum((frame[first] + 1) * window_ms, np.ceil(t[-1] + usual)).astype(np.int64)
    arrives = np.maximum(arrives, np.ceil(t[last])).astype(np.int64)
    return Windows(first, length, np.rint(t[first]).astype(np.int64), rate, arrives)


def sent(recordings: Sequence[Recording], start_ms: int, window_ms: int = WINDOW_MS) -> ReadingBatch:
    """Everything that the bands of these recordings send, in order of arrival; device ``i`` wears recording ``i``."""
    cut = [windows_of(recording.t, window_ms) for recording in recordings]
    before = np.cumsum([0, *(len(recording.t) for recording in recordings)])
    device = np.repeat(np.arange(len(cut)), [len(one.first) for one in cut])
    arrives = np.concatenate([one.arrives for one in cut])
    order = np.lexsort((device, arrives))
    header = np.zeros(len(order), HEADER)
    header["t"] = start_ms + np.concatenate([one.t for one in cut])[order]
    header["received"] = start_ms + arrives[order]
    header["device"] = device[order]
    header["seq"] = np.concatenate([np.arange(len(one.first)) for one in cut])[order]
    header["pos"] = header["row"] = np.arange(len(order))
    header["kind"], header["trusted"] = Kind.MOTION, 1
    motion = np.zeros(len(order), MOTION)
    motion["rate_hz"] = np.concatenate([one.rate_hz for one in cut])[order]
    motion["first"] = np.concatenate([one.first + start for one, start in zip(cut, before[:-1], strict=True)])[order]
    motion["count"] = np.concatenate([one.length for one in cut])[order]
    samples = np.concatenate([recording.samples for recording in recordings])
    return empty_batch()._replace(header=header, motion=motion, samples=samples)


def _steady_interval(t: Times) -> float | None:
    """The interval at which was measured, some samples missing perhaps; None where there is none."""
    steps = np.diff(t)
    usual = float(np.median(steps))
    if usual <= 0:
        return None
    multiples = np.maximum(1.0, np.rint(steps / usual))
    off = np.abs(steps - multiples * usual)
    near = off <= max(1.0, _NEAR * usual)
    if near.mean() < _STEADY or off.max() > max(1.0, _FAR * usual):
        return None
    return float(steps[near].sum() / multiples[near].sum())


def _evened(t: Times) -> Times:
    """The same samples, evenly spaced over each stretch of a few seconds between gaps."""
    gaps = np.flatnonzero(np.diff(t) >= _BROKEN_MS) + 1
    parts: list[Times] = []
    for part in np.split(t, gaps):
        samples = len(part)
        if samples < 3 or part[0] == part[-1]:
            parts.append(part)
            continue
        stretches = max(1, round((part[-1] - part[0]) / _STRETCH_MS))
        edges = np.unique(np.linspace(0, samples - 1, stretches + 1).astype(np.int64))
        parts.append(np.interp(np.arange(samples), edges, part[edges]))
    return np.concatenate(parts)
