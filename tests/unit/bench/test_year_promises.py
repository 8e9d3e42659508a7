"""Plans of the simulated year: what is due on which day, and when people press."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from bench.desk.assumptions import NOISY
from bench.desk.day import MINUTES, Day, Doing, World
from bench.desk.month import START_MS
from bench.desk.people import drawn
from bench.year.assumptions import PLANS, YearAssumptions, assumed
from bench.year.promises import Promises, is_festive, local_day
from devices.clock import DAY_MS, MINUTE_MS

RESIDENTS = 300
ORDINARY, FESTIVE = date(2026, 3, 10), date(2026, 2, 17)


def promises(a: YearAssumptions | None = None) -> Promises:
    return Promises(RESIDENTS, a or YearAssumptions(), np.random.default_rng(1))


@pytest.fixture(scope="module")
def day() -> Day:
    chance = np.random.default_rng(2)
    people = drawn(RESIDENTS, NOISY, chance)
    number = (ORDINARY - date(2026, 1, 1)).days
    return World(people, NOISY, chance).day(number, START_MS + number * DAY_MS)


def test_the_shares_of_the_plans_are_all() -> None:
    assert sum(share for share, _ in PLANS) == pytest.approx(1.0)


def test_a_day_of_the_run_is_a_local_day() -> None:
    assert [local_day(START_MS), local_day(START_MS + 58 * DAY_MS)] == [date(2026, 1, 1), date(2026, 2, 28)]


def test_who_skips_holidays_promises_nothing_on_them() -> None:
    made = promises()
    skips = {who for who, terms in enumerate(made.plans) if terms is not None and terms.holidays == "skip"}
    assert is_festive(FESTIVE)
    assert skips
    assert skips.isdisjoint(window.who for window in made.due_on(FESTIVE))
    assert skips <= {window.who for window in made.due_on(ORDINARY)}


def test_windows_of_one_resident_do_not_overlap_and_have_names_of_their_own() -> None:
    windows = promises().due_on(ORDINARY)
    records = [window.record for window in windows]
    assert len({record.id for record in records}) == len(records)
    ends: dict[int, int] = {}
    for record in records:
        assert ends.get(record.resident_slot, 0) <= record.opens_ms < record.closes_ms
        ends[record.resident_slot] = record.closes_ms


def test_who_never_forgets_presses_within_each_window_by_button_or_once_awake(day: Day) -> None:
    made = promises(YearAssumptions(forgets=1e-9))
    due = [window for window in made.due_on(ORDINARY) if window.due.by == "button"]
    who, at = made.pressed(day, due, festive=False)
    assert len(who) == len(due)
    for window, presser, ms in zip(due, who.tolist(), at.tolist(), strict=True):
        assert presser == window.who
        assert window.due.opens_ms <= day.midnight + ms
        inside = day.midnight + ms < window.due.closes_ms
        slept = day.doing[presser, (window.due.opens_ms - day.midnight) // MINUTE_MS] == Doing.SLEEPS
        assert inside or slept


def test_who_always_forgets_presses_only_after_the_band_rang_or_later(day: Day) -> None:
    a = YearAssumptions(forgets=0.999, heeds_reminder=1.0, remembers=0.0)
    made = promises(a)
    due = [window for window in made.due_on(ORDINARY) if window.due.by == "button"]
    pressed = dict(zip(*(column.tolist() for column in made.pressed(day, due, festive=False)), strict=True))
    rung = {window.who: (window.due.closes_ms - day.midnight) // MINUTE_MS - a.reminded_before_min for window in due}
    late = [ms // MINUTE_MS - rung[who] for who, ms in pressed.items() if ms // MINUTE_MS >= rung[who]]
    assert len(late) > 0.5 * len(pressed)
    deaf = {who for who, minute in rung.items() if not day.worn[who, minute]}
    assert deaf


def test_signs_and_calls_need_no_press(day: Day) -> None:
    made = promises()
    by_sign = [window for window in made.due_on(ORDINARY) if window.due.by == "sign"]
    assert by_sign
    who, at = made.pressed(day, by_sign, festive=False)
    assert (len(who), len(at)) == (0, 0)


def test_nobody_presses_after_the_day(day: Day) -> None:
    _, at = promises(YearAssumptions(forgets=0.5, remembers=1.0)).pressed(
        day, promises().due_on(ORDINARY), festive=True
    )
    assert at.max() < MINUTES * MINUTE_MS


def test_words_change_the_month_or_the_year() -> None:
    world, own = assumed(("noisy", "forgets=0.1", "dead_spot_per_day=0.5"))
    assert (world.dead_spot_per_day, own.forgets) == (0.5, 0.1)
    assert world.name == "noisy dead_spot_per_day=0.5 forgets=0.1"
    with pytest.raises(ValueError, match="forgetful"):
        assumed(("forgetful=1",))
