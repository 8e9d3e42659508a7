from __future__ import annotations

import math
from itertools import pairwise

from simulator.die import Die
from simulator.strolls import WAYS, Corner, Strolls

REACH_M, MPS = 220.0, 0.9


def _walk(die: Die, key: object, whole_s: float) -> list[Corner]:
    strolls = Strolls(die, reach_m=REACH_M, mps=MPS)
    return [strolls.place(key, float(s), whole_s) for s in range(int(whole_s) + 1)]


def test_a_walk_begins_and_ends_at_home_and_keeps_within_reach() -> None:
    for person in range(30):
        walk = _walk(Die(1, person), "morning", 1500.0)
        assert math.hypot(*walk[0]) < 1.0
        assert math.hypot(*walk[-1]) < 1.0
        assert 100.0 < max(math.hypot(*place) for place in walk) <= REACH_M + 0.1


def test_nobody_walks_faster_than_they_can_unless_there_is_no_time() -> None:
    for person in range(30):
        walk = _walk(Die(1, person), "morning", 1500.0)
        assert max(math.dist(here, there) for here, there in pairwise(walk)) <= MPS * 1.001


def test_a_walk_goes_round_once_and_not_in_laps() -> None:
    for person in range(30):
        walk = [place for place in _walk(Die(1, person), "morning", 2400.0) if math.hypot(*place) > 5.0]
        bearings = [math.atan2(place.east_m, place.north_m) for place in walk]
        turned = sum((b - a + math.pi) % (2 * math.pi) - math.pi for a, b in pairwise(bearings))
        assert abs(turned) < math.pi


def test_somebody_walks_the_same_few_ways_again_and_again() -> None:
    die = Die(2, 1)
    ways = {tuple(round(x) for x in _walk(die, day, 1500.0)[240]) for day in range(60)}
    assert 1 < len(ways) <= WAYS
