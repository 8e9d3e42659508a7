from __future__ import annotations

from itertools import pairwise

import pytest

from devices.clock import MINUTE_MS
from simulator.community import FENCE_RADIUS_M, invent
from simulator.geometry import distance_m
from simulator.resident import Life
from simulator.schedule import Report
from simulator.wearer import BATTERY_STEPS_PCT, Doing, Wearer

NOON = 1_763_697_600_000


@pytest.fixture
def wearer() -> Wearer:
    return Wearer(Life(invent(residents=1).residents[0], 1))


def _heartbeat(t: int) -> Report:
    return Report(t, "heartbeat", {"battery_pct": 70.0, "charging": False, "activity": 40})


def test_an_ordinary_wearer_changes_nothing(wearer: Wearer) -> None:
    assert wearer.alter(_heartbeat(NOON)) == _heartbeat(NOON)


def test_who_moves_wears_the_band_though_it_would_be_charged_at_this_hour(wearer: Wearer) -> None:
    wearer.worn_until = NOON + MINUTE_MS
    on_its_cable = Report(NOON, "heartbeat", {"charging": True, "worn": False})
    on_the_wrist: dict[str, object] = {"charging": False, "worn": True}
    assert wearer.alter(on_its_cable) == on_its_cable._replace(fields=on_the_wrist)
    later = on_its_cable._replace(t=NOON + MINUTE_MS)
    assert wearer.alter(later) == later


@pytest.mark.parametrize("doing", ["walk_away", "pace", "lap", "roam"])
def test_nobody_walks_with_the_band_on_its_cable(wearer: Wearer, doing: Doing) -> None:
    wearer.begin(doing, NOON)
    told = wearer.alter(Report(NOON, "heartbeat", {"battery_pct": 100.0, "charging": True, "worn": False}))
    assert told is not None
    assert told.fields == {"battery_pct": 100.0, "charging": False, "worn": True}


def test_who_walks_away_is_outside_the_fence_at_the_next_fix(wearer: Wearer) -> None:
    wearer.begin("walk_away", NOON)
    home = invent(residents=1).residents[0].home
    fix = wearer.alter(Report(NOON + 1000, "position", {"lat": 0.0, "lon": 0.0}))
    assert fix is not None
    lat, lon = fix.fields["lat"], fix.fields["lon"]
    assert isinstance(lat, float)
    assert isinstance(lon, float)
    assert distance_m(home["lat"], home["lon"], lat, lon) > FENCE_RADIUS_M
    assert wearer.alter(_heartbeat(NOON)) == _heartbeat(NOON)


def _places(wearer: Wearer, minutes: int) -> list[tuple[float, float]]:
    fixes = [wearer.alter(Report(NOON + s * 1000, "position", {})) for s in range(0, minutes * 60, 5)]
    return [(float(str(fix.fields["lat"])), float(str(fix.fields["lon"]))) for fix in fixes if fix is not None]


@pytest.mark.parametrize("doing", ["pace", "lap", "roam"])
def test_who_wanders_in_a_pattern_walks_much_and_stays_in_the_zone(wearer: Wearer, doing: Doing) -> None:
    wearer.begin(doing, NOON)
    places = _places(wearer, 20)
    home = invent(residents=1).residents[0].home
    assert all(distance_m(home["lat"], home["lon"], *place) < FENCE_RADIUS_M + 50 for place in places)
    assert sum(distance_m(*here, *there) for here, there in pairwise(places[::6])) > 400
    again = Wearer(Life(invent(residents=1).residents[0], 1))
    again.begin(doing, NOON)
    assert _places(again, 20) == places


def test_who_stops_moving_sends_one_last_heartbeat_without_movement(wearer: Wearer) -> None:
    wearer.begin("stop_moving", NOON)
    assert wearer.alter(Report(NOON, "position", {})) is None
    last = wearer.alter(_heartbeat(NOON))
    assert last is not None
    assert last.fields["activity"] == 0
    assert wearer.alter(_heartbeat(NOON + MINUTE_MS)) is None


def test_a_battery_that_runs_out_fades_and_then_says_nothing(wearer: Wearer) -> None:
    wearer.begin("battery_out", NOON)
    faded = [wearer.alter(_heartbeat(NOON + n)) for n in range(5)]
    assert [report and report.fields["battery_pct"] for report in faded] == [*BATTERY_STEPS_PCT, None, None]


def test_whoever_becomes_ordinary_again_reports_again(wearer: Wearer) -> None:
    wearer.begin("battery_out", NOON)
    for n in range(5):
        wearer.alter(_heartbeat(NOON + n))
    wearer.begin("ordinary", NOON)
    assert wearer.alter(_heartbeat(NOON)) == _heartbeat(NOON)
