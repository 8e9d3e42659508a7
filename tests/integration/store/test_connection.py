"""How we sign in at a server that is held up."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from gateway.store import connection

SOONEST_S = 2
"""psycopg waits no shorter for a server."""


class HeldUp:
    """Takes connections and says nothing, as a server whose processes were stopped."""

    def __init__(self) -> None:
        self.port = 0
        self.hung_up: asyncio.Queue[bool] = asyncio.Queue()

    @property
    def conninfo(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=anxin dbname=anxin sslmode=disable"

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        self.hung_up.put_nowait(True)
        writer.close()


@pytest.fixture
async def held_up() -> AsyncIterator[HeldUp]:
    server = HeldUp()
    async with await asyncio.start_server(server.take, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server


@pytest.fixture
def nothing_is_collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(connection._KEEPALIVE, "connect_timeout", SOONEST_S)
    gc.disable()
    yield
    gc.enable()


async def _alone(conninfo: str) -> None:
    with suppress(psycopg.errors.ConnectionTimeout):
        await connection.connect(conninfo, application="anxin test")


async def _in_a_pool(conninfo: str) -> None:
    with suppress(PoolTimeout):
        async with connection.pool(conninfo, application="anxin test") as opened:
            await opened.wait(timeout=SOONEST_S + 1)


@pytest.mark.usefixtures("nothing_is_collected")
@pytest.mark.parametrize("sign_in", [_alone, _in_a_pool])
async def test_who_waited_long_enough_hangs_up(held_up: HeldUp, sign_in: Callable[[str], Awaitable[None]]) -> None:
    await sign_in(held_up.conninfo)
    async with asyncio.timeout(20):
        assert await held_up.hung_up.get()


async def test_whoever_is_cancelled_as_a_connection_comes_free_is_cancelled(conninfo: str) -> None:
    async with connection.pool(conninfo, application="anxin test", size=1) as connections:
        for steps in range(12):
            held = await connections.getconn()
            async with asyncio.TaskGroup() as tasks:
                waiting = tasks.create_task(connections.getconn(), name="waits for a connection")
                while connections.get_stats().get("requests_waiting", 0) == 0:  # noqa: ASYNC110 it tells nobody
                    await asyncio.sleep(0)
                tasks.create_task(connections.putconn(held), name="gives it back")
                for _ in range(steps):
                    await asyncio.sleep(0)
                had_it = waiting.done()
                waiting.cancel()
            assert waiting.cancelled() or had_it, steps
            if had_it:
                await connections.putconn(waiting.result())
            async with connections.connection() as again:
                await again.execute("select 1")
