"""What years out of doors come to: false alarms by rule and cause, and how soon those who wandered were noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import inf
from typing import Final, Literal, NamedTuple

import msgspec

from bench.intervals import binomial, finite, poisson, quantile
from devices.clock import HOUR_MS

PER_DAYS: Final = 100
MONTH_DAYS: Final = 30
KNOWN_FROM: Final = 30
"""From this day on habits are taken to be known: what wandering off them means can be told. Assumption."""
RAISED: Final = ("new", "follows")
"""What is an alarm of its own; ``again`` is one that sounds once more."""
_SAME_CASE_MS: Final = 2 * HOUR_MS


class FalseAlarm(NamedTuple):
    """One beginning of a sound about somebody who did not wander, or one alarm without any (``silent``)."""

    t: int
    day: int
    rule: str
    who: int
    kind: Literal["new", "again", "follows", "silent"]
    cause: str


class Wandered(msgspec.Struct):
    """One incident: when it began (ms), and when which rule first said so."""

    who: int
    kind: str
    day: int
    onset: int
    over: int
    noticed: dict[str, int]


class OfRule(msgspec.Struct, frozen=True, kw_only=True):
    """False alarms of one rule that sound, a resident and 100 days, with an exact 95 % Poisson interval.

    Attributes:
        again_per_100: that one of them sounded once more, because it grew worse or was open again.
        silent_per_100: raised without a sound, whether they sounded later or not.
        by_cause: the sounding ones; ``by_month``: of 30 days each.
    """

    rule: str
    false_alarms: int
    per_100: float
    interval: tuple[float, float]
    again_per_100: float
    silent_per_100: float
    by_cause: dict[str, float]
    by_month: list[float]


class OfKind(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents of one kind: how many, found by any rule of wandering before they were over, how soon.

    Attributes:
        share: with its exact binomial interval, 95 %.
        median_s, p90_s: from the onset to the first alarm, s; None is never.
        by_rule: how many each rule found, be it second.
    """

    kind: str
    incidents: int
    found: int
    share: float
    interval: tuple[float, float]
    median_s: float | None
    p90_s: float | None
    by_rule: dict[str, int]


class OutdoorReport(msgspec.Struct, frozen=True, kw_only=True):
    """Years out of doors.

    Attributes:
        judged_days: resident-days on which the desk thought somebody at home and looked after.
        all_rules: of all together; ``cases_per_100``: alarms of one resident within two hours taken as one.
        quiet_residents: share of the residents without any false alarm.
        later: incidents from day 30 on, when habits can be known; ``earlier``: before.
    """

    residents: int
    days: int
    seed: int
    world: str
    judged_days: int
    all_rules: OfRule
    cases_per_100: float
    quiet_residents: float
    rules: list[OfRule]
    later: list[OfKind]
    earlier: list[OfKind]
    laps_excused: int
    parameters: dict[str, float]
    readings: int
    seconds: float


def of_rule(rule: str, alarms: Sequence[FalseAlarm], judged: Sequence[int]) -> OfRule:
    """Count the false alarms of one rule; ``judged``: residents on each day."""
    total = sum(judged)
    loud = [alarm for alarm in alarms if alarm.kind in RAISED]
    again = sum(alarm.kind == "again" for alarm in alarms)
    low, high = poisson(len(loud))
    by_day: Counter[int] = Counter(alarm.day // MONTH_DAYS for alarm in loud)
    months = range(0, len(judged), MONTH_DAYS)
    return OfRule(
        rule=rule,
        false_alarms=len(loud),
        per_100=_rate(len(loud), total),
        interval=(_rate(low, total), _rate(high, total)),
        again_per_100=_rate(again, total),
        silent_per_100=_rate(len(alarms) - len(loud) - again, total),
        by_cause={cause: _rate(count, total) for cause, count in Counter(alarm.cause for alarm in loud).most_common()},
        by_month=[_rate(by_day[first // MONTH_DAYS], sum(judged[first : first + MONTH_DAYS])) for first in months],
    )


def cases(alarms: Sequence[FalseAlarm]) -> int:
    """How many cases false alarms make: those of one resident within two hours are one."""
    last: dict[int, int] = {}
    count = 0
    for alarm in sorted(alarm for alarm in alarms if alarm.kind in RAISED):
        count += alarm.t - last.get(alarm.who, -_SAME_CASE_MS) >= _SAME_CASE_MS
        last[alarm.who] = alarm.t
    return count


def of_kinds(wandered: Sequence[Wandered]) -> list[OfKind]:
    """Sum up incidents, kind by kind."""
    kinds = sorted({each.kind for each in wandered})
    return [of_kind(kind, [each for each in wandered if each.kind == kind]) for kind in kinds]


def of_kind(kind: str, wandered: Sequence[Wandered], rule: str | None = None) -> OfKind:
    """Sum up incidents of one kind; ``rule``: only what this one noticed counts."""
    waits = []
    for each in wandered:
        noticed = [t for name, t in each.noticed.items() if rule in (None, name)]
        waits.append((min(noticed) - each.onset) / 1000 if noticed else inf)
    found = sum(wait < inf for wait in waits)
    return OfKind(
        kind=kind,
        incidents=len(wandered),
        found=found,
        share=round(found / len(wandered), 4) if wandered else 0.0,
        interval=binomial(found, len(wandered)) if wandered else (0.0, 1.0),
        median_s=finite(quantile(waits, 0.5)),
        p90_s=finite(quantile(waits, 0.9)),
        by_rule=dict(Counter(name for each in wandered for name in each.noticed).most_common()),
    )


def _rate(count: float, days: int) -> float:
    return round(PER_DAYS * count / days, 4) if days else 0.0
