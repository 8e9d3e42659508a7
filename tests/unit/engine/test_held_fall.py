"""A probable fall waits for what the next seconds show: who goes on is let go, of everybody else it is told."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from alerts.engine import Engine, Rule, Severity, What
from tests.reference.oracle import Told
from tests.reference.streams import START, Samples, assignment, batch_of, change, felt, resident
from tests.reference.wrists import (
    S,
    by_height,
    certain,
    cut,
    engine_with,
    falls_in,
    flat,
    plain,
    play_to,
    thrown,
    working,
)

PROBABLE = certain(0.3, 0.3, 0.9)
"""Reaches the balanced working point at the last look, and is not certain."""
JOLT = START + 4_400
LOOKED = JOLT + 6_000
"""When it is known that it is probable."""


def fallen_then(*after: Samples) -> list[Told]:
    """A fall, 2 s of stillness, and what comes then, in windows of a second."""
    return cut(np.concatenate([thrown(after_s=2), *after]), every=25)


def shaking(seconds: float, hz: float = 5.0) -> Samples:
    t = np.arange(round(seconds * 25)) / 25
    swing: Samples = np.outer(1 + 0.4 * np.sin(2 * np.pi * hz * t), [0, 0, 1000]).astype(np.int16)
    return swing


def said_of(engine: Engine, readings: list[Told], *, ends_after_s: int = 0) -> list[Any]:
    said = [event for told in readings for event in play_to(engine, [told], told.received)]
    return said + play_to(engine, [], readings[-1].received + ends_after_s * S)


def opened(engine: Engine, readings: list[Told], *, ends_after_s: int = 0) -> list[tuple[int, int]]:
    """When each fall was told, after the jolt in s, and how bad it is."""
    found = []
    for told in readings:
        events = play_to(engine, [told], told.received)
        found += [((told.received - JOLT) // S, int(e["severity"])) for e in events if e["what"] == What.OPENED]
    now = readings[-1].received + ends_after_s * S
    late = play_to(engine, [], now)
    return found + [((now - JOLT) // S, int(e["severity"])) for e in late if e["what"] == What.OPENED]


def test_who_goes_on_working_with_the_hands_has_not_fallen_and_who_certainly_fell_is_told_of_all_the_same() -> None:
    goes_on = fallen_then(working(60))
    assert opened(engine_with(PROBABLE), goes_on, ends_after_s=60) == []
    assert opened(engine_with(certain(0.3, 0.3, 0.96)), goes_on) == [(6, Severity.CRITICAL)]


def test_who_walks_on_is_let_go() -> None:
    assert opened(engine_with(PROBABLE), fallen_then(shaking(60, hz=1.8)), ends_after_s=60) == []


def test_who_rests_is_told_of_as_soon_as_that_is_seen() -> None:
    assert opened(engine_with(PROBABLE), cut(thrown(after_s=60), every=25)) == [(6, Severity.CRITICAL)]
    ((after_s, _),) = opened(engine_with(PROBABLE), fallen_then(working(10), flat(1000)))
    assert 17 <= after_s <= 18


def test_who_stirs_a_little_is_told_of_before_the_time_is_over() -> None:
    little = (working(60).astype(float) * [0.3, 0.3, 1]).astype(np.int16)
    little[:, 2] = 1000
    ((after_s, _),) = opened(engine_with(PROBABLE), fallen_then(little))
    assert 16 <= after_s <= 18


@pytest.mark.parametrize("hz", [3.5, 5.0, 6.0])
def test_a_fit_is_no_ordinary_movement(hz: float) -> None:
    assert len(opened(engine_with(PROBABLE), fallen_then(shaking(60, hz)))) == 1


@pytest.mark.parametrize("known_s", [5, 7, 12, 20, 25])
def test_a_stream_that_ends_meanwhile_is_told_of(known_s: int) -> None:
    readings = [told for told in fallen_then(working(60)) if told.t < JOLT + known_s * S]
    engine = engine_with(certain(0.9))
    assert opened(engine, readings) == []
    said = play_to(engine, [], readings[-1].received + 6 * S)
    assert [(event["t"], event["what"]) for event in said] == [(JOLT, What.OPENED)]


@pytest.mark.parametrize("gap_s", [9, 15, 40, 400])
def test_a_gap_counts_for_no_movement(gap_s: int) -> None:
    readings = fallen_then(working(12 + gap_s + 60))
    gap = range(JOLT + 9 * S, JOLT + (9 + gap_s) * S)
    heard = [told for told in readings if told.t not in gap]
    engine = engine_with(PROBABLE)
    said = falls_in(engine.process(batch_of(heard), heard[-1].received))
    assert len([event for event in said if event["what"] == What.OPENED]) == (gap_s > 9)


def test_seconds_of_which_some_is_unknown_let_nobody_go() -> None:
    readings = fallen_then(working(60))
    torn = [felt(one.t, one.fields["samples"][:18], received=one.received, seq=one.seq) for one in readings[12:]]
    assert len(opened(engine_with(PROBABLE), [*readings[:12], *torn])) == 1


def test_nobody_waits_where_that_is_not_wanted_and_everybody_where_it_is() -> None:
    goes_on = fallen_then(working(60))
    assert [at for at, _ in opened(engine_with(PROBABLE, hold_below=0), goes_on)] == [6]
    assert opened(engine_with(certain(0.999), hold_below=1), goes_on) == []
    assert [at for at, _ in opened(engine_with(PROBABLE, rest_s=2), fallen_then(working(60)))] == []
    ((after_s, _),) = opened(engine_with(PROBABLE, hold_s=60), fallen_then(working(30), flat(1000)))
    assert 37 <= after_s <= 38


def test_who_is_let_go_is_told_of_mildly_where_that_is_wanted() -> None:
    ((after_s, severity),) = opened(engine_with(PROBABLE, tell_goes_on=1), fallen_then(working(60)))
    assert (severity, after_s) == (Severity.LOW, 26)
    walks = said_of(engine_with(PROBABLE, tell_goes_on=1), fallen_then(shaking(60, hz=1.8)))
    assert [(event["what"], event["severity"]) for event in walks] == [(What.OPENED, 0), (What.EVIDENCE, 0)]


def test_the_fall_is_of_who_wore_the_band_at_the_jolt_though_another_one_has_it_when_it_is_told() -> None:
    engine = engine_with(PROBABLE)
    engine.apply([change(resident(1)), change(assignment(0, 0, to_ms=JOLT + 8 * S))])
    engine.apply([change(assignment(0, 1, id="next", from_ms=JOLT + 8 * S))])
    (told, *_) = said_of(engine, fallen_then(working(10), flat(1000)))
    assert told["resident"] == 0


@pytest.mark.parametrize(("first_mg", "second_mg", "told"), [(8000, 2500, 0), (2500, 8000, 1)])
def test_of_two_that_wait_the_surer_is_told(first_mg: int, second_mg: int, told: int) -> None:
    twice = np.concatenate(
        [thrown(after_s=2, peak_mg=first_mg), thrown(after_s=2, peak_mg=second_mg), working(8), flat(500)]
    )
    engine = engine_with(by_height(2500, 0.75, 8000, 0.9))
    said = [event for event in said_of(engine, cut(twice, every=25)) if event["what"] == What.OPENED]
    assert [int(event["t"]) for event in said] == [JOLT + told * (80 + 2 * S + 4_400)]
    assert said[0]["values"][0] == pytest.approx(0.9, abs=0.03)


def test_a_later_one_waits_anew() -> None:
    again = fallen_then(working(12), thrown(after_s=2), working(10), flat(500))
    said = [event for event in said_of(engine_with(PROBABLE), again) if event["what"] == What.OPENED]
    assert [int(event["t"]) for event in said] == [JOLT + 80 + 2 * S + 12 * S + 4_400]


def test_a_restart_or_a_batch_undone_while_it_waits_changes_nothing() -> None:
    readings = fallen_then(working(10), flat(1000))
    plainly, shaken = engine_with(PROBABLE), engine_with(PROBABLE)
    for told in readings:
        shaken.process(batch_of([told]), told.received)
        shaken.advance(told.received + 40 * S, START)
        shaken.rollback()
        expected, got = (play_to(engine, [told], told.received) for engine in (plainly, shaken))
        assert [event.tobytes() for event in got] == [event.tobytes() for event in expected]


def test_a_detector_switched_off_forgets_what_waits() -> None:
    engine = engine_with(PROBABLE)
    readings = fallen_then(working(60))
    assert said_of(engine, readings[:14]) == []
    engine.disable(Rule.FALL_MOTION)
    engine.enable(Rule.FALL_MOTION)
    assert play_to(engine, [], readings[14].received + 60 * S) == []


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 900), max_size=12, unique=True), st.integers(0, 20), st.integers(0, 3))
def test_where_windows_end_changes_nothing_of_what_becomes_of_it(at: list[int], works_s: int, seed: int) -> None:
    samples = np.concatenate([thrown(after_s=2), working(works_s, seed), flat(250)])

    def said(at: list[int]) -> list[tuple[Any, ...]]:
        told = said_of(engine_with(PROBABLE), cut(samples, at=at), ends_after_s=60)
        return [(*plain(event)[:3], event["opening_t"], *np.nan_to_num(event["values"])) for event in told]

    assert said([each for each in at if each < len(samples)]) == said([125])
