"""Training sees a recording as the engine would: the same cells, jolts and windows."""

from __future__ import annotations

import numpy as np
import pytest

from alerts.engine.fall_model import PEAK, WINDOW
from alerts.engine.jolts import APART, HORIZONS
from alerts.engine.motion import JOLT_MG, MISSING, canonical
from anxin.training.streams import jolts_of, stream, windows_at
from simulator.motion import fall


@pytest.mark.parametrize("rate_hz", [20.0, 25.0, 50.0, 64.0, 100.0])
def test_a_recordings_cells_are_those_of_the_engines_stream(rate_hz: float) -> None:
    samples = fall(1, rate_hz=rate_hz).samples_mg
    times = np.floor(np.arange(len(samples)) * 1e6 / rate_hz + 0.5) / 1000
    theirs = canonical(samples, rate_hz)
    ours = stream(times, samples.astype(np.float64))
    shared = min(len(ours), len(theirs)) - 1
    assert shared > 500
    assert np.array_equal(ours[:shared], theirs[:shared])


def test_nothing_is_known_where_samples_are_further_apart_than_a_line_reaches() -> None:
    times = np.array([0.0, 40.0, 80.0, 400.0, 440.0])
    cells = stream(times, np.full((5, 3), 500.0))
    assert (cells[:, 0] == MISSING).tolist() == [False] * 3 + [True] * 7 + [False] * 2


def test_every_jolt_is_the_first_of_the_greatest_of_its_second() -> None:
    chance = np.random.default_rng(3)
    cells = chance.integers(-2, 3, (400, 3)).astype(np.int16) * np.int16(500)
    cells[chance.random(400) < 0.2] = MISSING
    lengths = [-1 if x == MISSING else int(x) ** 2 + int(y) ** 2 + int(z) ** 2 for x, y, z in cells.tolist()]
    expected = [
        i
        for i, own in enumerate(lengths)
        if own >= JOLT_MG**2
        and all(own > lengths[j] for j in range(max(0, i - APART), i))
        and all(own >= lengths[j] for j in range(i + 1, min(len(lengths), i + APART + 1)))
    ]
    assert jolts_of(cells) == expected
    assert len(expected) > 3


def test_a_window_ends_with_its_horizon_or_with_the_recording() -> None:
    cells = np.arange(3 * 400, dtype=np.int16).reshape(400, 3)
    for horizon, cells_after in enumerate(HORIZONS):
        window, known = windows_at(cells, 200, horizon)
        assert known == min(WINDOW, PEAK + cells_after + 1)
        assert np.array_equal(window[:known], cells[200 - PEAK : 200 - PEAK + known])
        assert (window[known:] == MISSING).all()
    window, known = windows_at(cells, 390, 2)
    assert (known, window[PEAK].tolist()) == (PEAK + 10, cells[390].tolist())
    window, known = windows_at(cells, 10, 2)
    assert (window[: PEAK - 10] == MISSING).all()
    assert window[PEAK].tolist() == cells[10].tolist()
