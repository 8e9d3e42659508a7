"""Intervals: known from tables, or of people who are drawn again."""

from __future__ import annotations

from math import inf, nan

import pytest

from bench.intervals import binomial, median_between, over_people, poisson, quantile


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390)])
def test_exact_intervals_of_counts_are_those_of_the_tables(count: int, low: float, high: float) -> None:
    assert poisson(count) == pytest.approx((low, high), abs=1e-3)


def test_a_large_count_has_an_interval_too() -> None:
    low, high = poisson(5000)
    assert 4850 < low < 4870
    assert 5130 < high < 5150


def test_people_are_drawn_again_whole() -> None:
    low, high = over_people([1.0, 1.0, 5.0], max, 1)
    assert (low, high) == (1.0, 5.0)
    assert over_people([1.0, 1.0], max, 1) == (None, None)
    assert over_people([1.0, inf, inf], max, 1) == (1.0, None)


@pytest.mark.parametrize(("values", "low", "high"), [(6, 1, 6), (10, 2, 9), (20, 6, 15)])
def test_the_median_lies_between_the_ranks_of_the_tables(values: int, low: int, high: int) -> None:
    assert median_between([float(rank) for rank in range(values, 0, -1)]) == (low, high)


def test_five_values_do_not_say_where_the_median_lies() -> None:
    assert median_between([1.0, 2.0, 3.0, 4.0, 5.0]) == (None, None)
    assert median_between([]) == (None, None)


def test_half_of_them_do_not_exceed_the_median() -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert quantile([1.0, inf], 0.9) == inf


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.3085), (5, 10, 0.1871, 0.8129), (10, 10, 0.6915, 1.0), (1, 157, 0.00016, 0.03498), (0, 0, 0, 1)],
)
def test_exact_intervals_of_shares_are_those_of_the_tables(hits: int, of: int, low: float, high: float) -> None:
    assert binomial(hits, of) == pytest.approx((low, high), abs=1e-4)


def test_whoever_a_figure_says_nothing_of_is_left_out() -> None:
    assert over_people([1.0, nan], max, 1) == (None, None)
    low, high = over_people([[1.0], [3.0], []], lambda some: max((max(one) for one in some if one), default=nan), 1)
    assert (low, high) == (1.0, 3.0)
