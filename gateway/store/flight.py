"""Transactions that leave in one flight: nobody waits for a statement's answer before sending the next."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import psycopg

from gateway.store.connection import Connection

_BEGIN: Final = b"BEGIN"
_COMMIT: Final = b"COMMIT"


@asynccontextmanager
async def one_flight(
    connection: Connection, *, first: Callable[[Connection], Awaitable[None]] | None = None
) -> AsyncIterator[None]:
    """A transaction of its own around the block, on a connection that commits by itself otherwise.

    What a statement is refused for is raised where the next answer is awaited, at the latest when the block ends:
    the server passes over all that was sent after it, COMMIT among it, so nothing was stored.

    Args:
        connection: Outside any transaction and pipeline.
        first: Runs before the block in the same transaction; it alone may COPY, which no pipeline may contain.
    """
    try:
        if first is not None:
            await connection.execute(_BEGIN, prepare=False)
            await first(connection)
        async with connection.pipeline():
            if first is None:
                await connection.execute(_BEGIN, prepare=False)
            yield
            await connection.execute(_COMMIT, prepare=False)
    except BaseException:
        await _give_up(connection)
        raise


async def _give_up(connection: Connection) -> None:
    """Leave nothing of the transaction behind, if need be by losing the connection."""
    try:
        await connection.rollback()
    except psycopg.Error:
        await connection.close()
