"""Recordings made worse on purpose: a band turned round, a smaller range, another rate, samples lost.

What happens on the wrist and in the band comes in that order: it is turned, it measures within its range and at its
rate, and what it sends is lost on the way.
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

import numpy as np

from anxin.evaluating.falls.recordings import MOST_MG, Recording
from anxin.training.variation import turned


class Alterations(NamedTuple):
    """What is done to every recording; by default nothing.

    Attributes:
        turn_seed: each file is turned its own way, any orientation as likely as another; None leaves them.
        clip_mg: the range of each axis, ±; None as recorded.
        rate_hz: recorded anew at this rate, straight lines between the samples; None as recorded.
        lose: this share of the samples never arrives, each as likely as another.
        seed: of what is lost.
    """

    turn_seed: int | None = None
    clip_mg: float | None = None
    rate_hz: float | None = None
    lose: float = 0.0
    seed: int = 1

    def told(self) -> dict[str, float]:
        """Those that change something, under the names of the command's options."""
        found = {"turn": self.turn_seed, "clip_mg": self.clip_mg, "rate": self.rate_hz, "lose": self.lose or None}
        return {name: float(value) for name, value in found.items() if value is not None}


def altered(recording: Recording, by: Alterations) -> Recording:
    """The recording as it would have come; nobody else's recording changes what becomes of it."""
    t, samples = recording.t, recording.samples.astype(np.float64)
    if by.turn_seed is not None:
        samples = samples @ turned(_chance(recording, by.turn_seed)).T
    if by.clip_mg is not None:
        samples = samples.clip(-by.clip_mg, by.clip_mg)
    if by.rate_hz is not None:
        moments = np.arange(0.0, float(t[-1]) + 1e-6, 1000.0 / by.rate_hz)
        samples = np.stack([np.interp(moments, t, axis) for axis in samples.T], axis=1)
        t = moments
    if by.lose:
        kept = _chance(recording, by.seed).random(len(t)) >= by.lose
        if kept.sum() >= 2:
            t, samples = t[kept], samples[kept]
    return recording._replace(t=t, samples=np.rint(samples.clip(-MOST_MG, MOST_MG)).astype(np.int16))


def _chance(recording: Recording, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, crc32(f"{recording.folder}/{recording.file}".encode())])
