"""What belongs to a fall and comes after it (ADR 33).

A surer judgement, stillness, walking, a heart rate; the same fall told by another detector or another band.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any, Final

from alerts.alarm import Alarm, Episode, SeverityName, TimelineEntry
from alerts.policy import FOLD_RELATED_WITHIN_MS, worse
from alerts.transitions import last_state_entry

CERTAINTY: Final[dict[str, str]] = {"fall.device": "confidence", "fall.motion": "probability"}
"""In which evidence a rule tells how certain it is, 0 to 1; without it, it has no doubt."""

ANSWERED_AFTER_S: Final = "answered_after_s"
"""In the evidence: so long after the newest fall the wearer said that all is well."""

WALKED_FROM_S: Final = (10, 60)
"""From each of these on an observed walk makes the fall one step less severe. The first is what the engine waits for
before it tells of a walk, the second an assumption: ADR 33."""

LAIN_FROM_S: Final = 30
"""Who lies still for so long is said to. As the engine tells it: ADR 32."""


def is_follow_up(alarm: Alarm, episode: Episode) -> bool:
    """Whether an episode event tells more of a fall that the alarm knows, and not of another one.

    Of another jolt the engine tells only what is surer; of what is seen afterwards, with the certainty of before.
    """
    if episode.rule != "fall.motion" or episode.what != "evidence":
        return False
    no_surer = episode.evidence.get("probability", 1.0) <= alarm.evidence.get("probability", -1.0)
    return episode.t <= alarm.last_event_time or no_surer


def belongs_to_ended(episode: Episode, ended: Iterable[Alarm]) -> Alarm | None:
    """The alarm that is over and settles the episode, None when it must be heard.

    What the engine adds to a fall that is over changes nothing. A fall from before the wearer's word that all is well,
    within a minute of the one that they spoke of, is the same: whichever band or detector tells it last. The word
    speaks of what was before it, however late it arrived.
    """
    for alarm in ended:
        end = last_state_entry(alarm)
        before_the_end = end is not None and episode.t <= end.t
        said = alarm.last_event_time + 1000 * alarm.evidence.get(ANSWERED_AFTER_S, inf)
        near = abs(episode.t - alarm.last_event_time) <= FOLD_RELATED_WITHIN_MS
        wearers_word = end is not None and (end.event, end.actor) == ("cancel", "wearer") and episode.t <= said
        added = episode.rule == "fall.motion" and episode.what == "evidence"
        if is_follow_up(alarm, episode) or (before_the_end and near and (added or wearers_word)):
            return alarm
    return None


def severity_with(alarm: Alarm, episode: Episode, told: SeverityName) -> SeverityName:
    """How bad it is with this evidence, before a walk is considered.

    What a detector says again of the same fall, and no more certainly, undoes nothing that an answer or a walk did.
    """
    if is_follow_up(alarm, episode) and episode.evidence.get("probability", 0) <= alarm.evidence.get("probability", 0):
        return alarm.severity
    return worse(alarm.severity, told)


def steps_walked(alarm: Alarm, episode: Episode) -> int:
    """By how many steps a walk that the episode tells of, and the alarm does not know, lessens the severity."""
    return max(0, _walked(episode.evidence) - _walked(alarm.evidence))


def walks(alarm: Alarm) -> bool:
    """Whether the wearer was seen walking after the fall."""
    return _walked(alarm.evidence) > 0


def sightings(alarm: Alarm, episode: Episode, now: int) -> list[TimelineEntry]:
    """What the timeline says of what was seen after the fall, where the alarm does not know it."""
    before, told = alarm.evidence, episode.evidence
    news = []
    if before.get("still_s", 0) < LAIN_FROM_S <= told.get("still_s", 0):
        news.append(("lies_still", told["still_s"]))
    if steps_walked(alarm, episode):
        news.append(("walks", told["walking_s"]))
    if "heart_rate_bpm" in told and "heart_rate_bpm" not in before:
        news.append(("heart_rate", told["heart_rate_bpm"]))
    return [TimelineEntry(t=now, actor="engine", event=event, note=f"{value:g}") for event, value in news]


def merged(alarm: Alarm, episode: Episode, evidence: dict[str, Any]) -> dict[str, Any]:
    """``evidence``, as it was merged, with what is particular to falls.

    What is told again of the same fall is newer; of several certainties the greatest counts; which other rule saw the
    fall is worth knowing.
    """
    if is_follow_up(alarm, episode):
        evidence = {**evidence, **episode.evidence}
    for name in CERTAINTY.values():
        told = [each[name] for each in (alarm.evidence, episode.evidence) if name in each]
        if told:
            evidence[name] = max(told)
    if episode.rule != alarm.rule and episode.rule in CERTAINTY:
        evidence["other_rules"] = sorted({*alarm.evidence.get("other_rules", ()), episode.rule})
    return evidence


def _walked(evidence: dict[str, Any]) -> int:
    return sum(evidence.get("walking_s", 0) >= limit for limit in WALKED_FROM_S)
