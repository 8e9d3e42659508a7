"""What is varied in training, and what never changes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alerts.engine.fall_model import PEAK, WINDOW
from alerts.engine.motion import MISSING
from anxin.training.streams import jolts_of, stream, windows_at
from anxin.training.variation import shapes_of, turned, varied
from simulator.motion import FALLS, fall


def recorded(seed: int = 1) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], float]:
    motion = fall(seed)
    assert motion.jolt_ms is not None
    return motion.t_ms.astype(np.float64), motion.samples_mg.astype(np.float64), float(motion.jolt_ms)


def of_one(count: int, seed: int) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int64]]:
    t, samples, jolt_ms = recorded()
    starts, one = np.array([0, len(t)]), np.zeros(count, np.int64)
    return varied(t, samples, starts, one, np.full(count, jolt_ms), np.random.default_rng(seed))


def test_a_band_that_is_turned_round_tells_the_same() -> None:
    for kind in FALLS:
        motion = fall(2, kind)
        cells = stream(motion.t_ms.astype(np.float64), motion.samples_mg.astype(np.float64))
        window, known = windows_at(cells, jolts_of(cells)[0], 2)
        there = window[:, 0] != MISSING
        around = window.copy()
        around[there] = np.rint(window[there] @ turned(np.random.default_rng(5)).T).astype(np.int16)
        other = window.copy()
        other[there] = window[there] * np.array([-1, -1, 1], np.int16)
        shapes = shapes_of(np.stack([window, other, around]), np.full(3, known))
        assert np.array_equal(shapes[0], shapes[1])
        assert np.abs(shapes[0] - shapes[2]).max() < 0.05


def test_each_time_a_jolt_looks_a_little_different_and_the_same_seed_repeats_it() -> None:
    windows, known = of_one(50, 1)
    again, _ = of_one(50, 1)
    other, _ = of_one(50, 2)
    assert np.array_equal(windows, again)
    assert not np.array_equal(windows, other)
    assert len({window.tobytes() for window in windows}) == 50
    assert len(set(known.tolist())) > 5


def test_the_jolt_stays_about_where_the_engine_puts_it() -> None:
    windows, known = of_one(200, 3)
    strength = np.where(windows[:, :, 0] == MISSING, 0, (windows.astype(np.float64) ** 2).sum(axis=2))
    nearby = strength[:, PEAK - 2 : PEAK + 3].max(axis=1)
    assert (nearby >= strength[:, PEAK - 8 : PEAK + 9].max(axis=1)).mean() > 0.8
    assert (known > PEAK).all()


def test_nothing_is_known_beyond_what_is_said_to_be() -> None:
    windows, known = of_one(200, 4)
    for window, ends in zip(windows, known.tolist(), strict=True):
        assert ends == WINDOW or (window[ends:] == MISSING).all()
        assert (window[ends - 1] != MISSING).all()
