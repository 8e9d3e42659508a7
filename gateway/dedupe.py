"""Telling new readings from those that were stored before (design rule 4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from devices.batch import Records
from devices.kinds import Kind
from gateway.readings import Readings
from gateway.store.connection import Connection
from gateway.store.telemetry import existing_keys, newest_of_all, newest_times

_UNASKED: Final = -1
_NEVER: Final = 0


class Sifted(NamedTuple):
    """Readings to store, and those that were stored before or come twice in this batch."""

    fresh: Readings
    duplicates: Readings


class Sieve:
    """Remembers the newest stored event time of each (kind, device).

    A reading above that mark is new without asking; all others, and the first of each pair after a start,
    are looked up. Eight bytes a pair: the bound is the number of registered devices.
    """

    def __init__(self) -> None:
        self._newest: dict[Kind, npt.NDArray[np.int64]] = {}
        self._learned: set[Kind] = set()

    async def learn(self, connection: Connection, kinds: Iterable[Kind]) -> None:
        """Ask once about all devices, of kinds that are rare and must not wait for a question of their own."""
        for kind in kinds:
            times = await newest_of_all(connection, kind)
            self._learned.add(kind)
            own = self._of(kind, max(times, default=0))
            own[list(times)] = list(times.values())

    async def sift(self, connection: Connection, readings: Readings) -> Sifted:
        """Split a batch; two queries at most, none when everything is new."""
        header = readings.header
        newest = await self._marks(connection, header)
        suspects = np.flatnonzero(header["t"] <= newest).tolist()
        twice = repeated(header)
        if suspects:
            keys = {index: readings[index].key for index in suspects}
            known = await existing_keys(connection, set(keys.values()))
            twice[[index for index, key in keys.items() if key in known]] = True
        return Sifted(readings.only(~twice), readings.only(twice))

    def stored(self, readings: Readings) -> None:
        """Note what a committed batch holds."""
        header = readings.header
        for kind in _kinds(header):
            own = header[header["kind"] == kind]
            np.maximum.at(self._newest[kind], own["device"], own["t"])

    async def _marks(self, connection: Connection, header: Records) -> npt.NDArray[np.int64]:
        """The newest stored event time for each reading's kind and device, ms; shape (n,)."""
        marks = np.empty(len(header), np.int64)
        unasked: set[tuple[Kind, int]] = set()
        for kind in _kinds(header):
            mine = header["kind"] == kind
            devices = header["device"][mine]
            own = self._of(kind, int(devices.max()))
            marks[mine] = own[devices]
            unasked |= {(kind, device) for device in np.unique(devices[own[devices] == _UNASKED]).tolist()}
        if not unasked:
            return marks
        stored = await newest_times(connection, unasked)
        for kind, device in unasked:
            self._newest[kind][device] = stored.get((kind, device), _NEVER)
        return await self._marks(connection, header)

    def _of(self, kind: Kind, highest: int) -> npt.NDArray[np.int64]:
        """The marks of a kind, with room for a device."""
        own = self._newest.get(kind)
        if own is None or highest >= len(own):
            larger = np.full(max(2 * highest, 256), _NEVER if kind in self._learned else _UNASKED, np.int64)
            if own is not None:
                larger[: len(own)] = own
            own = self._newest[kind] = larger
        return own


def _kinds(header: Records) -> list[Kind]:
    return [Kind(kind) for kind in np.flatnonzero(np.bincount(header["kind"])).tolist()]


def repeated(header: Records) -> npt.NDArray[np.bool_]:
    """Which readings stand in the batch already, further ahead; shape (n,)."""
    order = np.lexsort((header["seq"], header["t"], header["device"], header["kind"]))
    same = np.ones(max(0, len(order) - 1), np.bool_)
    for name in ("seq", "t", "device", "kind"):
        column = header[name][order]
        same &= column[1:] == column[:-1]
    repeated = np.zeros(len(order), np.bool_)
    repeated[order[1:]] = same
    return repeated
