"""What people outside answer to an alarm, by SMS, by keypad or by a button of their page: few words, and what they do.

Whoever is sent to the door takes the alarm (``take``), arrives (``there``), says that all is well (``well``, which
resolves and never closes) or that they cannot come (``cannot``). Family are told and not sent: what they say is
written down, and their ``take`` stops nothing. Only where no life may hang on it does their ``well`` end an alarm;
of a critical press or fall it is a note that staff confirm.

Of a missed check, ``well`` and ``with_me`` ("she is with me") vouch for the resident and clear it, from whomever they
come (``alerts.clearing``). Residents who are asked themselves say ``well``, or ``help``, which is a cry for help.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from alerts.actors import contact_actor, group_actor, resident_actor, responder_actor
from alerts.alarm import Alarm, TimelineEntry, episode_id
from alerts.asking import says_ok
from alerts.clearing import clear, settle
from alerts.consequences import card_of, keep
from alerts.escalation import effects
from alerts.messages import Template, alarm_params
from alerts.policy import CRIES_FOR_HELP, MISSED_CHECK
from alerts.ports import AlarmStore, AlarmTransaction, NewMessage, Role, Vouched
from alerts.reports import Report, report_within
from alerts.transitions import (
    ALSO_GOING,
    ALSO_THERE,
    CANNOT_COME,
    FAMILY_GOING,
    FAMILY_SAYS_WELL,
    FAMILY_THERE,
    RESIDENT_SAYS_WELL,
    SAYS_WELL,
    Acknowledge,
    Arrive,
    Command,
    Dispatch,
    Release,
    Resolve,
    apply,
    entries_of_round,
    last_state_entry,
)

Verb = Literal["take", "there", "well", "with_me", "cannot", "help"]

Way = Literal["sms", "voice", "page"]
"""By what an answer comes."""

_VOUCH: Final[frozenset[Verb]] = frozenset({"well", "with_me"})
_WITH_SOMEBODY_IS_WELL: Final = frozenset({MISSED_CHECK, "wandering"})
"""Kinds of which nothing is left once somebody is with the resident; of a fall the worst may still be."""
_ONLY_PEOPLE_TELL: Final = frozenset({"died", "hospital", "ambulance"})
"""Results after which nobody is thanked by a machine."""
_ARRIVED: Final = frozenset({"arrive", ALSO_THERE, FAMILY_THERE})

MOST_WORDS: Final = 30
"""So many lines of one person's answers a round move the timeline; a button can be pressed without end. Assumption: who
goes and turns back so often is a machine, or plays."""
_WORDS: Final = frozenset({FAMILY_GOING, FAMILY_THERE, *SAYS_WELL, CANNOT_COME, ALSO_GOING, ALSO_THERE})

_FAMILY_SAYS: Final[dict[Verb, str]] = {"take": FAMILY_GOING, "there": FAMILY_THERE, "well": FAMILY_SAYS_WELL}


class Replier(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers: as what they were told, and by which record. ``account`` is a user name.

    ``of_a_group``: by a name that they gave on the page of a group; whoever gives it again is the same.
    """

    role: Role
    name: str = ""
    language: str = "zh"
    resident: str | None = None
    contact: str | None = None
    responder: str | None = None
    account: str | None = None
    of_a_group: bool = False

    @property
    def actor(self) -> str:
        """Who they are on a timeline."""
        if self.account is not None:
            return self.account
        if self.responder is not None:
            return responder_actor(self.responder)
        if self.of_a_group:
            return group_actor(self.name)
        if self.role == "resident" and self.resident is not None:
            return resident_actor(self.resident)
        return self.role if self.contact is None else contact_actor(self.contact)


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What they are told back, as a message is stored: template, parameters, language."""

    template: Template
    params: dict[str, Any]
    language: str


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer came to: the alarm after it (None: there is none), what is said back, whether it did anything."""

    alarm: Alarm | None
    said: Said
    changed: bool


def replier_of(message: NewMessage) -> Replier:
    """Who answers a message."""
    return Replier(
        role=message.role,
        name=message.name,
        language=message.language,
        resident=message.resident,
        contact=message.contact,
        responder=message.responder,
        account=message.account,
    )


async def answer(
    store: AlarmStore, alarm: UUID, who: Replier, verb: Verb, now: int, *, way: Way = "sms"
) -> Answered:  # fmt: skip
    """Let somebody who was told of an alarm answer, at ``now`` (ms); saying the same again changes nothing."""
    async with store.transaction() as tx:
        return await answer_within(tx, alarm, who, verb, now, way=way)


async def answer_within(
    tx: AlarmTransaction, alarm: UUID, who: Replier, verb: Verb, now: int, *, way: Way = "sms", words: str | None = None
) -> Answered:
    """The same within a transaction; ``words``: what they said to the letter."""
    cries = who.role == "resident" and verb == "help"
    if cries and who.resident is not None:
        await tx.lock_active_of("resident", who.resident)
    before = await tx.lock_with_checks(alarm)
    if before is None:
        said = Said(template=Template.REPLY_NONE, params={}, language=who.language)
        return Answered(alarm=None, said=said, changed=False)
    if cries:
        return await _cry(tx, before, who, now, words)
    if verb == "with_me" and before.kind not in _WITH_SOMEBODY_IS_WELL:
        verb = "there"
    after = await _do(tx, before, who, verb, now, way, words) if before.is_active else before
    changed = after.version != before.version
    return await _answered(tx, after, who, _reply(before, after, who, verb), changed=changed)


async def _answered(
    tx: AlarmTransaction, alarm: Alarm, who: Replier, reply: tuple[Template, str | None], *, changed: bool
) -> Answered:
    template, noted = reply
    params = {**alarm_params(alarm, await card_of(tx, alarm), who.role), **({"noted": noted} if noted else {})}
    said = Said(template=template, params=params, language=who.language)
    return Answered(alarm=alarm, said=said, changed=changed)


async def _cry(tx: AlarmTransaction, alarm: Alarm, who: Replier, now: int, words: str | None) -> Answered:
    """Whoever was asked needs help, however the alarm that they were asked for stands: it is a call for help."""
    assert who.resident is not None, "whoever is asked is one of the residents"
    told = Report(kind="sos", site=alarm.site, resident=who.resident, note=words)
    cry = await report_within(tx, episode_id(told.rule, told.subject, now, -1), told, who.actor, now)
    return await _answered(tx, cry, who, (Template.REPLY_NOTED, "help_comes"), changed=True)


async def _do(
    tx: AlarmTransaction, alarm: Alarm, who: Replier, verb: Verb, now: int, way: Way, words: str | None
) -> Alarm:  # fmt: skip
    if verb in _VOUCH and alarm.kind == MISSED_CHECK:
        return await _vouch(tx, alarm, who, verb, now, way, words)
    if who.role == "resident":
        return await _write_down(tx, alarm, RESIDENT_SAYS_WELL, who, now) if verb in _VOUCH else alarm
    if verb == "with_me":
        verb = "well"
    if _has_said_enough(alarm, who) and _can_be_missed(alarm, who, verb):
        return alarm
    if verb == "cannot":
        return await _cannot(tx, alarm, who, now)
    if who.role == "family" and (verb != "well" or needs_confirming(alarm)):
        return await _write_down(tx, alarm, _FAMILY_SAYS[verb], who, now)
    if alarm.state == "on_scene" and verb != "well":
        last = last_state_entry(alarm)
        if verb == "there" and last is not None and last.actor == who.actor:
            return alarm
        return await _write_down(tx, alarm, ALSO_GOING if verb == "take" else ALSO_THERE, who, now)
    for command in _way_to(alarm, who, verb):
        alarm = await _step(tx, alarm, command, who, now)
    return alarm


async def _vouch(
    tx: AlarmTransaction, alarm: Alarm, who: Replier, verb: Verb, now: int, way: Way, words: str | None
) -> Alarm:  # fmt: skip
    """They are safe: it is over for every rule that missed them."""
    arrived = any(entry.event in _ARRIVED and entry.actor == who.actor for entry in entries_of_round(alarm))
    how: Vouched = "seen" if verb == "with_me" else "visit" if arrived else "call" if way == "voice" else way
    if alarm.resident is None:
        return await settle(tx, alarm, actor=who.actor, how=how, at=now, name=who.name or None)
    note = words if words is not None and any(map(str.isalpha, words)) else None
    cleared = await clear(tx, alarm.resident, actor=who.actor, how=how, at=now, note=note, name=who.name or None)
    return next(each for each in cleared.alarms if each.id == alarm.id)


def _has_said_enough(alarm: Alarm, who: Replier) -> bool:
    return sum(e.actor == who.actor and e.event in _WORDS for e in entries_of_round(alarm)) >= MOST_WORDS


def _can_be_missed(alarm: Alarm, who: Replier, verb: Verb) -> bool:
    """Never that somebody comes not, that somebody is there while nobody was, and that it is over."""
    if verb == "well":
        return who.role == "family" and needs_confirming(alarm) and _said_well(alarm)
    return verb == "take" or (verb == "there" and (who.role == "family" or alarm.state == "on_scene"))


class NothingToConfirm(msgspec.Struct, frozen=True):
    """The alarm is over, or nobody of the family said in this round that all is well."""

    alarm: Alarm


async def confirm(store: AlarmStore, alarm: UUID, actor: str, now: int) -> Alarm | NothingToConfirm | None:
    """Staff say that the family is right: the alarm is taken, if nobody has, and resolved.

    Saying it again changes nothing. None: there is no such alarm.
    """
    async with store.transaction() as tx:
        before = await tx.lock(alarm)
        if before is None:
            return None
        last = last_state_entry(before)
        if before.state == "resolved" and last is not None and last.actor == actor and _said_well(before):
            return before
        if not family_says_well(before):
            return NothingToConfirm(before)
        who = Replier(role="duty", account=actor)
        for command in _way_to(before, who, "well"):
            before = await _step(tx, before, command, who, now)
        return before


def family_says_well(alarm: Alarm) -> bool:
    """Whether the family's word that all is well, or the resident's own by telephone or band, waits for staff."""
    return alarm.is_active and _said_well(alarm)


def _said_well(alarm: Alarm) -> bool:
    return any(entry.event in SAYS_WELL or says_ok(entry) for entry in entries_of_round(alarm))


def needs_confirming(alarm: Alarm) -> bool:
    """Whether the family's word that all is well must be confirmed by staff."""
    return alarm.severity == "critical" and alarm.kind in CRIES_FOR_HELP


def _way_to(alarm: Alarm, who: Replier, verb: Verb) -> Iterator[Command]:
    """The commands that lead from the alarm's state to where the verb ends."""
    if alarm.state == "open":
        yield Acknowledge()
    if verb == "take" or (verb == "there" and alarm.state in ("open", "acknowledged")):
        yield Dispatch(responder=who.name or who.actor)
    if verb == "there":
        yield Arrive()
    if verb == "well":
        yield Resolve()


async def _cannot(tx: AlarmTransaction, alarm: Alarm, who: Replier, now: int) -> Alarm:
    """Write it down and look for somebody else: if nobody else is on the way, the alarm is open again."""
    after = await _write_down(tx, alarm, CANNOT_COME, who, now)
    if after is alarm:
        return alarm
    nobody_goes = after.state == "dispatched" and not on_the_way(after)
    if nobody_goes or (after.state == "acknowledged" and after.assignee == who.actor):
        after = await _step(tx, after, Release(), who, now)
    if after.state == "open":
        await tx.next_step_now(after.id, now)
    return after


def on_the_way(alarm: Alarm) -> set[str]:
    """Who has gone since the round began or the alarm was given back, and did not say that they cannot.

    By the name under which they were sent, or who sent themselves.
    """
    going: set[str] = set()
    for entry in entries_of_round(alarm):
        if entry.event == "dispatch":
            going.add(entry.to or entry.actor)
        elif entry.event == CANNOT_COME:
            going -= {entry.actor, entry.to}
        elif entry.event == "release":
            going.clear()
    return going


async def _step(tx: AlarmTransaction, alarm: Alarm, command: Command, who: Replier, now: int) -> Alarm:
    after = apply(alarm, command, who.actor, now)
    return await keep(tx, alarm, after, effects(alarm, after, now), now) if isinstance(after, Alarm) else alarm


async def _write_down(tx: AlarmTransaction, alarm: Alarm, event: str, who: Replier, now: int) -> Alarm:
    """A line of the timeline, once as long as it is the person's last word."""
    own = [entry for entry in entries_of_round(alarm) if entry.actor == who.actor]
    if own and own[-1].event == event:
        return alarm
    entry = TimelineEntry(t=now, actor=who.actor, event=event, to=who.name or None)
    after = alarm.noting(entry)
    return await keep(tx, alarm, after, effects(alarm, after, now), now)


def _reply(before: Alarm, after: Alarm, who: Replier, verb: Verb) -> tuple[Template, str | None]:
    """The template that answers, and which word it notes."""
    if not before.is_active:
        return _too_late(before, who, verb)
    if who.role == "resident" and verb not in _VOUCH:
        return Template.REPLY_UNCLEAR_RESIDENT, None
    if verb == "cannot":
        return Template.REPLY_NOTED, "cannot"
    if verb in _VOUCH:
        own = "own_well" if who.role == "resident" else "well"
        return Template.REPLY_NOTED, own if after.state == "resolved" else FAMILY_SAYS_WELL
    if who.role == "family":
        return Template.REPLY_NOTED, _FAMILY_SAYS[verb]
    if verb == "there":
        return Template.REPLY_THERE, None
    return (Template.REPLY_NOTED, "somebody_is_there") if after.state == "on_scene" else (Template.REPLY_TAKEN, None)


def _too_late(alarm: Alarm, who: Replier, verb: Verb) -> tuple[Template, str | None]:
    """It is over. Who ended it hears the same again; of a missed check whoever else answers is thanked."""
    if alarm.state == "resolved" and verb in _VOUCH:
        last = last_state_entry(alarm)
        if last is not None and last.actor == who.actor:
            return Template.REPLY_NOTED, "own_well" if who.role == "resident" else "well"
    if alarm.state == "resolved" and alarm.kind == MISSED_CHECK and alarm.result not in _ONLY_PEOPLE_TELL:
        return Template.REPLY_NOTED, "over"
    return Template.REPLY_NONE, None
