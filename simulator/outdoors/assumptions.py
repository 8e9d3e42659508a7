"""What the simulated outdoors assumes; each value with its unit and source, "assumption" where none is known to us."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Outdoors(msgspec.Struct, frozen=True, kw_only=True):
    """One world. Rates are per resident and day unless the name says otherwise.

    Attributes:
        outings_per_day: mean over the residents, who differ (gamma, shape 5). Source: 9.6 a week at 78 years (Davis
            et al. 2011, DOI 10.1186/1479-5868-8-116).
        walking_mps: mean walking speed outdoors. Source: 0.94 to 0.97 at 80 and over (Bohannon & Andrews 2011,
            DOI 10.1016/j.physio.2010.12.004).
        explorers: share of residents who go to new places and by new ways every other time. Assumption.
        other_way_share: walks of the others by another way than their usual one. Assumption, 0.02 to 0.15.
        spur_share: walks with a look at something up to two streets off the way. Assumption.
        turned_back_share: walks on which something was forgotten, so that the first part is walked again. Assumption.
        riders: share of residents who take the bus alone; of those with a zone nobody does. Assumption.
        lap_walkers: share of residents who walk in laps for exercise, three times a week. Assumption.
        gardeners: share who potter about in front of their door. Assumption.
        new_places_per_year: shops tried, one in three stays a habit. Assumption.
        moves_per_year: how often a friend whom one visits moves house. Assumption.
        family_outings_per_day: trips by car with the family. Assumption, one in 20 to 60 days.
        family_tells: of them are marked as accompanied. Assumption, 0.5 to 0.95.
        holidays_per_year: stays of 4 to 14 days at a daughter's, 15 to 120 km away. Assumption.
        told_before, told_late: holidays told in advance, and a day after the beginning; the others are never told,
            until somebody calls. Assumption.
        zoned: share of residents with a zone. Assumption: those whose wandering worries somebody.
        drift_m: standard deviation of a satellite fix under open sky, one axis, m. Source: median radius 8 m of a
            phone, so 6.8 (Zandbergen 2009, DOI 10.1111/j.1467-9671.2009.01152.x); newer phones 3 to 5.
        drift_s: time constant of that error, which is correlated (Ornstein-Uhlenbeck; DOI 10.3390/s20216050), s.
            The constant: assumption, 30 to 300.
        canyon_m: the same between the highest houses, m. Assumption, 15 to 40.
        burst_per_hour: how often a receiver between the highest houses follows reflections only, for 1 to 4 minutes.
            Assumption, 0.5 to 4.
        burst_m: median of that error, m, log-normal with sigma 0.7. Assumption, 40 to 150.
        wifi_m: median error of a Wi-Fi position away from home, m. Source: 74 (Zandbergen 2009).
        speed_share: of bands that tell how fast they move. Assumption, 0.3 to 0.9: the common protocols of trackers
            have a field for it.
        speed_error_mps: standard deviation of that speed under open sky, one axis. Source: 0.2 in 95 of 100 (NAVSTAR
            GPS User Equipment Introduction 1996, section 3.7).
        canyon_speed_error_mps: the same between the highest houses. Assumption, 0.3 to 1.
        swing_mps: what the wrist of somebody who walks adds. Assumption, 0.1 to 0.4 after the receiver's own smoothing.
        cell_m: median error of a cell position, m. Source: 600 (Zandbergen 2009).
        cold_share: outings whose first fixes are 100 to 5,000 m off, coming out of the home; half as many coming out
            of other houses. Assumption, 0.05 to 0.5.
        honest_share: of gross errors with an accuracy that says so. Assumption.
        bad_home_fix_share: fixes at home by a far cell. Assumption, 0.01 to 0.1.
        stored_share: outings with a stretch without network, whose fixes come later. Assumption.
        strays_per_year, night_exits_per_year, patterns_per_year: far more often than in life (a carer reports 0.65
            missing incidents a year of a person with dementia: Bowen et al. 2011, Dement Geriatr Cogn Disord 31:406),
            so that a year tells something of each.
    """

    name: str = "usual"
    outings_per_day: float = 1.37
    walking_mps: float = 0.95
    explorers: float = 0.15
    other_way_share: float = 0.06
    spur_share: float = 0.03
    turned_back_share: float = 0.015
    riders: float = 0.35
    lap_walkers: float = 0.1
    gardeners: float = 0.25
    new_places_per_year: float = 3.0
    moves_per_year: float = 0.15
    family_outings_per_day: float = 1 / 30
    family_tells: float = 0.8
    holidays_per_year: float = 2.0
    told_before: float = 0.6
    told_late: float = 0.3
    zoned: float = 0.5
    drift_m: float = 5.0
    drift_s: float = 90.0
    canyon_m: float = 22.0
    burst_per_hour: float = 1.5
    burst_m: float = 80.0
    wifi_m: float = 74.0
    cell_m: float = 600.0
    speed_share: float = 0.6
    speed_error_mps: float = 0.1
    canyon_speed_error_mps: float = 0.5
    swing_mps: float = 0.2
    cold_share: float = 0.2
    honest_share: float = 0.6
    bad_home_fix_share: float = 0.02
    stored_share: float = 0.03
    strays_per_year: float = 3.0
    night_exits_per_year: float = 2.0
    patterns_per_year: float = 3.0


def assumed(words: Sequence[str]) -> Outdoors:
    """The usual world with other values, each as ``name=number``; the later wins.

    Raises:
        ValueError: a word names no value, or its number is none.
    """
    world = Outdoors()
    names = [name for name in Outdoors.__struct_fields__ if name != "name"]
    for word in words:
        name, _, number = word.partition("=")
        try:
            value = {name: float(number)} if name in names else {}
        except ValueError:
            value = {}
        if not value:
            raise ValueError(f"{word!r} is no name=number of {', '.join(names)}")
        world = msgspec.structs.replace(world, name=f"{world.name} {word}", **value)
    return world
