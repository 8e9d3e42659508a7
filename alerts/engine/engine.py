"""The engine: a thin shell around the compiled kernels and their arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Self

import numpy as np
import numpy.typing as npt

from alerts.engine import deadlines, journal, kernel, snapshot
from alerts.engine.detectors import zone_exit
from alerts.engine.directory import Directory, apply, room_for
from alerts.engine.errors import KernelFault
from alerts.engine.layout import FOREVER, Journal, State, empty_journal, empty_state, with_fewer_devices
from alerts.engine.outcome import Outcome, Status
from alerts.engine.parameters import Parameters
from alerts.engine.rules import EPISODE_EVENT, Rule
from alerts.engine.snapshot_copy import SnapshotCopy
from devices.batch import ReadingBatch, Records, empty_batch
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
_EVENTS_AT_MOST: Final = 3
"""Of one reading: the end of a person's silence, of the device's, and what it says itself."""


class Engine:
    """Readings in, episode events out.

    ``process`` and ``advance`` may be called any number of times; ``commit`` makes what they did final,
    ``rollback`` undoes it bit for bit. Registry changes are applied between commits. Not thread-safe.

    Attributes:
        key: names the layout of the state; a snapshot fits only an engine with the same key.
        parameters: what it decides by.
    """

    key: ClassVar[str] = snapshot.KEY

    def __init__(self, parameters: Parameters | None = None) -> None:
        """Begin with nobody."""
        self.parameters = Parameters() if parameters is None else parameters
        self._state: State = empty_state()
        self._directory = Directory()
        self._applied = 0
        self._enabled: npt.NDArray[np.int8] = np.ones(len(Rule), np.int8)
        self._journal: Journal = empty_journal(_FIRST_ROOM, _FIRST_ROOM)
        self._out: Records = np.empty(_EVENTS_AT_MOST * _FIRST_ROOM, EPISODE_EVENT)
        self._listening_since: int | None = None
        self._room_before = FOREVER

    def apply(self, changes: Sequence[RegistryChange]) -> None:
        """Bring committed registry changes into force, in their order.

        Raises:
            RuntimeError: a batch is neither committed nor rolled back.
        """
        if self._journal.used.any():
            raise RuntimeError("registry changes belong between batches")
        self._applied += 1
        self._state = apply(self._directory, self._state, changes, self.parameters)

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
        self._make_room(batch.size)
        outcome = kernel.process(self._state, batch, now, self._enabled, self.parameters, self._journal, self._out)
        if outcome.status == Status.GROW:
            self._room_before = min(self._room_before, len(self._state.device))
            self._state = room_for(self._state, device=outcome.needed - 1)
            outcome = kernel.process(self._state, batch, now, self._enabled, self.parameters, self._journal, self._out)
        return self._events(outcome)

    def advance(self, now: int, listening_since: int | None) -> Records:
        """Judge the deadlines that have come.

        Args:
            now: the batch's moment, Unix ms.
            listening_since: from when on the system itself has listened without a break, ms; None while
                it does not know: nothing is judged.

        Returns:
            The episode events, shape (n,), EPISODE_EVENT: those of residents in their order, then of devices.

        Raises:
            KernelFault: as ``process``.
        """
        if listening_since is None:
            return self._out[:0].copy()
        if self._listening_since is not None and listening_since < self._listening_since:
            self._state.due[:] = 0
            self._state.fault_due[:] = 0
        self._listening_since = listening_since
        arguments = (self._state, now, listening_since, self._enabled, self.parameters)
        outcome = deadlines.advance(*arguments, self._journal, self._out)
        if outcome.status == Status.GROW:
            self._make_room(outcome.needed)
            outcome = deadlines.advance(*arguments, self._journal, self._out)
        return self._events(outcome)

    def commit(self) -> None:
        """Make everything since the last commit final."""
        self._room_before = FOREVER
        self._journal.used[:] = 0

    def rollback(self) -> None:
        """Undo everything since the last commit."""
        journal.undo(self._state, self._journal)
        if self._room_before < len(self._state.device):
            self._state = with_fewer_devices(self._state, self._room_before)
        self._room_before = FOREVER

    def disable(self, rule: Rule) -> None:
        """Switch a detector off, for example after a ``KernelFault``."""
        self._enabled[rule] = 0

    def enable(self, rule: Rule) -> None:
        """Switch a detector on again."""
        self._enabled[rule] = 1

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
        """
        settled = snapshot.Settled(self.parameters, self._enabled.tolist())
        return copy.take(self._state, self._directory, settled, changes=self._applied)

    @classmethod
    def restore(cls, data: bytes) -> Self:
        """An engine that goes on where the snapshot was taken.

        Raises:
            IncompatibleSnapshot: damaged, or of another layout.
        """
        state, directory, settled = snapshot.unpack(data)
        engine = cls(settled.parameters)
        engine._state = state
        engine._directory = directory
        engine._enabled[:] = settled.enabled
        return engine

    def warm(self) -> None:
        """Compile every kernel (or load it from the cache), changing nothing."""
        spare = Engine(self.parameters)
        spare.apply(_ONE_OF_EACH)
        spare.process(empty_batch(), 0)
        spare.advance(0, 0)
        spare.rollback()
        zone_exit.forget(spare._state.device[0])

    def _events(self, outcome: Outcome) -> Records:
        if outcome.status != Status.OK:
            self.rollback()
            rule = None if outcome.rule < 0 else Rule(outcome.rule)
            raise KernelFault(rule, outcome.reading, outcome.status)
        return self._out[: outcome.events].copy()

    def _make_room(self, changes: int) -> None:
        """Let output and journal hold ``changes`` more readings or residents."""
        wanted = int(self._journal.used.max()) + 2 * changes
        room = len(self._journal.device_slot)
        if wanted > room:
            larger = empty_journal(max(wanted, 2 * room), max(wanted, 2 * room))
            for name, before in self._journal._asdict().items():
                getattr(larger, name)[: len(before)] = before
            self._journal = larger
        if _EVENTS_AT_MOST * changes > len(self._out):
            self._out = np.empty(max(_EVENTS_AT_MOST * changes, 2 * len(self._out)), EPISODE_EVENT)
