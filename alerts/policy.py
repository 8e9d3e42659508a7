"""What the rules of contract section 3 mean for people: who is told, how bad it is, what ends by itself.

The values are the contract's defaults unless a line says otherwise.
"""

from __future__ import annotations

from typing import Final

from alerts.alarm import SEVERITIES, Alarm, Episode, SeverityName
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS

FAMILY_TOLD: Final[frozenset[str]] = frozenset(
    {
        "sos.button",
        "sos.reported",
        "fall.device",
        "fall.motion",
        "fall.reported",
        "wandering.zone_exit",
        "wandering.night_exit",
        "wandering.lost",
        "wandering.pattern",
        "wandering.reported",
        "missed_check.checkin",
        "missed_check.inactivity",
    }
)
"""Rules whose alarm reaches the first contact by itself when nobody takes it. What is reported by hand lives as
its kind does, but that somebody cannot be reached: who reports that is the family, as a rule (assumption)."""

NEVER_TO_FAMILY: Final[frozenset[str]] = frozenset({"device", "system"})
"""Kinds that concern the centre alone."""

NO_NEWS_TO: Final[frozenset[str]] = frozenset({"moved", "deceased"})
"""Statuses of a resident that at once stop every message to family."""

CRIES_FOR_HELP: Final[frozenset[str]] = frozenset({"sos", "fall"})
"""Kinds whose new evidence may sound again."""

MISSED_CHECK: Final = "missed_check"
"""The kind that a word from or about the resident settles (``alerts.clearing``)."""

MISSED_RULES: Final = (
    "missed_check.checkin",
    "missed_check.inactivity",
    "missed_check.silent",
    "missed_check.reported",
)

EVIDENCE_OF_EACH_OTHER: Final[dict[str, str]] = {"fall.device": "fall.motion", "fall.motion": "fall.device"}
FOLD_RELATED_WITHIN_MS: Final = 60_000

UNACKNOWLEDGED_MS: Final = 120_000
"""How long the desk has before the first contact is told (issue "The whole way, end to end")."""

SOUNDS_AGAIN_AFTER_MS: Final = 60_000
WEARER_CANCELS_WITHIN_MS: Final = 15_000
WEARER_CANCEL_COUNTS_MS: Final = 10 * MINUTE_MS
SAME_NOTE_WITHIN_MS: Final = MINUTE_MS
"""The same note again after this is a new one: the phone was tried again, nobody answered again. Assumption."""
REOPEN_WITHIN_MS: Final = DAY_MS
DESK_ONLY_AFTER_MS: Final = DAY_MS
"""An alarm whose evidence is older than this on arrival calls nobody outside."""

STANDS_AFTER_MS: Final[dict[str, int]] = {
    "wandering": 10 * MINUTE_MS,
    "missed_check": 30 * MINUTE_MS,
    "vitals": 30 * MINUTE_MS,
    "device": DAY_MS,
    "system": 30 * MINUTE_MS,
}
"""An episode that still stands so long after its alarm ended opens a new one (design rule 8)."""

ALARM_MESSAGE_VALID_MS: Final = 15 * MINUTE_MS
ALL_CLEAR_VALID_MS: Final = 12 * HOUR_MS
"""After this a message is no longer sent. Assumption: news of an alarm goes stale, relief does not."""

_END_WITH_THEIR_CAUSE: Final[frozenset[str]] = frozenset(
    {"missed_check.silent", "missed_check.checkin", "system.nobody_on_duty"}
)
"""Of kinds that otherwise wait for somebody. What is promised late is kept all the same (ADR-28); that somebody came on
duty settles it (ADR-23)."""

_END_HOWEVER_BAD: Final[frozenset[str]] = frozenset({"system.site_silent", "system.console_silent"})
"""That a site is heard again is certain, and who of it is not is told of by alarms of their own (ADR 29). A desk that
listens again shows and sounds all that is open (ADR 38)."""

SOUNDING: Final[frozenset[SeverityName]] = frozenset({"medium", "high", "critical"})
"""Severities that the console sounds until somebody takes the alarm (``toneFor`` in dashboards/web)."""

REPORTED_SEVERITY: Final[dict[str, SeverityName]] = {
    "sos": "critical",
    "fall": "critical",
    "wandering": "high",
    "missed_check": "medium",
    "vitals": "high",
    "device": "low",
    "system": "medium",
}
"""Of alarms opened by hand, ``<kind>.reported``. Assumption: as bad as the kind's own rules."""


def kind_of(rule: str) -> str:
    """The kind of a rule, for example ``wandering`` of ``wandering.zone_exit``."""
    return rule.partition(".")[0]


def worse(one: SeverityName, other: SeverityName) -> SeverityName:
    """The more severe of two."""
    return max(one, other, key=SEVERITIES.index)


def severity_of(episode: Episode, *, cry_for_help_active: bool) -> SeverityName:
    """How bad an episode is where more is known than the reading: the resident, their other alarms.

    ``cry_for_help_active``: an SOS or fall alarm of the same resident is active.
    """
    nobody = episode.resident is None and episode.household is None
    if nobody and kind_of(episode.rule) in CRIES_FOR_HELP:
        return "high"
    if episode.rule == "missed_check.silent" and cry_for_help_active:
        return worse(episode.severity, "high")
    return episode.severity


def resolves_itself(alarm: Alarm) -> bool:
    """Whether the alarm ends without people once its cause is gone."""
    if alarm.rule in _END_HOWEVER_BAD:
        return True
    mild = SEVERITIES.index(alarm.severity) <= SEVERITIES.index("medium")
    return mild and (alarm.kind == "device" or alarm.rule in _END_WITH_THEIR_CAUSE)


def only_seen(alarm: Alarm) -> bool:
    """Whether a missed check ended because somebody was with the resident whom nobody had to send."""
    gone = any(entry.event == "arrive" for entry in alarm.timeline)
    return alarm.kind == MISSED_CHECK and alarm.result == "helped_on_site" and not gone


def ended_by(alarm: Alarm) -> str:
    """Who ended it, as the timeline knows them: ``engine`` when its cause was gone; "" while it has not ended."""
    return next((entry.actor for entry in reversed(alarm.timeline) if entry.event in ("resolve", "cancel")), "")


def calls_people(alarm: Alarm) -> bool:
    """Whether anybody beside the console may be called: not for drills and not for news of yesterday."""
    stale = alarm.late and alarm.raised_at - alarm.last_event_time > DESK_ONLY_AFTER_MS
    return not (alarm.drill or stale)


def may_reach_outside(alarm: Alarm) -> bool:
    """Whether anybody outside the centre may be called: not for drills, news of yesterday, maintenance."""
    return calls_people(alarm) and alarm.kind not in NEVER_TO_FAMILY
