"""Years of a community out of doors through engine and desk, and what each alarm of wandering was about."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, Literal

import numpy as np

from alerts.engine import Engine, Rule, What
from alerts.engine.catalogue import EVIDENCE_FIELDS
from bench.desk.book import Book
from bench.desk.day import Cause
from bench.desk.month import START_MS
from bench.desk.people import SITE
from bench.desk.staff import Sound, Staff
from bench.outdoors.figures import KNOWN_FROM, RAISED, FalseAlarm, OutdoorReport, Wandered, cases, of_kinds, of_rule
from bench.outdoors.measured import readings, registry, resident
from devices.batch import ReadingBatch, Records
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from devices.registry import Parameter, Site
from simulator.outdoors.assumptions import Outdoors
from simulator.outdoors.life import OutdoorDay, OutdoorLife
from simulator.outdoors.town import Town

STEP_MS: Final = MINUTE_MS
"""How often the engine is asked; a gateway asks it each second: alarms are up to a minute too late here."""
CALLED_AFTER_MS: Final = 10 * MINUTE_MS
"""From an alarm to the call that tells where somebody is. Assumption."""
AFTERWARDS_MS: Final = HOUR_MS
"""So long after they were found what is heard of somebody who wandered still belongs to it. Assumption."""
LAPS_EXCUSED_AFTER: Final = 2
"""So many alarms about laps for exercise, and staff switch patterns off for who walks them. Assumption."""
WANDERING: Final = tuple(rule for rule in Rule if rule.name.startswith("WANDERING_"))
_BAD_FIX_M: Final = 60.0
_LATELY_MS: Final = 5 * MINUTE_MS
_SPARE_MS: Final = 30 * MINUTE_MS

Told = Callable[[int], None]


class Years:
    """The run: residents, the engine, the desk."""

    def __init__(self, residents: int, days: int, seed: int, a: Outdoors, parameters: dict[str, float]) -> None:
        """Enter everybody into the registry, with the rules' parameters that are to be tried."""
        town = Town(seed)
        self.lives = [OutdoorLife(town, a, seed=seed, number=i, days=days) for i in range(residents)]
        self.engine = Engine()
        self.engine.warm()
        self.staff = Staff("patient", lambda _: Cause.NOTHING_KNOWN)
        self.false_alarms: list[FalseAlarm] = []
        self.wandered: list[Wandered] = []
        self.judged: list[int] = []
        self.readings = 0
        self.laps_excused: set[int] = set()
        self._laps: Counter[int] = Counter()
        self._book = Book(self.engine)
        self._away: set[int] = set()
        self._why: dict[tuple[int, str], str] = {}
        self._quiet: set[tuple[int, str]] = set()
        self._due: list[tuple[int, int, int, Literal["away", "back", "company"], int]] = []
        self._today: list[OutdoorDay] = []
        self._book.enter([("site", Site(id=SITE, name=""))])
        self._book.enter(registry([life.habits for life in self.lives]))
        self._book.enter(
            ("parameter", Parameter(id=f"everyone//{name}", scope="everyone", name=name, value=value))
            for name, value in parameters.items()
        )

    def live(self, number: int) -> None:
        """Let day ``number`` pass."""
        midnight = START_MS + number * DAY_MS
        self._today = [life.day(number) for life in self.lives]
        self._what_the_desk_is_told(number, midnight)
        for who, day in enumerate(self._today):
            for incident in day.incidents:
                end = next(span.stop for span in day.spans if span.start <= incident.onset <= span.stop)
                self.wandered.append(
                    Wandered(who, incident.kind, number, midnight + int(1000 * incident.onset),
                             midnight + int(1000 * end), {})
                )  # fmt: skip
        batch = readings([day.fixes for day in self._today], midnight, self.readings)
        self.readings += batch.size
        self._pass(batch, number, midnight)
        self.judged.append(len(self.lives) - len(self._away))

    def _pass(self, batch: ReadingBatch, number: int, midnight: int) -> None:
        engine, staff = self.engine, self.staff
        steps = np.arange(midnight, midnight + DAY_MS + 1, STEP_MS)
        edges = np.searchsorted(batch.header["received"], steps).tolist()
        for i, now in enumerate(steps[1:].tolist()):
            while self._due and self._due[0][0] <= now:
                _, _, who, what, until = heapq.heappop(self._due)
                self._desk_does(who, what, until)
            heard = len(staff.sounds)
            if edges[i] < edges[i + 1]:
                self._take(engine.process(batch.window(edges[i], edges[i + 1]), now), now)
            self._take(engine.advance(now, START_MS), now)
            engine.commit()
            staff.work(now)
            for sound in staff.sounds[heard:]:
                if sound.rule.startswith("wandering."):
                    self._hear(sound, number, midnight)

    def _take(self, events: Records, now: int) -> None:
        """Note what began, of whom and why, then let the desk fold it."""
        if not len(events):
            return
        for event in events[(events["what"] == What.OPENED) & np.isin(events["rule"], WANDERING)]:
            rule, who = Rule(int(event["rule"])), int(event["resident"])
            self._why[who, rule.public_name] = _detail(rule, event)
            for one in self.wandered[-50:]:
                if one.who == who and one.onset <= now <= one.over:
                    one.noticed.setdefault(rule.public_name, now)
        self.staff.hear(events, now)

    def _hear(self, sound: Sound, number: int, midnight: int) -> None:
        """Count a trouble about somebody who does not wander, and let the desk call."""
        who = sound.resident
        if any(one.who == who and one.onset <= sound.t <= one.over + AFTERWARDS_MS for one in self.wandered[-50:]):
            return
        cause = self._cause(sound, midnight)
        kind = self._first_heard(sound)
        self.false_alarms.append(FalseAlarm(sound.t, number, sound.rule, who, kind, cause))
        if sound.kind != "silent":
            self._call(who, sound, midnight)

    def _first_heard(self, sound: Sound) -> Literal["new", "again", "follows", "silent"]:
        """What was raised without a sound and is heard for the first time now is new."""
        key = sound.resident, sound.rule
        was_quiet = key in self._quiet
        self._quiet.discard(key)
        if sound.kind == "silent":
            self._quiet.add(key)
        return "new" if sound.kind == "again" and was_quiet else sound.kind

    def _cause(self, sound: Sound, midnight: int) -> str:
        day = self._today[sound.resident]
        at = min(max(sound.event_time, midnight), sound.t) - midnight
        what = day.what(at / 1000)
        fixes = day.fixes
        lately = (1000 * fixes.t > at - _LATELY_MS) & (1000 * fixes.t <= at + STEP_MS)
        if lately.any() and float(fixes.error_m[lately].max()) >= _BAD_FIX_M:
            what += " (bad fix)"
        detail = self._why.get((sound.resident, sound.rule), "")
        return f"{what} [{detail}]" if detail else what

    def _call(self, who: int, sound: Sound, midnight: int) -> None:
        """Whoever is called says where they are; the desk writes it down."""
        day, called = self._today[who], sound.t + CALLED_AFTER_MS
        span = next((s for s in day.spans if s.start <= (sound.t - midnight) / 1000 < s.stop), None)
        if day.stay is not None:
            self._later(called, who, "away", 0)
        elif span is not None and not span.told:
            self._later(called, who, "company", midnight + int(1000 * span.stop) + _SPARE_MS)
        elif span is not None and span.what == "laps for exercise" and sound.rule == "wandering.pattern":
            self._laps[who] += 1
            if self._laps[who] == LAPS_EXCUSED_AFTER:
                self.laps_excused.add(who)
                name = "wandering.pattern.enabled"
                own = Parameter(
                    id=f"resident/r{who}/{name}", scope="resident", key=f"r{who}", resident_slot=who, name=name, value=0
                )
                self._book.enter([("parameter", own)])

    def _what_the_desk_is_told(self, number: int, midnight: int) -> None:
        """Plan the day's entries: who goes to their family, who is back, who is taken out."""
        for who, day in enumerate(self._today):
            stay = day.stay
            if stay is not None and stay.told == "before" and number == stay.first:
                self._later(midnight + 7 * HOUR_MS, who, "away", 0)
            if stay is not None and stay.told == "late" and number == stay.first + 1:
                self._later(midnight + 10 * HOUR_MS, who, "away", 0)
            if stay is not None and number == stay.last:
                self._later(midnight + DAY_MS - HOUR_MS, who, "back", 0)
            for span in day.spans:
                if span.what == "with the family, told":
                    until = midnight + int(1000 * span.stop) + _SPARE_MS
                    self._later(midnight + int(1000 * span.start) - 5 * MINUTE_MS, who, "company", until)

    def _later(self, at: int, who: int, what: Literal["away", "back", "company"], until: int) -> None:
        heapq.heappush(self._due, (at, len(self._due) + self._book.version, who, what, until))

    def _desk_does(self, who: int, what: Literal["away", "back", "company"], until: int) -> None:
        if what == "away" and who not in self._away:
            self._away.add(who)
        elif what == "back":
            self._away.discard(who)
        record = resident(
            self.lives[who].habits, away=who in self._away, accompanied_until=until if what == "company" else None
        )
        self._book.enter([("resident", record)])


def _detail(rule: Rule, event: Records) -> str:
    """What a rule says of why: the kind of pattern, the reason of being lost."""
    names = EVIDENCE_FIELDS[rule]
    told = [f"{name} {int(event['values'][names.index(name)])}" for name in ("reason", "pattern") if name in names]
    return ", ".join(told)


def measure(
    *, residents: int, days: int, seed: int, a: Outdoors, parameters: dict[str, float], told: Told
) -> OutdoorReport:  # fmt: skip
    """Live the years; ``told`` hears how many days are over."""
    began = time.perf_counter()
    years = Years(residents, days, seed, a, parameters)
    for number in range(days):
        years.live(number)
        told(number + 1)
    alarms, judged = years.false_alarms, years.judged
    total = sum(judged)
    troubled = {alarm.who for alarm in alarms if alarm.kind in RAISED}
    return OutdoorReport(
        residents=residents,
        days=days,
        seed=seed,
        world=a.name,
        judged_days=total,
        all_rules=of_rule("all rules", alarms, judged),
        cases_per_100=round(100 * cases(alarms) / total, 4) if total else 0.0,
        quiet_residents=round(1 - len(troubled) / residents, 4),
        rules=[
            of_rule(rule.public_name, [alarm for alarm in alarms if alarm.rule == rule.public_name], judged)
            for rule in WANDERING
        ],
        later=of_kinds([one for one in years.wandered if one.day >= KNOWN_FROM]),
        earlier=of_kinds([one for one in years.wandered if one.day < KNOWN_FROM]),
        laps_excused=len(years.laps_excused),
        parameters=parameters,
        readings=years.readings,
        seconds=round(time.perf_counter() - began, 1),
    )
