"""Somebody goes along with a resident: written down, and on the timeline of what sounds because they are out."""

from __future__ import annotations

from alerts import shared_map
from alerts.consequences import keep
from alerts.escalation import effects
from gateway.store.alarms import PostgresAlarmTransaction
from gateway.store.connection import Connection
from gateway.store.registry import accompany
from gateway.store.registry_records import Resident


async def accompany_noted(
    conn: Connection, actor: str, resident: str, until_ms: int | None, *, now: int, note: str | None = None
) -> Resident:
    """Somebody is with them until then (ms), None: nobody is. The registry is taken after alarms, before their steps.

    Raises:
        MissingRecord: There is no such resident.
    """
    async with conn.transaction():
        work = PostgresAlarmTransaction(conn)
        alarms = [alarm for alarm in await work.lock_active_of("resident", resident) if alarm.kind == "wandering"]
        changed = await accompany(conn, actor, resident, until_ms)
        for alarm in alarms:
            after = shared_map.accompanied(alarm, actor, until_ms, now, note)
            await keep(work, alarm, after, effects(alarm, after, now), now)
        await work.finish()
        return changed
