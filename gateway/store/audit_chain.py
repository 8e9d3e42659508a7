"""Whether the audit log is what it was when it was written: its chain, recomputed outside the database.

Each entry's hash covers the entry and the hash before it, so that whoever changes, removes or slips in one must
change all after it. An end that was cut off shows only against a head that was kept elsewhere: ``expected``.
"""

from __future__ import annotations

import hashlib
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
    pieces = await cursor.fetchall()
    ended = sum(bool(piece[5]) for piece in pieces)
    n, head, entries = 0, START, 0
    known = {0: START.hex()}

    def found(broken: Broken | None) -> Verified:
        return Verified(entries, ended, n, head.hex(), broken)

    for piece, first_n, anchor, last_n, end, is_ended in pieces:
        if first_n != n + 1:
            return found(Broken(n + 1, f"piece {piece} begins with {first_n}: entries are missing"))
        if bytes(anchor) != head:
            return found(Broken(first_n, f"piece {piece} does not follow from what is before it"))
        if is_ended:
            n, head = last_n, bytes(end)
            known[n] = head.hex()
            continue
        while rows := await _page(conn, piece, n):
            for number, said, kept in rows:
                if number != n + 1:
                    return found(Broken(n + 1, "the entry is missing"))
                computed = hashlib.sha256(head + said.encode()).digest()
                if computed != bytes(kept):
                    return found(Broken(number, "the entry is not what was written, or one before it is"))
                n, head = number, computed
                entries += 1
                if expected is not None and expected[0] == n:
                    known[n] = head.hex()
    row = await (await conn.execute("select max(n) from audit_entry")).fetchone()
    if row is not None and row[0] is not None and row[0] > n:
        return found(Broken(n + 1, "an entry stands outside of every piece"))
    if expected is not None and expected[0] > n:
        return found(Broken(n + 1, f"entry {expected[0]} was there once: the end was cut off"))
    if expected is not None and known.get(expected[0], expected[1]) != expected[1]:
        return found(Broken(expected[0], "its hash is not the one that was kept: the log was written anew"))
    return found(None)


async def _page(conn: Connection, piece: int, after: int) -> list[tuple[int, str, bytes]]:
    cursor = await conn.execute(
        f"select n, {_SAID}, hash from audit_entry where piece = %s and n > %s order by n limit {_PAGE}",
        (piece, after),
    )
    return await cursor.fetchall()
