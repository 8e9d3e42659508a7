"""What became of a message after it left, as far as its alarm must know."""

from __future__ import annotations

import msgspec

from alerts.alarm import Alarm, TimelineEntry
from alerts.consequences import card_of
from alerts.escalation import waits
from alerts.notifiers.port import EVERYTHING, Capabilities
from alerts.ports import AlarmTransaction, Message
from alerts.storms import say
from alerts.telling import ALARM_TEMPLATES, family_of, tell


async def failed(
    tx: AlarmTransaction, message: Message, reason: str, now: int, can: Capabilities = EVERYTHING
) -> None:  # fmt: skip
    """A message will never arrive: its alarms say so, and while they wait, somebody else is told at once.

    Call it in the transaction that writes the failure down, after that. Of the family the next contact in order is
    told; after everybody else the next step of the plan falls due.
    """
    for alarm in (await tx.lock_many(sorted(message.about))).values():
        noted = _noted(alarm, message, "not_delivered", reason, now)
        if message.template in ALARM_TEMPLATES and waits(alarm):
            noted = await _tell_the_next(tx, noted, message, now, can)
        await tx.save(noted)


async def delivered(tx: AlarmTransaction, message: Message, now: int) -> None:
    """A message has reached its phone: of the family's the alarm says so, of others the list of messages does."""
    if message.role != "family":
        return
    for alarm in (await tx.lock_many(sorted(message.about))).values():
        await tx.save(_noted(alarm, message, "delivered", None, now))


async def _tell_the_next(
    tx: AlarmTransaction, alarm: Alarm, message: Message, now: int, can: Capabilities
) -> Alarm:  # fmt: skip
    if message.role == "family":
        card = await card_of(tx, alarm)
        told = await tx.told(alarm.id)
        known = {earlier.recipient for earlier in told} | {message.recipient}
        others = [person for person in family_of(card) if person.address not in known]
        telling = tell(alarm, card, others, message.channel, now, nth=1, told=told, can=can)
        if telling.reached:
            for news in telling.messages:
                await say(tx, news, now)
            return msgspec.structs.replace(telling.alarm, version=alarm.version)
    await tx.next_step_now(alarm.id, max(now, alarm.asked_until or 0))
    return alarm


def _noted(alarm: Alarm, message: Message, event: str, note: str | None, now: int) -> Alarm:
    entry = TimelineEntry(t=now, actor="system", event=event, note=note, to=message.name or None)
    return alarm.noting(entry)
