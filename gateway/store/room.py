"""Whether the database can still write: reading goes on for long after its disk is full."""

from __future__ import annotations

from typing import Final

from psycopg.errors import DiskFull

from gateway.store.connection import Connection

_ROWS: Final = 40_000
"""Half a megabyte of them: as much as PostgreSQL lets a table grow at once under load."""


async def has_room(connection: Connection) -> bool:
    """Whether the disk of the tables takes another half megabyte; nothing of it is kept, nor written to the log.

    What a query cannot hold in its working memory it spills into a file beside the tables, and that file goes when
    the query ends. It takes some 8 ms.
    """
    try:
        async with connection.transaction():
            await connection.execute("set local work_mem = '64kB'")
            await connection.execute("select count(*) from generate_series(1, %s)", (_ROWS,))
    except DiskFull:
        return False
    return True
