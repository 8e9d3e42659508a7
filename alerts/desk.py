"""The desk: every change of an alarm, inside one transaction with all that follows from it.

``absorb`` takes the engine's episodes (the gateway calls it in its own transaction), ``act`` what people do,
``take_all`` what somebody takes with one word, ``carry_out_due`` the steps whose time has come. What is phoned
in comes through ``alerts.reports``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from alerts.alarm import Alarm, Episode, Latency
from alerts.consequences import keep, others_of_case
from alerts.escalation import TELL_FAMILY, Effects, effects, waits_to_tell
from alerts.folding import FoldContext, active_for, fold, keys_of
from alerts.ports import AlarmStore, AlarmTransaction, AnotherActive, Whom
from alerts.transitions import Acknowledge, Command, Refused, Reopen, Unchanged, apply

STEPS_AT_ONCE: Final = 64


class Absorbed(msgspec.Struct, frozen=True):
    """What became of a batch of episodes.

    ``by_episode`` answers each of them, in their order: the alarm to which it belongs, as it stands after the
    batch, or None. ``changed``: every alarm that is new or changed, once.
    """

    by_episode: tuple[Alarm | None, ...]
    changed: tuple[Alarm, ...]


class UnknownAlarm(msgspec.Struct, frozen=True):
    """There is no such alarm."""

    id: UUID


async def absorb(
    tx: AlarmTransaction,
    episodes: Sequence[Episode],
    now: int,
    latency_of: Callable[[Episode], Latency | None] | None = None,
) -> Absorbed:
    """Fold a batch of episode events, in their order, into alarms; store, schedule and queue what follows."""
    if not episodes:
        return Absorbed((), ())
    batch = await _Batch.load(tx, episodes)
    touched = [batch.fold(episode, now, latency_of(episode) if latency_of else None) for episode in episodes]
    for alarm in batch.changed():
        before = batch.before[alarm.id]
        consequences = effects(before, alarm, now)
        batch.keep(await keep(tx, before, alarm, consequences, now, count_only=not batch.news[alarm.id]))
    return Absorbed(tuple(None if key is None else batch.known[key] for key in touched), tuple(batch.changed()))


class _Batch:
    """The alarms that a batch of episodes may touch, as they stand while it is folded."""

    def __init__(self) -> None:
        self.known: dict[UUID, Alarm] = {}
        self.active: dict[tuple[str, str], Alarm] = {}
        self.ended: dict[tuple[str, str], Alarm] = {}
        self.of_resident: dict[str, dict[UUID, Alarm]] = {}
        self.before: dict[UUID, Alarm | None] = {}
        self.news: dict[UUID, bool] = {}

    @classmethod
    async def load(cls, tx: AlarmTransaction, episodes: Sequence[Episode]) -> _Batch:
        """Read and lock what the episodes may touch, in a few queries for all of them."""
        batch = cls()
        keys = list(dict.fromkeys(key for episode in episodes for key in keys_of(episode)))
        for alarm in (await tx.lock_active(keys)).values():
            batch.keep(alarm)
        opened = list(dict.fromkeys(episode.id for episode in episodes if episode.what == "opened"))
        if new := [key for key in opened if key not in batch.known]:
            for alarm in (await tx.lock_many(new)).values():
                batch.keep(alarm)
        evidence = [episode for episode in episodes if episode.what == "evidence"]
        standing = dict.fromkeys((e.subject, e.rule) for e in evidence if active_for(e, batch.active) is None)
        if standing:
            for alarm in (await tx.last_ended(list(standing))).values():
                batch.keep(alarm)
        residents = list(dict.fromkeys(e.resident for e in episodes if e.resident is not None))
        if residents:
            for alarm in await tx.active_of_residents(residents):
                if alarm.resident is not None:
                    batch.of_resident.setdefault(alarm.resident, {})[alarm.id] = alarm
        return batch

    def fold(self, episode: Episode, now: int, latency: Latency | None) -> UUID | None:
        """Fold one episode event; returns the id of its alarm."""
        active = active_for(episode, self.active)
        context = FoldContext(
            of_resident=tuple(self.of_resident.get(episode.resident or "", {}).values()),
            ended=self._ended(episode) if active is None else None,
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
        mates = self.of_resident.setdefault(alarm.resident, {}) if alarm.resident is not None else {}
        if alarm.is_active:
            self.active[key] = alarm
            mates[alarm.id] = alarm
        else:
            if key in self.active and self.active[key].id == alarm.id:
                del self.active[key]
            mates.pop(alarm.id, None)
            self.ended[key] = alarm

    def _ended(self, episode: Episode) -> Alarm | None:
        if episode.what == "opened":
            return self.known.get(episode.id)
        return self.ended.get((episode.subject, episode.rule))


class TakenTogether(msgspec.Struct, frozen=True, kw_only=True):
    """What one acknowledgement for all came to.

    ``own``: the alarms that the actor has now, taken just now or before; ``held``: those that somebody else has.
    """

    own: tuple[Alarm, ...]
    held: tuple[Alarm, ...]


async def act(
    store: AlarmStore, alarm_id: UUID, command: Command, actor: str, now: int
) -> Alarm | Unchanged | Refused | UnknownAlarm:
    """Let somebody do something to an alarm; the answer is the alarm after it, or why nothing changed."""
    before: Alarm | None = None
    try:
        async with store.transaction() as tx:
            before = await tx.lock(alarm_id)
            if before is None:
                return UnknownAlarm(alarm_id)
            after = apply(before, command, actor, now)
            if not isinstance(after, Alarm):
                return after
            if isinstance(command, Reopen) and await tx.lock_active([(before.subject, before.rule)]):
                return Refused(before, "another_active")
            return await keep(tx, before, after, effects(before, after, now), now)
    except AnotherActive:
        return UnknownAlarm(alarm_id) if before is None else Refused(before, "another_active")


async def take_all(store: AlarmStore, whom: Whom, key: str, actor: str, now: int) -> TakenTogether:
    """Acknowledge all that is open of a resident, or of a household's shared device, in one transaction."""
    own: list[Alarm] = []
    held: list[Alarm] = []
    async with store.transaction() as tx:
        for alarm in await tx.lock_active_of(whom, key):
            after = apply(alarm, Acknowledge(), actor, now)
            if isinstance(after, Alarm):
                own.append(await keep(tx, alarm, after, effects(alarm, after, now), now))
            else:
                (own if alarm.assignee == actor else held).append(alarm)
    return TakenTogether(own=tuple(own), held=tuple(held))


async def carry_out_due(store: AlarmStore, now: int) -> int:
    """Do what the escalation wrote down for now; returns how many steps were due."""
    async with store.transaction() as tx:
        steps = await tx.claim_due_steps(now, STEPS_AT_ONCE)
        alarms = await tx.lock_many([step.alarm for step in steps])
        for step in steps:
            alarm = alarms.get(step.alarm)
            if alarm is None or step.step != TELL_FAMILY or not waits_to_tell(alarm):
                continue
            if not any(other.family_told for other in await others_of_case(tx, alarm)):
                alarms[alarm.id] = await keep(tx, alarm, alarm, Effects(tell_family=True), now)
        return len(steps)
