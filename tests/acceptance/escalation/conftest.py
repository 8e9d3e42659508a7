"""A story over a fresh database: everything but time and phones is real."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from gateway.store.connection import pool
from tests.support.escalation.story import Story

Telling = Callable[..., Awaitable[Story]]


@pytest.fixture
async def tell(conninfo: str) -> AsyncIterator[Telling]:
    """Begins a story in a furnished centre."""
    async with pool(conninfo, application="anxin story", size=6) as connections:

        async def telling(**how: Any) -> Story:
            story = Story(connections, **how)
            await story.centre.furnish()
            return story

        yield telling


@pytest.fixture
async def story(tell: Telling) -> Story:
    """One that begins at ten in the morning."""
    return await tell()
