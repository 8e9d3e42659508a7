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
_TOUCHED_AT_ONCE: Final = 4 << 20
"""Bytes of new memory that one step uses for the first time: 9 ms where that is slow (measured)."""


class SnapshotCopy:
    """A copy of one engine, complete when ``take`` says so; then ``pack`` may run in another thread.

    The arrays are copied all at once, between two batches. The directory changes only with the registry: its parts
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

    def take(self, state: State, directory: Directory, settled: snapshot.Settled, *, changes: int) -> bool:
        """Take one step; True when everything is copied as it is at this moment.

        Args:
            state: the arrays.
            directory: as it is.
            settled: the rest.
            changes: how often the directory has changed so far.
        """
        arrays = snapshot.stored_arrays(state)
        if self._made_room(arrays) or self._wrote_part(directory, changes):
            return False
        for name, array in arrays.items():
            octets = snapshot.octets_of(array)
            memory = self._memory[name][: len(octets)]
            np.copyto(memory, octets)
            self._arrays[name] = memory.view(array.dtype).reshape(array.shape)
        self._settled = settled
        return True

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
