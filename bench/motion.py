"""What the motion of many wrists costs the engine: through the stream and the gate, and what the model adds.

All bands send the same windows at the same moments, in batches as large as the pipeline's; each stream has memory of
its own. Seconds are those of the thread's processor time, ``process`` and ``commit`` together.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from alerts.engine import Engine, Rule, What
from alerts.engine.compiled import entry
from alerts.engine.fall_model import SCRATCH, WINDOW, probability, weights
from devices.batch import HEADER, MOTION, ReadingBatch, empty_batch
from devices.kinds import Kind
from devices.registry import Assignment, Device, Entity, Record, RegistryChange, Resident
from simulator.motion import DailyKind, daily, fall

WINDOW_S: Final = 5.0
"""How much a band sends at a time."""
BATCH: Final = 2_000
"""Windows in a batch."""
START_MS: Final = 1_750_000_000_000
LOOKS: Final = 100
DOINGS: Final[tuple[DailyKind, ...]] = ("resting", "walking", "sitting_down_hard", "stumbling", "clapping")

Samples = npt.NDArray[np.int16]


class Doing(msgspec.Struct, frozen=True):
    """What wearers cost who all do the same.

    Attributes:
        name: what they do; ``a fall`` is one in each 30 s.
        us_per_sample: processor time, µs: the median over the windows, and the model's looks with it.
        cores: so many would be busy with all the bands, of the mean over the windows.
        falls: told by the engine, by all of them.
    """

    name: str
    us_per_sample: float
    cores: float
    falls: int


class Measured(msgspec.Struct, frozen=True):
    """The benchmark's figures.

    Attributes:
        model_ms: one look of the model of falls.
        bytes_per_band: what the state keeps of each.
        load: of the machine, at the end.
    """

    bands: int
    rate_hz: float
    seconds: float
    doings: list[Doing]
    model_ms: float
    bytes_per_band: int
    load: float


def measure(*, bands: int, rate_hz: float, seconds: float, progress: Callable[[str], None]) -> Measured:
    """Run the benchmark; see ``Measured``."""
    progress("compiling")
    Engine.warm()
    doings: list[Doing] = []
    size = 0
    for name in (*DOINGS, "a fall"):
        progress(f"{bands:,} bands: {name}")
        samples = _repeated(name, rate_hz, seconds)
        engine = _community(bands)
        spent, falls = _streamed(engine, samples, bands, rate_hz)
        window = round(WINDOW_S * rate_hz)
        per_sample = median(spent) / (bands * window) * 1e6
        doings.append(Doing(name, round(per_sample, 3), round(sum(spent) / (len(spent) * WINDOW_S), 3), falls))
        state = engine._state  # noqa: SLF001 - whatever the engine keeps
        size = state.motion.itemsize + state.motion_ring.itemsize * state.motion_ring.shape[1]
    return Measured(bands, rate_hz, seconds, doings, round(_model_ms(), 3), size, round(os.getloadavg()[0], 1))


def _repeated(name: str, rate_hz: float, seconds: float) -> Samples:
    """Motion of a kind for so long, the same again and again."""
    kind = next((kind for kind in DOINGS if kind == name), None)
    once = (fall(1, rate_hz=rate_hz) if kind is None else daily(1, kind, rate_hz=rate_hz)).samples_mg
    again: Samples = np.resize(once, (round(seconds * rate_hz), 3))
    return again


def _community(bands: int) -> Engine:
    """Everybody has a band and has sent one window, so that memory is used for the first time before it is measured."""
    engine = Engine()
    records: list[tuple[Entity, Record]] = []
    for i in range(bands):
        records += [
            ("resident", Resident(id=f"r{i}", slot=i, site="s", name="")),
            ("device", Device(id=f"d{i}", slot=i, site="s")),
            ("assignment", Assignment(id=f"a{i}", device_slot=i, resident_slot=i, from_ms=0)),
        ]
    engine.apply([RegistryChange(version=1, entity=each, key=one.id, record=one) for each, one in records])
    for slots in np.array_split(np.arange(bands), -(-bands // BATCH)):
        engine.process(_batch(slots, START_MS - 60_000, np.zeros((1, 3), np.int16), 25.0), START_MS - 59_000)
        engine.commit()
    return engine


def _streamed(engine: Engine, samples: Samples, bands: int, rate_hz: float) -> tuple[list[float], int]:
    """Send a stream from every band; processor time of each round of windows, s, and how many falls were told."""
    spent: list[float] = []
    falls = 0
    window = round(WINDOW_S * rate_hz)
    for first in range(0, len(samples) - window + 1, window):
        t = START_MS + round(first * 1000 / rate_hz)
        total = 0.0
        for slots in np.array_split(np.arange(bands), -(-bands // BATCH)):
            batch = _batch(slots, t, samples[first : first + window], rate_hz)
            begun = time.thread_time()
            said = engine.process(batch, t + round(WINDOW_S * 1000))
            engine.commit()
            total += time.thread_time() - begun
            falls += int(np.count_nonzero((said["rule"] == Rule.FALL_MOTION) & (said["what"] == What.OPENED)))
        spent.append(total)
    return spent, falls


def _batch(slots: npt.NDArray[np.int64], t: int, samples: Samples, rate_hz: float) -> ReadingBatch:
    header = np.zeros(len(slots), HEADER)
    header["t"], header["received"] = t, t + round(len(samples) * 1000 / rate_hz)
    header["device"], header["kind"], header["row"] = slots, Kind.MOTION, np.arange(len(slots))
    header["trusted"] = 1
    motion = np.zeros(len(slots), MOTION)
    motion["rate_hz"], motion["count"] = rate_hz, len(samples)
    motion["first"] = np.arange(len(slots)) * len(samples)
    return empty_batch()._replace(header=header, motion=motion, samples=np.tile(samples, (len(slots), 1)))


def _model_ms() -> float:
    """Of one look of the package's model, ms."""
    own, scratch = weights(), np.zeros(SCRATCH, np.float32)
    window = np.random.default_rng(1).normal(0, 500, (WINDOW, 3)).astype(np.int16)
    _asked(own, scratch, window, 1)
    begun = time.thread_time()
    _asked(own, scratch, window, LOOKS)
    return (time.thread_time() - begun) / LOOKS * 1000


@entry
def _asked(own: npt.NDArray[np.float32], scratch: npt.NDArray[np.float32], window: Samples, looks: int) -> float:
    total = 0.0
    for _ in range(looks):
        total += probability(own, scratch, window, WINDOW)
    return total
