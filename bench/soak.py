"""Memory over time under a steady load: whatever grows without end shows here as a slope."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from bench.cost import Pids, costs
from bench.ingest import Received, Source
from bench.load import UNBOUND

SETTLING: Final = 0.2
"""The first part of the time is no trend: caches fill, arrays find their size."""


class Sample(msgspec.Struct, frozen=True):
    """Resident memory of each process after so many minutes, MiB, and what was received so far."""

    minute: float
    received: int
    rss_mib: dict[str, float]


class Soak(msgspec.Struct, frozen=True):
    """``slope_mib_per_min`` is the line through the samples after the settling time (least squares)."""

    minutes: float
    offered_per_s: float
    messages: int
    received: int
    messages_per_s: float
    slope_mib_per_min: dict[str, float]
    samples: list[Sample]


async def soak(
    source: Source, received: Received, *, minutes: float, every_s: float, pids: Pids, told: Callable[[Sample], None]
) -> Soak:
    """Run the load and look at every process's memory at regular times."""
    first = await received()
    samples: list[Sample] = []
    async with source.load(UNBOUND) as load:
        started = time.monotonic()
        while (elapsed_s := time.monotonic() - started) < minutes * 60:
            memory = {name: cost.rss_mib for name, cost in costs(pids).items()}
            samples.append(Sample(round(elapsed_s / 60, 2), await received() - first, memory))
            told(samples[-1])
            await asyncio.sleep(min(every_s, max(0.0, minutes * 60 - elapsed_s)))
        sent = await load.finish()
        took = time.monotonic() - started
    return Soak(
        minutes=round(took / 60, 2),
        offered_per_s=source.per_s or 0.0,
        messages=sent.acked,
        received=await received() - first,
        messages_per_s=round(sent.acked / took, 1),
        slope_mib_per_min=slopes(samples),
        samples=samples,
    )


def slopes(samples: list[Sample]) -> dict[str, float]:
    """MiB a minute of each process, over the samples after the settling time."""
    kept = samples[int(len(samples) * SETTLING) :]
    if len(kept) < 2:
        return {}
    minutes = [sample.minute for sample in kept]
    names = set.intersection(*(set(sample.rss_mib) for sample in kept))
    return {
        name: round(float(np.polyfit(minutes, [sample.rss_mib[name] for sample in kept], 1)[0]), 3)
        for name in sorted(names)
    }
