"""Figures of an evaluation, by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from anxin.evaluating.falls import measures
from anxin.evaluating.falls.figures import Report, age_group, report_of
from anxin.evaluating.falls.people import Judged, people_of
from anxin.evaluating.falls.text import lines
from tests.unit.evaluating.falls.judged import JOLT_MS, SAMPLES, judged

SECONDS = SAMPLES * 0.04


def report(some: Sequence[Judged]) -> Report:
    return report_of(some, model="any", parameters={}, alterations={}, seed=1, seconds=0)


def of_scores(falls: Sequence[float], ordinary: Sequence[float]) -> list[Judged]:
    some = [judged(surest=value) for value in falls]
    return some + [judged(is_fall=False, surest=value) for value in ordinary]


def test_falls_and_daily_life_with_and_without_alarms_are_counted() -> None:
    found = report(
        [
            *(judged(raised_ms=(6000,)) for _ in range(6)),
            *(judged() for _ in range(2)),
            *(judged(is_fall=False) for _ in range(9)),
            judged(is_fall=False, raised_ms=(2000, 9000)),
        ]
    )
    assert (found.files, found.tp, found.fn, found.tn, found.fp) == (18, 6, 2, 9, 1)
    assert (found.sensitivity, found.specificity) == (0.75, 0.9)
    assert found.f1 == pytest.approx(12 / 15, abs=1e-4)
    assert found.intervals.sensitivity == pytest.approx((0.3491, 0.9681), abs=1e-4)
    assert found.intervals.specificity == pytest.approx((0.5550, 0.9975), abs=1e-4)


def test_every_alarm_in_daily_life_counts_a_day_of_daily_life_alone() -> None:
    found = report([judged(raised_ms=(6000,)), judged(is_fall=False), judged(is_fall=False, raised_ms=(2000, 9000))])
    days = 2 * SECONDS / 86_400
    assert found.false_alarms == 2
    assert found.hours == pytest.approx(24 * days, rel=1e-2)
    assert found.false_alarms_per_day == pytest.approx(2 / days, rel=1e-4)
    assert found.intervals.false_alarms_per_day[0] == pytest.approx(0.2422 / days, rel=1e-3)


def test_a_delay_counts_from_the_largest_jolt_of_what_was_recorded_to_the_first_alarm() -> None:
    found = report([judged(raised_ms=(JOLT_MS + ms, JOLT_MS + 30_000)) for ms in (1000, 2000, 3500)] + [judged()])
    assert (found.median_delay_s, found.p90_delay_s, found.raised_early) == (2.0, 3.5, 0)
    assert report([judged(raised_ms=(JOLT_MS - 500,))]).raised_early == 1


def test_what_there_is_nothing_of_has_no_figure() -> None:
    found = report([judged(is_fall=False)])
    assert (found.sensitivity, found.f1, found.median_delay_s, found.auc, found.sensitivity_at_99) == (None,) * 5
    assert found.intervals.sensitivity == (None, None)
    found = report([judged()])
    assert (found.specificity, found.false_alarms_per_day, found.sensitivity) == (None, None, 0.0)


def test_the_area_is_how_often_a_fall_is_surer() -> None:
    def area(falls: Sequence[float], ordinary: Sequence[float]) -> float:
        return measures.auc(people_of(of_scores(falls, ordinary)))

    assert area([0.9, 0.8], [0.1, 0.2]) == 1
    assert area([0.1], [0.9]) == 0
    assert area([0.5, 0.9], [0.5, 0.1]) == pytest.approx(3.5 / 4)


def test_the_curve_tells_both_shares_at_each_threshold() -> None:
    found = measures.roc(people_of(of_scores([0.9, 0.5], [0.5, -1.0])))
    assert found == [(0.9, 0.5, 1.0), (0.5, 1.0, 0.5), (-1.0, 1.0, 0.0)]


def test_sensitivity_at_a_specificity_allows_that_many_and_no_more() -> None:
    people = people_of(of_scores([0.9, 0.6, 0.4, -1.0], [0.7, 0.5, *([0.1] * 98)]))
    assert measures.sensitivity_at(people, 1.0) == 0.25
    assert measures.sensitivity_at(people, 0.99) == 0.5
    assert measures.sensitivity_at(people, 0.98) == 0.75
    assert measures.sensitivity_at(people, 0.0) == 0.75, "what nothing looked at is never found"


def test_activities_subjects_ages_and_folders_are_told_apart() -> None:
    found = report(
        [
            judged("ann", raised_ms=(5000,), age="30", folder="one"),
            judged("bo", is_fall=False, activity="sit", age="77-95", folder="one"),
            judged("bo", is_fall=False, activity="sit", age="77-95", folder="one", raised_ms=(1000,)),
            judged("cy", folder="two"),
        ]
    )
    assert {name: (row.tp, row.fn, row.tn, row.fp) for name, row in found.per_activity.items()} == {
        "slip": (1, 1, 0, 0),
        "sit": (0, 0, 1, 1),
    }
    assert {name: (row.files, row.age, row.folder) for name, row in found.per_subject.items()} == {
        "ann": (1, "30", "one"),
        "bo": (2, "77-95", "one"),
        "cy": (1, "", "two"),
    }
    assert {name: row.files for name, row in found.per_age.items()} == {
        "under 60": 1,
        "75 and over": 2,
        "age not told": 1,
    }
    assert list(found.per_age) == ["under 60", "75 and over", "age not told"]
    assert {name: row.subjects for name, row in found.per_folder.items()} == {"one": 2, "two": 1}


@pytest.mark.parametrize(
    ("age", "group"),
    [
        ("59.9", "under 60"), ("60", "60 to 74"), ("75", "75 and over"), ("77-95", "75 and over"),
        ("20-46", "under 60"), ("70-80", "age not told"), ("", "age not told"),
    ],
)  # fmt: skip
def test_an_age_has_a_group_where_its_span_lies_in_one(age: str, group: str) -> None:
    assert age_group(age) == group


def test_people_are_drawn_again_whole() -> None:
    some = [judged("ann", raised_ms=(6000,)) for _ in range(10)] + [judged("bo") for _ in range(10)]
    assert report(some).intervals.sensitivity_over_people == (0.0, 1.0)
    exact = report(some).intervals.sensitivity
    assert exact == pytest.approx((0.272, 0.728), abs=1e-3)
    alike = [judged(name, raised_ms=(6000,)) for name in ("ann", "bo")]
    assert report(alike).intervals.sensitivity_over_people == (None, None)


def test_what_was_judged_wrongly_is_named() -> None:
    found = report([judged(file="f.csv", surest=0.3), judged(is_fall=False, raised_ms=(1, 2), file="d.csv")])
    assert [(one.file, one.surest, one.alarms) for one in found.missed] == [("f.csv", 0.3, 0)]
    assert [(one.file, one.subject, one.alarms) for one in found.false] == [("d.csv", "ann", 2)]


def test_the_text_tells_every_table_and_names_what_was_judged_wrongly() -> None:
    some = [
        judged("ann", file="f.csv", age="80"),
        judged("bo", is_fall=False, activity="sit", raised_ms=(1,), file="d"),
    ]
    text = "\n".join(lines(report(some)))
    for words in ("0 of 1 falls found", "by age", "75 and over", "by subject", "sit", "set/f.csv", "set/d", "people"):
        assert words in text


def test_many_wrong_ones_are_told_in_part() -> None:
    text = "\n".join(lines(report([judged(file=f"{i}.csv") for i in range(30)])))
    assert "falls missed (30)" in text
    assert "and 18 more" in text
