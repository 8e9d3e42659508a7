"""What a status brings about: what ends with somebody who has moved or died, and who is looked after again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from devices.absence import MAY_END
from devices.refusals import Refusal
from gateway.store.connection import Connection
from gateway.store.errors import Conflict
from gateway.store.registry.reading import require, stored
from gateway.store.registry.writing import writing
from gateway.store.registry_records import Resident
from gateway.store.who_left import FOR_WHO_LEFT, LEFT

UNTIL: Final = "until"
"""Who resumes what had an end: the actor of that change in the history."""


async def end_what_ends(conn: Connection, now: int, residents: Sequence[str] | None = None) -> None:
    """Take the bands of those who have left out of their hands, and back what was queued for their family.

    Call it in the transaction that changed a status. ``residents``: their ids; None for all. Ending twice
    changes nothing. ``now`` in ms.
    """
    await conn.execute(
        "update assignment n set to_ms = greatest(%(now)s, n.from_ms + 1) from resident r"
        " where r.slot = n.resident_slot and n.to_ms is null and r.left_at is not null and r.status = any(%(left)s)"
        " and (%(residents)s::text[] is null or r.id = any(%(residents)s))",
        {"now": now, "left": LEFT, "residents": None if residents is None else list(residents)},
    )
    await conn.execute(
        "update message m set state = 'withdrawn', reason = 'resident_left', finished_at = %(now)s"
        f" where m.state = 'queued' and {FOR_WHO_LEFT}",
        {"now": now, "left": LEFT},
    )


async def resume_due(conn: Connection, now_ms: int) -> int:
    """Look after everybody again whose absence has ended; how many they are.

    Monitoring that nobody resumes would fail in silence. It also ends what must end for those who have left,
    however their status came to be written.
    """
    async with writing(conn, UNTIL):
        cursor = await conn.execute(
            "update resident set status = 'active', until = null, updated_at = now()"
            " where until <= to_timestamp(%s / 1000.0) and status in ('away', 'hospital', 'paused')",
            (now_ms,),
        )
        await end_what_ends(conn, now_ms)
        return cursor.rowcount


async def answer_absence(conn: Connection, actor: str, resident: str, until_ms: int | None) -> Resident:
    """Look after somebody again, or keep them away until then (ms). The same again changes nothing.

    Raises:
        MissingRecord: There is no such resident.
        Conflict: They have left, or are to stay away and are back: somebody else may have answered.
    """
    async with writing(conn, actor):
        current = await require(conn, Resident, resident, "resident")
        cursor = await conn.execute(
            "update resident set status = case when %(until)s::int8 is null then 'active' else status end,"
            " until = to_timestamp(%(until)s::int8 / 1000.0), updated_at = now()"
            " where id = %(id)s and status = any(%(away)s)",
            {"id": resident, "until": until_ms, "away": sorted(MAY_END)},
        )
        if cursor.rowcount == 0 and (current.status != "active" or until_ms is not None):
            raise Conflict(
                Refusal("absence.not_away", "the resident is not away: their status is {status}", status=current.status)
            )
        return await stored(conn, Resident, resident)
