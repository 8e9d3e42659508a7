"""Who saw or spoke to a resident and vouches for them: the newest for the engine, all of them for people to read."""

from __future__ import annotations

from typing import NamedTuple

from gateway.store.checks import How
from gateway.store.connection import Connection


async def note_sighting(
    conn: Connection, resident: str, *, at: int, by: str, how: How, note: str | None = None
) -> None:
    """Write down that ``by`` vouches for a resident at ``at`` (ms). Joins the transaction.

    Numbers a change of the registry: in a transaction that locks messages too, call it first, as whoever removes a
    resident takes these locks in that order. An older sighting than the newest is noted and moves nothing.
    """
    await conn.execute("select set_config('anxin.actor', %s, true)", (by,))
    await conn.execute(
        "insert into sighting (id, resident_slot, at_ms) select id, slot, %s from resident where id = %s"
        " on conflict (id) do update set at_ms = excluded.at_ms where sighting.at_ms < excluded.at_ms",
        (at, resident),
    )
    await conn.execute(
        "insert into sighting_note (resident_slot, at_ms, actor, how, note)"
        " select slot, %s, %s, %s, %s from resident where id = %s",
        (at, by, how, note, resident),
    )


class Sighting(NamedTuple):
    """When (ms) somebody vouched for a resident, who and how; ``actor``: a user name, or what people call them."""

    at: int
    actor: str
    how: How


async def last_sighting(conn: Connection, resident: str) -> Sighting | None:
    """The newest, None when nobody has vouched for them yet."""
    cursor = await conn.execute(
        "select n.at_ms, coalesce(c.name, p.name, case when n.actor = 'resident:' || r.id then r.name end,"
        " regexp_replace(n.actor, '^group:', '')), n.how"
        " from sighting_note n join resident r on r.slot = n.resident_slot"
        " left join contact c on n.actor = 'contact:' || c.id left join responder p on n.actor = 'responder:' || p.id"
        " where r.id = %s order by n.at_ms desc, n.n desc limit 1",
        (resident,),
    )
    row = await cursor.fetchone()
    return None if row is None else Sighting(*row)
