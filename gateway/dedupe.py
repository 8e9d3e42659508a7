"""Telling new readings from those that were stored before (design rule 4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from devices.kinds import Kind
from gateway.decode import Heading
from gateway.store.connection import Connection
from gateway.store.telemetry import Key, existing_keys, newest_times


class Sifted(NamedTuple):
    """Readings to store, and those that were stored before or come twice in this batch."""

    fresh: list[Heading]
    duplicates: list[Heading]


class Sieve:
    """Remembers the newest stored event time of each (kind, device).

    A reading above that mark is new without asking; all others, and the first of each pair after a start,
    are looked up. One entry a pair: its bound is the number of registered devices.
    """

    def __init__(self) -> None:
        self._newest: dict[tuple[Kind, int], int] = {}

    async def sift(self, connection: Connection, readings: Sequence[Heading]) -> Sifted:
        """Split a batch; two queries at most, none when everything is new."""
        unknown = {(r.kind, r.slot) for r in readings} - self._newest.keys()
        if unknown:
            stored = await newest_times(connection, unknown)
            self._newest |= {pair: stored.get(pair, 0) for pair in unknown}
        newest = self._newest
        seen: set[Key] = set()
        suspects: set[Key] = set()
        for r in readings:
            if r.t <= newest[r.kind, r.slot]:
                suspects.add(key_of(r))
        known = await existing_keys(connection, suspects) if suspects else set()
        fresh, duplicates = [], []
        for r in readings:
            key = key_of(r)
            if key in seen or key in known:
                duplicates.append(r)
            else:
                seen.add(key)
                fresh.append(r)
        return Sifted(fresh, duplicates)

    def stored(self, readings: Iterable[Heading]) -> None:
        """Note what a committed batch holds."""
        newest = self._newest
        for r in readings:
            pair = (r.kind, r.slot)
            newest[pair] = max(newest[pair], r.t)


def key_of(reading: Heading) -> Key:
    """What makes this reading the same again."""
    return Key(reading.kind, reading.slot, reading.t, reading.seq)
