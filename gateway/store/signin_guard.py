"""Guessing made slow: failed sign-ins counted in the database, over addresses, restarts and consoles.

What is counted is a user name, whether anybody has it or not; of a browser in which an account has signed in before,
that browser and name apart. So whoever guesses from elsewhere locks themselves out and not the desk.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from gateway.store.connection import Connection

FREE: Final = 10
"""So many failures lock for the first time; NIST SP 800-63B, 3.2.2, allows a hundred."""
MORE: Final = 5
"""After that, so many lock again, for twice as long."""
FIRST_MS: Final = MINUTE_MS
LONGEST_MS: Final = HOUR_MS
FORGOTTEN_MS: Final = DAY_MS
"""After so long without a failure it begins anew. Source of all but the first: assumption, ADR 42."""
_NAME_AT_MOST: Final = 200


class Attempt(NamedTuple):
    """Whether a password may be tried: ``wait_ms`` 0; ``locked_ms``: this failure, if it is one, locks for so long."""

    wait_ms: int
    locked_ms: int


class Locked(NamedTuple):
    """A name that is locked until then, ms."""

    username: str
    until: int
    failures: int


def of_name(username: str) -> str:
    """The key under which a name is counted over all browsers that are not known."""
    return f"name:{username[:_NAME_AT_MOST]}"


def of_browser(username: str, browser: str) -> str:
    """The key of a name in one known browser; ``browser``: what names it."""
    return f"browser:{browser[:64]}:{username[:_NAME_AT_MOST]}"


def lock_ms(failures: int) -> int:
    """For how long a failure locks, the ``failures``-th in a row; mostly 0."""
    if failures < FREE or (failures - FREE) % MORE:
        return 0
    return int(min(FIRST_MS * 2 ** min((failures - FREE) // MORE, 16), LONGEST_MS))


async def attempt(conn: Connection, key: str, now: int) -> Attempt:
    """Count an attempt at ``now`` (ms) as failed until ``succeeded``, so that simultaneous guesses are all counted."""
    async with conn.transaction():
        await conn.execute(
            "insert into signin_guard (key, failures, last_ms) values (%s, 0, %s) on conflict do nothing", (key, now)
        )
        cursor = await conn.execute(
            "select failures, last_ms, locked_until_ms from signin_guard where key = %s for update", (key,)
        )
        row = await cursor.fetchone()
        assert row is not None
        if row[2] > now:
            return Attempt(row[2] - now, 0)
        failures = 1 if now - row[1] >= FORGOTTEN_MS else row[0] + 1
        locks = lock_ms(failures)
        await conn.execute(
            "update signin_guard set failures = %s, last_ms = %s, locked_until_ms = %s where key = %s",
            (failures, now, now + locks if locks else 0, key),
        )
        return Attempt(0, locks)


async def succeeded(conn: Connection, key: str) -> None:
    """The password was right: what failed before is forgotten."""
    await conn.execute("delete from signin_guard where key = %s", (key,))


async def unlock(conn: Connection, username: str, now: int) -> bool:
    """Open a name again, everywhere; whether it was locked anywhere at ``now`` (ms)."""
    name = username[:_NAME_AT_MOST]
    cursor = await conn.execute(
        "delete from signin_guard where key = %(key)s or (key like 'browser:%%' and split_part(key, ':', 3) = %(name)s)"
        " returning locked_until_ms > %(now)s",
        {"key": of_name(username), "name": name, "now": now},
    )
    return any(row[0] for row in await cursor.fetchall())


async def locked_names(conn: Connection, now: int) -> list[Locked]:
    """The names of accounts that are locked at ``now`` (ms) for browsers that are not known; those ended apart."""
    cursor = await conn.execute(
        "select a.username, g.locked_until_ms, g.failures from signin_guard g"
        " join account a on g.key = 'name:' || a.username"
        " where g.locked_until_ms > %s and not a.disabled order by a.username",
        (now,),
    )
    return [Locked(*row) for row in await cursor.fetchall()]


async def forget_failures(conn: Connection, now: int) -> int:
    """Forget what failed long ago; how many names that were."""
    return (await conn.execute("delete from signin_guard where last_ms < %s", (now - FORGOTTEN_MS,))).rowcount
