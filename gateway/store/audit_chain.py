"""Whether the audit log is what it was when it was written: its chain, recomputed outside the database.

Each entry's hash covers the entry and the hash before it, so that whoever changes, removes or slips in one must
change all after it. An end that was cut off shows only against a head that was kept elsewhere: ``expected``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, LiteralString, NamedTuple

from gateway.store.connection import Connection

START: Final = hashlib.sha256(b"anxin audit log").digest()
_PAGE: Final = 5_000

_SAID: Final[LiteralString] = (
    "jsonb_build_array(n, piece, at_ms, act, actor, via, what, subject, resident, alarm, site, purpose, address,"
    " detail)::text"
)


class Broken(NamedTuple):
    """The first entry that does not follow from those before it, and what is wrong there."""

    n: int
    why: str


class Verified(NamedTuple):
    """A look at the whole chain: ``n`` and ``head`` (hex) of its end; ``broken`` None when all of it holds."""

    entries: int
    pieces_ended: int
    n: int
    head: str
    broken: Broken | None


async def verify(conn: Connection, expected: tuple[int, str] | None = None) -> Verified:
    """Recompute the chain from what is left of the pieces that ended; ``expected``: an ``n`` and its hash (hex)."""
    async with conn.transaction():
        await conn.execute("set transaction isolation level repeatable read read only")
        return await _verify(conn, expected)


async def _verify(conn: Connection, expected: tuple[int, str] | None) -> Verified:
    cursor = await conn.execute(
        "select piece, first_n, anchor, last_n, head, ended_at is not null from audit_piece order by piece"
    )
    chain = _Chain(expected)
    ended = 0
    broken = None
    for piece, first_n, anchor, last_n, head, is_ended in await cursor.fetchall():
        broken = chain.begins(piece, first_n, bytes(anchor))
        if broken is None and is_ended:
            ended += 1
            chain.stands(last_n, bytes(head))
        while broken is None and not is_ended and (rows := await _page(conn, piece, chain.n)):
            broken = chain.follow(rows)
        if broken is not None:
            break
    if broken is None:
        row = await (await conn.execute("select coalesce(max(n), 0) from audit_entry")).fetchone()
        broken = chain.ends(0 if row is None else row[0])
    return Verified(chain.entries, ended, chain.n, chain.head.hex(), broken)


class _Chain:
    """The chain as far as it has been followed; every step says what breaks it, if something does."""

    def __init__(self, expected: tuple[int, str] | None) -> None:
        self.n = 0
        self.head = START
        self.entries = 0
        self._expected = expected
        self._at_expected: str | None = None

    def begins(self, piece: int, first_n: int, anchor: bytes) -> Broken | None:
        if first_n != self.n + 1:
            return Broken(self.n + 1, f"piece {piece} begins with {first_n}: entries are missing")
        if anchor != self.head:
            return Broken(first_n, f"piece {piece} does not follow from what is before it")
        return None

    def stands(self, n: int, head: bytes) -> None:
        self.n, self.head = n, head
        if self._expected is not None and self._expected[0] == n:
            self._at_expected = head.hex()

    def follow(self, rows: Sequence[tuple[int, str, bytes]]) -> Broken | None:
        for n, said, kept in rows:
            if n != self.n + 1:
                return Broken(self.n + 1, "the entry is missing")
            computed = hashlib.sha256(self.head + said.encode()).digest()
            if computed != bytes(kept):
                return Broken(n, "the entry is not what was written, or one before it is not")
            self.stands(n, computed)
            self.entries += 1
        return None

    def ends(self, newest: int) -> Broken | None:
        if newest > self.n:
            return Broken(self.n + 1, "an entry stands outside of every piece")
        if self._expected is None:
            return None
        n, head = self._expected
        if n > self.n:
            return Broken(self.n + 1, f"entry {n} was there once: the end was cut off")
        if self._at_expected is not None and self._at_expected != head:
            return Broken(n, "its hash is not the one that was kept: the log was written anew")
        return None


async def _page(conn: Connection, piece: int, after: int) -> list[tuple[int, str, bytes]]:
    cursor = await conn.execute(
        f"select n, {_SAID}, hash from audit_entry where piece = %s and n > %s order by n limit {_PAGE}",
        (piece, after),
    )
    return await cursor.fetchall()
