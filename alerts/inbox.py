"""What comes in from outside: answers by SMS and by keypad, and a carrier's word of what became of a message.

An answer is kept, read, carried out and concluded in one transaction, under the provider's name for it: what a
provider delivers twice is done once and answered alike, and what was interrupted is done when it comes again.

To whom nobody of ours had written it changes nothing. We answer whatever an answer changed; of all else one answer a
minute and a few a day go to one number, so that two machines never talk to each other for long.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Literal, Protocol
from uuid import UUID

import msgspec

from alerts import delivery
from alerts.alarm import TimelineEntry
from alerts.messages import Template, bundle_params
from alerts.phrases import WORDS
from alerts.ports import AlarmTransaction, Message, Role
from alerts.replies import Answered, Said, Verb, answer_within, replier_of
from alerts.reply_words import Read, read, read_own
from alerts.transitions import REPLIED
from devices.clock import DAY_MS, MINUTE_MS

ANSWERED_WITHIN_MS: Final = DAY_MS
"""An answer may mean a message so old; one to an alarm that is still active may be older."""
ONE_ANSWER_EACH_MS: Final = MINUTE_MS
ANSWERS_A_DAY: Final = 20
ANSWERS_A_DAY_TO_STRANGERS: Final = 3
"""Bounds on answers that changed nothing. Assumption: enough for somebody who errs, too few for a loop to matter."""
SHORTEST_NUMBER: Final = 7
"""Digits; what is shorter is a service, and answers by machine."""
LONGEST_BODY: Final = 1600
"""Characters. Source: https://www.twilio.com/docs/glossary/what-sms-character-limit (ten segments)."""
NOTED_ON: Final = 5
"""Unread words of somebody who was told of several alarms stand on so many of them at most."""

_WEIGHT: Final[dict[Role, int]] = {"resident": 0, "family": 1}
"""As what a voice counts that has several; whoever is sent there goes first."""

Meaning = Literal[
    "take", "there", "well", "with_me", "cannot", "help", "list", "none", "unclear", "opt_out", "unknown_sender",
    "own_number",
]  # fmt: skip


class Inbound(msgspec.Struct, frozen=True, kw_only=True):
    """What came in. ``sender``: the number as the registry writes it; ``provider_id``: the provider's name for it."""

    provider_id: str
    sender: str
    body: str
    channel: Literal["sms", "voice"] = "sms"


class Concluded(msgspec.Struct, frozen=True, kw_only=True):
    """What it was taken for, which message and alarm it was about, and what is said back."""

    meaning: Meaning
    message: int | None = None
    alarm: UUID | None = None
    said: Said | None = None


class CarrierReport(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier's word of a message: ours by our own number where the report names it, else by the provider's."""

    provider_id: str
    state: Literal["sent", "delivered", "failed"]
    message: int | None = None
    reason: str | None = None


class InboxTransaction(AlarmTransaction, Protocol):
    """Work on alarms, and on what came in."""

    async def begin(self, inbound: Inbound, now: int) -> Concluded | None:
        """Keep it; what it came to when it was there already, after waiting for whoever works on it."""
        ...

    async def conclude(self, provider_id: str, concluded: Concluded) -> None:
        """Write down what it came to."""
        ...

    async def told_to(self, number: str) -> list[Message]:
        """What that number was told of alarms lately, and of those that are active; oldest first."""
        ...

    async def message(self, message: int) -> Message | None:
        """A message of the outbox."""
        ...

    async def answers_to(self, sender: str, since: int) -> list[int]:
        """When that number was answered since then, ms."""
        ...

    async def carried(self, report: CarrierReport, now: int) -> Message | None:
        """Write a carrier's report down; the message, if it was news that it arrived or never will."""
        ...


class InboxStore(Protocol):
    """Where alarms live, and what came in."""

    def transaction(self) -> AbstractAsyncContextManager[InboxTransaction]:
        """Begin; commits on a clean exit, rolls back on an exception."""
        ...


async def receive(store: InboxStore, inbound: Inbound, now: int, *, own: Sequence[str] = ()) -> Said | None:
    """Take in an SMS; what is said back, or None. ``own``: our numbers, with which we do not talk."""
    async with store.transaction() as tx:
        earlier = await tx.begin(inbound, now)
        if earlier is not None:
            return earlier.said
        if inbound.sender in own:
            concluded = Concluded(meaning="own_number")
        else:
            concluded = await _understand(tx, inbound, await tx.told_to(inbound.sender), now)
        await tx.conclude(inbound.provider_id, concluded)
        return concluded.said


async def press(store: InboxStore, inbound: Inbound, message: int, now: int) -> Said | None:
    """Take in the key that somebody pressed during a call; None when it means nothing or there was no such call."""
    async with store.transaction() as tx:
        called = await tx.message(message)
        if called is None or called.alarm is None:
            return None
        line = read_own(inbound.body) if called.role == "resident" else read(inbound.body)
        if line == "opt_out" or line.verb is None:
            return None
        earlier = await tx.begin(msgspec.structs.replace(inbound, sender=called.recipient), now)
        if earlier is not None:
            return earlier.said
        answered = await answer_within(
            tx, called.alarm, replier_of(called), line.verb, now, way="voice", words=inbound.body
        )
        await tx.conclude(inbound.provider_id, _meant(line.verb, called, answered, answered.said))
        return answered.said


async def hear(store: InboxStore, report: CarrierReport, now: int) -> bool:
    """Take in a carrier's report; whether it was news. Reports may come twice, late and in any order."""
    async with store.transaction() as tx:
        message = await tx.carried(report, now)
        if message is None:
            return False
        if report.state == "failed":
            await delivery.failed(tx, message, report.reason or "not_delivered", now)
        else:
            await delivery.delivered(tx, message, now)
        return True


async def _understand(tx: InboxTransaction, inbound: Inbound, ever: Sequence[Message], now: int) -> Concluded:
    active = await tx.active_among([alarm for message in ever for alarm in message.about])
    since = now - ANSWERED_WITHIN_MS
    told = [message for message in ever if message.created_at > since or message.about & active]
    if not ever:
        said = Said(template=Template.REPLY_NONE, params={}, language="zh")
        return Concluded(
            meaning="unknown_sender", said=await _seldom(tx, inbound, said, now, ANSWERS_A_DAY_TO_STRANGERS)
        )
    last, language = ever[-1], ever[-1].language
    line = _read_as(inbound, told, active)
    if line == "opt_out":
        await _note_on(tx, told, active, inbound, now)
        return Concluded(meaning="opt_out", message=last.id)
    if not told:
        return await _nobody_waits(tx, inbound, last, now)
    if line.verb is None:
        return await _unread(tx, inbound, told, active, line, now)
    meant = _meant_by(told, active, line) or _cry_of(told, line)
    if meant is not None:
        message, alarm = meant
        answered = await answer_within(tx, alarm, replier_of(message), line.verb, now, words=inbound.body)
        back = answered.said if answered.changed else await _seldom(tx, inbound, answered.said, now)
        return _meant(line.verb, message, answered, back)
    if not active:
        return await _nobody_waits(tx, inbound, last, now)
    listed = await _seldom(tx, inbound, _list(told, active, language), now)
    return Concluded(meaning="list", message=last.id, said=listed)


def _read_as(inbound: Inbound, told: Sequence[Message], active: frozenset[UUID]) -> Read | Literal["opt_out"]:
    """As what the words are read: whoever was asked how they are speaks of themselves."""
    line = read(inbound.body)
    own = read_own(inbound.body)
    meant = _meant_by(told, active, own)
    asked = [meant[0]] if meant is not None else told
    return own if asked and all(message.role == "resident" for message in asked) else line


def _cry_of(told: Sequence[Message], line: Read) -> tuple[Message, UUID] | None:
    """Who calls for help need not say for which alarm they were asked."""
    asked = [message for message in told if message.alarm is not None]
    return (asked[-1], asked[-1].alarm) if line.verb == "help" and asked and asked[-1].alarm is not None else None


async def _nobody_waits(tx: InboxTransaction, inbound: Inbound, last: Message, now: int) -> Concluded:
    """Somebody whom we know, and no alarm that their words could mean."""
    said = Said(template=Template.REPLY_NONE, params={}, language=last.language)
    return Concluded(meaning="none", message=last.id, said=await _seldom(tx, inbound, said, now))


async def _unread(
    tx: InboxTransaction, inbound: Inbound, told: Sequence[Message], active: frozenset[UUID], line: Read, now: int
) -> Concluded:
    """Nobody but a person can read it: it stands on the alarm, and its sender learns which words we know."""
    meant = _meant_by(told, active, line)
    message = told[-1] if meant is None else meant[0]
    await _note_on(tx, told if meant is None else [message], active, inbound, now)
    unclear = Template.REPLY_UNCLEAR_RESIDENT if message.role == "resident" else Template.REPLY_UNCLEAR
    template = unclear if active else Template.REPLY_NONE
    said = Said(template=template, params={"site": message.params.get("site", "")}, language=message.language)
    return Concluded(
        meaning="unclear", message=message.id, alarm=message.alarm, said=await _seldom(tx, inbound, said, now)
    )


def _meant_by(told: Sequence[Message], active: frozenset[UUID], line: Read) -> tuple[Message, UUID] | None:
    """The message that was answered and its alarm: by the code, or the only one that waits, or the last that did."""
    if line.code is not None:
        coded = [message for message in told if message.code == line.code and message.alarm is not None]
        return None if not coded else _one_voice(coded, coded[-1].alarm)
    waiting = sorted(active)
    if len(waiting) > 1:
        return None
    alarm = waiting[0] if waiting else next((m.alarm for m in reversed(told) if m.alarm is not None), None)
    return _one_voice([message for message in told if alarm in message.about], alarm)


def _one_voice(messages: Sequence[Message], alarm: UUID | None) -> tuple[Message, UUID] | None:
    """As what somebody answers who was told of an alarm twice: as who is sent there rather than as family.

    A telephone under which both the resident and somebody else were told is not the resident's alone: their words end
    nothing that the other's would not.
    """
    if alarm is None:
        return None
    ours = [message for message in messages if alarm in message.about]
    return max(ours, key=lambda message: (_WEIGHT.get(message.role, 2), message.id)), alarm


def _meant(verb: Verb, message: Message, answered: Answered, said: Said | None) -> Concluded:
    alarm = None if answered.alarm is None else answered.alarm.id
    return Concluded(meaning=verb, message=message.id, alarm=alarm, said=said)


def _list(told: Sequence[Message], active: frozenset[UUID], language: str) -> Said:
    """The alarms that wait for this number, by their codes; one of a bundle alone has none, the console shows it."""
    items: dict[UUID, list[Any]] = {}
    for message in told:
        if message.alarm is not None and message.alarm in active and message.code is not None:
            items[message.alarm] = [message.code, _called(message)]
    if not items:
        site = str(told[-1].params.get("site", ""))
        return Said(template=Template.BUNDLE, params=bundle_params(site, len(active)), language=language)
    params = {"count": len(items), "alarms": list(items.values())}
    return Said(template=Template.REPLY_LIST, params=params, language=language)


def _called(message: Message) -> str:
    name = str(message.params.get("name") or "")
    who = str(message.params.get("who") or "somebody")
    return name or WORDS.get(("who", who, message.language), "")


async def _note_on(
    tx: InboxTransaction, told: Sequence[Message], active: frozenset[UUID], inbound: Inbound, now: int
) -> None:
    about = {alarm: message for message in told for alarm in message.about if alarm in active}
    locked = await tx.lock_many(sorted(about)[:NOTED_ON])
    for alarm in locked.values():
        who = replier_of(about[alarm.id])
        entry = TimelineEntry(t=now, actor=who.actor, event=REPLIED, note=inbound.body or None, to=who.name or None)
        await tx.save(alarm.noting(entry))


async def _seldom(
    tx: InboxTransaction, inbound: Inbound, said: Said, now: int, a_day: int = ANSWERS_A_DAY
) -> Said | None:
    """The answer, unless this number had one a moment ago, or too many, or is a machine's."""
    if sum(character.isdigit() for character in inbound.sender) < SHORTEST_NUMBER:
        return None
    lately = await tx.answers_to(inbound.sender, now - DAY_MS)
    if len(lately) >= a_day or any(t > now - ONE_ANSWER_EACH_MS for t in lately):
        return None
    return said
