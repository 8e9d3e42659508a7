"""The desk: every change of an alarm, inside one transaction with all that follows from it.

``absorb`` takes the engine's episodes (the gateway calls it in its own transaction), ``act`` what people do,
``report`` alarms opened by hand, ``carry_out_due`` the steps whose time has come.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from alerts.alarm import Alarm, Episode, Latency, TimelineEntry
from alerts.escalation import (
    TELL_FAMILY,
    Effects,
    all_clear,
    card_of_household,
    effects,
    owed_an_all_clear,
    tell_family,
    waits_to_tell,
)
from alerts.folding import FoldContext, active_for, fold, keys_of
from alerts.policy import REPORTED_SEVERITY, worse
from alerts.ports import AlarmStore, AlarmTransaction, NewMessage, ResidentCard
from alerts.transitions import Command, Refused, Reopen, Unchanged, apply

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
        batch.keep(await _store(tx, before, alarm, consequences, now, count_only=not batch.news[alarm.id]))
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


async def act(
    store: AlarmStore, alarm_id: UUID, command: Command, actor: str, now: int
) -> Alarm | Unchanged | Refused | UnknownAlarm:
    """Let somebody do something to an alarm; the answer is the alarm after it, or why nothing changed."""
    async with store.transaction() as tx:
        before = await tx.lock(alarm_id)
        if before is None:
            return UnknownAlarm(alarm_id)
        after = apply(before, command, actor, now)
        if not isinstance(after, Alarm):
            return after
        if isinstance(command, Reopen) and await tx.lock_active([(before.subject, before.rule)]):
            return Refused(before, "another_active")
        return await _store(tx, before, after, effects(before, after, now), now)


async def report(
    store: AlarmStore, alarm_id: UUID, *, site: str, resident: str, kind: str, note: str | None, actor: str, now: int
) -> Alarm:
    """Open an alarm by hand, for those who phone; one that is already active for the same gets the note."""
    rule, subject = f"{kind}.reported", f"resident:{resident}"
    entry = TimelineEntry(t=now, actor=actor, event="reported", note=note)
    async with store.transaction() as tx:
        active = (await tx.lock_active([(subject, rule)])).get((subject, rule))
        if active is not None:
            more = msgspec.structs.replace(
                active,
                version=active.version + 1,
                count=active.count + 1,
                last_event_time=max(now, active.last_event_time),
                severity=worse(active.severity, REPORTED_SEVERITY[kind]),
                timeline=(*active.timeline, entry),
            )
            return await _store(tx, active, more, effects(active, more, now), now)
        mates = [alarm for alarm in await tx.active_of_residents([resident]) if alarm.kind == kind]
        alarm = Alarm(
            id=alarm_id,
            case=min(mates, key=lambda mate: (mate.raised_at, mate.id)).case if mates else alarm_id,
            kind=kind,
            rule=rule,
            severity=REPORTED_SEVERITY[kind],
            state="open",
            version=1,
            site=site,
            resident=resident,
            household=None,
            device=None,
            subject=subject,
            event_time=now,
            last_event_time=now,
            raised_at=now,
            timeline=(TimelineEntry(t=now, actor=actor, event="opened", note=note),),
        )
        return await _store(tx, None, alarm, effects(None, alarm, now), now)


async def carry_out_due(store: AlarmStore, now: int) -> int:
    """Do what the escalation wrote down for now; returns how many steps were due."""
    async with store.transaction() as tx:
        steps = await tx.claim_due_steps(now, STEPS_AT_ONCE)
        alarms = await tx.lock_many([step.alarm for step in steps])
        for step in steps:
            alarm = alarms.get(step.alarm)
            if alarm is None or step.step != TELL_FAMILY or not waits_to_tell(alarm):
                continue
            if not any(other.family_told for other in await _others_of_case(tx, alarm)):
                alarms[alarm.id] = await _store(tx, alarm, alarm, Effects(tell_family=True), now)
        return len(steps)


async def _store(
    tx: AlarmTransaction,
    before: Alarm | None,
    alarm: Alarm,
    consequences: Effects,
    now: int,
    *,
    count_only: bool = False,
) -> Alarm:
    """Store an alarm and carry out what its change brings about; returns it as stored."""
    if consequences.withdraw:
        await tx.withdraw_steps(alarm.id)
    messages: list[NewMessage] = []
    if consequences.tell_family:
        alarm, messages = tell_family(alarm, await _card(tx, alarm), await tx.told(alarm.id), now)
    if before is None:
        await tx.insert(alarm)
    else:
        await tx.save(alarm, count_only=count_only)
    for step, due_at in consequences.schedule:
        await tx.schedule(alarm.id, step, due_at)
    if consequences.all_clear:
        messages = await _all_clear(tx, alarm, now)
    for message in messages:
        await tx.queue(message)
    return alarm


async def _all_clear(tx: AlarmTransaction, alarm: Alarm, now: int) -> list[NewMessage]:
    """The all-clear, once the last alarm of the case has ended."""
    told = await tx.told(alarm.id)
    if not owed_an_all_clear(told) or await _others_of_case(tx, alarm):
        return []
    return all_clear(alarm, await _card(tx, alarm), told, now)


async def _others_of_case(tx: AlarmTransaction, alarm: Alarm) -> list[Alarm]:
    """The other active alarms of the same resident and kind."""
    active = [] if alarm.resident is None else await tx.active_of_residents([alarm.resident])
    return [other for other in active if other.case == alarm.case and other.id != alarm.id]


async def _card(tx: AlarmTransaction, alarm: Alarm) -> ResidentCard | None:
    """Whom the alarm is about: the resident, or all who live in the household."""
    if alarm.resident is not None:
        return await tx.resident_card(alarm.resident)
    return None if alarm.household is None else card_of_household(await tx.household_cards(alarm.household))
