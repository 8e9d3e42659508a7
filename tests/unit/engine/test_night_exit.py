"""``wandering.night_exit``: gone out in the night, certainly; not come home late, not drifted, not asleep elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule, Severity, What
from devices.registry import RegistryChange
from tests.reference.oracle import Told
from tests.reference.streams import START, batch_of, change, circle, fix, one_of_each, parameter, resident, said_in

S = 1000
MIDNIGHT = START + 3200 * S
"""Of Shanghai; START is 23:06:40."""


def out(begin_s: int, *metres: float, every_s: int = 30, **fields: Any) -> list[Told]:
    """Fixes so far north of home, from so many seconds after midnight on."""
    return [fix(MIDNIGHT + (begin_s + i * every_s) * S, one, **fields) for i, one in enumerate(metres)]


WALK = out(7200, 0, 0, 75, 105, 135, 165)


def engine_with(*extra: RegistryChange) -> Engine:
    engine = Engine()
    on = change(parameter("wandering.night_exit.enabled", 1.0))
    engine.apply([*one_of_each(), change(circle(0, 50_000.0)), on, *extra])
    return engine


def whats(fixes: Iterable[Told], *extra: RegistryChange) -> list[What]:
    engine, told = engine_with(*extra), []
    for one in fixes:
        for event in said_in(engine.process(batch_of([one]), one.received)):
            assert event.rule == Rule.WANDERING_NIGHT_EXIT
            told.append(What(event.what))
        engine.commit()
    return told


def test_two_fixes_away_and_a_minute_and_some_steps_open_it() -> None:
    assert whats(WALK) == [What.OPENED]
    assert whats(WALK[:4]) == []
    assert whats(WALK[:5]) == [What.OPENED]


def test_it_is_high_and_tells_how_far_and_which_night() -> None:
    engine = engine_with()
    (event,) = engine.process(batch_of(WALK), WALK[-1].received)
    values = dict(zip(EVIDENCE_FIELDS[Rule.WANDERING_NIGHT_EXIT], event["values"].tolist(), strict=True))
    assert event["severity"] == Severity.HIGH
    assert 134 <= values.pop("home_m") <= 136
    assert (values["fixes_away"], values["seconds_away"], values["accuracy_m"]) == (3, 60, 5)
    assert (values["night_from_h"], values["night_to_h"]) == (23, 5)


def test_by_day_nobody_leaves_in_the_night() -> None:
    assert whats(out(6 * 3600, 0, 0, 75, 105, 135, 165)) == []
    assert whats(out(-3700, 0, 0, 75, 105, 135, 165)) == []
    assert whats(out(-3500, 0, 0, 75, 105, 135, 165)) == [What.OPENED]


def test_whoever_comes_home_late_does_not_leave() -> None:
    on_the_way = out(-4000, *range(900, 100, -10), every_s=60)
    assert whats(on_the_way) == []


def test_what_hardly_moves_near_home_has_not_left() -> None:
    assert whats(out(7200, *[90] * 20)) == []
    assert whats(out(7200, *[400] * 4)) == [What.OPENED]


def test_wifi_and_cell_fixes_and_coarse_ones_prove_nothing() -> None:
    for fields in ({"source": 1}, {"source": 2}, {"accuracy_m": 150.0}, {"accuracy_m": 90.0}):
        assert whats(out(7200, 0, 0, 75, 105, 135, 145, **fields)) == []
    assert whats(out(7200, 0, 0, 75, 105, 135, source=0)) == [What.OPENED]


def test_one_wild_fix_is_nobody_leaving() -> None:
    assert whats(out(7200, 0, 1500, 0, 5, -900, 0, 3, 700, 0)) == []


def test_without_a_time_zone_there_is_no_night() -> None:
    assert whats(WALK, change(resident(0, timezone="Nowhere/Atlantis"))) == []


def test_nobody_is_judged_who_is_away_or_in_company_or_for_whom_it_is_off_or_without_a_home() -> None:
    assert whats(WALK, change(resident(0, status="hospital"))) == []
    assert whats(WALK, change(resident(0, accompanied_until=MIDNIGHT + 9000 * S))) == []
    assert whats(WALK, change(parameter("wandering.night_exit.enabled", 0.0))) == []
    assert whats(WALK, change(resident(0, home_lat=None, home_lon=None))) == []


def test_two_fixes_at_home_end_it() -> None:
    home = out(7500, 10, 5, 0)
    assert whats([*WALK, *home]) == [What.OPENED, What.RECOVERED]
    assert whats([*WALK, *home[:1]]) == [What.OPENED]


def test_it_is_told_again_every_five_minutes() -> None:
    walk = out(7200, 0, 0, *range(75, 75 + 24 * 30, 30))
    assert whats(walk) == [What.OPENED, What.EVIDENCE, What.EVIDENCE]


def test_late_fixes_raise_nothing() -> None:
    late = [
        fix(one.t, metres, received=one.t + 700 * S)
        for one, metres in zip(WALK, (0, 0, 75, 105, 135, 165), strict=True)
    ]
    assert whats(late) == []


def test_the_night_is_the_one_that_is_set() -> None:
    morning = out(6 * 3600, 0, 0, 75, 105, 135, 165)
    assert whats(morning, change(parameter("wandering.night_exit.to_h", 7.0))) == [What.OPENED]
