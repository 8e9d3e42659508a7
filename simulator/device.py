"""A device that keeps what it measured until the broker has it: numbers, stores, sends, repeats."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from devices.clock import Clock
from devices.topics import device_topic
from simulator.ledger import Ledger
from simulator.link import Link, LinkLost

LARGEST_ARRAY: Final = 200
"""Readings a payload when a backlog is sent. Source: contract section 1 allows 1000."""

_encode = msgspec.json.Encoder().encode


class Kept(NamedTuple):
    """A numbered reading or answer, waiting to be sent."""

    kind: str
    body: dict[str, object]

    @property
    def is_reading(self) -> bool:
        """Whether it counts in the ledger; answers to commands do not."""
        return self.kind != "command_ack"


class Device:
    """A publisher on one device's topics. ``send`` runs as long as the device is switched on."""

    def __init__(self, site: str, device: str, *, link: Link, ledger: Ledger, clock: Clock, first_seq: int = 0) -> None:
        self.site = site
        self.device = device
        self.link = link
        self.ledger = ledger
        self.clock = clock
        self._next_seq = first_seq
        self._store: deque[Kept] = deque()
        self._stored = asyncio.Event()
        self._tried: set[int] = set()

    @property
    def waiting(self) -> int:
        """How many readings the broker has not acknowledged yet, cries for help not counted."""
        return sum(kept.is_reading for kept in self._store)

    def number(self, kind: str, t: int, fields: dict[str, object]) -> Kept:
        """Give a reading its place in the device's count."""
        kept = Kept(kind, {"t": t, "seq": self._next_seq, **fields})
        self._next_seq += 1
        self.ledger.made(t)
        return kept

    def report(self, kind: str, t: int, fields: dict[str, object]) -> None:
        """Measure something and keep it until it is sent."""
        self.keep(self.number(kind, t, fields))

    def keep(self, kept: Kept) -> None:
        """Keep something to be sent after all that is already kept."""
        self._store.append(kept)
        self._stored.set()

    async def send(self) -> None:
        """Send what is kept, in order, each piece until the broker has it; a backlog as arrays."""
        while True:
            if not self._store:
                self._stored.clear()
                await self._stored.wait()
            await self.link.up.wait()
            batch = self._next_batch()
            try:
                await self.transmit(batch)
            except LinkLost:
                await asyncio.sleep(0)
                continue
            for _ in batch:
                kept = self._store.popleft()
                if kept.is_reading:
                    self.settle(kept)
                    self.forget(kept)

    def settle(self, kept: Kept) -> None:
        """Book a reading that the broker acknowledged for the first time."""
        self.ledger.acknowledged(_t(kept))

    def forget(self, kept: Kept) -> None:
        """A reading will not be sent again."""
        self._tried.discard(_seq(kept))

    async def transmit(self, batch: list[Kept]) -> None:
        """Publish readings of one kind; returns when the broker has them.

        Raises:
            LinkLost: They have to be sent again.
        """
        for kept in batch:
            if kept.is_reading:
                self.ledger.sent(again=_seq(kept) in self._tried)
                self._tried.add(_seq(kept))
        bodies = [kept.body for kept in batch]
        payload = _encode(bodies[0] if len(bodies) == 1 else bodies)
        await self.link.publish(device_topic(self.site, self.device, batch[0].kind), payload)

    def _next_batch(self) -> list[Kept]:
        kind = self._store[0].kind
        limit = 1 if kind == "command_ack" else LARGEST_ARRAY
        batch: list[Kept] = []
        for kept in islice(self._store, limit):
            if kept.kind != kind:
                break
            batch.append(kept)
        return batch


def _seq(kept: Kept) -> int:
    seq = kept.body["seq"]
    return seq if isinstance(seq, int) else -1


def _t(kept: Kept) -> int:
    t = kept.body["t"]
    return t if isinstance(t, int) else 0
