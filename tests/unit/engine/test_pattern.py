"""``wandering.pattern``: pacing, lapping and roaming are found; going somewhere, sitting and pottering are not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from math import cos, hypot, pi, radians, sin
from typing import Any

import numpy as np
import pytest

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule, Severity, What
from alerts.engine.detectors.pattern import LAPPING, PACING, RANDOM
from devices.registry import RegistryChange
from tests.reference.oracle import Told
from tests.reference.streams import (
    HOME,
    M_PER_DEG,
    START,
    batch_of,
    change,
    circle,
    fix,
    one_of_each,
    parameter,
    resident,
    said_in,
)

S = 1000
DAY = START + 10 * 3_600_000
"""09:06:40 in Shanghai."""
Point = tuple[float, float]


def along(line: Iterable[Point], seconds: int, every_s: int, mps: float, **fields: Any) -> Iterator[Told]:
    """Fixes of somebody who goes along a line, metres east and north of home, and stands at its end."""
    legs = list(pairwise(line))
    for s in range(0, seconds + 1, every_s):
        left, place = s * mps, legs[-1][1]
        for (x1, y1), (x2, y2) in legs:
            leg = hypot(x2 - x1, y2 - y1)
            if left <= leg:
                place = x1 + (x2 - x1) * left / leg, y1 + (y2 - y1) * left / leg
                break
            left -= leg
        yield at(s, *place, **fields)


def at(s: float, x: float, y: float, **fields: Any) -> Told:
    """A fix so many seconds after nine in the morning, metres east and north of home."""
    lat, lon = HOME[0] + y / M_PER_DEG, HOME[1] + x / (M_PER_DEG * cos(radians(HOME[0])))
    return fix(DAY + round(s * S), 0, lat=lat, lon=lon, **fields)


def engine_with(*extra: RegistryChange) -> Engine:
    """A resident in a wide zone, of whom only their patterns are watched."""
    engine = Engine()
    on = change(parameter("wandering.pattern.enabled", 1.0))
    engine.apply([*one_of_each(), change(circle(0, 50_000.0)), on, *extra])
    return engine


def said(fixes: Iterable[Told], *extra: RegistryChange) -> list[tuple[What, dict[str, float]]]:
    engine, told = engine_with(*extra), []
    for one in fixes:
        for event in engine.process(batch_of([one]), one.received):
            assert event["rule"] == Rule.WANDERING_PATTERN
            values = dict(zip(EVIDENCE_FIELDS[Rule.WANDERING_PATTERN], event["values"].tolist(), strict=True))
            told.append((What(event["what"]), values))
        engine.commit()
    return told


def whats(fixes: Iterable[Told], *extra: RegistryChange) -> list[What]:
    return [what for what, _ in said(fixes, *extra)]


def to_and_fro(legs: int, leg_m: float = 50.0) -> list[Point]:
    return [(300.0 + leg_m * (i % 2), 200.0 + i % 3) for i in range(legs + 1)]


def laps(count: float, radius_m: float = 40.0) -> list[Point]:
    corners = [2 * pi * i / 16 for i in range(round(16 * count) + 1)]
    return [(300.0 + radius_m * cos(a), 200.0 + radius_m * sin(a)) for a in corners]


def about(stops: int) -> list[Point]:
    """To one place after another within 60 m."""
    chance = np.random.default_rng(7)
    return [(300.0 + x, 200.0 + y) for x, y in chance.uniform(-60, 60, (stops, 2)).tolist()]


@pytest.mark.parametrize("every_s", [15, 30, 60])
@pytest.mark.parametrize(
    ("line", "pattern"),
    [(to_and_fro(40), PACING), (laps(7), LAPPING), (about(40), RANDOM)],
    ids=["to and fro", "laps", "about"],
)
def test_a_quarter_of_an_hour_of_a_pattern_is_found_and_called_by_its_name(
    line: list[Point], pattern: int, every_s: int
) -> None:
    told = said(along(line, 1200, every_s, 0.9))
    assert told[0][0] == What.OPENED
    assert What.RECOVERED not in [what for what, _ in told]
    assert pattern in [values["pattern"] for _, values in told]
    opened = told[0][1]
    assert opened["theta_deg_per_m"] >= opened["threshold_deg_per_m"] == 0.5
    assert opened["score"] >= opened["threshold"] == 0.2
    assert 570 <= opened["window_s"] <= 720


@pytest.mark.parametrize("every_s", [15, 30, 60])
def test_going_somewhere_and_back_is_no_pattern(every_s: int) -> None:
    there = [(100.0, 0.0), (100.0, 300.0), (400.0, 300.0), (400.0, 600.0)]
    assert whats(along([*there, *there[::-1]], 2400, every_s, 1.0)) == []


def test_once_round_the_block_is_no_pattern() -> None:
    block = [(150.0, 0.0), (150.0, 120.0), (270.0, 120.0), (270.0, 0.0), (150.0, 0.0)]
    assert whats(along([(60.0, 0.0), *block, (0.0, 0.0)], 1500, 30, 0.9)) == []


def test_waiting_for_a_bus_and_sitting_in_the_park_are_no_pattern() -> None:
    chance = np.random.default_rng(3)
    for sigma_m, correlation in ((5.0, 0.7), (12.0, 0.85), (7.0, 0.0)):
        drift, fixes = np.zeros(2), []
        for i in range(120):
            drift = correlation * drift + np.sqrt(1 - correlation**2) * chance.normal(0, sigma_m, 2)
            fixes.append(at(i * 30, 300 + drift[0], 200 + drift[1], accuracy_m=sigma_m))
        assert whats(fixes) == []


def test_gardening_at_the_door_is_no_pattern() -> None:
    line = [(x / 4, y / 4) for x, y in ((p[0] - 300, p[1] - 200) for p in about(120))]
    assert whats(along(line, 1800, 30, 0.6)) == []


def test_fixes_too_rare_tell_of_no_pattern() -> None:
    assert whats(along(to_and_fro(100), 3600, 310, 0.9)) == []


def test_a_ride_is_no_walk() -> None:
    assert whats(along(to_and_fro(100, 400.0), 2400, 30, 12.0)) == []


def test_it_is_over_at_home_or_when_they_go_somewhere() -> None:
    pacing = list(along(to_and_fro(20), 900, 30, 0.9))
    home = [at(960 + 30 * i, 5.0, 0.0) for i in range(6)]
    assert whats([*pacing, *home])[-1] == What.RECOVERED
    away = list(along([(300.0, 200.0), (300.0, 3000.0)], 1800, 30, 1.0))
    on = [at(930 + (one.t - DAY) / S, 300.0, 200.0 + (one.t - DAY) / S) for one in away]
    assert whats([*pacing, *on])[-1] == What.RECOVERED


def test_nobody_is_judged_who_is_away_or_in_company_or_for_whom_it_is_off() -> None:
    line = list(along(to_and_fro(40), 1200, 30, 0.9))
    assert whats(line, change(resident(0, status="away"))) == []
    assert whats(line, change(resident(0, accompanied_until=DAY + 3600 * S))) == []
    assert whats(line, change(parameter("wandering.pattern.enabled", 0.0))) == []
    until_half = change(resident(0, accompanied_until=DAY + 500 * S))
    assert whats(line, until_half)[0] == What.OPENED


def test_one_fix_far_off_neither_makes_nor_breaks_a_pattern() -> None:
    line = list(along(to_and_fro(40), 1200, 30, 0.9))
    line.insert(10, at(10 * 30 - 12, 2000.0, 900.0))
    assert whats(line)[0] == What.OPENED


def test_late_fixes_raise_nothing() -> None:
    late = [fix(one.t, 0, received=DAY + 3600 * S, lat=one.fields["lat"], lon=one.fields["lon"]) for one in
            along(to_and_fro(40), 1200, 30, 0.9)]  # fmt: skip
    assert whats(late) == []


def test_it_is_low_and_named_by_the_fix_that_opens_it() -> None:
    engine = engine_with()
    readings = list(along(to_and_fro(40), 1200, 30, 0.9))
    opened, *rest = said_in(engine.process(batch_of(readings), readings[-1].received))
    assert (opened.what, opened.severity, opened.opening_t) == (What.OPENED, Severity.LOW, opened.t)
    assert {one.opening_t for one in rest} == {opened.t}


def test_it_waits_without_a_sound_until_it_has_lasted() -> None:
    readings = list(along(to_and_fro(80), 3000, 30, 0.9))
    engine = engine_with()
    opened, *rest = said_in(engine.process(batch_of(readings), readings[-1].received))
    sounds = next(one for one in rest if one.severity == Severity.MEDIUM)
    assert 1170 * S <= sounds.t - opened.t <= 1200 * S
    assert {one.severity for one in rest if one.t < sounds.t} <= {Severity.LOW}
    assert {one.severity for one in rest if one.t >= sounds.t} == {Severity.MEDIUM}
    at_once = engine_with(change(parameter("wandering.pattern.sounds_after_s", 0.0)))
    assert said_in(at_once.process(batch_of(readings), readings[-1].received))[0].severity == Severity.MEDIUM


def test_laps_by_day_wait_longer_before_they_sound() -> None:
    readings = list(along(laps(18), 4500, 30, 0.9))
    engine = engine_with()
    opened, *rest = said_in(engine.process(batch_of(readings), readings[-1].received))
    sounds = next(one for one in rest if one.severity == Severity.MEDIUM)
    assert 3540 * S <= sounds.t - opened.t <= 3600 * S
    like_others = engine_with(change(parameter("wandering.pattern.laps_sound_after_s", 0.0)))
    _, *rest = said_in(like_others.process(batch_of(readings), readings[-1].received))
    assert next(one for one in rest if one.severity == Severity.MEDIUM).t - opened.t <= 1200 * S
    by_night = [replace(one, t=one.t - 9 * 3_600 * S, received=one.received - 9 * 3_600 * S) for one in readings]
    engine = engine_with()
    opened, *rest = said_in(engine.process(batch_of(by_night), by_night[-1].received))
    assert next(one for one in rest if one.severity == Severity.MEDIUM).t - opened.t <= 1200 * S


def test_laps_at_one_place_on_many_days_become_a_habit_of_which_nothing_is_said() -> None:
    engine = engine_with()

    def on(day: int, line: list[Point]) -> list[What]:
        walk = [*along([(0.0, 0.0), (340.0, 200.0)], 500, 30, 0.9), *along(line, 1200, 30, 0.9)]
        t = DAY + day * 24 * 3_600 * S
        moved = [replace(one, t=t + i * 30 * S, received=t + i * 30 * S) for i, one in enumerate(walk)]
        back = [moved[-1].t + n * 60 * S for n in range(1, 7)]
        home = [replace(at(0, 0.0, 0.0), t=t, received=t) for t in back]
        found = said_in(engine.process(batch_of([*moved, *home]), home[-1].received))
        engine.commit()
        return [What(one.what) for one in found if one.rule == Rule.WANDERING_PATTERN]

    for day in range(3):
        assert on(day, laps(6))[0] == What.OPENED
    assert on(3, laps(6)) == []
    assert on(4, to_and_fro(24))[0] == What.OPENED
    assert on(5, [(x + 250.0, y) for x, y in laps(6)])[0] == What.OPENED


@pytest.mark.parametrize("speed_mps", [None, 0.9])
def test_a_band_that_reports_seldom_finds_short_pacing_by_the_speed_that_it_tells(speed_mps: float | None) -> None:
    """Of legs of 25 m it sees no more than points that scatter over them."""
    pacing = along(to_and_fro(80, 25.0), 1500, 60, 0.9, speed_mps=speed_mps)
    assert bool(whats(pacing)) is (speed_mps is not None)


def test_who_stands_by_the_speed_of_their_band_walks_in_no_pattern() -> None:
    """A market stall: the positions scatter as if they walked, the speeds say that mostly they stand."""
    line = list(along(to_and_fro(40), 1200, 30, 0.9))
    speeds = [0.8 if i % 3 == 0 else 0.1 for i in range(len(line))]
    stands = [replace(one, fields={**one.fields, "speed_mps": mps}) for one, mps in zip(line, speeds, strict=True)]
    assert whats(line)[0] == What.OPENED
    assert whats(stands) == []


@pytest.mark.parametrize("told_mps", [0.45, 0.0])
def test_who_shuffles_to_and_fro_is_told_though_the_band_says_how_slowly_or_nothing_but_0(told_mps: float) -> None:
    """Of the frail few walk at 0.5 m/s, and some receivers hold slow ones for still."""
    line = to_and_fro(80, 40.0)
    assert whats(along(line, 2400, 30, 0.45))
    assert whats(along(line, 2400, 30, 0.45, speed_mps=told_mps))


def test_few_speeds_are_no_proof() -> None:
    line = list(along(to_and_fro(80, 25.0), 1500, 60, 0.9))
    told = [replace(one, fields={**one.fields, "speed_mps": 0.9 if i % 2 else None}) for i, one in enumerate(line)]
    assert whats(told) == []


def test_a_walk_there_and_back_is_no_pattern_at_whatever_speed() -> None:
    there = [(100.0, 0.0), (100.0, 400.0)]
    assert whats(along([*there, *there[::-1]], 1500, 30, 1.0, speed_mps=1.0)) == []


def test_after_a_while_of_which_nothing_is_known_it_is_over() -> None:
    pacing = list(along(to_and_fro(40), 1200, 30, 0.9))
    soon, late = (at(1200 + gap_s, 320.0, 200.0) for gap_s in (590, 630))
    assert whats([*pacing, soon])[-1] == What.EVIDENCE
    assert whats([*pacing, late])[-1] == What.RECOVERED


@pytest.mark.parametrize(("accuracy_m", "found"), [(5.0, True), (45.0, False)])
def test_what_a_receiver_scatters_is_no_pattern(accuracy_m: float, found: bool) -> None:
    assert bool(whats(along(to_and_fro(40), 1200, 30, 0.9, accuracy_m=accuracy_m))) is found


def test_a_rolled_back_walk_leaves_no_trace() -> None:
    readings = list(along(to_and_fro(40), 1200, 30, 0.9))
    engine, other = engine_with(), engine_with()
    for begin in range(0, len(readings), 7):
        part = batch_of(readings[begin : begin + 7])
        engine.process(part, readings[-1].received)
        engine.rollback()
        assert said_in(engine.process(part, readings[-1].received)) == said_in(
            other.process(part, readings[-1].received)
        )
        engine.commit()
        other.commit()
        if begin % 2:
            engine = Engine.restore(engine.snapshot())
    assert engine.snapshot() == other.snapshot()
