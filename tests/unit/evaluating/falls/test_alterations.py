"""Recordings made worse on purpose: what is asked for, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from anxin.evaluating.falls.alterations import Alterations, altered
from anxin.evaluating.falls.recordings import Recording
from anxin.training.variation import turned


def recording(samples: int = 500, file: str = "a.csv") -> Recording:
    chance = np.random.default_rng(1)
    values = chance.normal(0, 900, (samples, 3)).round().astype(np.int16)
    return Recording(file, "ann", True, "slip", "", "set", np.arange(samples, dtype=np.float64) * 40.0, values)


def test_nothing_asked_for_is_nothing_done() -> None:
    before = recording()
    after = altered(before, Alterations())
    assert np.array_equal(after.samples, before.samples)
    assert np.array_equal(after.t, before.t)
    assert Alterations().told() == {}


def test_a_turned_band_feels_as_much_in_other_directions() -> None:
    before = recording()
    after = altered(before, Alterations(turn_seed=3))
    strength = [np.linalg.norm(one.samples.astype(float), axis=1) for one in (before, after)]
    assert np.abs(strength[0] - strength[1]).max() < 2
    assert np.abs(after.samples - before.samples).max() > 500


def test_each_file_is_turned_its_own_way_the_same_at_each_run() -> None:
    one, again = (altered(recording(), Alterations(turn_seed=3)) for _ in range(2))
    other = altered(recording(file="b.csv"), Alterations(turn_seed=3))
    assert np.array_equal(one.samples, again.samples)
    assert not np.array_equal(one.samples, other.samples)
    assert not np.array_equal(one.samples, altered(recording(), Alterations(turn_seed=4)).samples)


def test_turns_favour_no_direction() -> None:
    chance = np.random.default_rng(1)
    turns = np.array([turned(chance) for _ in range(4000)])
    assert np.abs(turns.mean(axis=0)).max() < 0.05
    assert np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3))
    assert np.allclose(np.linalg.det(turns), 1)


def test_a_smaller_range_cuts_each_axis_off_after_the_turn() -> None:
    after = altered(recording(), Alterations(clip_mg=1200, turn_seed=3))
    assert np.abs(after.samples).max() == 1200


def test_another_rate_keeps_the_time_and_lies_on_straight_lines() -> None:
    before = recording()
    after = altered(before, Alterations(rate_hz=20))
    assert np.unique(np.diff(after.t)).tolist() == [50]
    assert before.t[-1] - 50 < after.t[-1] <= before.t[-1]
    assert np.array_equal(after.samples[::4], before.samples[::5][: len(after.samples[::4])])
    between = (before.samples[1] * 0.75 + before.samples[2] * 0.25).astype(float)
    assert np.abs(after.samples[1] - between).max() <= 1


def test_so_many_samples_are_lost_and_the_others_stay_where_they_were() -> None:
    before = recording(5000)
    after = altered(before, Alterations(lose=0.2))
    assert len(after.t) / 5000 == pytest.approx(0.8, abs=0.02)
    assert np.array_equal(after.samples, before.samples[(after.t / 40).astype(int)])


def test_a_recording_is_never_lost_altogether() -> None:
    assert len(altered(recording(2), Alterations(lose=0.95, seed=1)).t) == 2
