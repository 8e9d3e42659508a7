"""How each role of the running system is doing, as it says itself and as its supervisor sees it."""

from __future__ import annotations

from typing import Literal

import msgspec
from psycopg.rows import class_row

from gateway.store.connection import Connection

RoleState = Literal["starting", "ready", "restarting", "stopped"]


class RoleStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One role; ``at`` is when it last reported, ms; ``restarts`` counts how often it came back."""

    role: str
    state: RoleState
    pid: int | None
    restarts: int
    detail: str | None
    at: int


async def report(
    conn: Connection, role: str, state: RoleState, pid: int | None = None, detail: str | None = None
) -> None:
    """Write down a role's state. Entering ``restarting`` counts as one restart."""
    await conn.execute(
        "insert into role_status as r (role, state, pid, detail, at) values (%s, %s, %s, %s, clock_timestamp())"
        " on conflict (role) do update set state = excluded.state, pid = excluded.pid, detail = excluded.detail,"
        " at = excluded.at,"
        " restarts = r.restarts + (r.state <> 'restarting' and excluded.state = 'restarting')::integer",
        (role, state, pid, detail),
    )


async def listens(conn: Connection, application: str) -> bool:
    """Whether somebody of that name is connected to this database."""
    cursor = await conn.execute(
        "select exists (select from pg_stat_activity where application_name = %s and datname = current_database())",
        (application,),
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def all_roles(conn: Connection) -> list[RoleStatus]:
    """Every role that ever reported, by name."""
    async with conn.cursor(row_factory=class_row(RoleStatus)) as cursor:
        await cursor.execute(
            "select role, state, pid, restarts, detail, (extract(epoch from at) * 1000)::bigint as at"
            " from role_status order by role"
        )
        return await cursor.fetchall()
