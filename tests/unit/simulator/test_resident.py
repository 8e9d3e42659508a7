from __future__ import annotations

from itertools import pairwise

import pytest

from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from simulator.community import FENCE_RADIUS_M, invent
from simulator.geometry import distance_m
from simulator.resident import Life
from simulator.schedule import Report, Schedule, reports

MIDNIGHT = 1_763_654_400_000
"""2025-11-21T00:00 in Shanghai."""


def _lives(count: int = 12, seed: int = 1) -> list[Life]:
    return [Life(person, seed) for person in invent(residents=count).residents]


def _day(life: Life, days: int = 1) -> list[Report]:
    return list(reports(life, MIDNIGHT, MIDNIGHT + days * DAY_MS))


def test_a_moment_does_not_depend_on_what_was_asked_before() -> None:
    one, other = _lives(1)[0], _lives(1)[0]
    hours = [MIDNIGHT + hour * HOUR_MS for hour in range(72)]
    assert [one.moment(t) for t in hours] == [other.moment(t) for t in reversed(hours)][::-1]


def test_the_same_seed_reports_the_same_day_and_another_seed_another() -> None:
    assert _day(_lives(1)[0]) == _day(_lives(1)[0])
    assert _day(_lives(1)[0]) != _day(_lives(1, seed=2)[0])


def test_reports_come_in_the_order_of_time() -> None:
    for life in _lives():
        assert all(earlier.t <= later.t for earlier, later in pairwise(_day(life)))


def test_no_heartbeat_comes_later_than_announced() -> None:
    for life in _lives():
        heartbeats = [report for report in _day(life) if report.kind == "heartbeat"]
        for before, after in pairwise(heartbeats):
            interval_s = before.fields["interval_s"]
            assert isinstance(interval_s, float)
            assert 60 <= interval_s <= 300
            assert after.t - before.t <= interval_s * 1000


def test_ordinary_walks_stay_inside_the_fence_with_their_error() -> None:
    for life in _lives():
        home = life.person.home
        for report in _day(life, days=3):
            if report.kind == "position":
                lat, lon, accuracy_m = (report.fields[name] for name in ("lat", "lon", "accuracy_m"))
                assert isinstance(lat, float)
                assert isinstance(lon, float)
                assert isinstance(accuracy_m, float)
                assert distance_m(home["lat"], home["lon"], lat, lon) + accuracy_m < FENCE_RADIUS_M


def test_outdoors_fixes_come_every_one_to_two_minutes() -> None:
    for life in _lives():
        fixes = [r for r in _day(life) if r.kind == "position"]
        outdoors = [(a, b) for a, b in pairwise(fixes) if life.moment(a.t).what == life.moment(b.t).what == "walk"]
        assert all(a.t + MINUTE_MS <= b.t <= a.t + 2 * MINUTE_MS for a, b in outdoors if b.t - a.t < HOUR_MS)


def test_the_battery_drains_and_charges_and_lasts_the_day() -> None:
    for life in _lives():
        levels = [life.moment(MIDNIGHT + hour * HOUR_MS) for hour in range(24 * 3)]
        assert all(25 < moment.battery_pct <= 100 for moment in levels)
        assert any(moment.charging for moment in levels)
        for before, after in pairwise(levels):
            if not before.charging and not after.charging:
                assert after.battery_pct < before.battery_pct


def test_a_charging_band_is_not_worn_and_feels_nothing() -> None:
    for life in _lives():
        for report in _day(life):
            if report.kind == "heartbeat" and report.fields["charging"]:
                assert report.fields["worn"] is False
                assert report.fields["activity"] == 0


def test_steps_never_fall_and_stand_still_at_night() -> None:
    for life in _lives():
        steps = [life.moment(MIDNIGHT + minute * MINUTE_MS).steps for minute in range(0, 3 * 1440, 7)]
        assert all(before <= after for before, after in pairwise(steps))
        assert life.moment(MIDNIGHT + HOUR_MS).steps == life.moment(MIDNIGHT + 4 * HOUR_MS).steps


def test_everybody_says_that_they_are_well_once_a_morning() -> None:
    for life in _lives():
        checkins = [report.t for report in _day(life, days=2) if report.kind == "checkin"]
        assert len(checkins) == 2
        assert all(5 * HOUR_MS < (t - MIDNIGHT) % DAY_MS < 10 * HOUR_MS for t in checkins)


def test_somebody_trains_on_a_machine() -> None:
    sessions = [r for life in _lives() for r in _day(life, days=4) if r.kind == "exercise"]
    assert sessions
    assert all(session.machine == session.fields["machine"] for session in sessions)


@pytest.mark.parametrize("speed", [1.0, 60.0])
def test_announced_intervals_are_those_of_the_wall_clock(speed: float) -> None:
    life = _lives(1)[0]
    schedule = Schedule(life, MIDNIGHT + 12 * HOUR_MS, speed=speed)
    heartbeats: list[Report] = []
    while len(heartbeats) < 5:
        report = schedule.take()
        if report.kind == "heartbeat":
            heartbeats.append(report)
    for before, after in pairwise(heartbeats):
        interval_s = before.fields["interval_s"]
        assert isinstance(interval_s, float)
        assert after.t - before.t == pytest.approx(interval_s * 1000 * speed, abs=0.06 * 1000 * speed)


def test_a_hurried_band_reports_at_once_and_at_the_pace_it_was_told() -> None:
    schedule = Schedule(_lives(1)[0], MIDNIGHT)
    schedule.pace.heartbeat_s = 2.0
    schedule.hurry(MIDNIGHT + 1)
    taken = [schedule.take() for _ in range(4)]
    heartbeats = [report for report in taken if report.kind == "heartbeat"]
    assert [report.t - MIDNIGHT for report in heartbeats][:3] == [1, 2001, 4001]
    assert heartbeats[0].fields["interval_s"] == 2.0
