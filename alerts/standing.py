"""The alarms as they stand while episodes are folded into them, one after the other."""

from __future__ import annotations

from uuid import UUID

from alerts.alarm import Alarm, Episode, Latency
from alerts.folding import FoldContext, active_for, fold, keys_of
from alerts.policy import kind_of


class Standing:
    """Alarms in memory, by what the next episode may ask of them.

    Attributes:
        known: every alarm that was kept, as it stands now.
        active: those that somebody still has to do something about, by (subject, rule).
        ended: the last one of each (subject, rule) that is no longer active.
        before: every alarm that an episode changed, as it stood before the first change (None: it is new).
        news: whether more than the count of such an alarm has changed.
    """

    def __init__(self) -> None:
        self.known: dict[UUID, Alarm] = {}
        self.active: dict[tuple[str, str], Alarm] = {}
        self.ended: dict[tuple[str, str], Alarm] = {}
        self.before: dict[UUID, Alarm | None] = {}
        self.news: dict[UUID, bool] = {}
        self._of_resident: dict[str, dict[UUID, Alarm]] = {}

    def fold(self, episode: Episode, now: int, latency: Latency | None = None) -> UUID | None:
        """Fold one episode event; returns the id of its alarm."""
        active = active_for(episode, self.active)
        context = FoldContext(
            of_resident=tuple(self._of_resident.get(episode.resident or "", {}).values()),
            ended=self._ended(episode) if active is None else None,
            falls_ended=self._falls_ended(episode) if active is None else (),
            latency=latency,
        )
        folded = fold(active, episode, now, context=context)
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

    def _falls_ended(self, episode: Episode) -> tuple[Alarm, ...]:
        if kind_of(episode.rule) != "fall":
            return ()
        return tuple(self.ended[key] for key in keys_of(episode) if key in self.ended)

    def _ended(self, episode: Episode) -> Alarm | None:
        if episode.what == "opened":
            return self.known.get(episode.id)
        return self.ended.get((episode.subject, episode.rule))
