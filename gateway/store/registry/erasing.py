"""What is removed of somebody who left long ago: all that names, describes or reaches them and their family.

Readings, alarms and figures stay under the slot and the id, which mean nobody any more. The history is
blanked too, in place: its versions are what the engine is rebuilt by.
"""

from __future__ import annotations

from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from gateway.store.connection import Connection
from gateway.store.registry.holding import hold_registry
from gateway.store.registry.writing import writing
from gateway.store.search_index import catch_up

RETENTION: Final = "retention"
"""The actor of these changes in the history."""

AT_ONCE: Final = 500
"""People whose data is removed in one transaction, so that the registry is not locked for long."""

_OF_THE_MAP: Final[tuple[LiteralString, ...]] = ("find_look", "find_link")
"""Who looked for somebody, and what they were told to look for."""

_BLANK: Final[dict[LiteralString, dict[str, Any]]] = {
    "resident": {
        "name": "", "phone": None, "birth_year": None, "address": {}, "card": {}, "home_lat": None,
        "home_lon": None, "external_id": None, "household": None, "accompanied_until": None,
    },
    "contact": {"name": "", "phone": "", "relation": ""},
    "consent": {"guardian": None, "reason": None},
    "fence": {"name": "", "circle_lat": None, "circle_lon": None, "radius_m": None, "polygon": None, "active": None},
    "care_plan": {"name": ""},
    "household": {"name": "", "address": {}},
}  # fmt: skip
"""What a record of the history looks like afterwards, by table."""


async def erase_left(conn: Connection, before_ms: int) -> int:
    """Remove the data of those who left before ``before_ms``; how many they are.

    Records that somebody removed before then are blanked in the history as well.
    """
    erased = 0
    while (some := await _erase_some(conn, before_ms)) > 0:
        erased += some
    async with writing(conn, RETENTION):
        for table in _BLANK:
            await _blank(
                conn,
                table,
                "exists (select from registry_change gone where gone.entity = c.entity and gone.key = c.key"
                " and gone.record is null and gone.version > c.version and gone.at < to_timestamp(%(who)s / 1000.0))",
                before_ms,
            )
    await catch_up(conn)
    return erased


async def _erase_some(conn: Connection, before_ms: int) -> int:
    async with writing(conn, RETENTION):
        await hold_registry(conn)
        cursor = await conn.execute(
            "select id, slot, household from resident where left_at < to_timestamp(%s / 1000.0)"
            " and erased_at is null order by id limit %s for update",
            (before_ms, AT_ONCE),
        )
        people = await cursor.fetchall()
        ids, slots = [row[0] for row in people], [row[1] for row in people]
        if not ids:
            return 0
        await _forget_what_was_said(conn, ids, slots)
        await conn.execute("delete from contact where resident_slot = any(%s)", (slots,))
        await conn.execute("delete from consent where resident_slot = any(%s)", (slots,))
        await conn.execute("delete from fence where resident_slot = any(%s)", (slots,))
        await conn.execute("delete from care_plan where resident_slot = any(%s)", (slots,))
        await conn.execute("delete from check_window where resident_slot = any(%s)", (slots,))
        await conn.execute("delete from learned_places where resident_slot = any(%s)", (slots,))
        await conn.execute("delete from parameter where resident = any(%s)", (ids,))
        await conn.execute(
            "update resident set name = '#' || slot, phone = null, birth_year = null, address = '{}', card = '{}',"
            " home_lat = null, home_lon = null, external_id = null, household = null, until = null,"
            " accompanied_until = null, updated_at = now(), erased_at = now() where id = any(%s)",
            (ids,),
        )
        await _blank(conn, "resident", "c.key = any(%(who)s)", ids)
        for table in ("contact", "consent", "fence", "care_plan"):
            await _blank(conn, table, "(c.record ->> 'resident_slot')::integer = any(%(who)s)", slots)
        homes = [row[2] for row in people if row[2] is not None]
        cursor = await conn.execute(
            "update household h set name = '#', address = '{}' where id = any(%s)"
            " and not exists (select from resident r where r.household = h.id) returning id",
            (homes,),
        )
        await _blank(conn, "household", "c.key = any(%(who)s)", [row[0] for row in await cursor.fetchall()])
        return len(ids)


async def _forget_what_was_said(conn: Connection, ids: list[str], slots: list[int]) -> None:
    """The phones and names in messages, their links, what was answered, and what was noted of requests."""
    cursor = await conn.execute(
        "update message set recipient = '', name = '', params = '{}' where state not in ('queued', 'sending')"
        " and (resident = any(%s) or contact in (select c.id from contact c where c.resident_slot = any(%s)))"
        " returning id",
        (ids, slots),
    )
    messages = [row[0] for row in await cursor.fetchall()]
    await conn.execute(
        "delete from message_link l using alarm a"
        " where a.id = l.alarm and (l.message = any(%s) or a.resident = any(%s))",
        (messages, ids),
    )
    for table in _OF_THE_MAP:
        await conn.execute(f"delete from {table} k using alarm a where a.id = k.alarm and a.resident = any(%s)", (ids,))
    await conn.execute(
        "update inbound_message i set sender = '', body = '', answer = null where i.message = any(%s)"
        " or i.alarm in (select a.id from alarm a where a.resident = any(%s))",
        (messages, ids),
    )
    await conn.execute(
        "update check_outcome set kept_by = case when kept_by is not null then '' end, note = null,"
        " calls = '[]', past = past - 'plan_name' where resident_slot = any(%s)",
        (slots,),
    )
    await conn.execute("delete from sighting_note where resident_slot = any(%s)", (slots,))
    await conn.execute(
        "update service_request q set note = null, answer = null where q.resident = any(%(ids)s) or exists ("
        " select from assignment n where n.device_slot = q.device_slot and n.resident_slot = any(%(slots)s)"
        " and q.t >= to_timestamp(n.from_ms / 1000.0)"
        " and (n.to_ms is null or q.t < to_timestamp(n.to_ms / 1000.0)))",
        {"ids": ids, "slots": slots},
    )


async def _blank(conn: Connection, table: LiteralString, condition: LiteralString, who: object) -> None:
    """Blank the history's records of a table that meet a condition; ``erased_at`` marks those that are."""
    await conn.execute(
        "update registry_change c set record = c.record || %(blank)s || jsonb_build_object('erased_at', now())"
        f" where c.entity = %(table)s and c.record is not null and c.record ->> 'erased_at' is null and {condition}",
        {"table": table, "blank": Jsonb(_BLANK[table]), "who": who},
    )
