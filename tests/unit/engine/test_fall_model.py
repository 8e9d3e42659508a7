"""The model of falls that comes with the package."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pytest
from numba import njit

from alerts.engine import fall_model
from alerts.engine.fall_model import HEAD, HORIZONS_MS, LENGTHS, MEMBER, PEAK, SCRATCH, STRETCHES, THRESHOLDS, WINDOW
from alerts.engine.fall_shape import NUMBERS
from alerts.engine.motion import MISSING, canonical
from simulator.motion import DAILY, FALLS, daily, fall
from simulator.wrist import Motion


@njit()
def probable(
    weights: npt.NDArray[np.float32], scratch: npt.NDArray[np.float32], window: npt.NDArray[np.int16], known: int
) -> float:
    return fall_model.probability(weights, scratch, window, known)


def judged(window: npt.NDArray[np.int16], known: int = WINDOW) -> float:
    return probable(fall_model.weights(), np.zeros(SCRATCH, np.float32), window, known)


def window_of(motion: Motion) -> npt.NDArray[np.int16]:
    """Around the greatest jolt, all of it known."""
    cells = canonical(motion.samples_mg, motion.rate_hz)
    jolt = PEAK + int((cells[PEAK : PEAK - WINDOW].astype(np.int64) ** 2).sum(axis=1).argmax())
    return cells[jolt - PEAK : jolt - PEAK + WINDOW]


def test_the_weights_are_whole_networks_and_rising_calibrations() -> None:
    weights = fall_model.weights()
    assert weights.dtype == np.float32
    assert np.isfinite(weights).all()
    assert len(weights) == HEAD + int(weights[0]) * MEMBER
    assert (weights[1:HEAD:2] > 0).all()
    assert "WEDA-FALL" in files("alerts.engine").joinpath("fall_model.md").read_text("utf-8")


def test_the_layers_fit_the_window_and_the_jolt_lies_in_a_stretch_of_its_own() -> None:
    length = WINDOW
    for kernel, steps in zip(fall_model.KERNELS, LENGTHS, strict=True):
        length = (length - kernel) // fall_model.STRIDE + 1
        assert length == steps
    assert STRETCHES[-1] == length
    assert all(inputs % 8 == 0 for inputs in (*fall_model.WIDTHS, fall_model.POOLED, NUMBERS))


@pytest.mark.parametrize("known", [0, 1, PEAK, PEAK + 1, WINDOW - 1, WINDOW])
def test_whatever_a_window_holds_there_is_a_probability(known: int) -> None:
    chance = np.random.default_rng(known)
    windows = [
        np.full((WINDOW, 3), MISSING, np.int16),
        np.zeros((WINDOW, 3), np.int16),
        np.full((WINDOW, 3), 32_767, np.int16),
        np.full((WINDOW, 3), -32_767, np.int16),
        chance.integers(-32_767, 32_768, (WINDOW, 3)).astype(np.int16),
    ]
    windows.append(windows[-1].copy())
    windows[-1][chance.random(WINDOW) < 0.5] = MISSING
    for window in windows:
        assert 0.0 <= judged(window, known) <= 1.0


def test_what_lies_beyond_what_is_known_does_not_count() -> None:
    window = window_of(fall(3))
    cut = window.copy()
    cut[PEAK + 31 :] = MISSING
    assert judged(window, PEAK + 31) == judged(cut, PEAK + 31)
    assert judged(window, PEAK + 31) != judged(window)


def test_a_quieter_working_point_and_an_earlier_look_want_more() -> None:
    for point in THRESHOLDS:
        assert len(point) == len(HORIZONS_MS)
        assert sorted(point, reverse=True) == list(point)
    assert all(sorted(column) == list(column) for column in zip(*THRESHOLDS, strict=True))


def test_invented_falls_are_mostly_found_and_invented_daily_life_never() -> None:
    balanced = THRESHOLDS[1][-1]
    falls = [judged(window_of(fall(i, kind))) for kind in FALLS if kind != "collapse" for i in range(8)]
    lives = [judged(window_of(daily(i, kind))) for kind in DAILY for i in range(8)]
    assert np.mean(np.array(falls) >= balanced) >= 0.75
    assert max(lives) < balanced
