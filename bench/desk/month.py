"""A month of a community through engine and desk, and what it sounded like."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from alerts.alarm import Alarm
from alerts.engine import Engine
from bench.desk.assumptions import Assumptions
from bench.desk.book import Book
from bench.desk.day import MINUTES, Cause, Day, World
from bench.desk.measured import Bands
from bench.desk.people import People, drawn, own_limit, registry, resident
from bench.desk.staff import Manner, Sound, Staff
from devices.batch import ReadingBatch
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from devices.kinds import Kind
from devices.registry import Parameter

START_MS: Final = 1_767_196_800_000
"""2026-01-01 00:00 in Shanghai, which is eight hours ahead all the year."""
ZONE_MS: Final = 8 * HOUR_MS
STEP_MS: Final = 10_000
"""How often the engine is asked; the gateway asks it each second at the latest, which moves alarms by seconds."""
NIGHT_H: Final = (22, 6)
"""Source: design goals."""
PER_RESIDENTS: Final = 1000

Told = Callable[[int], None]


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What a desk heard in a day, per 1,000 residents; SOS apart.

    Attributes:
        sounding_per_day: beginnings of a sound beside those of ``sos``.
        night_per_day: of them from 22:00 to 06:00.
        by_rule: sounding, by rule, SOS too; ``by_hour``: by rule, each hour of the local day, SOS too.
        by_cause: sounding, by rule and why it really came.
        again_per_day: of the sounding, those that are not a new alarm of its own: worse, open again, follows another.
        silent_per_day: alarms raised without a sound, by rule.
        worst_day: the most sounds beside SOS in one day; ``outages_per_day``: those of a mobile cell's failure.
    """

    residents: int
    days: int
    seed: int
    world: str
    desk: str
    readings: int
    seconds: float
    sounding_per_day: float
    night_per_day: float
    sos_per_day: float
    again_per_day: float
    worst_day: float
    by_rule: dict[str, float]
    by_rule_at_night: dict[str, float]
    by_cause: dict[str, float]
    by_hour: dict[str, list[float]]
    silent_per_day: dict[str, float]
    parameters: dict[str, float]


class Month:
    """The run: the world, the engine and the desk, and what is true while they work."""

    def __init__(
        self, residents: int, seed: int, world: Assumptions, manner: Manner, parameters: dict[str, float]
    ) -> None:
        """Enter everybody into the registry, with the rules' parameters that are to be tried."""
        chance = np.random.default_rng(seed)
        self.people: People = drawn(residents, world, chance)
        self.world = World(self.people, world, chance)
        self.bands = Bands(self.people, world, chance)
        self.engine = Engine()
        self.engine.warm()
        self.staff = Staff(manner, self._cause_of)
        self.readings = 0
        self._book = Book(self.engine)
        self._day: Day | None = None
        self._cries: dict[tuple[int, int], Cause] = {}
        self._listening_since = START_MS
        self._tell_tomorrow: list[int] = []
        self._own_limits = {
            (i, "vitals.spo2") for i in range(residents) if self.people.lung[i] & self.people.limit_known[i]
        }
        self._book.enter(registry(self.people, world.zone_m))
        self._book.enter(
            ("parameter", Parameter(id=f"everyone//{name}", scope="everyone", name=name, value=value))
            for name, value in parameters.items()
        )

    def live(self, number: int) -> None:
        """Let day ``number`` pass."""
        midnight = START_MS + number * DAY_MS
        day = self._day = self.world.day(number, midnight)
        self._what_the_desk_learns(day)
        batch, cries = self.bands.readings(day)
        self._cries |= {(cry.who, cry.t): cry.cause for cry in cries}
        self.readings += batch.size
        self._pass(day, batch)

    def _pass(self, day: Day, batch: ReadingBatch) -> None:
        engine, staff = self.engine, self.staff
        steps = np.arange(day.midnight, day.midnight + DAY_MS + 1, STEP_MS)
        edges = np.searchsorted(batch.header["received"], steps).tolist()
        away = range(0) if day.own_outage is None else range(*day.own_outage)
        for i, now in enumerate(steps[1:].tolist()):
            if (now - 1 - day.midnight) // MINUTE_MS in away:
                self._listening_since = now
                continue
            if edges[i] < edges[i + 1]:
                staff.hear(engine.process(batch.window(edges[i], edges[i + 1]), now), now)
            staff.hear(engine.advance(now, self._listening_since), now)
            engine.commit()
            staff.work(now)

    def _what_the_desk_learns(self, day: Day) -> None:
        """Who is away, whether told or found out a day later, who is back, and whose limit is to be another."""
        for slots, away in ((self._tell_tomorrow, True), (day.went[day.told].tolist(), True), (day.came_back, False)):
            self._book.enter(("resident", resident(self.people, int(slot), away=away)) for slot in slots)
        self._tell_tomorrow = day.went[~day.told].tolist()
        wanted = sorted(self.staff.wanted_limits() - self._own_limits)
        self._book.enter(own_limit(self.people, slot, rule) for slot, rule in wanted)
        self._own_limits |= set(wanted)

    def _cause_of(self, alarm: Alarm) -> Cause:
        """Why an alarm came, as the world knows it."""
        day = self._day
        if day is None:
            return Cause.NOTHING_KNOWN
        who = int((alarm.device or "d-1")[1:])
        minute = min(max(0, (alarm.event_time - day.midnight) // MINUTE_MS), MINUTES - 1)
        match alarm.kind:
            case "sos" | "fall":
                return self._cries.get((who, alarm.event_time), Cause.NOTHING_KNOWN)
            case "missed_check":
                lately = day.why_silent[who, max(0, minute - 10) : minute + 1]
                return Cause(int(lately.max()))
            case "wandering":
                return Cause(int(day.why_there[who, minute]))
            case "vitals" if day.fever_c[who] > 0:
                return Cause.ILL
            case "vitals" if alarm.rule == "vitals.spo2" and self.people.lung[who]:
                return Cause.LUNG
            case "vitals" if alarm.rule == "vitals.temperature" and day.loose_c[who, minute] > 0:
                return Cause.LOOSE_BAND
            case _:
                return Cause.NOTHING_KNOWN


def measure(
    *,
    residents: int,
    days: int,
    seed: int,
    world: Assumptions,
    manner: Manner,
    parameters: dict[str, float],
    told: Told,
) -> Load:
    """Live the month; ``told`` hears how many days are over."""
    started = time.perf_counter()
    month = Month(residents, seed, world, manner, parameters)
    for number in range(days):
        month.live(number)
        told(number + 1)
    return summed(
        month.staff.sounds, residents=residents, days=days, seed=seed, world=world.name, desk=manner,
        readings=month.readings, seconds=round(time.perf_counter() - started, 1), parameters=parameters,
    )  # fmt: skip


def summed(
    sounds: list[Sound], *, residents: int, days: int, seed: int, world: str, desk: str, readings: int,
    seconds: float, parameters: dict[str, float],
) -> Load:  # fmt: skip
    """Count what was heard."""
    share = PER_RESIDENTS / residents / days

    def a_day(counts: Counter[str]) -> dict[str, float]:
        return {name: round(count * share, 2) for name, count in counts.most_common()}

    heard = [sound for sound in sounds if sound.kind != "silent"]
    beside_sos = [sound for sound in heard if not _is_sos(sound)]
    hours: dict[str, list[float]] = {}
    for sound in heard:
        hours.setdefault(sound.rule, [0.0] * 24)[_hour(sound)] += share
    days_of = Counter((sound.t - START_MS) // DAY_MS for sound in beside_sos)
    return Load(
        residents=residents,
        days=days,
        seed=seed,
        world=world,
        desk=desk,
        readings=readings,
        seconds=seconds,
        sounding_per_day=round(len(beside_sos) * share, 2),
        night_per_day=round(sum(_is_night(sound) for sound in beside_sos) * share, 2),
        sos_per_day=round((len(heard) - len(beside_sos)) * share, 2),
        again_per_day=round(sum(sound.kind != "new" for sound in beside_sos) * share, 2),
        worst_day=round(max(days_of.values(), default=0) * PER_RESIDENTS / residents, 1),
        by_rule=a_day(Counter(sound.rule for sound in heard)),
        by_rule_at_night=a_day(Counter(sound.rule for sound in heard if _is_night(sound))),
        by_cause=a_day(Counter(f"{sound.rule} {sound.cause.name.lower()}" for sound in heard)),
        by_hour={rule: [round(count, 3) for count in counts] for rule, counts in sorted(hours.items())},
        silent_per_day=a_day(Counter(sound.rule for sound in sounds if sound.kind == "silent")),
        parameters=parameters,
    )


def _is_sos(sound: Sound) -> bool:
    return sound.rule == f"{Kind.SOS.topic_name}.button"


def _hour(sound: Sound) -> int:
    return int((sound.t + ZONE_MS) // HOUR_MS % 24)


def _is_night(sound: Sound) -> bool:
    first, end = NIGHT_H
    return _hour(sound) >= first or _hour(sound) < end
