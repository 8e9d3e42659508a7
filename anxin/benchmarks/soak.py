"""``anxin bench soak``: every role's memory while a steady load goes on."""

from __future__ import annotations

from typing import Final

from anxin.benchmarks.community import SITE, register
from anxin.benchmarks.ingest import committed
from anxin.benchmarks.stage import Progress, open_stage
from bench.ingest import Source
from bench.soak import Sample, Soak
from bench.soak import soak as watch
from gateway.store.connection import connect

_SAMPLES_A_MINUTE: Final = 4


async def soak(*, devices: int, minutes: float, per_s: float, progress: Progress) -> Soak:
    """Measure the roles' memory over ``minutes`` at ``per_s`` messages a second."""
    bands = [f"band-{number:06d}" for number in range(devices)]
    async with open_stage(SITE, progress) as stage, await connect(stage.conninfo, application="anxin bench") as store:
        progress(f"registers {devices} residents with a band each")
        await register(store, bands)
        source = Source(stage.site_account, SITE, bands, per_s)
        async with stage.roles(progress) as roles:
            return await watch(
                source,
                committed(store),
                minutes=minutes,
                every_s=60 / _SAMPLES_A_MINUTE,
                pids={**roles, **stage.pids},
                told=lambda sample: _tell(sample, progress),
            )


def _tell(sample: Sample, progress: Progress) -> None:
    memory = ", ".join(f"{name} {mib:g}" for name, mib in sample.rss_mib.items())
    progress(f"{sample.minute:5.2f} min, {sample.received} stored; MiB: {memory}")
