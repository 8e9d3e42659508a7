"""The drawer's counter of readings: sent, stored, on the way, lost."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

import msgspec
import structlog
from psycopg_pool import AsyncConnectionPool

from anxin.demo import SITE
from dashboards.deps import DemoCounters
from gateway.store.connection import Connection
from gateway.store.demo import StoredReading, readings_after, rejections_since
from simulator.ledger import Counts

KEPT: Final = 120
"""Counters of the simulator that are remembered: two minutes of them."""
NOTHING: Final = DemoCounters(sent=0, stored=0, on_the_way=0, lost=0)

_decode = msgspec.json.Decoder(Counts).decode
_log = structlog.get_logger(__name__)


class Comparison:
    """Compares what one run of the simulator sent with what the store holds.

    A reading that was sent twice counts once, and one that the gateway met again is stored once. Stored are
    also those that were put aside as rejected: they are kept. On the way is whatever was sent and is neither
    stored nor lost. A reading counts as lost when

    * the broker has acknowledged it to its band, so that the band keeps it no longer; the simulator says so
      with each of its counters: *all n readings with t < T are acknowledged*; and
    * the store does not hold it; and
    * the pipeline has been emptied since: the store already holds a reading of the bulk session that was
      measured, and so published, after that counter was. Queues keep their order, and what is urgent
      overtakes what is not, so nothing that was acknowledged earlier can still be behind it.

    While the gateway is dead, readings are therefore on the way and not lost; once it is back, those that do
    not appear are lost.
    """

    def __init__(self, since: int) -> None:
        self.since = since
        self.pos = 0
        """How far into the stream the store has been read."""
        self._reports: deque[Counts] = deque(maxlen=KEPT)
        self._sent = self._stored = 0
        self._newest_bulk_t = 0
        self._due = 0
        self._border_t = since
        self._stored_before_border = 0
        self._recent: list[int] = []

    def sent(self, counts: Counts) -> None:
        """The simulator's counters, as they come."""
        self._sent = counts.sent
        self._reports.append(counts)

    def stored(self, readings: Iterable[StoredReading]) -> None:
        """Readings that the store holds behind ``pos``, in the order of the stream."""
        for reading in readings:
            self.pos = reading.pos
            self._stored += 1
            if reading.bulk:
                self._newest_bulk_t = max(self._newest_bulk_t, reading.t)
            if reading.t < self._border_t:
                self._stored_before_border += 1
            else:
                self._recent.append(reading.t)

    def figures(self, rejected: int) -> DemoCounters:
        """The counters of this moment; ``rejected`` readings were put aside."""
        while self._reports and self._reports[0].at < self._newest_bulk_t:
            self._pass(self._reports.popleft())
        lost = max(0, self._due - self._stored_before_border - rejected)
        stored = self._stored + rejected
        sent = max(self._sent, stored + lost)
        return DemoCounters(sent=sent, stored=stored, on_the_way=sent - stored - lost, lost=lost)

    def _pass(self, counts: Counts) -> None:
        """The pipeline has been emptied of everything that these counters name as acknowledged."""
        self._due, self._border_t = counts.settled.readings, counts.settled.before_ms
        later = [t for t in self._recent if t >= self._border_t]
        self._stored_before_border += len(self._recent) - len(later)
        self._recent = later


class ReadingCounter:
    """Listens to the simulator and reads the store; a new run of the simulator begins a new comparison."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._comparison: Comparison | None = None

    def hear(self, payload: bytes) -> None:
        """Take the simulator's counters as they come."""
        try:
            counts = _decode(payload)
        except msgspec.MsgspecError:
            _log.warning("unreadable counters")
            return
        if self._comparison is None or self._comparison.since != counts.since:
            self._comparison = Comparison(counts.since)
        self._comparison.sent(counts)

    async def read(self, pool: AsyncConnectionPool[Connection]) -> DemoCounters:
        """The counters of this moment."""
        async with self._lock:
            comparison = self._comparison
            if comparison is None:
                return NOTHING
            async with pool.connection() as connection:
                since = comparison.since
                comparison.stored(await readings_after(connection, SITE, since=since, pos=comparison.pos))
                rejected = await rejections_since(connection, SITE, since)
            return comparison.figures(rejected)
