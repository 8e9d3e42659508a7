"""People who were told of an alarm, and the links of their messages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from alerts.alarm import Alarm
from alerts.ports import NewMessage, Role
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import Connection
from gateway.store.links import create_link


async def told(
    store: PostgresAlarmStore, conn: Connection, alarm: Alarm, record: dict[str, Any], role: Role, now: int
) -> str:
    """Tell a contact, a responder or (by ``username``) an account of an alarm; the token of their link."""
    return await _link(store, conn, record, role, now, alarm=alarm.id, site=alarm.site, resident=alarm.resident)


async def told_of_several(
    store: PostgresAlarmStore, conn: Connection, alarms: list[Alarm], record: dict[str, Any], role: Role, now: int
) -> str:
    """The same in one message about many alarms."""
    several = tuple(alarm.id for alarm in alarms)
    return await _link(store, conn, record, role, now, site=alarms[0].site, alarms=several, template="bundle")


async def _link(
    store: PostgresAlarmStore,
    conn: Connection,
    record: dict[str, Any],
    role: Role,
    now: int,
    *,
    site: str,
    alarm: UUID | None = None,
    alarms: tuple[UUID, ...] = (),
    resident: str | None = None,
    template: str = "alarm",
) -> str:
    message = NewMessage(
        alarm=alarm,
        alarms=alarms,
        site=site,
        resident=resident,
        contact=record.get("id") if role == "family" else None,
        responder=record.get("id") if role in ("neighbour", "grid_worker", "volunteer") else None,
        account=record.get("username"),
        role=role,
        name=record.get("name", ""),
        recipient=record["phone"],
        template=template,
        params={},
        language=record.get("language", "zh"),
    )
    async with store.transaction() as tx:
        queued = await tx.queue(message, now)
    await conn.execute("update message set state = 'sent' where id = %s", (queued,))
    token = await create_link(conn, queued, now)
    assert token is not None
    return token
