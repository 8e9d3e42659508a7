"""After an outage: what the gateway said by itself goes onto the alarm's timeline and into the outbox."""

from __future__ import annotations

from uuid import UUID

from alerts.alarm import Alarm, TimelineEntry
from alerts.consequences import keep
from alerts.escalation import Effects
from gateway.emergency import Emergency
from gateway.store.alarm_list import site_of_alarm
from gateway.store.alarms import PostgresAlarmTransaction
from gateway.store.connection import Connection
from gateway.store.emergencies import SaidAlready, insert_said


async def write_down(connection: Connection, alarm_id: UUID, emergency: Emergency) -> bool:
    """Write down what became of an alarm's calls; False while the alarm is not stored yet.

    From now on the emergency numbers are among those who were told: they hear the end like everybody else, at once
    if the alarm has ended already.
    """
    if await site_of_alarm(connection, alarm_id) is None:
        return False
    said = await emergency.conclude(alarm_id)
    if said:
        async with connection.transaction():
            work = PostgresAlarmTransaction(connection)
            alarm = await work.lock(alarm_id)
            assert alarm is not None  # alarms are never deleted
            for each in said:
                await insert_said(connection, each)
            noted = _noted(alarm, said)
            await keep(work, alarm, noted, Effects(all_clear=not noted.is_active), max(each.at for each in said))
            await work.finish()
    emergency.forget(alarm_id)
    return True


def _noted(alarm: Alarm, said: list[SaidAlready]) -> Alarm:
    entries = [
        TimelineEntry(t=each.at, actor="system", event="told", note="emergency sms")
        if each.reason is None
        else TimelineEntry(t=each.at, actor="system", event="not_delivered", note=f"emergency: {each.reason}")
        for each in said
    ]
    return alarm.noting(*entries)
