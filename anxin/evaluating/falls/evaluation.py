"""An evaluation from recordings to figures: with one model, or with models that have never seen whom they judge."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from alerts.engine import Engine
from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.falls.alterations import Alterations, altered
from anxin.evaluating.falls.figures import Report, report_of
from anxin.evaluating.falls.folds import folds_of
from anxin.evaluating.falls.models import Train, the_trainer, trained, weights_from
from anxin.evaluating.falls.people import Judged
from anxin.evaluating.falls.recordings import Recording
from anxin.evaluating.falls.run import Heard, Told, Weights, heard, within

_TRAINING: Final = 9
"""Training is taken for so many times the work of judging, by the progress that is told."""


class Source(NamedTuple):
    """Where the model's weights are from; the package's own where nothing is told.

    Attributes:
        weights: a file.
        trained_on: recordings to train on, without those of people who are judged.
        folds: train so many times, on what is judged and on ``trained_on``, leaving a part of the people out, and judge
            each by the model without them.
        kept: a folder where trained weights are kept and found again.
    """

    weights: Path | None = None
    trained_on: Sequence[Recording] = ()
    folds: int = 0
    kept: Path | None = None

    @property
    def words(self) -> str:
        """For a reader."""
        if self.folds:
            more = f", with {len(self.trained_on)} recordings of others" if self.trained_on else ""
            return f"trained {self.folds} times, the people judged left out{more}"
        if self.trained_on:
            return f"trained on {len(self.trained_on)} recordings of others"
        return "the package's own" if self.weights is None else str(self.weights)


def evaluate(
    recordings: Sequence[Recording], *, source: Source, alterations: Alterations, parameters: Mapping[str, float],
    seed: int, told_of: Told, train: Train | None = None,
) -> tuple[Report, list[Judged]]:  # fmt: skip
    """Evaluate recordings; returns the figures, and each recording with what the engine said of it.

    Args:
        recordings: as they were recorded; training never sees what ``alterations`` makes of them.
        source: of the model.
        alterations: under which they are heard.
        parameters: other values of the rules' parameters, for everyone.
        seed: of the folds, of training, and of the intervals.
        told_of: hears how much of how much is done.
        train: another training than the project's own.

    Raises:
        EvaluationError: the recordings do not allow it, or training is not installed.
    """
    parts: list[set[str]] = []
    if source.folds:
        parts = folds_of(recordings, source.folds, seed)
    elif source.trained_on:
        parts = [{one.subject for one in recordings}]
    Engine.warm()
    began = time.perf_counter()
    worse = [altered(recording, alterations) for recording in recordings]
    if parts:
        said = _by_others(recordings, worse, parts, source, parameters, seed, told_of, train or the_trainer())
    else:
        weights = None if source.weights is None else weights_from(source.weights)
        said = _heard(worse, weights, parameters, told_of)
    judged = [Judged(recording, one) for recording, one in zip(recordings, said, strict=True)]
    report = report_of(
        judged, model=source.words, parameters=parameters, alterations=alterations.told(), seed=seed,
        seconds=time.perf_counter() - began,
    )  # fmt: skip
    return report, judged


def _by_others(
    recordings: Sequence[Recording], worse: Sequence[Recording], parts: Sequence[set[str]], source: Source,
    parameters: Mapping[str, float], seed: int, told_of: Told, train: Train,
) -> list[Heard]:  # fmt: skip
    """Everybody judged by a model that has not seen them."""
    found: dict[int, Heard] = {}
    whole = len(parts) * (_TRAINING + 1)
    for number, left_out in enumerate(parts):
        known = [*recordings, *source.trained_on] if source.folds else source.trained_on
        others = [one for one in known if one.subject not in left_out]
        if len({one.is_fall for one in others}) < 2:
            raise EvaluationError("what is left to train on, without the people judged, needs falls and daily life")
        done = number * (_TRAINING + 1)
        weights = trained(
            others, train=train, seed=seed, told_of=within(told_of, done, _TRAINING, whole), kept=source.kept
        )  # fmt: skip
        mine = [i for i, one in enumerate(recordings) if one.subject in left_out]
        told = within(told_of, done + _TRAINING, 1, whole)
        found |= zip(mine, _heard([worse[i] for i in mine], weights, parameters, told), strict=True)
    return [found[i] for i in range(len(recordings))]


def _heard(
    recordings: Sequence[Recording], weights: Weights | None, parameters: Mapping[str, float], told_of: Told
) -> list[Heard]:  # fmt: skip
    try:
        return heard(recordings, weights=weights, parameters=parameters, told_of=told_of)
    except ValueError as error:
        raise EvaluationError(f"these weights are no model of this engine: {error}") from None
