"""``anxin bench ingest``: the gateway between two runs of the bare subscriber."""

from __future__ import annotations

from typing import Final, NamedTuple

from anxin.benchmarks.community import SITE, register
from anxin.benchmarks.stage import Progress, Stage, open_stage
from bench.bare import Subscription
from bench.ingest import Ingest, Phase, Received, Source, bare_phase, load_alone, phase
from devices.kinds import URGENT, Kind
from devices.topics import kind_filter
from gateway.run import CLIENT_ID
from gateway.session import RECEIVE_MAXIMUM
from gateway.store.batches import last_batch
from gateway.store.connection import Connection, connect

SUBSCRIPTIONS: Final = [
    Subscription(
        f"{CLIENT_ID}-{name}", [kind_filter(kind) for kind in Kind if (kind in URGENT) is urgent], RECEIVE_MAXIMUM
    )
    for name, urgent in (("urgent", True), ("bulk", False))
]
"""The gateway's own sessions; one of the two holds them, never both."""

_STORED: Final = (
    "select count(*), count(distinct (device, seq)) from ("
    " select device, seq from position union all select device, seq from heartbeat"
    " union all select device, seq from vitals union all select device, seq from motion"
    " union all select device, seq from sos) reading"
)
"""A device of the load counts over all kinds, so that device and number name a reading."""


class _Stored(NamedTuple):
    rows: int
    distinct: int


async def ingest(*, devices: int, seconds: float, per_s: float | None, progress: Progress) -> Ingest:
    """Measure durable ingest; ``seconds`` each phase, ``per_s`` None: as fast as the receiver takes."""
    bands = [f"band-{number:06d}" for number in range(devices)]
    async with open_stage(SITE, progress) as stage, await connect(stage.conninfo, application="anxin bench") as store:
        progress(f"registers {devices} residents with a band each")
        await register(store, bands)
        source = Source(stage.site_account, SITE, bands, per_s)
        progress("load and broker alone")
        alone = await load_alone(source)
        phases = [await _bare(stage, source, seconds, progress)]
        async with stage.roles(progress) as roles:
            progress(f"B: the gateway, {seconds:g} s")
            pids = {**stage.pids, **roles}
            phases.append(await phase("gateway", source, committed(store), seconds=seconds, pids=pids))
        phases.append(await _bare(stage, source, seconds, progress))
        progress("counts what is stored")
        return _judged(phases, await _stored(store), alone=alone, devices=devices, per_s=per_s)


def committed(store: Connection) -> Received:
    """How many readings are committed, asked of the book of batches."""

    async def received() -> int:
        last = await last_batch(store)
        return 0 if last is None else last.last_pos

    return received


async def _bare(stage: Stage, source: Source, seconds: float, progress: Progress) -> Phase:
    progress(f"A: the bare subscriber, {seconds:g} s")
    return await bare_phase(source, stage.gateway_account, SUBSCRIPTIONS, seconds=seconds, pids=stage.pids)


async def _stored(store: Connection) -> _Stored:
    row = await (await store.execute(_STORED)).fetchone()
    assert row is not None
    return _Stored(*row)


def _judged(phases: list[Phase], stored: _Stored, *, alone: float, devices: int, per_s: float | None) -> Ingest:
    before, measured, after = phases
    bare = (before.messages_per_s + after.messages_per_s) / 2
    return Ingest(
        messages=measured.messages,
        messages_per_s=measured.messages_per_s,
        bare_subscriber_per_s=round(bare, 1),
        cpu_us_per_message=measured.cpu_us_per_message["gateway"],
        stored=stored.rows,
        lost=measured.messages - stored.distinct,
        duplicated=stored.rows - stored.distinct,
        ratio=round(measured.messages_per_s / bare, 3),
        database_cpu_us_per_message=measured.cpu_us_per_message["postgres"],
        load_alone_per_s=round(alone, 1),
        devices=devices,
        offered_per_s=per_s,
        phases=phases,
    )
