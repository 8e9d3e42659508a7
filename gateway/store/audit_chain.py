"""Whether the audit log is what it was when it was written: its chain, recomputed outside the database.

Each entry's hash covers the entry and the hash before it, so that whoever changes, removes or slips in one must
change all after it. An end that was cut off shows only against a head that was kept elsewhere: ``expected``. So heads
are printed where no database reaches: on each emergency sheet, and in the log of the dispatcher (ADR 42).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final, LiteralString, NamedTuple, Self

from gateway.store.connection import Connection

START: Final = hashlib.sha256(b"anxin audit log").digest()
_PAGE: Final = 5_000

_SAID: Final[LiteralString] = (
    "jsonb_build_array(n, piece, at_ms, act, actor, via, what, subject, resident, alarm, site, purpose, address,"
    " detail)::text"
)


SHOWN: Final = 20
"""Of the 64 digits of a hash so many are printed on paper: 80 bits, more than anybody forges. Assumption, ADR 42."""
SHORTEST: Final = 16
"""Fewer digits of a hash that was kept prove nothing."""
_HEAD: Final = re.compile(r"(\d{1,18}):([0-9a-f]+)")


class Head(NamedTuple):
    """The end of the chain: the number of its newest entry, and that entry's hash (hex)."""

    n: int
    hash: str

    def __str__(self) -> str:
        """As people copy it from paper: ``48211:9f2c-41ab-77e0-1d35-88aa``."""
        digits = self.hash[:SHOWN]
        return f"{self.n}:" + "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))

    @classmethod
    def parse(cls, text: str) -> Self:
        """``N:HASH``, whole or as it stands on paper. Raises ``ValueError``."""
        told = _HEAD.fullmatch("".join(c for c in text.lower() if c not in "- "))
        if told is None or not SHORTEST <= len(told[2]) <= 64:
            raise ValueError(text)
        return cls(int(told[1]), told[2])


async def head_of(conn: Connection) -> Head | None:
    """Where the chain ends now; None while nothing was ever written."""
    cursor = await conn.execute(
        "select n, encode(hash, 'hex') from ((select n, hash from audit_entry order by n desc limit 1) union all"
        " (select last_n, head from audit_piece where ended_at is not null order by piece desc limit 1)) e"
        " order by n desc limit 1"
    )
    row = await cursor.fetchone()
    return None if row is None else Head(*row)


class Broken(NamedTuple):
    """The first entry that does not follow from those before it, and what is wrong there."""

    n: int
    why: str


class Verified(NamedTuple):
    """A look at the whole chain: ``n`` and ``head`` (hex) of its end; ``broken`` None when all of it holds.

    ``checked``: whether it was compared with the head that was expected; False where that entry has ended with its
    piece, None where none was.
    """

    entries: int
    pieces_ended: int
    n: int
    head: str
    broken: Broken | None
    checked: bool | None = None


async def verify(conn: Connection, expected: Head | None = None) -> Verified:
    """Recompute the chain from what is left of the pieces that ended; ``expected``: a head of before."""
    async with conn.transaction():
        await conn.execute("set transaction isolation level repeatable read read only")
        return await _verify(conn, expected)


async def _verify(conn: Connection, expected: Head | None) -> Verified:
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
    return Verified(chain.entries, ended, chain.n, chain.head.hex(), broken, chain.checked)


class _Chain:
    """The chain as far as it has been followed; every step says what breaks it, if something does."""

    def __init__(self, expected: Head | None) -> None:
        self.n = 0
        self.head = START
        self.entries = 0
        self._expected = expected
        self._at_expected: str | None = None

    @property
    def checked(self) -> bool | None:
        return None if self._expected is None else self._at_expected is not None

    def begins(self, piece: int, first_n: int, anchor: bytes) -> Broken | None:
        if first_n != self.n + 1:
            return Broken(self.n + 1, f"piece {piece} begins with {first_n}: entries are missing")
        if anchor != self.head:
            return Broken(first_n, f"piece {piece} does not follow from what is before it")
        return None

    def stands(self, n: int, head: bytes) -> None:
        self.n, self.head = n, head
        if self._expected is not None and self._expected.n == n:
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
        if self._at_expected is not None and not self._at_expected.startswith(head):
            return Broken(n, "its hash is not the one that was kept: the log was written anew")
        return None


async def _page(conn: Connection, piece: int, after: int) -> list[tuple[int, str, bytes]]:
    cursor = await conn.execute(
        f"select n, {_SAID}, hash from audit_entry where piece = %s and n > %s order by n limit {_PAGE}",
        (piece, after),
    )
    return await cursor.fetchall()
