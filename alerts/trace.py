"""What a wrist felt around a fall: the windows that its device sent, laid out as one even row of samples.

Windows may overlap, leave gaps, or differ in rate. The later window counts where two overlap; a gap of at most
``BRIDGED_MS`` is drawn over, as the detector does; a longer one stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

BEFORE_MS: Final = 8_000
AFTER_MS: Final = 20_000
"""What is kept of a fall: ``[jolt - BEFORE_MS, jolt + AFTER_MS)``. Source: assumption; long enough to see what went
before, and whether anybody moves afterwards."""
BRIDGED_MS: Final = 200
"""Source: ADR 32, the same as the detector's."""
FASTEST_HZ: Final = 200.0
"""Samples that came faster are thinned out. Source: assumption; twice what bands are asked for (20 to 100 Hz)."""

_AXES: Final = 3


class Piece(NamedTuple):
    """A window as it came: ``t_ms`` of its first sample; shape (n, 3), int16, milli-g."""

    t_ms: int
    rate_hz: float
    samples_mg: npt.NDArray[np.int16]


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """Samples from ``t0_ms`` on, ``rate_hz`` a second, in milli-g; None where nothing is known.

    ``jolt_ms``: the moment of the fall. ``jolts``: of every trace of the alarm, oldest first.
    """

    t0_ms: int
    rate_hz: float
    jolt_ms: int
    jolts: tuple[int, ...]
    x_mg: list[int | None]
    y_mg: list[int | None]
    z_mg: list[int | None]


def lay_out(pieces: Sequence[Piece], jolt_ms: int, jolts: Sequence[int] = ()) -> Trace | None:
    """The windows around ``jolt_ms`` as one row; None when they hold no sample."""
    t_ms, samples = _in_order(pieces, jolt_ms)
    if not len(t_ms):
        return None
    rate_hz = min(max(piece.rate_hz for piece in pieces), FASTEST_HZ)
    step_ms = 1000.0 / rate_hz
    cells = round((t_ms[-1] - t_ms[0]) / step_ms) + 1
    at = t_ms[0] + np.arange(cells) * step_ms
    after = np.clip(np.searchsorted(t_ms, at), 0, len(t_ms) - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(at - t_ms[before] <= t_ms[after] - at, before, after)
    far = np.abs(at - t_ms[nearest]) > 0.5 * step_ms + 1e-6
    bridged = far & (t_ms[after] - t_ms[before] <= BRIDGED_MS)
    columns = []
    for axis in range(_AXES):
        own = samples[:, axis].astype(float)
        values = np.where(bridged, np.interp(at, t_ms, own), own[nearest])
        columns.append(
            [None if unknown else round(value) for value, unknown in zip(values.tolist(), far & ~bridged, strict=True)]
        )
    x_mg, y_mg, z_mg = columns
    return Trace(
        t0_ms=round(float(t_ms[0])),
        rate_hz=round(rate_hz, 3),
        jolt_ms=jolt_ms,
        jolts=tuple(jolts) or (jolt_ms,),
        x_mg=x_mg,
        y_mg=y_mg,
        z_mg=z_mg,
    )


def felt_g(trace: Trace) -> npt.NDArray[np.float64]:
    """How much is felt whatever the direction, in g (1 at rest); shape (n,), NaN where nothing is known."""
    axes = np.array([trace.x_mg, trace.y_mg, trace.z_mg], dtype=float)
    felt: npt.NDArray[np.float64] = np.sqrt((axes**2).sum(axis=0)) / 1000.0
    return felt


def since_jolt_s(trace: Trace) -> npt.NDArray[np.float64]:
    """When each sample was taken, seconds after the jolt; shape (n,)."""
    at: npt.NDArray[np.float64] = (trace.t0_ms - trace.jolt_ms) / 1000.0 + np.arange(len(trace.x_mg)) / trace.rate_hz
    return at


def _in_order(pieces: Sequence[Piece], jolt_ms: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int16]]:
    """Time (ms) and samples of all pieces, rising; of what overlaps, the later piece."""
    times: list[npt.NDArray[np.float64]] = []
    rows: list[npt.NDArray[np.int16]] = []
    end = float(jolt_ms + AFTER_MS)
    for piece in sorted(pieces, key=lambda each: each.t_ms, reverse=True):
        step_ms = 1000.0 / piece.rate_hz
        t_ms: npt.NDArray[np.float64] = piece.t_ms + np.arange(len(piece.samples_mg), dtype=np.float64) * step_ms
        kept = (t_ms >= jolt_ms - BEFORE_MS) & (t_ms < end - 0.5 * step_ms * bool(times))
        if kept.any():
            times.insert(0, t_ms[kept])
            rows.insert(0, piece.samples_mg[kept])
            end = float(times[0][0])
    if not times:
        return np.empty(0), np.empty((0, _AXES), np.int16)
    return np.concatenate(times), np.concatenate(rows)
