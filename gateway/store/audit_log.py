"""The audit log: who looked at whom, who signed in, what left the house. Added to, never changed (ADR 42).

The database numbers and chains what is appended, and refuses every change of it; see migration 20.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, LiteralString
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from devices.clock import DAY_MS
from gateway.store.connection import Connection

KEPT_AT_LEAST_DAYS: Final = 183
"""The database refuses to end a younger piece. Source: Cybersecurity Law of the PRC, article 21 (3): six months."""
_LOCK_WAIT: Final = "400ms"
"""How long an entry waits for those before it, each of which takes a commit."""
_LONGEST: Final = "2s"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is written down; times in ms.

    ``act``: ``look``, ``export``, ``signin``, ``signin_refused``, ``locked``, ``unlocked``, ``password``,
    ``sessions_ended``. ``via``: ``console``, ``token`` (another system) or ``command line``. ``what``: of a look, at
    what; of the others, how. ``subject``: what it is about where that is neither resident nor alarm, as ``type:id``.
    """

    act: str
    at: int
    actor: str | None = None
    via: str | None = None
    what: str | None = None
    subject: str | None = None
    resident: str | None = None
    alarm: UUID | None = None
    site: str | None = None
    purpose: str | None = None
    address: str | None = None
    detail: dict[str, str | int] = {}


_COLUMNS: Final[LiteralString] = (
    "act, at_ms, actor, via, what, subject, resident, alarm, site, purpose, address, detail"
)


async def append(conn: Connection, entries: Sequence[Entry]) -> None:
    """Write entries down, in their order, all or none; returns when they are safe.

    Raises:
        psycopg.Error: the database is away, full, or busy with an entry that takes too long.
    """
    async with conn.transaction():
        await conn.execute(
            "select set_config('lock_timeout', %s, true), set_config('statement_timeout', %s, true)",
            (_LOCK_WAIT, _LONGEST),
        )
        for entry in map(_storable, entries):
            await conn.execute(
                f"insert into audit_entry ({_COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    entry.act, entry.at, entry.actor, entry.via, entry.what, entry.subject, entry.resident, entry.alarm,
                    entry.site, entry.purpose, entry.address, Jsonb(entry.detail),
                ),
            )  # fmt: skip


def _storable(entry: Entry) -> Entry:
    """The entry without what PostgreSQL keeps in no text: one that it never takes would hold up all after it."""
    texts = {name: _clean(value) for name, value in msgspec.structs.asdict(entry).items() if isinstance(value, str)}
    detail = {name: _clean(value) if isinstance(value, str) else value for name, value in entry.detail.items()}
    return msgspec.structs.replace(entry, **texts, detail=detail)


def _clean(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


async def end_audit(conn: Connection, before: int) -> int:
    """End the pieces whose entries are all older than ``before`` (ms), and half a year; how many entries went."""
    row = await (await conn.execute("select (extract(epoch from now()) * 1000)::bigint")).fetchone()
    assert row is not None
    latest = min(before, int(row[0]) - KEPT_AT_LEAST_DAYS * DAY_MS)
    gone = 0
    while True:
        found = await (await conn.execute("select end_audit_piece(%s)", (latest,))).fetchone()
        if found is None or found[0] == 0:
            return gone
        gone += int(found[0])
