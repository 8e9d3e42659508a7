"""Requests that carry an ``Idempotency-Key``: done once, answered the same however often they come."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

from psycopg.types.json import Jsonb

from gateway.store.connection import Connection

UNDER_WAY: Final = 0
"""The status of a request that has begun and not ended."""
ABANDONED_AFTER_S: Final = 60
"""A request that began this long ago and has no answer died with its process: the next one may do it."""


class Answered(NamedTuple):
    """What was answered the first time."""

    status: int
    body: Any


Begun = Literal["begun", "under_way", "other_request"] | Answered


async def begin(conn: Connection, account: str, key: str, request: str) -> Begun:
    """Claim a key for ``request`` (a fingerprint of it), or say what stands in the way."""
    cursor = await conn.execute(
        "insert into idempotency as i (account, key, request, status, body)"
        f" values (%(account)s, %(key)s, %(request)s, {UNDER_WAY}, 'null') on conflict (account, key) do update"
        f" set at = now() where i.request = excluded.request and i.status = {UNDER_WAY}"
        f" and i.at < now() - interval '{ABANDONED_AFTER_S} seconds' returning 1",
        {"account": account, "key": key, "request": request},
    )
    if await cursor.fetchone() is not None:
        return "begun"
    cursor = await conn.execute(
        "select request, status, body from idempotency where account = %s and key = %s", (account, key)
    )
    row = await cursor.fetchone()
    if row is None or (row[0] == request and row[1] == UNDER_WAY):
        return "under_way"
    return Answered(row[1], row[2]) if row[0] == request else "other_request"


async def complete(conn: Connection, account: str, key: str, status: int, body: Any) -> None:
    """Keep the answer."""
    await conn.execute(
        "update idempotency set status = %s, body = %s where account = %s and key = %s",
        (status, Jsonb(body), account, key),
    )


async def abandon(conn: Connection, account: str, key: str) -> None:
    """Nothing was done: the key may be used again."""
    await conn.execute(
        f"delete from idempotency where account = %s and key = %s and status = {UNDER_WAY}", (account, key)
    )
