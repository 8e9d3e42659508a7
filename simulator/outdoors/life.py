"""Years of one resident out of doors, day by day: where they truly were, what it was, and the fixes of their band."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

import numpy as np

from simulator.outdoors.assumptions import Outdoors
from simulator.outdoors.astray import Incident, go_astray, leave_by_night, wander
from simulator.outdoors.habits import YEAR, Errand, Habits, Stay
from simulator.outdoors.outings import MIN, ROAD_MPS, Outing
from simulator.outdoors.patterns import PATTERNS, Pattern
from simulator.outdoors.receiver import Fixes, measured
from simulator.outdoors.town import Floats, Town
from simulator.outdoors.track import Cover, Journey, Track

DAY_S: Final = 86_400.0
HOUR_S: Final = 3600.0
_REST_S: Final = 20 * MIN
_LAST_START_S: Final = 19.5 * HOUR_S
_HOURS: Final = ((7.5, 9.0), (9.3, 10.8), (13.5, 15.5), (15.6, 17.0), (18.2, 19.3))
_HOUR_SHARES: Final = np.array([0.3, 0.2, 0.2, 0.15, 0.15])
"""When one goes out. Assumption."""

Going = Errand | Literal["with the family", "astray", "night exit"] | Pattern


class Span(NamedTuple):
    """What somebody does from ``start`` to ``stop``, s of the day; ``told``: whether the desk knows of the company."""

    start: float
    stop: float
    what: str
    told: bool = True


class OutdoorDay(NamedTuple):
    """One day: the truth, what one would call its parts, what went wrong, and what the band says."""

    track: Track
    spans: list[Span]
    incidents: list[Incident]
    fixes: Fixes
    stay: Stay | None

    def what(self, t: float) -> str:
        """What one does at ``t``, s of the day."""
        return next((span.what for span in self.spans if span.start <= t < span.stop), "at home")


class OutdoorLife:
    """One resident's life out of doors; ``day`` is pure in seed, number and day."""

    def __init__(self, town: Town, a: Outdoors, *, seed: int, number: int, days: int) -> None:
        """Move in."""
        self.habits = Habits(town, a, seed, number, days)
        self._town, self._a, self._seed = town, a, seed

    def day(self, number: int) -> OutdoorDay:
        """What day ``number`` brings."""
        chance = np.random.default_rng([self._seed, 3, self.habits.number, number])
        stay = self.habits.stay_on(number)
        if stay is None:
            return self._at_home(number, chance)
        return self._at_the_familys(stay, number, chance)

    def only(self, going: Going, number: int, start_s: float) -> OutdoorDay:
        """A day of one outing and nothing else."""
        chance = np.random.default_rng([self._seed, 4, self.habits.number, number])
        return self._lived(number, [(start_s, going)], chance)

    def _at_home(self, number: int, chance: np.random.Generator) -> OutdoorDay:
        a, habits = self._a, self.habits
        plan: list[tuple[float, Going]] = []
        for _ in range(int(min(5, chance.poisson(habits.outings)))):
            low, high = _HOURS[int(chance.choice(len(_HOURS), p=_HOUR_SHARES))]
            plan.append((chance.uniform(low, high) * HOUR_S, habits.choose(chance)))
        if chance.random() < a.family_outings_per_day:
            plan.append((chance.uniform(10.5, 16.0) * HOUR_S, "with the family"))
        if chance.random() < a.strays_per_year / YEAR:
            plan.append((chance.uniform(8.0, 18.0) * HOUR_S, "astray"))
        if chance.random() < a.patterns_per_year / YEAR:
            plan.append((chance.uniform(8.0, 17.5) * HOUR_S, PATTERNS[int(chance.integers(len(PATTERNS)))]))
        if chance.random() < a.night_exits_per_year / YEAR:
            plan.append((chance.uniform(0.3, 4.0) * HOUR_S, "night exit"))
        return self._lived(number, sorted(plan), chance)

    def _lived(self, number: int, plan: list[tuple[float, Going]], chance: np.random.Generator) -> OutdoorDay:
        journey = Journey(0.0, np.array(self.habits.home.door))
        spans: list[Span] = []
        incidents: list[Incident] = []
        for due, going in plan:
            start = max(due, journey.t + (_REST_S if spans else 0.0))
            if start > _LAST_START_S:
                break
            journey.stay(start - journey.t, Cover.HOME)
            what, told, incident = self._go(journey, going, number, chance)
            if incident is not None:
                incidents.append(incident)
            spans.append(Span(start, journey.t, what, told))
        return self._told(journey, spans, incidents, None, chance)

    def _go(
        self, journey: Journey, going: Going, number: int, chance: np.random.Generator
    ) -> tuple[str, bool, Incident | None]:  # fmt: skip
        town, habits = self._town, self.habits
        outing = Outing(town, habits, self._a, journey, chance)
        match going:
            case "with the family":
                told = bool(chance.random() < self._a.family_tells)
                return outing.with_family() + (", told" if told else ", not told"), told, None
            case "astray":
                return going, True, go_astray(town, habits, outing, journey, number, chance)
            case "night exit":
                return going, True, leave_by_night(town, habits, outing, journey, chance)
            case "pacing" | "lapping" | "random":
                return going, True, wander(going, town, habits, outing, journey, number, chance)
            case _:
                return outing.make(going, number), True, None

    def _at_the_familys(self, stay: Stay, number: int, chance: np.random.Generator) -> OutdoorDay:
        """Ride there on the first day and back on the last; walk with them in between."""
        home, away = np.array(self.habits.home.door), np.array(stay.away)
        there = home + away
        journey = Journey(0.0, home if number == stay.first else there)
        if number == stay.first:
            journey.stay(chance.uniform(8, 10) * HOUR_S, Cover.HOME)
            journey.go(there[None, :], ROAD_MPS, cover=Cover.RIDE)
        for due in (10.0, 16.0):
            if journey.t < due * HOUR_S and chance.random() < 0.6:
                journey.stay(due * HOUR_S - journey.t, Cover.INDOORS)
                self._walk_there(journey, away, chance)
        if number == stay.last:
            journey.stay(max(0.0, 17.0 * HOUR_S - journey.t), Cover.INDOORS)
            journey.go(home[None, :], ROAD_MPS, cover=Cover.RIDE)
        return self._told(journey, [Span(0.0, DAY_S, f"at the family's, told {stay.told}")], [], stay, chance)

    def _walk_there(self, journey: Journey, away: Floats, chance: np.random.Generator) -> None:
        """A walk in their streets, which are as those at home."""
        town, start = self._town, self.habits.home.crossing
        goal = town.near(town.crossings[start], 150.0, 700.0, chance)
        line = town.points(list(town.way(start, goal))) + away
        back = journey.place
        journey.walk(line, self.habits.mps, chance)
        journey.stay(chance.uniform(5, 40) * MIN, Cover.OPEN)
        journey.walk(np.concatenate([line[::-1], back[None, :]]), self.habits.mps, chance)

    def _told(
        self, journey: Journey, spans: list[Span], incidents: list[Incident], stay: Stay | None,
        chance: np.random.Generator,
    ) -> OutdoorDay:  # fmt: skip
        is_home = bool(np.hypot(*(journey.place - np.array(self.habits.home.door))) < 1.0)
        journey.stay(DAY_S - journey.t, Cover.HOME if is_home else Cover.INDOORS)
        track = journey.track()
        fixes = measured(track, self.habits.band, self._town, self._a, chance)
        # Whoever comes home after midnight begins the next day at home all the same.
        return OutdoorDay(track, spans, incidents, fixes.until(DAY_S), stay)
