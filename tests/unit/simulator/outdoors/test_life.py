"""What the years bring is what the habits and the assumptions say, and the same whenever it is asked for."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from simulator.outdoors.assumptions import Outdoors
from simulator.outdoors.life import DAY_S, OutdoorLife
from simulator.outdoors.town import Floats, Town
from simulator.outdoors.track import Cover

USUAL = Outdoors()
CALM = msgspec.structs.replace(USUAL, strays_per_year=0.0, night_exits_per_year=0.0, patterns_per_year=0.0)
DAYS = 60


@pytest.fixture(scope="module")
def town() -> Town:
    return Town(3)


def _life(town: Town, number: int = 0, a: Outdoors = USUAL) -> OutdoorLife:
    return OutdoorLife(town, a, seed=7, number=number, days=DAYS)


def _away_from(line: Floats, places: Floats) -> Floats:
    """How far each place lies from a line, m."""
    start, leg = line[:-1], np.diff(line, axis=0)
    part = ((places[:, None] - start) * leg).sum(2) / np.maximum((leg**2).sum(1), 1e-9)
    foot = start + np.clip(part, 0, 1)[..., None] * leg
    nearest: Floats = np.hypot(*np.moveaxis(places[:, None] - foot, 2, 0)).min(axis=1)
    return nearest


def test_a_day_is_the_same_whenever_it_is_asked_for(town: Town) -> None:
    backwards = {number: _life(town).day(number) for number in (20, 5, 1)}
    life = _life(town)
    for number in range(21):
        day = life.day(number)
        if number in backwards:
            assert day.spans == backwards[number].spans
            assert np.array_equal(day.fixes.place, backwards[number].fixes.place)


def test_a_day_begins_and_ends_where_one_lives_and_time_only_goes_on(town: Town) -> None:
    for number in range(6):
        life = _life(town, number)
        home = np.array(life.habits.home.door)
        for date in range(DAYS):
            day = life.day(date)
            assert np.all(np.diff(day.track.t) >= 0)
            assert day.track.t[-1] >= DAY_S
            assert all(one.stop <= other.start for one, other in pairwise(day.spans))
            assert np.all(np.diff(day.fixes.t) >= 0)
            if day.stay is None:
                assert np.hypot(*(day.track.place[[0, -1]] - home).T).max() < 1.0


def test_nobody_walks_faster_than_they_can_but_in_a_vehicle(town: Town) -> None:
    life = _life(town, 1)
    for date in range(DAYS):
        track = life.day(date).track
        seconds = np.diff(track.t)
        mps = np.hypot(*np.diff(track.place, axis=0).T) / np.maximum(seconds, 1e-6)
        on_foot = (track.cover != Cover.RIDE) & (track.cover != Cover.UNDERGROUND)
        assert mps[on_foot].max() < 1.4
        assert mps.max() < 19.0


def test_who_has_habits_takes_the_same_way_to_the_market_each_time(town: Town) -> None:
    life = next(life for life in (_life(town, n, CALM) for n in range(20)) if not life.habits.explores)
    way = town.way(life.habits.home.crossing, life.habits.spots["market"].crossing)
    line = np.concatenate([[life.habits.home.door], town.points(list(way)), [life.habits.spots["market"].door]])
    for number in range(30):
        day = life.only("market", number, 9 * 3600.0)
        if day.spans[0].what == "market":
            assert _away_from(line, day.track.place).max() < 120.0


def test_who_goes_astray_leaves_every_habitual_way_only_after_the_onset(town: Town) -> None:
    strayed = 0
    for number in range(20):
        life = _life(town, number)
        known = np.concatenate(
            [town.points(list(town.way(life.habits.home.crossing, life.habits.spot(errand, 0).crossing)))
             for errand in life.habits.spots if errand != "bus"]
            + [town.points(list(town.way(a, b))) for loop in life.habits.loops for a, b in pairwise(loop)]
        )  # fmt: skip
        day = life.only("astray", 0, 9 * 3600.0)
        (incident,) = day.incidents
        span = day.spans[0]
        before = day.track.at(np.arange(span.start, incident.onset, 10.0))
        after = day.track.at(np.arange(incident.onset, incident.over, 10.0))
        assert np.hypot(*(before[:, None] - known).transpose(2, 0, 1)).min(axis=1).max() < 90.0
        strayed += np.hypot(*(after[:, None] - known).transpose(2, 0, 1)).min(axis=1).max() > 150.0
        assert incident.onset - span.start > 60.0
        assert incident.over - incident.onset > 20 * 60.0
    assert strayed >= 18


def test_a_night_exit_is_by_night_and_each_incident_comes_as_often_as_assumed(town: Town) -> None:
    a = msgspec.structs.replace(USUAL, strays_per_year=36.5, night_exits_per_year=36.5, patterns_per_year=73.0)
    seen: Counter[str] = Counter()
    days = 0
    for number in range(10):
        life = _life(town, number, a)
        for date in range(DAYS):
            day = life.day(date)
            days += day.stay is None
            seen.update(incident.kind for incident in day.incidents)
            assert all(i.onset < 5 * 3600.0 for i in day.incidents if i.kind == "night exit")
    assert seen["astray"] == pytest.approx(0.1 * days, rel=0.35)
    assert seen["night exit"] == pytest.approx(0.1 * days, rel=0.35)
    assert seen["pacing"] + seen["lapping"] + seen["random"] == pytest.approx(0.2 * days, rel=0.3)


def test_outings_are_as_many_as_assumed(town: Town) -> None:
    out = days = 0
    for number in range(60):
        life = _life(town, number, CALM)
        for date in range(0, DAYS, 4):
            day = life.day(date)
            if day.stay is None:
                out, days = out + len(day.spans), days + 1
    assert out / days == pytest.approx(CALM.outings_per_day, rel=0.15)


def test_a_zone_holds_the_home_and_whoever_has_one_does_not_ride_alone(town: Town) -> None:
    zoned = [life.habits for life in (_life(town, number) for number in range(40)) if life.habits.is_zoned]
    assert 10 < len(zoned) < 30
    for habits in zoned:
        assert not habits.rides
        (zone,) = habits.zones
        home = np.array(habits.home.door)
        if zone.corners is None:
            assert np.hypot(*(home - zone.middle)) < zone.radius_m
        else:
            corners = np.array(zone.corners) - home
            after = np.roll(corners, -1, axis=0)
            turns = corners[:, 0] * after[:, 1] - corners[:, 1] * after[:, 0]
            assert np.all(turns < 0) or np.all(turns > 0)
    held = [
        np.hypot(*(np.array(habits.spots["market"].door) - habits.home.door)) < habits.zones[0].radius_m
        for habits in zoned
    ]
    assert np.mean(held) > 0.9


def test_a_zone_with_corners_holds_every_place_that_the_family_knows(town: Town) -> None:
    everybody = [_life(town, number, msgspec.structs.replace(USUAL, zoned=1.0)).habits for number in range(60)]
    cornered = [habits for habits in everybody if habits.zones[0].corners is not None]
    assert len(cornered) > 8
    for habits in cornered:
        corners = np.array(habits.zones[0].corners)
        for errand, spot in habits.spots.items():
            # Whoever stands within sees all corners pass by once on the way round.
            seen = np.arctan2(*(corners - spot.door).T)
            round_once = (np.diff(seen, append=seen[0]) + np.pi) % (2 * np.pi) - np.pi
            assert errand == "bus" or abs(abs(round_once.sum()) - 2 * np.pi) < 1e-6


def test_holidays_are_spent_far_away_and_told_as_often_as_assumed(town: Town) -> None:
    often = msgspec.structs.replace(USUAL, holidays_per_year=12.0)
    told: Counter[str] = Counter()
    for number in range(60):
        life = _life(town, number, often)
        for stay in life.habits.stays:
            told[stay.told] += 1
            middle = (stay.first + stay.last) // 2
            if middle < DAYS:
                day = life.day(middle)
                assert day.stay == stay
                assert np.hypot(*(day.track.place - life.habits.home.door).T).min() > 10_000.0
    assert told["before"] / told.total() == pytest.approx(often.told_before, abs=0.15)
    assert told["never"] > 0
