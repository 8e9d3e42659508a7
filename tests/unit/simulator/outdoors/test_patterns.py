"""Each line is what Martino-Saltzman's definition of its name says."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.outdoors.patterns import PATTERNS, Pattern, pattern
from simulator.outdoors.town import Floats

SECONDS, MPS = 1200.0, 0.9
SEEDS = range(40)


def _line(kind: Pattern, seed: int) -> Floats:
    return pattern(kind, SECONDS, MPS, np.random.default_rng(seed))


def _turns_rad(line: Floats) -> Floats:
    legs = np.diff(line, axis=0)
    bearing = np.arctan2(legs[:, 1], legs[:, 0])
    turns: Floats = (np.diff(bearing) + np.pi) % (2 * np.pi) - np.pi
    return turns


def _metres(line: Floats) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_pattern_begins_where_one_stands_and_lasts_as_long_as_its_pace_makes_it(kind: Pattern) -> None:
    for seed in SEEDS:
        line = _line(kind, seed)
        assert np.hypot(*line[0]) < 10.0
        assert 0.7 < _metres(line) / (SECONDS * MPS) < 1.5


@pytest.mark.parametrize("kind", PATTERNS)
def test_a_pattern_stays_in_a_limited_area(kind: Pattern) -> None:
    for seed in SEEDS:
        line = _line(kind, seed)
        assert float(np.hypot(*np.ptp(line, axis=0))) < 300.0
        assert _metres(line) > 3 * float(np.hypot(*np.ptp(line, axis=0)))


def test_who_paces_turns_back_at_every_end() -> None:
    for seed in SEEDS:
        assert np.all(np.abs(_turns_rad(_line("pacing", seed))) > np.radians(120))


def test_who_walks_in_laps_goes_round_the_same_way_at_least_twice() -> None:
    for seed in SEEDS:
        turns = _turns_rad(_line("lapping", seed))
        assert abs(turns.sum()) > 1.8 * 2 * np.pi
        assert abs(turns.sum()) > 0.6 * np.abs(turns).sum()


def test_who_roams_neither_goes_round_nor_back_and_forth() -> None:
    one_way_round = []
    for seed in SEEDS:
        line = _line("random", seed)
        turns = _turns_rad(line)
        one_way_round.append(abs(turns.sum()) / np.abs(turns).sum())
        # Pacing has its places on a line; these fill an area.
        spread = np.linalg.svd(line - line.mean(axis=0), compute_uv=False)
        assert spread[1] > 0.4 * spread[0]
        for k in range(1, len(line)):
            assert min(np.hypot(*(line[max(0, k - 6) : k] - line[k]).T)) > 2.0
    assert np.mean(one_way_round) < 0.4
