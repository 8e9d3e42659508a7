"""The one connection that writes batches, and what it does when an outcome is unknown (design rule 6)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import psycopg
import structlog

from gateway import metrics
from gateway.errors import OwnershipLostError, RefusedError
from gateway.store.batches import BatchRow, begin_epoch, is_committed, is_current_epoch, take_ownership
from gateway.store.connection import Connection, connect, limit_transactions
from gateway.store.errors import AWAY
from gateway.store.flight import one_flight

AWAY_S: Final = 5.0
"""A database that owes an answer for so long is away (design rule 14), be it that it still holds the line."""
RETRY_FIRST_S: Final = 0.05
RETRY_MOST_S: Final = 2.0
OWNER_WAIT_S: Final = 0.2
"""How often a gateway that waits for its predecessor's lock asks again."""

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class Writer:
    """Owns the engine's lock and the connection on which batches are committed."""

    def __init__(self, conninfo: str) -> None:
        self.epoch = 0
        self._available = False
        self._asked_at: float | None = None
        self._conninfo = conninfo
        self._connection: Connection | None = None

    @property
    def is_away(self) -> bool:
        """Whether a question has been without an answer for ``AWAY_S``, through all that was tried."""
        return self._asked_at is not None and time.monotonic() - self._asked_at >= AWAY_S

    @property
    def available(self) -> bool:
        """Whether the database takes our batches."""
        return self._available and not self.is_away

    async def open(self) -> None:
        """Wait until this process owns the engine, then begin a new epoch."""

        async def begin(connection: Connection) -> int:
            return await begin_epoch(connection)

        self.epoch = await self.ask(begin)

    async def close(self) -> None:
        """Give the engine up."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def ask(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        """Run a query that may be repeated, again and again until the database answers."""
        delay_s = RETRY_FIRST_S
        with self._owed():
            while True:
                try:
                    return await question(await self._connected())
                except AWAY as error:
                    delay_s = await self._away(error, delay_s)

    async def commit(
        self,
        row: BatchRow,
        write: Callable[[Connection], Awaitable[T]],
        *,
        first: Callable[[Connection], Awaitable[None]] | None = None,
    ) -> T:
        """Commit what ``first`` and ``write`` do, the batch's own row among it, exactly once (``one_flight``).

        When the outcome is unknown, the row is looked for after the reconnect: if it is there, the batch is
        committed; if not, the same rows and decisions are sent again.

        Raises:
            RefusedError: The database refuses data of this batch; nothing was stored.
            OwnershipLostError: Another gateway committed a batch of this number.
        """
        delay_s = RETRY_FIRST_S
        attempt: T | None = None
        unknown = False
        with self._owed():
            while True:
                try:
                    connection = await self._connected()
                    if unknown and attempt is not None and await is_committed(connection, row.number, row.epoch):
                        metrics.BATCHES_UNKNOWN.labels("committed").inc()
                        return attempt
                    if unknown:
                        metrics.BATCHES_UNKNOWN.labels("repeated").inc()
                    started = time.perf_counter()
                    async with one_flight(connection, first=first):
                        attempt = await write(connection)
                        written = time.perf_counter()
                    metrics.STAGE_SECONDS.labels("write").observe(written - started)
                    metrics.STAGE_SECONDS.labels("commit").observe(time.perf_counter() - written)
                    return attempt  # remembered in case the answer to COMMIT is lost
                except AWAY as error:
                    unknown = True
                    delay_s = await self._away(error, delay_s)
                except psycopg.errors.UniqueViolation as error:
                    if error.diag.constraint_name == "batch_pkey":
                        raise OwnershipLostError(f"batch {row.number} was committed by another gateway") from error
                    raise RefusedError(type(error).__name__) from error
                except (psycopg.DataError, psycopg.IntegrityError) as error:
                    raise RefusedError(type(error).__name__) from error

    async def accepts(self, write: Callable[[Connection], Awaitable[None]]) -> str | None:
        """Try a write under a transaction that is rolled back; None, or the name of the database's refusal."""

        async def rehearse(connection: Connection) -> str | None:
            try:
                async with connection.transaction(force_rollback=True):
                    await write(connection)
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                return type(error).__name__
            return None

        return await self.ask(rehearse)

    @contextmanager
    def _owed(self) -> Iterator[None]:
        """The database owes us an answer while the block lasts; one at a time is asked."""
        self._asked_at = time.monotonic()
        try:
            yield
        finally:
            self._asked_at = None

    async def _connected(self) -> Connection:
        if self._connection is not None and not self._connection.closed:
            return self._connection
        connection = await connect(self._conninfo, application="anxin gateway")
        try:
            await limit_transactions(connection)
            while not await take_ownership(connection):
                # A successor has begun an epoch of its own; without one it is our own lost connection, dying.
                await self._check_epoch(connection)
                _log.info("gateway_waits_for_ownership")
                await asyncio.sleep(OWNER_WAIT_S)
            await self._check_epoch(connection)
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        self._available = True
        metrics.STORE_AVAILABLE.set(1)
        return connection

    async def _check_epoch(self, connection: Connection) -> None:
        if self.epoch and not await is_current_epoch(connection, self.epoch):
            raise OwnershipLostError(f"epoch {self.epoch} is over")

    async def _away(self, error: psycopg.Error, delay_s: float) -> float:
        self._available = False
        metrics.STORE_AVAILABLE.set(0)
        _log.warning("store_unavailable", error=type(error).__name__, sqlstate=error.sqlstate, retry_in_s=delay_s)
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        await asyncio.sleep(delay_s)
        return min(delay_s * 2, RETRY_MOST_S)
