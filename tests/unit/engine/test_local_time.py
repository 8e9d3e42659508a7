"""The tables of time zones against the zones themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from math import isnan
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from alerts.engine import Engine
from alerts.engine.hours import is_between, local_hour
from tests.reference.streams import change, resident

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "UTC")


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = Engine()
    engine.apply([change(resident(slot, timezone=name)) for slot, name in enumerate(ZONES)])
    engine.apply([change(resident(len(ZONES), timezone="Nowhere/Atlantis"))])
    return engine


@settings(deadline=None)
@given(t=st.integers(1_577_836_800_000, 2_500_000_000_000), slot=st.integers(0, len(ZONES) - 1))
def test_the_local_hour_is_the_zones_own(engine: Engine, t: int, slot: int) -> None:
    state = engine._state
    there = datetime.fromtimestamp(t // 60_000 * 60, UTC).astimezone(ZoneInfo(ZONES[slot]))
    expected = there.hour + there.minute / 60
    found = local_hour(state, state.resident[slot]["zone"], t // 60_000 * 60_000)
    assert found == pytest.approx(expected, abs=1e-9)


def test_in_an_unknown_zone_it_is_never_night(engine: Engine) -> None:
    state = engine._state
    hour = local_hour(state, state.resident[len(ZONES)]["zone"], 1_750_000_000_000)
    assert isnan(hour)
    assert not is_between(hour, 22, 6)


def test_night_is_from_ten_to_six() -> None:
    nights = [hour for hour in range(24) if is_between(float(hour), 22, 6)]
    assert nights == [0, 1, 2, 3, 4, 5, 22, 23]
    assert [hour for hour in range(24) if is_between(float(hour), 12, 14)] == [12, 13]
