"""What a window of motion tells of the wrist: two axes of three that hardly vary are a wrist at rest."""

from __future__ import annotations

from statistics import pstdev

from tests.reference.oracle.words import Told


def told_by(window: Told) -> str:
    """Stirred, still, or untold when it is shorter than a second."""
    samples, rate_hz = window.fields["samples"], window.number("rate_hz")
    if not (rate_hz > 0 and len(samples) >= max(2, rate_hz)):
        return "untold"
    axes = samples.T.tolist()
    steady = sum(pstdev(axis) < 13 for axis in axes)
    narrow = sum(max(axis) - min(axis) < 50 for axis in axes)
    return "still" if max(steady, narrow) >= 2 else "stirred"
