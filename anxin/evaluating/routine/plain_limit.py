"""The baseline: an alarm whenever so long was recorded without a sign, for everybody and at any hour."""

from __future__ import annotations

from typing import Final

import numpy as np

from anxin.evaluating.routine.lives import Life
from anxin.evaluating.routine.outcome import Outcome
from anxin.evaluating.routine.recordings import Times
from devices.clock import HOUR_MS

LIMIT_H: Final = 12.0


def judged(life: Life, ends: Times, limit_h: float = LIMIT_H) -> Outcome:
    """What a plain limit would have said; only recorded time counts, as for the engine."""
    limit_ms = limit_h * HOUR_MS
    signs = np.flatnonzero(np.diff(life.steps, prepend=life.steps[0] - 1) > 0)
    # The report that brings a sign is no stillness: the one before it is where the silence was longest.
    until = np.append(signs[1:] - 1, len(life.t) - 1)
    silences = life.recorded_ms[until] - life.recorded_ms[signs]
    last_sign = signs[np.searchsorted(life.t[signs], ends, "right") - 1]
    silent_ms = np.interp(ends, life.t, life.recorded_ms) - life.recorded_ms[last_sign]
    waits = np.maximum(0.0, limit_ms - silent_ms) / HOUR_MS
    return Outcome(int(np.count_nonzero(silences >= limit_ms)), waits, int(np.count_nonzero(silent_ms >= limit_ms)))
