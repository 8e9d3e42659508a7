"""The alarms as they stand while episodes are folded into them, one after the other."""

from __future__ import annotations

from uuid import UUID

import msgspec

from alerts.alarm import Alarm, Episode, Latency
from alerts.folding import FoldContext, Folded, active_for, case_of, fold, keys_of
from alerts.policy import kind_of
from alerts.suppression import NO_HOLDS, SUPPRESSED, Holds, handed_on, heard, suppressed


class Standing:
    """Alarms in memory, by what the next episode may ask of them.

    Attributes:
        known: every alarm that was kept, as it stands now.
        active: those that somebody still has to do something about, by (subject, rule).
        quiet: those whose cause stands and that are kept quiet, by (subject, rule).
        ended: the last one of each (subject, rule) that is no longer active.
        before: every alarm that an episode changed, as it stood before the first change (None: it is new).
        news: whether more than the count of such an alarm has changed.
    """

    def __init__(self, holds: Holds = NO_HOLDS) -> None:
        self._holds = holds
        self.known: dict[UUID, Alarm] = {}
        self.active: dict[tuple[str, str], Alarm] = {}
        self.quiet: dict[tuple[str, str], Alarm] = {}
        self.ended: dict[tuple[str, str], Alarm] = {}
        self.before: dict[UUID, Alarm | None] = {}
        self.news: dict[UUID, bool] = {}
        self._of_resident: dict[str, dict[UUID, Alarm]] = {}

    def fold(self, episode: Episode, now: int, latency: Latency | None = None) -> UUID | None:
        """Fold one episode event; returns the id of its alarm."""
        active = active_for(episode, self.active) or self._quiet(episode)
        context = FoldContext(
            of_resident=tuple(self._of_resident.get(episode.resident or "", {}).values()),
            ended=self._ended(episode) if active is None else None,
            falls_ended=self._falls_ended(episode) if active is None else (),
            latency=latency,
        )
        folded = self._explained(fold(active, episode, now, context=context), now)
        if folded.alarm is None:
            return None
        if folded.change != "nothing":
            self.before.setdefault(folded.alarm.id, active)
            self.news[folded.alarm.id] = self.news.get(folded.alarm.id, False) or not folded.count_only
        self.keep(folded.alarm)
        return folded.alarm.id

    def changed(self) -> list[Alarm]:
        """What is new or changed, in the order in which it was first touched."""
        return [self.known[key] for key in self.before]

    def keep(self, alarm: Alarm) -> None:
        """Remember how an alarm stands now."""
        self.known[alarm.id] = alarm
        key = (alarm.subject, alarm.rule)
        if alarm.state == SUPPRESSED and alarm.recovered_at is None:
            self.quiet[key] = alarm
        elif key in self.quiet and self.quiet[key].id == alarm.id:
            del self.quiet[key]
        if alarm.state == SUPPRESSED:
            return
        if alarm.is_active:
            self.active[key] = alarm
            self.meet(alarm)
            return
        if key in self.active and self.active[key].id == alarm.id:
            del self.active[key]
        if alarm.resident is not None:
            self._of_resident.get(alarm.resident, {}).pop(alarm.id, None)
        self.ended[key] = alarm

    def meet(self, active: Alarm) -> None:
        """Let an active alarm count as its resident's, though no episode may change it."""
        if active.resident is not None:
            self._of_resident.setdefault(active.resident, {})[active.id] = active

    def _quiet(self, episode: Episode) -> Alarm | None:
        """The suppressed alarm to which the episode belongs; a later word of its own finds it though it was over."""
        own = self.known.get(episode.id)
        return self.quiet.get((episode.subject, episode.rule)) or (own if own and own.state == SUPPRESSED else None)

    def _explained(self, folded: Folded, now: int) -> Folded:
        """What opens under what explains it is kept quiet; what is quiet and no longer explained is heard."""
        alarm = folded.alarm
        new = folded.change == "opened"
        quiet = alarm is not None and alarm.state == SUPPRESSED and alarm.recovered_at is None
        if alarm is None or not (new or (quiet and folded.change != "nothing")):
            return folded
        hold = self._holds.explaining(alarm, now)
        if new:
            return folded if hold is None else Folded(suppressed(alarm, hold, now), "opened")
        if hold is None:
            mates = self._of_resident.get(alarm.resident or "", {}).values()
            after = heard(alarm, case_of(alarm, mates), now)
        elif alarm.suppression is not None and alarm.suppression.id == hold.id:
            return folded
        else:
            after = handed_on(alarm, hold, now)
        return Folded(msgspec.structs.replace(after, version=alarm.version), "changed")

    def _falls_ended(self, episode: Episode) -> tuple[Alarm, ...]:
        if kind_of(episode.rule) != "fall":
            return ()
        return tuple(self.ended[key] for key in keys_of(episode) if key in self.ended)

    def _ended(self, episode: Episode) -> Alarm | None:
        if episode.what == "opened":
            return self.known.get(episode.id)
        return self.ended.get((episode.subject, episode.rule))
