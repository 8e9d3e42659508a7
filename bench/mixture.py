"""The engine benchmark's community: who is registered, and mixed telemetry of theirs as columns.

Each resident wears one band and may walk in one circle; some have polygons behind it. Slots of bands and of
residents are the same numbers. Which resident is next is chance, so every reading is a walk through memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from devices.batch import FALL, HEADER, HEARTBEAT, POSITION, SOS, VITALS, ReadingBatch, Records, empty_batch
from devices.kinds import Kind
from devices.registry import Assignment, Device, Entity, Fence, RegistryChange, Resident

BATCH: Final = 4096
"""Readings a call: the gateway's Receive Maximum (design rule 2)."""
START_MS: Final = 1_767_225_600_000
"""2026-01-01 00:00 UTC."""
INTERVAL_S: Final = 300.0
"""Of heartbeats, as every band tells it."""
SITE: Final = 5_000
"""So many residents share a site: what is judged of a site costs by its size."""
RADIUS_M: Final = 500.0
"""Of the circles."""
GAP_S: Final = 40.0
"""Mean time between two readings of one resident: a fix a minute, a heartbeat each 2 to 3 minutes. Assumption."""
SHARES: Final[dict[Kind, float]] = {
    Kind.POSITION: 0.60,
    Kind.HEARTBEAT: 0.28,
    Kind.VITALS: 0.09,
    Kind.EXERCISE: 0.02,
    Kind.SOS: 0.004,
    Kind.FALL: 0.002,
    Kind.CHECKIN: 0.004,
}
"""Of the readings. One in a hundred is a cry for help or a check-in (issue of the engine); the rest: assumption."""
LATE_SHARE: Final = 0.01
"""Delivered from the store of a band that had no network, 1 to 20 minutes late. Assumption."""
AWAY_SHARE: Final = 0.01
"""Residents who walk outside their circle. Assumption."""
ABOUT_SHARE: Final = 0.14
"""Residents who walk within it; all others sit at home. Assumption: three and a half hours a day."""
WALK_M: Final = 280.0
"""So far they walk to and fro, NEAR_M from home or beyond, at ``WALK_MPS``. Assumption."""
NEAR_M: Final = 100.0
WALK_MPS: Final = 1.1
SCATTER_M: Final = 5.0
"""Of a fix, north and east: the standard deviation. Assumption."""
LOW_SHARE: Final = 0.01
"""Bands whose battery is low. Assumption."""
SICK_SHARE: Final = 0.01
"""Residents whose vital signs are beyond every limit. Assumption."""

_M_PER_DEG: Final = 111_195.0
_LAT0, _LON0 = 31.0, 121.0


class Homes(NamedTuple):
    """Where each resident lives: shape (n,), float64, degrees."""

    lat: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]


def homes(residents: int) -> Homes:
    """A grid of homes, about 100 m apart."""
    number = np.arange(residents, dtype=np.float64)
    return Homes(_LAT0 + np.floor(number / 1000) * 0.001, _LON0 + (number % 1000) * 0.001)


def registry(residents: int, polygon_share: float) -> Iterator[RegistryChange]:
    """What the engine is told of everybody; ``polygon_share`` of them have a polygon of 16 corners 3 km away."""
    home = homes(residents)
    version = 0
    for i in range(residents):
        lat, lon = float(home.lat[i]), float(home.lon[i])
        site = f"bench{i // SITE}"
        records: list[tuple[Entity, Resident | Device | Assignment | Fence]] = [
            ("resident", Resident(id=f"r{i}", slot=i, site=site, name="", home_lat=lat, home_lon=lon)),
            ("device", Device(id=f"d{i}", slot=i, site=site)),
            ("assignment", Assignment(id=f"a{i}", device_slot=i, resident_slot=i, from_ms=0)),
            ("fence", Fence(id=f"f{i}", resident_slot=i, name="", circle_lat=lat, circle_lon=lon, radius_m=RADIUS_M)),
        ]
        if i < polygon_share * residents:
            records.append(("fence", Fence(id=f"g{i}", resident_slot=i, name="", polygon=_park(lat, lon))))
        for entity, record in records:
            version += 1
            yield RegistryChange(version=version, entity=entity, key=record.id, record=record)


def _park(lat: float, lon: float) -> tuple[tuple[float, float], ...]:
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    north, east = lat + 0.027 + 0.002 * np.sin(angle), lon + 0.002 * np.cos(angle)
    return tuple(zip(north.tolist(), east.tolist(), strict=True))


def mixed(residents: int, count: int, seed: int) -> ReadingBatch:
    """Readings of all kinds from residents at random, in the order in which they arrive.

    Args:
        residents: how many there are.
        count: how many readings.
        seed: of the chance.
    """
    chance = np.random.default_rng(seed)
    kinds = chance.choice(np.array(list(SHARES), np.int8), count, p=list(SHARES.values()))
    return _readings(residents, chance.integers(0, residents, count), kinds, chance)


def of_kind(kind: Kind, residents: int, count: int, seed: int) -> ReadingBatch:
    """Readings of one kind from residents at random, in the order in which they arrive."""
    chance = np.random.default_rng(seed)
    return _readings(residents, chance.integers(0, residents, count), np.full(count, kind, np.int8), chance)


def once_each(kind: Kind, residents: int) -> ReadingBatch:
    """A reading of this kind from everybody, in the order of their slots."""
    everybody = np.arange(residents)
    return _readings(residents, everybody, np.full(residents, kind, np.int8), np.random.default_rng(0))


def shift(batch: ReadingBatch, by_ms: int) -> None:
    """Move all readings in time, so that the same ones are new again."""
    batch.header["t"] += by_ms
    batch.header["received"] += by_ms


def span_ms(batch: ReadingBatch) -> int:
    """From the first receipt to just after the last."""
    received = batch.header["received"]
    return int(received[-1] - received[0]) + 1


def windows(batch: ReadingBatch, size: int = BATCH) -> list[ReadingBatch]:
    """The readings in batches, as views."""
    return [batch.window(start, start + size) for start in range(0, batch.size, size)]


def _readings(
    residents: int, devices: npt.NDArray[np.int64], kinds: npt.NDArray[np.int8], chance: np.random.Generator
) -> ReadingBatch:
    count = len(devices)
    header = np.zeros(count, HEADER)
    header["received"] = START_MS + (np.arange(count) * (GAP_S * 1000.0 / residents)).astype(np.int64)
    waited_ms = chance.integers(50, 2000, count)
    late = chance.random(count) < LATE_SHARE
    waited_ms[late] = chance.integers(60_000, 1_200_000, int(late.sum()))
    header["t"] = header["received"] - waited_ms
    header["seq"] = header["pos"] = np.arange(count)
    header["device"], header["kind"], header["trusted"] = devices, kinds, 1
    for kind in SHARES:
        of_it = np.flatnonzero(kinds == kind)
        header["row"][of_it] = np.arange(len(of_it))

    def wearers(kind: Kind) -> npt.NDArray[np.int64]:
        of_it: npt.NDArray[np.int64] = devices[kinds == kind]
        return of_it

    return empty_batch()._replace(
        header=header,
        position=_positions(residents, wearers(Kind.POSITION), header["t"][kinds == Kind.POSITION], chance),
        heartbeat=_heartbeats(wearers(Kind.HEARTBEAT), chance),
        vitals=_vitals(wearers(Kind.VITALS), chance),
        sos=_blank(SOS, len(wearers(Kind.SOS)), cancel=0),
        fall=_blank(FALL, len(wearers(Kind.FALL)), confidence=0.9, impact_g=3.0, cancel=0),
    )


def _is_among(share: float, slots: npt.NDArray[np.int64], which: int) -> npt.NDArray[np.bool_]:
    """Whether a resident belongs to a share of all, spread over the slots; another one for each ``which``."""
    chosen: npt.NDArray[np.bool_] = (slots * 7919 + which * 31) % 1000 < share * 1000
    return chosen


def _positions(
    residents: int, slots: npt.NDArray[np.int64], t: npt.NDArray[np.int64], chance: np.random.Generator
) -> Records:
    """Where people are who live on: at home, or on a walk along a line of their own."""
    rows = _blank(POSITION, len(slots), accuracy_m=12.0, source=0)
    home = homes(residents)
    away = _is_among(AWAY_SHARE, slots, 0)
    about = ~away & _is_among(ABOUT_SHARE, slots, 3)
    walked_m = (t - START_MS) / 1000.0 * WALK_MPS + slots
    on_the_way_m = np.abs(walked_m % (2.0 * WALK_M) - WALK_M)
    far_m = np.where(away, 3.0 * RADIUS_M + on_the_way_m, np.where(about, NEAR_M + on_the_way_m, 0.0))
    angle = slots.astype(np.float64)
    north, east = chance.normal(0.0, SCATTER_M, (2, len(slots))) + far_m * np.array([np.sin(angle), np.cos(angle)])
    rows["lat"] = home.lat[slots] + north / _M_PER_DEG
    rows["lon"] = home.lon[slots] + east / (_M_PER_DEG * np.cos(np.radians(home.lat[slots])))
    return rows


def _heartbeats(slots: npt.NDArray[np.int64], chance: np.random.Generator) -> Records:
    rows = _blank(HEARTBEAT, len(slots), interval_s=INTERVAL_S, charging=0, worn=1, rssi_dbm=-70.0)
    rows["battery_pct"] = np.where(_is_among(LOW_SHARE, slots, 1), 9.0, 30.0 + slots % 70)
    rows["activity"] = chance.integers(0, 200, len(slots))
    rows["steps"] = np.arange(len(slots))
    return rows


def _vitals(slots: npt.NDArray[np.int64], chance: np.random.Generator) -> Records:
    """Heart rate and oxygen each time, pressure every fourth, temperature every second."""
    rows = _blank(VITALS, len(slots))
    sick = _is_among(SICK_SHARE, slots, 2)
    rows["heart_rate_bpm"] = np.where(sick, 150.0, chance.normal(72.0, 8.0, len(slots)).clip(50.0, 110.0))
    rows["spo2_pct"] = np.where(sick, 86.0, chance.normal(97.0, 1.0, len(slots)).clip(94.0, 100.0))
    cuff, skin = chance.random(len(slots)) < 0.25, chance.random(len(slots)) < 0.5
    rows["systolic_mmhg"][cuff] = np.where(sick, 200.0, 130.0)[cuff]
    rows["diastolic_mmhg"][cuff] = np.where(sick, 125.0, 75.0)[cuff]
    rows["temperature_c"][skin] = np.where(sick, 39.8, 36.5)[skin]
    return rows


def _blank(layout: np.dtype[Any], count: int, **values: float) -> Records:
    """Records of which only ``values`` are known."""
    rows = np.zeros(count, layout)
    for name in layout.names or ():
        rows[name] = values.get(name, np.nan if layout[name].kind == "f" else -1)
    return rows
