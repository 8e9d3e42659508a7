"""Ways of all kinds, with errors of all kinds: the engine finds in them the patterns that the oracle finds."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import cos, radians, sin

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, assume, event, given, settings

from alerts.engine import Engine, Rule, What
from alerts.engine.turning import goes_round, turning
from tests.reference.oracle import Told
from tests.reference.oracle.turnings import GAP_MS, Patterns, way_of
from tests.reference.streams import (
    HOME,
    M_PER_DEG,
    START,
    batch_of,
    change,
    fix,
    one_of_each,
    parameter,
    said_in,
)

S = 1000
Track = npt.NDArray[np.float64]
CLOSE = 0.02
"""Nearer to a limit than this, rounding decides."""
AT_HOME_DEG = 100.0 / M_PER_DEG
"""Further north or south of home than this nobody is at home: there, what comes after a gap begins no ring."""


def _piece(kind: str, seconds: int, size_m: float, mps: float, chance: np.random.Generator) -> Track:
    """Where somebody is each second of a piece of their way, metres from where it begins; shape (n, 2)."""
    s = np.arange(1, seconds + 1)
    match kind:
        case "to and fro":
            along = np.abs((s * mps / size_m + 1) % 2 - 1) * size_m
            return np.stack([along, 0 * s], 1)
        case "round":
            angle = s * mps / size_m
            return size_m * np.stack([np.cos(angle) - 1, np.sin(angle)], 1)
        case "about":
            stops = np.concatenate([[(0.0, 0.0)], chance.uniform(-size_m, size_m, (seconds // 20 + 2, 2))])
            legs = np.hypot(*np.diff(stops, axis=0).T).cumsum()
            done = np.clip(s * mps, 0, legs[-1])
            knots = np.concatenate([[0.0], legs])
            return np.stack([np.interp(done, knots, stops[:, 0]), np.interp(done, knots, stops[:, 1])], 1)
        case "stands":
            return np.zeros((seconds, 2))
        case "rides":
            return np.stack([s * 9.0, s * 2.0], 1)
        case _:
            return np.stack([s * mps * cos(size_m), s * mps * sin(size_m)], 1)


@st.composite
def walks(draw: st.DrawFn) -> list[Told]:
    """Fixes of one band on a way of some pieces, far from home at first, and perhaps home at last."""
    chance = np.random.default_rng(draw(st.integers(0, 2**32)))
    pieces, here = [], np.array([400.0, 300.0])
    kinds = ["to and fro", "to and fro", "round", "round", "about", "about", "goes", "stands", "rides"]
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4)):
        minutes, size_m = draw(st.sampled_from([4, 12, 20])), draw(st.sampled_from([25.0, 45.0, 70.0]))
        piece = here + _piece(kind, 60 * minutes, size_m, draw(st.sampled_from([0.5, 0.8, 1.1])), chance)
        here = piece[-1]
        pieces.append(piece)
    if draw(st.booleans()):
        pieces.append(np.zeros((600, 2)))
    line = np.concatenate(pieces)
    every = draw(st.sampled_from([10, 20, 30, 45, 60, 120]))
    times = np.arange(0, len(line), every)
    noise = draw(st.sampled_from([0.0, 3.0, 8.0])) * chance.standard_normal((len(times), 2))
    wild = chance.random(len(times)) < draw(st.sampled_from([0.0, 0.03]))
    noise[wild] += chance.uniform(-1500, 1500, (int(wild.sum()), 2))
    kept = chance.random(len(times)) >= draw(st.sampled_from([0.0, 0.2]))
    gap = draw(st.sampled_from([0, 0, 200, 500]))
    accuracy = draw(st.sampled_from([5.0, 15.0]))
    late_at = len(line) // 2
    mps = np.hypot(*np.diff(np.concatenate([line[:1], line]), axis=0).T) + draw(st.sampled_from([0.0, 0.3]))
    tells = draw(st.sampled_from([0.0, 0.6, 1.0, 1.0]))
    speeds = [float(round(mps[t], 3)) if chance.random() < tells else None for t in times[kept]]
    return [
        _fix(int(t) + (gap if t > late_at else 0), line[t] + off, accuracy, speed)
        for t, off, speed in zip(times[kept], noise[kept], speeds, strict=True)
    ]


def _fix(second: int, place: Track, accuracy_m: float, speed_mps: float | None = None) -> Told:
    lat, lon = HOME[0] + place[1] / M_PER_DEG, HOME[1] + place[0] / (M_PER_DEG * cos(radians(HOME[0])))
    lat, lon = float(lat), float(lon)
    return fix(START + second * S, 0, lat=lat, lon=lon, accuracy_m=accuracy_m, speed_mps=speed_mps)


def _engine() -> Engine:
    """It learns places meanwhile, of which the oracle knows nothing."""
    engine = Engine()
    set_to = {
        "wandering.zone_exit.enabled": 0.0,
        "wandering.pattern.enabled": 1.0,
        "wandering.pattern.familiar_score": 0.0,
    }
    engine.apply([*one_of_each(), *(change(parameter(name, value)) for name, value in set_to.items())])
    return engine


def heard_by_engine(walk: list[Told]) -> list[tuple[int, What]]:
    said = said_in(_engine().process(batch_of(walk), walk[-1].received))
    assert {one.rule for one in said} <= {Rule.WANDERING_PATTERN}
    return [(one.reading, What(one.what)) for one in said]


def heard_by_oracle(walk: list[Told]) -> tuple[list[tuple[int, What]], float]:
    oracle = Patterns(HOME)
    said = [(i, oracle.hear(told)) for i, told in enumerate(walk)]
    return [(i, what) for i, what in said if what is not None], oracle.margin


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(walks())
def test_engine_finds_the_patterns_that_the_oracle_finds(walk: list[Told]) -> None:
    assume(len(walk) > 1)
    expected, margin = heard_by_oracle(walk)
    assume(margin > CLOSE)
    event(f"said: {min(3, len(expected))}")
    assert heard_by_engine(walk) == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(walks(), st.integers(2, 200))
def test_the_ring_measures_what_the_list_measures(walk: list[Told], heard: int) -> None:
    assume(len(walk) > 1)
    assume(all(b.t - a.t <= GAP_MS or abs(b.number("lat") - HOME[0]) > AT_HOME_DEG for a, b in pairwise(walk[:heard])))
    oracle = Patterns(HOME)
    for told in walk[:heard]:
        oracle.hear(told)
    assume(oracle.margin > CLOSE)
    engine = _engine()
    engine.process(batch_of(walk[:heard]), walk[-1].received)
    state = engine._state
    measured, turns = turning(state.trek[state.trek_row[0]], 720 * S)
    for rounds in (0.3, 1.0, 1.2, 2.5):
        may_go_round = getattr(goes_round, "py_func", goes_round)(state.trek[state.trek_row[0]], measured, rounds)
        assert may_go_round or turns.rounds < rounds
        event(f"{rounds} rounds: {may_go_round}, in truth {turns.rounds >= rounds}")
    expected = way_of(oracle.seen, 720 * S)
    assert measured.points == expected.points
    assert measured.seconds == pytest.approx(expected.seconds)
    assert measured.metres == pytest.approx(expected.metres, abs=1e-6)
    assert measured.radius_m == pytest.approx(expected.radius_m, abs=1e-6)
    assert (measured.x, measured.y) == pytest.approx((expected.middle.real, expected.middle.imag), abs=1e-6)
    assert measured.moving == pytest.approx(expected.moving)
    if measured.points > 2:
        assert measured.slim == pytest.approx(expected.slim, abs=1e-4)
        assert turns.theta_deg_per_m == pytest.approx(expected.theta_deg_per_m, abs=1e-6)
        assert turns.one_way == pytest.approx(expected.one_way, abs=1e-6)


def test_the_walks_let_the_rule_say_everything_that_it_can() -> None:
    found: Counter[What] = Counter()
    chance = np.random.default_rng(5)
    for size_m in (25.0, 60.0):
        pacing = np.array([400.0, 300.0]) + _piece("to and fro", 1500, size_m, 0.9, chance)
        line = np.concatenate([pacing, np.zeros((600, 2))])
        walk = [_fix(int(t), line[t], 5.0) for t in range(0, len(line), 30)]
        expected, _ = heard_by_oracle(walk)
        assert heard_by_engine(walk) == expected
        found.update(what for _, what in expected)
    assert set(found) == {What.OPENED, What.EVIDENCE, What.RECOVERED}
