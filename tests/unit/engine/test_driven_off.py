"""``wandering.zone_exit`` of those who were driven off from their door: told without a sound, until it is odd."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from alerts.engine import Engine, Rule, Severity, What
from devices.registry import Record
from tests.reference.oracle import Told
from tests.reference.streams import START, assignment, change, circle, device, parameter, resident
from tests.reference.walkers import HOUR, Line, S, heard, stood, told_at, walked

MORNING = START + 10 * HOUR
"""09:06:40 in Shanghai."""
AWAY: Line = [(0, 0), (2_000, 0), (2_000, 1_500)]


def engine_of(timezone: str = "Asia/Shanghai", zone_m: float = 500.0, **values: float) -> Engine:
    engine = Engine()
    records: list[Record] = [resident(timezone=timezone), device(), assignment(), circle(radius_m=zone_m)]
    engine.apply([change(record) for record in records])
    engine.apply([change(parameter(f"wandering.zone_exit.{name}", value)) for name, value in values.items()])
    return engine


def ride(begin: int = MORNING, *, every_s: int = 20, mps: float = 9.0) -> list[Told]:
    """Fixes of a car that sets out from home, after one at home."""
    return [told_at(begin - 600 * S, 0, 0), *walked(AWAY, begin, every_s=every_s, mps=mps)[1:]]


def said(engine: Engine, fixes: list[Told]) -> list[tuple[What, Severity]]:
    events = heard(engine, fixes, Rule.WANDERING_ZONE_EXIT)
    return [(What(event["what"]), Severity(event["severity"])) for event in events]


def worst(engine: Engine, fixes: list[Told]) -> Severity:
    return max(severity for what, severity in said(engine, fixes) if what != What.RECOVERED)


@pytest.mark.parametrize("every_s", [15, 20, 30])
def test_who_is_driven_off_from_their_door_by_day_is_told_without_a_sound(every_s: int) -> None:
    engine = engine_of()
    assert said(engine, ride(every_s=every_s))[0] == (What.OPENED, Severity.LOW)
    there = stood(AWAY[-1], MORNING + HOUR, 3_600, every_s=60)
    assert worst(engine, there) == Severity.LOW


def test_who_walks_out_of_the_zone_is_told_aloud() -> None:
    assert said(engine_of(), walked([(0, 0), (900, 0)], MORNING))[0] == (What.OPENED, Severity.HIGH)


def test_who_is_suddenly_outside_is_told_aloud() -> None:
    """A band that was not heard on the way proves no ride."""
    fixes = [told_at(MORNING, 0, 0), *(told_at(MORNING + i * 30 * S, 900 + i, 0) for i in range(2, 6))]
    assert said(engine_of(), fixes)[0] == (What.OPENED, Severity.HIGH)


def test_a_bus_that_was_reached_on_foot_is_told_aloud() -> None:
    stop = walked([(0, 0), (200, 0)], MORNING)
    waits = stood((200, 0), stop[-1].t + 20 * S, 240)
    bus = walked([(200, 0), (3_000, 0)], waits[-1].t + 20 * S, mps=7.0)
    assert said(engine_of(), [*stop, *waits, *bus])[0] == (What.OPENED, Severity.HIGH)


@pytest.mark.parametrize("every_s", [240, 300])
def test_a_bus_is_told_aloud_though_the_way_there_was_between_two_fixes(every_s: int) -> None:
    stop = walked([(0, 0), (250, 0)], MORNING, every_s=every_s)
    bus = walked([(250, 0), (9_000, 0)], stop[-1].t + every_s * S, every_s=every_s, mps=7.0)
    assert worst(engine_of(), [told_at(MORNING - 600 * S, 0, 0), *stop, *bus]) == Severity.HIGH


def test_who_was_seen_away_from_the_door_before_the_ride_is_told_aloud() -> None:
    """A band that sleeps at home wakes at the bus stop."""
    waits = stood((250, 0), MORNING, 120)
    bus = walked([(250, 0), (4_000, 0)], waits[-1].t + 20 * S, mps=7.0)
    assert worst(engine_of(), [told_at(MORNING - 600 * S, 0, 0), *waits, *bus]) == Severity.HIGH


@pytest.mark.parametrize("every_s", [20, 60, 120, 300])
def test_a_bus_at_the_next_corner_is_told_aloud(every_s: int) -> None:
    stop = walked([(0, 0), (150, 0)], MORNING, every_s=every_s)
    waits = stood((150, 0), stop[-1].t + every_s * S, 2 * every_s, every_s=every_s)
    bus = walked([(150, 0), (6_000, 0)], waits[-1].t + every_s * S, every_s=every_s, mps=7.0)
    assert worst(engine_of(), [told_at(MORNING - 600 * S, 0, 0), *stop, *waits, *bus]) == Severity.HIGH


def test_a_ride_before_which_nobody_was_heard_for_an_hour_proves_nothing() -> None:
    bus = walked([(1_500, 0), (6_000, 0)], MORNING, mps=7.0)
    assert worst(engine_of(), [told_at(MORNING - 4_200 * S, 0, 0), *bus]) == Severity.HIGH


def test_leaps_of_a_receiver_do_not_hide_who_walks_off_after_a_ride() -> None:
    engine = engine_of()
    fixes = ride()
    assert worst(engine, fixes) == Severity.LOW
    off = walked([AWAY[-1], (AWAY[-1][0] + 1_500, AWAY[-1][1])], fixes[-1].t + 20 * S)
    ahead = told_at(0, 150, 0).number("lon") - told_at(0, 0, 0).number("lon")
    leaps = [
        replace(one, fields={**one.fields, "lon": one.number("lon") + ahead * (i % 10 == 9)})
        for i, one in enumerate(off)
    ]
    assert worst(engine, leaps) == Severity.HIGH


def test_who_walks_out_of_a_zone_to_which_they_were_driven_is_told_aloud() -> None:
    engine = Engine()
    lon = told_at(0, 5_000, 0).number("lon")
    day_care = msgspec.structs.replace(circle(radius_m=300.0, name="day care"), circle_lon=lon)
    records: list[Record] = [resident(timezone="Asia/Shanghai"), device(), assignment(), circle(), day_care]
    engine.apply([change(record) for record in records])
    there = walked([(0, 0), (5_000, 0)], MORNING, mps=9.0)
    stays = stood((5_000, 0), there[-1].t + 20 * S, 7_200, every_s=60)
    off = walked([(5_000, 0), (6_000, 0)], stays[-1].t + 20 * S)
    heard(engine, [told_at(MORNING - 600 * S, 0, 0), *there, *stays])
    assert said(engine, off)[0] == (What.OPENED, Severity.HIGH)


def test_who_walks_far_from_where_they_were_taken_to_is_told_aloud() -> None:
    engine = engine_of()
    fixes = ride()
    assert worst(engine, fixes) == Severity.LOW
    about = walked([AWAY[-1], (2_150, 1_600), AWAY[-1], (1_850, 1_400)], fixes[-1].t + 20 * S)
    assert worst(engine, about) == Severity.LOW
    off = walked([(1_850, 1_400), (1_400, 1_400)], about[-1].t + 20 * S)
    assert worst(engine, off) == Severity.HIGH


def test_it_sounds_when_it_lasts_for_hours() -> None:
    engine = engine_of()
    fixes = ride()
    heard(engine, fixes)
    there = stood(AWAY[-1], fixes[-1].t + 60 * S, 4 * 3_600, every_s=300)
    events = heard(engine, there, Rule.WANDERING_ZONE_EXIT)
    loud = next(event for event in events if event["severity"] == Severity.HIGH)
    assert 0 <= loud["t"] - (MORNING + 3 * HOUR) <= 400 * S


@pytest.mark.parametrize(("hour", "severity"), [(21, Severity.LOW), (22, Severity.HIGH), (5, Severity.HIGH)])
def test_at_night_it_sounds_at_once(hour: int, severity: Severity) -> None:
    begin = MORNING + (hour - 9) * HOUR
    assert said(engine_of(), ride(begin))[0][1] == severity


def test_where_nobody_knows_the_hour_it_sounds_at_once() -> None:
    assert said(engine_of(timezone=""), ride())[0] == (What.OPENED, Severity.HIGH)


def test_a_centre_may_have_it_sound_at_once() -> None:
    assert said(engine_of(driven_sounds_after_s=0.0), ride())[0] == (What.OPENED, Severity.HIGH)


def test_they_are_back_as_ever_and_the_next_outing_is_judged_anew() -> None:
    engine = engine_of()
    fixes = ride()
    heard(engine, fixes)
    home = walked(AWAY[::-1], fixes[-1].t + HOUR, mps=9.0)
    still = stood((0, 0), home[-1].t + 60 * S, 300, every_s=60)
    assert said(engine, [*home, *still])[-1][0] == What.RECOVERED
    on_foot = walked([(0, 0), (900, 0)], still[-1].t + HOUR)
    assert said(engine, on_foot)[0] == (What.OPENED, Severity.HIGH)


def test_a_restart_on_the_way_changes_nothing() -> None:
    fixes = ride()
    for cut in range(1, 8):
        engine = engine_of()
        first = said(engine, fixes[:cut])
        again = Engine.restore(engine.snapshot())
        assert [*first, *said(again, fixes[cut:])] == said(engine_of(), fixes)


def test_a_receiver_that_comes_nearer_soon_after_it_woke_is_nobody_leaving() -> None:
    wakes = [told_at(MORNING + i * 30 * S, metres, 0) for i, metres in enumerate((1_500, 1_485, 1_470, 1_440, 30, 40))]
    assert said(engine_of(), wakes) == []
    stays = [told_at(MORNING + i * 30 * S, metres, 0) for i, metres in enumerate((1_500, 1_495, 1_492))]
    assert said(engine_of(), stays)[0] == (What.OPENED, Severity.HIGH)


def test_who_comes_nearer_later_is_outside_all_the_same() -> None:
    coming = [told_at(MORNING + i * 30 * S, 2_500 - 30 * i, 0) for i in range(12)]
    opened = heard(engine_of(), coming, Rule.WANDERING_ZONE_EXIT)
    assert opened[0]["what"] == What.OPENED
    assert 180 * S < opened[0]["t"] - MORNING <= 240 * S


@pytest.mark.parametrize(("source", "opens"), [(0, True), (1, False), (2, True), (-1, True)])
def test_a_wifi_fix_is_outside_only_well_beyond_its_own_error(source: int, opens: bool) -> None:
    near = [told_at(MORNING + i * 60 * S, 680, 0, accuracy_m=50.0, source=source) for i in range(8)]
    assert bool(said(engine_of(), near)) is opens
    far = [told_at(MORNING + i * 60 * S, 720, 0, accuracy_m=50.0, source=source) for i in range(8)]
    assert said(engine_of(), far) != []
