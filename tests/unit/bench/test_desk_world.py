"""The simulated month holds together: what is measured fits what is true, once, and in the order of the networks."""

from __future__ import annotations

import numpy as np
import pytest

from bench.desk.assumptions import NOISY, Assumptions
from bench.desk.day import Cause, Day, Doing, World
from bench.desk.measured import Bands
from bench.desk.people import drawn
from devices.batch import ReadingBatch
from devices.clock import DAY_MS, MINUTE_MS
from devices.kinds import Kind

RESIDENTS = 60
DAYS = 3
MIDNIGHT = 1_767_196_800_000


def _days(seed: int = 3, a: Assumptions = NOISY) -> list[tuple[Day, ReadingBatch]]:
    chance = np.random.default_rng(seed)
    people = drawn(RESIDENTS, a, chance)
    world, bands = World(people, a, chance), Bands(people, a, chance)
    lived = []
    for number in range(DAYS):
        day = world.day(number, MIDNIGHT + number * DAY_MS)
        lived.append((day, bands.readings(day)[0]))
    return lived


@pytest.fixture(scope="module")
def lived() -> list[tuple[Day, ReadingBatch]]:
    return _days()


def test_a_band_without_power_measures_nothing(lived: list[tuple[Day, ReadingBatch]]) -> None:
    for day, batch in lived:
        minute = (batch.header["t"] - day.midnight) // MINUTE_MS
        assert day.alive[batch.header["device"], minute].all()
    assert any(not day.alive.all() for day, _ in lived)


def test_only_a_worn_band_measures_pulse_and_oxygen(lived: list[tuple[Day, ReadingBatch]]) -> None:
    for day, batch in lived:
        measured = batch.of_kind(Kind.VITALS)
        measured = measured[~np.isnan(batch.vitals["heart_rate_bpm"][measured["row"]])]
        assert day.worn[measured["device"], (measured["t"] - day.midnight) // MINUTE_MS].all()


def test_no_reading_arrives_while_its_band_has_no_network(lived: list[tuple[Day, ReadingBatch]]) -> None:
    kept = 0
    for day, batch in lived:
        header = batch.header
        assert (header["received"] >= header["t"]).all()
        assert (np.diff(header["received"]) >= 0).all()
        then = (header["t"] - day.midnight) // MINUTE_MS
        offline = ~day.online[header["device"], then]
        arrived = (header["received"] - day.midnight) // MINUTE_MS
        ends_with_the_day = arrived == 1439
        # What is sent within a network's last minute may take seconds more.
        grace = np.maximum(then, arrived - 1)
        heard = day.online[header["device"], arrived] | day.online[header["device"], grace] | ends_with_the_day
        assert heard.all()
        kept += int(offline.sum())
    assert kept > 0


def test_each_reading_comes_once(lived: list[tuple[Day, ReadingBatch]]) -> None:
    headers = np.concatenate([batch.header for _, batch in lived])
    keys = {(int(row["device"]), int(row["kind"]), int(row["t"])) for row in headers if row["kind"] == Kind.HEARTBEAT}
    assert len(keys) == int((headers["kind"] == Kind.HEARTBEAT).sum())
    assert (np.diff(headers["pos"]) == 1).all()


def test_steps_never_fall(lived: list[tuple[Day, ReadingBatch]]) -> None:
    for device in range(RESIDENTS):
        steps: list[int] = []
        for _, batch in lived:
            beats = batch.of_kind(Kind.HEARTBEAT)
            beats = np.sort(beats[beats["device"] == device], order="t")
            steps += batch.heartbeat["steps"][beats["row"]].tolist()
        assert steps == sorted(steps)


def test_walks_within_the_zone_keep_within_it_and_others_are_named(lived: list[tuple[Day, ReadingBatch]]) -> None:
    for day, _ in lived:
        away_m = np.hypot(day.north_m, day.east_m)
        outside = away_m > NOISY.zone_m
        assert (day.why_there[outside] != Cause.NOTHING_KNOWN).all()
        assert (day.doing[away_m > 1.0] != Doing.HOME).all()


def test_the_same_seed_gives_the_same_days_and_another_one_others() -> None:
    once, again, other = (_days(seed) for seed in (3, 3, 4))
    assert all(np.array_equal(a.header, b.header) for (_, a), (_, b) in zip(once, again, strict=True))
    assert not np.array_equal(once[0][1].header, other[0][1].header)
