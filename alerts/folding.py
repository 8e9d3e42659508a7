"""How the engine's episodes become alarms: one active alarm per subject and rule (contract section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

import msgspec

from alerts import aftermath, asking
from alerts.alarm import Alarm, Episode, Latency, State, TimelineEntry, follower_id, opening
from alerts.policy import (
    CRIES_FOR_HELP,
    EVIDENCE_OF_EACH_OTHER,
    FOLD_RELATED_WITHIN_MS,
    SAME_NOTE_WITHIN_MS,
    SOUNDS_AGAIN_AFTER_MS,
    STANDS_AFTER_MS,
    WEARER_CANCEL_COUNTS_MS,
    WEARER_CANCELS_WITHIN_MS,
    kind_of,
    resolves_itself,
    severity_of,
)
from alerts.transitions import last_state_entry

Change = Literal["nothing", "counted", "changed", "opened"]
"""What an episode did: nothing, only the count (and where, and until when), more than that, a new alarm."""


class FoldContext(msgspec.Struct, frozen=True, kw_only=True):
    """What else is known when an episode is folded.

    ``of_resident``: the resident's active alarms. ``ended``: the alarm of this episode, when it is no longer
    active. ``falls_ended``: of a fall, the last alarms of the rules that may have seen it, no longer active.
    ``latency``: measured for the reading that may open an alarm.
    """

    of_resident: tuple[Alarm, ...] = ()
    ended: Alarm | None = None
    falls_ended: tuple[Alarm, ...] = ()
    latency: Latency | None = None


_TAKEN: Final[frozenset[str]] = frozenset({"acknowledged", "dispatched"})
"""Somebody has it, and is not there yet."""


NO_CONTEXT: Final = FoldContext()


class Folded(msgspec.Struct, frozen=True):
    """The alarm after the episode, None when there is none, and what changed."""

    alarm: Alarm | None
    change: Change

    @property
    def count_only(self) -> bool:
        """Whether nobody needs to look again."""
        return self.change == "counted"


def keys_of(episode: Episode) -> tuple[tuple[str, str], ...]:
    """The (subject, rule) pairs under which the episode's active alarm may be found, its own first."""
    related = EVIDENCE_OF_EACH_OTHER.get(episode.rule)
    own = (episode.subject, episode.rule)
    return (own,) if related is None else (own, (episode.subject, related))


def active_for(episode: Episode, active: Mapping[tuple[str, str], Alarm]) -> Alarm | None:
    """The active alarm to which the episode belongs, or None."""
    own, *related = keys_of(episode)
    if own in active:
        return active[own]
    near = (active[key] for key in related if key in active)
    return next((alarm for alarm in near if _is_related(alarm, episode)), None)


def _is_related(alarm: Alarm, episode: Episode) -> bool:
    """Whether two rules saw the same: within a minute, or one adds to what the alarm took in from it before."""
    within = abs(episode.t - alarm.last_event_time) <= FOLD_RELATED_WITHIN_MS
    adds = episode.rule in alarm.evidence.get("other_rules", ()) and aftermath.is_follow_up(alarm, episode)
    return within or adds


def fold(active: Alarm | None, episode: Episode, now: int, *, context: FoldContext = NO_CONTEXT) -> Folded:
    """Fold one episode event into the active alarm of its subject and rule, or open one."""
    match episode.what:
        case "cancelled":
            return _cancelled_by_wearer(active, episode, now)
        case "recovered":
            return (_pressed_well if episode.pressed_well else _recovered)(active, episode, now)
        case "answered":
            return _answered(active, episode, now)
        case _:
            if active is not None:
                return _more_evidence(active, episode, now, context)
            settled = aftermath.belongs_to_ended(episode, context.falls_ended)
            return _opened(episode, now, context) if settled is None else Folded(settled, "nothing")


def _opened(episode: Episode, now: int, context: FoldContext) -> Folded:
    identity, previous = episode.id, None
    if context.ended is not None:
        if not _opens_anew(context.ended, episode, now):
            return Folded(context.ended, "nothing")
        identity, previous = follower_id(context.ended.id), context.ended.id
    kind = kind_of(episode.rule)
    severity = severity_of(episode, cry_for_help_active=_cries(context.of_resident))
    mates = [a for a in context.of_resident if (a.kind, a.drill) == (kind, episode.drill)]
    alarm = Alarm(
        id=identity,
        case=case_among(mates, identity),
        kind=kind,
        rule=episode.rule,
        severity=severity,
        state="open",
        version=1,
        site=episode.site,
        resident=episode.resident,
        household=episode.household,
        device=episode.device,
        subject=episode.subject,
        event_time=episode.t,
        last_event_time=episode.t,
        raised_at=now,
        late=episode.late,
        drill=episode.drill,
        position=episode.position,
        evidence=episode.evidence,
        previous=previous,
        latency_ms=context.latency,
        parameters_version=episode.parameters,
        timeline=(opening(severity, now, "wearer" if kind == "sos" else "engine"),),
    )
    return Folded(alarm, "opened")


def case_among(mates: Sequence[Alarm], own: UUID) -> UUID:
    """The case of the oldest active alarm of the same resident, kind and earnest; ``own`` when there is none."""
    return min(mates, key=lambda mate: (mate.raised_at, mate.id)).case if mates else own


def case_of(alarm: Alarm, mates: Iterable[Alarm]) -> UUID:
    """The case to which an alarm belongs among the active ones of its resident, itself perhaps among them."""
    alike = [mate for mate in mates if mate.id != alarm.id and (mate.kind, mate.drill) == (alarm.kind, alarm.drill)]
    return case_among(alike, alarm.id)


def _opens_anew(ended: Alarm, episode: Episode, now: int) -> bool:
    """Whether the episode has outlived the alarm that people ended (design rule 8).

    To the engine a press soon after another is evidence of the same episode. When staff have ended the alarm
    in between, it is somebody who calls again and must be heard.
    """
    if ended.kind in CRIES_FOR_HELP:
        return episode.what == "evidence"
    wait = STANDS_AFTER_MS.get(ended.kind)
    last = last_state_entry(ended)
    return episode.what == "evidence" and wait is not None and last is not None and now - last.t >= wait


def _more_evidence(active: Alarm, episode: Episode, now: int, context: FoldContext) -> Folded:
    """The alarm with one more piece of evidence.

    It sounds again when somebody cries again, when a drill turns out to be none, when what the system had got over
    is wrong once more, and when what was taken as mild has grown worse. Then it is open again, unless help is there,
    or on its way to what grew worse.
    """
    if episode.what == "opened" and episode.id == active.id:
        return Folded(active, "nothing")
    follow_up = aftermath.is_follow_up(active, episode)
    told = severity_of(episode, cry_for_help_active=_cries(context.of_resident))
    severity = aftermath.severity_with(active, episode, told)
    worse_now = severity != active.severity
    real_now = active.drill and not episode.drill
    fails_again = active.kind == "system" and active.recovered_at is not None
    cries_again = real_now or fails_again or _cries_again(active, episode, now)
    sounds_again = active.state not in ("open", "suppressed") and (
        cries_again or (worse_now and active.kind not in CRIES_FOR_HELP)
    )
    back_to_open = sounds_again and active.state in (_TAKEN if cries_again else _TAKEN - {"dispatched"})
    entries = aftermath.sightings(active, episode, now)
    if worse_now:
        entries.append(TimelineEntry(t=now, actor="engine", event="severity_raised", note=severity))
    walked = asking.less(severity, aftermath.steps_walked(active, episode))
    if walked != severity:
        severity = walked
        entries.append(TimelineEntry(t=now, actor="engine", event="severity_lowered", note=severity))
    if active.recovered_at is not None:
        entries.append(TimelineEntry(t=now, actor="engine", event="stands_again"))
    if real_now:
        entries.append(TimelineEntry(t=now, actor="engine", event="real"))
    if sounds_again:
        entries.append(TimelineEntry(t=now, actor="wearer" if active.kind == "sos" else "engine", event="again"))
    alarm = msgspec.structs.replace(
        active,
        severity=severity,
        state="open" if back_to_open else active.state,
        assignee=None if back_to_open else active.assignee,
        version=active.version + 1,
        count=active.count + 1,
        last_event_time=active.last_event_time if follow_up else max(active.last_event_time, episode.t),
        recovered_at=None,
        late=active.late and episode.late,
        drill=active.drill and episode.drill,
        position=_newer_position(active, episode),
        evidence=_merged_evidence(active, episode, worse_now=worse_now),
        timeline=(*active.timeline, *entries),
    )
    return Folded(alarm, "changed" if entries or active.late != alarm.late else "counted")


def _cries_again(active: Alarm, episode: Episode, now: int) -> bool:
    """A new press or fall, not one of a series.

    Evidence of the future is a fast clock's: how long ago it was, nobody knows. What comes with another clock's
    time, far before it, is taken for new.
    """
    if active.kind not in CRIES_FOR_HELP or aftermath.is_follow_up(active, episode):
        return False
    since_last = episode.t - active.last_event_time
    clocks_differ = not episode.late and active.last_event_time > now and since_last < -SOUNDS_AGAIN_AFTER_MS
    return since_last > SOUNDS_AGAIN_AFTER_MS or clocks_differ


def _newer_position(active: Alarm, episode: Episode) -> object:
    if active.position is None or (episode.position is not None and episode.position.t >= active.position.t):
        return episode.position
    return active.position


def _merged_evidence(active: Alarm, episode: Episode, *, worse_now: bool) -> dict[str, object]:
    """The numbers that made the rule fire stay, unless worse ones came; new ones join them."""
    first, second = (active, episode) if worse_now else (episode, active)
    merged = {**first.evidence, **second.evidence}
    if episode.device is not None and episode.device != active.device:
        merged["other_devices"] = sorted({*active.evidence.get("other_devices", ()), episode.device})
    return aftermath.merged(active, episode, merged)


def _recovered(active: Alarm | None, episode: Episode, now: int) -> Folded:
    if active is None or active.recovered_at is not None:
        return Folded(active, "nothing")
    entries = [TimelineEntry(t=now, actor="engine", event="recovered")]
    ends = active.is_active and resolves_itself(active)
    if ends:
        entries.append(TimelineEntry(t=now, actor="engine", event="resolve"))
    alarm = msgspec.structs.replace(
        active,
        state="resolved" if ends else active.state,
        recovered_at=episode.t,
        version=active.version + 1,
        timeline=(*active.timeline, *entries),
    )
    return Folded(alarm, "changed")


def _pressed_well(active: Alarm | None, episode: Episode, now: int) -> Folded:
    """A press of "I am well" ends what was missed before it, however bad: it is what was asked for (ADR 31)."""
    if active is None or episode.t < active.event_time:
        return Folded(active, "nothing")
    resolve = TimelineEntry(t=now, actor="wearer", event="resolve")
    recovered = episode.t if active.recovered_at is None else active.recovered_at
    state: State = "resolved" if active.is_active else active.state
    return Folded(active.noting(resolve, state=state, recovered_at=recovered), "changed")


def _answered(active: Alarm | None, episode: Episode, now: int) -> Folded:
    """The wearer's answer to "are you all right?", asked for this alarm's sake."""
    after = None if active is None or active.id != episode.id else asking.answered(active, episode, now)
    return Folded(active, "nothing") if after is None else Folded(after, "changed")


def _cancelled_by_wearer(active: Alarm | None, episode: Episode, now: int) -> Folded:
    """The wearer takes it back: at once it ends the alarm, later it is for the staff to decide."""
    if active is None or not _wearer_may_speak(active, episode):
        return Folded(active, "nothing")
    since_press = episode.t - active.last_event_time
    ends = (
        active.state == "open"
        and 0 <= since_press <= WEARER_CANCELS_WITHIN_MS
        and "other_devices" not in active.evidence
        and not any(entry.event == "again" for entry in active.timeline)
    )
    last = active.timeline[-1] if active.timeline else None
    if not ends and last is not None and last.event == "wearer_cancelled" and now - last.t < SAME_NOTE_WITHIN_MS:
        return Folded(active, "nothing")
    alarm = msgspec.structs.replace(
        active,
        state="cancelled" if ends else active.state,
        asked_until=None if ends else active.asked_until,
        version=active.version + 1,
        timeline=(
            *active.timeline,
            TimelineEntry(t=now, actor="wearer", event="cancel" if ends else "wearer_cancelled"),
        ),
    )
    return Folded(alarm, "changed")


def _wearer_may_speak(active: Alarm, episode: Episode) -> bool:
    """Whether a press or fall of this device, at most 10 minutes older by ``t``, is in the alarm."""
    devices = {active.device, *active.evidence.get("other_devices", ())}
    last = min(active.last_event_time, episode.t)
    return (
        active.kind in CRIES_FOR_HELP
        and episode.device in devices
        and episode.t >= active.event_time
        and episode.t - last <= WEARER_CANCEL_COUNTS_MS
    )


def _cries(alarms: Iterable[Alarm]) -> bool:
    return any(alarm.kind in CRIES_FOR_HELP and not alarm.drill for alarm in alarms)
