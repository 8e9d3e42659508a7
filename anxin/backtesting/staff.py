"""What the staff really did with the alarms of a stretch, to be done again in a run.

Where a run has no such alarm, one of the same subject and rule stands in its place: other parameters open the same
episode with another reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from alerts.alarm import Alarm, TimelineEntry
from alerts.standing import Standing
from alerts.transitions import (
    Acknowledge,
    Arrive,
    Cancel,
    Close,
    Command,
    Dispatch,
    Refused,
    Release,
    Reopen,
    Resolve,
    apply,
    event_of,
)
from devices.wearing import FOREVER

Key = tuple[str, str]
"""Subject and rule."""

_NOT_STAFF: Final = frozenset({"engine", "wearer"})
"""What they did to an alarm, the run decides by itself."""
_PLAIN: Final[dict[str, Command]] = {
    event_of(command): command for command in (Acknowledge(), Arrive(), Resolve(), Cancel(), Release(), Reopen())
}
_BEFORE: Final[dict[str, tuple[Command, ...]]] = {
    "dispatch": (Acknowledge(),),
    "arrive": (Acknowledge(), Dispatch()),
    "resolve": (Acknowledge(),),
}
"""What somebody must have done first: in a run the alarm may have come after it."""


WAITS_MS: Final = 1_000
"""A run may raise an alarm so much later than the gateway did, where the gateway's batches are forgotten."""


class Deed(NamedTuple):
    """Somebody did something with an alarm at ``t``, ms."""

    t: int
    alarm: UUID
    key: Key
    command: Command
    actor: str


class Staff:
    """Does in one run, in the order of time, what was done in reality."""

    def __init__(self, alarms: Sequence[Alarm]) -> None:
        """Take what was done with these alarms."""
        self._deeds = sorted(_deeds(alarms), key=lambda deed: deed.t)
        self._next = 0
        self._waiting: list[Deed] = []
        self._active: dict[Key, list[tuple[int, int]]] = {}
        for alarm in alarms:
            self._active.setdefault((alarm.subject, alarm.rule), []).append((alarm.raised_at, ended_at(alarm)))

    def act(self, standing: Standing, now: int) -> None:
        """Do what was done before ``now`` (ms) and has not been done yet."""
        due = self._waiting
        while self._next < len(self._deeds) and self._deeds[self._next].t < now:
            due.append(self._deeds[self._next])
            self._next += 1
        self._waiting = [deed for deed in due if not _done(standing, deed) and now - deed.t <= WAITS_MS]

    def had_it(self, key: Key, now: int) -> bool:
        """Whether at ``now`` (ms) an alarm of this subject and rule was really active."""
        return any(raised <= now < ended for raised, ended in self._active.get(key, ()))


def ended_at(alarm: Alarm) -> int:
    """When an alarm was no longer active, ms; FOREVER while it is."""
    if alarm.is_active:
        return FOREVER
    ends = [entry.t for entry in alarm.timeline if entry.event in ("resolve", "cancel")]
    return ends[-1] if ends else alarm.raised_at


def _done(standing: Standing, deed: Deed) -> bool:
    """Do it, if there is an alarm with which it can be done."""
    alarm = standing.known.get(deed.alarm)
    if alarm is None:
        ended = isinstance(deed.command, Reopen | Close)
        alarm = (standing.ended if ended else standing.active).get(deed.key)
    if alarm is None:
        return False
    if isinstance(deed.command, Reopen) and deed.key in standing.active:
        return True
    after = apply(alarm, deed.command, deed.actor, deed.t)
    if isinstance(after, Refused) and event_of(deed.command) in _BEFORE:
        for first in _BEFORE[event_of(deed.command)]:
            met = apply(alarm, first, deed.actor, deed.t)
            alarm = met if isinstance(met, Alarm) else alarm
        after = apply(alarm, deed.command, deed.actor, deed.t)
    if isinstance(after, Alarm):
        standing.keep(after)
    return True


def _deeds(alarms: Iterable[Alarm]) -> Iterable[Deed]:
    for alarm in alarms:
        for entry in alarm.timeline:
            command = None if entry.actor in _NOT_STAFF else _command(alarm, entry)
            if command is not None:
                yield Deed(entry.t, alarm.id, (alarm.subject, alarm.rule), command, entry.actor)


def _command(alarm: Alarm, entry: TimelineEntry) -> Command | None:
    match entry.event:
        case "dispatch":
            return Dispatch(responder=entry.to)
        case "close":
            # One that was opened again has no outcome any more.
            return Close(outcome=alarm.outcome or "technical")
        case _:
            return _PLAIN.get(entry.event)
