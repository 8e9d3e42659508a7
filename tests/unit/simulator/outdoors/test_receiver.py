"""Fixes err as the assumptions say, and say of themselves what they would."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from simulator.outdoors.assumptions import Outdoors, assumed
from simulator.outdoors.receiver import CELL, GNSS, WIFI, Band, drift, measured
from simulator.outdoors.town import Floats, Town
from simulator.outdoors.track import Cover, Journey, Track

BAND = Band(
    position_s=15.0, home="wifi", settles=True, tells_accuracy=True, tells_source=True, tells_speed=True
)  # fmt: skip
STILL = Outdoors(cold_share=0.0, stored_share=0.0, burst_per_hour=0.0, bad_home_fix_share=0.0)
OUT_S = 9 * 3600.0


@pytest.fixture(scope="module")
def town() -> Town:
    return Town(3)


def _hours_out(place: Floats, cover: Cover = Cover.OPEN, hours: float = 2.0) -> Track:
    """At home, then standing somewhere for hours."""
    journey = Journey(0.0, place)
    journey.stay(OUT_S, Cover.HOME)
    journey.stay(hours * 3600, cover)
    return journey.track()


def _somewhere(town: Town, *, shut: bool) -> Floats:
    places = town.crossings[town.reachable]
    hidden = town.shut(places)
    found: Floats = places[np.argmax(hidden) if shut else np.argmin(hidden)]
    return found


def test_under_open_sky_the_median_error_is_that_of_the_assumed_spread(town: Town) -> None:
    place, errors = _somewhere(town, shut=False), []
    for seed in range(60):
        fixes = measured(_hours_out(place), BAND, town, STILL, np.random.default_rng(seed))
        errors.append(fixes.error_m[fixes.t > OUT_S])
    assert np.median(np.concatenate(errors)) == pytest.approx(STILL.drift_m * math.sqrt(2 * math.log(2)), rel=0.15)


def test_between_high_houses_fixes_err_more_and_admit_it(town: Town) -> None:
    open_sky, canyon = (
        measured(_hours_out(_somewhere(town, shut=shut)), BAND, town, STILL, np.random.default_rng(1))
        for shut in (False, True)
    )
    assert np.median(canyon.error_m[-200:]) > 1.5 * np.median(open_sky.error_m[-200:])
    assert np.median(canyon.accuracy_m[-200:]) > 1.5 * np.median(open_sky.accuracy_m[-200:])


def test_the_error_drifts_with_its_time_constant() -> None:
    error = drift(np.full(20_000, 5.0), 30.0, 90.0, np.random.default_rng(4))
    assert error.std() == pytest.approx(5.0, rel=0.1)
    for lag in (1, 3):
        alike = float((error[lag:] * error[:-lag]).mean() / error.var())
        assert alike == pytest.approx(math.exp(-lag * 30.0 / 90.0), abs=0.06)


def test_first_fixes_are_100_to_5000_m_off_as_often_as_assumed(town: Town) -> None:
    place = _somewhere(town, shut=False)
    cold = msgspec.structs.replace(STILL, cold_share=0.4)
    first = []
    for seed in range(300):
        fixes = measured(_hours_out(place, hours=0.2), BAND, town, cold, np.random.default_rng(seed))
        first.append(float(fixes.error_m[fixes.t > OUT_S][0]))
    far = [metres for metres in first if metres > 70.0]
    assert len(far) / len(first) == pytest.approx(0.4, abs=0.09)
    assert min(far) > 75.0
    assert 3000.0 < max(far) < 5030.0


def test_gross_errors_are_admitted_in_the_assumed_share(town: Town) -> None:
    place = _somewhere(town, shut=False)
    cold = msgspec.structs.replace(STILL, cold_share=1.0, honest_share=0.6)
    admitted = []
    for seed in range(300):
        fixes = measured(_hours_out(place, hours=0.2), BAND, town, cold, np.random.default_rng(seed))
        at = int(np.searchsorted(fixes.t, OUT_S))
        admitted.append(bool(fixes.accuracy_m[at] > 0.5 * fixes.error_m[at]))
    assert np.mean(admitted) == pytest.approx(0.6, abs=0.1)


def test_fixes_that_had_no_network_come_together_and_later(town: Town) -> None:
    stored = msgspec.structs.replace(STILL, stored_share=1.0)
    track = _hours_out(np.zeros(2))
    fixes = measured(track, BAND, town, stored, np.random.default_rng(2))
    waited = fixes.received - fixes.t
    late = waited > 60.0
    assert late.any()
    assert len(np.unique(fixes.received[late])) == 1
    assert np.all(waited > 0.0)
    assert np.all(np.diff(fixes.t) > 0.0)


def test_under_a_roof_a_band_finds_itself_by_other_means_and_underground_not_at_all(town: Town) -> None:
    below = measured(_hours_out(np.zeros(2), Cover.UNDERGROUND), BAND, town, STILL, np.random.default_rng(1))
    assert np.all(below.t < OUT_S)
    sources: set[int] = set()
    silent = 0
    for seed in range(80):
        fixes = measured(_hours_out(np.zeros(2), Cover.INDOORS), BAND, town, STILL, np.random.default_rng(seed))
        inside = fixes.source[fixes.t > OUT_S].tolist()
        assert len(set(inside)) <= 1
        sources |= set(inside)
        silent += not inside
    assert sources == {GNSS, WIFI, CELL}
    assert silent > 5


def test_a_band_that_does_not_tell_its_accuracy_says_nothing_rather_than_something(town: Town) -> None:
    dumb = BAND._replace(tells_accuracy=False, tells_source=False)
    fixes = measured(_hours_out(np.zeros(2)), dumb, town, STILL, np.random.default_rng(1))
    assert np.isnan(fixes.accuracy_m).all()
    assert np.all(fixes.source == -1)


def test_a_world_is_changed_by_name_and_number_only() -> None:
    assert assumed(("zoned=1", "zoned=0.25")).zoned == 0.25
    for wrong in ("zoned", "nothing=1", "zoned=often", "name=1"):
        with pytest.raises(ValueError, match="is no name=number of"):
            assumed((wrong,))
