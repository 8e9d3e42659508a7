"""``wandering.lost``: who leaves a way that they walk again and again is missed there, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule, Severity, What
from alerts.engine.places import PLACES
from alerts.engine.trek import TREK
from alerts.engine.ways import WAYS
from tests.reference.oracle import Told
from tests.reference.streams import START, assignment, batch_of, change, parameter, resident
from tests.reference.walkers import (
    ASTRAY,
    DAY,
    HOUR,
    SHOP,
    Line,
    S,
    engine_of,
    heard,
    stood,
    there_and_back,
    told_at,
    used_to,
    walked,
)

NEVER_WALKED: Line = [(0, 0), (0, -700)]


def whats(engine: Engine, fixes: list[Told]) -> list[What]:
    return [What(event["what"]) for event in heard(engine, fixes)]


def told(event: Any) -> dict[str, float]:
    names = EVIDENCE_FIELDS[Rule.WANDERING_LOST]
    return dict(zip(names, event["values"].tolist(), strict=True))


def astray(times: int = 6, **fields: Any) -> tuple[Engine, list[Told]]:
    """Somebody who knows the way to the shop, and the fixes of a day on which they leave it midway."""
    engine = engine_of(**fields)
    day = used_to(engine, SHOP, times)
    return engine, walked(ASTRAY, START + day * DAY)


def test_who_leaves_a_well_trodden_way_midway_is_missed_within_three_minutes() -> None:
    engine, fixes = astray()
    left = next(fix for fix in fixes if fix.number("lon") < 121.4)
    opened = heard(engine, fixes)[0]
    assert (opened["what"], opened["severity"]) == (What.OPENED, Severity.LOW)
    assert 100 * S <= opened["t"] - left.t <= 180 * S
    evidence = told(opened)
    assert (evidence["reason"], evidence["walks_known"]) == (1, 12)
    assert evidence["regular"] > 0.6
    assert evidence["off_way_m"] >= 60
    assert evidence["seconds_off_way"] >= 140


def test_the_way_itself_says_nothing_however_often() -> None:
    engine = engine_of()
    for day in range(8):
        assert whats(engine, there_and_back(SHOP, START + day * DAY)) == []


def test_before_enough_is_known_nobody_is_missed() -> None:
    engine, fixes = astray(times=2)
    assert whats(engine, fixes) == []
    assert not engine.known_enough(0)
    assert astray()[0].known_enough(0)


def test_another_way_out_of_the_door_is_an_ordinary_outing() -> None:
    engine = engine_of()
    day = used_to(engine, SHOP)
    assert whats(engine, walked(NEVER_WALKED, START + day * DAY)) == []


def test_a_new_way_is_known_once_they_came_back_from_it_on_foot() -> None:
    engine = engine_of()
    day = used_to(engine, SHOP)
    assert whats(engine, there_and_back(ASTRAY, START + day * DAY))[0] == What.OPENED
    assert whats(engine, there_and_back(ASTRAY, START + (day + 1) * DAY)) == []


def test_at_home_it_is_over() -> None:
    engine, fixes = astray()
    assert whats(engine, fixes)[0] == What.OPENED
    at_home = stood((0, 0), fixes[-1].t + HOUR, 100)
    recovered = heard(engine, at_home)
    assert [event["what"] for event in recovered] == [What.RECOVERED]
    assert recovered[0]["opening_t"] > 0


def test_a_while_on_a_known_way_ends_it_and_a_crossing_does_not() -> None:
    engine, fixes = astray()
    heard(engine, fixes)
    crossing = walked([(-600, 420), (-100, 420), (60, 420), (300, 420)], fixes[-1].t + 20 * S)
    assert What.RECOVERED not in whats(engine, crossing)
    back = walked([(300, 420), (0, 420), (0, 50)], crossing[-1].t + 20 * S)
    assert whats(engine, back)[-1] == What.RECOVERED


def test_it_becomes_high_when_it_lasts() -> None:
    engine, fixes = astray()
    longer = [*fixes, *walked([(-600, 420), (-700, 420), (-600, 420)] * 8, fixes[-1].t + 20 * S)]
    said = heard(engine, longer)
    rising = [int(event["severity"]) for event in said]
    assert rising == sorted(rising)
    assert (rising[0], rising[-1]) == (Severity.LOW, Severity.HIGH)
    first_high = said[rising.index(Severity.HIGH)]
    assert first_high["t"] - said[0]["t"] <= 900 * S + 20 * S


def test_it_waits_without_a_sound_until_they_have_walked_on() -> None:
    engine, fixes = astray()
    nearby = walked([(0, 0), (0, 420), (-300, 420), (-300, 820), (-420, 820)], fixes[0].t)
    said = heard(engine, nearby)
    sounds = next(event for event in said if event["severity"] == Severity.MEDIUM)
    assert 420 * S <= sounds["t"] - said[0]["t"] <= 460 * S
    at_once, fixes = astray()
    at_once.apply([change(parameter("wandering.lost.sounds_after_s", 0))])
    assert heard(at_once, fixes)[0]["severity"] == Severity.MEDIUM


def test_who_looks_at_something_and_turns_round_is_not_walking_off() -> None:
    engine = engine_of()
    day = used_to(engine, SHOP)
    aside = walked([(0, 0), (0, 420), (-130, 420), (0, 420), (0, 500), (400, 500)], START + day * DAY)
    assert whats(engine, aside) == []


def test_under_a_roof_it_does_not_grow_worse_by_itself() -> None:
    inside: dict[str, Any] = {"source": 1, "accuracy_m": 20.0}
    for fields, worst in ((inside, Severity.LOW), ({}, Severity.HIGH)):
        engine, fixes = astray()
        nearby = walked([(0, 0), (0, 420), (-300, 420)], fixes[0].t)
        said = heard(engine, [*nearby, *stood((-300, 420), nearby[-1].t + 20 * S, 1_200, **fields)])
        assert max(said["severity"]) == worst


def test_while_it_lasts_it_is_told_once_a_minute() -> None:
    engine, fixes = astray()
    said = [(int(event["t"]), int(event["severity"])) for event in heard(engine, fixes)]
    assert len(said) > 3
    for (before, was), (after, is_now) in pairwise(said):
        assert after - before >= 60 * S or is_now > was


def test_with_company_nobody_is_lost_and_nothing_is_learned() -> None:
    engine, fixes = astray()
    day = fixes[0].t
    engine.apply([change(resident(accompanied_until=day + DAY))])
    before = [part.tolist() for part in engine.ways_of(0)]
    assert whats(engine, fixes) == []
    assert [part.tolist() for part in engine.ways_of(0)] == before


@pytest.mark.parametrize("status", ["away", "hospital", "paused"])
def test_only_active_residents_are_looked_for(status: str) -> None:
    engine, fixes = astray()
    engine.apply([change(resident(status=status))])
    assert whats(engine, fixes) == []


def test_a_resident_who_ceases_to_be_active_is_forgotten_not_recovered() -> None:
    engine, fixes = astray()
    heard(engine, fixes)
    engine.apply([change(resident(status="hospital"))])
    engine.apply([change(resident())])
    assert whats(engine, stood((0, 0), fixes[-1].t + HOUR, 100)) == []


def test_coarse_fixes_and_jumps_lead_nobody_astray() -> None:
    engine = engine_of()
    day = used_to(engine, SHOP)
    way = walked(SHOP, START + day * DAY)
    coarse = [told_at(fix.t + 7 * S, -900, 300, accuracy_m=400.0) for fix in way]
    jumps = [told_at(fix.t + 9 * S, -900 + 700 * (i % 2), 300) for i, fix in enumerate(way)]
    spoilt = sorted([*way, *coarse, *jumps], key=lambda each: each.t)
    assert whats(engine, spoilt) == []


def test_a_ride_is_no_walk() -> None:
    engine = engine_of()
    day = used_to(engine, SHOP)
    to_the_stop = walked([(0, 0), (0, 420)], START + day * DAY)
    ride = walked([(0, 420), (-4000, 420)], to_the_stop[-1].t + 20 * S, mps=9.0)
    assert whats(engine, [*to_the_stop, *ride]) == []


def test_a_bus_in_traffic_is_no_walk_however_often_it_is_seen() -> None:
    engine = engine_of()
    day = used_to(engine, SHOP)
    to_the_stop = walked([(0, 0), (0, 420)], START + day * DAY)
    ride = walked([(0, 420), (-1500, 420)], to_the_stop[-1].t + 20 * S, every_s=3, mps=4.0)
    assert whats(engine, [*to_the_stop, *ride]) == []


def test_standing_there_is_no_walking_off() -> None:
    engine = engine_of()
    day = used_to(engine, SHOP)
    aside = walked([(0, 0), (0, 420), (-70, 420)], START + day * DAY)
    assert whats(engine, [*aside, *stood((-70, 420), aside[-1].t + 20 * S, 1_800)]) == []


def test_standing_for_long_where_they_never_were_is_told() -> None:
    engine = engine_of()
    day = used_to(engine, SHOP)
    aside = walked([(0, 0), (0, 420), (-110, 420)], START + day * DAY)
    (opened, *_) = heard(engine, [*aside, *stood((-110, 420), aside[-1].t + 20 * S, 3_000)])
    assert told(opened)["reason"] == 2
    assert opened["t"] - aside[-1].t >= 2_600 * S


def test_an_hour_at_which_they_are_never_out_is_told() -> None:
    engine = engine_of(timezone="Asia/Shanghai")
    morning = -14 * HOUR  # START is 23:06 there
    for day in range(25):
        heard(engine, there_and_back(SHOP, START + day * DAY + morning))
    (opened, *_) = heard(engine, walked(SHOP, START + 26 * DAY))
    assert told(opened)["reason"] == 3
    assert told(opened)["home_m"] == pytest.approx(300, abs=40)
    by_day = engine_of(timezone="Asia/Shanghai")
    for day in range(27):
        assert whats(by_day, there_and_back(SHOP, START + day * DAY + morning)) == []


def test_stored_fixes_raise_nothing() -> None:
    engine, fixes = astray()
    last = fixes[-1].t + HOUR
    assert whats(engine, [replace(fix, received=last) for fix in fixes]) == []


def test_a_rule_that_is_switched_off_says_nothing() -> None:
    engine, fixes = astray()
    engine.apply([change(parameter("wandering.lost.enabled", 0))])
    assert whats(engine, fixes) == []


def test_of_an_explorer_nobody_can_tell() -> None:
    engine = engine_of()
    day = used_to(engine, SHOP)
    for i in range(10):
        x = 250 * (i - 5)
        heard(
            engine, walked([(0, 0), (x, -300), (x, -900), (x + 120, -900), (x + 120, -300), (0, 0)], START + day * DAY)
        )
        heard(engine, stood((0, 0), START + day * DAY + 2 * HOUR, 60))
        day += 1
    assert not engine.known_enough(0)
    assert whats(engine, walked(ASTRAY, START + day * DAY)) == []


def test_who_has_moved_house_is_to_be_known_anew() -> None:
    engine, fixes = astray()
    engine.apply([change(resident(home_lat=31.21, home_lon=121.42))])
    assert whats(engine, fixes) == []
    assert not engine.known_enough(0)


def test_the_ways_are_the_residents_not_the_bands() -> None:
    engine, fixes = astray()
    engine.apply([change(resident(1)), change(assignment(0, 1, id="a0", from_ms=fixes[0].t - HOUR))])
    assert whats(engine, fixes) == []
    assert engine.ways_of(1)[2].sum() > 0


def test_a_place_is_known_from_the_second_visit_on() -> None:
    engine = engine_of(timezone="Asia/Shanghai")
    used_to(engine, SHOP, 1)
    assert engine.places_of(0) == []
    used_to(engine, SHOP, 3, first_day=1)
    (shop,) = engine.places_of(0)
    assert (shop.lat, shop.lon) == pytest.approx(
        (told_at(0, 400, 500).number("lat"), told_at(0, 400, 500).number("lon"))
    )
    assert 2 < shop.weight <= 4
    assert shop.hours == (23,) or set(shop.hours) <= {23, 0}


def cells_at(engine: Engine, x: float, y: float) -> int:
    """How many known cells lie within 45 m of a place."""
    lat, lon = told_at(0, x, y).number("lat"), told_at(0, x, y).number("lon")
    lats, lons, _ = engine.ways_of(0)
    return int(((abs(lats - lat) < 45 / 111_195) & (abs(lons - lon) < 45 / 95_113)).sum())


def test_a_way_that_is_walked_seldom_outlives_what_was_trodden_once() -> None:
    """Two walks to the clinic, then months of errands, each with an excursion of its own: memory is full of those."""
    engine = engine_of()
    clinic: Line = [(0, 0), (-600, 0), (-600, -500)]
    day = used_to(engine, clinic, 2)
    for week in range(40):
        used_to(engine, SHOP, 2, day)
        x, y = -700 + 35 * week, 700 if week % 2 else -700
        heard(engine, walked([(0, 0), (x, y)], START + (day + 2) * DAY))
        heard(engine, stood((0, 0), START + (day + 2) * DAY + 2 * HOUR, 60))
        day += 3
    assert cells_at(engine, -600, -250) > 0
    assert cells_at(engine, 0, 250) > 0


def test_undoing_a_walk_leaves_no_trace() -> None:
    engine, fixes = astray()
    before = engine.snapshot()
    assert len(engine.process(batch_of(fixes), fixes[-1].t)) > 0
    engine.rollback()
    assert engine.snapshot() == before


def test_a_first_outing_that_is_undone_leaves_no_trace() -> None:
    engine = engine_of()
    before = engine.snapshot()
    fixes = there_and_back(SHOP, START)
    engine.process(batch_of(fixes), fixes[-1].t)
    engine.rollback()
    assert engine.snapshot() == before


@pytest.mark.parametrize("cut", [1, 12, 25])
def test_a_restart_in_the_middle_of_a_walk_changes_nothing(cut: int) -> None:
    engine, fixes = astray()
    heard(engine, fixes[:cut])
    again = Engine.restore(engine.snapshot())
    assert heard(again, fixes[cut:]).tobytes() == heard(engine, fixes[cut:]).tobytes()
    assert again.snapshot() == engine.snapshot()


def test_what_is_known_of_a_resident_stays_small() -> None:
    assert TREK.itemsize <= 1024
    assert PLACES.itemsize <= 200
    assert WAYS.itemsize <= 2816
