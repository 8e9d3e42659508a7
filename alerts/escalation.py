"""Who is told what, and when: the first escalation, as pure functions.

The desk hears of an alarm at once. The first contact who can receive SMS is told when nobody takes the alarm
for 120 s or when the desk says so, and everybody who was told hears how it ended. What sounds again starts a
new round: what was scheduled or said in an earlier one does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from alerts.alarm import Alarm, TimelineEntry
from alerts.messages import Template, alarm_params, all_clear_params
from alerts.policy import (
    ALARM_MESSAGE_VALID_MS,
    ALL_CLEAR_VALID_MS,
    FAMILY_TOLD,
    NEVER_TO_FAMILY,
    UNACKNOWLEDGED_MS,
    may_reach_outside,
)
from alerts.ports import Contact, Message, NewMessage, ResidentCard
from alerts.transitions import NOBODY_TO_TELL, ROUND_EVENTS, TOLD, entries_of_round

TELL_FAMILY: Final = "tell_family"
"""The step that tells the first contact when nobody took the alarm."""

NO_NEWS_TO: Final[frozenset[str]] = frozenset({"moved", "deceased"})
"""Statuses of a resident that at once stop every message to family."""

_NO_ALL_CLEAR: Final[frozenset[str]] = frozenset({"died"})
"""Results that only a person may tell."""


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of an alarm brings about, in this order."""

    withdraw: bool = False
    schedule: tuple[tuple[str, int], ...] = ()
    tell_family: bool = False
    all_clear: bool = False


def round_of(alarm: Alarm) -> int:
    """The escalation round, from 1: every ``again`` and ``reopen`` begins another."""
    return 1 + sum(entry.event in ROUND_EVENTS for entry in alarm.timeline)


def told_this_round(alarm: Alarm) -> bool:
    """Whether the family has been told since the round began."""
    return any(entry.event == TOLD for entry in entries_of_round(alarm))


def waits_to_tell(alarm: Alarm) -> bool:
    """Whether the family will be told unless somebody takes the alarm."""
    return (
        alarm.state == "open"
        and alarm.rule in FAMILY_TOLD
        and (alarm.resident is not None or alarm.household is not None)
        and may_reach_outside(alarm)
        and not any(entry.event in (TOLD, NOBODY_TO_TELL) for entry in entries_of_round(alarm))
    )


def effects(before: Alarm | None, after: Alarm, now: int) -> Effects:
    """What must happen because the alarm changed from ``before`` (None: it is new) to ``after``."""
    waited = before is not None and waits_to_tell(before)
    waits = waits_to_tell(after)
    anew = waits and (not waited or before is None or round_of(before) != round_of(after))
    ended = before is not None and before.is_active and after.state in ("resolved", "cancelled")
    reopened = before is not None and not before.is_active and after.is_active
    tell = after.is_active and _asked(after) > _asked(before) and not told_this_round(after)
    since = after.raised_at if before is None else now
    return Effects(
        withdraw=ended or reopened or tell or (waited and (anew or not waits)),
        schedule=((TELL_FAMILY, since + UNACKNOWLEDGED_MS),) if anew and not tell else (),
        tell_family=tell,
        all_clear=ended and after.kind not in NEVER_TO_FAMILY and after.result not in _NO_ALL_CLEAR,
    )


def _asked(alarm: Alarm | None) -> int:
    return 0 if alarm is None else sum(entry.event == "notify" for entry in alarm.timeline)


def tell_family(
    alarm: Alarm, card: ResidentCard | None, told: Sequence[Message], now: int
) -> tuple[Alarm, list[NewMessage]]:
    """Tell the first contact of the alarm: the alarm with its new entry, and the message if there is one.

    ``told``: the alarm's messages so far; nobody hears the same twice in a round.
    """
    contact = first_contact(card)
    if card is None or contact is None:
        return _noted(alarm, NOBODY_TO_TELL, None, now, told=alarm.family_told), []
    message = NewMessage(
        alarm=alarm.id,
        site=alarm.site,
        resident=alarm.resident,
        contact=contact.id,
        recipient=contact.phone,
        template=Template.ALARM,
        params={**alarm_params(alarm, card), "round": round_of(alarm)},
        language=contact.language,
        expires_at=now + ALARM_MESSAGE_VALID_MS,
    )
    queued = [] if _already_said(message, told) else [message]
    return _noted(alarm, TOLD, contact.relation or None, now, told=True), queued


def owed_an_all_clear(told: Sequence[Message]) -> list[Message]:
    """For everybody whose last word from us was an alarm: that message. ``told``: of the whole case."""
    last = {message.recipient: message for message in sorted(told, key=lambda message: message.id)}
    return [message for message in last.values() if message.template == Template.ALARM]


def all_clear(alarm: Alarm, card: ResidentCard | None, told: Sequence[Message], now: int) -> list[NewMessage]:
    """Tell everybody who was told of the case, and not of its end, how it ended."""
    if card is None or card.status in NO_NEWS_TO:
        return []
    return [
        NewMessage(
            alarm=alarm.id,
            site=alarm.site,
            resident=alarm.resident,
            contact=earlier.contact,
            recipient=earlier.recipient,
            template=Template.ALL_CLEAR_CANCELLED if alarm.state == "cancelled" else Template.ALL_CLEAR,
            params={**all_clear_params(alarm, card), "round": round_of(alarm)},
            language=earlier.language,
            expires_at=now + ALL_CLEAR_VALID_MS,
        )
        for earlier in owed_an_all_clear(told)
    ]


def card_of_household(cards: Sequence[ResidentCard]) -> ResidentCard | None:
    """One card for all who live together: both names, everybody's contacts; None when nobody lives there."""
    present = [card for card in cards if card.status not in NO_NEWS_TO]
    if not present:
        return None
    contacts = sorted((contact for card in present for contact in card.contacts), key=lambda contact: contact.order)
    names = "、".join(card.name for card in present)
    return msgspec.structs.replace(present[0], name=names, contacts=tuple(contacts))


def first_contact(card: ResidentCard | None) -> Contact | None:
    """Who is told first: the lowest ``order`` among those who can receive SMS."""
    if card is None or card.status in NO_NEWS_TO:
        return None
    reachable = [contact for contact in card.contacts if contact.can_receive_sms and contact.phone.strip()]
    return min(reachable, key=lambda contact: contact.order, default=None)


def _already_said(message: NewMessage, told: Sequence[Message]) -> bool:
    return any(
        earlier.alarm == message.alarm
        and earlier.template == message.template
        and earlier.recipient == message.recipient
        and earlier.params.get("round") == message.params["round"]
        for earlier in told
    )


def _noted(alarm: Alarm, event: str, note: str | None, now: int, *, told: bool) -> Alarm:
    return msgspec.structs.replace(
        alarm,
        version=alarm.version + 1,
        family_told=told,
        timeline=(*alarm.timeline, TimelineEntry(t=now, actor="system", event=event, note=note)),
    )
