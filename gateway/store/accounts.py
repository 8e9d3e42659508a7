"""Accounts of the people who work with the console, their sessions and one-time sign-in links.

Tokens leave this module once, when they are made; the database keeps their SHA-256 only.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Final, Literal, LiteralString, get_args

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from psycopg import InternalError, OperationalError
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from devices.refusals import Refusal
from gateway.store.connection import Connection
from gateway.store.errors import Conflict
from gateway.store.sessions import end_sessions, forget_browsers, forget_unused
from gateway.store.signin_guard import forget_failures

Role = Literal["admin", "manager", "supervisor", "duty", "responder", "auditor"]

SESSION_MS: Final = 7 * DAY_MS
"""A session lasts a week: a desk that is signed out at night misses alarms. Source: assumption."""
IDLE_MS: Final = 12 * HOUR_MS
"""A session that nothing uses ends; an open console uses it, for it listens. Source: assumption, ADR 42."""
LINK_MS: Final = 30 * MINUTE_MS
"""How long a printed sign-in link may be used. Source: assumption."""
IDEMPOTENCY_DAYS: Final = 1
KEY_PREFIX: Final = "anxin_"
"""What a key of another system begins with, so that one that leaked is recognised."""
_USE_NOTED_EVERY_S: Final = 60
_TOLD_DAYS: Final = 7
"""So long after the end of a session its browser is told why it ended."""
_AGENT_AT_MOST: Final = 300
_NO_END: Final = 253_402_300_799_000
"""The end of a key that has none, ms: the last moment of the year 9999."""

_ACCOUNT: Final = "a.id, a.username, a.display_name, a.role, a.sites, a.language"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in; ``sites`` empty means all sites."""

    id: str
    username: str
    display_name: str
    role: Role
    sites: list[str]
    language: str

    def sees(self, site: str | None) -> bool:
        """Whether this account may know anything about ``site``."""
        return not self.sites or site in self.sites


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to check a password; ``password_hash`` is None for an account without one."""

    account: str
    password_hash: str | None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in account; ``token_hash`` names the session, ``expires_at`` in ms; ``by_key``: another system."""

    account: Account
    csrf: str
    expires_at: int
    token_hash: bytes
    by_key: bool = False


class SessionRules(msgspec.Struct, frozen=True, kw_only=True):
    """When a session ends: after so long in any case, and when nothing used it for so long; ms."""

    lasts_ms: int = SESSION_MS
    idle_ms: int = IDLE_MS


USUAL: Final = SessionRules()


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is handed to the browser, the only time its token is known."""

    token: str
    csrf: str
    expires_at: int


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _hash_of_nobody() -> str:
    return hash_password(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    """Argon2id in PHC form. Takes some 50 ms of one core: call it in a thread."""
    return _hasher().hash(password)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether ``password`` is the one; for None it works as long and says no. Call it in a thread."""
    try:
        _hasher().verify(password_hash or _hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def token_hash(token: str) -> bytes:
    """What is stored of a token: SHA-256, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()


async def add_account(
    conn: Connection,
    *,
    username: str,
    role: Role,
    sites: Sequence[str] = (),
    password_hash: str | None = None,
    display_name: str = "",
    language: str = "zh",
    phone: str | None = None,
) -> Account:
    """Create an account. Raises ``Conflict`` when the user name is taken."""
    try:
        async with conn.cursor(row_factory=class_row(Account)) as cursor:
            await cursor.execute(
                "insert into account as a (username, role, sites, password_hash, display_name, language, phone)"
                f" values (%s, %s, %s, %s, %s, %s, %s) returning {_ACCOUNT}",
                (username, role, list(sites), password_hash, display_name or username, language, phone),
            )
            row = await cursor.fetchone()
    except UniqueViolation:
        raise Conflict(
            Refusal("account.username_taken", "the user name {name} is taken", field="username", name=username)
        ) from None
    assert row is not None
    return row


async def set_password(conn: Connection, username: str, password_hash: str) -> bool:
    """Set a password and end the account's sessions, wherever; False when there is no such account."""
    async with conn.transaction():
        cursor = await conn.execute(
            "update account set password_hash = %s where username = %s returning id", (password_hash, username)
        )
        row = await cursor.fetchone()
        if row is None:
            return False
        await end_sessions(conn, row[0], "password")
        await forget_browsers(conn, row[0])
    return True


async def change_password(
    conn: Connection, account: str, password_hash: str, *, session: bytes, browser: bytes | None
) -> int:
    """Set one's own password: all sessions but ``session`` end, browsers but ``browser`` are forgotten, links too.

    How many sessions ended.
    """
    async with conn.transaction():
        await conn.execute("update account set password_hash = %s where id = %s", (password_hash, account))
        await conn.execute("delete from signin_link where account = %s", (account,))
        await forget_browsers(conn, account, browser)
        return await end_sessions(conn, account, "password", but=session)


async def account_by_username(conn: Connection, username: str) -> Account | None:
    """The account of that name, if it is not disabled."""
    async with conn.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(f"select {_ACCOUNT} from account a where username = %s and not disabled", (username,))
        return await cursor.fetchone()


async def accounts(conn: Connection) -> list[Account]:
    """All accounts that may sign in, by user name."""
    async with conn.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(f"select {_ACCOUNT} from account a where not disabled order by username")
        return await cursor.fetchall()


async def credentials(conn: Connection, username: str) -> Credentials | None:
    """What to check a password against; None for an unknown or disabled account."""
    async with conn.cursor(row_factory=class_row(Credentials)) as cursor:
        await cursor.execute(
            "select id as account, password_hash from account where username = %s and not disabled", (username,)
        )
        return await cursor.fetchone()


async def open_session(
    conn: Connection,
    account: str,
    now: int,
    rules: SessionRules = USUAL,
    *,
    address: str | None = None,
    agent: str | None = None,
) -> NewSession:
    """Sign an account in at ``now`` (ms); clears what has expired on the way."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    expires_at = now + rules.lasts_ms
    async with conn.transaction():
        await conn.execute(
            "insert into session (token_hash, account, csrf, created_at, last_seen, expires_at, idle_ms, address,"
            " agent) values (%(hash)s, %(account)s, %(csrf)s, to_timestamp(%(now)s / 1000.0),"
            " to_timestamp(%(now)s / 1000.0), to_timestamp(%(end)s / 1000.0), %(idle)s, %(address)s, %(agent)s)",
            {
                "hash": token_hash(token),
                "account": account,
                "csrf": csrf,
                "now": now,
                "end": expires_at,
                "idle": rules.idle_ms,
                "address": address,
                "agent": None if agent is None else agent[:_AGENT_AT_MOST],
            },
        )
        await drop_expired(conn, now)
    return NewSession(token=token, csrf=csrf, expires_at=expires_at)


async def session(conn: Connection, token: str, now: int) -> Session | None:
    """The session of a token, or of an API token; None when it is unknown, expired, or its account disabled."""
    return await session_by_hash(conn, token_hash(token), now)


async def session_by_hash(conn: Connection, hashed: bytes, now: int) -> Session | None:
    """As ``session``, by the stored hash: whether a session that was good still is."""
    cursor = await conn.execute(
        f"select {_ACCOUNT}, s.csrf, (extract(epoch from s.expires_at) * 1000)::bigint,"
        f" s.last_seen < to_timestamp(%(now)s / 1000.0) - interval '{_USE_NOTED_EVERY_S} s'"
        " from session s join account a on a.id = s.account where s.token_hash = %(hash)s and s.ended_at is null"
        " and s.expires_at > to_timestamp(%(now)s / 1000.0)"
        " and s.last_seen + s.idle_ms * interval '1 ms' > to_timestamp(%(now)s / 1000.0) and not a.disabled",
        {"hash": hashed, "now": now},
    )
    row = await cursor.fetchone()
    if row is None:
        return await _session_of_key(conn, hashed, now)
    if row[8]:
        await _note_use(conn, "update session set last_seen", hashed, now)
    account = Account(id=row[0], username=row[1], display_name=row[2], role=row[3], sites=row[4], language=row[5])
    return Session(account=account, csrf=row[6], expires_at=row[7], token_hash=hashed)


async def _session_of_key(conn: Connection, hashed: bytes, now: int) -> Session | None:
    """What an API token may do: no more than it was made for, and no more than its account may by now."""
    cursor = await conn.execute(
        f"select {_ACCOUNT}, (extract(epoch from k.expires_at) * 1000)::bigint, k.role, k.sites,"
        f" k.last_used is null or k.last_used < to_timestamp(%(now)s / 1000.0) - interval '{_USE_NOTED_EVERY_S} s'"
        " from api_token k join account a on a.id = k.account where k.token_hash = %(hash)s and not a.disabled"
        " and (k.expires_at is null or k.expires_at > to_timestamp(%(now)s / 1000.0))",
        {"hash": hashed, "now": now},
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    own, given = row[4], row[8]
    sites = [site for site in given or own if not own or site in own]
    if (own or given) and not sites:
        return None
    if row[9]:
        await _note_use(conn, "update api_token set last_used", hashed, now)
    role = max(row[3], row[7], key=get_args(Role).index)
    account = Account(id=row[0], username=row[1], display_name=row[2], role=role, sites=sites, language=row[5])
    return Session(account=account, csrf="", expires_at=row[6] or _NO_END, token_hash=hashed, by_key=True)


async def _note_use(conn: Connection, update: LiteralString, hashed: bytes, now: int) -> None:
    """Note a use; where nothing can be written, a full disk for one, who is signed in still reads."""
    with suppress(OperationalError, InternalError):
        await conn.execute(f"{update} = to_timestamp(%s / 1000.0) where token_hash = %s", (now, hashed))


async def close_session(conn: Connection, hashed: bytes) -> None:
    """Sign out."""
    await conn.execute("delete from session where token_hash = %s", (hashed,))


async def issue_signin_link(conn: Connection, account: str, now: int) -> str:
    """A token for ``/signin/{token}``, good once and for 30 minutes."""
    token = secrets.token_urlsafe(24)
    await conn.execute(
        "insert into signin_link (token_hash, account, expires_at) values (%s, %s, to_timestamp(%s / 1000.0))",
        (token_hash(token), account, now + LINK_MS),
    )
    return token


async def redeem_signin_link(
    conn: Connection,
    token: str,
    now: int,
    rules: SessionRules = USUAL,
    *,
    address: str | None = None,
    agent: str | None = None,
) -> tuple[Account, NewSession] | None:
    """Turn a link's token into a session; None when it is unknown, used, expired, or its account disabled."""
    async with conn.transaction():
        cursor = await conn.execute(
            "update signin_link l set used_at = to_timestamp(%(now)s / 1000.0) from account a"
            " where l.token_hash = %(hash)s and l.used_at is null and l.expires_at > to_timestamp(%(now)s / 1000.0)"
            f" and a.id = l.account and not a.disabled returning {_ACCOUNT}",
            {"hash": token_hash(token), "now": now},
        )
        row = await cursor.fetchone()
        if row is None:
            return None
        account = Account(id=row[0], username=row[1], display_name=row[2], role=row[3], sites=row[4], language=row[5])
        return account, await open_session(conn, account.id, now, rules, address=address, agent=agent)


async def drop_expired(conn: Connection, now: int) -> int:
    """Forget sessions, links and idempotency keys whose time is over; how many they were."""
    moment = (now,)
    gone = 0
    for statement in (
        f"delete from session where expires_at <= to_timestamp(%s / 1000.0) - interval '{_TOLD_DAYS} day'",
        "delete from signin_link where expires_at <= to_timestamp(%s / 1000.0)",
        f"delete from idempotency where at <= to_timestamp(%s / 1000.0) - interval '{IDEMPOTENCY_DAYS} day'",
    ):
        gone += (await conn.execute(statement, moment)).rowcount
    return gone + await forget_failures(conn, now) + await forget_unused(conn, now)
