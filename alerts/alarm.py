"""The alarm object of contract section 3 and the episode from which it grows, as immutable values."""

from __future__ import annotations

from typing import Any, Final, Literal
from uuid import UUID, uuid5

import msgspec

State = Literal["open", "acknowledged", "dispatched", "on_scene", "resolved", "closed", "cancelled", "suppressed"]
SeverityName = Literal["low", "medium", "high", "critical"]
Outcome = Literal["true_alarm", "false_alarm", "accidental", "no_access", "test", "technical"]
Result = Literal["settled_by_phone", "helped_on_site", "ambulance", "hospital", "found", "died", "none"]
NoteCode = Literal["no_answer", "called_120", "called_110", "key_used"]

ACTIVE: Final[frozenset[str]] = frozenset({"open", "acknowledged", "dispatched", "on_scene"})
SEVERITIES: Final[tuple[SeverityName, ...]] = ("low", "medium", "high", "critical")
ALARM_NAMESPACE: Final = UUID("5a6e5d0e-5b0b-5b52-9a43-0d6b8c1f7a10")
"""Namespace of the uuid5 that names an episode and its alarm."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where it was, in WGS-84 degrees, at ``t`` (ms)."""

    lat: float
    lon: float
    accuracy_m: float | None = None
    t: int


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an alarm's story. ``actor``: an account's user name, ``wearer``, ``engine`` or ``system``.

    ``to`` is whom the event names: the responder of a ``dispatch``, the assignee of an ``assign``.
    """

    t: int
    actor: str
    event: str
    note: str | None = None
    code: NoteCode | None = None
    to: str | None = None


def opening(severity: SeverityName, now: int, actor: str) -> TimelineEntry:
    """How a timeline begins at ``now`` (ms). Of what makes no sound it says "low", to tell when it began to sound."""
    return TimelineEntry(t=now, actor=actor, event="opened", note="low" if severity == "low" else None)


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """Why an alarm is, or was, kept quiet: a site's maintenance, or (``device`` given) a device's repair.

    ``until``: ms, None: until the device is given back. ``by``: the account that said so.
    """

    id: str
    site: str
    device: str | None
    reason: str
    by: str
    until: int | None


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds: ``transport`` = received − t; ``decided`` and ``commit_issued`` counted from receipt."""

    transport: float
    decided: float
    commit_issued: float


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm as everyone sees it. Times are integer Unix ms.

    ``parameters_version``: under which parameters its rule decided, the registry version of the newest that
    somebody had set for those whom it concerns; 0 when all were defaults, or no parameter decided.
    ``asked_until``: so long the wearer's answer to "are you all right?" is awaited; None: nobody waits for one.
    ``suppression``: why it was kept quiet, also after it was heard; None: it never was.
    """

    id: UUID
    case: UUID
    kind: str
    rule: str
    severity: SeverityName
    state: State
    version: int
    site: str
    resident: str | None
    household: str | None
    device: str | None
    subject: str
    event_time: int
    last_event_time: int
    recovered_at: int | None = None
    raised_at: int
    late: bool = False
    drill: bool = False
    position: Place | None = None
    evidence: dict[str, Any] = {}
    count: int = 1
    previous: UUID | None = None
    assignee: str | None = None
    outcome: Outcome | None = None
    result: Result | None = None
    rating: int | None = None
    latency_ms: Latency | None = None
    family_told: bool = False
    parameters_version: int = 0
    asked_until: int | None = None
    suppression: Suppression | None = None
    timeline: tuple[TimelineEntry, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.state in ACTIVE

    @property
    def grew_from_low(self) -> TimelineEntry | None:
        """With which line it became more than low, since it was raised; None: it never did, or always was.

        What was opened before timelines said "low" is known to have been low only if it became medium.
        """
        low = any((entry.event, entry.note) == ("opened", "low") for entry in self.timeline)
        raised = (e for e in self.timeline if e.event == "severity_raised" and e.t >= self.raised_at)
        return next((entry for entry in raised if low or entry.note == "medium"), None)

    def noting(self, *entries: TimelineEntry, **changes: Any) -> Alarm:
        """The alarm's next version: with these entries on its timeline, and fields changed."""
        timeline = (*self.timeline, *entries)
        return msgspec.structs.replace(self, version=self.version + 1, timeline=timeline, **changes)


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an engine's episode, its slots turned into public ids. Input of ``alerts.folding``.

    ``answered`` is the wearer's: ``id`` is the alarm for whose sake the band asked, ``evidence["answer"]`` the word.
    """

    id: UUID
    what: Literal["opened", "evidence", "recovered", "cancelled", "answered"]
    rule: str
    severity: SeverityName
    subject: str
    site: str
    resident: str | None
    household: str | None
    device: str | None
    t: int
    late: bool
    position: Place | None
    evidence: dict[str, Any]
    received: int
    drill: bool = False
    parameters: int = 0
    """The version of the parameters by which the engine decided."""
    pressed_well: bool = False
    """Of a ``recovered``: the wearer pressed "I am well" at ``t``, whatever the engine makes of it."""


def episode_id(rule: str, subject: str, opening_t: int, opening_seq: int) -> UUID:
    """Name an episode, and so its alarm, by what opened it: the same however often its readings are replayed."""
    return uuid5(ALARM_NAMESPACE, f"{rule}|{subject}|{opening_t}|{opening_seq}")


def follower_id(alarm: UUID) -> UUID:
    """Name the alarm that opens after ``alarm`` ended while its episode still stands."""
    return uuid5(ALARM_NAMESPACE, f"{alarm}|follower")
