"""Connections to PostgreSQL, all with the same session settings."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from traceback import clear_frames
from typing import Any, Final, Self
from weakref import WeakKeyDictionary

from psycopg import AsyncConnection, Error
from psycopg.rows import Row
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[Any]

CONNECT_TIMEOUT_S = 5
LOCK_TIMEOUT = "3s"
"""How long a console transaction waits for a row that somebody else is changing (design rule 10)."""
IDLE_TIMEOUT = "5s"
"""A role that stops in the middle of a transaction loses it: its row locks would hold up the gateway."""
LONGEST_IDLE = "15s"
"""The same for a connection outside a pool: the gateway's writer pauses between the statements of a batch."""
LONGEST_TRANSACTION = "60s"
"""For whoever stops while statements are on their way, which no server takes for idle. From PostgreSQL 17."""

_KEEPALIVE: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
_ANY_SERVER: Final = "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set client_encoding = 'UTF8'"
"""A server of somebody else's may have settings of its own for how moments and texts are written."""


class _HangsUp(AsyncConnection[Row]):
    """Whose attempt to connect ends with its error.

    psycopg's frames hold an attempt that took too long, and its error holds the frames: until they are collected, a
    server that was held up believes that somebody is still about to sign in, and waits a minute for them.
    """

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:
        try:
            return await super().connect(conninfo, **options)
        except Error as error:
            clear_frames(error.__traceback__)
            raise


class _Pool(AsyncConnectionPool[Connection]):
    """Whoever is cancelled while they wait for a connection is cancelled.

    Python 3.11's ``wait_for``, by which psycopg's pool waits, takes a cancellation that comes together with the
    connection for none: a role that is told to stop would go on, and a time limit would never end.
    """

    async def getconn(self, timeout: float | None = None) -> Connection:  # noqa: ASYNC109 psycopg names it so
        task = asyncio.current_task()
        told_before = 0 if task is None else task.cancelling()
        connection = await super().getconn(timeout)
        if task is not None and task.cancelling() > told_before:
            await self.putconn(connection)
            raise asyncio.CancelledError
        return connection


async def connect(conninfo: str, *, application: str, autocommit: bool = True) -> Connection:
    """Open one connection. Raises ``psycopg.OperationalError`` when the server cannot be reached."""
    connection: Connection = await _HangsUp.connect(
        conninfo, autocommit=True, application_name=application, **_KEEPALIVE
    )
    try:
        await connection.execute(f"{_ANY_SERVER}; set idle_in_transaction_session_timeout = '{LONGEST_IDLE}'")
        await connection.set_autocommit(autocommit)
    except BaseException:
        await connection.close()
        raise
    # Statements are prepared on first use: the gateway repeats the same few thousands of times a minute.
    connection.prepare_threshold = 0
    return connection


async def limit_transactions(connection: Connection) -> None:
    """Let the server end a transaction that lasts too long, though its client is not idle by the server's word."""
    await connection.execute(
        "select set_config(name, %s, false) from pg_settings where name = 'transaction_timeout'",
        (LONGEST_TRANSACTION,),
    )


async def _configure(connection: Connection) -> None:
    await connection.set_autocommit(True)
    await connection.execute(
        f"{_ANY_SERVER}; set lock_timeout = '{LOCK_TIMEOUT}';"
        f" set idle_in_transaction_session_timeout = '{IDLE_TIMEOUT}'"
    )


def _check_after(idle_s: float) -> Callable[[Connection], Awaitable[None]]:
    last = WeakKeyDictionary[Connection, float]()

    async def check(connection: Connection) -> None:
        now = time.monotonic()
        if now - last.get(connection, -math.inf) >= idle_s:
            await AsyncConnectionPool.check_connection(connection)
        last[connection] = now

    return check


def pool(conninfo: str, *, application: str, size: int = 8, trusted_s: float = 0.0) -> AsyncConnectionPool[Connection]:
    """A pool that is not open yet: use it as ``async with``. At most ``size`` connections; more callers wait.

    ``trusted_s``: a connection that was used so lately is taken without asking whether it still works, which costs a
    round trip each time: for whoever tries again anyway.
    """
    return _Pool(
        conninfo,
        connection_class=_HangsUp,
        kwargs={"application_name": application, **_KEEPALIVE},
        min_size=1,
        max_size=size,
        open=False,
        configure=_configure,
        check=_check_after(trusted_s),
        name=application,
    )
