"""Waiting: for a moment or an event, and for a store that is away, however long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import structlog

STORE_AWAY_S: Final = 1.0

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class Patience:
    """``unavailable``: what the store raises while it is away."""

    def __init__(self, unavailable: tuple[type[Exception], ...]) -> None:
        self.unavailable = unavailable

    async def insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work, again and again until the store is there."""
        while True:
            try:
                return await work()
            except self.unavailable as error:
                _log.warning("store is away", error=type(error).__name__)
                await asyncio.sleep(STORE_AWAY_S)


async def until(event: asyncio.Event, seconds: float) -> None:
    """Sleep, but no longer than until the event."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
