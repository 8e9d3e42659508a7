"""What a fix costs the engine by what its wearer does, and what the rules of wandering add to it.

Everybody has a zone of ``CORNERS`` corners and a band that tells its position each half minute, in batches as large as
the pipeline's. Engines that differ in nothing but the rules that are switched on take the same batches in turn, each
several times: after each but the last it is rolled back, and the least of them counts. So what disturbs the machine is
left out, and what the engines add to each other is that none finds its records in the processor's nearest caches, as
in life. Beside them, over the same fixes, stands the kernel that only reads and writes the record of each device: where
it is slow, the machine is. Seconds are those of the thread's processor time, ``process`` alone.
"""

from __future__ import annotations

import gc
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from alerts.engine import Engine
from alerts.engine.layout import DEVICE
from bench.engine import counted
from bench.memory_limit import hot_records, read_and_write
from bench.mixture import BATCH, START_MS, homes
from devices.batch import HEADER, POSITION, ReadingBatch, empty_batch
from devices.kinds import Kind
from devices.registry import Assignment, Device, Entity, Fence, Parameter, Record, RegistryChange, Resident, Site

CORNERS: Final = 50
ZONE_M: Final = 300.0
"""From home to the zone's line, about."""
EVERY_MS: Final = 30_000
ACCURACY_M: Final = 8.0
SETTLED: Final = 32
"""Fixes of each before it is measured: ways, and the last quarter of an hour, are known then."""
MEASURED: Final = 4
"""Fixes of each that are."""
TAKES: Final = 5
"""How often each batch is taken."""
RULES: Final = ("zone_exit", "night_exit", "pattern", "lost")
ON: Final[dict[str, tuple[str, ...]]] = {
    "none": (),
    "zone_exit": ("zone_exit",),
    "pattern": ("pattern",),
    "zone_exit and pattern": ("zone_exit", "pattern"),
    "all": RULES,
}
"""The engines, by the rules of wandering that are on."""
DOINGS: Final = ("at home", "about the block", "along the line", "away from home", "to and fro")
_LIMIT: Final = "memory's limit"
_DRIFT: Final = 0.9
_SCATTER_M: Final = 4.0
_M_PER_DEG: Final = 111_195.0

Places = npt.NDArray[np.float64]


class Doing(msgspec.Struct, frozen=True):
    """What a fix costs while everybody does the same, µs.

    Attributes:
        us: by the rules that are on.
        memory_limit_us: of a kernel that only reads and writes the hot record.
        added_us: by ``zone_exit`` and ``pattern`` together.
        alarms: events that the engine with all rules emitted meanwhile, by rule and what.
    """

    name: str
    us: dict[str, float]
    memory_limit_us: float
    added_us: float
    alarms: dict[str, int]


class Measured(msgspec.Struct, frozen=True):
    """The benchmark's figures.

    Attributes:
        registered_s: what it took to lay out all zones.
        load: of the machine, at the end.
    """

    residents: int
    corners: int
    registered_s: float
    doings: list[Doing]
    load: float


def measure(*, residents: int, progress: Callable[[str], None]) -> Measured:
    """Run the benchmark; see ``Measured``."""
    progress("compiling")
    Engine.warm()
    begun = time.thread_time()
    known = Engine()
    known.apply(list(registry(residents)))
    registered_s = time.thread_time() - begun
    progress(f"{residents:,} zones of {CORNERS} corners laid out in {registered_s:.1f} s")
    snapshot = known.snapshot()
    doings = []
    for name in DOINGS:
        doings.append(_done(name, snapshot, residents))
        progress(f"{name}: {doings[-1].us}")
    return Measured(residents, CORNERS, round(registered_s, 2), doings, round(os.getloadavg()[0], 1))


def registry(residents: int) -> Iterator[RegistryChange]:
    """Everybody with a band and a zone about their home."""
    home = homes(residents)
    records: list[tuple[Entity, Record]] = [("site", Site(id="s", name=""))]
    for i in range(residents):
        lat, lon = float(home.lat[i]), float(home.lon[i])
        records += [
            ("resident", Resident(id=f"r{i}", slot=i, site="s", name="", home_lat=lat, home_lon=lon)),
            ("device", Device(id=f"d{i}", slot=i, site="s")),
            ("assignment", Assignment(id=f"a{i}", device_slot=i, resident_slot=i, from_ms=0)),
            ("fence", Fence(id=f"f{i}", resident_slot=i, name="", polygon=_zone(lat, lon, float(i)))),
        ]
    for version, (entity, record) in enumerate(records, 1):
        yield RegistryChange(version=version, entity=entity, key=record.id, record=record)


def _zone(lat: float, lon: float, turned: float) -> tuple[tuple[float, float], ...]:
    angle = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    far_deg = ZONE_M * (1 + 0.1 * np.sin(3 * angle + turned)) / _M_PER_DEG
    north, east = lat + far_deg * np.sin(angle), lon + far_deg * np.cos(angle) / np.cos(np.radians(lat))
    return tuple(zip(north.tolist(), east.tolist(), strict=True))


def _done(name: str, snapshot: bytes, residents: int) -> Doing:
    """Let everybody do the same, and measure it."""
    engines = {on: _engine(snapshot, rules) for on, rules in ON.items()}
    records = hot_records(residents, DEVICE.itemsize)
    spent = dict.fromkeys((*ON, _LIMIT), 0.0)
    alarms: Counter[str] = Counter()
    fixes = 0
    gc.collect()
    gc.disable()
    try:
        for number, batch in enumerate(_batches(name, residents)):
            now = int(batch.header["received"][-1])
            if number < SETTLED * -(-residents // BATCH):
                takes = 1
            else:
                takes = TAKES
                fixes += batch.size
            least = dict.fromkeys(spent, np.inf)
            for take in range(takes):
                begun = time.thread_time()
                read_and_write(records, batch.header)
                least[_LIMIT] = min(least[_LIMIT], time.thread_time() - begun)
                for on, engine in engines.items():
                    begun = time.thread_time()
                    said = engine.process(batch, now)
                    least[on] = min(least[on], time.thread_time() - begun)
                    if take < takes - 1:
                        engine.rollback()
                        continue
                    engine.commit()
                    if on == "all":
                        alarms.update({f"{rule} {what}": times for rule, what, times in counted(said)})
            if takes > 1:
                for on, seconds in least.items():
                    spent[on] += seconds
    finally:
        gc.enable()
    us = {on: round(seconds / fixes * 1e6, 3) for on, seconds in spent.items()}
    limit = us.pop(_LIMIT)
    return Doing(name, us, limit, round(us["zone_exit and pattern"] - us["none"], 3), dict(alarms))


def _engine(snapshot: bytes, rules: tuple[str, ...]) -> Engine:
    engine = Engine.restore(snapshot)
    settings = [
        Parameter(id=f"everyone//{name}", scope="everyone", name=name, value=float(rule in rules))
        for rule in RULES
        for name in (f"wandering.{rule}.enabled",)
    ]
    engine.apply([RegistryChange(version=1, entity="parameter", key=one.id, record=one) for one in settings])
    return engine


def _batches(name: str, residents: int) -> Iterator[ReadingBatch]:
    """A fix of each, one round after the other, each time in another order."""
    chance = np.random.default_rng(7)
    home = homes(residents)
    pace_mps = chance.uniform(0.7, 1.2, residents)
    begun_s = chance.uniform(0, 2000, residents)
    error = chance.normal(0, _SCATTER_M, (residents, 2))
    for number in range(SETTLED + MEASURED):
        error = _DRIFT * error + (1 - _DRIFT**2) ** 0.5 * chance.normal(0, _SCATTER_M, (residents, 2))
        seconds = number * EVERY_MS / 1000
        place = _place(name, seconds, begun_s, pace_mps) + error
        position = np.zeros(residents, POSITION)
        position["lat"] = home.lat + place[:, 1] / _M_PER_DEG
        position["lon"] = home.lon + place[:, 0] / (_M_PER_DEG * np.cos(np.radians(home.lat)))
        position["accuracy_m"] = ACCURACY_M
        position["source"] = 0
        for untold in ("speed_mps", "heading_deg", "altitude_m"):
            position[untold] = np.nan
        order = chance.permutation(residents)
        header = np.zeros(residents, HEADER)
        header["t"] = START_MS + number * EVERY_MS + np.arange(residents) * EVERY_MS // (2 * residents)
        header["received"] = header["t"] + 300
        header["seq"], header["pos"] = number, number * residents + np.arange(residents)
        header["device"], header["row"] = order, order
        header["kind"], header["trusted"] = Kind.POSITION, 1
        whole = empty_batch()._replace(header=header, position=position)
        for start in range(0, residents, BATCH):
            yield whole.window(start, start + BATCH)


def _place(name: str, seconds: float, begun_s: Places, pace_mps: Places) -> Places:
    """Where everybody is, metres east and north of home; shape (n, 2)."""
    walked = (begun_s + seconds) * pace_mps
    still = np.zeros_like(walked)
    if name == "about the block":
        side = 240.0
        along, of_side = walked % side, walked // side % 4
        x = np.choose(of_side.astype(int), [along, still + side, side - along, still])
        y = np.choose(of_side.astype(int), [still, along, still + side, side - along])
        return np.stack([x - side / 2, y - side / 2], 1)
    if name == "along the line":
        angle = walked / ZONE_M
        return ZONE_M * np.stack([np.cos(angle), np.sin(angle)], 1)
    if name == "away from home":
        return np.stack([500.0 + seconds * pace_mps, still], 1)
    if name == "to and fro":
        return np.stack([120.0 + np.abs(walked % 120 - 60), still + 60.0], 1)
    return np.stack([still, still], 1)
