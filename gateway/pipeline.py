"""The way of a reading: packets → decode → drop duplicates → engine → one transaction → PUBACK → receipts.

A batch is whatever arrived while the last commit was under way (design rule 2). Everything here runs in one
task, one batch at a time, so the engine needs no lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
import structlog

from alerts.alarm import Episode, Latency
from alerts.desk import absorb
from alerts.engine import Engine, KernelFault
from devices.batch import ReadingBatch, Records
from devices.clock import SteadyClock
from devices.kinds import CRY_FOR_HELP, Kind
from gateway import metrics
from gateway.answers import answers_in, said_of_falls
from gateway.assemble import assemble
from gateway.decode import Decoded, Rejection, decode
from gateway.dedupe import Sieve, Sifted
from gateway.directory import Directory
from gateway.episodes import detector_failed, excused_in, kept_in, of_alarms, pressed_well, to_episodes
from gateway.errors import RefusedError
from gateway.foresight import Decided, Pending
from gateway.listening import AWAY_MS, Listening
from gateway.readings import Heading, Readings, nothing
from gateway.receipts import receipts
from gateway.recovery import Recovered
from gateway.session import Arrival, Session
from gateway.snapshots import Snapshots
from gateway.store.alarms import PostgresAlarmTransaction
from gateway.store.arrivals import store_presence, store_rejections
from gateway.store.batches import BatchRow, insert_batch
from gateway.store.checks import excuse_windows, keep_windows
from gateway.store.command_outbox import store_answers
from gateway.store.connection import Connection
from gateway.store.masses import copy_masses, insert_masses, masses
from gateway.store.registry_log import add_unknown_devices, changes_since
from gateway.store.telemetry import Extras, Key, alarms_of, insert_others, store_readings
from gateway.store.traces import Watch
from gateway.traces import Traces, falls_among
from gateway.writer import Writer

TICK_S: Final = 1.0
"""Deadlines are looked at, and the registry re-read, at least this often."""
CHANGES_AT_ONCE: Final = 2_000
"""Registry changes taken in one turn: an import of thousands of residents goes on in the next, behind the readings
that have arrived, so that no cry waits for it (0.05 s each)."""
BULK_WAITS_MS: Final = 1_000
"""Bulk readings are passed over at most this long: a flood of urgent ones must not make all others look silent."""
CLOCK_MAY_LAG_MS: Final = 1_000
"""A wall clock that was set forward by more is adopted at once; one set back, when it is by more than AWAY_MS."""
REFUSED_AT_MOST: Final = 10
"""How often one batch may be refused before this process gives up and is started anew."""
LATE_MS: Final = 600_000
"""A reading older than this on arrival is late (contract section 1)."""

_log = structlog.get_logger(__name__)


class Work(NamedTuple):
    """One batch on its way: what is to be stored and what was decided about it."""

    row: BatchRow
    decoded: Decoded
    readings: Readings
    batch: ReadingBatch
    extras: Extras
    events: Records
    rejections: list[Rejection]
    falls: list[Watch]


class Pipeline:
    """Moves readings from the sessions through the engine into the database."""

    def __init__(
        self,
        *,
        urgent: Session,
        bulk: Session,
        writer: Writer,
        recovered: Recovered,
        snapshots: Snapshots,
        listening: Listening,
        clock: SteadyClock,
        wake: asyncio.Event,
    ) -> None:
        self._urgent = urgent
        self._bulk = bulk
        self._writer = writer
        self._snapshots = snapshots
        self._listening = listening
        self._clock = clock
        self._wake = wake
        self._engine: Engine = recovered.engine
        self._directory: Directory = recovered.directory
        self._next_batch = recovered.next_batch
        self._next_pos = recovered.next_pos
        self._sieve = Sieve()
        self._traces = Traces()
        self._registry_changed = True
        self._last_tick_ms = 0
        self._bulk_passed_over_ms: int | None = None
        self._faults: list[Episode] = []
        self._stopping = False
        self._taken: Sequence[Arrival] = ()
        self._decided: Decided | None = None

    @property
    def pending(self) -> Pending:
        """What is not committed: the batch under way, and the messages that wait in the urgent session."""
        waiting = self._urgent.peek()
        return Pending(self._decided, waiting if self._decided is not None else [*self._taken, *waiting])

    def registry_changed(self) -> None:
        """The registry has a newer version: read it before the next batch."""
        self._registry_changed = True
        self._wake.set()

    def stop(self) -> None:
        """Finish the batch under way, take no other."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Take batch after batch until ``stop``; then leave a snapshot behind."""
        await self._writer.ask(lambda connection: self._sieve.learn(connection, CRY_FOR_HELP))
        await self._writer.ask(lambda connection: self._traces.learn(connection, self._clock.now_ms()))
        while not self._stopping:
            try:
                async with asyncio.timeout(TICK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await self._turn()
        await self._snapshots.finish(self._engine, self._next_batch - 1, self._directory.version)

    async def _turn(self) -> None:
        now = self._time()
        if abs(now - self._last_tick_ms) >= TICK_S * 1000:
            self._last_tick_ms = now
            self._registry_changed = True
        if self._registry_changed:
            await self._read_registry()
        session = self._next_session(now)
        arrivals = session.take()
        if self._urgent.waiting or self._bulk.waiting:
            self._wake.set()
        await self._batch(session, arrivals)
        if self._snapshots.step(self._engine, self._next_batch - 1, self._directory.version):
            self._wake.set()

    def _time(self) -> int:
        """The present moment, ms; notices what forbids to conclude anything from silence."""
        step = self._clock.step_ms()
        if step > CLOCK_MAY_LAG_MS or step < -AWAY_MS:
            _log.warning("clock_adopted", step_ms=step)
            self._clock.resync()
        now = self._clock.now_ms()
        self._listening.step(now, step)
        return now

    def _next_session(self, now: int) -> Session:
        """The urgent one while it has something, but not for ever."""
        passed_over = self._bulk_passed_over_ms
        if self._urgent.waiting and not (passed_over is not None and now - passed_over >= BULK_WAITS_MS):
            if self._bulk.waiting and passed_over is None:
                self._bulk_passed_over_ms = now
            return self._urgent
        self._bulk_passed_over_ms = None
        return self._bulk

    async def _read_registry(self) -> None:
        self._registry_changed = False
        version = self._directory.version
        changes = await self._writer.ask(lambda connection: changes_since(connection, version, limit=CHANGES_AT_ONCE))
        if changes:
            self._directory.apply(changes)
            self._engine.apply(changes)
            self._registry_changed = True
        if len(changes) == CHANGES_AT_ONCE:
            self._wake.set()

    async def _batch(self, session: Session, arrivals: Sequence[Arrival]) -> None:
        self._taken = arrivals
        with metrics.BATCH_SECONDS.time():
            if arrivals:
                waited_ms = max(0, self._clock.now_ms() - arrivals[0].received_ms)
                metrics.STAGE_SECONDS.labels("wait").observe(waited_ms / 1000)
            with metrics.stage("decode"):
                decoded = decode(arrivals, self._directory)
            decoded = await self._introduce(decoded)
            for marker in decoded.markers:
                self._listening.heard(marker, self._clock.now_ms())
            sifted = Sifted(nothing(), nothing())
            if decoded.readings:
                with metrics.stage("dedupe"):
                    sifted = await self._writer.ask(lambda connection: self._sieve.sift(connection, decoded.readings))
            stored, alarms = await self._decide_and_commit(decoded, sifted.fresh)
        self._taken = ()
        with metrics.stage("acknowledge"):
            session.acknowledge(arrivals)
        repeated = sifted.duplicates.of_kinds(CRY_FOR_HELP)
        if repeated:
            known = [cry.key for cry in repeated]
            alarms = alarms | await self._writer.ask(lambda connection: alarms_of(connection, known))
        cries = [*stored.of_kinds(CRY_FOR_HELP), *repeated]
        if cries:
            with metrics.stage("receipt"):
                for topic, payload in receipts(cries, alarms):
                    self._urgent.publish(topic, payload)
        self._count(arrivals, decoded, stored, sifted.duplicates)

    async def _introduce(self, decoded: Decoded) -> Decoded:
        """Give devices that nobody registered a slot: their cry is stored and raised all the same."""
        strangers = decoded.readings.strangers
        if not strangers:
            return decoded
        slots = await self._writer.ask(lambda connection: add_unknown_devices(connection, sorted(strangers)))
        await self._read_registry()
        return decoded._replace(readings=decoded.readings.introduced(slots))

    async def _decide_and_commit(self, decoded: Decoded, readings: Readings) -> tuple[Readings, dict[Key, UUID]]:
        """Engine and transaction as one; data that the database refuses is set aside and the rest repeated."""
        rejections = list(decoded.rejections)
        unstorable: frozenset[int] = frozenset()
        refusals = 0
        while True:
            now = self._time()
            batch, extras = assemble(readings, self._next_pos)
            extras = extras._replace(unstorable=unstorable)
            try:
                with metrics.stage("engine"):
                    decided = [self._engine.process(batch, now), self._engine.advance(now, self._listening.since)]
                events = np.concatenate(decided)
            except KernelFault as fault:
                self._switch_off(fault)
                continue
            row = BatchRow(
                number=self._next_batch,
                epoch=self._writer.epoch,
                now_ms=now,
                first_pos=self._next_pos,
                last_pos=self._next_pos + len(readings) - 1,
                registry_version=self._directory.version,
                listening_since=self._listening.since,
            )
            work = Work(row, decoded, readings, batch, extras, events, rejections, [])
            if not (readings or rejections or decoded.presences or decoded.acks or len(events) or self._faults):
                self._engine.commit()
                return readings, {}
            self._decided = Decided(events, readings, now)
            try:
                alarms = await self._writer.commit(row, partial(self._write, work), first=_copying(batch))
            except RefusedError as error:
                self._decided = None
                self._engine.rollback()
                _log.error("batch_refused", batch=row.number, readings=len(readings), refusal=str(error))
                refusals += 1
                if refusals > REFUSED_AT_MOST:
                    raise
                readings, refused, unstorable = await self._without_refused(readings)
                metrics.REJECTED.labels("store_refused").inc(len(refused))
                rejections += refused
                continue
            self._engine.commit()
            self._decided = None
            self._faults.clear()
            self._sieve.stored(readings)
            self._traces.stored(work.falls, now)
            self._next_batch += 1
            self._next_pos += len(readings)
            return readings, alarms

    async def _write(self, work: Work, connection: Connection) -> dict[Key, UUID]:
        """Everything of one batch but what is copied; runs inside the writer's transaction.

        Nothing waits for an answer but the folding, for the alarms that stand: round trips are what an SOS would
        wait for. The last step numbers the changes.
        """
        transaction = PostgresAlarmTransaction(connection)
        alarms: dict[Key, UUID] = {}
        await insert_batch(connection, work.row)
        await insert_masses(connection, work.batch)
        if self._faults:
            await absorb(transaction, self._faults, work.row.now_ms)
        answers = answers_in(work.decoded.acks)
        said = await said_of_falls(connection, answers)
        if len(work.events) or said or np.any(work.readings.header["kind"] == Kind.CHECKIN):
            alarms = await self._fold(work, transaction, said)
            await keep_windows(connection, kept_in(work.events))
            await excuse_windows(connection, excused_in(work.events))
        await insert_others(connection, work.batch, work.extras)
        await self._traces.keep(connection, work.falls, work.batch, work.row.now_ms)
        if work.decoded.presences:
            rows = [(slot, p.state == "online", p.t, received) for slot, p, received in work.decoded.presences]
            await store_presence(connection, rows)
        if answers:
            metrics.ANSWERS_TO_NOTHING.inc(await store_answers(connection, answers))
        if work.rejections:
            await store_rejections(connection, work.rejections)
        await transaction.finish()
        return alarms

    async def _fold(
        self, work: Work, transaction: PostgresAlarmTransaction, said: list[Episode]
    ) -> dict[Key, UUID]:  # fmt: skip
        """Turn the engine's events into alarms, and what wearers said; returns the alarm of each press and fall."""
        now = work.row.now_ms
        told = to_episodes(work.events, work.readings, self._directory, now, self._engine.sites)
        pressed = pressed_well(work.readings, self._directory)
        absorbed = await absorb(transaction, [*told, *pressed, *said], now, lambda episode: self._latency(episode, now))
        alarms: dict[Key, UUID] = {}
        work.falls[:] = falls_among(of_alarms(work.events), absorbed.by_episode[: len(told)])
        for event, alarm in zip(of_alarms(work.events), absorbed.by_episode[: len(told)], strict=True):
            index = int(event["reading"])
            if alarm is not None and index >= 0 and work.readings[index].kind in CRY_FOR_HELP:
                work.extras.alarms[index] = alarm.id
                alarms[work.readings[index].key] = alarm.id
        return alarms

    def _latency(self, episode: Episode, decided_ms: int) -> Latency:
        return Latency(
            transport=episode.received - episode.t,
            decided=decided_ms - episode.received,
            commit_issued=self._clock.now_ms() - episode.received,
        )

    async def _without_refused(self, readings: Readings) -> tuple[Readings, list[Rejection], frozenset[int]]:
        """Find what the database refuses by bisection; cries for help stay, to be raised without being stored."""
        refused = await self._bisect(readings)
        rejections = [_refused(readings[index], reason) for index, reason in sorted(refused.items())]
        kept = np.ones(len(readings), np.bool_)
        kept[[index for index in refused if readings[index].kind not in CRY_FOR_HELP]] = False
        stays = np.cumsum(kept) - 1
        unstorable = frozenset(int(stays[index]) for index in refused if kept[index])
        return readings.only(kept), rejections, unstorable

    async def _bisect(self, readings: Readings) -> dict[int, str]:
        refused: dict[int, str] = {}
        ranges = [(0, len(readings))]
        while ranges:
            start, stop = ranges.pop()
            if start == stop:
                continue
            batch, extras = assemble(readings.between(start, stop), self._next_pos)
            reason = await self._writer.accepts(partial(store_readings, batch=batch, extras=extras))
            if reason is None:
                continue
            if stop - start == 1:
                refused[start] = reason
                continue
            middle = (start + stop) // 2
            ranges += [(start, middle), (middle, stop)]
        return refused

    def _switch_off(self, fault: KernelFault) -> None:
        rule = self._engine.switch_off(fault)
        _log.critical("detector_failed", rule=rule.public_name, status=fault.status)
        metrics.DETECTOR_OFF.labels(rule.public_name).set(1)
        now = self._clock.now_ms()
        self._faults += [detector_failed(rule, fault.status, site, now) for site in self._directory.sites]

    def _count(self, arrivals: Sequence[Arrival], decoded: Decoded, stored: Readings, duplicates: Readings) -> None:
        if not arrivals:
            return
        metrics.BATCHES.inc()
        metrics.BATCH_READINGS.observe(len(arrivals))
        metrics.READINGS_DUPLICATE.inc(len(duplicates))
        metrics.RETAINED_IGNORED.inc(decoded.retained)
        header = stored.header
        for kind, count in enumerate(np.bincount(header["kind"]).tolist()):
            if count:
                metrics.READINGS_STORED.labels(Kind(kind).topic_name).inc(count)
        metrics.READINGS_LATE.inc(int(np.count_nonzero(header["received"] - header["t"] > LATE_MS)))
        for rejection in decoded.rejections:
            metrics.REJECTED.labels(rejection.reason).inc()


def _copying(batch: ReadingBatch) -> Callable[[Connection], Awaitable[None]] | None:
    return partial(copy_masses, batch=batch) if masses(batch, copied=True) else None


def _refused(reading: Heading, reason: str) -> Rejection:
    kind: Kind = reading.kind
    described = repr(reading.payload).encode()
    topic = f"anxin/v1/{reading.site}/{reading.device}/{kind.topic_name}"
    return Rejection(reading.received, topic, "store_refused", reason, described[:4096])
