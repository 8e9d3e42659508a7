"""The figures of an evaluation, under the names of contract section 6, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from anxin.evaluating.routine.lives import WAIT_MS
from anxin.evaluating.routine.outcome import Outcome, Watched
from anxin.evaluating.routine.recordings import Signs
from bench.intervals import Interval, finite, over_people, poisson, quantile
from devices.clock import HOUR_MS

Way = Callable[[Watched], Outcome]
_DIGITS: Final = 4


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """95 %. An alarm of one person makes another of theirs likelier: ``…_over_people`` knows that, the first does not.

    Attributes:
        false_alarms_per_day: exact Poisson.
        false_alarms_per_day_over_people, median_detection_h_over_people: bootstrap over subjects; null where all
            are alike, and where there is no end.
    """

    false_alarms_per_day: Interval
    false_alarms_per_day_over_people: Interval
    median_detection_h_over_people: Interval


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one way of judging did.

    Attributes:
        days: that were recorded; time without data is none.
        median_detection_h, p90_detection_h: over all trials, those without an alarm counted as never; null is never.
        missed: trials without an alarm within ``wait_h``.
        standing: trials before which an alarm stood already; their delay is 0.
    """

    subjects: int
    days: float
    false_alarms_per_day: float
    median_detection_h: float | None
    p90_detection_h: float | None
    missed: int
    false_alarms: int
    trials: int
    standing: int
    intervals: Intervals


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """Trials whose signs ended in one hour of the local day."""

    hour: int
    trials: int
    median_detection_h: float | None
    p90_detection_h: float | None
    missed: int


class Both(Figures, frozen=True, kw_only=True):
    """The engine's rule, by hours too, and a plain limit beside it."""

    fixed_12h: Figures
    by_hour: list[Hour]


class OfSubject(msgspec.Struct, frozen=True, kw_only=True):
    """One subject under the engine's rule."""

    subject: str
    folder: str
    days: float
    false_alarms: int
    median_detection_h: float | None
    missed: int


class Report(Both, frozen=True, kw_only=True):
    """An evaluation.

    Attributes:
        per_folder: by the files' folder, which as a rule is one kind of sign.
        wait_h: how long an alarm was waited for.
    """

    per_folder: dict[str, Both]
    per_subject: list[OfSubject]
    trials_each: int
    seed: int
    wait_h: float
    parameters: dict[str, float]
    seconds: float


def report_of(
    people: Sequence[Watched], *, trials: int, seed: int, parameters: dict[str, float], seconds: float
) -> Report:  # fmt: skip
    """Sum up what was found of everybody."""
    folders = list(dict.fromkeys(person.folder for person in people))
    return Report(
        **_fields(_both(people, seed)),
        per_folder={
            folder: _both([person for person in people if person.folder == folder], seed) for folder in folders
        },
        per_subject=[_subject(person) for person in people],
        trials_each=trials,
        seed=seed,
        wait_h=WAIT_MS / HOUR_MS,
        parameters=parameters,
        seconds=round(seconds, 1),
    )


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def _both(people: Sequence[Watched], seed: int) -> Both:
    plain = _figures(people, lambda person: person.plain, seed)
    learned = _figures(people, lambda person: person.learned, seed)
    return Both(**_fields(learned), fixed_12h=plain, by_hour=[_hour(people, hour) for hour in range(24)])


def _figures(people: Sequence[Watched], way: Way, seed: int) -> Figures:
    days = sum(person.days for person in people)
    alarms = sum(way(person).false_alarms for person in people)
    delays = _delays(people, way)
    low, high = poisson(alarms)
    return Figures(
        subjects=len(people),
        days=round(days, 2),
        false_alarms_per_day=round(alarms / days, _DIGITS),
        median_detection_h=_rounded(quantile(delays, 0.5)),
        p90_detection_h=_rounded(quantile(delays, 0.9)),
        missed=int(np.isinf(delays).sum()),
        false_alarms=alarms,
        trials=len(delays),
        standing=sum(way(person).standing for person in people),
        intervals=Intervals(
            false_alarms_per_day=(round(low / days, _DIGITS), round(high / days, _DIGITS)),
            false_alarms_per_day_over_people=_ends(over_people(people, lambda some: _rate(some, way), seed)),
            median_detection_h_over_people=_ends(
                over_people(people, lambda some: quantile(_delays(some, way), 0.5), seed)
            ),
        ),
    )


def _hour(people: Sequence[Watched], hour: int) -> Hour:
    delays = np.concatenate([person.learned.delays_h[person.hours == hour] for person in people])
    return Hour(
        hour=hour,
        trials=len(delays),
        median_detection_h=_rounded(quantile(delays, 0.5)),
        p90_detection_h=_rounded(quantile(delays, 0.9)),
        missed=int(np.isinf(delays).sum()),
    )


def _subject(person: Watched) -> OfSubject:
    delays = person.learned.delays_h
    return OfSubject(
        subject=person.subject,
        folder=person.folder,
        days=round(person.days, 2),
        false_alarms=person.learned.false_alarms,
        median_detection_h=_rounded(quantile(delays, 0.5)),
        missed=int(np.isinf(delays).sum()),
    )


def _delays(people: Sequence[Watched], way: Way) -> Signs:
    return np.concatenate([way(person).delays_h for person in people])


def _rate(people: Sequence[Watched], way: Way) -> float:
    return sum(way(person).false_alarms for person in people) / sum(person.days for person in people)


def _rounded(value: float) -> float | None:
    number = finite(value)
    return None if number is None else round(number, _DIGITS)


def _ends(interval: Interval) -> Interval:
    low, high = interval
    return None if low is None else round(low, _DIGITS), None if high is None else round(high, _DIGITS)
