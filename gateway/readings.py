"""Accepted readings in order of arrival, as columns: most of them are never looked at one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from devices.batch import HEADER, Records
from devices.kinds import Kind
from devices.payloads import Reading
from gateway.directory import Route
from gateway.store.telemetry import Key

UNKNOWN_SLOT: Final = -1
"""The slot of a device that nobody registered."""


class Heading(NamedTuple):
    """One accepted reading: who, when, what it holds, and what was wrong with it."""

    kind: Kind
    slot: int
    t: int
    seq: int
    received: int
    trusted: bool
    device: str
    site: str
    payload: Reading
    defects: dict[str, Any] | None = None

    @property
    def key(self) -> Key:
        """What makes this reading the same again."""
        return Key(self.kind, self.slot, self.t, self.seq)

    @property
    def order(self) -> int:
        """By which moment it stands among the readings of its device, ms (design rule 5)."""
        return min(self.t, self.received)


class Gathering:
    """Readings as the decoder finds them, one after the other."""

    def __init__(self) -> None:
        self._routes: list[Route] = []
        self._payloads: list[Reading] = []
        self._received: list[int] = []
        self._defects: dict[int, dict[str, Any]] = {}

    def add(self, payload: Reading, received: int, route: Route, defects: dict[str, Any] | None = None) -> None:
        """Take one more; ``received`` in ms."""
        if defects:
            self._defects[len(self._routes)] = defects
        self._routes.append(route)
        self._payloads.append(payload)
        self._received.append(received)

    def readings(self) -> Readings:
        """All of them, as columns."""
        header: Records = np.zeros(len(self._routes), HEADER)
        header["kind"] = [route.kind for route in self._routes]
        header["device"] = [route.slot for route in self._routes]
        header["trusted"] = [route.fault is None for route in self._routes]
        header["t"] = [payload.t for payload in self._payloads]
        header["seq"] = [payload.seq for payload in self._payloads]
        header["received"] = self._received
        return Readings(header, self._routes, self._payloads, self._defects)


class Readings(Sequence[Heading]):
    """Columns of readings. ``header`` has neither ``pos`` nor ``row`` yet: ``gateway.assemble`` gives them.

    Attributes:
        header: shape (n,), HEADER.
        routes: what the topic of each said.
        payloads: what each holds.
        defects: what was wrong with a press or fall, by its index.
    """

    def __init__(
        self,
        header: Records,
        routes: Sequence[Route],
        payloads: Sequence[Reading],
        defects: Mapping[int, dict[str, Any]],
    ) -> None:
        self.header = header
        self.routes = routes
        self.payloads = payloads
        self.defects = defects

    def __len__(self) -> int:
        return len(self.payloads)

    def __getitem__(self, index: Any) -> Any:
        """One reading; a part of them goes by ``only``."""
        row, route = self.header[index], self.routes[index]
        return Heading(
            kind=route.kind,
            slot=int(row["device"]),
            t=int(row["t"]),
            seq=int(row["seq"]),
            received=int(row["received"]),
            trusted=bool(row["trusted"]),
            device=route.device,
            site=route.site,
            payload=self.payloads[index],
            defects=self.defects.get(index),
        )

    def __iter__(self) -> Iterator[Heading]:
        return (self[index] for index in range(len(self)))

    def of_kinds(self, kinds: Collection[Kind]) -> list[Heading]:
        """Those of some kinds, in their order."""
        return [self[index] for index in np.flatnonzero(np.isin(self.header["kind"], list(kinds))).tolist()]

    def only(self, kept: npt.NDArray[np.bool_]) -> Readings:
        """Those that are marked; shape (n,)."""
        if kept.all():
            return self
        index = np.cumsum(kept) - 1
        return Readings(
            self.header[kept],
            list(compress(self.routes, kept)),
            list(compress(self.payloads, kept)),
            {int(index[i]): defects for i, defects in self.defects.items() if kept[i]},
        )

    def between(self, start: int, stop: int) -> Readings:
        """The readings ``[start, stop)``."""
        kept = np.zeros(len(self), np.bool_)
        kept[start:stop] = True
        return self.only(kept)

    def introduced(self, slots: Mapping[str, int]) -> Readings:
        """The same readings, the devices that were unknown with the slots that they have now."""
        header = self.header.copy()
        for index in np.flatnonzero(header["device"] == UNKNOWN_SLOT).tolist():
            header["device"][index] = slots[self.routes[index].device]
        return Readings(header, self.routes, self.payloads, self.defects)

    @property
    def slots(self) -> dict[str, int]:
        """The slots of the devices that have one."""
        slots = self.header["device"].tolist()
        return {route.device: slot for route, slot in zip(self.routes, slots, strict=True) if slot != UNKNOWN_SLOT}

    @property
    def strangers(self) -> set[tuple[str, str]]:
        """(device, site) of those whose device nobody registered."""
        unknown = np.flatnonzero(self.header["device"] == UNKNOWN_SLOT).tolist()
        return {(self.routes[index].device, self.routes[index].site) for index in unknown}


def nothing() -> Readings:
    """No readings."""
    return Gathering().readings()


def gathered(readings: Iterable[tuple[Reading, int, Route]]) -> Readings:
    """Readings with the time of their receipt (ms) and their route, as columns."""
    gathering = Gathering()
    for payload, received, route in readings:
        gathering.add(payload, received, route)
    return gathering.readings()
