from __future__ import annotations

import pytest

from devices.clock import MINUTE_MS
from simulator.community import FENCE_RADIUS_M, invent
from simulator.geometry import distance_m
from simulator.resident import Life
from simulator.schedule import Report
from simulator.wearer import BATTERY_STEPS_PCT, Wearer

NOON = 1_763_697_600_000


@pytest.fixture
def wearer() -> Wearer:
    return Wearer(Life(invent(residents=1).residents[0], 1))


def _heartbeat(t: int) -> Report:
    return Report(t, "heartbeat", {"battery_pct": 70.0, "charging": False, "activity": 40})


def test_an_ordinary_wearer_changes_nothing(wearer: Wearer) -> None:
    assert wearer.alter(_heartbeat(NOON)) == _heartbeat(NOON)


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
