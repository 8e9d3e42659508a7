"""Recordings of a wrist as files hold them: a manifest ``file,subject,label,activity``, files ``t_ms,x_mg,y_mg,z_mg``.

Whatever is wrong is told with its file and line: a recording that is half understood gives figures that look fine.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.tables import named_file, number, rows

Times = npt.NDArray[np.float64]
Samples = npt.NDArray[np.int16]

MANIFEST_COLUMNS: Final = ("file", "subject", "label", "activity")
AGE_COLUMN: Final = "age"
RECORDING_COLUMNS: Final = ("t_ms", "x_mg", "y_mg", "z_mg")
LABELS: Final = {"fall": True, "adl": False}
MOST_MG: Final = 32_767
"""What an int16 of milli-g holds (contract section 1)."""
RATES_HZ: Final = (1.0, 1000.0)
"""What a device may tell (ADR-5)."""
STILL_MG: Final = 100.0
"""A wrist at rest shows 1,000 mg; whose median is below this is told in another unit (g, or m/s²)."""


class Recording(NamedTuple):
    """One file.

    Attributes:
        file: as the manifest names it.
        subject: who wore the sensor; the same name in two manifests is the same person.
        is_fall: whether the wearer falls in it.
        activity: the manifest's word for what is done.
        age: in years, ``77``, or ``77-95`` where no more is known; "" where nothing is.
        folder: the folder of the manifest, which is one set of recordings.
        t: shape (n,), ms, never falling, from 0 on.
        samples: shape (n, 3), milli-g.
    """

    file: str
    subject: str
    is_fall: bool
    activity: str
    age: str
    folder: str
    t: Times
    samples: Samples

    @property
    def seconds(self) -> float:
        """How long was recorded: each sample stands for the time until the next."""
        return float(self.t[-1]) / 1000 * len(self.t) / (len(self.t) - 1)


def recordings_of(manifests: Sequence[Path], ages: Path | None = None) -> list[Recording]:
    """Everything in these manifests, in their order.

    Args:
        manifests: files ``file,subject,label,activity``, with or without a column ``age``.
        ages: a file ``subject,age``, which counts more than the manifests' column.

    Raises:
        EvaluationError: a file is missing or says what cannot be.
    """
    told = {} if ages is None else ages_of(ages)
    found: list[Recording] = []
    seen: dict[Path, str] = {}
    for manifest in manifests:
        before = len(found)
        for line, (file, subject, label, activity, age) in rows(manifest, MANIFEST_COLUMNS, (AGE_COLUMN,)):
            where = f"{manifest}, line {line}"
            path = named_file(manifest, file, subject, where)
            if label not in LABELS:
                raise EvaluationError(f"{where}: label {label!r} is neither fall nor adl")
            if path.resolve() in seen:
                raise EvaluationError(f"{where}: {path} is named before, in {seen[path.resolve()]}")
            seen[path.resolve()] = where
            t, samples = recorded(path)
            folder = manifest.resolve().parent.name
            years = told.get(subject, _years(age, where))
            found.append(Recording(file, subject, LABELS[label], activity, years, folder, t, samples))
        if len(found) == before:
            raise EvaluationError(f"{manifest} names no recording")
    if told and not any(recording.subject in told for recording in found):
        raise EvaluationError(f"{ages}: nobody whom the manifests name is there")
    return found


def recorded(path: Path) -> tuple[Times, Samples]:
    """Times from 0 on and samples of one file.

    Raises:
        EvaluationError: a line says what cannot be, or there are fewer than two.
    """
    table = _table(path)
    t = table[:, 0]
    backwards = np.flatnonzero(np.diff(t) < 0)
    if len(backwards):
        _refuse(path, int(backwards[0]) + 1, "t_ms {0} is earlier than the line before")
    beyond = np.argwhere(np.abs(table[:, 1:]) > MOST_MG)
    if len(beyond):
        row, axis = beyond[0].tolist()
        _refuse(path, row, f"{RECORDING_COLUMNS[1 + axis]} {{{1 + axis}}} is beyond {MOST_MG} mg")
    if len(t) < 2 or t[0] == t[-1]:
        raise EvaluationError(f"{path}: a recording needs two lines at least, of different times")
    rate = (len(t) - 1) / (t[-1] - t[0]) * 1000
    if not RATES_HZ[0] <= rate <= RATES_HZ[1]:
        raise EvaluationError(f"{path}: {rate:.3g} samples a second are no wrist's recording; t_ms counts milliseconds")
    strength = float(np.median(np.linalg.norm(table[:, 1:], axis=1)))
    if strength < STILL_MG:
        raise EvaluationError(
            f"{path}: the median of |a| is {strength:.3g}, at rest it is 1000 mg: is this g, or m/s²?"
        )
    return t - t[0], np.rint(table[:, 1:]).astype(np.int16)


def ages_of(path: Path) -> dict[str, str]:
    """The ages in a file ``subject,age``.

    Raises:
        EvaluationError: an age is none.
    """
    return {subject: _years(age, f"{path}, line {line}") for line, (subject, age) in rows(path, ("subject", "age"))}


def _table(path: Path) -> Times:
    """The four columns as numbers; quickly where nothing is wrong, line by line where something is."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = [name.strip() for name in file.readline().split(",")]
            if all(name in head for name in RECORDING_COLUMNS):
                columns = [head.index(name) for name in RECORDING_COLUMNS]
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", "loadtxt: input contained no data")
                    table = np.loadtxt(file, delimiter=",", comments=None, usecols=columns, ndmin=2)
                if len(table) and np.isfinite(table).all():
                    return table
    except (OSError, ValueError):
        pass
    values: list[list[float]] = []
    for line, texts in rows(path, RECORDING_COLUMNS):
        numbers = [number(text) for text in texts]
        for name, text, value in zip(RECORDING_COLUMNS, texts, numbers, strict=True):
            if value is None:
                raise EvaluationError(f"{path}, line {line}: {name} {text!r} is no number")
        values.append([value for value in numbers if value is not None])
    if not values:
        raise EvaluationError(f"{path}: a recording needs two lines at least, of different times")
    return np.array(values)


def _refuse(path: Path, row: int, words: str) -> None:
    """Say what is wrong with one row, by its line in the file."""
    line, texts = next(found for at, found in enumerate(rows(path, RECORDING_COLUMNS)) if at == row)
    raise EvaluationError(f"{path}, line {line}: {words.format(*texts)}")


def _years(text: str, where: str) -> str:
    """An age, or a span of ages, as text."""
    ends = [number(part) for part in text.split("-")]
    if text and not (len(ends) <= 2 and all(end is not None and 0 <= end <= 130 for end in ends)):
        raise EvaluationError(f"{where}: age {text!r} is neither years nor a span such as 77-95")
    return text
