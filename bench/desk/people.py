"""Who lives in the simulated month: what is theirs for good, drawn once, as columns over the residents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.desk.assumptions import Assumptions
from devices.registry import Assignment, Device, Entity, Fence, Parameter, Record, RegistryChange, Resident

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

SITE: Final = "month"
TIMEZONE: Final = "Asia/Shanghai"
LUNG_LIMIT_PCT: Final = 83.0
"""Own SpO2 limit in lung disease. Source: NEWS2, scale 2, single red score (Royal College of Physicians, 2017)."""
OWN_LIMITS: Final[dict[str, tuple[str, float]]] = {
    "vitals.spo2": ("vitals.spo2.low_pct", 87.0),
    "vitals.heart_rate": ("vitals.heart_rate.low_bpm", 35.0),
    "vitals.blood_pressure": ("vitals.blood_pressure.systolic_high_mmhg", 200.0),
}
"""What staff set for a resident whose signs are as a rule beyond a limit, and who is well. Assumption."""
CELL_RESIDENTS: Final = 50
"""So many neighbours share a mobile cell. Assumption."""


class People(NamedTuple):
    """Columns of shape (n,). Hours are local, minutes of vital signs are between two measurements."""

    lat: Floats
    lon: Floats
    fenced: Bools
    wake_h: Floats
    bed_h: Floats
    outings: Floats
    drain_pct_per_h: Floats
    night_charger: Bools
    sitting_charger: Bools
    vitals_min: Ints
    heart_bpm: Floats
    oxygen_pct: Floats
    lung: Bools
    limit_known: Bools
    restless_nights: Bools
    cuff: Bools
    systolic_mmhg: Floats
    diastolic_mmhg: Floats
    thermometer: Bools
    temperature_c: Floats
    wears_at_night: Bools
    checks_in: Bools

    @property
    def size(self) -> int:
        """How many they are."""
        return len(self.lat)


def drawn(residents: int, a: Assumptions, chance: np.random.Generator) -> People:
    """Draw everybody.

    Spread between people: heart rate at rest 70 ± 8, SpO2 96.5 ± 1.0, in lung disease 91 ± 1, blood pressure
    136 ± 14 over 76 ± 8 under treatment, temperature 36.4 ± 0.2. One in seven breathes badly in sleep. One in ten
    takes the band off at night. All assumption, of the order that surveys of the old report.
    """
    n = residents
    number = np.arange(n, dtype=np.float64)
    charger = chance.random(n)
    measures = chance.random(n)
    lung = chance.random(n) < a.lung_share
    oxygen = np.where(lung, chance.normal(91.0, 1.0, n), chance.normal(96.5, 1.0, n).clip(93.5, 99.0))
    slow = chance.integers(30, 61, n)
    return People(
        lat=31.0 + np.floor(number / 100) * 0.002,
        lon=121.0 + (number % 100) * 0.002,
        fenced=chance.random(n) < a.fenced_share,
        wake_h=chance.normal(6.0, 0.6, n).clip(4.5, 8.0),
        bed_h=chance.normal(21.5, 0.6, n).clip(20.0, 23.3),
        outings=chance.gamma(4.0, a.outings_per_day / 4.0, n),
        drain_pct_per_h=chance.uniform(1.3, 2.6, n),
        night_charger=charger < a.night_chargers,
        sitting_charger=(charger >= a.night_chargers) & (charger < a.night_chargers + a.sitting_chargers),
        vitals_min=np.where(
            measures < a.frequent_vitals, 5, np.where(measures < a.frequent_vitals + a.hourly_vitals, 10, slow)
        ),
        heart_bpm=chance.normal(70.0, 8.0, n).clip(52.0, 95.0),
        oxygen_pct=oxygen,
        lung=lung,
        limit_known=chance.random(n) < a.limits_known_share,
        restless_nights=chance.random(n) < 1 / 7,
        cuff=chance.random(n) < a.cuff_share,
        systolic_mmhg=chance.normal(136.0, 14.0, n),
        diastolic_mmhg=chance.normal(76.0, 8.0, n),
        thermometer=chance.random(n) < a.thermometer_share,
        temperature_c=chance.normal(36.4, 0.2, n),
        wears_at_night=chance.random(n) >= 0.1,
        checks_in=chance.random(n) < 0.5,
    )


def registry(people: People, zone_m: float) -> Iterator[tuple[Entity, Record]]:
    """What the desk has entered when the month begins."""
    for i in range(people.size):
        yield "resident", resident(people, i, away=False)
        yield "device", Device(id=f"d{i}", slot=i, site=SITE)
        yield "assignment", Assignment(id=f"a{i}", device_slot=i, resident_slot=i, from_ms=0)
        if people.fenced[i]:
            lat, lon = float(people.lat[i]), float(people.lon[i])
            yield "fence", Fence(id=f"f{i}", resident_slot=i, name="", circle_lat=lat, circle_lon=lon, radius_m=zone_m)
        if people.lung[i] and people.limit_known[i]:
            yield own_limit(people, i, "vitals.spo2")


def resident(people: People, slot: int, *, away: bool) -> Resident:
    """A resident's record."""
    return Resident(
        id=f"r{slot}", slot=slot, site=SITE, name="", timezone=TIMEZONE, status="away" if away else "active",
        home_lat=float(people.lat[slot]), home_lon=float(people.lon[slot]),
    )  # fmt: skip


def own_limit(people: People, slot: int, rule: str) -> tuple[Entity, Record]:
    """The limit that staff set for somebody whose usual signs are others' alarm; ``rule`` is one of OWN_LIMITS."""
    name, value = OWN_LIMITS[rule]
    if rule == "vitals.spo2" and people.lung[slot]:
        value = LUNG_LIMIT_PCT
    return "parameter", Parameter(
        id=f"resident/r{slot}/{name}", scope="resident", key=f"r{slot}", resident_slot=slot, name=name, value=value
    )


def change(version: int, entity: Entity, record: Record) -> RegistryChange:
    """A committed change of the registry."""
    return RegistryChange(version=version, entity=entity, key=record.id, record=record)
