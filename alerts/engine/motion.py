"""The motion of a wrist as one stream: 25 samples a second on a grid, the newest 12 s of each device that sends any.

Whatever the rate of a device, and however it cuts its motion into windows, a cell of the grid is the mean of the
samples in it; where there is none, a line between the sample before and the one after, if those are not far apart,
else nothing is known. Cells are closed one after the other, each when a sample of a later one comes, and nothing is
concluded from an open one: so it makes no difference where a window ends. What was heard already is left out of a
window that overlaps the one before.
"""

from __future__ import annotations

from math import floor
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import entry, inner
from alerts.engine.journal import keep_motion
from alerts.engine.layout import FOREVER, NEVER, NOBODY, NONE, Journal, State
from devices.batch import Records

CELL_MS: Final = 40
"""One cell of the grid, [40 · c, 40 · (c + 1)) Unix ms."""
CELL_US: Final = 1000 * CELL_MS
RING: Final = 300
"""Cells that are remembered of each device."""
MISSING: Final = -32_768
"""On all axes of a cell of which nothing is known."""
JOLT_MG: Final = 1_500
"""A cell with less, as the length of its three axes, is no jolt. None of the 433 recorded falls that the model was
trained on has less, one has less than 1,700."""
BRIDGED_US: Final = 200_000
"""Samples no further apart have a line between them. Assumption: the slowest band that is meant sends 20 Hz, and one
in five of its samples may be lost."""

MOTION: Final[np.dtype[Any]] = np.dtype(
    [
        ("mark", "i8"),  # newest min(t, received) of the kind
        ("begin_ms", "i8"),  # ``t`` of the newest window that was taken in
        ("newest_us", "i8"),  # time of the newest sample, NEVER before the first
        ("cell", "i8"),  # the newest cell that has a sample; it is still open
        ("jolt", "i8"),  # the newest cell that was closed and may be a jolt, NEVER
        ("late_to", "i8"),  # the newest cell that came late, NEVER
        ("due", "i8"),  # when the stream counts as ended, FOREVER when nothing waits for it
        ("seq", "i8"),  # of the newest window
        ("opening_t", "i8"),  # of the newest fall, NEVER before the first; with opening_seq its name
        ("opening_seq", "i8"),
        ("since", "i8"),  # the newest jolt of it
        ("watch_to", "i8"),  # up to that cell it is looked what became of the wearer, NEVER
        ("pulse_ms", "i8"),  # when the newest heart rate was measured, NEVER
        ("well_ms", "i8"),  # when they last said that they are well, NEVER
        ("told", "f8"),  # the greatest probability that was told of it
        ("threshold", "f8"),  # which that reached
        ("surest", "f8"),  # the greatest probability of all jolts, of those that might have been told; -1 before
        ("held", "i8"),  # the jolt of a fall that waits to be told (``held_fall``), NEVER when none does
        ("held_probable", "f8"),
        ("held_threshold", "f8"),
        ("peak_g", "f4"),
        ("free_fall_ms", "f4"),
        ("posture_deg", "f4"),
        ("pulse_bpm", "f4"),
        ("held_peak_g", "f4"),
        ("held_free_fall_ms", "f4"),
        ("held_posture_deg", "f4"),
        ("held_wearer", "i4"),
        ("sum", "i4", (3,)),  # of the samples of the open cell, mg
        ("wearer", "i4"),  # whose fall it was
        ("newest", "i2", (3,)),  # the newest sample, mg
        ("still", "i2"),  # whole seconds of stillness in a row, of the newest fall
        ("walked", "i2"),  # whole seconds in which they walked since
        ("held_still", "i2"),  # whole seconds of stillness in a row, of the fall that waits
        ("held_walked", "i2"),
        ("held_seen", "i2"),  # whole seconds since it waits
        ("held_calm", "i2"),  # of which in so many nobody moved as who is well does
        ("count", "i2"),  # samples of the open cell
        ("said", "i1"),  # bits of what was said of it: stillness, walking, a heart rate, that they go on
        ("_spare", "i1", (3,)),
    ],
    align=True,
)
"""What is known of a device's motion beside its ring: with it 2 KiB at most."""


def blank_motions(count: int) -> Records:
    """Motion of which nothing is known yet."""
    return np.zeros(count, MOTION)


def blank_rings(count: int) -> npt.NDArray[np.int16]:
    """Rings whose content means nothing: ``begin_motion`` empties each when it is given away."""
    return np.empty((count, 3 * RING), np.int16)


@inner
def mark_motion(state: State, journal: Journal, d: int, order: int, t: int) -> tuple[int, bool]:
    """Set the device's mark of motion where a window is newer; returns the mark before, and whether it is newer.

    Windows that arrive together from a clock that is ahead have one ``order``: the later begin decides then. There must
    be a free row.
    """
    row = state.motion_row[d]
    if row == NONE:
        row = begin_motion(state, journal, d)
    before = int(state.motion[row]["mark"])
    newer = order > before or (order == before and t > state.motion[row]["begin_ms"])
    if newer:
        if before != NEVER:
            keep_motion(state, journal, row, NONE)
        state.motion[row]["mark"] = order
    return before, newer


@inner
def begin_motion(state: State, journal: Journal, d: int) -> int:
    """Give a device the next free row."""
    row = int(state.motion_used[0])
    state.motion_used[0] = row + 1
    state.motion_row[d] = row
    keep_motion(state, journal, row, d)
    motion = state.motion[row]
    motion["mark"] = NEVER
    motion["seq"] = -1
    motion["opening_t"] = NEVER
    motion["opening_seq"] = -1
    motion["since"] = NEVER
    motion["watch_to"] = NEVER
    motion["pulse_ms"] = NEVER
    motion["well_ms"] = NEVER
    motion["told"] = 0.0
    motion["threshold"] = 0.0
    motion["surest"] = -1.0
    motion["peak_g"] = 0.0
    motion["free_fall_ms"] = 0.0
    motion["posture_deg"] = 0.0
    motion["pulse_bpm"] = np.nan
    motion["held_probable"] = 0.0
    motion["held_threshold"] = 0.0
    motion["held_peak_g"] = 0.0
    motion["held_free_fall_ms"] = 0.0
    motion["held_posture_deg"] = 0.0
    motion["held_wearer"] = NOBODY
    motion["held_still"] = 0
    motion["held_walked"] = 0
    motion["held_seen"] = 0
    motion["held_calm"] = 0
    motion["wearer"] = NOBODY
    motion["still"] = 0
    motion["walked"] = 0
    motion["said"] = 0
    for i in range(3):
        motion["_spare"][i] = 0
    state.fall_due[row] = FOREVER
    begin_stream(motion, state.motion_ring, row)
    return row


@inner
def begin_stream(motion: Any, ring: npt.NDArray[np.int16], row: int) -> None:
    """Let nothing be known of what was measured so far."""
    motion["begin_ms"] = NEVER
    motion["newest_us"] = NEVER
    motion["cell"] = NEVER
    motion["jolt"] = NEVER
    motion["held"] = NEVER
    motion["late_to"] = NEVER
    motion["due"] = FOREVER
    motion["count"] = 0
    for axis in range(3):
        motion["sum"][axis] = 0
        motion["newest"][axis] = 0
    empty_ring(ring, row)


@inner
def empty_ring(ring: npt.NDArray[np.int16], row: int) -> None:
    """Let nothing be known of the last ``RING`` cells."""
    for i in range(3 * RING):
        ring[row, i] = MISSING


@inner
def close_cell(motion: Any, ring: npt.NDArray[np.int16], row: int, us: int, sample: npt.NDArray[np.int16]) -> int:
    """Close the open cell since a sample of a later one has come, measured at ``us``, µs; returns the cell."""
    cell = int(motion["cell"])
    at = 3 * (cell % RING)
    count = int(motion["count"])
    since = us - int(motion["newest_us"])
    if count > 0:
        length = 0
        for axis in range(3):
            value = (2 * int(motion["sum"][axis]) + count) // (2 * count)
            ring[row, at + axis] = value
            motion["sum"][axis] = 0
            length += value * value
        if length >= JOLT_MG * JOLT_MG:
            motion["jolt"] = cell
        motion["count"] = 0
    elif since <= BRIDGED_US:
        share = (cell * CELL_US + CELL_US // 2 - int(motion["newest_us"])) / since
        length = 0
        for axis in range(3):
            before, after = int(motion["newest"][axis]), bounded(sample[axis])
            value = floor(before + share * (after - before) + 0.5)
            ring[row, at + axis] = value
            length += value * value
        if length >= JOLT_MG * JOLT_MG:
            motion["jolt"] = cell
    else:
        for axis in range(3):
            ring[row, at + axis] = MISSING
    motion["cell"] = cell + 1
    return cell


@inner
def take_sample(motion: Any, us: int, sample: npt.NDArray[np.int16]) -> None:
    """Count a sample into the open cell, in which it lies."""
    for axis in range(3):
        value = bounded(sample[axis])
        motion["sum"][axis] += value
        motion["newest"][axis] = value
    motion["count"] += 1
    motion["newest_us"] = us


@inner
def bounded(value: int) -> int:
    """A measured value, which never looks like one that is missing."""
    return max(MISSING + 1, int(value))


def canonical(samples: npt.NDArray[np.int16], rate_hz: float, t_ms: int = 0) -> npt.NDArray[np.int16]:
    """Samples as the stream has them, from the cell of ``t_ms`` on; shape (n, 3), mg, ``MISSING`` where unknown.

    Args:
        samples: shape (n, 3), mg.
        rate_hz: 1 to 1000.
        t_ms: when the first of them was measured, not before 1970.
    """
    cells = int(len(samples) * 1000.0 / rate_hz) // CELL_MS + 2
    found = np.empty((cells, 3), np.int16)
    motion, ring = blank_motions(1), blank_rings(1)
    return found[: _canonical(np.ascontiguousarray(samples, np.int16), float(rate_hz), t_ms, motion, ring, found)]


@entry
def _canonical(
    samples: npt.NDArray[np.int16], rate_hz: float, t_ms: int, motions: Records, ring: npt.NDArray[np.int16],
    found: npt.NDArray[np.int16],
) -> int:  # fmt: skip
    motion = motions[0]
    begin_stream(motion, ring, 0)
    n = 0
    for i in range(len(samples) + 1):
        us = t_ms * 1000 + int(i * (1e6 / rate_hz) + 0.5)
        last = i == len(samples)
        cell = int(motion["cell"]) + 1 if last else us // CELL_US
        if motion["newest_us"] == NEVER:
            motion["cell"] = cell
        while motion["cell"] < cell:
            closed = close_cell(motion, ring, 0, us, samples[min(i, len(samples) - 1)])
            for axis in range(3):
                found[n, axis] = ring[0, 3 * (closed % RING) + axis]
            n += 1
        if not last:
            take_sample(motion, us, samples[i])
    return n


def forget(state: State) -> None:
    """Let nothing be known of any stream; between batches, outside the journal."""
    for row in range(int(state.motion_used[0])):
        begin_stream_of(state, row)


@entry
def begin_stream_of(state: State, row: int) -> None:
    """Let nothing be known of what one device has measured so far."""
    begin_stream(state.motion[row], state.motion_ring, row)
    state.motion_stamp[row] += 1
    state.fall_due[row] = FOREVER


def gathered(state: State) -> tuple[npt.NDArray[np.int32], Records, npt.NDArray[np.int16]]:
    """The rows in the order of their devices with none to spare: ``motion_row``, ``motion`` and ``motion_ring``."""
    devices = np.flatnonzero(state.motion_row != NONE)
    rows = state.motion_row[devices]
    motion_row = np.full_like(state.motion_row, NONE)
    motion_row[devices] = np.arange(len(devices))
    return motion_row, state.motion[rows], state.motion_ring[rows]
