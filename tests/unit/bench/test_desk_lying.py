"""Who lies helpless does nothing, where they were, with the band as it was, until they are found."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest

from bench.desk.assumptions import NOISY
from bench.desk.day import MINUTES, Day, Doing, World
from bench.desk.measured import Bands
from bench.desk.movement import Movement
from bench.desk.people import Bools, Ints, drawn
from devices.batch import ReadingBatch
from devices.clock import MINUTE_MS
from devices.kinds import Kind

RESIDENTS: Final = 80
FROM: Final = 900
"""The minute of the first day from which on the first of them lies, the next a minute later."""
LYING: Final[Ints] = np.arange(RESIDENTS // 2)


@pytest.fixture(scope="module")
def lived() -> list[tuple[Day, ReadingBatch]]:
    chance = np.random.default_rng(2)
    people = drawn(RESIDENTS, NOISY, chance)
    world, bands = World(people, NOISY, chance), Bands(people, NOISY, chance)
    world.lie_down(LYING, FROM + LYING)
    days = [world.day(number, number * MINUTES * MINUTE_MS) for number in range(2)]
    return [(day, bands.readings(day)[0]) for day in days]


def lie(day: Day) -> Bools:
    lies: Bools = day.doing == Doing.LIES
    return lies


def test_they_lie_from_their_minute_on_and_into_the_next_day(lived: list[tuple[Day, ReadingBatch]]) -> None:
    (first, _), (second, _) = lived
    assert lie(first).argmax(axis=1)[LYING].tolist() == (FROM + LYING).tolist()
    assert lie(second)[LYING].all()
    assert not lie(first)[len(LYING) :].any()


def test_they_stay_where_they_were(lived: list[tuple[Day, ReadingBatch]]) -> None:
    (first, _), (second, _) = lived
    for who in LYING.tolist():
        for grid, later in ((first.north_m, second.north_m), (first.east_m, second.east_m)):
            assert np.ptp(np.concatenate([grid[who, FROM + who :], later[who]])) == 0.0
    assert (np.abs(second.north_m[LYING]) > 0).any()


def test_their_bands_stay_on_the_wrist_or_off_it(lived: list[tuple[Day, ReadingBatch]]) -> None:
    (first, _), (second, _) = lived
    for who in LYING.tolist():
        was_worn = first.worn[who, FROM + who - 1]
        alive = np.concatenate([first.alive[who, FROM + who :], second.alive[who]])
        worn = np.concatenate([first.worn[who, FROM + who :], second.worn[who]])
        assert worn.tolist() == (alive & was_worn).tolist()


def test_nothing_says_that_they_move_or_did_anything(lived: list[tuple[Day, ReadingBatch]]) -> None:
    for day, batch in lived:
        header = batch.header
        minute = (header["t"] - day.midnight) // MINUTE_MS
        then = lie(day)[header["device"], minute]
        done = np.isin(header["kind"], [Kind.SOS, Kind.FALL, Kind.CHECKIN, Kind.EXERCISE])
        assert not (then & done).any()
        assert (~then & done).any()
        beats = header[(header["kind"] == Kind.HEARTBEAT) & then]
        settled = beats[(beats["t"] - day.midnight) // MINUTE_MS >= FROM + RESIDENTS]
        assert (batch.heartbeat["activity"][settled["row"]] == 0).all()


def test_who_is_found_is_away_and_back_on_the_day_that_was_named() -> None:
    chance = np.random.default_rng(2)
    world = World(drawn(RESIDENTS, NOISY, chance), NOISY, chance)
    one = np.array([3])
    world.lie_down(one, np.array([0]))
    assert lie(world.day(0, 0))[3].all()
    world.take_away(one, np.array([3]))
    assert [bool(world.day(number, 0).absent[3]) for number in (1, 2)] == [True, True]
    back = world.day(3, 0)
    assert 3 in back.came_back
    assert not lie(back)[3].any()


def test_sleepers_are_still_for_longer_than_those_who_are_awake() -> None:
    chance = np.random.default_rng(4)
    nobody = np.zeros((200, MINUTES), np.bool_)
    asleep = np.ones((200, MINUTES), np.bool_)
    well = np.zeros(200, np.bool_)

    def still(sleeps: Bools, *, ill: bool = False) -> float:
        moves = Movement(200, chance).day(sleeps, nobody, well | ill)
        return 1.0 - float(moves.reshape(200, -1, 5).any(axis=2).mean())

    assert still(nobody) < 0.1
    assert still(asleep) > 0.4
    assert still(nobody, ill=True) > 2 * still(nobody)


def test_who_walks_moves() -> None:
    walks = np.ones((20, MINUTES), np.bool_)
    assert Movement(20, np.random.default_rng(1)).day(~walks, walks, ~walks[:, 0]).all()
