"""Fetching ahead: the next pieces are on their way while one is worked on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

import psycopg

from gateway.store.errors import AWAY

T = TypeVar("T")


@asynccontextmanager
async def ahead(source: AsyncGenerator[T], count: int) -> AsyncIterator[AsyncIterator[T]]:
    """What a source gives, of which ``count`` pieces at most wait to be taken.

    Raises:
        psycopg.OperationalError: the database is away (``AWAY``), as the source said, in no group.
    """
    lost: psycopg.Error | None = None
    try:
        async with aclosing(source), asyncio.TaskGroup() as tasks:
            waiting: asyncio.Queue[T | None] = asyncio.Queue(count)
            fetching = tasks.create_task(_fetch(source, waiting), name="fetch-ahead")
            yield _until_none(waiting)
            fetching.cancel()
    except* AWAY as away:
        lost = next(error for error in away.exceptions if isinstance(error, psycopg.Error))
    if lost is not None:
        raise lost


async def _fetch(source: AsyncIterator[T], waiting: asyncio.Queue[T | None]) -> None:
    async for piece in source:
        await waiting.put(piece)
    await waiting.put(None)


async def _until_none(waiting: asyncio.Queue[T | None]) -> AsyncIterator[T]:
    while (piece := await waiting.get()) is not None:
        yield piece
