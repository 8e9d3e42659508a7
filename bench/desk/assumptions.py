"""What the simulated month assumes, each value with its unit and source, and how it would be on a bad day.

"Assumption" stands where no measurement of such bands and such people is known to us; the range beside it is what
seems possible. ``noisy`` takes the bad end of those that decide the result. Rates are per resident and day
unless the name says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """One world.

    Attributes:
        fenced_share: residents with a zone to walk in. Source: dementia 6.0 % and mild cognitive impairment
            15.5 % of those aged 60 and over (Jia et al. 2020, DOI 10.1016/S2468-2667(20)30185-7). Noisy:
            everybody has one.
        zone_m: radius of that zone, m. Assumption, 300 to 1000.
        outings_per_day: of one person, mean. Assumption, 0.5 to 3.
        beyond_share: outings that lead out of the zone though nobody is lost (a market, a daughter's visit).
            Assumption, 1 in 100 to 1 in 1000: zones are drawn around what people do.
        lost_per_day: true wandering of somebody with a zone. Assumption, one in 100 to 1000 days.
        fix_error_m: standard deviation of a fix outdoors, along one axis, m; it drifts with a time constant of
            two minutes. Source: 4.9 m radius under open sky (van Diggelen & Enge 2015, ION GNSS+); among houses
            assumption, 6 to 20.
        burst_per_walk_min: how often, in a minute of walking, a receiver loses itself among houses for 2 to 4
            minutes. Assumption, 1 in 100 to 1 in 1000.
        burst_m: median of that error, m, log-normal with sigma 0.8. Assumption, 40 to 150.
        bad_home_fix_share: fixes at home that are wrong by 300 to 1500 m. Told honestly (cell tower) but for one in
            ten. Assumption, 1 to 10 %.
        dead_spot_per_day: how often a band loses its network at home. Assumption, 0.05 to 2; nobody publishes it.
        dead_spot_min: median of how long, minutes, log-normal with sigma 0.9. Assumption, 1 to 10.
        cellar_share: outings with a stretch without network (an underground market, a lift). Assumption, 1 to 10 %.
        cellar_min: median of how long, minutes, log-normal with sigma 0.9. Assumption, 2 to 15.
        cell_outages_per_month: failures of a mobile cell that fifty residents share, 30 to 90 minutes. Assumption.
        own_outages_per_month: of our own system, 10 to 30 minutes. Assumption.
        night_chargers, sitting_chargers: shares of residents who charge every night, who charge while they sit;
            the others wait until the band complains. Assumption.
        forgets_charging: of a night charger's nights. Assumption, 0 to 10 %.
        left_off_per_day: the band stays on a table for hours after washing. Assumption, 0.01 to 0.2.
        switched_off_per_day: the band is switched off by mistake, for hours. Assumption, 0.002 to 0.05.
        frequent_vitals, hourly_vitals: shares of bands that measure heart rate and oxygen each 5 and each 10 minutes;
            the others each 30 to 60. Source: the settings that such bands offer; shares: assumption.
        heart_error_bpm: standard deviation of a heart rate at rest, bpm; three times that while walking. Assumption
            after comparisons of wrist bands with an ECG, 2 to 5.
        heart_artefact_share: heart rates that are any value from 35 to 180. Assumption, 0.1 to 2 %.
        oxygen_error_pct: standard deviation of one SpO2 reading, percentage points. Source: ISO 80601-2-61 allows a
            root mean square of 4; 1.5 to 3.
        oxygen_artefact_share: SpO2 readings that are 3 to 15 points too low (cold hand, movement). Assumption, 1 to
            10 %.
        lung_share: residents whose SpO2 is about 91 % in health. Assumption, 3 to 10 % (severe chronic lung disease).
        limits_known_share: of them whose own limit staff have set when the month begins; the others, like everybody
            whose signs in health are beyond a limit, get theirs the day after their second alarm. Assumption.
        cuff_share: residents who measure their blood pressure, twice a day. Assumption.
        thermometer_share: bands that estimate body temperature. Assumption.
        loose_per_day: how often a band is worn loosely for 1 to 4 hours. Assumption, 0.02 to 0.2.
        loose_c: how much too cold it then measures, median, °C. Assumption, 0.5 to 2.
        ill_per_day: beginnings of a feverish illness of 2 to 4 days. Assumption, 1 in 200 to 1000 days.
        press_per_day, accident_per_day: the button, in need and by mistake. Assumption.
        fall_per_day: falls. Source: about one in three people over 65 falls each year, some often (WHO Global
            report on falls prevention in older age, 2007); 0.5 falls a year; eight in ten are noticed.
        false_fall_per_day: what a band takes for a fall. Assumption, 1 in 30 to 1 in 500 days; thresholds tried
            on real life gave 3 to 85 a day (Bagalà et al. 2012, DOI 10.1371/journal.pone.0037062).
        absent_per_day: departures to family or to hospital for 2 to 10 days. Assumption.
        absence_told_share: of them known to the desk in advance; the others a day later. Assumption.
    """

    name: str = "usual"
    fenced_share: float = 0.22
    zone_m: float = 500.0
    outings_per_day: float = 1.6
    beyond_share: float = 1 / 300
    lost_per_day: float = 1 / 300
    fix_error_m: float = 8.0
    burst_per_walk_min: float = 1 / 300
    burst_m: float = 80.0
    bad_home_fix_share: float = 0.03
    dead_spot_per_day: float = 0.2
    dead_spot_min: float = 3.0
    cellar_share: float = 0.03
    cellar_min: float = 5.0
    cell_outages_per_month: float = 1.0
    own_outages_per_month: float = 1.0
    night_chargers: float = 0.60
    sitting_chargers: float = 0.25
    forgets_charging: float = 0.05
    left_off_per_day: float = 0.04
    switched_off_per_day: float = 1 / 200
    frequent_vitals: float = 0.2
    hourly_vitals: float = 0.3
    heart_error_bpm: float = 3.0
    heart_artefact_share: float = 0.005
    oxygen_error_pct: float = 1.8
    oxygen_artefact_share: float = 0.02
    lung_share: float = 0.05
    limits_known_share: float = 0.8
    cuff_share: float = 0.3
    thermometer_share: float = 0.3
    loose_per_day: float = 0.05
    loose_c: float = 0.8
    ill_per_day: float = 1 / 400
    press_per_day: float = 1 / 150
    accident_per_day: float = 1 / 60
    fall_per_day: float = 0.5 * 0.8 / 365
    false_fall_per_day: float = 1 / 200
    absent_per_day: float = 1 / 90
    absence_told_share: float = 0.7


USUAL: Final = Assumptions()
NOISY: Final = Assumptions(
    name="noisy",
    fenced_share=1.0,
    beyond_share=1 / 100,
    fix_error_m=15.0,
    burst_per_walk_min=1 / 100,
    bad_home_fix_share=0.08,
    dead_spot_per_day=0.6,
    cellar_share=0.08,
    forgets_charging=0.1,
    left_off_per_day=0.1,
    switched_off_per_day=1 / 60,
    heart_artefact_share=0.015,
    oxygen_error_pct=2.5,
    oxygen_artefact_share=0.06,
    loose_per_day=0.12,
    loose_c=1.2,
    accident_per_day=1 / 25,
    false_fall_per_day=1 / 60,
)
WORLDS: Final[dict[str, Assumptions]] = {"usual": USUAL, "noisy": NOISY}


def assumed(words: Sequence[str]) -> Assumptions:
    """The world that ``words`` describe: ``usual``, ``noisy``, or ``name=number`` for one value; the later wins.

    Raises:
        ValueError: a word is neither, or its number is none.
    """
    world = USUAL
    for word in words:
        name, equals, number = word.partition("=")
        if not equals and name in WORLDS:
            world = WORLDS[name]
        elif equals and name in _NUMBERS:
            world = msgspec.structs.replace(world, name=f"{world.name} {word}", **{name: float(number)})
        else:
            raise ValueError(f"{word!r} is none of {', '.join(WORLDS)} and no name=number of {', '.join(_NUMBERS)}")
    return world


_NUMBERS: Final = tuple(name for name in Assumptions.__struct_fields__ if name != "name")
