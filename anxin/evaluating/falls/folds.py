"""Who is left out together, so that nobody is judged by a model that has seen them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.falls.recordings import Recording


def folds_of(recordings: Sequence[Recording], folds: int, seed: int) -> list[set[str]]:
    """The subjects of each fold.

    People of one set who fall, and those who do not, are dealt out apart: each fold has some of all, where they are
    enough, and about as many recordings as another.

    Raises:
        EvaluationError: there are fewer people, or people who fall, than folds need.
    """
    of_subject: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings:
        of_subject[recording.subject].append(recording)
    falling = sum(any(one.is_fall for one in own) for own in of_subject.values())
    if not 2 <= folds <= len(of_subject):
        raise EvaluationError(f"{len(of_subject)} people cannot be left out in {folds} folds")
    if falling < 2:
        raise EvaluationError("without the falls of two people at least there is nothing to train on in some fold")
    shuffled = np.random.default_rng(seed).permutation(sorted(of_subject)).tolist()
    kinds: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for subject in shuffled:
        own = of_subject[subject]
        kinds[own[0].folder, any(one.is_fall for one in own)].append(subject)
    found: list[set[str]] = [set() for _ in range(folds)]
    files = [0] * folds
    for kind in sorted(kinds):
        dealt = [0] * folds
        for subject in sorted(kinds[kind], key=lambda subject: -len(of_subject[subject])):
            fold = min(range(folds), key=lambda fold: (dealt[fold], files[fold]))
            found[fold].add(subject)
            dealt[fold] += 1
            files[fold] += len(of_subject[subject])
    return found
