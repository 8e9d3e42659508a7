"""Weights of models: from a file, or trained on some recordings and kept for the next run."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import anxin
from alerts.engine import fall_model
from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.falls.recordings import Recording
from anxin.evaluating.falls.run import Told, Weights


class Train(Protocol):
    """What makes weights of recordings."""

    def __call__(self, recordings: Sequence[Recording], *, seed: int, progress: Told) -> Weights:
        """Train; the same recordings and seed give the same weights."""


def weights_from(path: Path) -> Weights:
    """The weights in a ``.npy`` file.

    Raises:
        EvaluationError: it holds none.
    """
    try:
        found: Any = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise EvaluationError(f"{path}: {error}") from None
    if not isinstance(found, np.ndarray) or found.dtype != np.float32 or not np.isfinite(found).all():
        raise EvaluationError(f"{path}: weights are one array of finite float32")
    return found


def the_trainer() -> Train:
    """The project's own training.

    Raises:
        EvaluationError: what it needs is not installed.
    """
    try:
        training: Any = import_module("anxin.training.falls")
    except ImportError as error:
        raise EvaluationError(f"training needs what is not installed ({error}): pip install 'anxin[train]'") from None

    def train(recordings: Sequence[Recording], *, seed: int, progress: Told) -> Weights:
        try:
            weights: Weights = training.train(recordings, seed=seed, progress=progress)
        except training.Untrainable as error:
            raise EvaluationError(str(error)) from None
        return weights

    return train


def trained(recordings: Sequence[Recording], *, train: Train, seed: int, told_of: Told, kept: Path | None) -> Weights:
    """Weights trained on recordings; those ``kept`` in a folder are taken from there, for the same way of training."""
    if kept is None:
        return train(recordings, seed=seed, progress=told_of)
    path = kept / f"{_key(recordings, seed)}.npy"
    if path.is_file():
        told_of(1, 1)
        return weights_from(path)
    weights = train(recordings, seed=seed, progress=told_of)
    kept.mkdir(parents=True, exist_ok=True)
    np.save(path, weights)
    return weights


def _key(recordings: Sequence[Recording], seed: int) -> str:
    """Names the recordings, the seed, and what training is made of; thresholds change nothing of it."""
    shape = {name: value for name, value in vars(fall_model).items() if name.isupper() and name != "THRESHOLDS"}
    key = sha256(f"{seed} {sorted(shape.items())}".encode())
    for recording in recordings:
        key.update(f"{recording.subject} {recording.is_fall} {recording.activity}".encode())
        key.update(recording.t.tobytes())
        key.update(recording.samples.tobytes())
    root = Path(anxin.__file__).parent.parent
    for pattern in ("anxin/training/**/*.py", "alerts/engine/fall_shape.py"):
        for source in sorted(root.glob(pattern)):
            key.update(source.read_bytes())
    return key.hexdigest()[:32]
