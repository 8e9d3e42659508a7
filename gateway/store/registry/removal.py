"""Removing records."""

from __future__ import annotations

from typing import TypeVar

from devices.refusals import Refusal
from gateway.store.active import ACTIVE_STATES
from gateway.store.connection import Connection
from gateway.store.errors import Conflict
from gateway.store.registry.holding import hold_registry
from gateway.store.registry.views import VIEWS
from gateway.store.registry.writing import key_of, writing
from gateway.store.registry_records import Record, Resident, Site

R = TypeVar("R", bound=Record)


async def remove(conn: Connection, actor: str, kind: type[R], key: str) -> bool:
    """Remove a site, household, resident, contact or fence; devices are revoked instead.

    With a resident go contacts, consents, zones, own limits, promised checks and the record of who wore what; with a
    site what was set for it.

    Raises:
        Conflict: Something still refers to it, or the resident has an active alarm.
    """
    async with writing(conn, actor):
        if kind is Resident:
            await _let_go(conn, key)
        if kind is Site and await key_of(
            conn, "select id from device where site = %(id)s and not revoked limit 1", {"id": key}
        ):
            raise Conflict(Refusal("site.has_devices", "the site still has devices"))
        if kind is Site:
            for table in ("parameter", "shift", "escalation_policy", "handover", "holiday"):
                await conn.execute(f"delete from {table} where site = %s", (key,))
        cursor = await conn.execute(f"delete from {VIEWS[kind].table} where id = %s", (key,))
        return cursor.rowcount == 1


async def _let_go(conn: Connection, resident: str) -> None:
    await hold_registry(conn)
    active = await key_of(
        conn,
        f"select id from alarm where resident = %(id)s and state in {ACTIVE_STATES} limit 1",
        {"id": resident},
    )
    if active is not None:
        raise Conflict(Refusal("resident.has_alarm", "the resident has an active alarm"))
    await conn.execute("delete from parameter where resident = %s", (resident,))
    slot = "(select slot from resident where id = %s)"
    for table in (
        "contact", "consent", "fence", "assignment", "care_plan", "check_window", "check_outcome", "sighting",
        "sighting_note", "absence_question",
    ):  # fmt: skip
        await conn.execute(f"delete from {table} where resident_slot = {slot}", (resident,))
