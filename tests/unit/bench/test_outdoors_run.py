"""The simulated outdoors run the real engine: what alarms is told with its cause, and who wanders is noticed."""

from __future__ import annotations

import pytest

from bench.outdoors.figures import OutdoorReport
from bench.outdoors.measured import degrees, readings
from bench.outdoors.report import Outdoor, lines
from bench.outdoors.run import Years, measure
from bench.outdoors.trials import ORDINARY, tried
from devices.clock import MINUTE_MS
from devices.kinds import Kind
from simulator.geometry import distance_m
from simulator.outdoors.assumptions import assumed

RESIDENTS = 12
DAYS = 4
ZONED = ("zoned=1", "holidays_per_year=0")


def _lived(*words: str, parameters: dict[str, float] | None = None) -> OutdoorReport:
    return measure(
        residents=RESIDENTS, days=DAYS, seed=3, a=assumed((*ZONED, *words)), parameters=parameters or {},
        told=lambda _: None,
    )  # fmt: skip


def test_the_same_years_are_the_same_twice() -> None:
    one, other = _lived("cold_share=0.9"), _lived("cold_share=0.9")
    assert (one.rules, one.later, one.earlier, one.readings) == (
        other.rules,
        other.later,
        other.earlier,
        other.readings,
    )


def test_who_leaves_the_zone_with_the_family_alarms_unless_somebody_said_so() -> None:
    calm = ("strays_per_year=0", "night_exits_per_year=0", "patterns_per_year=0", "cold_share=0")
    untold = _lived("family_outings_per_day=1", "family_tells=0", *calm)
    assert any(cause.startswith("with the family, not told") for cause in untold.all_rules.by_cause)
    told = _lived("family_outings_per_day=1", "family_tells=1", *calm)
    assert not any("with the family" in cause for cause in told.all_rules.by_cause)


def test_who_leaves_home_by_night_and_the_zone_with_it_is_noticed_and_is_no_false_alarm() -> None:
    report = _lived("night_exits_per_year=365", "strays_per_year=0", "patterns_per_year=0", "family_outings_per_day=0")
    (night,) = [kind for kind in report.earlier if kind.kind == "night exit"]
    assert night.incidents > RESIDENTS
    assert night.found > 0
    assert not any("night exit" in cause for cause in report.all_rules.by_cause)


def test_a_parameter_of_a_rule_is_tried_for_everyone() -> None:
    words = ("family_outings_per_day=1", "family_tells=0")
    off = {f"wandering.{rule}.enabled": 0.0 for rule in ("zone_exit", "lost", "pattern", "night_exit")}
    assert _lived(*words).all_rules.false_alarms > 0
    assert _lived(*words, parameters=off).all_rules.false_alarms == 0


def test_the_engine_hears_every_fix_where_it_was_measured_and_when_it_came() -> None:
    years = Years(3, 1, 5, assumed(("stored_share=1",)), {})
    days = [life.day(0) for life in years.lives]
    batch = readings([day.fixes for day in days], 0, 0)
    of_one = batch.header[(batch.header["kind"] == Kind.POSITION) & (batch.header["device"] == 1)]
    fixes = days[1].fixes
    assert len(of_one) == len(fixes.t)
    by_time = of_one[of_one["t"].argsort()]
    assert by_time["t"].tolist() == pytest.approx((1000 * fixes.t).tolist(), abs=1)
    assert (batch.header["received"] >= batch.header["t"]).all()
    assert (batch.header["received"][1:] >= batch.header["received"][:-1]).all()
    rows = batch.position[by_time["row"]]
    for row, place in zip(rows[::7], fixes.place[::7], strict=True):
        assert distance_m(row["lat"], row["lon"], *degrees((place[0], place[1]))) < 1.0


def test_single_outings_are_told_apart_by_kind_and_ordinary_ones_beside_them() -> None:
    trials = tried(each=2, seed=3, a=assumed(()), parameters={}, told=lambda _: None)
    assert {name.split(",")[0] for name in trials.found} == {"pacing", "lapping", "random"}
    assert tuple(trials.alarmed) == ORDINARY
    assert trials.all_found.incidents == 18
    wait_s = trials.all_found.median_s
    assert wait_s is None or wait_s >= MINUTE_MS / 1000
    assert any("pacing" in line for line in lines(Outdoor(years=None, trials=trials)))
    assert any("zone_exit" in line for line in lines(Outdoor(years=_lived(), trials=None)))
