"""Figures against an oracle in plain Python that reads the timelines, over generated alarms."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Sequence
from statistics import median
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from alerts.alarm import Alarm, Suppression, TimelineEntry, opening
from gateway.store import figures as module
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import connect, pool
from gateway.store.figures import MOST_SHOWN, Group, Target, aim, figures, targets
from gateway.store.registry import add_resident, save_site
from gateway.store.registry_records import Resident, ResidentFields, Site

NOW = 1_780_000_000_000
DAY_MS = 86_400_000
ZONES = {"north": "Asia/Shanghai", "south": "Europe/London"}
RULES = ("sos.button", "fall.device", "missed_check.silent", "device.battery_low", "wandering.zone_exit")
MACHINES = ("engine", "wearer", "system")


def an_alarm(rng: random.Random, number: int, residents: Sequence[Resident]) -> Alarm:
    rule = rng.choice(RULES)
    resident = rng.choice([*residents, *(4 * [*residents[:3]]), None])
    site = resident.site if resident is not None else rng.choice(list(ZONES))
    raised = NOW - rng.randrange(40 * DAY_MS)
    severity = "low" if rule == "device.battery_low" else rng.choice(["low", "medium", "high", "critical"])
    was_low = severity == "low" or rng.random() < 0.3
    timeline = [TimelineEntry(t=raised, actor="engine", event="opened", note="low" if was_low else None)]

    def say(event: str, actor: str, after_s: int, note: str | None = None) -> None:
        t = timeline[-1].t + after_s * 1000
        timeline.append(TimelineEntry(t=t, actor=actor, event=event, note=note))

    if rng.random() < 0.1:
        kept_quiet = [TimelineEntry(t=raised - 5000, actor="chen", event="suppressed", note="检修")]
        if severity != "low":
            kept_quiet.append(TimelineEntry(t=raised - 2000, actor="engine", event="severity_raised", note=severity))
        was_low = severity == "low"
        timeline = [*kept_quiet, opening(severity, raised, "engine")]  # type: ignore[arg-type]
    elif severity == "medium" and (was_low or rng.random() < 0.5):
        say("severity_raised", "engine", rng.randrange(2000), "medium")
    elif severity in ("high", "critical") and (was_low or rng.random() < 0.3):
        if rng.random() < 0.3:
            say("severity_raised", "engine", rng.randrange(2000), "medium")
        say("severity_raised", rng.choice(["engine", "system"]), rng.choice([5, 600, 10_800]), severity)
    if severity == "low" and rng.random() < 0.2:
        say("severity_lowered", "engine", 5, "low")
    state, outcome = "open", None
    way = rng.random()
    if way < 0.15:
        say("cancel", rng.choice(["wearer", "zhang"]), rng.choice([5, 59, 60, 61, 180, 200]))
        state = "cancelled"
        if rng.random() < 0.3:
            say("reopen", "zhang", 30)
            say("acknowledge", "zhang", 3)
            state = "acknowledged"
    elif way < 0.9:
        say(
            "acknowledge",
            rng.choice(["zhang", "li", "contact:c1"]),
            rng.choice([1, 20, 59, 60, 61, 120, 180, 181, 900]),
        )
        state = "acknowledged"
        if rng.random() < 0.5:
            say("arrive", "zhang", rng.randrange(60, 3000))
            state = "on_scene"
        if rng.random() < 0.8:
            say("resolve", rng.choice(["zhang", "engine"]), rng.randrange(10, 500))
            say("close", "zhang", 60)
            state = "closed"
            outcome = rng.choice(["true_alarm", "false_alarm", "accidental", "no_access", "test", "technical"])
    suppression = None
    if rng.random() < 0.1:
        state, outcome = "suppressed", None
        suppression = Suppression(id="m", site=site, device=None, reason="检修", by="chen", until=None)
    return Alarm(
        id=UUID(int=number),
        case=UUID(int=number),
        kind=rule.partition(".")[0],
        rule=rule,
        severity=severity,  # type: ignore[arg-type]
        state=state,  # type: ignore[arg-type]
        version=1,
        site=site,
        resident=None if resident is None else resident.id,
        household=None,
        device=None,
        subject=f"s{number}",
        event_time=raised,
        last_event_time=raised,
        raised_at=raised,
        late=rng.random() < 0.1,
        drill=rng.random() < 0.1,
        outcome=outcome,  # type: ignore[arg-type]
        suppression=suppression,
        timeline=tuple(timeline),
    )


class Read:
    """What one reads off an alarm's timeline."""

    def __init__(self, alarm: Alarm) -> None:
        def first(*events: str, people: bool = False) -> int | None:
            return next(
                (e.t for e in alarm.timeline if e.event in events and not (people and e.actor in MACHINES)), None
            )

        lowered = any(e.event == "severity_lowered" for e in alarm.timeline)
        opened = next((n for n, e in enumerate(alarm.timeline) if e.event == "opened"), 0)
        raises = [e for e in alarm.timeline[opened:] if e.event == "severity_raised"]
        if raises and raises[0].note != "medium" and alarm.timeline[opened].note != "low":
            raises = []
        self.alarm = alarm
        self.sounded = None if alarm.severity == "low" and not lowered else (raises[0].t if raises else alarm.raised_at)
        self.over = first("resolve", "cancel")
        answered = first("acknowledge", "dispatch", "resolve", "cancel", people=True)
        self.answered = None if answered and self.over and self.over < answered else answered
        self.arrived = first("arrive")

    def counted(self, limit_s: int) -> bool:
        if self.sounded is None:
            return False
        if self.answered is not None:
            return True
        return (self.over or NOW) - self.sounded >= limit_s * 1000

    def within(self, limit_s: int) -> bool:
        return None not in (self.sounded, self.answered) and self.answered - self.sounded <= limit_s * 1000  # type: ignore[operator]


def expected(alarms: Sequence[Alarm], site: str | None, rule: str | None) -> Group | None:
    own = [a for a in alarms if site in (None, a.site) and rule in (None, a.rule)]
    live = [Read(a) for a in own if not a.late]
    waits = [max(r.answered - r.sounded, 0) / 1000 for r in live if r.sounded is not None and r.answered is not None]
    ways = [(r.arrived - r.alarm.raised_at) / 1000 for r in live if r.arrived is not None]
    if not own:
        return None
    return Group(
        site=site,
        rule=rule,
        alarms=len(live),
        late=len(own) - len(live),
        outcomes=dict(Counter(r.alarm.outcome for r in live if r.alarm.outcome)),
        unrated=sum(r.alarm.outcome is None for r in live),
        sounded=sum(r.sounded is not None for r in live),
        counted_60=sum(r.counted(60) for r in live),
        within_60=sum(r.within(60) for r in live),
        counted_180=sum(r.counted(180) for r in live),
        within_180=sum(r.within(180) for r in live),
        answered=len(waits),
        answer_median_s=median(waits) if waits else None,
        answer_p90_s=nine_of_ten(waits),
        on_scene=len(ways),
        on_scene_median_s=median(ways) if ways else None,
        on_scene_p90_s=nine_of_ten(ways),
    )


def nine_of_ten(values: Sequence[float]) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    at = 0.9 * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


async def fill(conninfo: str, seed: int, many: int) -> tuple[list[Alarm], dict[str, Resident]]:
    rng = random.Random(seed)
    async with pool(conninfo, application="anxin test") as connections:
        async with connections.connection() as conn:
            for site, zone in ZONES.items():
                await save_site(conn, "test", Site(id=site, name=site, timezone=zone), create=True)
            residents = [
                await add_resident(conn, "test", ResidentFields(site=site, name=f"{site} {n}"))
                for site in ZONES
                for n in range(8)
            ]
        alarms = [an_alarm(rng, number, residents) for number in range(1, many + 1)]
        async with PostgresAlarmStore(connections).transaction() as tx:
            for alarm in alarms:
                await tx.insert(alarm)
    return alarms, {resident.id: resident for resident in residents}


def local(t: int, site: str) -> dt.datetime:
    return dt.datetime.fromtimestamp(t / 1000, ZoneInfo(ZONES[site]))


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("sites", [[], ["south"]])
async def test_figures_are_what_the_timelines_say(conninfo: str, seed: int, sites: list[str]) -> None:
    everything, residents = await fill(conninfo, seed, 250)
    begin, end = NOW - 30 * DAY_MS, NOW - DAY_MS
    async with await connect(conninfo, application="anxin test") as conn:
        found = await figures(conn, sites=sites, from_ms=begin, to_ms=end, now=NOW)
    period = [a for a in everything if begin <= a.raised_at < end and (not sites or a.site in sites)]
    counted = [a for a in period if not a.drill and a.state != "suppressed"]
    assert found.drills == sum(a.drill for a in period)
    assert found.suppressed == sum(not a.drill and a.state == "suppressed" for a in period)
    pairs = {(s, r) for s in (None, *ZONES) for r in (None, *RULES)}
    wanted = {pair: group for pair in pairs if (group := expected(counted, *pair)) is not None}
    got = {(each.site, each.rule): each for each in found.groups}
    assert got.keys() == wanted.keys()
    for pair, group in wanted.items():
        for field in Group.__struct_fields__:
            assert getattr(got[pair], field) == pytest.approx(getattr(group, field)), (pair, field)

    live = [Read(a) for a in counted if not a.late]
    heard = [(r.alarm.site, local(r.sounded, r.alarm.site)) for r in live if r.sounded is not None]
    hours = Counter((site, t.isoweekday(), t.hour) for site, t in heard)
    assert {(h.site, h.weekday, h.hour): h.sounded for h in found.hours} == hours
    days = Counter((r.alarm.site, f"{local(r.alarm.raised_at, r.alarm.site):%Y-%m-%d}") for r in live)
    assert {(d.site, d.day): d.alarms for d in found.days} == days
    assert sum(d.within_60 for d in found.days) == found.count().within_60

    people = Counter(r.alarm.resident for r in live if r.alarm.resident)
    assert [p.alarms for p in found.people] == [n for _, n in people.most_common(MOST_SHOWN)]
    for person in found.people:
        own = [r.alarm for r in live if r.alarm.resident == person.id]
        assert person.name == residents[person.id].name
        assert person.kinds == Counter(a.kind for a in own)
        assert (person.alarms, person.last_at) == (len(own), max(a.raised_at for a in own))
        assert person.untrue == sum(a.outcome in ("false_alarm", "accidental") for a in own)


async def test_nothing_is_nothing(conninfo: str) -> None:
    async with await connect(conninfo, application="anxin test") as conn:
        found = await figures(conn, sites=[], from_ms=0, to_ms=NOW, now=NOW)
    assert found.count().alarms == 0
    assert (found.groups[0].site, found.groups[0].rule) == (None, None)
    assert (found.days, found.hours, found.people, found.sites) == ([], [], [], [])


async def test_targets_are_the_standards_until_somebody_sets_others(conninfo: str) -> None:
    async with await connect(conninfo, application="anxin test") as conn:
        assert await targets(conn) == [Target(site="", within_60_pct=97.5, within_180_pct=99)]
        await aim(conn, "chen", Target(site="north", within_60_pct=90, within_180_pct=95), NOW)
        await aim(conn, "chen", Target(site="north", within_60_pct=92, within_180_pct=95), NOW)
        assert [(each.site, each.within_60_pct) for each in await targets(conn)] == [("", 97.5), ("north", 92)]


def test_no_question_reads_the_alarms_themselves() -> None:
    """Neither their timelines nor anything else in the object: columns alone."""
    questions = [text for name, text in vars(module).items() if name.isupper() and isinstance(text, str)]
    assert len(questions) > 5
    assert [text for text in questions if "object " in text or "timeline" in text] == []
