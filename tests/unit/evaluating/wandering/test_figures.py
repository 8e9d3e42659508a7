"""Figures of an evaluation, by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from alerts.engine import Rule
from anxin.evaluating.wandering.figures import Report, report_of
from anxin.evaluating.wandering.text import lines
from anxin.evaluating.wandering.walks import Followed
from devices.clock import DAY_MS
from tests.unit.evaluating.wandering.walked import HOME, LOST, ZONE, T, followed, walk

NOON = T - T % DAY_MS + DAY_MS // 2 - int(HOME.lon / 15 * 3_600_000)
"""At which the sun stands over the home."""


def report(some: Sequence[Followed], **judged: int) -> Report:
    counts = {ZONE: judged.get("zone", 1), LOST: judged.get("lost", 1)}
    return report_of(
        some, judged=counts, without_timezone=0, independent=False, parameters={}, seed=1, seconds=0.0
    )  # fmt: skip


def test_walks_astray_and_ordinary_ones_with_and_without_alarms_are_counted() -> None:
    found = report(
        [
            *(followed(walk(onset_min=10), 12) for _ in range(6)),
            *(followed(walk(onset_min=10)) for _ in range(2)),
            *(followed(walk()) for _ in range(9)),
            followed(walk(), 3),
        ]
    )
    assert (found.files, found.tp, found.fn, found.tn, found.fp) == (18, 6, 2, 9, 1)
    assert (found.sensitivity, found.specificity, found.median_delay_s) == (0.75, 0.9, 120)
    assert found.f1 == pytest.approx(12 / 15, abs=1e-4)
    assert found.intervals.sensitivity == pytest.approx((0.3491, 0.9681), abs=1e-4)
    assert found.intervals.specificity == pytest.approx((0.5550, 0.9975), abs=1e-4)
    assert found.intervals.median_delay_s == (120, 120)


def test_an_alarm_before_the_onset_is_false_and_finds_nobody() -> None:
    found = report([followed(walk(onset_min=10), 9)])
    assert (found.tp, found.fn, found.false_alarms, found.before_onset, found.median_delay_s) == (0, 1, 1, 1, None)


@pytest.mark.parametrize(("ended_min", "known"), [(None, 1), (9.5, 0), (10.5, 1)])
def test_that_it_still_stood_at_the_onset_is_told(ended_min: float | None, known: int) -> None:
    assert report([followed(walk(onset_min=10), 9, ended_min=ended_min)]).known_at_onset == known


def test_an_alarm_at_the_very_onset_has_no_delay() -> None:
    found = report([followed(walk(onset_min=10), 10)])
    assert (found.tp, found.false_alarms, found.median_delay_s) == (1, 0, 0)


def test_an_alarm_after_a_false_one_still_finds() -> None:
    found = report([followed(walk(onset_min=10), 2, 14)])
    assert (found.tp, found.false_alarms, found.median_delay_s) == (1, 1, 240)


def test_where_nobody_knows_the_onset_any_alarm_finds_and_no_delay_is_told() -> None:
    found = report([followed(walk(is_stray=True), 2)])
    assert (found.tp, found.false_alarms, found.median_delay_s) == (1, 0, None)
    assert found.intervals.median_delay_s == (None, None)


def test_an_alarm_that_stands_through_an_ordinary_walk_alarms_it_and_calls_nobody_anew() -> None:
    found = report([followed(walk(), before=(LOST,))])
    assert (found.fp, found.stood_through, found.false_alarms) == (1, 1, 0)


def test_an_alarm_that_stood_from_before_and_ends_leaves_an_ordinary_walk_alone() -> None:
    found = report([followed(walk(), before=(LOST,), ended_min=2)])
    assert (found.tn, found.fp, found.stood_through) == (1, 0, 0)


def test_an_alarm_that_stood_from_before_finds_nobody() -> None:
    found = report([followed(walk(onset_min=10), before=(LOST,))])
    assert (found.tp, found.fn, found.known_at_onset) == (0, 1, 1)


def test_two_rules_at_once_are_one_call_and_each_has_its_own_row() -> None:
    lost = followed(walk(), 3)
    both = lost._replace(said=(*lost.said, *followed(walk(), 5, rule=ZONE).said))
    found = report([both, followed(walk(onset_min=1), 4, rule=ZONE)])
    assert found.false_alarms == 1
    of_lost, of_zone = found.per_rule["wandering.lost"], found.per_rule["wandering.zone_exit"]
    assert (of_lost.false_alarms, of_lost.fp, of_lost.tp, of_lost.first) == (1, 1, 0, 0)
    assert (of_zone.false_alarms, of_zone.fp, of_zone.tp, of_zone.first) == (1, 1, 1, 1)
    assert [(alarm.rule, alarm.is_false, alarm.joins) for alarm in found.alarms] == [
        ("wandering.lost", True, False),
        ("wandering.zone_exit", True, True),
        ("wandering.zone_exit", False, False),
    ]


def test_a_second_alarm_after_the_first_has_ended_is_a_second_call() -> None:
    assert report([followed(walk(), 3, 9, ended_min=5)]).false_alarms == 2


def test_false_alarms_are_counted_a_day_on_which_something_was_recorded_of_a_person() -> None:
    days = [NOON, NOON + 3_600_000, NOON + 2 * DAY_MS]
    some = [followed(walk(begins=at), 3) for at in days] + [followed(walk("ben", begins=NOON))]
    found = report(some)
    assert (found.false_alarms, found.days, found.subjects) == (3, 3, 2)
    assert found.false_alarms_per_day == 1
    assert found.intervals.false_alarms_per_day == pytest.approx((0.2062, 2.9224), abs=1e-3)
    assert found.hours == 2


def test_a_walk_over_midnight_by_the_sun_is_on_two_days() -> None:
    assert report([followed(walk(begins=NOON + DAY_MS // 2 - 600_000))]).days == 2


def test_what_there_is_nothing_of_has_no_figure() -> None:
    found = report([followed(walk())])
    assert (found.sensitivity, found.f1, found.median_delay_s) == (None, None, None)
    assert found.intervals.sensitivity == (None, None)


def test_walks_are_told_by_activity_and_by_person() -> None:
    found = report([followed(walk("ann", activity="market"), 3), followed(walk("ben", activity="park"))])
    assert {name: (row.fp, row.tn) for name, row in found.per_activity.items()} == {"market": (1, 0), "park": (0, 1)}
    assert {name: row.fp for name, row in found.per_subject.items()} == {"ann": 1, "ben": 0}
    assert found.false == ["a.csv"]


def test_evidence_that_is_not_known_is_left_out() -> None:
    assert report([followed(walk(), 3)]).alarms[0].evidence == {"lat_deg": 31.0}


def test_the_text_says_what_was_found_and_which_rule_judged_nobody() -> None:
    some = [followed(walk(onset_min=10, file="gone.csv"), 2), followed(walk(file="b.csv"), 3)]
    words = "\n".join(lines(report(some, zone=0)))
    assert "0 of 1 walks astray found; 1 of 1 ordinary walks alarmed" in words
    assert "2 false alarms, 1 of them before the onset" in words
    assert "in 1 of the walks not found an alarm stood at the onset" in words
    assert "walks astray not found (1): gone.csv" in words
    assert words.count("judged nobody") == 1
    assert "lost (false, medium) after -480 s: lat_deg=31" in words


def test_walks_that_began_before_enough_was_known_are_told() -> None:
    early, later = followed(walk()), followed(walk())
    found = report([early, later._replace(known=later.known._replace(enough=True))])
    assert found.ways_unknown == 1
    assert "before 1 walks too little was known" in "\n".join(lines(found))
    assert "too little was known" not in "\n".join(lines(report([early], lost=0)))


def test_rules_are_named_as_in_the_contract() -> None:
    assert set(report([followed(walk())]).per_rule) == {Rule(rule).public_name for rule in (ZONE, LOST)}
