"""Asking whoever wears the band after a probable fall: what question, answer and silence make of the alarm (ADR 33).

Pure functions over the alarm. The question stands while ``asked_until`` says until when; what ends it also lets those
outside hear at once. ``alerts.questions`` puts it and looks after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from alerts.aftermath import ANSWERED_AFTER_S, CERTAINTY, walks
from alerts.alarm import SEVERITIES, Alarm, Episode, SeverityName, TimelineEntry
from alerts.escalation import round_of
from alerts.policy import worse
from alerts.ports import NewStep

ASKED: Final = "asked"
"""Timeline event: the band asks. ``to`` is the device, ``note`` how many seconds it waits."""
NOT_ASKED: Final = "not_asked"
"""The band could not ask, or can no longer answer; the note says why."""
NOT_AWAITED: Final = "not_awaited"
"""Surer evidence came: nobody waits for the answer any more."""
ANSWERED: Final = "answered"
"""The wearer's word, or the band's that there was none."""
UNANSWERED: Final = "unanswered"
"""The time was over, and nobody had answered."""

Word = Literal["ok", "help", "none"]

ON_THE_WAY_MS: Final = 5_000
"""An answer of the last second counts though it comes so much later. Assumption, ADR 33."""
LOOK_EVERY_MS: Final = 5_000
"""How often it is asked meanwhile whether the band can answer at all. Assumption, ADR 33."""
NOT_SENT_AFTER_MS: Final = 10_000
"""A question that has not left us after so long has no way to the band. Assumption, ADR 33."""

_LEAST: Final = SEVERITIES.index("medium")
"""Nothing that somebody says or does makes a fall less than this: it sounds until somebody has looked."""


def says_ok(entry: TimelineEntry) -> bool:
    """Whether a line of the timeline is the wearer's answer that all is well."""
    return (entry.event, entry.note) == (ANSWERED, "ok")


def ask_below(rule: str) -> str:
    """The parameter of a rule: the wearer is asked when it is less certain than this."""
    return f"{rule}.ask_below"


def answer_s(rule: str) -> str:
    """The parameter of a rule: how long the wearer has for an answer."""
    return f"{rule}.answer_s"


PARAMETERS_OF: Final = tuple(name(rule) for rule in CERTAINTY for name in (ask_below, answer_s))
"""All parameters that decide whether and how long somebody is asked."""


def may_be_asked(alarm: Alarm) -> bool:
    """Whether asking is of use: a fall of just now of somebody who is known, and of which doubt is possible.

    Of somebody who goes on as usual there is a low alarm at most (ADR 37): their silence says nothing.
    """
    return (
        alarm.rule in CERTAINTY
        and alarm.severity != "low"
        and alarm.state == "open"
        and alarm.resident is not None
        and not alarm.late
        and CERTAINTY[alarm.rule] in alarm.evidence
    )


def is_sure(alarm: Alarm, settings: Mapping[str, float]) -> bool:
    """Whether one of the rules that saw the fall is so certain that nobody waits; one that tells no doubt is."""
    rules = {alarm.rule, *alarm.evidence.get("other_rules", ())} & CERTAINTY.keys()
    return any(alarm.evidence.get(CERTAINTY[rule], 1.0) >= settings[ask_below(rule)] for rule in rules)


def looks(alarm: Alarm, now: int) -> list[NewStep]:
    """The steps that look after the question; the last of them, ``repeat`` = ``n``, is its end."""
    assert alarm.asked_until is not None
    end = max(now, alarm.asked_until)
    moments = [*range(now + LOOK_EVERY_MS, end, LOOK_EVERY_MS), end]
    return [
        NewStep(step="no_answer", round=round_of(alarm), due_at=at, n=len(moments), repeat=number, written_at=now)
        for number, at in enumerate(moments, 1)
    ]


def asked(alarm: Alarm, device: str, seconds: float, now: int) -> Alarm:
    """The band asks now."""
    entry = TimelineEntry(t=now, actor="system", event=ASKED, note=f"{seconds:g}", to=device)
    return alarm.noting(entry, asked_until=now + round(1000 * seconds) + ON_THE_WAY_MS)


def not_asked(alarm: Alarm, why: str, now: int) -> Alarm:
    """Nobody can be asked, or nobody who was asked can answer: nothing waits for it."""
    return alarm.noting(TimelineEntry(t=now, actor="system", event=NOT_ASKED, note=why), asked_until=None)


def not_awaited(alarm: Alarm, now: int) -> Alarm:
    """It has become so certain that nobody waits for the answer."""
    return alarm.noting(TimelineEntry(t=now, actor="engine", event=NOT_AWAITED), asked_until=None)


def unanswered(alarm: Alarm, now: int) -> Alarm:
    """The time is over. Silence makes it as bad as it can be, unless somebody was seen walking."""
    entries = [TimelineEntry(t=now, actor="system", event=UNANSWERED)]
    return _raised(alarm, entries, alarm.severity if walks(alarm) else "critical", now)


def answered(alarm: Alarm, episode: Episode, now: int) -> Alarm | None:
    """What the answer ``evidence["answer"]`` makes of the alarm for whose sake was asked; None: nothing."""
    word: Word = episode.evidence["answer"]
    if word == "none":
        if any(entry.event == UNANSWERED for entry in alarm.timeline):
            return None
        return unanswered(alarm, now)
    entries = [TimelineEntry(t=now, actor="wearer", event=ANSWERED, note=word)]
    if word == "help":
        return _raised(alarm, entries, "critical", now)
    if episode.t < alarm.last_event_time:
        return alarm.noting(*entries)  # they have fallen again since, and nobody knows how they are
    if alarm.state == "open" and alarm.asked_until is not None and episode.received <= alarm.asked_until:
        entries.append(TimelineEntry(t=now, actor="wearer", event="cancel"))
        evidence = {**alarm.evidence, ANSWERED_AFTER_S: (episode.t - alarm.last_event_time) / 1000}
        return alarm.noting(*entries, state="cancelled", asked_until=None, evidence=evidence)
    return lowered(alarm, entries, now)


def lowered(alarm: Alarm, entries: list[TimelineEntry], now: int) -> Alarm:
    """The alarm one step less severe, with these entries; the question is over."""
    severity = less(alarm.severity)
    if severity != alarm.severity:
        entries = [*entries, TimelineEntry(t=now, actor="system", event="severity_lowered", note=severity)]
    return alarm.noting(*entries, severity=severity, asked_until=None)


def less(severity: SeverityName, steps: int = 1) -> SeverityName:
    """So many steps less severe; never less than medium, unless it was already."""
    place = SEVERITIES.index(severity)
    return SEVERITIES[min(place, max(_LEAST, place - steps))]


def _raised(alarm: Alarm, entries: list[TimelineEntry], to: SeverityName, now: int) -> Alarm:
    severity = worse(alarm.severity, to)
    if severity != alarm.severity:
        entries.append(TimelineEntry(t=now, actor="system", event="severity_raised", note=severity))
    return alarm.noting(*entries, severity=severity, asked_until=None)
