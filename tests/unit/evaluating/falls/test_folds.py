"""Whoever is judged has not been trained on; every fold has some of all."""

from __future__ import annotations

import numpy as np
import pytest

from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.falls.folds import folds_of
from anxin.evaluating.falls.recordings import Recording


def recording(subject: str, *, is_fall: bool = False, folder: str = "one", number: int = 0) -> Recording:
    t = np.arange(2, dtype=np.float64) * 40.0
    return Recording(f"{subject}{number}", subject, is_fall, "", "", folder, t, np.zeros((2, 3), np.int16))


def people(falling: int, old: int, folder: str = "one") -> list[Recording]:
    some = [
        recording(f"{folder}f{i}", is_fall=n < 2, folder=folder, number=n) for i in range(falling) for n in range(4)
    ]
    return some + [recording(f"{folder}o{i}", folder=folder, number=n) for i in range(old) for n in range(3)]


def test_everybody_is_left_out_once() -> None:
    some = people(7, 5) + people(4, 2, "two")
    found = folds_of(some, 5, 1)
    assert len(found) == 5
    assert sorted(subject for fold in found for subject in fold) == sorted({one.subject for one in some})


def test_each_fold_has_falls_and_daily_life_of_both_sets_where_there_are_enough() -> None:
    found = folds_of(people(10, 5) + people(5, 5, "two"), 5, 1)
    for fold in found:
        assert sum(subject.startswith("onef") for subject in fold) == 2
        assert sum(subject.startswith("oneo") for subject in fold) == 1
        assert sum(subject.startswith("twof") for subject in fold) == 1


def test_another_seed_deals_others_together_and_the_same_seed_the_same() -> None:
    some = people(9, 9)
    assert folds_of(some, 3, 1) == folds_of(list(reversed(some)), 3, 1)
    assert folds_of(some, 3, 1) != folds_of(some, 3, 2)


@pytest.mark.parametrize(
    ("some", "folds", "said"),
    [(people(2, 1), 4, "3 people cannot be left out in 4 folds"), (people(1, 3), 2, "falls of two people")],
)
def test_too_few_people_are_refused(some: list[Recording], folds: int, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        folds_of(some, folds, 1)
