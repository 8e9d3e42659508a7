"""The desk: every change of an alarm, inside one transaction with all that follows from it.

``absorb`` takes the engine's episodes (the gateway calls it in its own transaction), ``act`` what people do,
``take_all`` what somebody takes with one word. What is phoned in comes through ``alerts.reports``, the steps whose
time has come through ``alerts.steps``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

import msgspec

from alerts import questions
from alerts.alarm import Alarm, Episode, Latency, Place
from alerts.clearing import resolve
from alerts.consequences import keep
from alerts.escalation import effects
from alerts.folding import active_for, keys_of
from alerts.policy import MISSED_CHECK, kind_of
from alerts.ports import AlarmStore, AlarmTransaction, AnotherActive, Whom
from alerts.standing import Standing
from alerts.suppression import may_be_suppressed
from alerts.transitions import Acknowledge, Command, Refused, Reopen, Resolve, Unchanged, apply


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
    standing, located = await _load(tx, episodes)
    touched = [standing.fold(episode, now, latency_of(episode) if latency_of else None) for episode in located]
    for changed in standing.changed():
        before = standing.before[changed.id]
        alarm, question = await questions.considered(tx, before, changed, now)
        count_only = alarm is changed and not standing.news[alarm.id]
        alarm = await keep(tx, before, alarm, effects(before, alarm, now), now, count_only=count_only)
        standing.keep(alarm if question is None else await questions.put(tx, alarm, question, now))
    return Absorbed(tuple(None if key is None else standing.known[key] for key in touched), tuple(standing.changed()))


async def _load(tx: AlarmTransaction, episodes: Sequence[Episode]) -> tuple[Standing, list[Episode]]:
    """Read and lock what a batch of episodes may touch; where one begins without a place, its device's last is it."""
    standing = await _quiet(tx, episodes)
    opened = [episode for episode in episodes if episode.what == "opened"]
    answered = [episode for episode in episodes if episode.what == "answered"]
    found = await tx.concerned(
        subjects_and_rules=list(dict.fromkeys(key for episode in episodes for key in keys_of(episode))),
        alarms=list(dict.fromkeys(episode.id for episode in (*opened, *answered))),
        residents=list(dict.fromkeys(e.resident for e in episodes if e.resident is not None)),
        sites=list(dict.fromkeys(e.site for e in opened)),
        devices=list(dict.fromkeys(e.device for e in opened if e.position is None and e.device is not None)),
    )
    for alarm in found.locked:
        standing.keep(alarm)
    unclaimed = dict.fromkeys(
        key for e in episodes if active_for(e, standing.active) is None for key in _may_have_ended(e)
    )
    if unclaimed:
        for alarm in (await tx.last_ended(list(unclaimed))).values():
            standing.keep(alarm)
    for alarm in found.of_residents:
        standing.meet(alarm)
    return standing, [_located(episode, found.last_places) for episode in episodes]


async def _quiet(tx: AlarmTransaction, episodes: Sequence[Episode]) -> Standing:
    """What explains these episodes, and what is quiet of them; a cry for help asks nothing, and never waits."""
    may_be = [episode for episode in episodes if may_be_suppressed(episode.rule)]
    if not may_be:
        return Standing()
    silent = [e.resident for e in may_be if kind_of(e.rule) == MISSED_CHECK and e.resident is not None]
    standing = Standing(
        await tx.holds(
            sites=list(dict.fromkeys(e.site for e in may_be)),
            devices=list(dict.fromkeys(e.device for e in may_be if e.device is not None)),
            residents=list(dict.fromkeys(silent)),
        )
    )
    pairs = list(dict.fromkeys((e.subject, e.rule) for e in may_be))
    for alarm in await tx.lock_quiet(pairs, list(dict.fromkeys(e.id for e in may_be))):
        standing.keep(alarm)
    return standing


def _may_have_ended(episode: Episode) -> Sequence[tuple[str, str]]:
    """The (subject, rule) pairs of whose last alarms the episode may tell something."""
    if kind_of(episode.rule) == "fall" and episode.what in ("opened", "evidence"):
        return keys_of(episode)
    return [(episode.subject, episode.rule)] if episode.what == "evidence" else ()


def _located(episode: Episode, last_places: Mapping[str, Place]) -> Episode:
    place = None if episode.device is None else last_places.get(episode.device)
    if place is None or episode.what != "opened" or episode.position is not None:
        return episode
    return msgspec.structs.replace(episode, position=place)


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
            resolving = isinstance(command, Resolve)
            before = await (tx.lock_with_checks(alarm_id) if resolving else tx.lock(alarm_id))
            if before is None:
                return UnknownAlarm(alarm_id)
            after = apply(before, command, actor, now)
            if not isinstance(after, Alarm):
                return after
            if resolving:
                return await resolve(tx, before, after, actor, now, command.note)
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
