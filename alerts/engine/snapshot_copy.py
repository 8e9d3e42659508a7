"""A snapshot while the engine runs: copied in short steps between batches, packed elsewhere meanwhile."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerts.engine import snapshot
from alerts.engine.layout import State
from alerts.engine.register import Directory

_HEADROOM: Final = 1.25
"""So much larger than needed is memory that is not large enough any more."""
_ROWS_AT_ONCE: Final = 2_000
"""So many long rows one step copies, 4 MB of motion: 2 ms (measured)."""
_LONG: Final = {name: block for block, names in snapshot.LONG.items() for name in names}
_TOUCHED_AT_ONCE: Final = 4 << 20
"""Bytes of new memory that one step uses for the first time: 9 ms where that is slow (measured)."""


class SnapshotCopy:
    """A copy of one engine, complete when ``take`` says so; then ``pack`` may run in another thread.

    The arrays are copied all at once, between two batches; of those with long rows what had been copied in steps before
    and did not change since is left out. The directory changes only with the registry: its parts
    are written before, one a step, and kept for the next copy until it changes. So is the memory, for memory that is
    used for the first time costs more than the copying.
    """

    def __init__(self) -> None:
        self._memory: dict[str, npt.NDArray[np.uint8]] = {}
        self._untouched: list[npt.NDArray[np.uint8]] = []
        self._arrays: dict[str, npt.NDArray[Any]] = {}
        self._parts: list[snapshot.Part] = []
        self._parts_of: int | None = None
        self._parts_complete = False
        self._settled: snapshot.Settled | None = None
        self._stamps: dict[str, npt.NDArray[np.int64]] = {}

    def take(self, state: State, directory: Directory, settled: snapshot.Settled, *, changes: int) -> bool:
        """Take one step; True when everything is copied as it is at this moment.

        Args:
            state: the arrays.
            directory: as it is.
            settled: the rest.
            changes: how often the directory has changed so far.
        """
        arrays = snapshot.stored_arrays(state)
        if self._made_room(arrays) or self._wrote_part(directory, changes) or self._more_rows(state, arrays):
            return False
        for name, array in arrays.items():
            if name in _LONG:
                self._arrays[name] = self._copied(name, array)
                continue
            octets = snapshot.octets_of(array)
            memory = self._memory[name][: len(octets)]
            np.copyto(memory, octets)
            self._arrays[name] = memory.view(array.dtype).reshape(array.shape)
        self._settled = settled
        return True

    def _more_rows(self, state: State, arrays: dict[str, npt.NDArray[Any]]) -> bool:
        """Copy some of the long rows that have changed since they were copied; True when there are more."""
        left = _ROWS_AT_ONCE
        for block, names in snapshot.LONG.items():
            stamps = getattr(state, f"{block}_stamp")[: len(arrays[block])]
            copied = self._stamps.get(block, stamps[:0])
            known = np.full(len(stamps), -1)
            kept = min(len(known), len(copied))
            known[:kept] = copied[:kept]
            changed = np.flatnonzero(known != stamps)
            some = changed[:left]
            for name in names:
                self._copied(name, arrays[name])[some] = arrays[name][some]
            known[some] = stamps[some]
            self._stamps[block] = known
            if len(some) < len(changed):
                return True
            left -= len(some)
        return False

    def _copied(self, name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The memory in which an array's copy lies, as that array."""
        copied: npt.NDArray[Any] = self._memory[name][: array.nbytes].view(array.dtype).reshape(array.shape)
        return copied

    def pack(self) -> bytes:
        """The copy as a snapshot. Only after ``take`` said that it is complete, and before it is called again."""
        assert self._settled is not None
        return snapshot.pack(self._arrays, self._parts, self._settled)

    def _made_room(self, arrays: dict[str, npt.NDArray[Any]]) -> bool:
        """Get memory for an array that has none, or use some of it for the first time."""
        if self._untouched:
            self._untouched.pop().fill(0)
            return True
        for name, array in arrays.items():
            memory = self._memory.get(name)
            if memory is None or len(memory) < array.nbytes:
                memory = self._memory[name] = np.empty(int(array.nbytes * _HEADROOM), np.uint8)
                if name in _LONG:
                    self._stamps.pop(_LONG[name], None)
                starts = range(0, len(memory), _TOUCHED_AT_ONCE)
                self._untouched = [memory[start : start + _TOUCHED_AT_ONCE] for start in starts]
                return True
        return False

    def _wrote_part(self, directory: Directory, changes: int) -> bool:
        """Write one part of the directory that is missing or not true any more."""
        if self._parts_of != changes:
            self._parts, self._parts_of, self._parts_complete = [], changes, False
        if self._parts_complete:
            return False
        part = snapshot.part_at(directory, len(self._parts))
        if part is None:
            self._parts_complete = True
            return False
        self._parts.append(part)
        return True
