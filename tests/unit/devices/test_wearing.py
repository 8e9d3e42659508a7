"""Every moment of a device has at most one wearer, however its assignments were entered."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from devices.wearing import FOREVER, Span, first_wearer, laid_out, span_at

spans = st.builds(
    lambda start, length, wearer: Span(start, FOREVER if length is None else start + length, wearer),
    st.integers(0, 30), st.one_of(st.none(), st.integers(1, 20)), st.sampled_from("abc"),
)  # fmt: skip


def wearer_by_definition(assignments: list[Span[str]], t: int) -> str | None:
    """Of those that have begun, the one that began last decides; of several, the one that lasts longest."""
    begun = [span for span in assignments if span.from_ms <= t]
    if not begun:
        return None
    newest = max(begun, key=lambda span: (span.from_ms, span.to_ms))
    return newest.wearer if t < newest.to_ms else None


@given(st.lists(spans, max_size=8, unique_by=lambda span: (span.from_ms, span.to_ms)))
def test_laid_out_says_at_every_moment_what_the_assignments_say(assignments: list[Span[str]]) -> None:
    laid = laid_out(assignments)
    for t in range(-1, 55):
        found = span_at(laid, t)
        assert (None if found is None else found.wearer) == wearer_by_definition(assignments, t)


@given(st.lists(spans, max_size=8))
def test_spans_are_apart_and_as_long_as_one_wearer_has_it(assignments: list[Span[str]]) -> None:
    laid = laid_out(assignments)
    for newer, older in pairwise(laid):
        assert older.from_ms < older.to_ms <= newer.from_ms
        assert older.to_ms < newer.from_ms or older.wearer != newer.wearer


def test_a_handover_without_a_break_to_the_same_person_is_one_span() -> None:
    assert laid_out([Span(0, 10, "a"), Span(10, FOREVER, "a")]) == [Span(0, FOREVER, "a")]
    assert len(laid_out([Span(0, 10, "a"), Span(11, FOREVER, "a")])) == 2


@pytest.mark.parametrize(("t", "now", "wearer"), [(5, 20, "a"), (10, 20, None), (5, 9, None)])
def test_only_before_the_first_span_and_once_it_has_begun_a_cry_is_the_first_wearers(
    t: int, now: int, wearer: str | None
) -> None:
    assert first_wearer([Span(12, 15, "b"), Span(10, 12, "a")], t, now) == wearer


def test_a_device_that_nobody_ever_had_has_no_first_wearer() -> None:
    assert first_wearer([], 0, 10) is None
