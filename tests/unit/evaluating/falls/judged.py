"""Recordings that were judged, made up."""

from __future__ import annotations

import numpy as np

from anxin.evaluating.falls.people import Judged
from anxin.evaluating.falls.recordings import Recording
from anxin.evaluating.falls.run import Alarm, Heard

SAMPLES = 251
"""Ten seconds at 25 Hz, and the sample that ends them."""
JOLT_MS = 4000


def recording(
    subject: str = "ann", *, is_fall: bool = True, activity: str = "slip", age: str = "", folder: str = "set",
    file: str = "a.csv",
) -> Recording:  # fmt: skip
    samples = np.zeros((SAMPLES, 3), np.int16)
    samples[:, 2] = 1000
    samples[JOLT_MS // 40] = (-3000, 0, 500)
    t = np.arange(SAMPLES, dtype=np.float64) * 40
    return Recording(file, subject, is_fall, activity, age, folder, t, samples)


def judged(
    subject: str = "ann", *, is_fall: bool = True, raised_ms: tuple[int, ...] = (), surest: float | None = None,
    activity: str = "slip", age: str = "", folder: str = "set", file: str = "a.csv",
) -> Judged:  # fmt: skip
    alarms = tuple(Alarm(at, JOLT_MS, 0.9) for at in raised_ms)
    sure = surest if surest is not None else (0.9 if alarms else -1.0)
    whose = recording(subject, is_fall=is_fall, activity=activity, age=age, folder=folder, file=file)
    return Judged(whose, Heard(alarms, sure))
