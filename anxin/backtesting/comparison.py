"""What differs between two runs of the same stretch, and between a run and what really was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from alerts.alarm import Alarm, Outcome, SeverityName
from alerts.policy import SOUNDING

NIGHT_FROM_H: Final = 22
NIGHT_TO_H: Final = 6
"""Local hours between which the desk should hear little. Source: design goals, "the desk's load"."""

Fate = Literal["kept", "gone", "not_reproduced"]
"""Of an alarm that was really closed: the run with other values has it, has not, or already the first had not."""

Until = Callable[[Alarm], int]
"""When an alarm was over and its episode, too, ms."""


class Pair(msgspec.Struct, frozen=True):
    """A count under the parameters in force then, and under those asked for."""

    as_was: int
    as_set: int


class Totals(msgspec.Struct, frozen=True):
    """Alarms of the whole stretch. ``same``: those that both runs have; ``gone``, ``added``: those of one alone."""

    alarms: Pair
    sounding: Pair
    sounding_at_night: Pair
    same: int
    earlier: int
    later: int
    severity_changed: int
    gone: int
    added: int


class OfRule(msgspec.Struct, frozen=True):
    """Alarms of one rule and severity; ``sounds``: whether the console does."""

    rule: str
    severity: SeverityName
    sounds: bool
    alarms: Pair


class OfDay(msgspec.Struct, frozen=True):
    """Alarms of one day, by the local time of their sites."""

    day: str
    alarms: Pair
    sounding: Pair


class OfSubject(msgspec.Struct, frozen=True):
    """Alarms about one resident, household or device."""

    site: str
    subject: str
    alarms: Pair


class Closed(msgspec.Struct, frozen=True):
    """An alarm that staff closed as true or false; ``later_s``: so much later it would have come, or earlier (< 0)."""

    alarm: UUID
    rule: str
    site: str
    subject: str
    raised_at: int
    outcome: Outcome
    fate: Fate
    later_s: float | None


class Live(msgspec.Struct, frozen=True):
    """How well the first run repeats what really was: alarms raised then, those the run has, too, those it has more."""

    raised: int
    same: int
    missing: int
    other: int


class Comparison(msgspec.Struct, frozen=True):
    """Everything that is told about two runs."""

    totals: Totals
    rules: tuple[OfRule, ...]
    days: tuple[OfDay, ...]
    subjects: tuple[OfSubject, ...]
    closed: tuple[Closed, ...]
    live: Live


class Side(msgspec.Struct, frozen=True):
    """The alarms of one run from its warm-up on, and until when each of them stood."""

    alarms: Sequence[Alarm]
    until: Until


def compare(as_was: Side, as_set: Side, real: Side, *, start_ms: int, zones: Mapping[str, str]) -> Comparison:
    """Compare what was raised from ``start_ms`` on; an alarm may have its counterpart in the warm-up.

    Args:
        as_was: the run with the parameters in force then.
        as_set: the run with those asked for.
        real: what the system really raised.
        start_ms: the end of the warm-up.
        zones: the time zone of each site.
    """

    def counted(alarms: Iterable[Alarm]) -> list[Alarm]:
        return [alarm for alarm in alarms if alarm.raised_at >= start_ms]

    was, changed, raised = counted(as_was.alarms), counted(as_set.alarms), counted(real.alarms)
    twins = counterparts(as_was, as_set)
    found = {twin.id for twin in twins.values()}
    later = {a.id: twins[a.id].raised_at - a.raised_at for a in was if a.id in twins}
    totals = Totals(
        alarms=Pair(len(was), len(changed)),
        sounding=Pair(_sounding(was), _sounding(changed)),
        sounding_at_night=Pair(*(_sounding(a for a in side if _is_night(_local(a, zones))) for side in (was, changed))),
        same=len(later),
        earlier=sum(ms < 0 for ms in later.values()),
        later=sum(ms > 0 for ms in later.values()),
        severity_changed=sum(a.id in twins and twins[a.id].severity != a.severity for a in was),
        gone=sum(a.id not in twins for a in was),
        added=sum(a.id not in found for a in changed),
    )
    ids = {alarm.id for alarm in was}
    same = sum(alarm.id in ids for alarm in raised)
    return Comparison(
        totals=totals,
        rules=_rules(was, changed),
        days=_days(was, changed, zones),
        subjects=_subjects(was, changed),
        closed=tuple(_closed(raised, counterparts(real, as_was), twins)),
        live=Live(len(raised), same, len(raised) - same, len(was) - same),
    )


def counterparts(one: Side, other: Side) -> dict[UUID, Alarm]:
    """The alarm of ``other`` that is the same as one of ``one``, by the latter's id.

    The same is the one of the same id; else the first of the same subject and rule whose time overlaps: other
    parameters open the same episode with another reading.
    """
    by_id = {alarm.id: alarm for alarm in other.alarms}
    found = {alarm.id: by_id[alarm.id] for alarm in one.alarms if alarm.id in by_id}
    left: dict[tuple[str, str], list[Alarm]] = {}
    for alarm in other.alarms:
        if alarm.id not in found:
            left.setdefault((alarm.subject, alarm.rule), []).append(alarm)
    for alarm in one.alarms:
        if alarm.id in found:
            continue
        mates = left.get((alarm.subject, alarm.rule), [])
        for mate in mates:
            if mate.raised_at <= one.until(alarm) and alarm.raised_at <= other.until(mate):
                found[alarm.id] = mate
                mates.remove(mate)
                break
    return found


def _sounding(alarms: Iterable[Alarm]) -> int:
    return sum(alarm.severity in SOUNDING for alarm in alarms)


def _local(alarm: Alarm, zones: Mapping[str, str]) -> datetime:
    return datetime.fromtimestamp(alarm.raised_at / 1000, ZoneInfo(zones.get(alarm.site, "UTC")))


def _is_night(at: datetime) -> bool:
    return at.hour >= NIGHT_FROM_H or at.hour < NIGHT_TO_H


def _rules(was: Sequence[Alarm], changed: Sequence[Alarm]) -> tuple[OfRule, ...]:
    before, after = (Counter((a.rule, a.severity) for a in side) for side in (was, changed))
    return tuple(
        OfRule(rule, severity, severity in SOUNDING, Pair(before[rule, severity], after[rule, severity]))
        for rule, severity in sorted(before | after)
    )


def _days(was: Sequence[Alarm], changed: Sequence[Alarm], zones: Mapping[str, str]) -> tuple[OfDay, ...]:
    def by_day(alarms: Iterable[Alarm]) -> Counter[str]:
        return Counter(_local(alarm, zones).date().isoformat() for alarm in alarms)

    before, after = by_day(was), by_day(changed)
    loud_before, loud_after = (by_day(a for a in side if a.severity in SOUNDING) for side in (was, changed))
    return tuple(
        OfDay(day, Pair(before[day], after[day]), Pair(loud_before[day], loud_after[day]))
        for day in sorted(before | after)
    )


def _subjects(was: Sequence[Alarm], changed: Sequence[Alarm]) -> tuple[OfSubject, ...]:
    """The greatest differences first, then the most alarms."""
    before, after = (Counter((a.site, a.resident or a.subject) for a in side) for side in (was, changed))
    rows = [OfSubject(*key, Pair(before[key], after[key])) for key in before | after]
    return tuple(
        sorted(rows, key=lambda row: (-abs(row.alarms.as_set - row.alarms.as_was), -row.alarms.as_was, row.subject))
    )


def _closed(real: Iterable[Alarm], in_run: Mapping[UUID, Alarm], twins: Mapping[UUID, Alarm]) -> Iterable[Closed]:
    for alarm in real:
        if alarm.outcome not in {"true_alarm", "false_alarm"}:
            continue
        own = in_run.get(alarm.id)
        twin = None if own is None else twins.get(own.id)
        fate: Fate = "not_reproduced" if own is None else "gone" if twin is None else "kept"
        later_s = None if own is None or twin is None else (twin.raised_at - own.raised_at) / 1000
        yield Closed(
            alarm.id, alarm.rule, alarm.site, alarm.resident or alarm.subject, alarm.raised_at, alarm.outcome, fate,
            later_s,
        )  # fmt: skip
