"""The engine: a thin shell around the compiled kernels and their arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Self

import numpy as np
import numpy.typing as npt

from alerts.engine import fall_model, journal, kept_routines, kernel, known, motion, pool, routine, snapshot
from alerts.engine.calm import NO_MATTER_OF_CALM, nowhere_calm
from alerts.engine.directory import apply
from alerts.engine.errors import KernelFault
from alerts.engine.kept_routines import KeptRoutines
from alerts.engine.known import LearnedPlace
from alerts.engine.layout import CHECKS_AT_MOST, FOREVER, NEVER, Journal, State
from alerts.engine.outcome import Outcome, Status
from alerts.engine.pool import BEGUN_AT_MOST, KEPT_AT_MOST
from alerts.engine.register import Directory, room_for
from alerts.engine.rules import EPISODE_EVENT, Rule
from alerts.engine.snapshot_copy import SnapshotCopy
from alerts.engine.state import (
    RESIDENTS_AT_MOST,
    RUNS_AT_MOST,
    WORDS_AT_MOST,
    empty_journal,
    empty_state,
    larger_journal,
    with_devices,
    with_episodes,
    with_motions,
    with_rings,
    with_treks,
    with_ways,
    with_words,
)
from devices.batch import ReadingBatch, Records, empty_batch
from devices.kinds import Kind
from devices.registry import Assignment, Entity, Fence, Record, RegistryChange, Resident

_FIRST_ROOM: Final = 256
_SOMEBODY: Final[dict[Entity, Record]] = {
    "resident": Resident(id="", slot=0, site="", name=""),
    "fence": Fence(id="", resident_slot=0, name="", polygon=((0.0, 0.0), (0.0, 0.001), (0.001, 0.0))),
    "assignment": Assignment(id="", device_slot=0, resident_slot=0, from_ms=0),
}
_ONE_OF_EACH: Final = tuple(
    RegistryChange(version=0, entity=entity, key="", record=record) for entity, record in _SOMEBODY.items()
)
"""What lets every kernel behind ``apply`` run once."""
_OF_WHAT_WAS_HEARD: Final = np.eye(len(Rule), dtype=np.int8)[Rule.FALL_MOTION]
"""1: what the rule judges by the clock is no silence."""


class Engine:
    """Readings in, episode events out.

    ``process`` and ``advance`` may be called any number of times; ``commit`` makes what they did final,
    ``rollback`` undoes it bit for bit. Registry changes, those of parameters among them, are applied between
    commits. Not thread-safe.

    Attributes:
        key: names the layout of the state; a snapshot fits only an engine with the same key.
    """

    key: ClassVar[str] = snapshot.KEY

    def __init__(self, known_since: int = NEVER, fall_weights: npt.NDArray[np.float32] | None = None) -> None:
        """Begin with nobody.

        Args:
            known_since: what happened before this is not told to it, ms; NEVER: there was nothing. It then asks for no
                promise that may have been kept before.
            fall_weights: another model of falls than the package's, to try it out: shape (n,), float32.
        """
        self._state: State = empty_state()._replace(known_since=np.array([known_since], np.int64))
        if fall_weights is not None:
            self._state = self._state._replace(fall_weights=np.ascontiguousarray(fall_weights, np.float32))
        self._directory = Directory()
        self._applied = 0
        self._enabled: npt.NDArray[np.int8] = np.ones(len(Rule), np.int8)
        self._room = _FIRST_ROOM
        self._journal: Journal = empty_journal(_FIRST_ROOM)
        self._out: Records = np.empty(kernel.EVENTS_AT_MOST * _FIRST_ROOM, EPISODE_EVENT)
        self._listening_since: int | None = None
        self._devices_before = FOREVER
        self._episodes_before: tuple[int, npt.NDArray[np.int64]] | None = None

    def apply(self, changes: Sequence[RegistryChange]) -> None:
        """Bring committed registry changes into force, in their order.

        Raises:
            RuntimeError: a batch is neither committed nor rolled back.
        """
        if self._journal.used.any() or self._devices_before != FOREVER or self._episodes_before is not None:
            raise RuntimeError("registry changes belong between batches")
        if not changes:
            return
        self._applied += 1
        if any(change.entity not in NO_MATTER_OF_CALM for change in changes):
            nowhere_calm(self._state)
        self._state = apply(self._directory, self._state, changes)

    def process(self, batch: ReadingBatch, now: int) -> Records:
        """Run a batch of readings through all detectors.

        Args:
            batch: readings in the order of ``pos``.
            now: the batch's moment, Unix ms.

        Returns:
            The episode events, shape (n,), EPISODE_EVENT, in the order of their readings.

        Raises:
            KernelFault: a detector met what must not be; everything since the last commit is undone.
        """
        windows = int(np.count_nonzero(batch.header["kind"] == Kind.MOTION)) if len(batch.motion) else 0
        fixes = int(np.count_nonzero(batch.header["kind"] == Kind.POSITION)) if len(batch.position) else 0
        self._make_room(len(batch.header), windows, fixes)
        outcome = kernel.process(self._state, batch, now, self._enabled, self._journal, self._out)
        if outcome.status == Status.GROW:
            self._devices_before = min(self._devices_before, len(self._state.device))
            self._state = room_for(self._state, device=outcome.needed - 1)
            outcome = kernel.process(self._state, batch, now, self._enabled, self._journal, self._out)
        return self._events(outcome)

    def foresee(self, batch: ReadingBatch, now: int) -> Records:
        """What ``process`` would answer next, changing nothing, be it that a batch waits for its commit.

        Args:
            batch: as ``process``.
            now: as ``process``.

        Returns:
            As ``process``.

        Raises:
            KernelFault: as ``process``; nothing else is undone.
        """
        under_way = self._journal, self._out, self._room
        uncommitted = self._devices_before, self._episodes_before
        self._journal, self._room = empty_journal(_FIRST_ROOM), _FIRST_ROOM
        self._devices_before, self._episodes_before = FOREVER, None
        try:
            return self.process(batch, now)
        finally:
            self.rollback()
            self._journal, self._out, self._room = under_way
            self._devices_before, self._episodes_before = uncommitted

    def advance(self, now: int, listening_since: int | None) -> Records:
        """Judge the deadlines that have come.

        Args:
            now: the batch's moment, Unix ms.
            listening_since: from when on the system itself has listened without a break, ms; None while
                it does not know: no silence is judged then, only what was heard before.

        Returns:
            The episode events, shape (n,), EPISODE_EVENT: those of residents in their order, then of devices.

        Raises:
            KernelFault: as ``process``.
        """
        if listening_since is None:
            return self._judge(now, NEVER, self._enabled * _OF_WHAT_WAS_HEARD)
        if self._listening_since is not None and listening_since != self._listening_since:
            self._state.due[:] = 0
            self._state.fault_due[:] = 0
            self._state.check_due[:] = 0
            self._state.site_due[:] = 0
        self._listening_since = listening_since
        return self._judge(now, listening_since, self._enabled)

    def _judge(self, now: int, listening_since: int, enabled: npt.NDArray[np.int8]) -> Records:
        found: list[Records] = []
        while True:
            outcome = kernel.advance(self._state, now, listening_since, enabled, self._journal, self._out)
            if outcome.status != Status.MORE:
                break
            found.append(self._out[: outcome.events].copy())
            self._make_room(2 * self._room)
        events = self._events(outcome)
        return np.concatenate([*found, events]) if found else events

    def commit(self) -> None:
        """Make everything since the last commit final."""
        self._devices_before = FOREVER
        self._episodes_before = None
        self._journal.used[:] = 0

    def rollback(self) -> None:
        """Undo everything since the last commit."""
        journal.undo(self._state, self._journal)
        if self._devices_before < len(self._state.device):
            self._state = with_devices(self._state, self._devices_before)
        if self._episodes_before is not None:
            room, free = self._episodes_before
            self._state = self._state._replace(episode=self._state.episode[:room].copy(), free=free)
        self._devices_before = FOREVER
        self._episodes_before = None

    def disable(self, rule: Rule) -> None:
        """Switch a detector off, for example after a ``KernelFault``; belongs between batches.

        It says nothing more. What stands stays as it is, half-counted evidence is forgotten.
        """
        self._enabled[rule] = 0
        nowhere_calm(self._state)
        if rule == Rule.SYSTEM_SITE_SILENT:
            self._hold_nobody()
        if rule == Rule.FALL_MOTION:
            motion.forget(self._state)
        if rule == Rule.MISSED_CHECK_INACTIVITY:
            routine.forget_half_counted(self._state)
        for device in pool.counting(self._state, rule):
            pool.forget(self._state, device, rule)

    def _hold_nobody(self) -> None:
        """Judge everybody as if every site could be heard: what a detector said that failed excuses no silence."""
        self._state.site["began"] = NEVER
        for column in (self._state.hush, self._state.due, self._state.fault_due, self._state.check_due):
            column[:] = 0

    @property
    def sites(self) -> tuple[str, ...]:
        """The ids of the sites, in the order in which events count them."""
        return tuple(self._directory.sites)

    @property
    def surest_falls(self) -> npt.NDArray[np.float64]:
        """How probable the likeliest fall of each device was that its motion told of, be it no alarm.

        Shape (n_devices,); −1 where nothing was judged to its end. Of looks before the end only those count that
        alarmed.
        """
        rows = self._state.motion_row
        surest = np.full(len(rows), -1.0)
        surest[rows >= 0] = self._state.motion["surest"][rows[rows >= 0]]
        return surest

    def places_of(self, resident_slot: int) -> list[LearnedPlace]:
        """The places that a resident is used to visit, the most visited first."""
        return known.places_of(self._state, resident_slot)

    def ways_of(
        self, resident_slot: int
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """The ground that a resident is known to walk on: latitudes, longitudes (degrees), and on how many walks."""
        return known.ways_of(self._state, resident_slot)

    def known_enough(self, resident_slot: int) -> bool:
        """Whether enough is known of a resident's ways to miss them there."""
        return known.known_enough(self._state, resident_slot)

    def switch_off(self, fault: KernelFault) -> Rule:
        """Undo everything since the last commit and go on without the detector that failed; returns its rule.

        Raises:
            KernelFault: the fault itself, when it is nobody's or its detector is off already.
        """
        if fault.detector is None or fault.detector in self.disabled:
            raise fault
        self.rollback()
        self.disable(fault.detector)
        return fault.detector

    def enable(self, rule: Rule) -> None:
        """Switch a detector on again."""
        self._enabled[rule] = 1
        nowhere_calm(self._state)

    @property
    def disabled(self) -> tuple[Rule, ...]:
        """The detectors that are switched off."""
        return tuple(rule for rule in Rule if not self._enabled[rule])

    def snapshot(self) -> bytes:
        """Everything that the engine knows, as bytes; the same bytes for the same knowledge."""
        copy = SnapshotCopy()
        while not self.copy_into(copy):
            pass
        return copy.pack()

    def copy_into(self, copy: SnapshotCopy) -> bool:
        """Take one step towards a copy of all this, between commits; True when it is complete, as of this moment.

        A step is short enough to stand between two batches (20 ms with 100,000 residents).

        Raises:
            RuntimeError: it decides by a model of falls of its own, which no snapshot holds.
        """
        if self._state.fall_weights is not fall_model.weights():
            raise RuntimeError("an engine with a model of its own is for trying it out")
        settled = snapshot.Settled(self._enabled.tolist())
        return copy.take(self._state, self._directory, settled, changes=self._applied)

    @classmethod
    def restore(cls, data: bytes) -> Self:
        """An engine that goes on where the snapshot was taken.

        Raises:
            IncompatibleSnapshot: damaged, or of another layout.
        """
        state, directory, settled = snapshot.unpack(data)
        engine = cls()
        engine._state = state
        engine._directory = directory
        engine._enabled[:] = settled.enabled
        return engine

    def adopt(self, kept: KeptRoutines) -> int:
        """Take up routines where an engine of another layout left them, between commits; returns of how many residents.

        Only those who have a device by now; what was learned of them meanwhile is given up.
        """
        return kept_routines.adopt(kept, self._state.resident, self._state.routine)

    @staticmethod
    def warm() -> None:
        """Compile every kernel (or load it from the cache), changing nothing; what takes longest first."""
        Engine().process(empty_batch(), 0)
        Engine.warm_beside()

    @staticmethod
    def warm_beside() -> None:
        """Compile all but the largest kernel, as another process may do meanwhile."""
        spare = Engine()
        spare.apply(_ONE_OF_EACH)
        spare.advance(0, 0)
        spare.rollback()
        Engine.restore(spare.snapshot())

    def _events(self, outcome: Outcome) -> Records:
        if outcome.status != Status.OK:
            self.rollback()
            rule = None if outcome.rule < 0 else Rule(outcome.rule)
            raise KernelFault(rule, outcome.reading, outcome.status)
        return self._out[: outcome.events].copy()

    def _make_room(self, readings: int, windows: int = 0, fixes: int = 0) -> None:
        """Let output, journal and pool hold what so many more readings, windows and fixes among them, may bring."""
        devices, vitals, residents, episodes, checks, *others, rings, runs, words = self._journal.used.tolist()
        some_each = (residents, RESIDENTS_AT_MOST), (episodes, KEPT_AT_MOST), (checks, CHECKS_AT_MOST)
        kept = max(devices, vitals, *others, *(-(-used // at_most) for used, at_most in some_each))
        needed = kept + readings
        if needed > self._room:
            self._room = max(needed, 2 * self._room)
            self._journal = larger_journal(self._journal, self._room)
            self._out = np.empty(kernel.EVENTS_AT_MOST * self._room, EPISODE_EVENT)
        if rings + windows > len(self._journal.ring):
            self._journal = with_rings(self._journal, max(rings + windows, 2 * len(self._journal.ring)))
        no_runs = runs + RUNS_AT_MOST * fixes > len(self._journal.run)
        if no_runs or words + WORDS_AT_MOST * fixes > len(self._journal.word):
            self._journal = with_words(self._journal, max(fixes, len(self._journal.run) // RUNS_AT_MOST))
        self._state = with_ways(with_treks(with_motions(self._state, windows), fixes), fixes)
        if self._state.free[1] < BEGUN_AT_MOST * readings:
            if self._episodes_before is None:
                kept = self._journal.used[3] > 0
                free = self._journal.episode_free[0] if kept else self._state.free
                self._episodes_before = len(self._state.episode), free.copy()
            self._state = with_episodes(self._state, BEGUN_AT_MOST * self._room)
