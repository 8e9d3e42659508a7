"""Keys of other systems: each acts for an account, with a role and sites of its own that never exceed it.

A key leaves this module once, when it is made; the database keeps its SHA-256 only.
"""

from __future__ import annotations

import secrets
from typing import Final, LiteralString

import msgspec

from gateway.store.accounts import KEY_PREFIX, Role, token_hash
from gateway.store.connection import Connection

_OBJECT: Final[LiteralString] = (
    "jsonb_build_object('id', k.id, 'name', k.name, 'username', a.username, 'role', k.role, 'sites', k.sites,"
    " 'created_at', (extract(epoch from k.created_at) * 1000)::bigint,"
    " 'expires_at', (extract(epoch from k.expires_at) * 1000)::bigint,"
    " 'last_used', (extract(epoch from k.last_used) * 1000)::bigint)::text"
)


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is listed; ``sites`` empty means all that its account sees, times in ms."""

    id: str
    name: str
    username: str
    role: Role
    sites: list[str]
    created_at: int
    expires_at: int | None
    last_used: int | None


async def add_token(
    conn: Connection, account: str, *, name: str, role: Role, sites: list[str], expires_at: int | None, now: int
) -> tuple[ApiToken, str]:
    """Make a key for an account; the key itself is known this once. Times in ms."""
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    cursor = await conn.execute(
        "with k as (insert into api_token (account, name, token_hash, role, sites, created_at, expires_at)"
        " values (%s, %s, %s, %s, %s, to_timestamp(%s / 1000.0), to_timestamp(%s::bigint / 1000.0)) returning *)"
        f" select {_OBJECT} from k join account a on a.id = k.account",
        (account, name, token_hash(secret), role, sites, now, expires_at),
    )
    row = await cursor.fetchone()
    assert row is not None
    return msgspec.json.decode(row[0], type=ApiToken), secret


async def tokens(conn: Connection, account: str | None) -> list[ApiToken]:
    """The keys of an account, of all accounts for None, by name."""
    cursor = await conn.execute(
        f"select {_OBJECT} from api_token k join account a on a.id = k.account"
        " where %(account)s::text is null or k.account = %(account)s order by k.name, k.id",
        {"account": account},
    )
    return [msgspec.json.decode(row[0], type=ApiToken) for row in await cursor.fetchall()]


async def remove_token(conn: Connection, account: str | None, key: str) -> bool:
    """End a key of an account, of any account for None; what holds it is signed out at once."""
    cursor = await conn.execute(
        "delete from api_token where id = %(key)s and (%(account)s::text is null or account = %(account)s)",
        {"key": key, "account": account},
    )
    return cursor.rowcount == 1
