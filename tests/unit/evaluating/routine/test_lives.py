"""What the engine is shown: the recording as it was, and from a trial's end on a band that reports rest."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from anxin.evaluating.errors import EvaluationError
from anxin.evaluating.routine.lives import LEARNS_MS, WAIT_MS, Life, ends_of, life_of, local_hours, told
from anxin.evaluating.routine.recordings import Person, Recording
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS

T = int(datetime(2021, 3, 1, tzinfo=UTC).timestamp()) * 1000
STEP = 5 * MINUTE_MS


def person(*recordings: Recording, timezone: str = "UTC") -> Person:
    return Person("ann", "", timezone, recordings)


def steady(days: float, start: int = T) -> Recording:
    t = np.arange(start, start + int(days * DAY_MS) + 1, STEP, dtype=np.int64)
    return Recording(t, (np.arange(len(t)) % 3).astype(np.float64), only_events=False)


def events(*offsets_ms: int) -> Recording:
    return Recording(T + np.array(offsets_ms, np.int64), np.ones(len(offsets_ms)), only_events=True)


def ends(life: Life, count: int = 400) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return ends_of(life, count, np.random.default_rng(1))


def test_signs_are_steps_of_a_running_total() -> None:
    life = life_of(person(steady(0.01)))
    assert life.steps.tolist() == [0, 1, 3]
    assert (life.interval_ms, life.recorded_ms.tolist()) == (STEP, [0, STEP, 2 * STEP])


def test_a_sign_smaller_than_one_is_a_sign() -> None:
    recording = Recording(np.array([T, T + STEP]), np.array([0.0, 0.2]), only_events=False)
    assert life_of(person(recording)).steps.tolist() == [0, 1]


def test_lines_within_a_minute_are_one_report_and_lose_no_sign() -> None:
    life = life_of(person(Recording(T + np.arange(180) * 1000, np.full(180, 0.5), only_events=False)))
    assert life.t.tolist() == [T + 59_000, T + 119_000, T + 179_000]
    assert life.steps.tolist() == [30, 60, 90]


def test_a_home_that_records_events_alone_reports_each_five_minutes_in_between() -> None:
    life = life_of(person(events(0, 12 * MINUTE_MS, HOUR_MS)))
    assert np.diff(life.t).max() == STEP
    assert life.steps[-1] == 3
    assert life.recorded_ms[-1] == HOUR_MS


def test_time_without_lines_is_not_recorded_and_no_signs_end_in_it() -> None:
    life = life_of(person(steady(10), steady(10, T + 20 * DAY_MS)))
    assert life.days == 20.0
    found = ends(life)
    assert found.min() >= T + 20 * DAY_MS
    assert found.max() <= T + 30 * DAY_MS


def test_signs_end_from_the_third_week_on() -> None:
    found = ends(life_of(person(steady(28))))
    assert found.min() >= T + LEARNS_MS
    assert found.min() < T + LEARNS_MS + DAY_MS
    assert found.max() > T + 27 * DAY_MS


def test_signs_end_from_the_middle_of_a_shorter_recording_on() -> None:
    found = ends(life_of(person(steady(20))))
    assert T + 10 * DAY_MS <= found.min() < T + 11 * DAY_MS


def test_signs_end_at_every_hour_of_the_day() -> None:
    life = life_of(person(steady(28)))
    assert set(local_hours(life, ends(life)).tolist()) == set(range(24))


def test_after_its_end_a_life_reports_rest_at_its_own_pace_until_nobody_waits() -> None:
    life = life_of(person(steady(2)))
    end = T + DAY_MS + 7 * MINUTE_MS
    batch = told(life, np.array([end]))
    mine = batch.header["device"] == 1
    t, steps = batch.header["t"][mine], batch.heartbeat["steps"][batch.header["row"][mine]]
    assert set(np.diff(t).tolist()) == {STEP}
    assert end + WAIT_MS - STEP < t[-1] <= end + WAIT_MS
    before = life.t <= end
    assert steps[: before.sum()].tolist() == life.steps[before].tolist()
    assert set(steps[before.sum() :].tolist()) == {life.steps[before][-1]}


def test_the_life_as_it_was_stands_beside_and_everything_arrives_in_order() -> None:
    life = life_of(person(steady(2)))
    batch = told(life, np.array([T + HOUR_MS, T + DAY_MS]))
    mine = batch.header["device"] == 0
    assert batch.header["t"][mine].tolist() == life.t.tolist()
    assert batch.heartbeat["steps"][batch.header["row"][mine]].tolist() == life.steps.tolist()
    assert (np.diff(batch.header["t"]) >= 0).all()


def test_an_old_recording_keeps_its_weekday_and_its_local_hour() -> None:
    old = int(datetime(2003, 7, 4, 9, 30, tzinfo=ZoneInfo("Europe/Amsterdam")).timestamp()) * 1000
    life = life_of(person(steady(3, old), timezone="Europe/Amsterdam"))
    moved = datetime.fromtimestamp(life.t[0] / 1000, ZoneInfo("Europe/Amsterdam"))
    assert moved.year >= 2020
    assert (moved.month, moved.day, moved.weekday(), moved.hour, moved.minute) == (7, 4, 4, 9, 30)


def test_a_recording_that_never_lasts_is_refused() -> None:
    recording = Recording(np.array([T, T + 1000]), np.array([0.0, 1.0]), only_events=False)
    with pytest.raises(EvaluationError, match=r"ann: .*less than a minute"):
        life_of(person(recording))
