"""What came in from outside, to be read: newest first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from gateway.store.connection import Connection


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that came in at ``t`` (ms). ``name``: whom of ours the number was; ``answered``: with what template."""

    id: str
    t: int
    channel: str
    sender: str
    name: str | None
    body: str
    meaning: str
    alarm: UUID | None
    message: int | None
    answered: str | None

    @property
    def cursor(self) -> str:
        """Where the page behind it begins."""
        return f"{self.t}_{self.id}"


async def replies(
    conn: Connection, *, sites: Sequence[str], meaning: str | None, before: str | None, limit: int
) -> list[Reply]:
    """The newest answers. ``sites``: those of the reader, empty for all; strangers' have none.

    Raises:
        ValueError: ``before`` is no ``cursor`` of an answer.
    """
    t, _, key = ("", "", "") if before is None else before.partition("_")
    cursor = await conn.execute(
        "select i.provider_id, i.received_at, i.channel, i.sender, nullif(m.name, ''), i.body, i.meaning, i.alarm,"
        " i.message, i.answer ->> 'template'"
        " from inbound_message i left join message m on m.id = i.message"
        " where (m.site is null or %(sites)s::text[] = '{}' or m.site = any(%(sites)s))"
        " and (%(meaning)s::text is null or i.meaning = %(meaning)s)"
        " and (%(t)s::bigint is null or (i.received_at, i.provider_id) < (%(t)s, %(key)s))"
        " order by i.received_at desc, i.provider_id desc limit %(limit)s",
        {"sites": list(sites), "meaning": meaning, "t": int(t) if before else None, "key": key, "limit": limit},
    )
    fields = Reply.__struct_fields__
    return [Reply(**dict(zip(fields, row, strict=True))) for row in await cursor.fetchall()]
