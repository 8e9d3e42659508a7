"""Writing down who looks at whom: once in ten minutes, before the answer, and never in the way of an alarm (ADR 42).

What cannot be written waits here, is said in the log and on ``/metrics``, and is written as soon as that is possible.
Only what leaves the house in bulk is refused while nothing can be written.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import Final

import msgspec
import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool

from dashboards.api.metrics import AUDIT_WAITING
from dashboards.api.problems import Problem
from devices.clock import MINUTE_MS, Clock
from devices.refusals import Refusal
from gateway.store.audit_log import Entry, append
from gateway.store.connection import Connection
from gateway.store.errors import UNAVAILABLE

ONE_LOOK_MS: Final = 10 * MINUTE_MS
"""So long repeated looks of one account at one subject are one entry: pages renew themselves. Assumption, ADR 42."""
PATIENCE_S: Final = 0.5
"""How long a page waits for its entry before it goes on without."""
RETRY_S: Final = 5.0
WAITING_AT_MOST: Final = 10_000
NOTED_AT_MOST: Final = 20_000

_FAILS: Final[tuple[type[Exception], ...]] = (psycopg.Error, *UNAVAILABLE, TimeoutError)
_log = structlog.get_logger(__name__)


class Looks:
    """Writes entries of the audit log. Bounded: beyond ``WAITING_AT_MOST`` an entry is lost, and that is said."""

    def __init__(self, pool: AsyncConnectionPool[Connection], clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._noted: OrderedDict[tuple[object, ...], int] = OrderedDict()
        self._waiting: deque[Entry] = deque()
        self._turn = asyncio.Lock()
        self._failed = False

    def now_ms(self) -> int:
        """The time at which entries are written, ms."""
        return self._clock.now_ms()

    @property
    def waiting(self) -> int:
        """How many entries are not written yet."""
        return len(self._waiting)

    async def look(self, *entries: Entry) -> None:
        """Write looks down, those of which the same was not within ten minutes; together, however many they are."""
        if new := [entry for entry in entries if self._is_new(entry)]:
            await self.note(*new)

    def _is_new(self, entry: Entry) -> bool:
        about = (entry.site, entry.resident, entry.alarm, entry.subject)
        key = (entry.actor, entry.via, entry.what, *about, entry.purpose)
        noted = self._noted.get(key)
        if noted is not None and 0 <= entry.at - noted < ONE_LOOK_MS:
            return False
        self._noted[key] = entry.at
        self._noted.move_to_end(key)
        while len(self._noted) > NOTED_AT_MOST:
            self._noted.popitem(last=False)
        return True

    async def note(self, *entries: Entry) -> None:
        """Write entries down, all or none at once; what goes wrong is never the caller's."""
        why = "waits behind others"
        if not self._failed:
            try:
                async with asyncio.timeout(PATIENCE_S), self._pool.connection() as conn:
                    await append(conn, entries)
            except _FAILS as error:
                self._failed, why = True, type(error).__name__
            else:
                return
        for entry in entries:
            self._wait(entry, why)

    async def insist(self, entry: Entry) -> None:
        """Write an entry down before something is handed out. Raises ``Problem`` 503 when that is not possible."""
        try:
            async with self._pool.connection() as conn:
                await append(conn, [entry])
        except _FAILS as error:
            _log.warning("audit_entry_refused", act=entry.act, what=entry.what, error=type(error).__name__)
            why = Refusal(
                "audit.not_written",
                "it cannot be written down that this left the house, so it does not; please try again",
            )
            raise Problem(503, why, kind="audit", headers={"Retry-After": "5"}) from None

    def _wait(self, entry: Entry, why: str) -> None:
        if len(self._waiting) >= WAITING_AT_MOST:
            _log.error("audit_entry_lost", act=entry.act, what=entry.what, alarm=entry.alarm, resident=entry.resident)
            return
        self._waiting.append(entry)
        AUDIT_WAITING.set(len(self._waiting))
        _log.warning("audit_entry_waits", act=entry.act, what=entry.what, waiting=len(self._waiting), error=why)

    async def catch_up(self) -> None:
        """Write what waits, in its order; what cannot be written goes on waiting."""
        async with self._turn:
            while self._waiting:
                some = list(self._waiting)[:100]
                late = [_said_late(entry, self._clock.now_ms()) for entry in some]
                try:
                    async with self._pool.connection() as conn:
                        await append(conn, late)
                except _FAILS:
                    return
                for _ in some:
                    self._waiting.popleft()
                AUDIT_WAITING.set(len(self._waiting))
            if self._failed:
                self._failed = False
                _log.info("audit_log_caught_up")

    async def keep_trying(self) -> None:
        """Catch up again and again, until cancelled; then once more, and say what is lost."""
        try:
            while True:
                await asyncio.sleep(RETRY_S)
                if self._failed:
                    await self.catch_up()
        finally:
            if self._failed:
                await self.catch_up()
                if self._waiting:
                    _log.error("audit_entries_lost", count=len(self._waiting))


def _said_late(entry: Entry, now: int) -> Entry:
    return msgspec.structs.replace(entry, detail={**entry.detail, "written_late_ms": max(0, now - entry.at)})
