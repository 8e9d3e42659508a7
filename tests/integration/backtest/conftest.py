"""A community of three, and back-tests of its past."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from anxin.backtesting.backtest import Report, Request, backtest
from gateway.store.connection import connect
from tests.support.community import seed_community
from tests.support.history import PAST, History

Ask = Callable[..., Awaitable[Report]]
"""(settings …, start, end) → the report; moments in Unix ms."""


@pytest.fixture(autouse=True)
def community(conninfo: str) -> None:
    seed_community(conninfo)


@pytest.fixture
def history(conninfo: str) -> History:
    return History(conninfo)


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


@pytest.fixture
def ask(conninfo: str) -> Ask:
    async def asked(*settings: str, start: int = PAST, end: int | None = None, warmup_ms: int = 0) -> Report:
        request = Request(iso(start), None if end is None else iso(end), settings, None, warmup_ms)
        async with await connect(conninfo, application="test") as connection:
            return await backtest(connection, request, lambda done, total: None)

    return asked
