from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from simulator.outdoors.town import BLOCK_M, TASTES, Town


@pytest.fixture(scope="module")
def town() -> Town:
    return Town(3)


def _metres(town: Town, way: tuple[int, ...]) -> float:
    return float(np.hypot(*np.diff(town.points(list(way)), axis=0).T).sum())


def test_a_way_goes_from_crossing_to_neighbouring_crossing(town: Town) -> None:
    chance = np.random.default_rng(1)
    for _ in range(20):
        start, goal = chance.choice(town.reachable, 2).tolist()
        way = town.way(start, goal)
        assert (way[0], way[-1]) == (start, goal)
        assert all(there in town.neighbours(here) for here, there in pairwise(way))
        assert len(set(way)) == len(way)


def test_a_way_is_hardly_longer_than_the_blocks_between(town: Town) -> None:
    chance = np.random.default_rng(2)
    for _ in range(20):
        start, goal = chance.choice(town.reachable, 2).tolist()
        blocks = np.abs(town.crossings[start] - town.crossings[goal]).sum()
        assert _metres(town, town.way(start, goal)) < 1.3 * blocks + 4 * BLOCK_M


def test_another_taste_finds_another_way_between_the_same_places(town: Town) -> None:
    home = town.near(np.zeros(2), 0.0, 200.0, np.random.default_rng(3))
    goal = town.near(town.crossings[home], 900.0, 1100.0, np.random.default_rng(4))
    ways = {town.way(home, goal, taste) for taste in range(TASTES)}
    assert len(ways) > 1
    assert {(way[0], way[-1]) for way in ways} == {(home, goal)}


def test_a_place_near_another_lies_at_the_distance_asked_for(town: Town) -> None:
    for seed in range(10):
        away = town.crossings[town.near(np.zeros(2), 300.0, 500.0, np.random.default_rng(seed))]
        assert 300.0 <= np.hypot(*away) < 500.0


def test_houses_hide_a_share_of_the_sky_that_changes_slowly(town: Town) -> None:
    line = np.stack([np.linspace(-4000, 4000, 2001), np.linspace(-2500, 2500, 2001)], 1)
    shut = town.shut(line)
    assert shut.min() >= 0.0
    assert shut.max() <= 1.0
    assert np.ptp(shut) > 0.3
    assert np.abs(np.diff(shut)).max() < 0.05


def test_the_same_seed_is_the_same_town() -> None:
    assert np.array_equal(Town(5).crossings, Town(5).crossings)
    assert not np.array_equal(Town(5).crossings, Town(6).crossings)
