"""An account's sessions as their owner sees them, how they are ended, and in which browsers it is known."""

from __future__ import annotations

from typing import Final, Literal, LiteralString

import msgspec
from psycopg.rows import class_row

from devices.clock import DAY_MS
from gateway.store.connection import Connection

EndedWhy = Literal["elsewhere", "password", "disabled"]
Ended = Literal["elsewhere", "password", "disabled", "idle", "expired"]

KNOWN_MS: Final = 400 * DAY_MS
"""How long a browser stays known without a sign-in; no browser keeps a cookie for longer."""

_OPEN: Final[LiteralString] = (
    "ended_at is null and expires_at > to_timestamp(%(now)s / 1000.0)"
    " and last_seen + idle_ms * interval '1 ms' > to_timestamp(%(now)s / 1000.0)"
)


class OwnSession(msgspec.Struct, frozen=True, kw_only=True):
    """One session; times in ms. ``agent``: what the browser called itself."""

    id: str
    created_at: int
    last_seen: int
    expires_at: int
    address: str | None
    agent: str | None
    current: bool


async def sessions_of(conn: Connection, account: str, current: bytes, now: int) -> list[OwnSession]:
    """The open sessions of an account, the one that asks first, then by when they were last used."""
    async with conn.cursor(row_factory=class_row(OwnSession)) as cursor:
        await cursor.execute(
            "select id, (extract(epoch from created_at) * 1000)::bigint as created_at,"
            " (extract(epoch from last_seen) * 1000)::bigint as last_seen,"
            " (extract(epoch from expires_at) * 1000)::bigint as expires_at, address, agent,"
            " token_hash = %(current)s as current from session"
            f" where account = %(account)s and {_OPEN} order by token_hash <> %(current)s, session.last_seen desc",
            {"account": account, "current": current, "now": now},
        )
        return await cursor.fetchall()


async def end_sessions(
    conn: Connection, account: str, why: EndedWhy, *, but: bytes | None = None, only: str | None = None
) -> int:
    """End an account's sessions, ``but`` one or ``only`` one (its id); each is told why. How many they were."""
    cursor = await conn.execute(
        "update session set ended_at = now(), ended_why = %(why)s where account = %(account)s and ended_at is null"
        " and (%(but)s::bytea is null or token_hash <> %(but)s) and (%(only)s::text is null or id = %(only)s)",
        {"account": account, "why": why, "but": but, "only": only},
    )
    return cursor.rowcount


async def why_ended(conn: Connection, token_hash: bytes, now: int) -> Ended | None:
    """Why a session that once was is over; None for one that is open or was never there."""
    cursor = await conn.execute(
        "select case when ended_why is not null then ended_why"
        " when expires_at <= to_timestamp(%(now)s / 1000.0) then 'expired'"
        " when last_seen + idle_ms * interval '1 ms' <= to_timestamp(%(now)s / 1000.0) then 'idle' end"
        " from session where token_hash = %(hash)s",
        {"hash": token_hash, "now": now},
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def is_known(conn: Connection, browser: bytes, username: str) -> bool:
    """Whether an account has signed in before in the browser that holds this token (SHA-256)."""
    cursor = await conn.execute(
        "select exists (select from known_browser k join account a on a.id = k.account"
        " where k.token_hash = %s and a.username = %s)",
        (browser, username),
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def note_known(conn: Connection, browser: bytes, account: str, now: int) -> None:
    """From now on (ms) the account is known in this browser."""
    await conn.execute(
        "insert into known_browser (token_hash, account, last_used) values (%s, %s, to_timestamp(%s / 1000.0))"
        " on conflict (token_hash, account) do update set last_used = excluded.last_used",
        (browser, account, now),
    )


async def forget_browsers(conn: Connection, account: str, but: bytes | None = None) -> None:
    """The account is known nowhere any more, ``but`` in one browser."""
    await conn.execute(
        "delete from known_browser where account = %s and (%s::bytea is null or token_hash <> %s)", (account, but, but)
    )


async def forget_unused(conn: Connection, now: int) -> int:
    """Forget the browsers that were not used for so long that their cookie is gone; how many."""
    cursor = await conn.execute(
        "delete from known_browser where last_used < to_timestamp(%s / 1000.0)", (now - KNOWN_MS,)
    )
    return cursor.rowcount
