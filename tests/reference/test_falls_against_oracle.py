"""Whatever a band tells of its motion and however it arrives: the engine finds the falls that the reference finds."""

from __future__ import annotations

from math import isnan
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from alerts.engine import Engine, What
from alerts.engine.fall_model import weights as packaged
from devices.kinds import Kind
from tests.reference.oracle import Told
from tests.reference.oracle.falls import Heard, Wrist
from tests.reference.streams import START, batch_of
from tests.reference.wrists import (
    S,
    Weights,
    arriving,
    beating,
    by_height,
    certain,
    cut,
    engine_with,
    falls_in,
    movements,
    plain,
    play_to,
    pressing,
    reference,
    thrown,
)

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
OPINIONS = [(0.9999,), (0.75,), (0.9,), (0.5, 0.5, 0.9), (0.3, 0.94, 0.9999), (0.9, 0.94, 0.75), (0.9999, 0.5, 0.5)]
"""How probable any jolt is, by horizon; the thresholds of some working points lie between them."""


def agree(engine: list[Any], oracle: list[Heard]) -> None:
    assert [plain(event) for event in engine] == [tuple(heard[:5]) for heard in oracle]
    for event, heard in zip(engine, oracle, strict=True):
        for told, expected in zip(event["values"].tolist(), heard.values, strict=True):
            assert told == pytest.approx(expected, rel=1e-4, abs=1e-3) or (isnan(told) and isnan(expected))


def told_to(oracle: Wrist, told: Told, now: int) -> list[Heard]:
    """What the reference says of a reading."""
    if told.kind == Kind.CHECKIN:
        oracle.says_well(told)
        return []
    return list(oracle.hear(told, now) if told.kind == Kind.MOTION else oracle.beats(told))


def lived(weights: Weights, point: int, readings: list[Told], die: Any, **parameters: float) -> None:
    """Play them in batches of any size, with looks at the deadlines between, and every mishap for the engine alone."""
    engine = engine_with(weights, point, **parameters)
    oracle = reference(weights, point, **parameters)
    rest, now = list(readings), START
    while rest:
        many = die.randint(1, 4)
        batch, rest = rest[:many], rest[many:]
        now = max(now, *(told.received for told in batch))
        if die.random() < 0.2:
            engine.process(batch_of([*batch, *rest[:2]]), now + 1)
            engine.advance(now + 60 * S, START)
            engine.rollback()
        said = falls_in(engine.process(batch_of(batch), now))
        expected = [heard for told in batch for heard in told_to(oracle, told, now)]
        for moment in (now, now + die.choice([0, 3, 20]) * S):
            if moment <= (min(told.received for told in rest) if rest else moment):
                said += falls_in(engine.advance(moment, START))
                expected += oracle.judge(moment)
        engine.commit()
        agree(said, expected)
    agree(falls_in(engine.advance(now + 60 * S, START)), list(oracle.judge(now + 60 * S)))


@settings(deadline=None, max_examples=150, suppress_health_check=SLOW)
@given(
    arriving(),
    st.sampled_from(OPINIONS),
    st.integers(0, 2),
    st.randoms(use_true_random=False),
    st.booleans(),
    st.booleans(),
    st.sampled_from([{}, {}, {"tell_goes_on": 1}, {"hold_below": 0}, {"hold_below": 1, "tell_goes_on": 1}]),
)
def test_engine_finds_the_falls_that_the_reference_finds(
    readings: list[Told],
    opinion: tuple[float, ...],
    point: int,
    die: Any,
    beats: bool,
    presses: bool,
    parameters: dict[str, float],
) -> None:
    if beats and readings:
        at = die.randrange(len(readings))
        readings = sorted([*readings, beating(readings[at], 88.5)], key=lambda told: told.received)
    if presses and readings:
        at = die.randrange(len(readings))
        readings = sorted([*readings, pressing(readings[at])], key=lambda told: told.received)
    lived(certain(*opinion), point, readings, die, **parameters)


@settings(deadline=None, max_examples=20, suppress_health_check=SLOW)
@given(st.data(), st.randoms(use_true_random=False))
def test_so_it_does_with_the_model_of_the_package(data: st.DataObject, die: Any) -> None:
    lived(packaged(), 0, cut(data.draw(movements(25.0)), every=125), die)


@settings(deadline=None, max_examples=60, suppress_health_check=SLOW)
@given(arriving(), st.integers(0, 2), st.randoms(use_true_random=False))
def test_so_it_does_with_a_model_that_goes_by_the_height_of_the_jolt(
    readings: list[Told], point: int, die: Any
) -> None:
    lived(by_height(2000, 0.6, 8000, 0.94), point, readings, die)


@settings(deadline=None, max_examples=40, suppress_health_check=SLOW)
@given(arriving(), st.sampled_from(OPINIONS), st.integers(0, 60))
def test_a_restart_at_any_moment_changes_nothing(readings: list[Told], opinion: tuple[float, ...], at: int) -> None:
    whole, restarted = engine_with(certain(*opinion)), engine_with(certain(*opinion))
    for i, told in enumerate(readings):
        if i == at:
            restarted = _again(restarted, certain(*opinion))
        for engine in (whole, restarted):
            engine.process(batch_of([told]), told.received)
        now = told.received + 2 * S
        assert whole.advance(now, START).tobytes() == restarted.advance(now, START).tobytes()
        whole.commit()
        restarted.commit()


def _again(engine: Engine, weights: Weights) -> Engine:
    """The engine from its own snapshot; one with a model of its own has none, so it is lent the package's meanwhile."""
    engine._state, own = engine._state._replace(fall_weights=packaged()), engine._state.fall_weights
    restored = Engine.restore(engine.snapshot())
    restored._state = restored._state._replace(fall_weights=own)
    return restored


@pytest.mark.parametrize(("pressed_s", "falls"), [(None, 1), (6, 2), (70, 1)], ids=["silent", "well", "too late"])
def test_a_fall_after_the_word_that_they_are_well_is_another_one(pressed_s: int | None, falls: int) -> None:
    samples = np.concatenate([thrown(4, 4), thrown(0, 26)])
    readings = cut(samples)
    if pressed_s is not None:
        at = START + pressed_s * S
        readings = sorted([*readings, Told(readings[0].device, Kind.CHECKIN, at, at)], key=lambda told: told.received)
    engine, oracle = engine_with(certain(0.9)), reference(certain(0.9))
    said, expected = [], []
    for told in readings:
        said += play_to(engine, [told], told.received)
        expected += told_to(oracle, told, told.received)
    agree(said, expected)
    assert [int(event["what"]) for event in said].count(int(What.OPENED)) == falls


@pytest.mark.parametrize("gap_s", [13, 30, 400])
@pytest.mark.parametrize(("walked_s", "parameters"), [(15, {}), (17, {"tell_goes_on": 1})], ids=["told", "goes on"])
def test_a_walk_is_told_a_second_after_the_fall_that_waited_however_long_the_gap_in_which_it_is_told(
    walked_s: int, parameters: dict[str, float], gap_s: int
) -> None:
    steps = 1 + 0.4 * np.sin(2 * np.pi * 1.8 * np.arange(25 * walked_s) / 25)
    before = cut(np.concatenate([thrown(4, 0), np.outer(steps, (0, 0, 1000)).astype(np.int16)]))
    readings = [*before, *cut(thrown(4, 0), START + (5 + walked_s + gap_s) * S)]
    engine, oracle = engine_with(certain(0.9), 1, **parameters), reference(certain(0.9), 1, **parameters)
    now = readings[-1].received
    said = falls_in(engine.process(batch_of(readings), now))
    agree(said, [heard for told in readings for heard in told_to(oracle, told, now)])
    opened, walked = (event for event in said if event["opening_t"] == said[0]["opening_t"])
    assert (opened["what"], walked["what"], walked["t"]) == (What.OPENED, What.EVIDENCE, START + 31 * S)
