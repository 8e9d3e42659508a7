"""The simulated year runs the real engine with promises, and notices who lies helpless."""

from __future__ import annotations

import pytest

from bench.year.assumptions import assumed
from bench.year.figures import YearReport
from bench.year.run import Year, measure

RESIDENTS = 40
DAYS = 5


def lived(*words: str) -> YearReport:
    world, own = assumed(words)
    return measure(residents=RESIDENTS, days=2, seed=3, world=world, a=own, parameters={}, told=lambda _: None)


@pytest.fixture(scope="module")
def forgetful() -> YearReport:
    return lived("forgets=0.5", "heeds_reminder=0", "helpless_per_year=0")


def test_the_same_year_is_the_same_twice(forgetful: YearReport) -> None:
    again = lived("forgets=0.5", "heeds_reminder=0", "helpless_per_year=0")
    assert again.rules == forgetful.rules
    assert again.readings == forgetful.readings


def test_who_forgets_is_asked_after_and_the_reason_is_told(forgetful: YearReport) -> None:
    (checkin,) = [rule for rule in forgetful.rules if rule.rule == "missed_check.checkin"]
    assert checkin.by_cause["forgot"] > 0.1
    faithful = lived("forgets=0.000001", "helpless_per_year=0")
    assert sum(rule.by_cause.get("forgot", 0.0) for rule in faithful.rules) == 0.0


def test_the_helpless_are_noticed_taken_to_hospital_and_trouble_nobody() -> None:
    world, own = assumed(("helpless_per_year=60", "absent_per_day=0"))
    year = Year(RESIDENTS, DAYS, 3, world, own, {})
    for number in range(DAYS):
        year.live(number)
        lying = {who for who, one in year.fates.lying.items() if one.noticed_ms is None}
        assert all(year.world.absent_until[who] <= number for who in lying)
    helpless = year.fates.all
    noticed = [one for one in helpless if one.noticed_ms is not None]
    assert len(helpless) > 5
    assert len(noticed) > len(helpless) / 2
    assert all(one.rule.startswith("missed_check.") for one in noticed)
    troubled = {(trouble.who, trouble.t) for trouble in year.troubles}
    assert troubled.isdisjoint((one.who, one.noticed_ms) for one in noticed)
    assert sum(day.residents for day in year.judged) < RESIDENTS * DAYS
