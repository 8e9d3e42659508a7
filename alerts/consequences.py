"""What follows from a change of an alarm, written down in the same transaction: steps and messages."""

from __future__ import annotations

from alerts.alarm import Alarm
from alerts.escalation import Effects, all_clear, card_of_household, owed_an_all_clear, tell_family
from alerts.ports import AlarmTransaction, NewMessage, ResidentCard


async def keep(
    tx: AlarmTransaction,
    before: Alarm | None,
    alarm: Alarm,
    consequences: Effects,
    now: int,
    *,
    count_only: bool = False,
) -> Alarm:
    """Store an alarm and carry out what its change brings about; returns it as stored."""
    if consequences.withdraw:
        await tx.withdraw_steps(alarm.id)
    messages: list[NewMessage] = []
    if consequences.tell_family:
        alarm, messages = tell_family(alarm, await _card(tx, alarm), await tx.told(alarm.id), now)
    if before is None:
        await tx.insert(alarm)
    else:
        await tx.save(alarm, count_only=count_only)
    for step, due_at in consequences.schedule:
        await tx.schedule(alarm.id, step, due_at)
    if consequences.all_clear:
        messages = await _all_clear(tx, alarm, now)
    for message in messages:
        await tx.queue(message)
    return alarm


async def _all_clear(tx: AlarmTransaction, alarm: Alarm, now: int) -> list[NewMessage]:
    """The all-clear, once the last alarm of the case has ended."""
    told = await tx.told(alarm.id)
    if not owed_an_all_clear(told) or await others_of_case(tx, alarm):
        return []
    return all_clear(alarm, await _card(tx, alarm), told, now)


async def others_of_case(tx: AlarmTransaction, alarm: Alarm) -> list[Alarm]:
    """The other active alarms of the same resident and kind."""
    active = [] if alarm.resident is None else await tx.active_of_residents([alarm.resident])
    return [other for other in active if other.case == alarm.case and other.id != alarm.id]


async def _card(tx: AlarmTransaction, alarm: Alarm) -> ResidentCard | None:
    """Whom the alarm is about: the resident, or all who live in the household."""
    if alarm.resident is not None:
        return await tx.resident_card(alarm.resident)
    return None if alarm.household is None else card_of_household(await tx.household_cards(alarm.household))
