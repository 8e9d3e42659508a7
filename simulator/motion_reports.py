"""Invented movements as devices and laboratories hand them on: readings of a band, files with a manifest."""

from __future__ import annotations

import base64
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from simulator.motion import DAILY, FALLS, daily, fall
from simulator.recordings import Recorded
from simulator.wrist import Motion

WINDOW_S: Final = 2.0
"""How much a band sends at a time. Source: assumption; at 25 Hz a payload of 400 octets."""


def windows(motion: Motion, begin_ms: int, *, seconds: float = WINDOW_S, overlap_s: float = 0.0) -> Iterator[Recorded]:
    """The ``motion`` readings of a movement that begins at ``begin_ms``, each with its first sample's time.

    Args:
        motion: What was felt.
        begin_ms: When its first sample was taken.
        seconds: The length of a window; at least one sample goes into each.
        overlap_s: So much of a window is in the next one again; less than ``seconds``.
    """
    size = max(1, round(seconds * motion.rate_hz))
    step = max(1, size - round(overlap_s * motion.rate_hz))
    for first in range(0, len(motion.t_ms), step):
        samples = motion.samples_mg[first : first + size].astype("<i2")
        fields: dict[str, object] = {
            "rate_hz": motion.rate_hz,
            "samples": base64.b64encode(samples.tobytes()).decode(),
        }
        yield Recorded(begin_ms + int(motion.t_ms[first]), "motion", fields)


def write_trials(
    folder: Path, *, subjects: int = 4, rate_hz: float = 25.0, range_g: float = 16.0, after_s: float = 12.0
) -> Path:
    """Write a laboratory's recordings into an empty folder: each subject does everything once.

    Returns:
        The manifest (contract section 6).
    """
    rows = []
    for subject in range(subjects):
        falls = {kind: fall(subject, kind, rate_hz=rate_hz, range_g=range_g, after_s=after_s) for kind in FALLS}
        lives = {kind: daily(subject, kind, rate_hz=rate_hz, range_g=range_g, after_s=after_s) for kind in DAILY}
        for label, trials in (("fall", falls), ("adl", lives)):
            for activity, motion in trials.items():
                file = f"{label}-{activity}-{subject}.csv"
                write_recording(folder / file, motion)
                rows.append((file, f"P{subject:02d}", label, activity))
    manifest = folder / "manifest.csv"
    with manifest.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([("file", "subject", "label", "activity"), *rows])
    return manifest


def write_recording(path: Path, motion: Motion) -> None:
    """Write a movement as a recording of contract section 6."""
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(("t_ms", "x_mg", "y_mg", "z_mg"))
        writer.writerows((t, *axes) for t, axes in zip(motion.t_ms.tolist(), motion.samples_mg.tolist(), strict=True))
