"""What the simulated year comes to: troubles a resident a day by rule, and how soon the helpless are noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from bench.desk.people import TIMEZONE
from bench.intervals import finite, poisson, quantile
from bench.year.helpless import Helpless
from devices.clock import HOUR_MS

_ZONE: Final = ZoneInfo(TIMEZONE)


class Trouble(NamedTuple):
    """One beginning of a sound about somebody who was well, or one alarm without any (``silent``)."""

    t: int
    rule: str
    who: int
    kind: Literal["new", "again", "follows", "silent"]
    cause: str
    festive: bool


class Judged(NamedTuple):
    """So many residents were looked after and well on the day that began at ``t``."""

    t: int
    residents: int
    festive: bool


class OfRule(msgspec.Struct, frozen=True, kw_only=True):
    """False alarms of one rule, each a resident and day.

    Attributes:
        sounding_per_day: with its exact Poisson interval, 95 %.
        soundless_per_day: raised, and no sound.
        by_cause: the sounding ones.
        ordinary_per_day, festive_per_day: the sounding ones on days that are no holiday, and on holidays.
        by_month: the sounding ones, month after month.
    """

    rule: str
    sounding: int
    sounding_per_day: float
    interval: tuple[float, float]
    soundless_per_day: float
    by_cause: dict[str, float]
    ordinary_per_day: float
    festive_per_day: float
    by_month: list[float]


class Noticed(msgspec.Struct, frozen=True, kw_only=True):
    """How soon some of the helpless were noticed, h; None is never. ``by_rule``: by whose alarm."""

    helpless: int
    median_h: float | None
    p90_h: float | None
    unnoticed: int
    by_rule: dict[str, int]


class YearReport(msgspec.Struct, frozen=True, kw_only=True):
    """A simulated year.

    Attributes:
        judged_days: resident-days on which somebody was looked after and well: what rates refer to.
        by_hour: by the hour of the local day at which they came to lie; ``by_band``: by how their band was then.
    """

    residents: int
    days: int
    seed: int
    world: str
    judged_days: int
    rules: list[OfRule]
    noticed: Noticed
    by_band: dict[str, Noticed]
    by_hour: list[Noticed]
    by_hour_worn: list[Noticed]
    parameters: dict[str, float]
    readings: int
    seconds: float


def summed(
    troubles: Sequence[Trouble], helpless: Sequence[Helpless], *, residents: int, days: int, seed: int, world: str,
    judged: Sequence[Judged], readings: int, parameters: dict[str, float], seconds: float,
) -> YearReport:  # fmt: skip
    """Count it; ``judged``: the days, one by one."""
    names = Counter(trouble.rule for trouble in troubles)
    worn = [each for each in helpless if each.band == "worn"]
    return YearReport(
        residents=residents,
        days=days,
        seed=seed,
        world=world,
        judged_days=sum(day.residents for day in judged),
        rules=[
            _of_rule(name, [trouble for trouble in troubles if trouble.rule == name], judged) for name in sorted(names)
        ],
        noticed=_noticed(helpless),
        by_band={
            band: _noticed([each for each in helpless if each.band == band])
            for band in sorted({each.band for each in helpless})
        },
        by_hour=[_noticed([each for each in helpless if _hour(each.t) == hour]) for hour in range(24)],
        by_hour_worn=[_noticed([each for each in worn if _hour(each.t) == hour]) for hour in range(24)],
        parameters=parameters,
        readings=readings,
        seconds=seconds,
    )


def _of_rule(rule: str, troubles: Sequence[Trouble], judged: Sequence[Judged]) -> OfRule:
    total = sum(day.residents for day in judged)
    festive = sum(day.residents for day in judged if day.festive)
    loud = [trouble for trouble in troubles if trouble.kind != "silent"]
    low, high = poisson(len(loud))
    by_month: Counter[int] = Counter()
    for day in judged:
        by_month[_month(day.t)] += day.residents
    months = Counter(_month(trouble.t) for trouble in loud)
    causes = Counter(trouble.cause for trouble in loud)
    return OfRule(
        rule=rule,
        sounding=len(loud),
        sounding_per_day=_rate(len(loud), total),
        interval=(_rate(low, total), _rate(high, total)),
        soundless_per_day=_rate(len(troubles) - len(loud), total),
        by_cause={cause: _rate(count, total) for cause, count in causes.most_common()},
        ordinary_per_day=_rate(sum(not trouble.festive for trouble in loud), total - festive),
        festive_per_day=_rate(sum(trouble.festive for trouble in loud), festive),
        by_month=[_rate(months[month], by_month[month]) for month in sorted(by_month)],
    )


def _noticed(helpless: Sequence[Helpless]) -> Noticed:
    waits = [inf if each.noticed_ms is None else (each.noticed_ms - each.t) / HOUR_MS for each in helpless]
    rules = Counter(each.rule for each in helpless if each.noticed_ms is not None)
    return Noticed(
        helpless=len(helpless),
        median_h=_hours(quantile(waits, 0.5)),
        p90_h=_hours(quantile(waits, 0.9)),
        unnoticed=waits.count(inf),
        by_rule=dict(rules.most_common()),
    )


def _rate(count: float, days: float) -> float:
    return round(count / days, 6) if days else 0.0


def _hours(value: float) -> float | None:
    number = finite(value)
    return None if number is None else round(number, 2)


def _hour(t: int) -> int:
    return datetime.fromtimestamp(t / 1000, UTC).astimezone(_ZONE).hour


def _month(t: int) -> int:
    local = datetime.fromtimestamp(t / 1000, UTC).astimezone(_ZONE)
    return local.year * 12 + local.month
