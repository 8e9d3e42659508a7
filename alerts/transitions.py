"""The alarm's state machine: what people do with an alarm, as one pure function (contract section 3, "States")."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from alerts.alarm import ACTIVE, Alarm, NoteCode, Outcome, Result, State, TimelineEntry
from alerts.policy import REOPEN_WITHIN_MS, SAME_NOTE_WITHIN_MS, may_reach_outside

Text = Annotated[str, msgspec.Meta(max_length=2000)]
Who = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """What every event may carry."""

    note: Text | None = None


class Acknowledge(_Command, frozen=True, tag="acknowledge"):
    """I take it."""


class Assign(_Command, frozen=True, tag="assign"):
    """It is this account's; without a name, the actor's own."""

    assignee: Who | None = None


class Dispatch(_Command, frozen=True, tag="dispatch"):
    """Somebody is on the way."""

    responder: Who | None = None


class Arrive(_Command, frozen=True, tag="arrive"):
    """Somebody is with the resident."""


class Resolve(_Command, frozen=True, tag="resolve"):
    """The resident is safe, or it was nothing."""

    result: Result | None = None


class Close(_Command, frozen=True, tag="close"):
    """The case is written up."""

    outcome: Outcome
    result: Result | None = None


class Cancel(_Command, frozen=True, tag="cancel"):
    """It should not be here."""


class Release(_Command, frozen=True, tag="release"):
    """I give it back."""


class Reopen(_Command, frozen=True, tag="reopen"):
    """It was not over."""


class Rate(_Command, frozen=True, tag="rate"):
    """How well it went, 1 (badly) to 5 (well)."""

    rating: Annotated[int, msgspec.Meta(ge=1, le=5)]
    comment: Text | None = None


class AddNote(_Command, frozen=True, tag="note"):
    """Something worth writing down."""

    text: Text | None = None
    code: NoteCode | None = None


class Notify(_Command, frozen=True, tag="notify"):
    """Tell the family now, without waiting for the escalation."""


Command = (
    Acknowledge | Assign | Dispatch | Arrive | Resolve | Close | Cancel | Release | Reopen | Rate | AddNote | Notify
)
Event = Literal[
    "acknowledge", "assign", "dispatch", "arrive", "resolve", "close",
    "cancel", "release", "reopen", "rate", "note", "notify",
]  # fmt: skip

_ANY_BUT_CLOSED: Final[frozenset[str]] = frozenset({*ACTIVE, "resolved", "cancelled", "suppressed"})

ALLOWED: Final[dict[str, frozenset[str]]] = {
    "acknowledge": frozenset({"open"}),
    "assign": _ANY_BUT_CLOSED,
    "dispatch": frozenset({"acknowledged", "dispatched"}),
    "arrive": frozenset({"dispatched"}),
    "resolve": frozenset({"acknowledged", "dispatched", "on_scene"}),
    "close": frozenset({"resolved"}),
    "cancel": ACTIVE,
    "release": frozenset({"acknowledged", "dispatched"}),
    "reopen": frozenset({"resolved", "closed", "cancelled"}),
    "rate": frozenset({"resolved", "closed"}),
    "note": _ANY_BUT_CLOSED,
    "notify": ACTIVE,
}
"""From which states an event is allowed."""

LEADS_TO: Final[dict[str, State]] = {
    "acknowledge": "acknowledged",
    "dispatch": "dispatched",
    "arrive": "on_scene",
    "resolve": "resolved",
    "close": "closed",
    "cancel": "cancelled",
    "release": "open",
    "reopen": "open",
}
"""Where an event leads; the others leave the state as it is."""

STATE_EVENTS: Final[frozenset[str]] = frozenset({*LEADS_TO, "opened", "again"})
"""Timeline events after which the alarm's state was decided anew."""

ROUND_EVENTS: Final[frozenset[str]] = frozenset({"again", "reopen"})
"""Timeline events with which the escalation starts anew."""

FAMILY_GOING: Final = "family_going"
FAMILY_THERE: Final = "family_there"
FAMILY_SAYS_WELL: Final = "family_says_well"
RESIDENT_SAYS_WELL: Final = "resident_says_well"
CANNOT_COME: Final = "cannot_come"
ALSO_GOING: Final = "also_going"
ALSO_THERE: Final = "also_there"
"""Timeline events of answers that move no state."""

SAYS_WELL: Final[frozenset[str]] = frozenset({FAMILY_SAYS_WELL, RESIDENT_SAYS_WELL})
"""Those that staff may confirm."""

REPLIED: Final = "replied"
"""Timeline event: the words of an answer that only a person can read."""

NO_PROGRESS: Final[frozenset[str]] = frozenset({CANNOT_COME, REPLIED})
"""Timeline events of people who went no step further."""

TOLD: Final = "family_told"
NOBODY_TO_TELL: Final = "nobody_to_tell"
"""Timeline events of an attempt to tell the family."""


class Unchanged(msgspec.Struct, frozen=True):
    """The actor repeated what they had already done: 200, nothing changes."""

    alarm: Alarm


class Refused(msgspec.Struct, frozen=True):
    """The alarm's state does not allow it: 409 with the alarm as it is.

    ``reason``: ``state`` (not from this state, or somebody else was first), ``too_late`` (reopen after 24 h),
    ``desk_only`` (nobody outside may be called), ``another_active`` (the subject has a newer active alarm).
    """

    alarm: Alarm
    reason: Literal["state", "too_late", "desk_only", "another_active"]


def event_of(command: Command) -> str:
    """The command's event, as in the URL and in the timeline."""
    return str(command.__struct_config__.tag)


def last_state_entry(alarm: Alarm) -> TimelineEntry | None:
    """The entry that brought the alarm into its state."""
    return next((entry for entry in reversed(alarm.timeline) if entry.event in STATE_EVENTS), None)


def entries_of_round(alarm: Alarm) -> tuple[TimelineEntry, ...]:
    """The timeline from the beginning of the present escalation round on."""
    for index in range(len(alarm.timeline) - 1, -1, -1):
        if alarm.timeline[index].event in ROUND_EVENTS:
            return alarm.timeline[index:]
    return alarm.timeline


def apply(alarm: Alarm, command: Command, actor: str, now: int) -> Alarm | Unchanged | Refused:
    """Let ``actor`` do ``command`` at ``now`` (ms): the changed alarm, or why it stays as it is."""
    event = event_of(command)
    if _repeats(alarm, command, event, actor, now):
        return Unchanged(alarm)
    if alarm.state not in ALLOWED[event]:
        return Refused(alarm, "state")
    if isinstance(command, Notify) and not may_reach_outside(alarm):
        return Refused(alarm, "desk_only")
    if isinstance(command, Reopen):
        ended = last_state_entry(alarm)
        if ended is not None and now - ended.t > REOPEN_WITHIN_MS:
            return Refused(alarm, "too_late")
    entry = _entry(command, event, actor, now)
    after = alarm.noting(entry, state=LEADS_TO.get(event, alarm.state))
    if after.state != alarm.state:
        after = msgspec.structs.replace(after, asked_until=None)
    return _with_details(after, command, actor)


def _with_details(alarm: Alarm, command: Command, actor: str) -> Alarm:
    replace = msgspec.structs.replace
    match command:
        case Acknowledge():
            return replace(alarm, assignee=actor)
        case Assign():
            return replace(alarm, assignee=command.assignee or actor)
        case Release():
            return replace(alarm, assignee=None)
        case Reopen():
            return replace(alarm, assignee=None, outcome=None, result=None, rating=None)
        case Resolve():
            return replace(alarm, result=command.result)
        case Close():
            return replace(alarm, outcome=command.outcome, result=command.result or alarm.result)
        case Rate():
            return replace(alarm, rating=command.rating)
        case _:
            return alarm


def _entry(command: Command, event: str, actor: str, now: int) -> TimelineEntry:
    note, code, to = command.note, None, None
    match command:
        case AddNote():
            note, code = command.text or command.note, command.code
        case Rate():
            note = command.comment or command.note
        case Dispatch():
            to = command.responder
        case Assign():
            to = command.assignee or actor
        case _:
            pass
    return TimelineEntry(t=now, actor=actor, event=event, note=note, code=code, to=to)


def _repeats(alarm: Alarm, command: Command, event: str, actor: str, now: int) -> bool:
    """Whether the actor's own last word on the matter said the same."""
    match command:
        case Assign():
            return alarm.state != "closed" and alarm.assignee == (command.assignee or actor)
        case Rate():
            return alarm.rating == command.rating and _said_last(alarm, command, event, actor)
        case AddNote():
            last = alarm.timeline[-1] if alarm.timeline else None
            again = last is not None and _same(last, _entry(command, event, actor, 0))
            return again and last is not None and now - last.t <= SAME_NOTE_WITHIN_MS
        case Notify():
            tries = [e for e in entries_of_round(alarm) if e.event in (event, NOBODY_TO_TELL)]
            return alarm.is_active and bool(tries) and (tries[-1].event, tries[-1].actor) == (event, actor)
        case _:
            last = last_state_entry(alarm)
            if last is None or alarm.state != LEADS_TO[event]:
                return False
            own = last.event == event and last.actor == actor
            return own and (not isinstance(command, Dispatch) or last.to == command.responder)


def _said_last(alarm: Alarm, command: Command, event: str, actor: str) -> bool:
    last = next((entry for entry in reversed(alarm.timeline) if entry.event == event), None)
    return last is not None and _same(last, _entry(command, event, actor, 0))


def _same(entry: TimelineEntry, other: TimelineEntry) -> bool:
    return msgspec.structs.replace(entry, t=0) == msgspec.structs.replace(other, t=0)
