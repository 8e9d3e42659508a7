"""The gateway role: recover, connect, and move readings until told to stop."""

from __future__ import annotations

import asyncio
import gc
from typing import Final

import structlog

from alerts.engine import Engine
from alerts.notifiers.selection import WaysOut
from devices.clock import SteadyClock
from devices.kinds import URGENT, Kind
from devices.topics import kind_filter
from gateway import feed
from gateway.broker_watch import BrokerWatch, Tell
from gateway.by_heart import ByHeart
from gateway.commands import Commands
from gateway.decode import MARKER_PREFIX
from gateway.emergency import Emergency
from gateway.habits import HabitCopier
from gateway.health import Health
from gateway.listening import Listening
from gateway.picture import ENDED_FOR_MS, KEPT_AT_MOST, Picture
from gateway.pipeline import Pipeline
from gateway.provisional import Provisional
from gateway.recovery import recover
from gateway.session import GATHER_S, PROMPT, BrokerAddress, Flow, Session
from gateway.snapshots import Snapshots
from gateway.store.changes import listen
from gateway.store.last_known import alarms_to_remember
from gateway.writer import Writer

CLIENT_ID: Final = "anxin-gateway"
YOUNG_OBJECTS: Final = 250_000
"""New objects before the garbage collector looks: some twenty full batches. Source: docs/performance.md."""

_log = structlog.get_logger(__name__)


class Gateway:
    """Wires sessions, pipeline, feed and commands; ``run`` lives until ``stop``.

    ``tell_of_broker`` hears what a broker that we did not configure would lose; without it nobody looks.
    ``emergency`` tells people while the database is away; without it alarms are then only published.
    """

    def __init__(
        self,
        *,
        conninfo: str,
        address: BrokerAddress,
        health: Health,
        tell_of_broker: Tell | None = None,
        emergency: Emergency | None = None,
    ) -> None:
        self._conninfo = conninfo
        self._address = address
        self._health = health
        self._clock = SteadyClock()
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._writer = Writer(conninfo)
        self._snapshots = Snapshots(conninfo, self._clock)
        self._commands = Commands(conninfo, address, f"{CLIENT_ID}-commands", clock=self._clock)
        self._emergency = emergency or Emergency(numbers=(), ways=WaysOut(), clock=self._clock)
        self._picture = Picture()
        self._watch = None if tell_of_broker is None else BrokerWatch(address, tell_of_broker)
        self._urgent = self._session("urgent", [kind for kind in Kind if kind in URGENT], PROMPT)
        self._bulk = self._session("bulk", [kind for kind in Kind if kind not in URGENT], Flow(gather_s=GATHER_S))
        self._listening = Listening(self._send_marker, (self._urgent.name, self._bulk.name))

    def stop(self) -> None:
        """Finish the batch under way and end."""
        self._stop.set()

    @property
    def stores_snapshot(self) -> bool:
        """Whether it was told to stop, and only its last snapshot is still to be stored."""
        return self._snapshots.finishing

    async def run(self) -> None:
        """Compile and recover the engine, then take readings. The batch under way at ``stop`` is still committed."""
        gc.disable()  # what recovery makes stays: to look through it again and again would take half of its time
        await asyncio.to_thread(Engine().warm)
        await self._writer.open()
        recovered = await self._writer.ask(lambda connection: recover(connection, self._clock.now_ms()))
        await self._remember_alarms()
        by_heart = ByHeart(self._conninfo, recovered.directory)
        if self._emergency.has_numbers:
            await self._writer.ask(by_heart.learn)
        _calm_the_collector()
        pipeline = Pipeline(
            urgent=self._urgent,
            bulk=self._bulk,
            writer=self._writer,
            recovered=recovered,
            snapshots=self._snapshots,
            listening=self._listening,
            clock=self._clock,
            wake=self._wake,
        )
        provisional = Provisional(
            conninfo=self._conninfo,
            writer=self._writer,
            pending=lambda: pipeline.pending,
            engine=recovered.engine,
            directory=recovered.directory,
            picture=self._picture,
            publish=self._urgent.publish,
            by_heart=by_heart,
            emergency=self._emergency,
        )
        self._health.watch(self._urgent, self._bulk, self._writer)
        try:
            async with asyncio.TaskGroup() as tasks:
                helpers = [
                    tasks.create_task(self._urgent.run(), name="session-urgent"),
                    tasks.create_task(self._bulk.run(), name="session-bulk"),
                    tasks.create_task(self._follow_registry(pipeline), name="registry"),
                    tasks.create_task(self._feed(), name="feed"),
                    tasks.create_task(provisional.run(), name="provisional"),
                    tasks.create_task(self._commands.run(), name="commands"),
                    tasks.create_task(self._snapshots.run(), name="snapshots"),
                    tasks.create_task(
                        HabitCopier(recovered.engine).run(self._conninfo, recovered.directory, self._clock),
                        name="habits",
                    ),
                ]
                if self._watch is not None:
                    helpers.append(tasks.create_task(self._look_at_broker(self._watch), name="broker-watch"))
                ingest = tasks.create_task(pipeline.run(), name="pipeline")
                await self._stop_or_end(ingest)
                pipeline.stop()
                await ingest
                for helper in helpers:
                    helper.cancel()
        finally:
            await self._writer.close()

    async def _stop_or_end(self, ingest: asyncio.Task[None]) -> None:
        async with asyncio.TaskGroup() as waiting:
            stop = waiting.create_task(self._stop.wait(), name="stop")
            await asyncio.wait([stop, ingest], return_when=asyncio.FIRST_COMPLETED)
            stop.cancel()

    async def _follow_registry(self, pipeline: Pipeline) -> None:
        async for _ in listen(self._conninfo, ["registry"], application="anxin gateway registry"):
            pipeline.registry_changed()

    async def _feed(self) -> None:
        await feed.run(self._conninfo, self._address, f"{CLIENT_ID}-feed", seen=self._picture.take)

    async def _remember_alarms(self) -> None:
        """Know the alarms that stand, from before the first of their changes comes."""
        since_ms = self._clock.now_ms() - ENDED_FOR_MS
        for alarm in await self._writer.ask(
            lambda connection: alarms_to_remember(connection, since_ms=since_ms, limit=KEPT_AT_MOST)
        ):
            self._picture.take(alarm)

    async def _look_at_broker(self, watch: BrokerWatch) -> None:
        await self._health.until_ready()
        await watch.run()

    def _session(self, name: str, kinds: list[Kind], flow: Flow) -> Session:
        return Session(
            name=name,
            client_id=f"{CLIENT_ID}-{name}",
            address=self._address,
            filters=[*(kind_filter(kind) for kind in kinds), _marker_topic(name)],
            clock=self._clock,
            on_arrival=self._wake.set,
            on_connected=lambda: self._listening.restart(name),
            on_lost=self._lost,
            on_forgotten=self._forgotten,
            flow=flow,
        )

    def _lost(self) -> None:
        self._listening.lost()

    def _forgotten(self) -> None:
        if self._watch is not None:
            self._watch.forgotten()

    def _send_marker(self, session: str, marker: bytes) -> None:
        target = self._urgent if session == self._urgent.name else self._bulk
        target.publish(_marker_topic(session), marker)


def _calm_the_collector() -> None:
    """Nothing of the start is garbage, and a batch's tuples are no cycles: looking costs a third of the hot path."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def _marker_topic(session: str) -> str:
    return f"{MARKER_PREFIX}{session}/marker"
