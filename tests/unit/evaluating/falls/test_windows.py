"""The windows that a band would have sent: every sample once, at its time, and no sooner than it could have come."""

from __future__ import annotations

import numpy as np
import pytest

from anxin.evaluating.falls.recordings import Recording, Times
from anxin.evaluating.falls.windows import WINDOW_MS, Windows, sent, windows_of


def moments(windows: Windows) -> Times:
    """When the samples were measured, as the windows tell."""
    parts = [
        t + np.arange(length) * 1000 / rate
        for t, length, rate in zip(windows.t, windows.length, windows.rate_hz, strict=True)
    ]
    return np.concatenate(parts)


def recording(t: Times, *, value: int = 1000) -> Recording:
    return Recording("a.csv", "ann", False, "rest", "", "", t, np.full((len(t), 3), value, np.int16))


@pytest.mark.parametrize("rate", [18.0, 20.0, 25.0, 31.25, 50.0, 100.0])
def test_every_sample_of_a_steady_recording_is_told_once_and_at_its_time(rate: float) -> None:
    t = np.round(np.arange(round(20 * rate)) * 1000 / rate)
    windows = windows_of(t)
    assert windows.first.tolist() == [0, *np.cumsum(windows.length)[:-1].tolist()]
    assert windows.length.sum() == len(t)
    assert np.abs(moments(windows) - t).max() <= 1.5
    assert np.allclose(windows.rate_hz, rate, rtol=2e-3)


def test_missing_samples_end_a_window_and_move_no_other_sample() -> None:
    t = np.arange(500, dtype=np.float64) * 40.0
    kept = t[np.random.default_rng(1).random(500) >= 0.2]
    windows = windows_of(kept)
    assert np.abs(moments(windows) - kept).max() == 0
    assert len(windows.first) > 50


def test_times_stamped_on_arrival_are_spaced_evenly() -> None:
    t = np.repeat(np.arange(50, dtype=np.float64) * 200.0, 5)
    told = moments(windows_of(t))
    steps = np.diff(told)
    assert steps.min() > 20
    assert steps.max() < 60
    assert np.abs(told - t).max() < 250


def test_unsteady_times_stay_near_their_own() -> None:
    t = np.sort(np.arange(400, dtype=np.float64) * 55.0 + np.random.default_rng(1).uniform(-27, 27, 400))
    t -= t[0]
    told = moments(windows_of(t))
    assert np.abs(told - t).max() < 110
    assert np.diff(told).min() > 0


def test_a_gap_in_unsteady_times_stays_a_gap() -> None:
    t = np.sort(np.arange(200, dtype=np.float64) * 55.0 + np.random.default_rng(1).uniform(-27, 27, 200))
    t = np.concatenate([t, t + t[-1] + 3000])
    told = moments(windows_of(t - t[0]))
    assert np.diff(told).max() == pytest.approx(3000, abs=150)


def test_a_window_comes_when_it_is_full_and_the_last_when_the_recording_ends() -> None:
    windows = windows_of(np.arange(60, dtype=np.float64) * 40.0)
    assert windows.arrives.tolist() == [1000, 2000, 2400]
    assert (windows.arrives >= windows.t + (windows.length - 1) * 1000 / windows.rate_hz).all()


def test_what_bands_send_comes_in_order_each_with_its_own_samples() -> None:
    some = [
        recording(np.arange(60, dtype=np.float64) * 40.0, value=1),
        recording(np.arange(90, dtype=np.float64) * 20.0, value=2),
    ]
    batch = sent(some, 5000)
    assert (np.diff(batch.header["received"]) >= 0).all()
    assert batch.header["received"].min() == 5000 + WINDOW_MS
    for device, value in ((0, 1), (1, 2)):
        mine = batch.header[batch.header["device"] == device]
        assert mine["seq"].tolist() == list(range(len(mine)))
        taken = [batch.samples[row["first"] : row["first"] + row["count"]] for row in batch.motion[mine["row"]]]
        assert np.unique(np.concatenate(taken)).tolist() == [value]
        assert sum(map(len, taken)) == len(some[device].t)
