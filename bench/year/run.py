"""A year of a community through engine and desk: what troubled people who were well, and who was noticed when."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import numpy as np

from alerts.engine import Engine
from bench.desk.assumptions import Assumptions
from bench.desk.book import Book
from bench.desk.day import MINUTES, Cause, Day, World
from bench.desk.measured import Bands
from bench.desk.month import START_MS, Told
from bench.desk.people import SITE, People, drawn, own_limit, registry, resident
from bench.desk.staff import Sound, Staff
from bench.year import causes
from bench.year.assumptions import YearAssumptions
from bench.year.figures import Judged, Trouble, YearReport, summed
from bench.year.helpless import Fates
from bench.year.promises import Promises, Window, is_festive, local_day
from devices.batch import ReadingBatch
from devices.clock import DAY_MS, MINUTE_MS
from devices.registry import Parameter, Sighting, Site

STEP_MS: Final = MINUTE_MS
"""How often the engine is asked; a gateway asks it each second: alarms are up to a minute too late here."""
_SOMEBODY_GOES_MIN: Final = 30.0
_KINDS: Final = ("missed_check.", "device.", "system.")


class Year:
    """The run: the month's world with promises and fates, the engine, the desk."""

    def __init__(
        self, residents: int, days: int, seed: int, world: Assumptions, a: YearAssumptions, parameters: dict[str, float]
    ) -> None:
        """Enter everybody into the registry, with the rules' parameters that are to be tried."""
        chance = np.random.default_rng(seed)
        self.people: People = drawn(residents, world, chance)
        self.world = World(self.people, world, chance)
        self.bands = Bands(self.people, world, chance)
        self.promises = Promises(residents, a, np.random.default_rng([seed, 1]))
        self.fates = Fates(residents, days, a, np.random.default_rng([seed, 2]))
        self.engine = Engine()
        self.engine.warm()
        self.staff = Staff("patient", lambda _: Cause.NOTHING_KNOWN)
        self.troubles: list[Trouble] = []
        self.judged: list[Judged] = []
        self.readings = 0
        self._a = a
        self._chance = np.random.default_rng([seed, 3])
        self._book = Book(self.engine)
        self._away = np.zeros(residents, np.bool_)
        self._tell_tomorrow: list[int] = []
        self._windows: dict[int, list[Window]] = {}
        self._calls: list[tuple[int, int, str]] = []
        self._listening_since = START_MS
        self._own_limits = {
            (i, "vitals.spo2") for i in range(residents) if self.people.lung[i] & self.people.limit_known[i]
        }
        self._book.enter([("site", Site(id=SITE, name=""))])
        self._book.enter(registry(self.people, world.zone_m))
        self._book.enter(
            ("parameter", Parameter(id=f"everyone//{name}", scope="everyone", name=name, value=value))
            for name, value in parameters.items()
        )

    def live(self, number: int) -> None:
        """Let day ``number`` pass."""
        midnight = START_MS + number * DAY_MS
        date = local_day(midnight)
        festive = is_festive(date)
        in_hospital = self.fates.begin(self.world, number, midnight)
        leaves = festive and not is_festive(date - timedelta(days=1))
        day = self.world.day(number, midnight, festive=leaves)
        self.fates.look(day)
        day = day._replace(check_ins=self.promises.pressed(day, self.promises.due_on(date), festive=festive))
        self._what_the_desk_learns(day, in_hospital)
        self._promise(number)
        looked_after = int(np.count_nonzero(~self._away)) - len(self.fates.lying)
        self.judged.append(Judged(midnight, looked_after, festive))
        batch, _ = self.bands.readings(day)
        self.readings += batch.size
        self._pass(day, batch, festive=festive)

    def _pass(self, day: Day, batch: ReadingBatch, *, festive: bool) -> None:
        engine, staff = self.engine, self.staff
        steps = np.arange(day.midnight, day.midnight + DAY_MS + 1, STEP_MS)
        edges = np.searchsorted(batch.header["received"], steps).tolist()
        away = range(0) if day.own_outage is None else range(*day.own_outage)
        for i, now in enumerate(steps[1:].tolist()):
            if (now - 1 - day.midnight) // MINUTE_MS in away:
                self._listening_since = now
                continue
            heard = len(staff.sounds)
            if edges[i] < edges[i + 1]:
                staff.hear(engine.process(batch.window(edges[i], edges[i + 1]), now), now)
            staff.hear(engine.advance(now, self._listening_since), now)
            engine.commit()
            staff.work(now)
            for sound in staff.sounds[heard:]:
                if sound.rule.startswith(_KINDS):
                    self._hear(sound, day, festive=festive)
            while self._calls and self._calls[0][0] <= now:
                _, who, rule = heapq.heappop(self._calls)
                self._call(who, rule, now, day)

    def _hear(self, sound: Sound, day: Day, *, festive: bool) -> None:
        """Whoever lies is noticed; of those who are well the trouble is counted, and somebody calls."""
        who, rule = sound.resident, sound.rule
        is_check = rule.startswith("missed_check.")
        one = self.fates.lies(who, sound.t) if is_check else None
        if one is not None:
            if sound.kind != "silent" and one.noticed_ms is None:
                one.noticed_ms, one.rule = sound.t, rule
            return
        self.troubles.append(
            Trouble(sound.t, rule, who, sound.kind, self._why(sound, day) if is_check else "", festive)
        )  # fmt: skip
        if is_check and sound.kind != "silent":
            answers = self._chance.random() < self._a.answers
            due = sound.t + int((self._a.call_after_min if answers else _SOMEBODY_GOES_MIN) * MINUTE_MS)
            heapq.heappush(self._calls, (due, who, rule))

    def _call(self, who: int, rule: str, now: int, day: Day) -> None:
        """What a call, or a visit, comes to."""
        one = self.fates.lies(who, now)
        if one is not None:
            if one.noticed_ms is None:
                one.noticed_ms, one.rule = now, rule
        elif day.absent[who]:
            self._leave([who])
        else:
            self._book.enter([("sighting", Sighting(id=f"r{who}", resident_slot=who, at_ms=now))])

    def _why(self, sound: Sound, day: Day) -> str:
        who = sound.resident
        minute = min(max(0, (sound.t - 1 - day.midnight) // MINUTE_MS), MINUTES - 1)
        if sound.rule == "missed_check.checkin":
            opens = [
                window.due.opens_ms
                for window in self._windows[(day.midnight - START_MS) // DAY_MS]
                if window.who == who and window.due.closes_ms <= sound.t
            ]
            since = (max(opens, default=sound.t) - day.midnight) // MINUTE_MS
            return causes.of_checkin(day, who, minute, since)
        if sound.rule == "missed_check.inactivity":
            return causes.of_inactivity(day, who, minute)
        return causes.of_silence(day, who, minute)

    def _promise(self, number: int) -> None:
        """Plan the windows of tomorrow, and let those of the day before yesterday go."""
        for planned in (number, number + 1):
            if planned not in self._windows:
                self._windows[planned] = self.promises.due_on(local_day(START_MS + planned * DAY_MS))
                self._book.enter(("check_window", window.record) for window in self._windows[planned])
        self._book.remove("check_window", (window.record.id for window in self._windows.pop(number - 2, ())))

    def _what_the_desk_learns(self, day: Day, in_hospital: Iterable[int]) -> None:
        """Who is away, whether told or found out, who is back, and whose limit is to be another."""
        self._leave([*in_hospital, *self._tell_tomorrow, *day.went[day.told].tolist()])
        self._tell_tomorrow = day.went[~day.told].tolist()
        self._away[day.came_back] = False
        self._book.enter(("resident", resident(self.people, int(slot), away=False)) for slot in day.came_back)
        wanted = sorted(self.staff.wanted_limits() - self._own_limits)
        self._book.enter(own_limit(self.people, slot, rule) for slot, rule in wanted)
        self._own_limits |= set(wanted)

    def _leave(self, slots: Iterable[int]) -> None:
        slots = list(slots)
        self._away[slots] = True
        self._book.enter(("resident", resident(self.people, slot, away=True)) for slot in slots)


def measure(
    *, residents: int, days: int, seed: int, world: Assumptions, a: YearAssumptions, parameters: dict[str, float],
    told: Told,
) -> YearReport:  # fmt: skip
    """Live the year; ``told`` hears how many days are over."""
    began = time.perf_counter()
    year = Year(residents, days, seed, world, a, parameters)
    for number in range(days):
        year.live(number)
        told(number + 1)
    return summed(
        year.troubles, year.fates.all, residents=residents, days=days, seed=seed, world=world.name,
        judged=year.judged, readings=year.readings, parameters=parameters,
        seconds=round(time.perf_counter() - began, 1),
    )  # fmt: skip
