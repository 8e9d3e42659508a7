"""The figures of an evaluation, under the names of contract section 6, and what they are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from anxin.evaluating.falls import measures
from anxin.evaluating.falls.people import Judged, Person, people_of, person_of, together
from anxin.evaluating.scores import DIGITS, Row, ends, fields, rounded, row_of
from bench.intervals import Interval, over_people, poisson, quantile

QUIET: Final = 0.99
"""The specificity at which a sensitivity is told beside that of the working point."""
AGES: Final = ((0, "under 60"), (60, "60 to 74"), (75, "75 and over"))
UNTOLD: Final = "age not told"


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """95 %. One person's recordings resemble each other: ``…_over_people`` knows that, the exact ones do not.

    Attributes:
        sensitivity, specificity: exact (Clopper-Pearson).
        false_alarms_per_day: exact (Poisson).
        …_over_people: bootstrap over subjects; null where all are alike.
    """

    sensitivity: Interval
    specificity: Interval
    false_alarms_per_day: Interval
    sensitivity_over_people: Interval
    specificity_over_people: Interval
    f1_over_people: Interval
    false_alarms_per_day_over_people: Interval
    auc_over_people: Interval
    median_delay_s_over_people: Interval


class Figures(Row, frozen=True, kw_only=True):
    """What the detector did with some people.

    Attributes:
        false_alarms: alarms in recordings of daily life.
        false_alarms_per_day: of daily life as recorded, trial after trial without a pause.
        hours: of daily life that were recorded.
        p90_delay_s: as the median.
        raised_early: falls found whose alarm came before the recording's largest jolt; their delay is negative.
        auc: under the curve of ``surest`` (``OfFile``) over all thresholds.
        sensitivity_at_99: at the lowest threshold under which 99 % of daily life is left alone.
    """

    subjects: int
    f1: float | None
    false_alarms_per_day: float | None
    hours: float
    p90_delay_s: float | None
    raised_early: int
    auc: float | None
    sensitivity_at_99: float | None
    intervals: Intervals


class OfSubject(Row, frozen=True, kw_only=True):
    """One subject."""

    age: str
    folder: str


class OfFile(msgspec.Struct, frozen=True, kw_only=True):
    """A recording that was judged wrongly.

    Attributes:
        surest: the highest probability at which anything in it was judged, -1 where nothing looked like a fall.
    """

    file: str
    folder: str
    subject: str
    activity: str
    surest: float
    alarms: int


class Report(Figures, frozen=True, kw_only=True):
    """An evaluation.

    Attributes:
        per_folder: by the folder of the manifest, which is one set of recordings and as a rule one device.
        missed: falls without an alarm; ``false``: daily life with one.
        roc: (threshold, sensitivity, specificity), from the highest threshold down.
        model: where the weights are from.
        alterations: what was done to the recordings.
    """

    per_activity: dict[str, Row]
    per_subject: dict[str, OfSubject]
    per_age: dict[str, Figures]
    per_folder: dict[str, Figures]
    missed: list[OfFile]
    false: list[OfFile]
    roc: list[tuple[float, float, float]]
    model: str
    parameters: dict[str, float]
    alterations: dict[str, float]
    seed: int
    seconds: float


def report_of(
    judged: Sequence[Judged], *, model: str, parameters: Mapping[str, float], alterations: Mapping[str, float],
    seed: int, seconds: float,
) -> Report:  # fmt: skip
    """Sum up what was found in all recordings."""
    by_age = _by(judged, lambda one: age_group(one.recording.age))
    return Report(
        **fields(figures_of(judged, seed)),
        per_activity={name: _row(person_of(own)) for name, own in _by(judged, lambda one: one.recording.activity)},
        per_subject={name: _subject(own) for name, own in _by(judged, lambda one: one.recording.subject)},
        per_age={name: figures_of(own, seed) for name, own in sorted(by_age, key=lambda group: _place(group[0]))},
        per_folder={name: figures_of(own, seed) for name, own in _by(judged, lambda one: one.recording.folder)},
        missed=[_file(one) for one in judged if one.recording.is_fall and not one.is_right],
        false=[_file(one) for one in judged if not one.recording.is_fall and not one.is_right],
        roc=measures.roc(people_of(judged)),
        model=model,
        parameters=dict(parameters),
        alterations=dict(alterations),
        seed=seed,
        seconds=round(seconds, 1),
    )


def figures_of(judged: Iterable[Judged], seed: int) -> Figures:
    """The figures of some recordings."""
    people = people_of(judged)
    all_of_them = together(people)
    low, high = poisson(all_of_them.false_alarms)
    days = all_of_them.days

    def spread(figure: Callable[[Sequence[Person]], float]) -> Interval:
        return ends(over_people(people, figure, seed))

    row = _row(all_of_them)
    return Figures(
        **fields(row),
        subjects=len(people),
        f1=rounded(measures.f1(people)),
        false_alarms_per_day=rounded(measures.rate(people)),
        hours=round(24 * days, DIGITS),
        p90_delay_s=rounded(quantile(all_of_them.delays_s, 0.9)),
        raised_early=int((all_of_them.delays_s < 0).sum()),
        auc=rounded(measures.auc(people)),
        sensitivity_at_99=rounded(measures.sensitivity_at(people, QUIET)),
        intervals=Intervals(
            sensitivity=row.sensitivity_95,
            specificity=row.specificity_95,
            false_alarms_per_day=ends((low / days, high / days)) if days else (None, None),
            sensitivity_over_people=spread(measures.sensitivity),
            specificity_over_people=spread(measures.specificity),
            f1_over_people=spread(measures.f1),
            false_alarms_per_day_over_people=spread(measures.rate),
            auc_over_people=spread(measures.auc),
            median_delay_s_over_people=spread(measures.median_delay),
        ),
    )


def age_group(age: str) -> str:
    """The group of an age, or of a span that lies within one."""
    groups = {
        next(name for years, name in reversed(AGES) if float(end) >= years) for end in age.split("-") if end
    }  # fmt: skip
    return groups.pop() if len(groups) == 1 else UNTOLD


def _row(person: Person) -> Row:
    return row_of(
        tp=person.tp,
        fn=person.fn,
        tn=person.tn,
        fp=person.fp,
        false_alarms=person.false_alarms,
        delays_s=person.delays_s,
    )


def _subject(own: Sequence[Judged]) -> OfSubject:
    first = own[0].recording
    return OfSubject(**fields(_row(person_of(own))), age=first.age, folder=first.folder)


def _file(one: Judged) -> OfFile:
    recording = one.recording
    return OfFile(
        file=recording.file,
        folder=recording.folder,
        subject=recording.subject,
        activity=recording.activity,
        surest=round(one.heard.surest, DIGITS),
        alarms=len(one.heard.alarms),
    )


def _by(judged: Iterable[Judged], name: Callable[[Judged], str]) -> list[tuple[str, list[Judged]]]:
    found: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        found[name(one)].append(one)
    return list(found.items())


def _place(group: str) -> int:
    return [*(name for _, name in AGES), UNTOLD].index(group)
