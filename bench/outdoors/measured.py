"""Residents, bands and fixes of the simulated outdoors as the engine hears of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bench.desk.people import SITE, TIMEZONE
from devices.batch import HEADER, HEARTBEAT, POSITION, ReadingBatch, Records, empty_batch
from devices.clock import DAY_MS, HOUR_MS
from devices.kinds import Kind
from devices.registry import Assignment, Device, Entity, Fence, Record, Resident
from simulator.geometry import METRES_PER_DEGREE
from simulator.outdoors.habits import Habits
from simulator.outdoors.receiver import Fixes

ORIGIN: Final = (31.2, 121.5)
"""Latitude and longitude of the middle of the town."""
_PER_LON: Final = METRES_PER_DEGREE * math.cos(math.radians(ORIGIN[0]))
_DAILY_DRAIN_PCT: Final = 60.0


def degrees(place: tuple[float, float]) -> tuple[float, float]:
    """Latitude and longitude of a place of the town."""
    return ORIGIN[0] + place[1] / METRES_PER_DEGREE, ORIGIN[1] + place[0] / _PER_LON


def resident(habits: Habits, *, away: bool = False, accompanied_until: int | None = None) -> Resident:
    """A resident's record."""
    lat, lon = degrees(habits.home.door)
    return Resident(
        id=f"r{habits.number}", slot=habits.number, site=SITE, name="", timezone=TIMEZONE, home_lat=lat, home_lon=lon,
        status="away" if away else "active", accompanied_until=accompanied_until,
    )  # fmt: skip


def registry(people: Sequence[Habits], *, zones: bool = True) -> Iterator[tuple[Entity, Record]]:
    """What the desk has entered when the run begins."""
    for habits in people:
        slot = habits.number
        yield "resident", resident(habits)
        yield "device", Device(id=f"d{slot}", slot=slot, site=SITE)
        yield "assignment", Assignment(id=f"a{slot}", device_slot=slot, resident_slot=slot, from_ms=0)
        for number, zone in enumerate(habits.zones if zones else ()):
            key = f"f{slot}-{number}"
            if zone.corners is not None:
                corners = tuple(degrees(corner) for corner in zone.corners)
                yield "fence", Fence(id=key, resident_slot=slot, name="", polygon=corners)
            else:
                lat, lon = degrees(zone.middle)
                yield (
                    "fence",
                    Fence(id=key, resident_slot=slot, name="", circle_lat=lat, circle_lon=lon, radius_m=zone.radius_m),
                )


def readings(days: Sequence[Fixes], midnight: int, first_pos: int) -> ReadingBatch:
    """The fixes of everybody on one day, with a heartbeat an hour, in the order of their receipt."""
    count = [len(fixes.t) for fixes in days]
    n, beats = sum(count), 24 * len(days)
    position = np.zeros(n, POSITION)
    place = np.concatenate([fixes.place for fixes in days])
    position["lat"] = ORIGIN[0] + place[:, 1] / METRES_PER_DEGREE
    position["lon"] = ORIGIN[1] + place[:, 0] / _PER_LON
    position["accuracy_m"] = np.concatenate([fixes.accuracy_m for fixes in days])
    position["source"] = np.concatenate([fixes.source for fixes in days])
    position["speed_mps"] = np.concatenate([fixes.speed_mps for fixes in days])
    position["heading_deg"] = position["altitude_m"] = np.nan
    heartbeat = _heartbeats(len(days))
    header = np.zeros(n + beats, HEADER)
    header["device"] = np.concatenate([np.repeat(np.arange(len(days)), count), np.repeat(np.arange(len(days)), 24)])
    hours = np.tile(np.arange(24) * HOUR_MS, len(days)) + 1000 * np.repeat(np.arange(len(days)) % 3600, 24)
    header["t"] = midnight + np.concatenate([_ms([fixes.t for fixes in days]), hours])
    received = np.concatenate([_ms([fixes.received for fixes in days]), hours + 1500])
    header["received"] = midnight + np.minimum(received, DAY_MS - 1)
    header["kind"] = np.repeat([int(Kind.POSITION), int(Kind.HEARTBEAT)], [n, beats])
    header["row"] = np.concatenate([np.arange(n), np.arange(beats)])
    header["trusted"] = 1
    header = header[np.lexsort((header["t"], header["received"]))]
    header["pos"] = header["seq"] = first_pos + np.arange(len(header))
    return empty_batch()._replace(header=header, position=position, heartbeat=heartbeat)


def _heartbeats(people: int) -> Records:
    rows = np.zeros(24 * people, HEARTBEAT)
    rows["steps"] = -1
    rows["rssi_dbm"] = rows["activity"] = np.nan
    rows["battery_pct"] = np.tile(100.0 - _DAILY_DRAIN_PCT * np.arange(24) / 24, people)
    rows["interval_s"] = 3600
    rows["charging"], rows["worn"] = 0, 1
    return rows


def _ms(seconds: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.int64]:
    return np.round(1000 * np.concatenate(seconds)).astype(np.int64)
