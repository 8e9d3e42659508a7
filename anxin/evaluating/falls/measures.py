"""Single figures of some people; others are drawn from the same people to see how each would differ (``figures``)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from anxin.evaluating.falls.people import Numbers, Person
from anxin.evaluating.scores import share
from bench.intervals import quantile


def sensitivity(people: Sequence[Person]) -> float:
    """The share of falls that raised an alarm; NaN without falls."""
    found = sum(person.tp for person in people)
    return share(found, found + sum(person.fn for person in people))


def specificity(people: Sequence[Person]) -> float:
    """The share of recordings of daily life that raised none; NaN without any."""
    quiet = sum(person.tn for person in people)
    return share(quiet, quiet + sum(person.fp for person in people))


def f1(people: Sequence[Person]) -> float:
    """The harmonic mean of sensitivity and precision; NaN where there is nothing to find and nothing was found."""
    twice = 2 * sum(person.tp for person in people)
    return share(twice, twice + sum(person.fp + person.fn for person in people))


def rate(people: Sequence[Person]) -> float:
    """False alarms a day of daily life that was recorded; NaN without any."""
    return share(sum(person.false_alarms for person in people), sum(person.days for person in people))


def median_delay(people: Sequence[Person]) -> float:
    """Half of the falls found were found so soon after their largest jolt, s; NaN where none was found."""
    return quantile(np.concatenate([person.delays_s for person in people]), 0.5)


def auc(people: Sequence[Person]) -> float:
    """How often a fall is surer than daily life, ties half; NaN without either.

    Source: Hanley & McNeil 1982, DOI 10.1148/radiology.143.1.7063747.
    """
    falls, ordinary = _scores(people)
    if not len(falls) or not len(ordinary):
        return float("nan")
    below = np.searchsorted(ordinary, falls, "left") + np.searchsorted(ordinary, falls, "right")
    return float(below.mean() / 2 / len(ordinary))


def roc(people: Sequence[Person]) -> list[tuple[float, float, float]]:
    """(threshold, sensitivity, specificity) at every threshold at which one of them changes; empty without either."""
    falls, ordinary = _scores(people)
    if not len(falls) or not len(ordinary):
        return []
    thresholds = np.unique(np.concatenate([falls, ordinary]))[::-1]
    found = 1 - np.searchsorted(falls, thresholds, "left") / len(falls)
    quiet = np.searchsorted(ordinary, thresholds, "left") / len(ordinary)
    rows = np.round(np.stack([thresholds, found, quiet], axis=1), 6).tolist()
    return [(threshold, sensitivity, specificity) for threshold, sensitivity, specificity in rows]


def _scores(people: Sequence[Person]) -> tuple[Numbers, Numbers]:
    """How sure the engine was of falls and of daily life, each in rising order."""
    falls = np.concatenate([person.surest_fall for person in people])
    ordinary = np.concatenate([person.surest_adl for person in people])
    return np.sort(falls), np.sort(ordinary)


def sensitivity_at(people: Sequence[Person], specificity: float) -> float:
    """The sensitivity at the lowest threshold under which so much daily life is left alone; NaN without either."""
    falls, ordinary = _scores(people)
    if not len(falls) or not len(ordinary):
        return float("nan")
    allowed = int((1 - specificity) * len(ordinary) + 1e-9)
    limit = max(-0.5, float(ordinary[-1 - allowed])) if allowed < len(ordinary) else -0.5
    return float(np.mean(falls > limit))
