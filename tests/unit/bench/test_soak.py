from __future__ import annotations

import pytest

from bench.soak import SETTLING, Sample, slopes


def _samples(memory_mib: list[float]) -> list[Sample]:
    return [Sample(minute / 4, 0, {"gateway": mib}) for minute, mib in enumerate(memory_mib)]


def test_memory_that_grows_shows_its_slope_per_minute() -> None:
    assert slopes(_samples([100 + number for number in range(20)]))["gateway"] == pytest.approx(4)


def test_what_is_needed_once_at_the_start_is_no_slope() -> None:
    settling = int(20 * SETTLING)
    assert slopes(_samples([10.0] * settling + [200.0] * (20 - settling)))["gateway"] == pytest.approx(0)


def test_a_process_that_came_later_has_no_slope() -> None:
    samples = [*_samples([100.0] * 9), Sample(9, 0, {"gateway": 100.0, "console": 50.0})]
    assert set(slopes(samples)) == {"gateway"}
