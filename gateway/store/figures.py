"""Figures about alarms in ``[from, to)`` by ``raised_at``, counted by the database from columns alone (ADR 40).

Out of all figures are drills and suppressed alarms; what came late is counted apart. Times are Unix ms, waits and
durations seconds; days and hours are those of each site's own clock.

- *Sounded*: the alarm was more than low; its clock runs from when it became so.
- *Answered*: a person took it or settled it. Of an alarm that ended by itself before, nobody answered.
- *Within 60 s*: of those that sounded, that were answered or waited for at least so long. Who takes back a press after
  20 s has not been left waiting. The same for 180 s.

Source of the two limits and of their targets, 97.5 % and 99 %: the UK's telecare service standard (TSA, Quality
Standards Framework, QSF), alarm calls answered within 60 s and 180 s. It counts calls of people; we count whatever
sounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, LiteralString

import msgspec

from gateway.store.connection import Connection

LIMITS_S: Final = (60, 180)
TARGETS_PCT: Final = (97.5, 99.0)
"""Share that should be answered within each limit. Source: TSA Quality Standards Framework, call handling."""
OUTCOMES: Final = ("true_alarm", "false_alarm", "accidental", "no_access", "test", "technical")
MOST_SHOWN: Final = 20


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted of some alarms.

    ``alarms``: not late; ``late``: apart. ``outcomes``: how many ended as what; ``unrated``: no outcome so far.
    ``counted_60``: that were to be answered within 60 s, ``within_60``: that were; the same for 180. Waits for an
    answer and from the alarm to somebody's arrival: how many, their median and the one that nine of ten keep to.
    """

    alarms: int = 0
    late: int = 0
    outcomes: dict[str, int] = {}
    unrated: int = 0
    sounded: int = 0
    counted_60: int = 0
    within_60: int = 0
    counted_180: int = 0
    within_180: int = 0
    answered: int = 0
    answer_median_s: float | None = None
    answer_p90_s: float | None = None
    on_scene: int = 0
    on_scene_median_s: float | None = None
    on_scene_p90_s: float | None = None

    @property
    def judged(self) -> int:
        """How many ended with an outcome that says whether they were true: all but tests."""
        return sum(self.outcomes.values()) - self.outcomes.get("test", 0)

    @property
    def untrue(self) -> int:
        """False alarms and presses by accident."""
        return self.outcomes.get("false_alarm", 0) + self.outcomes.get("accidental", 0)


class Group(Count, frozen=True, kw_only=True):
    """The count of a site (``rule`` None), of a rule (``site`` None), of both, or of all (both None)."""

    site: str | None
    rule: str | None


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day by the site's clock, ``2026-06-10``."""

    site: str
    day: str
    alarms: int
    untrue: int
    sounded: int
    counted_60: int
    within_60: int
    counted_180: int
    within_180: int


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """How many alarms began to sound on a weekday (Monday 1) in an hour (0 to 23), by the site's clock."""

    site: str
    weekday: int
    hour: int
    sounded: int


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A resident with many alarms; ``kinds``: how many of each."""

    id: str
    name: str
    site: str
    alarms: int
    untrue: int
    kinds: dict[str, int]
    last_at: int


class Centre(msgspec.Struct, frozen=True, kw_only=True):
    """A site, and how many residents it looks after at present."""

    id: str
    name: str
    timezone: str
    residents: int


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What share should be answered within 60 s and 180 s; ``site`` empty: where a site has none of its own."""

    site: str
    within_60_pct: float = TARGETS_PCT[0]
    within_180_pct: float = TARGETS_PCT[1]


class Figures(msgspec.Struct, frozen=True, kw_only=True, rename={"from_ms": "from", "to_ms": "to"}):
    """All figures of some sites in ``[from_ms, to_ms)``. ``drills`` and ``suppressed`` are in no other number."""

    from_ms: int
    to_ms: int
    sites: list[Centre]
    groups: list[Group]
    days: list[Day]
    hours: list[Hour]
    people: list[Person]
    drills: int
    suppressed: int
    targets: list[Target]

    def count(self, *, site: str | None = None, rule: str | None = None) -> Count:
        """The count of a site, a rule, both or all; nothing where there was no alarm."""
        return next((each for each in self.groups if (each.site, each.rule) == (site, rule)), Count())


_PERIOD: Final[LiteralString] = (
    "raised_at >= %(from)s and raised_at < %(to)s and (%(sites)s::text[] = '{}' or site = any(%(sites)s))"
)
_COUNTED: Final[LiteralString] = f"not drill and state <> 'suppressed' and {_PERIOD}"
_ALARMS: Final[LiteralString] = (
    "with a as (select site, rule, resident, outcome, raised_at, sounded_at, on_scene_at, over_at,"
    " case when over_at < answered_at then null else answered_at end as answered_at"
    f" from alarm where {_COUNTED} and not late),"
    " w as (select *, coalesce(answered_at, over_at, %(now)s) - sounded_at as waited from a)"
)
"""The alarms of the period that were not late, with how long each waited, ms."""
_COUNTS: Final[LiteralString] = (
    "count(*), count(*) filter (where outcome in ('false_alarm', 'accidental')), count(sounded_at),"
    " count(*) filter (where sounded_at is not null and (answered_at is not null or waited >= 60000)),"
    " count(*) filter (where answered_at - sounded_at <= 60000),"
    " count(*) filter (where sounded_at is not null and (answered_at is not null or waited >= 180000)),"
    " count(*) filter (where answered_at - sounded_at <= 180000)"
)
_COUNT_FIELDS: Final = ("alarms", "untrue", "sounded", "counted_60", "within_60", "counted_180", "within_180")
_GROUPS: Final[LiteralString] = (
    f"{_ALARMS} select site, rule, {_COUNTS},"
    " array[count(*) filter (where outcome = 'true_alarm'), count(*) filter (where outcome = 'false_alarm'),"
    " count(*) filter (where outcome = 'accidental'), count(*) filter (where outcome = 'no_access'),"
    " count(*) filter (where outcome = 'test'), count(*) filter (where outcome = 'technical')],"
    " count(*) filter (where outcome is null), count(answered_at) filter (where sounded_at is not null),"
    " percentile_cont(array[0.5, 0.9]) within group (order by greatest(answered_at - sounded_at, 0) / 1000.0::float8)"
    " filter (where answered_at - sounded_at is not null),"
    " count(on_scene_at),"
    " percentile_cont(array[0.5, 0.9]) within group (order by (on_scene_at - raised_at) / 1000.0::float8)"
    " from w group by grouping sets ((site, rule), (site), (rule), ())"
)
_LATE: Final[LiteralString] = (
    f"select site, rule, count(*) from alarm where {_COUNTED} and late"
    " group by grouping sets ((site, rule), (site), (rule), ())"
)
_DAYS: Final[LiteralString] = (
    f"{_ALARMS} select w.site, (to_timestamp(raised_at / 1000.0::float8) at time zone"
    f" coalesce(s.timezone, 'Asia/Shanghai'))::date::text as day, {_COUNTS}"
    " from w left join site s on s.id = w.site group by 1, 2 order by 2, 1"
)
_HOURS: Final[LiteralString] = (
    f"{_ALARMS}, heard as (select w.site, to_timestamp(sounded_at / 1000.0::float8) at time zone"
    " coalesce(s.timezone, 'Asia/Shanghai') as t from w left join site s on s.id = w.site where sounded_at is not null)"
    " select site, extract(isodow from t)::integer, extract(hour from t)::integer, count(*) from heard"
    " group by 1, 2, 3 order by 1, 2, 3"
)
_PEOPLE: Final[LiteralString] = (
    f"{_ALARMS}, most as (select resident, count(*) as n,"
    " count(*) filter (where outcome in ('false_alarm', 'accidental')) as untrue, max(raised_at) as last_at"
    " from w where resident is not null group by 1 order by n desc, last_at desc, resident limit %(most)s),"
    " kinds as (select resident, jsonb_object_agg(kind, n) as kinds from (select resident,"
    " split_part(rule, '.', 1) as kind, count(*) as n from w where resident in (select resident from most)"
    " group by 1, 2) k group by 1)"
    " select m.resident, r.name, r.site, m.n, m.untrue, k.kinds, m.last_at"
    " from most m join kinds k using (resident) join resident r on r.id = m.resident"
    " order by m.n desc, m.last_at desc, m.resident"
)


async def figures(conn: Connection, *, sites: Sequence[str], from_ms: int, to_ms: int, now: int) -> Figures:
    """All figures of these sites (empty: of all) in a period, as of ``now`` (ms); of one moment of the database."""
    about = {"sites": list(sites), "from": from_ms, "to": to_ms, "now": now, "most": MOST_SHOWN}
    async with conn.transaction():
        await conn.execute("set transaction isolation level repeatable read, read only")
        await conn.execute("set local work_mem = '32MB'")
        rows = await (await conn.execute(_GROUPS, about)).fetchall()
        late_rows = await (await conn.execute(_LATE, about)).fetchall()
        days = await (await conn.execute(_DAYS, about)).fetchall()
        hours = await (await conn.execute(_HOURS, about)).fetchall()
        people = await (await conn.execute(_PEOPLE, about)).fetchall()
        out = await (
            await conn.execute(
                "select count(*) filter (where drill), count(*) filter (where not drill) from alarm"
                f" where (drill or state = 'suppressed') and {_PERIOD}",
                about,
            )
        ).fetchone()
        centres = await _centres(conn, sites)
        wanted = await targets(conn)
    assert out is not None
    late = {(site, rule): n for site, rule, n in late_rows}
    groups = {(row[0], row[1]): _group(row, late.pop((row[0], row[1]), 0)) for row in rows}
    groups |= {(site, rule): Group(site=site, rule=rule, late=n) for (site, rule), n in late.items()}
    return Figures(
        from_ms=from_ms,
        to_ms=to_ms,
        sites=centres,
        groups=[groups[key] for key in sorted(groups, key=lambda key: (key[0] or "", key[1] or ""))],
        days=[Day(site=row[0], day=row[1], **dict(zip(_COUNT_FIELDS, row[2:], strict=True))) for row in days],
        hours=[Hour(site=row[0], weekday=row[1], hour=row[2], sounded=row[3]) for row in hours],
        people=[Person(**dict(zip(Person.__struct_fields__, row, strict=True))) for row in people],
        drills=out[0],
        suppressed=out[1],
        targets=wanted,
    )


async def targets(conn: Connection) -> list[Target]:
    """What is aimed at: of all sites first, then of those that have targets of their own."""
    cursor = await conn.execute("select site, within_60_pct, within_180_pct from figure_target order by site")
    found = [Target(site=row[0], within_60_pct=row[1], within_180_pct=row[2]) for row in await cursor.fetchall()]
    return found if found and found[0].site == "" else [Target(site=""), *found]


async def aim(conn: Connection, actor: str, target: Target, now: int) -> None:
    """Set the targets of a site, or (``site`` empty) of all that have none of their own."""
    await conn.execute(
        "insert into figure_target (site, within_60_pct, within_180_pct, by, at_ms) values (%s, %s, %s, %s, %s)"
        " on conflict (site) do update set within_60_pct = excluded.within_60_pct,"
        " within_180_pct = excluded.within_180_pct, by = excluded.by, at_ms = excluded.at_ms",
        (target.site, target.within_60_pct, target.within_180_pct, actor, now),
    )


def _group(row: Sequence[Any], late: int) -> Group:
    site, rule, alarms, _, sounded, counted_60, within_60, counted_180, within_180, outcomes, unrated = row[:11]
    answered, answer_s, on_scene, on_scene_s = row[11:]
    answer_median_s, answer_p90_s = answer_s or (None, None)
    on_scene_median_s, on_scene_p90_s = on_scene_s or (None, None)
    return Group(
        site=site,
        rule=rule,
        alarms=alarms,
        late=late,
        outcomes={name: n for name, n in zip(OUTCOMES, outcomes, strict=True) if n},
        unrated=unrated,
        sounded=sounded,
        counted_60=counted_60,
        within_60=within_60,
        counted_180=counted_180,
        within_180=within_180,
        answered=answered,
        answer_median_s=answer_median_s,
        answer_p90_s=answer_p90_s,
        on_scene=on_scene,
        on_scene_median_s=on_scene_median_s,
        on_scene_p90_s=on_scene_p90_s,
    )


async def _centres(conn: Connection, sites: Sequence[str]) -> list[Centre]:
    cursor = await conn.execute(
        "select s.id, s.name, s.timezone, (select count(*) from resident r where r.site = s.id"
        " and r.status not in ('moved', 'deceased')) from site s"
        " where %(sites)s::text[] = '{}' or s.id = any(%(sites)s) order by s.name, s.id",
        {"sites": list(sites)},
    )
    return [Centre(id=row[0], name=row[1], timezone=row[2], residents=row[3]) for row in await cursor.fetchall()]
