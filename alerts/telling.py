"""Who hears of an alarm and of its end, as pure functions: people into messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from alerts.actors import SPEAK_FOR_THEMSELVES, contact_actor, responder_actor
from alerts.alarm import Alarm, TimelineEntry
from alerts.escalation import round_of
from alerts.messages import Template, alarm_params, all_clear_params
from alerts.notifiers.port import EVERYTHING, Capabilities
from alerts.policies import SHORTEST_EVERY_S
from alerts.policy import ALARM_MESSAGE_VALID_MS, ALL_CLEAR_VALID_MS, NO_NEWS_TO
from alerts.ports import Channel, Contact, Message, NewMessage, Person, ResidentCard, Role
from alerts.transitions import (
    ALSO_GOING,
    ALSO_THERE,
    CANNOT_COME,
    FAMILY_GOING,
    FAMILY_THERE,
    NOBODY_TO_TELL,
    TOLD,
    entries_of_round,
)

PRIORITY: Final[Mapping[str, int]] = {"critical": 30, "high": 20, "medium": 10, "low": 0}
FIRST_OF_ITS_CASE: Final = 5
ALL_CLEAR_PRIORITY: Final = 5
"""What goes first when much waits: the worst, and of those what nobody has heard of yet. Assumption."""

NAMED: Final = 5
"""So many names of those who are told at once stand on the timeline; the rest is a number."""

SKIPPED: Final = "step_skipped"
"""Timeline event: somebody's turn came who cannot be reached that way."""

_AT_THE_DESK: Final[frozenset[Role]] = frozenset({"duty", "supervisor"})
_ONLY_PEOPLE_TELL: Final[frozenset[str]] = frozenset({"died"})
"""Results of which no message speaks outside the desk."""

_ALARM: Final[Mapping[Role, Template]] = {
    "resident": Template.ALARM_RESIDENT,
    "family": Template.ALARM,
    "neighbour": Template.ALARM_RESPONDER,
    "grid_worker": Template.ALARM_RESPONDER,
    "volunteer": Template.ALARM_RESPONDER,
    "staff": Template.ALARM_STAFF,
    "duty": Template.ALARM_STAFF,
    "supervisor": Template.ALARM_STAFF,
    "chat": Template.ALARM_CHAT,
    "emergency": Template.EMERGENCY,
}

ALARM_TEMPLATES: Final[frozenset[str]] = frozenset({*_ALARM.values(), Template.SYSTEM, Template.BUNDLE})
"""Of messages after which an all-clear is owed."""


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """What telling came to: the messages, the alarm with what its timeline says of it, and one word for the step.

    ``reached``: somebody hears of it now, or had heard before.
    """

    alarm: Alarm
    messages: tuple[NewMessage, ...] = ()
    outcome: str = "told"
    reached: bool = True


def family_of(card: ResidentCard | None) -> list[Person]:
    """The resident's contacts, first to be told first; nobody when the resident has left.

    One phone is one person: a daughter whom both of a couple name is told once, and the second contact is another.
    """
    if card is None or card.status in NO_NEWS_TO:
        return []
    people: dict[str, Person] = {}
    for contact in sorted((c for c in card.contacts if c.phone.strip()), key=lambda contact: contact.order):
        person = _relative(contact)
        same = people.get(person.address)
        channels = person.channels if same is None else same.channels | person.channels
        people[person.address] = msgspec.structs.replace(same or person, channels=channels)
    return list(people.values())


def resident_of(card: ResidentCard) -> Person | None:
    """The resident by their own telephone; None without one, or when they have left."""
    if card.status in NO_NEWS_TO or not card.phone.strip():
        return None
    return Person(
        role="resident",
        name=card.name,
        address=card.phone,
        language=card.language,
        channels=frozenset({"sms", "voice"}),
        resident=card.id,
    )


def tell(
    alarm: Alarm,
    card: ResidentCard,
    people: Sequence[Person],
    channel: Channel,
    now: int,
    *,
    nth: int | None = None,
    repeat: int = 0,
    told: Sequence[Message] = (),
    mates: Collection[UUID] = (),
    can: Capabilities = EVERYTHING,
) -> Telling:
    """Tell people of an alarm.

    Args:
        alarm: Of what.
        card: Whom it is about, and the site's name.
        people: In their order; who cannot be reached in the channel is passed over, and the timeline says so.
        channel: How.
        now: Unix ms.
        nth: Only that one of those who can be reached, from 1.
        repeat: From 1 on, who heard it already in this round hears it again, unless it was this very moment.
        told: The case's messages so far.
        mates: The case's other active alarms: who was told of one of them knows; of a repetition, those whose own
            plan goes on.
        can: What the ways out can do.
    """
    reasons = {person.address: _why_not(person, channel, can) for person in people}
    reachable = [person for person in people if reasons[person.address] is None]
    chosen = reachable if nth is None else reachable[nth - 1 : nth]
    if not chosen:
        why = next((reason for reason in reasons.values() if reason is not None), "nobody")
        return Telling(alarm=alarm, outcome="no_more" if reachable else why, reached=False)
    heard = [m for m in told if repeat == 0 or m.alarm in mates or abs(now - m.created_at) < 1000 * SHORTEST_EVERY_S]
    news = [person for person in chosen if not _knows(person, alarm, channel, heard, mates)]
    messages = tuple(_message(alarm, card, person, channel, now, told) for person in news)
    before = people if nth is None else people[: people.index(chosen[0])]
    noted = _noted(alarm, [*_passed_over(alarm, before, reasons, channel, now), *_entries(news, channel, now)])
    family_told = alarm.family_told or any(person.role == "family" for person in chosen)
    if family_told != alarm.family_told:
        noted = msgspec.structs.replace(noted, family_told=True, version=alarm.version + 1)
    return Telling(alarm=noted, messages=messages, outcome="told" if news else "knows")


def card_of_household(cards: Sequence[ResidentCard]) -> ResidentCard | None:
    """One card for all who live together: both names, everybody's contacts; None when nobody lives there."""
    present = [card for card in cards if card.status not in NO_NEWS_TO]
    if not present:
        return None
    contacts = sorted((contact for card in present for contact in card.contacts), key=lambda contact: contact.order)
    names = "、".join(card.name for card in present)
    return msgspec.structs.replace(present[0], name=names, contacts=tuple(contacts))


def skipped(alarm: Alarm, what: str, reason: str, now: int) -> Alarm:
    """The alarm, its timeline saying that a step could reach nobody. ``what``: who and how."""
    if what.startswith("family"):
        return _noted(alarm, [TimelineEntry(t=now, actor="system", event=NOBODY_TO_TELL, note=reason)])
    return _noted(alarm, [TimelineEntry(t=now, actor="system", event=SKIPPED, note=f"{what}: {reason}")])


def owed_an_all_clear(told: Sequence[Message]) -> list[Message]:
    """For everybody whose last word from us was an alarm: that message, a text rather than a call.

    Whom it is about knows best how they are.
    """
    owed: dict[str, Message] = {}
    for message in sorted(told, key=lambda message: message.id):
        if message.state == "failed" or message.role == "resident":
            continue
        if message.template not in ALARM_TEMPLATES:
            owed.pop(message.recipient, None)
        elif message.recipient not in owed or owed[message.recipient].channel == "voice":
            owed[message.recipient] = message
    return list(owed.values())


def all_clear(alarm: Alarm, card: ResidentCard, told: Sequence[Message], now: int) -> list[NewMessage]:
    """Tell everybody who was told of the case, and not of its end, how it ended.

    Who is still on the way is told to turn back. Who ended it knows.
    """
    going = _on_the_way(alarm)
    ended_by = alarm.timeline[-1].actor if alarm.timeline else ""
    return [
        _end(alarm, card, earlier, now, stand_down=bool(_names(earlier) & going))
        for earlier in owed_an_all_clear(told)
        if ended_by not in _names(earlier) and _may_hear_the_end(earlier, alarm, card)
    ]


_GOES: Final[frozenset[str]] = frozenset({"dispatch", FAMILY_GOING, ALSO_GOING})
_IS_THERE: Final[frozenset[str]] = frozenset({"arrive", FAMILY_THERE, ALSO_THERE})


def _on_the_way(alarm: Alarm) -> set[str | None]:
    """Who went and neither arrived nor gave up, by what the timeline knows them by.

    Whoever says at the desk that somebody arrived, and did not go, speaks of the one who was sent last.
    """
    going: list[tuple[str, set[str | None]]] = []
    for entry in alarm.timeline:
        names = {entry.actor, entry.to} - {None}
        if entry.event in _GOES:
            sent = (
                entry.event == "dispatch" and entry.to is not None and not entry.actor.startswith(SPEAK_FOR_THEMSELVES)
            )
            going.append((entry.actor, {entry.to} if sent else names))
        elif entry.event in _IS_THERE or entry.event == CANNOT_COME:
            gone = [who for who in going if who[1] & names]
            if not gone and entry.event == "arrive":
                gone = ([who for who in going if who[0] == entry.actor] or going)[-1:]
            going = [who for who in going if who not in gone]
    return {name for _, names in going for name in names}


def _may_hear_the_end(earlier: Message, alarm: Alarm, card: ResidentCard) -> bool:
    if earlier.role in _AT_THE_DESK:
        return True
    return alarm.result not in _ONLY_PEOPLE_TELL and card.status not in NO_NEWS_TO


def _end(alarm: Alarm, card: ResidentCard, earlier: Message, now: int, *, stand_down: bool) -> NewMessage:
    return NewMessage(
        alarm=alarm.id,
        site=alarm.site,
        resident=alarm.resident,
        contact=earlier.contact,
        responder=earlier.responder,
        account=earlier.account,
        role=earlier.role,
        name=earlier.name,
        recipient=earlier.recipient,
        channel=earlier.channel,
        template=_end_template(alarm, stand_down=stand_down),
        params={**all_clear_params(alarm, card, earlier.role), "round": round_of(alarm)},
        language=earlier.language,
        expires_at=now + ALL_CLEAR_VALID_MS,
        priority=ALL_CLEAR_PRIORITY,
    )


def _end_template(alarm: Alarm, *, stand_down: bool) -> Template:
    if stand_down:
        return Template.STAND_DOWN
    return Template.ALL_CLEAR_CANCELLED if alarm.state == "cancelled" else Template.ALL_CLEAR


def _names(message: Message) -> set[str | None]:
    """By what a timeline knows the message's recipient."""
    records = {
        None if message.contact is None else contact_actor(message.contact),
        None if message.responder is None else responder_actor(message.responder),
    }
    return (records | {message.account, message.name}) - {None, ""}


def _why_not(person: Person, channel: Channel, can: Capabilities) -> str | None:
    return can.why_not(channel, person.address) if channel in person.channels else f"no_{channel}"


def _relative(contact: Contact) -> Person:
    channels: frozenset[Channel] = frozenset({"sms", "voice"} if contact.can_receive_sms else {"voice"})
    return Person(
        role="family",
        name=contact.name,
        relation=contact.relation,
        address=contact.phone,
        language=contact.language,
        channels=channels,
        contact=contact.id,
    )


def _knows(
    person: Person, alarm: Alarm, channel: Channel, told: Sequence[Message], mates: Collection[UUID]
) -> bool:  # fmt: skip
    began = entries_of_round(alarm)[0].t if round_of(alarm) > 1 else 0
    return any(
        earlier.recipient == person.address
        and earlier.channel == channel
        and earlier.template in ALARM_TEMPLATES
        and (earlier.role == "resident") == (person.role == "resident")
        and (
            earlier.alarm in mates
            or (earlier.alarm == alarm.id and earlier.params.get("round") == round_of(alarm))
            or (alarm.id in earlier.alarms and earlier.created_at >= began)
        )
        for earlier in told
    )


def _message(
    alarm: Alarm, card: ResidentCard, person: Person, channel: Channel, now: int, told: Sequence[Message]
) -> NewMessage:  # fmt: skip
    first = not any(earlier.template in ALARM_TEMPLATES and earlier.role != "resident" for earlier in told)
    params = {**alarm_params(alarm, card, person.role), "round": round_of(alarm)}
    if person.role == "resident":
        params["name"] = person.name
    return NewMessage(
        alarm=alarm.id,
        site=alarm.site,
        resident=person.resident or alarm.resident,
        contact=person.contact,
        responder=person.responder,
        account=person.account,
        role=person.role,
        name=person.name,
        recipient=person.address,
        channel=channel,
        template=Template.SYSTEM if alarm.kind == "system" else _ALARM[person.role],
        params=params,
        language=person.language,
        expires_at=now + ALARM_MESSAGE_VALID_MS,
        priority=PRIORITY[alarm.severity] + FIRST_OF_ITS_CASE * first,
    )


def _entries(people: Sequence[Person], channel: Channel, now: int) -> list[TimelineEntry]:
    """One line for each of the family, one for all others: a site may have many grid workers."""
    entries = [
        TimelineEntry(t=now, actor="system", event=TOLD, note=person.relation or None, to=person.name or None)
        for person in people
        if person.role == "family"
    ]
    others = [person for person in people if person.role != "family"]
    if others:
        note = f"{others[0].role} {channel}"
        entries.append(TimelineEntry(t=now, actor="system", event="told", note=note, to=_named(others)))
    return entries


def _passed_over(
    alarm: Alarm, people: Sequence[Person], reasons: Mapping[str, str | None], channel: Channel, now: int
) -> list[TimelineEntry]:  # fmt: skip
    """A line for each reason why somebody's turn was passed over, once a round."""
    why = sorted({reasons[person.address] or "" for person in people} - {""})
    entries = [
        TimelineEntry(
            t=now,
            actor="system",
            event=SKIPPED,
            note=f"{people[0].role} {channel}: {reason}",
            to=_named([person for person in people if reasons[person.address] == reason]),
        )
        for reason in why
    ]
    said = {(entry.event, entry.note, entry.to) for entry in entries_of_round(alarm)}
    return [entry for entry in entries if (entry.event, entry.note, entry.to) not in said]


def _named(people: Sequence[Person]) -> str | None:
    names = [person.name for person in people if person.name]
    return "、".join(names[:NAMED]) + (f" +{len(names) - NAMED}" if len(names) > NAMED else "") or None


def _noted(alarm: Alarm, entries: Sequence[TimelineEntry]) -> Alarm:
    if not entries:
        return alarm
    return alarm.noting(*entries)
