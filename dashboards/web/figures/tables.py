"""Figures as tables: the page shows them, a chart stands on each, and the downloads hold the same cells."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from dashboards.web.figures.period import Period
from dashboards.web.wording import Wording
from gateway.store.figures import OUTCOMES, Count, Figures, Target

Cell = str | int | float | None
Name = Literal["rules", "sites", "days", "hours", "people"]
NAMES: Final[tuple[Name, ...]] = ("rules", "sites", "days", "hours", "people")
DAILY_AT_MOST: Final = 62
"""A longer period is told by weeks."""


class Table(msgspec.Struct, frozen=True):
    """Headings and rows; a share is a number of percent with one decimal, a wait whole seconds."""

    headings: list[str]
    rows: list[list[Cell]]


def share(part: int, whole: int) -> float | None:
    """Percent with one decimal, None of nothing."""
    return round(100 * part / whole, 1) if whole else None


def seconds(value: float | None) -> int | None:
    """Whole seconds."""
    return None if value is None else round(value)


def target_of(found: Figures, site: str | None) -> Target:
    """What is aimed at for a site, or for several."""
    own = [each for each in found.targets if site and each.site == site]
    return own[0] if own else found.targets[0]


def rules(found: Figures, wording: Wording) -> Table:
    """By rule: how many, how they ended, how many were false, how soon they were answered."""
    t = wording.t
    headings = [
        t("figures.rule"), t("figures.alarms"), *(t(f"outcome.{each}") for each in OUTCOMES), t("figures.unrated"),
        t("figures.false_share"), t("figures.share_60"), t("figures.share_180"), t("figures.answer_median"),
        t("figures.late"),
    ]  # fmt: skip
    named = sorted((g for g in found.groups if g.site is None and g.rule), key=lambda g: (-g.alarms, g.rule or ""))
    lines = [(wording.known(f"rule.{each.rule}", each.rule or ""), each) for each in named]
    lines.append((t("figures.all"), found.count()))  # type: ignore[arg-type]
    return Table(headings, [[name, *_of_rule(each)] for name, each in lines])


def _of_rule(count: Count) -> Iterator[Cell]:
    yield count.alarms
    yield from (count.outcomes.get(each, 0) for each in OUTCOMES)
    yield count.unrated
    yield share(count.untrue, count.judged)
    yield share(count.within_60, count.counted_60)
    yield share(count.within_180, count.counted_180)
    yield seconds(count.answer_median_s)
    yield count.late


def sites(found: Figures, wording: Wording) -> Table:
    """By centre: load, answers, arrivals, and alarms for each hundred residents."""
    t = wording.t
    headings = [
        t("yours.centre"), t("figures.residents"), t("figures.alarms"), t("figures.per_100"), t("figures.sounded"),
        t("figures.within_60"), t("figures.counted_60"), t("figures.share_60"), t("figures.within_180"),
        t("figures.counted_180"), t("figures.share_180"), t("figures.false_share"), t("figures.on_scene"),
        t("figures.on_scene_median"), t("figures.on_scene_p90"), t("figures.late"),
    ]  # fmt: skip
    lines = [(each.name, each.residents, found.count(site=each.id)) for each in found.sites]
    if len(lines) > 1:
        lines.append((t("figures.all"), sum(each.residents for each in found.sites), found.count()))
    rows: list[list[Cell]] = [
        [
            name, residents, each.alarms, round(100 * each.alarms / residents, 1) if residents else None, each.sounded,
            each.within_60, each.counted_60, share(each.within_60, each.counted_60), each.within_180,
            each.counted_180, share(each.within_180, each.counted_180), share(each.untrue, each.judged),
            each.on_scene, seconds(each.on_scene_median_s), seconds(each.on_scene_p90_s), each.late,
        ]
        for name, residents, each in lines
    ]  # fmt: skip
    return Table(headings, rows)


def days(found: Figures, wording: Wording, period: Period) -> Table:
    """By day, of a long period by week (Monday's date); days without an alarm are there, too."""
    t = wording.t
    weekly = period.length > DAILY_AT_MOST
    headings = [
        t("figures.week" if weekly else "figures.day"), t("figures.alarms"), t("figures.untrue"), t("figures.sounded"),
        t("figures.within_60"), t("figures.counted_60"), t("figures.share_60"), t("figures.within_180"),
        t("figures.counted_180"), t("figures.share_180"),
    ]  # fmt: skip
    sums: dict[str, Counter[str]] = {}
    for n in range(period.length):
        sums.setdefault(_unit(period.first + dt.timedelta(days=n), weekly=weekly), Counter())
    for each in found.days:
        unit = sums.setdefault(_unit(dt.date.fromisoformat(each.day), weekly=weekly), Counter())
        unit.update({k: v for k, v in msgspec.structs.asdict(each).items() if isinstance(v, int)})
    rows: list[list[Cell]] = [
        [
            unit, n["alarms"], n["untrue"], n["sounded"], n["within_60"], n["counted_60"],
            share(n["within_60"], n["counted_60"]), n["within_180"], n["counted_180"],
            share(n["within_180"], n["counted_180"]),
        ]
        for unit, n in sorted(sums.items())
    ]  # fmt: skip
    return Table(headings, rows)


def _unit(day: dt.date, *, weekly: bool) -> str:
    return str(day - dt.timedelta(days=day.weekday()) if weekly else day)


def hours(found: Figures, wording: Wording) -> Table:
    """The desk's load: alarms that began to sound, by hour of the day and weekday."""
    t = wording.t
    headings = [t("figures.hour"), *(t(f"figures.weekday.{n}") for n in range(1, 8)), t("figures.sum")]
    n: Counter[tuple[int, int]] = Counter()
    for each in found.hours:
        n[each.hour, each.weekday] += each.sounded
    rows: list[list[Cell]] = []
    for hour in range(24):
        week = [n[hour, weekday] for weekday in range(1, 8)]
        rows.append([f"{hour:02d}:00", *week, sum(week)])
    return Table(headings, rows)


def people(found: Figures, wording: Wording) -> Table:
    """The residents with most alarms, and what kinds they were of."""
    t = wording.t
    names = {each.id: each.name for each in found.sites}
    headings = [t("figures.resident"), t("yours.centre"), t("figures.alarms"), t("figures.kinds"), t("figures.untrue")]
    rows: list[list[Cell]] = [
        [each.name, names.get(each.site, each.site), each.alarms, kinds_of(each.kinds, wording), each.untrue]
        for each in found.people
    ]
    return Table(headings, rows)


def kinds_of(kinds: dict[str, int], wording: Wording) -> str:
    """``Wandering 12, Fall 3``: the most frequent first."""
    most = sorted(kinds.items(), key=lambda each: (-each[1], each[0]))
    return wording.t("list.comma").join(f"{wording.known(f'kind.{kind}', kind)} {n}" for kind, n in most)


def table(name: Name, found: Figures, wording: Wording, period: Period) -> Table:
    """One of the tables."""
    match name:
        case "rules":
            return rules(found, wording)
        case "sites":
            return sites(found, wording)
        case "days":
            return days(found, wording, period)
        case "hours":
            return hours(found, wording)
        case "people":
            return people(found, wording)
