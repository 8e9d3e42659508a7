"""When promised checks are due: plans laid over local days, through the nights in which clocks change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.checks import WEEKDAYS, DaysOff, Due, Terms, WindowTerms, clash, laid_out, overlapping
from devices.clock import HOUR_MS, MINUTE_MS

BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
"""In Berlin 02:00 to 03:00 is skipped in the one night and comes twice in the other."""
MONDAY = date(2026, 6, 1)


def _terms(*spans: str, **more: Any) -> Terms:
    windows = tuple(WindowTerms(opens=span[:5], closes=span[6:]) for span in spans)
    return Terms(windows=windows, **more)


def _utc(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms / 1000, UTC).strftime("%d %H:%M")


def _seen(dues: Sequence[Due]) -> list[str]:
    return [f"{_utc(due.opens_ms)} - {_utc(due.closes_ms)}" for due in dues]


def _on(day: date, *spans: str, clock: ZoneInfo = BERLIN) -> list[str]:
    return _seen(laid_out([_terms(*spans)], clock, [], day, day))


def test_a_window_is_due_by_the_local_clock_of_summer_and_winter() -> None:
    assert _on(date(2026, 1, 10), "08:00-09:30") == ["10 07:00 - 10 08:30"]
    assert _on(date(2026, 7, 10), "08:00-09:30") == ["10 06:00 - 10 07:30"]
    assert _on(date(2026, 7, 10), "08:00-09:30", clock=SHANGHAI) == ["10 00:00 - 10 01:30"]


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    assert _on(MONDAY, "22:00-06:00", clock=SHANGHAI) == ["01 14:00 - 01 22:00"]
    assert _on(MONDAY, "20:00-24:00", clock=SHANGHAI) == ["01 12:00 - 01 16:00"]


def test_a_window_is_due_on_its_weekdays_alone() -> None:
    terms = Terms(windows=(WindowTerms(opens="08:00", closes="09:00", days=("mon", "sun")),))
    dues = laid_out([terms], BERLIN, [], MONDAY, MONDAY + timedelta(days=13))
    assert [(due.day - MONDAY).days for due in dues] == [0, 6, 7, 13]


def test_a_plan_lasts_from_its_first_day_to_its_last() -> None:
    terms = _terms("22:00-06:00", first_day=MONDAY, last_day=MONDAY + timedelta(days=1))
    dues = laid_out([terms], BERLIN, [], MONDAY - timedelta(days=3), MONDAY + timedelta(days=9))
    assert [(due.day - MONDAY).days for due in dues] == [0, 1]


def test_a_plan_that_is_off_promises_nothing() -> None:
    assert laid_out([_terms("08:00-09:00", active=False)], BERLIN, [], MONDAY, MONDAY) == []


def test_only_a_plan_that_says_so_skips_holidays() -> None:
    off = [DaysOff(MONDAY + timedelta(days=1), MONDAY + timedelta(days=2))]
    plans = [_terms("08:00-09:00", holidays="skip"), _terms("12:00-13:00")]
    dues = laid_out(plans, BERLIN, off, MONDAY, MONDAY + timedelta(days=3))
    assert [(due.plan, (due.day - MONDAY).days) for due in dues] == [(0, 0), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]


def test_a_window_around_the_skipped_hour_keeps_its_times_by_the_clock() -> None:
    assert _on(SPRING, "01:00-04:00") == ["29 00:00 - 29 02:00"]
    assert _on(SPRING - timedelta(days=1), "22:00-06:00") == ["28 21:00 - 29 04:00"]


def test_a_window_that_ends_in_the_skipped_hour_lasts_as_long_as_on_other_days() -> None:
    assert _on(SPRING, "01:30-02:30") == ["29 00:30 - 29 01:30"]


def test_a_window_that_begins_in_the_skipped_hour_opens_with_the_jump() -> None:
    assert _on(SPRING, "02:30-04:30") == ["29 01:00 - 29 03:00"]


def test_a_window_within_the_skipped_hour_follows_it_at_once() -> None:
    assert _on(SPRING, "02:00-03:00") == ["29 01:00 - 29 02:00"]
    assert _on(SPRING, "02:10-02:40") == ["29 01:00 - 29 01:30"]


def test_what_the_skipped_hour_prolongs_ends_when_the_next_window_opens() -> None:
    assert _on(SPRING, "02:00-03:00", "03:20-05:00") == ["29 01:00 - 29 01:20", "29 01:20 - 29 03:00"]


def test_of_windows_that_the_jump_lays_upon_each_other_the_last_asks() -> None:
    assert _on(SPRING, "02:00-02:30", "02:30-03:00", "03:30-04:00") == ["29 01:00 - 29 01:30", "29 01:30 - 29 02:00"]


def test_a_window_in_the_hour_that_comes_twice_is_asked_for_once_and_lasts_through_both() -> None:
    assert _on(AUTUMN, "02:15-02:45") == ["25 00:15 - 25 01:45"]
    assert _on(AUTUMN, "02:00-03:00") == ["25 00:00 - 25 02:00"]
    assert _on(AUTUMN, "01:00-04:00") == ["24 23:00 - 25 03:00"]


def test_neighbours_in_the_hour_that_comes_twice_follow_each_other() -> None:
    found = _on(AUTUMN, "01:00-02:00", "02:00-02:30", "02:30-03:00", "03:00-04:00")
    assert found == ["24 23:00 - 25 01:00", "25 01:00 - 25 01:30", "25 01:30 - 25 02:00", "25 02:00 - 25 03:00"]


def test_a_night_that_reaches_into_the_repeated_hour_holds_the_next_day_back() -> None:
    night, dawn = "22:00-02:30", "02:30-06:00"
    assert _on(AUTUMN - timedelta(days=1), night, dawn) == ["24 00:30 - 24 04:00", "24 20:00 - 25 01:30"]
    assert _on(AUTUMN, night, dawn) == ["25 01:30 - 25 05:00", "25 21:00 - 26 01:30"]


def test_days_of_23_and_25_hours_ask_as_often_as_any_other() -> None:
    spans = [f"{hour:02}:00-{hour:02}:50" for hour in range(0, 24, 3)]
    assert [len(_on(day, *spans)) for day in (SPRING, AUTUMN, MONDAY)] == [8, 8, 8]


def test_a_jump_of_half_an_hour_is_found_to_the_minute() -> None:
    assert _on(date(2026, 10, 4), "02:10-02:20", clock=LORD_HOWE) == ["03 15:30 - 03 15:40"]
    assert _on(date(2026, 4, 5), "01:40-01:50", clock=LORD_HOWE) == ["04 14:40 - 04 15:20"]


def test_windows_of_one_plan_that_overlap_are_found() -> None:
    assert overlapping(_terms("08:00-09:00", "09:00-10:00").windows) is None
    assert overlapping(_terms("08:00-09:00", "12:00-13:00", "08:59-10:00").windows) == (0, 2)
    assert overlapping(_terms("22:00-08:01", "08:00-10:00").windows) == (0, 1)
    assert overlapping(_terms("08:00-08:00").windows) is None
    sunday_night = WindowTerms(opens="23:00", closes="07:00", days=("sun",))
    monday = WindowTerms(opens="06:00", closes="08:00", days=("mon",))
    assert overlapping([monday, sunday_night]) == (0, 1)
    assert overlapping([msgspec.structs.replace(monday, days=("tue",)), sunday_night]) is None


def test_plans_clash_only_while_both_are_in_force() -> None:
    morning, early = _terms("08:00-09:00"), _terms("07:00-08:30")
    assert clash(morning, early)
    assert not clash(morning, _terms("09:00-10:00"))
    assert not clash(morning, msgspec.structs.replace(early, active=False))
    until = msgspec.structs.replace(morning, last_day=MONDAY)
    assert clash(until, msgspec.structs.replace(early, first_day=MONDAY))
    assert not clash(until, msgspec.structs.replace(early, first_day=MONDAY + timedelta(days=1)))
    night = _terms("22:00-07:30", last_day=MONDAY)
    assert clash(msgspec.structs.replace(early, first_day=MONDAY + timedelta(days=1)), night)


@pytest.mark.parametrize("bad", ["8:00", "24:01", "25:00", "08:60", "08:00\n", ""])
def test_a_time_that_no_clock_shows_is_refused(bad: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"from": bad, "to": "09:00"}, WindowTerms)


ZONES = [BERLIN, SHANGHAI, LORD_HOWE, ZoneInfo("Africa/Casablanca"), ZoneInfo("America/St_Johns")]


@st.composite
def _plans(draw: st.DrawFn) -> list[Terms]:
    """Plans that never ask for two things at once: a week cut at random minutes of the day."""
    cuts = sorted(draw(st.sets(st.integers(0, 1439), min_size=2, max_size=12)))
    days = draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1))
    chosen = [pair for pair in zip(cuts, [*cuts[1:], cuts[0]], strict=True) if draw(st.booleans())]
    windows = [
        WindowTerms(opens=f"{a // 60:02}:{a % 60:02}", closes=f"{b // 60:02}:{b % 60:02}", days=tuple(sorted(days)))
        for a, b in chosen
    ]
    middle = draw(st.integers(0, len(windows)))
    return [Terms(windows=tuple(windows[:middle])), Terms(windows=tuple(windows[middle:]))]


_FIRST = st.dates(date(2026, 1, 1), date(2027, 12, 20))


@given(plans=_plans(), clock=st.sampled_from(ZONES), first=_FIRST, days=st.integers(0, 9))
def test_windows_never_overlap_and_none_is_lost_but_to_one_that_opens_at_once(
    plans: list[Terms], clock: ZoneInfo, first: date, days: int
) -> None:
    dues = laid_out(plans, clock, [], first, first + timedelta(days=days))
    assert all(due.opens_ms < due.closes_ms for due in dues)
    assert all(a.closes_ms <= b.opens_ms for a, b in pairwise(dues))
    asked = 0
    for place in range(days + 1):
        day = first + timedelta(days=place)
        asked += sum(WEEKDAYS[day.weekday()] in each.days for terms in plans for each in terms.windows)
    jumps = {due.opens_ms for due in dues if _jumps(due.opens_ms, clock)}
    assert len(dues) == asked or (len(dues) < asked and jumps)


@given(plans=_plans(), clock=st.sampled_from(ZONES), first=_FIRST, days=st.integers(0, 9), asked=st.integers(0, 9))
def test_a_day_has_the_same_windows_whatever_days_are_laid_out_with_it(
    plans: list[Terms], clock: ZoneInfo, first: date, days: int, asked: int
) -> None:
    day = first + timedelta(days=min(asked, days))
    among = [due for due in laid_out(plans, clock, [], first, first + timedelta(days=days)) if due.day == day]
    assert among == laid_out(plans, clock, [], day, day)


@given(plans=_plans(), clock=st.sampled_from(ZONES), first=_FIRST)
def test_away_from_the_nights_of_change_every_time_is_as_the_clock_shows_it(
    plans: list[Terms], clock: ZoneInfo, first: date
) -> None:
    for due in laid_out(plans, clock, [], first, first):
        around = {_offset(due.opens_ms + hours * HOUR_MS, clock) for hours in range(-30, 60)}
        if len(around) > 1:
            continue
        opens, closes = (datetime.fromtimestamp(ms / 1000, clock) for ms in (due.opens_ms, due.closes_ms))
        shown = (f"{opens:%H:%M}", f"{closes:%H:%M}")
        assert opens.date() == due.day
        assert shown in {(each.opens, each.closes) for each in plans[due.plan].windows}


def _offset(moment_ms: int, clock: ZoneInfo) -> timedelta | None:
    return datetime.fromtimestamp(moment_ms / 1000, clock).utcoffset()


def _jumps(moment_ms: int, clock: ZoneInfo) -> bool:
    return _offset(moment_ms, clock) != _offset(moment_ms - MINUTE_MS, clock)
