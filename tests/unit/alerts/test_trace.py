"""Windows laid out as one row: nothing moved in time, the later window counts, long gaps stay unknown."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.felt import describe, second_by_second
from alerts.trace import AFTER_MS, BEFORE_MS, Piece, Trace, felt_g, lay_out, since_jolt_s
from simulator.motion import daily, fall
from simulator.wrist import Motion

T0 = 1_750_000_000_000


def cut(motion: Motion, *edges: int, begin_ms: int = T0) -> list[Piece]:
    """A movement in windows that end at these samples."""
    pieces = []
    for first, stop in zip((0, *edges), (*edges, len(motion.t_ms)), strict=True):
        if stop > first:
            t_ms = begin_ms + int(motion.t_ms[first])
            pieces.append(Piece(t_ms, motion.rate_hz, motion.samples_mg[first:stop]))
    return pieces


def laid(pieces: list[Piece], jolt_ms: int) -> Trace:
    trace = lay_out(pieces, jolt_ms)
    assert trace is not None
    return trace


@given(edges=st.lists(st.integers(0, 520), max_size=6).map(sorted), seed=st.integers(0, 50))
def test_however_it_is_cut_the_row_is_what_was_felt(edges: list[int], seed: int) -> None:
    motion = fall(seed, rate_hz=25, after_s=15)
    assert motion.jolt_ms is not None
    trace = laid(cut(motion, *(edge for edge in edges if edge < len(motion.t_ms))), T0 + motion.jolt_ms)
    assert trace.t0_ms == T0
    assert trace.rate_hz == 25
    assert np.array_equal(np.array([trace.x_mg, trace.y_mg, trace.z_mg]).T, motion.samples_mg)


@pytest.mark.parametrize("rate_hz", [20, 33.3, 50, 100])
def test_the_jolt_stands_where_it_was_at_every_rate(rate_hz: float) -> None:
    motion = fall(7, rate_hz=rate_hz)
    assert motion.jolt_ms is not None
    trace = laid(cut(motion, 100, 210), T0 + motion.jolt_ms)
    strongest = since_jolt_s(trace)[int(np.nanargmax(felt_g(trace)))]
    assert abs(strongest) < 0.8


def test_only_what_lies_around_the_jolt_is_kept() -> None:
    long = Piece(T0, 50.0, np.full((50 * 60, 3), 500, np.int16))
    trace = laid([long], T0 + 30_000)
    assert trace.t0_ms == T0 + 30_000 - BEFORE_MS
    assert len(trace.x_mg) == 50 * (BEFORE_MS + AFTER_MS) // 1000


def test_of_two_windows_that_overlap_the_later_counts() -> None:
    old = Piece(T0, 25.0, np.full((50, 3), 1, np.int16))
    new = Piece(T0 + 1_000, 25.0, np.full((50, 3), 2, np.int16))
    for pieces in ([old, new], [new, old]):
        assert laid(pieces, T0 + 1_000).x_mg == [1] * 25 + [2] * 50


def test_a_short_gap_is_drawn_over_and_a_long_one_stays_unknown() -> None:
    first = Piece(T0, 25.0, np.full((25, 3), 100, np.int16))
    soon = Piece(T0 + 1_120, 25.0, np.full((25, 3), 200, np.int16))
    late = Piece(T0 + 4_000, 25.0, np.full((25, 3), 300, np.int16))
    row = laid([first, soon, late], T0 + 1_000).x_mg
    assert None not in row[:53]
    assert row[53:100] == [None] * 47
    assert row[100:] == [300] * 25
    assert math.isnan(felt_g(laid([first, soon, late], T0 + 1_000))[60])


def test_windows_of_two_rates_are_one_row_at_the_faster() -> None:
    slow = Piece(T0, 25.0, np.full((25, 3), 100, np.int16))
    fast = Piece(T0 + 1_000, 50.0, np.full((50, 3), 200, np.int16))
    trace = laid([slow, fast], T0 + 1_000)
    assert trace.rate_hz == 50
    assert trace.x_mg[:49] == [100] * 49
    assert trace.x_mg[50:] == [200] * 50


def test_nothing_is_laid_out_of_nothing() -> None:
    assert lay_out([], T0) is None
    assert lay_out([Piece(T0, 25.0, np.full((25, 3), 1, np.int16))], T0 + 60_000) is None


def described(motion: Motion, jolt_ms: int | None = None) -> Trace:
    own = motion.jolt_ms if jolt_ms is None else jolt_ms
    assert own is not None
    return laid(cut(motion), T0 + own)


def test_a_fall_reads_as_flight_jolt_and_stillness() -> None:
    felt = describe(described(fall(3, "forward")))
    assert felt.peak_g > 3
    assert felt.least_g < 0.6
    assert felt.before_s == pytest.approx(5.56, abs=0.5)
    assert felt.watched_s >= 16
    assert felt.still_s == felt.watched_s


def test_who_walks_on_is_not_still() -> None:
    felt = describe(described(daily(3, "stumbling")))
    assert felt.still_s == 0
    assert felt.watched_s >= 16


def test_a_band_that_breaks_tells_of_the_jolt_alone() -> None:
    felt = describe(described(fall(3, after_s=0.3)))
    assert (felt.watched_s, felt.still_s) == (0, 0)
    assert felt.peak_g > 3


def test_what_began_after_the_jolt_says_nothing_of_the_flight() -> None:
    motion = fall(3)
    assert motion.jolt_ms is not None
    first = motion.jolt_ms // 40 + 60
    trace = laid([Piece(T0 + first * 40, 25.0, motion.samples_mg[first:])], T0 + motion.jolt_ms)
    felt = describe(trace)
    assert math.isnan(felt.peak_g)
    assert math.isnan(felt.least_g)
    assert felt.before_s == 0


def test_every_known_second_has_its_least_and_its_most() -> None:
    trace = described(fall(3))
    seconds = second_by_second(trace)
    assert [each.from_s for each in seconds] == list(range(-6, 20))
    assert max(each.most_g for each in seconds) == pytest.approx(float(np.nanmax(felt_g(trace))))
    assert all(each.least_g <= each.most_g for each in seconds)
