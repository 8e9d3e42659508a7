"""What follows when an alarm changes: the escalation as pure functions over the alarm before and after.

The desk hears of an alarm at once. While nobody takes it, its plan runs: step by step more people are told. Whoever
takes it stops the plan; if nothing happens then, it sounds again. What sounds again starts a new round: what was
scheduled or said in an earlier one does not count. Everybody who was told hears how it ended.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from alerts.actors import OF_A_CONTACT, OF_A_RESIDENT
from alerts.alarm import SEVERITIES, Alarm
from alerts.policy import calls_people
from alerts.transitions import NO_PROGRESS, ROUND_EVENTS, TOLD, entries_of_round

_MACHINES: Final[frozenset[str]] = frozenset({"engine", "system", "wearer"})
"""Actors of a timeline who are not somebody working at the alarm."""

_NOT_AT_WORK: Final = (OF_A_CONTACT, OF_A_RESIDENT)
"""How the actors begin whose words nobody waits for."""

_BEGINNINGS: Final[frozenset[str]] = ROUND_EVENTS | {"release"}
"""Timeline events from which the plan's times count."""


class Effects(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of an alarm brings about, in this order.

    ``withdraw``: its pending ``steps``, or ``all``: unsent messages too. ``plan_from``: its plan begins, its times
    counted from then (ms). ``watch``: whether it makes progress. ``tell_family``: at once. ``reassure``: the
    wearer's band shows that somebody has taken the call.
    """

    withdraw: Literal["nothing", "steps", "all"] = "nothing"
    plan_from: int | None = None
    watch: bool = False
    tell_family: bool = False
    reassure: bool = False
    all_clear: bool = False


def round_of(alarm: Alarm) -> int:
    """The escalation round, from 1: every ``again`` and ``reopen`` begins another."""
    return 1 + sum(entry.event in ROUND_EVENTS for entry in alarm.timeline)


def told_this_round(alarm: Alarm) -> bool:
    """Whether the family has been told since the round began."""
    return any(entry.event == TOLD for entry in entries_of_round(alarm))


def waits(alarm: Alarm) -> bool:
    """Whether the plan goes on until somebody takes the alarm."""
    return alarm.state == "open" and calls_people(alarm)


def is_watched(alarm: Alarm) -> bool:
    """Whether somebody must still act, since the alarm was taken and nobody is there: send somebody, or arrive."""
    return alarm.state in ("acknowledged", "dispatched") and calls_people(alarm)


def effects(before: Alarm | None, after: Alarm, now: int) -> Effects:
    """What must happen because the alarm changed from ``before`` (None: it is new) to ``after``."""
    if before is None:
        return Effects(plan_from=after.raised_at if waits(after) else None)
    new_round = round_of(before) != round_of(after)
    begins = waits(after) and (not waits(before) or new_round)
    goes_on = waits(before) and waits(after) and not begins
    grew_worse = goes_on and SEVERITIES.index(before.severity) < SEVERITIES.index(after.severity)
    no_longer_asked = goes_on and before.asked_until is not None and after.asked_until is None
    planned_anew = grew_worse or no_longer_asked
    from_now = begins or (grew_worse and before.severity == "low")
    ended = before.is_active and after.state in ("resolved", "cancelled")
    reopened = not before.is_active and after.is_active
    taken = before.state == "open" and after.state == "acknowledged"
    watch = is_watched(after) and (not is_watched(before) or _deeds(after) > _deeds(before))
    stops = waits(before) and (begins or not waits(after))
    unwatched = is_watched(before) and (watch or not is_watched(after))
    return Effects(
        withdraw="all" if ended or reopened or stops else "steps" if planned_anew or unwatched else "nothing",
        plan_from=now if from_now else min(now, _began(after)) if planned_anew else None,
        watch=watch,
        tell_family=after.is_active and _asked(after) > _asked(before) and not told_this_round(after),
        reassure=taken and after.kind == "sos" and after.device is not None,
        all_clear=ended,
    )


def _began(alarm: Alarm) -> int:
    """When the plan's times began to count, ms: while it is low nobody is called, so nobody is late."""
    grew = alarm.grew_from_low
    return next((e.t for e in reversed(alarm.timeline) if e is grew or e.event in _BEGINNINGS), alarm.raised_at)


def _deeds(alarm: Alarm) -> int:
    return sum(
        entry.actor not in _MACHINES and not entry.actor.startswith(_NOT_AT_WORK) and entry.event not in NO_PROGRESS
        for entry in alarm.timeline
    )


def _asked(alarm: Alarm) -> int:
    return sum(entry.event == "notify" for entry in alarm.timeline)
