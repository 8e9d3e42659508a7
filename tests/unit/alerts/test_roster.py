"""The roster's calendar: what is copied keeps its local times, whatever the clocks do."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.roster import Span, days_later, gaps, week_of
from devices.clock import HOUR_MS, MINUTE_MS

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp() * 1000)


@pytest.mark.parametrize(("first", "hours"), [("2025-03-24", 167), ("2025-10-20", 169), ("2025-06-09", 168)])
def test_a_week_is_seven_local_days_however_long(first: str, hours: int) -> None:
    week = week_of(date.fromisoformat(first), BERLIN)
    assert week.to_ms - week.from_ms == hours * HOUR_MS


@pytest.mark.parametrize(
    ("night", "hours"),
    [("2025-03-29", 7), ("2025-10-25", 9), ("2025-06-14", 8)],
    ids=["clocks go forward", "clocks go back", "an ordinary night"],
)
def test_a_night_shift_stays_one_from_22_to_6_in_the_night_in_which_the_clocks_change(night: str, hours: int) -> None:
    week_before = Span(at("2025-03-22T22:00"), at("2025-03-23T06:00"))
    days = (date.fromisoformat(night) - date(2025, 3, 22)).days
    moved = days_later(week_before, days, BERLIN)
    assert moved.from_ms == at(f"{night}T22:00")
    assert moved.to_ms - moved.from_ms == hours * HOUR_MS


def test_shifts_that_touch_still_touch_in_the_hour_that_does_not_exist() -> None:
    one = Span(at("2025-03-23T00:00"), at("2025-03-23T02:30"))
    other = Span(one.to_ms, at("2025-03-23T08:00"))
    assert days_later(one, 7, BERLIN).to_ms == days_later(other, 7, BERLIN).from_ms


def test_what_begins_and_ends_within_the_hour_that_comes_twice_keeps_its_length() -> None:
    span = Span(at("2025-10-26T02:50"), at("2025-10-26T02:10", fold=1))
    assert span.to_ms - span.from_ms == 20 * MINUTE_MS
    moved = days_later(span, 7, BERLIN)
    assert moved == Span(at("2025-11-02T02:50"), at("2025-11-02T03:10"))


@given(start=st.integers(0, 2_000_000_000_000), length=st.integers(1, 72 * HOUR_MS), days=st.integers(-400, 400))
def test_no_copy_ends_before_it_begins(start: int, length: int, days: int) -> None:
    moved = days_later(Span(start, start + length), days, BERLIN)
    assert moved.to_ms > moved.from_ms


@given(start=st.integers(1_000_000_000_000, 2_000_000_000_000), days=st.integers(-60, 60))
def test_where_clocks_never_change_a_day_is_24_hours(start: int, days: int) -> None:
    span = Span(start, start + 8 * HOUR_MS)
    moved = days_later(span, days, SHANGHAI)
    assert moved == Span(start + days * 24 * HOUR_MS, span.to_ms + days * 24 * HOUR_MS)


_SPANS = st.lists(
    st.tuples(st.integers(-20, 40), st.integers(1, 20)).map(lambda s: Span(s[0], s[0] + s[1])), max_size=6
)


@given(covered=_SPANS)
def test_a_moment_lies_in_a_gap_if_and_only_if_no_shift_covers_it(covered: list[Span]) -> None:
    within = Span(0, 30)
    found = gaps(covered, within)
    assert found == sorted(found)
    for moment in range(-5, 35):
        is_covered = any(span.from_ms <= moment < span.to_ms for span in covered)
        in_gap = sum(span.from_ms <= moment < span.to_ms for span in found)
        assert in_gap == (0 <= moment < 30 and not is_covered), moment
