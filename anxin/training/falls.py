"""Training the model of falls: from recordings to the weights of ``alerts.engine.fall_model``.

Some networks are trained, each without one group of the people. What each says of the people it never saw calibrates
the whole; nobody's recordings judge what was learned from them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from alerts.engine.fall_model import HORIZONS_MS, PEAK
from alerts.engine.motion import CELL_MS
from anxin.evaluating.falls.recordings import Recording
from anxin.evaluating.falls.windows import windows_of
from anxin.training.network import BATCH, Learner, Weights, flat, opinions
from anxin.training.streams import Rows, Times, jolts_of, lengths, stream, windows_at
from anxin.training.variation import shapes_of, varied

Flags = npt.NDArray[np.bool_]

GROUPS: Final = 5
"""Each network is trained without one of so many groups of people."""
ROUNDS: Final = 2
"""So often the people are divided anew; GROUPS · ROUNDS networks are asked. Those of the last round alone also see sets
of recordings in which nobody falls: they know daily life better, the others falls."""
EPOCHS: Final = 50
"""So often a network sees everything."""

_WHOLE: Final = 10**12
"""Ms; a band's window, longer than any recording."""
_KNOWN_STEP: Final = 15
"""Cells. Windows of which as much is known hold the same share of falls, lest what is known tell the label: recordings
of daily life are shorter than those of falls."""
_FALLS_SHARE: Final = 0.4
_MOST_WORTH: Final = 4.0
_WORTH_OF_DAILY_LIFE: Final = 0.5
"""Of each window of a set of recordings in which nobody falls: there are many, and most are easy."""


class Untrainable(Exception):
    """Recordings from which nothing can be learned."""


class Jolts(NamedTuple):
    """All jolts of all recordings.

    Attributes:
        t: shape (n,), ms, of the samples of all recordings.
        samples: shape (n, 3), mg.
        starts: shape (recordings + 1,), where each begins in them.
        recording: shape (m,), of each jolt.
        jolt_ms: shape (m,).
        is_fall: shape (m,).
        is_daily: shape (m,), of a set of recordings in which nobody falls.
        group: shape (ROUNDS, m), of the wearer.
        windows: shape (horizons, m, WINDOW, 3), as the engine sees it.
        known: shape (horizons, m), from where on nothing is known.
    """

    t: Times
    samples: npt.NDArray[np.float64]
    starts: Rows
    recording: Rows
    jolt_ms: Times
    is_fall: Flags
    is_daily: Flags
    group: Rows
    windows: npt.NDArray[np.int16]
    known: Rows


def train(recordings: Sequence[Recording], *, seed: int, progress: Callable[[int, int], None]) -> Weights:
    """Weights for ``Engine(fall_weights=…)``; the same recordings and seed give the same.

    Args:
        recordings: of several people, some of whom fall.
        seed: of all that chance decides.
        progress: hears how much of how much is done.

    Raises:
        Untrainable: nobody falls, or somebody does nothing else, or there are fewer people than groups.
    """
    chance = np.random.default_rng(seed)
    jolts = jolts_in(recordings, chance)
    pool = _pool(jolts)
    without = [(which, group) for which in range(ROUNDS) for group in range(GROUPS)]
    seen = [np.flatnonzero(_may_see(jolts, which, group)[pool]) for which, group in without]
    steps = [max(1, min(map(len, seen[which * GROUPS : (which + 1) * GROUPS])) // BATCH) for which, _ in without]
    learners = [Learner(int(chance.integers(1 << 30)), EPOCHS, own) for own in steps]
    for epoch in range(EPOCHS):
        windows, known = varied(
            jolts.t, jolts.samples, jolts.starts, jolts.recording[pool], jolts.jolt_ms[pool], chance
        )  # fmt: skip
        shapes, is_fall = shapes_of(windows, known), jolts.is_fall[pool]
        worth = _worth(is_fall, jolts.is_daily[pool], known)
        for at, (learner, own, batches) in enumerate(zip(learners, seen, steps, strict=True)):
            order = np.resize(chance.permutation(own), (batches, BATCH))
            learner.learn(shapes, is_fall.astype(np.float32), worth, order)
            progress(epoch * len(without) + at + 1, EPOCHS * len(without))
    judged = ~jolts.is_daily
    scale = [calibrated(heard[judged], jolts.is_fall[judged]) for heard in unseen_opinions(jolts, learners, without)]
    head = [len(learners), *(number for pair in scale for number in pair)]
    return np.concatenate([np.array(head, np.float32), *(flat(learner.network) for learner in learners)])


def unseen_opinions(
    jolts: Jolts, learners: Sequence[Learner], without: Sequence[tuple[int, int]]
) -> npt.NDArray[np.float64]:
    """What is said of each jolt at each horizon by those who never saw its wearer; shape (horizons, m)."""
    total = np.zeros((len(HORIZONS_MS), len(jolts.recording)))
    for learner, (which, group) in zip(learners, without, strict=True):
        own = np.flatnonzero(jolts.group[which] == group)
        for horizon in range(len(HORIZONS_MS)):
            shapes = shapes_of(jolts.windows[horizon][own], jolts.known[horizon][own])
            total[horizon, own] += opinions(learner.network, shapes)
    return total / ROUNDS


def jolts_in(recordings: Sequence[Recording], chance: np.random.Generator) -> Jolts:
    """What the engine would judge of these recordings; of a fall's only the greatest, which it is.

    Raises:
        Untrainable: as ``train``.
    """
    groups = _groups({recording.subject for recording in recordings}, chance)
    times, samples = [_times(recording) for recording in recordings], [each.samples for each in recordings]
    found: list[tuple[int, float, bool]] = []
    windows: list[list[npt.NDArray[np.int16]]] = [[] for _ in HORIZONS_MS]
    known: list[list[int]] = [[] for _ in HORIZONS_MS]
    for i, recording in enumerate(recordings):
        cells = stream(times[i], samples[i].astype(np.float64))
        jolts = jolts_of(cells)
        if recording.is_fall and jolts:
            jolts = [jolts[int(lengths(cells)[jolts].argmax())]]
        for jolt in jolts:
            found.append((i, float(times[i][0]) + (jolt + 0.5) * CELL_MS, recording.is_fall))
            for horizon in range(len(HORIZONS_MS)):
                window, ends = windows_at(cells, jolt, horizon)
                windows[horizon].append(window)
                known[horizon].append(ends)
    is_fall = np.array([each[2] for each in found], np.bool_)
    if not is_fall.any() or is_fall.all():
        raise Untrainable("falls and daily life are needed, with jolts in both")
    recording_of = np.array([each[0] for each in found])
    with_falls = {recording.folder for recording in recordings if recording.is_fall}
    daily = np.array([recording.folder not in with_falls for recording in recordings])
    group = np.array([[own[recording.subject] for recording in recordings] for own in groups])
    return Jolts(
        t=np.concatenate(times),
        samples=np.concatenate(samples).astype(np.float64),
        starts=np.cumsum([0, *map(len, times)]),
        recording=recording_of,
        jolt_ms=np.array([each[1] for each in found]),
        is_fall=is_fall,
        is_daily=daily[recording_of],
        group=group[:, recording_of],
        windows=np.array(windows),
        known=np.array(known),
    )


def calibrated(log_odds: npt.NDArray[np.float64], is_fall: Flags) -> tuple[float, float]:
    """Slope and offset that make log odds true ones.

    Source: Platt 1999, Probabilistic outputs for support vector machines, with its targets that are never 0 or 1,
    by Newton's method.
    """
    falls, others = int(is_fall.sum()), int((~is_fall).sum())
    target = np.where(is_fall, (falls + 1) / (falls + 2), 1 / (others + 2))
    inputs = np.stack([log_odds, np.ones_like(log_odds)], axis=1)
    line = np.array([1.0, 0.0])
    for _ in range(50):
        odds = 1 / (1 + np.exp(-np.clip(inputs @ line, -50, 50)))
        slope = inputs.T @ (odds - target) + 1e-3 * (line - [1.0, 0.0])
        bend = (inputs * (odds * (1 - odds))[:, None]).T @ inputs + 1e-3 * np.eye(2)
        step = np.linalg.solve(bend, slope)
        line = line - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    return float(line[0]), float(line[1])


def _times(recording: Recording) -> Times:
    """When the samples were measured, as a band would tell."""
    cut = windows_of(recording.t, _WHOLE)
    parts = [
        start + np.arange(count) * (1000 / rate)
        for start, count, rate in zip(cut.t, cut.length, cut.rate_hz, strict=True)
    ]
    return np.concatenate(parts)


def _groups(subjects: set[str], chance: np.random.Generator) -> list[dict[str, int]]:
    if len(subjects) < GROUPS:
        raise Untrainable(f"recordings of {GROUPS} people at least are needed, not of {len(subjects)}")
    divided = [chance.permutation(sorted(subjects)).tolist() for _ in range(ROUNDS)]
    return [{subject: i % GROUPS for i, subject in enumerate(names)} for names in divided]


def _may_see(jolts: Jolts, which: int, group: int) -> Flags:
    """The jolts that a round's network without one group of people learns from."""
    may: Flags = jolts.group[which] != group
    return may if which == ROUNDS - 1 else may & ~jolts.is_daily


def _pool(jolts: Jolts) -> Rows:
    """The jolts of an epoch: falls, which are rarer, twice."""
    falls = np.flatnonzero(jolts.is_fall)
    return np.concatenate([falls, falls, np.flatnonzero(~jolts.is_fall)])


def _worth(is_fall: Flags, is_daily: Flags, known: Rows) -> Weights:
    """How much each window counts."""
    found = np.full(len(known), _WORTH_OF_DAILY_LIFE, np.float32)
    step = np.where(is_daily, -1, (known - PEAK) // _KNOWN_STEP)
    for each in np.unique(step[~is_daily]):
        own = step == each
        share = float(is_fall[own].mean())
        found[own] = 1.0
        if 0.0 < share < 1.0:
            found[own & is_fall] = min(_MOST_WORTH, _FALLS_SHARE / share)
            found[own & ~is_fall] = min(_MOST_WORTH, (1 - _FALLS_SHARE) / (1 - share))
    return found
