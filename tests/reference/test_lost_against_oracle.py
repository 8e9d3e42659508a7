"""However somebody walks, and whatever their band makes of it: the engine misses them when the reference does.

The lives are short enough for all their ground to be remembered: which cell goes first is the engine's own affair.
"""

from __future__ import annotations

from math import isnan
from random import Random
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from alerts.engine import Engine, Rule, What
from tests.reference.oracle import Told
from tests.reference.oracle.lost import Missed, Wanderer
from tests.reference.streams import HOME, START, batch_of
from tests.reference.walkers import DAY, HOUR, SHOP, Line, S, engine_of, stood, told_at, walked

USUAL: tuple[Line, ...] = (SHOP, [(0, 0), (-350, 80), (-350, 620)], [(0, 0), (300, -300), (700, -300)])


REGULAR_DAYS = 6
"""So long most of their walks are usual ones: of an explorer nobody can tell."""


def day_of(die: Random, begin: int, oddly: float) -> list[Told]:
    """One outing: a usual one, one that is left midway, or one to somewhere new; sometimes without coming home."""
    way = list(die.choice(USUAL[: die.choice([1, 1, 2, 3])]))
    kind = die.random()
    if kind < 0.8 * oddly:
        x, y = way[-2][0] * 0.8 + way[-1][0] * 0.2, way[-2][1] * 0.8 + way[-1][1] * 0.2
        way = [*way[:-1], (x, y), (x + die.uniform(-500, 500), y + die.uniform(-500, 500))]
    elif kind < oddly:
        way = [(0, 0), *((die.uniform(-900, 900), die.uniform(-900, 900)) for _ in range(3))]
    every_s, mps = die.choice([15, 20, 45, 90]), die.choice([0.8, 1.2, 1.2, 9.0 if kind > 0.9 else 1.0])
    fixes = walked(way, begin, every_s=every_s, mps=mps)
    if die.random() < 0.3:
        fixes += stood(way[-1], fixes[-1].t + every_s * S, die.choice([400, 1200, 3600]))
    if die.random() < 0.75:
        gap = die.choice([30 * S, HOUR // 2, HOUR])
        fixes += walked(way[::-1], fixes[-1].t + gap, every_s=every_s)
        fixes += stood((0, 0), fixes[-1].t + 20 * S, die.choice([20, 60]))
    return [spoilt(die, fix) for fix in fixes]


def spoilt(die: Random, fix: Told) -> Told:
    """The fix as a receiver tells it: scattered, sometimes coarse, sometimes far off, sometimes without accuracy."""
    north = (fix.number("lat") - HOME[0]) * 111_195.08
    east = (fix.number("lon") - HOME[1]) * 111_195.08 * 0.8553643
    off = 6.0 if die.random() > 0.04 else 600.0
    accuracy = die.choice([5.0, 10.0, 10.0, 25.0, float("nan")]) if die.random() > 0.03 else 300.0
    place = east + die.gauss(0, off), north + die.gauss(0, off)
    return told_at(fix.t, *place, accuracy_m=accuracy, received=fix.received, seq=fix.seq)


def lives(seed: int, days: int) -> list[list[Told]]:
    die = Random(seed)
    begins = [START + day * DAY + die.randrange(0, 5 * HOUR, S) for day in range(days)]
    return [day_of(die, begin, 0.05 if day < REGULAR_DAYS else 0.5) for day, begin in enumerate(begins)]


def agree(event: Any, missed: Missed) -> None:
    assert (event["what"], event["severity"], event["t"], event["opening_t"]) == missed[:4]
    for told, expected in zip(event["values"].tolist(), missed.values, strict=True):
        assert told == pytest.approx(expected, rel=1e-5, abs=0.02) or (isnan(told) and isnan(expected))


def lived(days: list[list[Told]], die: Random) -> list[What]:
    """Let both live; the engine is interrupted, restarted and undone as chance will have it."""
    engine, oracle = engine_of(), Wanderer(HOME)
    said: list[What] = []
    for fixes in days:
        expected = [missed for fix in fixes for missed in oracle.hear(fix)]
        events = []
        rest = fixes
        while rest:
            size = die.choice([1, 7, len(rest)])
            batch, rest = rest[:size], rest[size:]
            if die.random() < 0.2:
                engine.process(batch_of(batch), batch[-1].received)
                engine.rollback()
            if die.random() < 0.1:
                engine = Engine.restore(engine.snapshot())
            found = engine.process(batch_of(batch), batch[-1].received)
            engine.commit()
            events += list(found[found["rule"] == Rule.WANDERING_LOST])
        assert [What(event["what"]) for event in events] == [missed.what for missed in expected]
        if oracle.outing is not None and oracle.outing.believed is not None:
            assert engine._state.trek[engine._state.trek_row[0]]["carried"] == oracle.outing.rides
        for event, missed in zip(events, expected, strict=True):
            agree(event, missed)
        said += [missed.what for missed in expected]
    return said


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1 << 32), st.integers(3, 13))
def test_the_engine_misses_whom_the_reference_misses(seed: int, days: int) -> None:
    lived(lives(seed, days), Random(seed + 1))


def test_of_many_lives_some_are_missed_and_come_back() -> None:
    said = [what for seed in range(7, 12) for what in lived(lives(seed, 13), Random(seed))]
    assert said.count(What.OPENED) >= 2
    assert said.count(What.RECOVERED) >= 1
