"""A resident's day as a pure function of (seed, person, time): where they are, what the wrist feels.

Times are Unix ms, UTC; days are those of the person's own time zone. Nobody's day depends on when or how
often it is asked for, so tests, replays and live bands see the same life.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from devices.clock import HOUR_MS, MINUTE_MS
from simulator.community import FENCE_RADIUS_M, Person
from simulator.die import Die
from simulator.geometry import distance_m, moved, polar
from simulator.strolls import Strolls

What = Literal["sleep", "home", "walk", "exercise"]

MARGIN_M: Final = 80.0
"""Walks stay this far inside the fence, more than the worst fix errs."""
WALK_MPS: Final = 0.9
"""Walking speed at 80 and over. Source: Bohannon & Andrews 2011 (doi:10.1016/j.physio.2010.12.004): 0.94 to 0.97."""
CHARGE_PCT_PER_H: Final = 60.0
STEPS_PER_MIN: Final[dict[What, float]] = {"sleep": 0.0, "home": 5.0, "walk": 95.0, "exercise": 20.0}
COUNTS_PER_MIN: Final[dict[What, float]] = {"sleep": 1.5, "home": 45.0, "walk": 190.0, "exercise": 240.0}
"""Steps and wrist movement while the band is worn. Source: assumption, the order of common bands."""


class Moment(NamedTuple):
    """What is true of a person and their band at one instant."""

    lat: float
    lon: float
    what: What
    worn: bool
    charging: bool
    battery_pct: float
    steps: int


class Stretch(NamedTuple):
    """A part of the day, ``[start, stop)``, ms."""

    start: int
    stop: int
    what: What


class Occasion(NamedTuple):
    """Something that happens once: a check-in, a measurement, a session on a machine."""

    t: int
    kind: str
    fields: dict[str, object]
    machine: str | None = None


class Day(NamedTuple):
    """The plan of one local day; ``steps`` counts from an arbitrary origin and never falls."""

    midnight: int
    wake: int
    bed: int
    plug: int
    unplug: int
    stretches: tuple[Stretch, ...]
    step_marks: tuple[tuple[int, float], ...]
    occasions: tuple[Occasion, ...]


class Life:
    """One person's life; all methods are pure."""

    def __init__(self, person: Person, seed: int) -> None:
        self.person = person
        self._die = Die(seed, "life", person.index)
        self._zone = ZoneInfo(person.timezone)
        self._strolls = Strolls(self._die, reach_m=FENCE_RADIUS_M - MARGIN_M, mps=WALK_MPS)
        self._charges_at_night = self._die.uniform(0, 1, "charges") < 0.75
        self._drain_pct_per_h = self._die.uniform(1.5, 2.2, "drain") * (2.0 if self._charges_at_night else 1.0)
        self._steps_per_day = self._die.integer(2500, 6500, "steps")
        self.heartbeat_s = self._die.integer(6, 13, "heartbeat") * 10
        """Seconds between heartbeats by day, 60 to 120."""
        self.day = lru_cache(maxsize=4)(self._plan)
        self._charge = lru_cache(maxsize=8)(self._plan_of_charging)

    def ordinal(self, t: int) -> int:
        """The number of the local day that holds ``t``."""
        return datetime.fromtimestamp(t / 1000, self._zone).toordinal()

    def moment(self, t: int) -> Moment:
        """Where the person is and what the band feels at ``t``."""
        ordinal = self.ordinal(t)
        day = self.day(ordinal)
        stretch = next(s for s in day.stretches if s.start <= t < s.stop)
        lat, lon = self._place(stretch, t)
        charging, battery = self._power(ordinal, t)
        return Moment(lat, lon, stretch.what, not charging, charging, battery, self._steps(day, t))

    def _clock(self, ordinal: int, hours: float) -> int:
        midnight = datetime.fromordinal(ordinal).replace(tzinfo=self._zone)
        return round((midnight + timedelta(hours=hours)).timestamp() * 1000)

    def _wake(self, ordinal: int) -> int:
        usual = self._die.uniform(5.5, 7.2, "wake")
        return self._clock(ordinal, usual + self._die.uniform(0, 0.4, ordinal, "wake"))

    def _bed(self, ordinal: int) -> int:
        usual = self._die.uniform(20.3, 22.0, "bed")
        return self._clock(ordinal, usual + self._die.uniform(0, 0.5, ordinal, "bed"))

    def _plan_of_charging(self, ordinal: int) -> tuple[int, int]:
        if self._charges_at_night:
            return self._bed(ordinal) + 5 * MINUTE_MS, self._wake(ordinal + 1)
        plug = self._wake(ordinal) + 20 * MINUTE_MS
        return plug, plug + 75 * MINUTE_MS

    def _power(self, ordinal: int, t: int) -> tuple[bool, float]:
        charges = [self._charge(o) for o in range(ordinal - 2, ordinal + 1)]
        last = max(i for i, (plug, _) in enumerate(charges) if plug <= t)
        plug, unplug = charges[last]
        if t >= unplug:
            return False, round(100.0 - self._drain_pct_per_h * (t - unplug) / HOUR_MS, 1)
        before = charges[last - 1][1] if last else plug - 20 * HOUR_MS
        at_plug = 100.0 - self._drain_pct_per_h * (plug - before) / HOUR_MS
        return True, round(min(100.0, at_plug + CHARGE_PCT_PER_H * (t - plug) / HOUR_MS), 1)

    def _plan(self, ordinal: int) -> Day:
        midnight, next_midnight = self._clock(ordinal, 0), self._clock(ordinal + 1, 0)
        wake, bed = self._wake(ordinal), self._bed(ordinal)
        outings = self._outings(ordinal, wake)
        stretches = [Stretch(midnight, wake, "sleep")]
        for outing in outings:
            stretches += [Stretch(stretches[-1].stop, outing.start, "home"), outing]
        stretches += [Stretch(stretches[-1].stop, bed, "home"), Stretch(bed, next_midnight, "sleep")]
        plug, unplug = self._charge(ordinal)
        return Day(
            midnight, wake, bed, plug, unplug, tuple(stretches),
            self._step_marks(ordinal, stretches), self._occasions(ordinal, wake, stretches),
        )  # fmt: skip

    def _outings(self, ordinal: int, wake: int) -> list[Stretch]:
        die, outings = self._die, []
        after_breakfast = wake + round(die.uniform(100, 130, ordinal, "morning") * MINUTE_MS)
        candidates: list[tuple[What, int, float]] = [
            ("walk", after_breakfast, 0.8),
            ("exercise", self._clock(ordinal, die.uniform(10.6, 11.2, ordinal, "gym")), 0.25),
            ("walk", self._clock(ordinal, die.uniform(15.0, 16.3, ordinal, "afternoon")), 0.6),
            ("walk", self._clock(ordinal, die.uniform(18.4, 19.2, ordinal, "evening")), 0.35),
        ]
        for number, (what, start, chance) in enumerate(candidates):
            if die.uniform(0, 1, ordinal, number, "goes") < chance:
                minutes = die.uniform(20, 50, ordinal, number, "minutes") if what == "walk" else 15
                outings.append(Stretch(start, start + round(minutes * MINUTE_MS), what))
        return outings

    def _place(self, stretch: Stretch, t: int) -> tuple[float, float]:
        home = self.person.home
        if stretch.what == "walk":
            whole_s, passed_s = (stretch.stop - stretch.start) / 1000, (t - stretch.start) / 1000
            return moved(home["lat"], home["lon"], *self._strolls.place(stretch.start, passed_s, whole_s))
        if stretch.what == "exercise":
            return polar(home["lat"], home["lon"], 120.0, self._die.uniform(0, 2 * math.pi, "gym"))
        return home["lat"], home["lon"]

    def _total_steps(self, ordinal: int) -> float:
        """Steps up to the end of day ``ordinal``, counted from an arbitrary day on; closed form, so still pure."""
        return (ordinal - 738_000) * self._steps_per_day + self._die.uniform(0, 900, ordinal, "steps")

    def _step_marks(self, ordinal: int, stretches: list[Stretch]) -> tuple[tuple[int, float], ...]:
        """(t, running total) at each end of a stretch; between them steps grow evenly. None while charging."""
        charges = [self._charge(o) for o in (ordinal - 1, ordinal)]
        edges = sorted({stretches[0].start, *(s.stop for s in stretches), *(
            edge for charge in charges for edge in charge if stretches[0].start < edge < stretches[-1].stop
        )})  # fmt: skip
        weights = []
        for start, stop in pairwise(edges):
            what = next(s.what for s in stretches if s.start <= start < s.stop)
            worn = not any(plug <= start < unplug for plug, unplug in charges)
            weights.append(STEPS_PER_MIN[what] * (stop - start) * worn)
        base, whole = self._total_steps(ordinal - 1), self._total_steps(ordinal) - self._total_steps(ordinal - 1)
        marks, done = [(edges[0], base)], 0.0
        for edge, weight in zip(edges[1:], weights, strict=True):
            done += weight
            marks.append((edge, base + whole * done / sum(weights)))
        return tuple(marks)

    def _steps(self, day: Day, t: int) -> int:
        for (start, before), (stop, after) in pairwise(day.step_marks):
            if start <= t < stop:
                return math.floor(before + (after - before) * (t - start) / (stop - start))
        return math.floor(day.step_marks[-1][1])

    def _occasions(self, ordinal: int, wake: int, stretches: list[Stretch]) -> tuple[Occasion, ...]:
        die = self._die
        rest_bpm = die.uniform(58, 78, "heart")
        measured = [
            (wake + 25 * MINUTE_MS, True),
            (self._clock(ordinal, die.uniform(11.5, 12.3, ordinal, "noon")), False),
            (self._clock(ordinal, die.uniform(17.0, 18.0, ordinal, "dusk")), True),
        ]
        occasions = [Occasion(wake + round(die.uniform(10, 70, ordinal, "checkin") * MINUTE_MS), "checkin", {})]
        for t, with_pressure in measured:
            fields: dict[str, object] = {
                "heart_rate_bpm": round(rest_bpm + die.uniform(0, 14, t, "heart")),
                "spo2_pct": round(die.uniform(95, 99, t, "spo2")),
            }
            if with_pressure:
                fields["systolic_mmhg"] = round(die.uniform(118, 142, t, "systolic"))
                fields["diastolic_mmhg"] = round(die.uniform(68, 86, t, "diastolic"))
            occasions.append(Occasion(t, "vitals", fields))
        occasions += [self._session(s) for s in stretches if s.what == "exercise"]
        return tuple(sorted(occasions))

    def _session(self, stretch: Stretch) -> Occasion:
        machine = self._die.pick(("rower", "elliptical", "walker", "twister"), stretch.start, "machine")
        duration_s = (stretch.stop - stretch.start) // 1000
        fields: dict[str, object] = {
            "session": f"{self.person.device}-{stretch.start}",
            "machine": machine,
            "duration_s": duration_s,
            "count": round(duration_s * self._die.uniform(0.3, 0.6, stretch.start, "count")),
            "energy_kcal": round(duration_s / 60 * self._die.uniform(2.5, 4.5, stretch.start, "energy"), 1),
            "heart_rate_bpm": round(self._die.uniform(88, 112, stretch.start, "effort")),
            "user": self.person.device,
        }
        return Occasion(stretch.stop, "exercise", fields, machine)

    def activity(self, since: int, until: int) -> int:
        """Movement counts of the wrist in ``[since, until)``; 0 while the band is not worn."""
        moment = self.moment(until)
        if not moment.worn:
            return 0
        minutes = min(until - since, HOUR_MS) / MINUTE_MS
        return round(COUNTS_PER_MIN[moment.what] * minutes * self._die.uniform(0.6, 1.4, until, "activity"))

    def fix(self, t: int) -> dict[str, object]:
        """A measured position at ``t``: the true place with an error that keeps within its stated accuracy."""
        moment = self.moment(t)
        outdoors = moment.what in ("walk", "exercise")
        accuracy_m = self._die.uniform(4, 14, t, "accuracy") if outdoors else self._die.uniform(18, 35, t, "accuracy")
        north_m, east_m = (self._die.normal(accuracy_m / 4, t, axis) for axis in ("north", "east"))
        lat, lon = moved(moment.lat, moment.lon, north_m, east_m)
        fix: dict[str, object] = {"lat": lat, "lon": lon, "accuracy_m": round(accuracy_m, 1)}
        fix["source"] = "gnss" if outdoors else "wifi"
        if outdoors:
            before = self.moment(t - 1000)
            fix["speed_mps"] = round(distance_m(before.lat, before.lon, moment.lat, moment.lon), 2)
        return fix
