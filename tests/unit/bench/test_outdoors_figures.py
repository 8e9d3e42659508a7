from __future__ import annotations

import pytest

from bench.outdoors.figures import FalseAlarm, Wandered, cases, of_kind, of_kinds, of_rule
from devices.clock import DAY_MS, HOUR_MS

RULE = "wandering.zone_exit"


def _alarm(t: int, who: int = 1, kind: str = "new", cause: str = "market") -> FalseAlarm:
    return FalseAlarm(t, t // DAY_MS, RULE, who, kind, cause)  # type: ignore[arg-type]


def _incident(noticed: dict[str, int], onset: int = 0) -> Wandered:
    return Wandered(1, "astray", 0, onset, HOUR_MS, noticed)


def test_false_alarms_are_counted_a_resident_and_100_days_and_silent_ones_apart() -> None:
    alarms = [_alarm(0), _alarm(HOUR_MS, cause="park"), _alarm(31 * DAY_MS), _alarm(5, kind="silent")]
    alarms += [_alarm(HOUR_MS + 5, kind="again"), _alarm(HOUR_MS + 6, kind="again")]
    found = of_rule(RULE, alarms, [5] * 40)
    assert (found.false_alarms, found.per_100, found.again_per_100, found.silent_per_100) == (3, 1.5, 1.0, 0.5)
    assert found.by_cause == {"market": 1.0, "park": 0.5}
    assert found.by_month == [pytest.approx(2 / 1.5, abs=1e-4), 2.0]
    assert found.interval == pytest.approx((0.309, 4.384), abs=0.001)


def test_nobody_judged_is_no_rate_at_all() -> None:
    assert of_rule(RULE, [], []).per_100 == 0.0


def test_alarms_of_one_resident_within_two_hours_are_one_case() -> None:
    alarms = [
        _alarm(0),
        _alarm(HOUR_MS),
        _alarm(2 * HOUR_MS),
        _alarm(HOUR_MS, who=2),
        _alarm(5 * HOUR_MS, kind="silent"),
    ]
    assert cases(alarms) == 2
    assert cases([*alarms, _alarm(5 * HOUR_MS)]) == 3


def test_who_is_never_noticed_makes_the_median_wait_endless() -> None:
    found = of_kind("astray", [_incident({RULE: 90_000}), _incident({}), _incident({})])
    assert (found.incidents, found.found, found.share) == (3, 1, 0.3333)
    assert found.median_s is None
    assert of_kind("astray", [_incident({RULE: 90_000, "wandering.lost": 60_000})]).median_s == 60.0


def test_of_one_rule_only_what_this_rule_noticed_counts() -> None:
    incidents = [_incident({"wandering.lost": 60_000}), _incident({RULE: 90_000})]
    assert of_kind("astray", incidents, RULE).found == 1
    assert of_kind("astray", incidents).by_rule == {"wandering.lost": 1, RULE: 1}


def test_incidents_are_summed_up_kind_by_kind() -> None:
    other = Wandered(2, "pacing", 0, 0, HOUR_MS, {})
    assert [(kind.kind, kind.incidents) for kind in of_kinds([other, _incident({})])] == [("astray", 1), ("pacing", 1)]
