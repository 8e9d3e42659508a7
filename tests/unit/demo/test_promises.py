"""What the people of the demo promise fits how they live."""

from __future__ import annotations

from datetime import datetime
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest

from alerts.checks import clash, laid_out
from anxin.demo.promises import MORNING, PROMISING, SOON_MIN, promises
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from gateway.store.registry_records import Resident
from simulator.community import invent
from simulator.resident import Life

SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = round(datetime(2026, 5, 4, tzinfo=SHANGHAI).timestamp()) * 1000


def _resident(language: str = "zh") -> Resident:
    return Resident(id="r", site="demo", name="王秀英", language=language)


@pytest.mark.parametrize("minute", range(0, 24 * 60, 47))
def test_whenever_the_demo_starts_a_check_is_due_within_a_minute_and_no_two_plans_clash(minute: int) -> None:
    now = MIDNIGHT + minute * MINUTE_MS + 12_345
    plans = [each.terms for each in promises(_resident(), 0, now)]
    assert not any(clash(one, other) for one, other in combinations(plans, 2))
    today = datetime.fromtimestamp(now / 1000, SHANGHAI).date()
    due = laid_out(plans, SHANGHAI, [], today, today.replace(day=today.day + 1))
    first = min((each for each in due if each.opens_ms > now), key=lambda each: each.opens_ms)
    assert 0 < first.opens_ms - now <= MINUTE_MS
    assert first.closes_ms - first.opens_ms == SOON_MIN * MINUTE_MS


@pytest.mark.parametrize("index", range(PROMISING))
def test_whoever_promises_the_morning_presses_in_it(index: int) -> None:
    life = Life(invent(residents=PROMISING).residents[index], 1)
    opens, closes = (
        MIDNIGHT + minutes * MINUTE_MS for minutes in (MORNING.opens_min, MORNING.opens_min + MORNING.lasts_min)
    )
    for day in range(14):
        pressed = [
            each.t - day * DAY_MS
            for each in life.day(life.ordinal(MIDNIGHT + day * DAY_MS + HOUR_MS)).occasions
            if each.kind == "checkin"
        ]
        assert any(opens <= t < closes for t in pressed)
