"""The figures of an evaluation, under the names of contract section 6, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isnan

import msgspec

from alerts.engine import Rule
from anxin.evaluating.scores import Row, ends, fields, rounded, row_of
from anxin.evaluating.wandering.measures import days, f1, hours, rate, sensitivity, specificity
from anxin.evaluating.wandering.walks import Followed, delays_s, strays
from bench.intervals import Interval, median_between, over_people, poisson, quantile


class Intervals(msgspec.Struct, frozen=True, kw_only=True):
    """95 %. One person's walks resemble each other: ``…_over_people`` knows that, the exact ones do not.

    Attributes:
        sensitivity, specificity: exact (Clopper-Pearson); ``false_alarms_per_day``: exact (Poisson).
        median_delay_s: exact, by the order of the delays.
        …_over_people: bootstrap over subjects; null of one, and where all are alike.
    """

    sensitivity: Interval
    specificity: Interval
    false_alarms_per_day: Interval
    median_delay_s: Interval
    sensitivity_over_people: Interval
    specificity_over_people: Interval
    false_alarms_per_day_over_people: Interval


class Figures(Row, frozen=True, kw_only=True):
    """What the rules did with some people.

    Attributes:
        tp: walks astray with an alarm that began at their onset or later; ``fn``: without.
        tn: ordinary walks left alone; ``fp``: with an alarm, be it that it began in an earlier walk and stood through.
        false_alarms: how often the family was called for nothing: in an ordinary walk, or before the onset; alarms that
            begin while another stands are one call.
        median_delay_s: from the onset to the alarm, of those found whose onset is known.
        false_alarms_per_day: for each day on which something was recorded of a person.
        days: those; ``hours``: from first to last fix of every file, however long the gaps.
        before_onset: false alarms of walks astray; they count among the ``false_alarms``.
        known_at_onset: walks among ``fn`` at whose onset an alarm that began too early stood: false, and yet of use.
        stood_through: ordinary walks among ``fp`` in which no alarm began: an earlier one stood.
        p90_delay_s: as the median.
    """

    subjects: int
    f1: float | None
    false_alarms_per_day: float | None
    days: int
    hours: float
    before_onset: int
    known_at_onset: int
    stood_through: int
    p90_delay_s: float | None
    intervals: Intervals


class OfRule(Row, frozen=True, kw_only=True):
    """One rule, as if it stood alone.

    Attributes:
        first: walks astray that it found before any other rule did.
        judged: 0 where the rule was switched off or, as for ``wandering.night_exit``, nobody's time zone is told.
    """

    first: int
    judged: int


class OfAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm.

    Attributes:
        after_s: since the onset where it is known, else since the walk's first fix.
        joins: it began while another stood: the same call.
        evidence: by its names, what is not known left out.
    """

    file: str
    subject: str
    rule: str
    t_ms: int
    after_s: float
    severity: int
    is_false: bool
    joins: bool
    evidence: dict[str, float]


class Report(Figures, frozen=True, kw_only=True):
    """An evaluation.

    Attributes:
        missed: walks astray that were not found; ``false``: ordinary ones with an alarm.
        alarms: every one that began.
        ways_unknown: walks that began before enough was known of the person for ``wandering.lost`` to miss them.
        without_timezone: people of whom no time zone is told: nobody knows when their night is.
        independent: each walk was somebody's first.
    """

    per_rule: dict[str, OfRule]
    per_activity: dict[str, Row]
    per_subject: dict[str, Row]
    missed: list[str]
    false: list[str]
    alarms: list[OfAlarm]
    ways_unknown: int
    without_timezone: int
    independent: bool
    parameters: dict[str, float]
    seed: int
    seconds: float


def report_of(
    followed: Sequence[Followed], *, judged: Mapping[Rule, int], without_timezone: int, independent: bool,
    parameters: Mapping[str, float], seed: int, seconds: float,
) -> Report:  # fmt: skip
    """Sum up what was said of every walk; ``judged``: of how many people each rule could judge."""
    return Report(
        **fields(figures_of(followed, seed)),
        per_rule={rule.public_name: _of_rule(followed, rule, judged[rule]) for rule in judged},
        per_activity={name: _row(own) for name, own in _by(followed, lambda one: one.walk.activity).items()},
        per_subject={name: _row(own) for name, own in _by(followed, lambda one: one.walk.subject).items()},
        missed=[one.walk.file for one in followed if one.walk.is_stray and not one.is_right],
        false=[one.walk.file for one in followed if not one.walk.is_stray and not one.is_right],
        alarms=[alarm for one in followed for alarm in _alarms(one)],
        ways_unknown=sum(not one.known.enough for one in followed),
        without_timezone=without_timezone,
        independent=independent,
        parameters=dict(parameters),
        seed=seed,
        seconds=round(seconds, 1),
    )


def figures_of(followed: Sequence[Followed], seed: int) -> Figures:
    """The figures of some walks."""
    people = list(_by(followed, lambda one: one.walk.subject).values())
    delays = delays_s(followed)
    row = _row(followed)
    whole_days = days(followed)
    low, high = poisson(row.false_alarms)

    def spread(figure: Callable[[Sequence[Followed]], float]) -> Interval:
        return ends(over_people(people, lambda some: figure([one for own in some for one in own]), seed))

    return Figures(
        **fields(row),
        subjects=len(people),
        f1=rounded(f1(followed)),
        false_alarms_per_day=rounded(rate(followed)),
        days=whole_days,
        hours=round(hours(followed), 2),
        before_onset=sum(one.false_alarms() for one in strays(followed)),
        known_at_onset=sum(one.is_known_at_onset() for one in followed),
        stood_through=sum(not one.walk.is_stray and not one.alarms() and one.is_under() for one in followed),
        p90_delay_s=rounded(quantile(delays, 0.9)),
        intervals=Intervals(
            sensitivity=row.sensitivity_95,
            specificity=row.specificity_95,
            false_alarms_per_day=ends((low / whole_days, high / whole_days)),
            median_delay_s=ends(median_between(delays)),
            sensitivity_over_people=spread(sensitivity),
            specificity_over_people=spread(specificity),
            false_alarms_per_day_over_people=spread(rate),
        ),
    )


def _row(followed: Sequence[Followed], rule: Rule | None = None) -> Row:
    astray = strays(followed)
    tp = sum(one.finding(rule) is not None for one in astray)
    fp = sum(one.is_alarmed(rule) for one in followed if not one.walk.is_stray)
    return row_of(
        tp=tp,
        fn=len(astray) - tp,
        tn=len(followed) - len(astray) - fp,
        fp=fp,
        false_alarms=sum(one.false_alarms(rule) for one in followed),
        delays_s=delays_s(followed, rule),
    )


def _of_rule(followed: Sequence[Followed], rule: Rule, judged: int) -> OfRule:
    found = [one for one in (one.finding() for one in followed) if one is not None]
    first = sum(one.rule == rule for one in found)
    return OfRule(**fields(_row(followed, rule)), first=first, judged=judged)


def _alarms(followed: Followed) -> list[OfAlarm]:
    walk = followed.walk
    since = int(walk.fixes.t[0]) if walk.onset_ms is None else walk.onset_ms
    return [
        OfAlarm(
            file=walk.file,
            subject=walk.subject,
            rule=call.said.rule.public_name,
            t_ms=call.said.now_ms,
            after_s=round((call.said.now_ms - since) / 1000, 1),
            severity=call.said.severity,
            is_false=call.is_false,
            joins=call.joins,
            evidence={name: value for name, value in call.said.values.items() if not isnan(value)},
        )
        for call in followed.calls()
    ]


def _by(followed: Sequence[Followed], key: Callable[[Followed], str]) -> dict[str, list[Followed]]:
    found: dict[str, list[Followed]] = {}
    for one in followed:
        found.setdefault(key(one), []).append(one)
    return found
