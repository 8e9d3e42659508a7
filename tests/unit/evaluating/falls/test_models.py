"""Models trained for an evaluation: kept for the same way of training, and for no other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.falls.models import trained, weights_from
from anxin.evaluating.falls.recordings import Recording
from anxin.evaluating.falls.run import Told, Weights
from tests.unit.evaluating.falls.judged import recording


def nothing(_done: int, _total: int) -> None:
    """Hears no progress."""


class Trainer:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, recordings: Sequence[Recording], *, seed: int, progress: Told) -> Weights:
        self.asked += 1
        progress(1, 1)
        return np.array([len(recordings), seed, self.asked], np.float32)


def test_a_model_is_kept_and_found_again(tmp_path: Path) -> None:
    train = Trainer()
    some = [recording(), recording("bo", is_fall=False)]
    first, again = (
        trained(some, train=train, seed=1, told_of=nothing, kept=tmp_path / "new") for _ in range(2)
    )  # fmt: skip
    assert first.tolist() == again.tolist() == [2, 1, 1]
    assert train.asked == 1


def test_other_recordings_or_another_seed_are_trained_anew(tmp_path: Path) -> None:
    train = Trainer()
    some = [recording(), recording("bo", is_fall=False)]
    fallen = some[1]._replace(is_fall=True)
    stronger = some[1]._replace(samples=some[1].samples * 2)
    later = some[1]._replace(t=some[1].t * 2)
    others = (some, some[:1], *([some[0], other] for other in (fallen, stronger, later)))
    for recordings, seed in (*((each, 1) for each in others), (some, 2)):
        trained(recordings, train=train, seed=seed, told_of=nothing, kept=tmp_path)
    assert train.asked == 6


def test_where_nothing_is_kept_everything_is_trained() -> None:
    train = Trainer()
    for _ in range(2):
        trained([recording()], train=train, seed=1, told_of=nothing, kept=None)
    assert train.asked == 2


@pytest.mark.parametrize("content", [b"", b"no array", np.array([1.0, 2.0]), np.array([np.nan], np.float32)])
def test_what_is_no_model_is_refused(
    tmp_path: Path, content: bytes | np.ndarray[tuple[int], np.dtype[np.generic]]
) -> None:
    path = tmp_path / "weights.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content)
    with pytest.raises(EvaluationError, match=r"weights\.npy"):
        weights_from(path)
