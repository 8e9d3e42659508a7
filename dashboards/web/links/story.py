"""How far an alarm has come, in the few words that are for family and responders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from alerts.actors import OF_A_CONTACT, OF_A_GROUP, OF_A_RESPONDER
from alerts.alarm import Alarm, TimelineEntry
from alerts.policy import only_seen
from alerts.replies import Verb, on_the_way
from alerts.transitions import (
    ALSO_GOING,
    ALSO_THERE,
    CANNOT_COME,
    FAMILY_GOING,
    FAMILY_SAYS_WELL,
    FAMILY_THERE,
    entries_of_round,
)

Stage = Literal["open", "taken", "going", "there", "over"]

STAGES: Final[tuple[Stage, ...]] = ("open", "taken", "going", "there", "over")
_STAGE_OF: Final[Mapping[str, Stage]] = {
    "acknowledge": "taken",
    "dispatch": "going",
    "arrive": "there",
    "resolve": "over",
    "close": "over",
    "cancel": "over",
}
_BACK_TO_OPEN: Final = frozenset({"release", "reopen"})

_SAID: Final[Mapping[str, Verb]] = {
    "acknowledge": "take",
    "dispatch": "take",
    ALSO_GOING: "take",
    FAMILY_GOING: "take",
    "arrive": "there",
    ALSO_THERE: "there",
    FAMILY_THERE: "there",
    "resolve": "well",
    FAMILY_SAYS_WELL: "well",
    CANNOT_COME: "cannot",
}
"""What somebody said, by the event that it is on the timeline."""

_OF_A_SYSTEM: Final[frozenset[Stage]] = frozenset({"taken", "over"})
"""Nobody goes to our own system: somebody sees to it."""

_SPOKE_FOR_THEMSELVES: Final = (OF_A_GROUP, OF_A_RESPONDER)

_FALSE: Final = frozenset({"false_alarm", "accidental", "test", "technical"})
_FROM_PEOPLE_ONLY: Final = frozenset({"ambulance", "hospital", "died"})
"""Results that somebody tells by voice: no page and no message says more than to call the centre."""


class Milestone(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the way; ``t`` (ms) None: not reached. ``who``: the role of whoever goes or is there."""

    stage: Stage
    t: int | None
    who: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's own last answer, and when (ms)."""

    verb: Verb
    t: int


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Where it stands. ``how``: how it ended; None while it has not."""

    stage: Stage
    who: str | None
    how: str | None
    milestones: tuple[Milestone, ...]


def named_in(alarm: Alarm) -> list[str]:
    """By what the alarm's timeline knows whoever went there."""
    return sorted({name for entry in _moves(alarm) for name in (entry.actor, entry.to) if name is not None})


def story_of(alarm: Alarm, kinds: Mapping[str, str]) -> Story:
    """The story so far; ``kinds``: what responders are, by the timeline's name for them."""
    reached = _reached(alarm)
    if alarm.kind == "system":
        reached = {stage: entry for stage, entry in reached.items() if stage in _OF_A_SYSTEM}
    here: Stage = next((stage for stage in reversed(STAGES) if stage in reached), "open")
    going = _who(reached.get("going"), kinds, "somebody")
    roles: dict[Stage, str | None] = {"going": going, "there": _who(reached.get("there"), kinds, going or "somebody")}
    before_us = () if here == "over" else STAGES[STAGES.index(here) + 1 :]
    way = [
        Milestone(stage=stage, t=reached[stage].t if stage in reached else None, who=roles.get(stage))
        for stage in STAGES[1:]
        if stage in reached or (stage in before_us and (alarm.kind != "system" or stage in _OF_A_SYSTEM))
    ]
    return Story(
        stage=here,
        who=roles.get(here),
        how=how_it_ended(alarm) if here == "over" else None,
        milestones=(Milestone(stage="open", t=alarm.event_time), *way),
    )


def _reached(alarm: Alarm) -> dict[Stage, TimelineEntry]:
    """The entry with which each stage was reached, since somebody last began anew."""
    reached: dict[Stage, TimelineEntry] = {}
    for entry in alarm.timeline:
        if entry.event in _BACK_TO_OPEN or (entry.event == "again" and "there" not in reached):
            reached.clear()
        stage = _STAGE_OF.get(entry.event)
        if stage == "over":
            reached.setdefault(stage, entry)
        elif stage is not None:
            reached[stage] = entry
    return reached


def last_answer(alarm: Alarm, actor: str) -> Answer | None:
    """What somebody said last of an alarm."""
    own = [entry for entry in alarm.timeline if entry.actor == actor and entry.event in _SAID]
    return Answer(verb=_SAID[own[-1].event], t=own[-1].t) if own else None


def by_name(alarm: Alarm) -> tuple[str, ...]:
    """Who goes there, or has arrived, by name: those of a group and responders, who said so themselves."""
    sent = {
        entry.actor: entry.to
        for entry in entries_of_round(alarm)
        if entry.event == "dispatch" and entry.to is not None and entry.actor.startswith(_SPOKE_FOR_THEMSELVES)
    }
    reached = _reached(alarm)
    if "there" in reached:
        arrived = sent.get(reached["there"].actor)
        return () if arrived is None else (arrived,)
    going = on_the_way(alarm) if "going" in reached else ()
    return tuple(dict.fromkeys(name for name in sent.values() if name in going))


def how_it_ended(alarm: Alarm) -> str:
    """One word for the end of an alarm: ``settled``, ``safe``, ``false``, ``call_centre``, or the result's own."""
    if alarm.result in _FROM_PEOPLE_ONLY or alarm.outcome == "no_access":
        return "call_centre"
    if alarm.outcome in _FALSE:
        return "false"
    if alarm.state == "cancelled":
        return "cancelled"
    if only_seen(alarm):
        return "safe"
    if alarm.result is not None and alarm.result != "none":
        return alarm.result
    return "helped_on_site" if any(entry.event == "arrive" for entry in alarm.timeline) else "settled"


def _moves(alarm: Alarm) -> list[TimelineEntry]:
    return [entry for entry in alarm.timeline if entry.event in ("dispatch", "arrive")]


def _who(entry: TimelineEntry | None, kinds: Mapping[str, str], otherwise: str) -> str | None:
    """The role of whoever an entry is about: one who was sent before whoever wrote it down."""
    if entry is None:
        return None
    for name in (entry.to, entry.actor):
        if name is not None and name in kinds:
            return kinds[name]
    return "family" if entry.actor.startswith(OF_A_CONTACT) else otherwise
