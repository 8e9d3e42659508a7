"""Invented movements: the same at any rate, range and turn of the band, and what they promise to be."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.motion import DAILY, FALLS, daily, fall, from_second, joined
from simulator.motion_reports import windows, write_trials
from simulator.recordings import read, subjects
from simulator.wrist import Motion

SEEDS = range(12)


def felt_g(motion: Motion) -> Any:
    """How much is felt, whatever the direction; shape (n,)."""
    return np.linalg.norm(motion.samples_mg.astype(float), axis=1) / 1000


def around(motion: Motion, start_s: float, stop_s: float) -> Any:
    """What is felt within ``[start_s, stop_s)`` of the jolt."""
    assert motion.jolt_ms is not None
    since_s = (motion.t_ms - motion.jolt_ms) / 1000
    return felt_g(motion)[(since_s >= start_s) & (since_s < stop_s)]


@pytest.mark.parametrize("kind", FALLS)
def test_a_fall_is_a_flight_unless_one_sinks_down_then_a_blow_then_stillness(kind: Any) -> None:
    for seed in SEEDS:
        motion = fall(seed, kind, rate_hz=50)
        assert kind == "collapse" or around(motion, -0.5, 0.0).min() < 0.85
        assert around(motion, -0.3, 0.3).max() > 1.5
        assert around(motion, 3.0, 19.0).std() < 0.03
        assert abs(around(motion, 3.0, 19.0).mean() - 1.0) < 0.05


@pytest.mark.parametrize("kind", DAILY)
def test_daily_life_never_lies_still_in_another_posture_right_after_a_flight(kind: Any) -> None:
    for seed in SEEDS:
        motion = daily(seed, kind, rate_hz=50)
        if motion.jolt_ms is None:
            continue
        flight, rest = around(motion, -0.5, 0.0).min(), around(motion, 3.0, 19.0)
        assert flight > 0.25 or rest.std() > 0.03


def test_a_seed_is_one_movement_at_every_rate() -> None:
    slow, fast = fall(3, rate_hz=20), fall(3, rate_hz=100)
    assert slow.jolt_ms == fast.jolt_ms
    at_both = np.isin(fast.t_ms, slow.t_ms)
    shared = np.isin(slow.t_ms, fast.t_ms)
    apart = fast.samples_mg[at_both].astype(int) - slow.samples_mg[shared].astype(int)
    assert np.abs(apart).max() < 60


def test_a_turned_band_feels_as_much_in_other_directions() -> None:
    straight, turned = fall(5), fall(5, turned=2)
    assert np.abs(felt_g(straight) - felt_g(turned)).max() < 0.06
    assert np.abs(straight.samples_mg.astype(int) - turned.samples_mg).max() > 500


def test_a_narrow_range_clips_and_changes_nothing_else() -> None:
    wide, narrow = fall(4, range_g=16), fall(4, range_g=2)
    assert np.abs(wide.samples_mg).max() > 2000
    assert np.array_equal(np.clip(wide.samples_mg, -2000, 2000), narrow.samples_mg)


def test_seeds_differ_and_repeat() -> None:
    assert np.array_equal(fall(1).samples_mg, fall(1).samples_mg)
    assert not np.array_equal(fall(1).samples_mg[:100], fall(2).samples_mg[:100])


def test_whoever_gets_up_walks_again() -> None:
    assert around(fall(2, gets_up=True, after_s=30), 12.0, 28.0).std() > 0.08


def test_joined_movements_are_one_recording_with_the_first_jolt_in_its_place() -> None:
    calm, hard = daily(1, "walking"), fall(1)
    both = joined(calm, hard)
    assert hard.jolt_ms is not None
    assert both.jolt_ms == len(calm.t_ms) * 40 + hard.jolt_ms
    assert np.array_equal(np.diff(both.t_ms), np.full(len(both.t_ms) - 1, 40))


def test_windows_hold_every_sample_once_or_overlap_as_told() -> None:
    motion = fall(1, rate_hz=50)
    once = [base64.b64decode(str(reading.fields["samples"])) for reading in windows(motion, 10_000, seconds=1.3)]
    assert b"".join(once) == motion.samples_mg.astype("<i2").tobytes()
    twice = list(windows(motion, 10_000, seconds=2.0, overlap_s=0.5))
    assert twice[1].t - twice[0].t == 1500
    assert twice[0].t == 10_000


def test_a_written_trial_is_read_as_it_was_felt(tmp_path: Path) -> None:
    manifest = write_trials(tmp_path, subjects=1, rate_hz=20)
    assert len(subjects(manifest, independent=True)) == len(FALLS) + len(DAILY)
    readings = read(tmp_path / "fall-forward-0.csv")
    samples = b"".join(base64.b64decode(str(reading.fields["samples"])) for reading in readings)
    assert samples == fall(0, rate_hz=20, after_s=12).samples_mg.astype("<i2").tobytes()
    assert {reading.fields["rate_hz"] for reading in readings} == {20.0}


def test_a_movement_without_its_beginning_keeps_its_jolt() -> None:
    whole = fall(2, rate_hz=50)
    rest = from_second(whole, 2.0)
    assert whole.jolt_ms is not None
    assert rest.jolt_ms == whole.jolt_ms - 2_000
    assert rest.t_ms[0] == 0
    assert np.array_equal(rest.samples_mg, whole.samples_mg[100:])
