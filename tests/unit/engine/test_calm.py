"""Laws of the discs in which a fix changes nothing: they spare work, and nobody can tell where."""

from __future__ import annotations

from math import cos, hypot, nan, radians
from typing import Any

import numpy as np
import pytest

from alerts.engine import Engine, Rule
from alerts.engine.calm import nowhere_calm
from devices.registry import Record, RegistryChange
from tests.reference.oracle import Told
from tests.reference.streams import (
    HOME,
    M_PER_DEG,
    START,
    assignment,
    batch_of,
    beat,
    change,
    check_in,
    circle,
    device,
    fix,
    parameter,
    resident,
    seen,
    window,
)

S = 1000
TURNS = 300
PEOPLE: list[Record] = [
    resident(), resident(1), device(), device(1), device(2),
    assignment(), assignment(1, 0), assignment(2, 1), circle(), parameter("wandering.lost.enabled", 1.0),
]  # fmt: skip
"""One with two bands and a zone, one with a band and none."""


class Life:
    """What bands tell of people who are mostly at home, sometimes at the door, and seldom gone."""

    def __init__(self, seed: int) -> None:
        self._chance = np.random.default_rng(seed)
        self._t = START
        self._at = np.zeros((3, 2))

    def readings(self) -> list[Told]:
        return [self._reading() for _ in range(int(self._chance.integers(1, 9)))]

    def changes(self) -> list[RegistryChange]:
        """Seldom one that moves a disc: another home, zone, limit or wearer."""
        if self._chance.random() > 0.04:
            return []
        north = float(self._chance.choice([0.0, 30.0, 80.0])) / M_PER_DEG
        possible: list[Record] = [
            resident(home_lat=HOME[0] + north),
            resident(1, home_lat=None, home_lon=None),
            circle(radius_m=float(self._chance.choice([50.0, 120.0, 300.0]))),
            parameter("missed_check.inactivity.moved_m", float(self._chance.choice([10.0, 40.0, 100.0]))),
            assignment(1, int(self._chance.integers(0, 2))),
            assignment(1, 0, id="later", from_ms=self._t + int(self._chance.integers(1, 40)) * 60 * S),
        ]
        return [change(possible[int(self._chance.integers(0, len(possible)))])]

    def chance(self, share: float) -> bool:
        return bool(self._chance.random() < share)

    def _reading(self) -> Told:
        d = int(self._chance.integers(0, 3))
        self._t += int(self._chance.integers(1, 90)) * S
        late = int(self._chance.integers(0, 120)) * S if self.chance(0.05) else 0
        if self.chance(0.2):
            return beat(self._t - late, d, received=self._t, steps=int(self._t // (400 * S)), activity=0.0)
        if self.chance(0.02):
            return check_in(self._t, d)
        if self.chance(0.02):
            self._at[d] = self._chance.normal(0.0, self._chance.choice([10.0, 30.0, 90.0, 400.0]), 2)
        north, east = self._at[d] + self._chance.normal(0.0, 6.0, 2)
        accuracy = float(self._chance.choice([5.0, 12.0, 40.0, 140.0, nan], p=[0.3, 0.5, 0.1, 0.05, 0.05]))
        lon = HOME[1] + east / (M_PER_DEG * cos(radians(HOME[0])))
        return fix(self._t - late, float(north), d, received=self._t, lon=lon, accuracy_m=accuracy)


def _spared(engine: Engine, told: Told) -> bool:
    """Whether a fix lies in the disc that its device has."""
    calm = engine._state.calm[told.device]
    if "lat" not in told.fields or calm["reach_m"] <= 0.0:
        return False
    north = (told.number("lat") - calm["lat"]) * M_PER_DEG
    east = (told.number("lon") - calm["lon"]) * M_PER_DEG * calm["cos"]
    return bool(hypot(north, east) <= calm["reach_m"])


def _said(engine: Engine, readings: list[Told], now: int) -> list[Any]:
    events = engine.process(batch_of(readings), now)
    return [[str(event[name]) for name in events.dtype.names or () if name != "reading"] for event in events]


@pytest.mark.parametrize("pattern", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_an_engine_that_knows_no_discs_says_and_knows_the_same(seed: int, pattern: float) -> None:
    with_discs, without = Engine(), Engine()
    for engine in (with_discs, without):
        engine.apply([change(one) for one in (*PEOPLE, parameter("wandering.pattern.enabled", pattern))])
    life, spared, said = Life(seed), 0, 0
    for turn in range(TURNS + 1):
        changes, readings = life.changes(), life.readings()
        now = max(told.received for told in readings)
        for engine in (with_discs, without):
            engine.apply(changes)
        if life.chance(0.3 if with_discs.disabled else 0.02):
            rule = Rule.MISSED_CHECK_INACTIVITY
            for engine in (with_discs, without):
                (engine.enable if rule in engine.disabled else engine.disable)(rule)
        spared += sum(_spared(with_discs, told) for told in readings)
        if life.chance(0.2):
            _said(with_discs, readings, now)
            with_discs.rollback()
        told = _said(with_discs, readings, now)
        one_by_one = []
        for reading in readings:
            nowhere_calm(without._state)
            one_by_one += _said(without, [reading], now)
        assert told == one_by_one
        said += len(told)
        for engine in (with_discs, without):
            engine.commit()
        if turn % 20 == 0:
            assert with_discs.snapshot() == without.snapshot()
    assert spared > TURNS / 4
    assert said > 0


def test_whoever_is_moved_by_one_band_has_no_disc_about_the_other() -> None:
    engine = Engine()
    engine.apply([change(one) for one in PEOPLE])
    for d in (0, 1):
        engine.process(batch_of([fix(START + d * S, 0.0, d), fix(START + (d + 10) * S, 1.0, d)]), START + 20 * S)
    engine.commit()
    assert (engine._state.calm["reach_m"][:2] > 0.0).all()
    engine.process(batch_of([fix(START + 60 * S, 250.0, 1)]), START + 60 * S)
    assert (engine._state.calm["reach_m"][:2] < 0.0).all()


def test_a_disc_is_forgotten_with_each_change_that_may_matter_and_where_a_reading_is_undone() -> None:
    engine = Engine()
    engine.apply([change(one) for one in PEOPLE])
    engine.process(batch_of([fix(START, 0.0), fix(START + S, 1.0)]), START + S)
    engine.commit()
    assert engine._state.calm["reach_m"][0] > 0.0
    engine.apply([change(seen(0, START)), change(window(0, START + 100 * S, START + 200 * S))])
    assert engine._state.calm["reach_m"][0] > 0.0
    engine.apply([change(device(7))])
    assert engine._state.calm["reach_m"][0] < 0.0
    engine.process(batch_of([fix(START + 2 * S, 0.0)]), START + 2 * S)
    assert engine._state.calm["reach_m"][0] > 0.0
    engine.rollback()
    assert engine._state.calm["reach_m"][0] < 0.0
