"""Figures of an evaluation: the plain limit by hand, what is missed, and intervals that are known from tables."""

from __future__ import annotations

from math import inf

import numpy as np

from anxin.evaluating.routine.figures import report_of
from anxin.evaluating.routine.lives import Life
from anxin.evaluating.routine.outcome import Outcome, Watched
from anxin.evaluating.routine.plain_limit import judged
from anxin.evaluating.routine.text import lines
from devices.clock import HOUR_MS

T = 1_600_000_000_000


def life(*steps: int, gap_after: int | None = None) -> Life:
    """A report an hour; after ``gap_after`` of them a day without data."""
    hours = np.arange(len(steps))
    t = T + (hours + 24 * (hours > (gap_after if gap_after is not None else len(steps)))) * HOUR_MS
    recorded = hours * HOUR_MS if gap_after is None else (hours - (hours > gap_after)) * HOUR_MS
    return Life(t, np.array(steps), recorded, HOUR_MS, "UTC")


def watched(
    subject: str, delays: list[float], alarms: int = 0, days: float = 10.0, folder: str = "", hour: int = 8
) -> Watched:  # fmt: skip
    mine = Outcome(alarms, np.array(delays), 0)
    plain = Outcome(2, np.full(len(delays), 12.0), 0)
    return Watched(subject, folder, days, np.full(len(delays), hour), mine, plain)


def test_a_plain_limit_alarms_once_for_each_silence_as_long_as_itself() -> None:
    assert judged(life(0, 0, 0, 0, 1, 1, 1, 1, 2), np.array([], np.int64), limit_h=3).false_alarms == 2
    assert judged(life(0, 0, 0, 1), np.array([], np.int64), limit_h=3).false_alarms == 0


def test_a_plain_limit_counts_recorded_time_alone() -> None:
    assert judged(life(0, 0, 0, 0, gap_after=1), np.array([], np.int64), limit_h=3).false_alarms == 0


def test_a_plain_limit_waits_from_the_last_sign_not_from_the_end() -> None:
    ends = T + np.array([1, 2, 3]) * HOUR_MS + HOUR_MS // 2
    found = judged(life(0, 1, 1, 1, 1, 1), ends, limit_h=3)
    assert found.delays_h.tolist() == [2.5, 1.5, 0.5]
    assert found.standing == 0


def test_an_alarm_that_stands_already_is_no_wait_and_is_told() -> None:
    found = judged(life(0, 0, 0, 0, 0, 0), np.array([T + 4 * HOUR_MS]), limit_h=3)
    assert (found.delays_h.tolist(), found.standing) == ([0.0], 1)


def test_a_trial_without_an_alarm_counts_as_never() -> None:
    report = report_of([watched("a", [1.0, 2.0, inf, inf, inf])], trials=5, seed=1, parameters={}, seconds=0)
    assert (report.missed, report.median_detection_h, report.p90_detection_h) == (3, None, None)
    report = report_of([watched("a", [1.0, 2.0, 3.0, 4.0, inf])], trials=5, seed=1, parameters={}, seconds=0)
    assert (report.missed, report.median_detection_h, report.p90_detection_h) == (1, 3.0, None)


def test_folders_and_hours_are_told_apart_and_summed() -> None:
    people = [
        watched("a", [1.0, 1.0], alarms=1, folder="wrist", hour=3),
        watched("b", [5.0, 5.0], alarms=2, folder="steps", days=20.0),
    ]
    report = report_of(people, trials=2, seed=1, parameters={}, seconds=0)
    assert (report.subjects, report.days, report.false_alarms_per_day, report.trials) == (2, 30.0, 0.1, 4)
    assert {name: both.false_alarms_per_day for name, both in report.per_folder.items()} == {"wrist": 0.1, "steps": 0.1}
    assert report.per_folder["steps"].median_detection_h == 5.0
    assert report.fixed_12h.median_detection_h == 12.0
    hours = {row.hour: row.median_detection_h for row in report.by_hour if row.trials}
    assert hours == {3: 1.0, 8: 5.0}
    assert [row.subject for row in report.per_subject] == ["a", "b"]


def test_the_text_names_every_folder_and_whoever_raises_false_alarms() -> None:
    people = [watched("ann", [1.0], alarms=3, folder="wrist"), watched("ben", [inf], folder="steps")]
    text = "\n".join(lines(report_of(people, trials=1, seed=1, parameters={"x": 2.0}, seconds=0)))
    for words in ("wrist", "steps", "with x = 2", "ann 3 in 10 days", "never"):
        assert words in text
    assert "ben" not in text
