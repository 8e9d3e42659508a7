"""The month runs the real engine over the simulated world, and counts what it says."""

from __future__ import annotations

import pytest

from bench.desk.assumptions import NOISY, USUAL, assumed
from bench.desk.day import Cause
from bench.desk.month import START_MS, Month, summed
from bench.desk.staff import Sound
from devices.clock import HOUR_MS


def _lived(seed: int) -> Month:
    month = Month(80, seed, NOISY, "patient", {})
    for number in range(2):
        month.live(number)
    return month


def test_every_press_and_fall_of_the_world_is_heard_and_for_the_reason_that_it_had() -> None:
    month = _lived(5)
    cries = month._cries
    assert cries
    heard = {(sound.resident, sound.event_time): sound.cause for sound in month.staff.sounds}
    assert {key: heard.get(key) for key in cries} == cries


def test_the_same_month_sounds_the_same_twice() -> None:
    assert _lived(6).staff.sounds == _lived(6).staff.sounds


def test_sounds_are_counted_by_local_hour_and_sos_apart() -> None:
    def sound(hour: float, rule: str, kind: str = "new") -> Sound:
        t = START_MS + int(hour * HOUR_MS)
        return Sound(t, rule, "high", 1, t, kind, Cause.NOTHING_KNOWN)  # type: ignore[arg-type]

    sounds = [
        sound(12.5, "sos.button"),
        sound(23.0, "fall.device"),
        sound(5.9, "wandering.zone_exit", "follows"),
        sound(6.0, "missed_check.silent"),
        sound(3.0, "missed_check.silent", "silent"),
    ]
    load = summed(
        sounds, residents=500, days=2, seed=0, world="usual", desk="patient", readings=0, seconds=0.0, parameters={}
    )  # fmt: skip
    assert (load.sounding_per_day, load.night_per_day, load.sos_per_day) == (3.0, 2.0, 1.0)
    assert (load.again_per_day, load.worst_day) == (1.0, 6.0)
    assert load.by_hour["fall.device"][23] == 1.0
    assert load.silent_per_day == {"missed_check.silent": 1.0}


def test_a_world_is_named_and_single_values_change_it() -> None:
    assert (assumed(()), assumed(("noisy",))) == (USUAL, NOISY)
    world = assumed(("noisy", "dead_spot_per_day=0.5"))
    assert (world.dead_spot_per_day, world.cellar_share) == (0.5, NOISY.cellar_share)
    assert world.name == "noisy dead_spot_per_day=0.5"


@pytest.mark.parametrize("word", ["quiet", "dead_spots=1", "dead_spot_per_day=often", "name=other"])
def test_a_word_that_describes_no_world_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=word.partition("=")[2] or word):
        assumed((word,))
