"""What is trained is what the engine runs; it is repeatable, and learns from people whom it is not judged by."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from numba import njit

from alerts.engine import fall_model
from anxin.evaluating.falls.recordings import Recording
from anxin.training import falls
from anxin.training.falls import GROUPS, ROUNDS, Untrainable, calibrated, train
from anxin.training.network import begun, flat, opinions
from anxin.training.streams import jolts_of, stream, windows_at
from anxin.training.variation import shapes_of
from simulator.motion import DailyKind, FallKind, daily, fall
from simulator.wrist import Motion

Floats = npt.NDArray[np.float32]


@njit()
def heard(weights: Floats, scratch: Floats, window: npt.NDArray[np.int16], known: int) -> float:
    return fall_model.opinion(weights, scratch, window, known)


def recording(motion: Motion, subject: str, activity: str, *, is_fall: bool, folder: str = "set") -> Recording:
    t = motion.t_ms.astype(np.float64)
    return Recording(f"{subject}-{activity}.csv", subject, is_fall, activity, "", folder, t, motion.samples_mg)


def recordings(people: Sequence[int]) -> list[Recording]:
    found: list[Recording] = []
    for i in people:
        falls_of: tuple[FallKind, ...] = ("forward", "sideways")
        found += [recording(fall(i, way), f"p{i}", way, is_fall=True) for way in falls_of]
        lives: tuple[DailyKind, ...] = ("walking", "clapping", "hand_on_table")
        found += [recording(daily(i, kind), f"p{i}", kind, is_fall=False) for kind in lives]
    return found


def window_of(motion: Motion) -> tuple[npt.NDArray[np.int16], int]:
    cells = stream(motion.t_ms.astype(np.float64), motion.samples_mg.astype(np.float64))
    return windows_at(cells, jolts_of(cells)[-1], 2)


def nothing(_done: int, _of: int) -> None:
    """Hears no progress."""


@pytest.fixture
def shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(falls, "EPOCHS", 20)


def test_the_engine_thinks_what_the_trained_networks_think() -> None:
    networks = [begun(1), begun(2), begun(3)]
    head = np.zeros(fall_model.HEAD, np.float32)
    head[0] = len(networks)
    weights = np.concatenate([head, *map(flat, networks)])
    scratch = np.zeros(fall_model.SCRATCH, np.float32)
    for motion in (fall(1), fall(2, "collapse", after_s=2.0), daily(3, "clapping")):
        window, known = window_of(motion)
        shapes = shapes_of(window[None], np.array([known]))
        expected = np.mean([opinions(network, shapes)[0] for network in networks])
        assert heard(weights, scratch, window, known) == pytest.approx(expected, abs=1e-4)


@pytest.mark.usefixtures("shortly")
def test_the_same_recordings_and_seed_give_the_same_weights_and_tell_falls_of_others() -> None:
    told: list[tuple[int, int]] = []
    some = recordings(range(6))
    weights = train(some, seed=1, progress=lambda done, of: told.append((done, of)))
    assert np.array_equal(weights, train(some, seed=1, progress=nothing))
    assert int(weights[0]) == GROUPS * ROUNDS
    assert told[-1] == (20 * GROUPS * ROUNDS, 20 * GROUPS * ROUNDS)
    assert all(one[0] < two[0] for one, two in pairwise(told))
    scratch = np.zeros(fall_model.SCRATCH, np.float32)
    fallen = [heard(weights, scratch, *window_of(fall(i))) for i in range(50, 58)]
    lived = [heard(weights, scratch, *window_of(daily(i, "hand_on_table"))) for i in range(50, 58)]
    assert np.median(fallen) > np.median(lived) + 1


@pytest.mark.usefixtures("shortly")
def test_daily_life_of_others_may_be_learned_from_beside() -> None:
    beside = [recording(daily(i, "clapping"), f"q{i}", "clapping", is_fall=False, folder="other") for i in range(3)]
    jolts = falls.jolts_in(recordings(range(6)) + beside, np.random.default_rng(1))
    assert jolts.is_daily.any()
    assert not (jolts.is_daily & jolts.is_fall).any()
    first, last = falls._may_see(jolts, 0, 1), falls._may_see(jolts, ROUNDS - 1, 1)
    assert not (first & jolts.is_daily).any()
    assert (last & jolts.is_daily).any()
    assert not (last & (jolts.group[ROUNDS - 1] == 1)).any()
    worth = falls._worth(jolts.is_fall, jolts.is_daily, jolts.known[0])
    assert (worth[jolts.is_daily] == 0.5).all()
    assert worth[jolts.is_fall].sum() / worth[~jolts.is_daily].sum() == pytest.approx(0.4, abs=0.02)


def test_nothing_is_learned_without_falls_or_daily_life_or_people() -> None:
    some = recordings(range(6))
    with pytest.raises(Untrainable):
        train([each for each in some if each.is_fall], seed=1, progress=nothing)
    with pytest.raises(Untrainable):
        train([each for each in some if not each.is_fall], seed=1, progress=nothing)
    with pytest.raises(Untrainable):
        train(recordings(range(GROUPS - 1)), seed=1, progress=nothing)


def test_log_odds_are_made_true_ones() -> None:
    chance = np.random.default_rng(1)
    truth = chance.normal(0, 2, 20_000)
    happened = chance.random(20_000) < 1 / (1 + np.exp(-truth))
    slope, offset = calibrated((truth - 1) / 2, happened)
    assert slope == pytest.approx(2, abs=0.1)
    assert offset == pytest.approx(1, abs=0.1)


def test_log_odds_that_part_falls_from_the_rest_stay_finite() -> None:
    slope, offset = calibrated(np.array([-3.0] * 50 + [3.0] * 50), np.array([False] * 50 + [True] * 50))
    assert 0 < slope < 10
    assert abs(offset) < 1
