"""Walking in a pattern, from all the fixes that a device has told: lists, complex numbers and no ring."""

from __future__ import annotations

import cmath
from collections.abc import Sequence
from itertools import pairwise
from math import cos, degrees, hypot, isnan, log, nan, pi, radians, sqrt
from typing import NamedTuple

import numpy as np

from alerts.engine import What
from tests.reference.oracle.words import SECOND, Told

EARTH_M = 6_371_008.8
STEP_MS = 25 * SECOND
GAP_MS = 300 * SECOND
KEPT = 32


class Seen(NamedTuple):
    """A fix that counts: when (ms), where, metres east and north of the first of its run, and how fast (NaN)."""

    t: int
    place: complex
    mps: float = nan


class Way(NamedTuple):
    """What the last minutes were like."""

    points: int
    seconds: float
    metres: float
    radius_m: float
    moving: float
    theta_deg_per_m: float
    one_way: float
    rounds: float
    slim: float
    middle: complex
    speeds: tuple[float, ...]
    """Those that the band told, when it told three in five and five at least, and not always 0; else none."""

    @property
    def score(self) -> float:
        if not self.paces:
            return self._score(self.metres, self.moving)
        return self._score(max(self.metres, self.walked_m), 1.0)

    def _score(self, metres: float, moving: float) -> float:
        pace = log(min(2.5, max(0.05, metres / self.seconds)))
        radius = max(1.0, self.radius_m)
        rare = min(0.8, log(self.seconds / (self.points - 1) / 30))
        told = -1.05 + 7.56 * pace - 2.84 * log(radius) + 4.83 * log(max(1.0, metres / radius))
        return told + 4.12 * moving + rare * (3.06 - 4.23 * pace - 2.45 * moving)

    @property
    def walking(self) -> float:
        """The share of the speeds at which nobody stands; 0.6 where nothing is known, which proves nothing."""
        return sum(mps >= 0.5 for mps in self.speeds) / len(self.speeds) if self.speeds else 0.6

    @property
    def stands(self) -> bool:
        """Whether they stand most of the time, and do not shuffle on and on."""
        return self.walking < 0.5 and sum(mps >= 0.3 for mps in self.speeds) < 0.75 * len(self.speeds)

    @property
    def walked_m(self) -> float:
        return sum(self.speeds) / len(self.speeds) * self.seconds

    @property
    def paces(self) -> bool:
        return self.walking >= 0.75 and self.walked_m >= 15 * self.radius_m


def way_of(seen: Sequence[Seen], window_ms: int) -> Way:
    """Measure the newest ``KEPT`` of these fixes, as far as they lie within the window."""
    recent = [one for one in seen[-KEPT:] if seen[-1].t - one.t <= window_ms]
    places = [one.place for one in recent]
    middle = sum(places) / len(places)
    about = [place - middle for place in places]
    spread = max(1, len(places) - 1)
    steps = [(abs(b.place - a.place), (b.t - a.t) / SECOND) for a, b in pairwise(recent)]
    legs = [places[0]]
    for place in places[1:]:
        if abs(place - legs[-1]) >= 8:
            legs.append(place)
    headings = [cmath.phase(b - a) for a, b in pairwise(legs)]
    turns = [(b - a + pi) % (2 * pi) - pi for a, b in pairwise(headings)]
    metres, theta = sum(step for step, _ in steps), sum(map(abs, turns))
    around = sum(cmath.phase(b * a.conjugate()) if a != 0 and b != 0 else 0.0 for a, b in pairwise(about))
    speeds = tuple(one.mps for one in recent if not isnan(one.mps))
    extents = np.linalg.eigvalsh(np.cov([[z.real for z in about], [z.imag for z in about]])) if spread > 1 else [0, 0]
    return Way(
        points=len(places),
        seconds=(recent[-1].t - recent[0].t) / SECOND,
        metres=metres,
        radius_m=sqrt(sum(abs(z) ** 2 for z in about) / spread),
        moving=sum(step > 0.35 * seconds for step, seconds in steps) / spread,
        theta_deg_per_m=degrees(theta) / metres if metres else 0.0,
        one_way=abs(sum(turns)) / theta if theta else 0.0,
        rounds=abs(around) / (2 * pi),
        slim=sqrt(max(0.0, extents[0]) / extents[1]) if extents[1] > 0 else 1.0,
        middle=middle,
        speeds=speeds if len(speeds) >= max(5, 0.6 * len(recent)) and any(speeds) else (),
    )


class Patterns:
    """``wandering.pattern`` of one device whose wearer never changes and is out when it begins, with the defaults.

    Attributes:
        margin: how near the nearest decision came to being another one, in the unit of what was compared, about.
    """

    def __init__(self, home: tuple[float, float]) -> None:
        self.home = home
        self.seen: list[Seen] = []
        self.origin = home
        self.accuracy_m = 0.0
        self.doubt: Seen | None = None
        self.restless = self.calm = 0
        self.opening: Told | None = None
        self.told_at = self.heard_at = self.since = 0
        self.loud = False
        self.laps = 0
        self.margin = float("inf")

    def hear(self, fix: Told) -> What | None:
        unseen = fix.order - self.heard_at > 600 * SECOND
        self.heard_at = fix.order
        is_new = self._take(fix)
        way = way_of(self.seen, 720 * SECOND)
        known = way.points >= 7 and way.seconds >= 0.8 * 720
        if is_new and known and self._is_restless(way):
            self.restless, self.calm = self.restless + 1, 0
            self.since, self.laps = (fix.order, 0) if self.restless == 1 else (self.since, self.laps)
            self.margin = min(self.margin, abs(way.one_way - 0.6), abs(way.rounds - 1.2))
            self.laps += 1 if way.one_way >= 0.6 and way.rounds >= 1.2 else -1
            return self._goes_on(fix)
        if is_new and self.opening is None:
            self.restless = 0
        if self.opening is None:
            return None
        calm = is_new and known and (way.score < 0 or way.stands)
        if is_new and known:
            self.margin = min(self.margin, abs(way.score))
            self._note_speeds(way)
        self.margin = min(self.margin, abs(self._from_home_m(fix) - 60))
        self.calm = self.calm + 1 if calm or self._from_home_m(fix) <= 60 else 0
        if self.calm < 4 and not unseen:
            return None
        self.opening, self.restless = None, 0
        return What.RECOVERED

    def _goes_on(self, fix: Told) -> What | None:
        if self.opening is not None:
            worse = self._is_worse(fix)
            is_worse = worse and not self.loud
            if fix.order - self.told_at < 300 * SECOND and not is_worse:
                return None
            self.told_at, self.loud = fix.order, self.loud or worse
            return What.EVIDENCE
        if self.restless < 2:
            return None
        self.opening, self.told_at, self.calm, self.loud = fix, fix.order, 0, False
        return What.OPENED

    def _is_worse(self, fix: Told) -> bool:
        """Whether it is medium by now: going round and round by day waits longer."""
        lasted = (fix.order - self.since) / SECOND
        hour = (fix.order / (3600 * SECOND) + 8) % 24
        return lasted >= 3600 or (lasted >= 1200 and not (self.laps > 0 and 6 <= hour < 22))

    def _note_speeds(self, way: Way) -> None:
        if way.speeds:
            near = [abs(len(way.speeds) * (way.walking - share)) for share in (0.5, 0.75)]
            near.append(abs(sum(mps >= 0.3 for mps in way.speeds) - 0.75 * len(way.speeds)))
            near += [abs(mps - limit) for mps in way.speeds for limit in (0.3, 0.5)]
            near.append(abs(way.walked_m - 15 * way.radius_m))
            self.margin = min(self.margin, *near) if min(near) > 1e-9 else self.margin

    def _is_restless(self, way: Way) -> bool:
        lat, lon = self.origin
        north = EARTH_M * radians(lat - self.home[0]) + way.middle.imag
        east = EARTH_M * cos(radians(self.home[0])) * radians(lon - self.home[1]) + way.middle.real
        tests = [way.score - 0.2, way.theta_deg_per_m - 0.5]
        if not way.paces:
            tests += [
                way.metres / max(way.radius_m, 1e-9) - 7,
                way.radius_m - max(12, 0.6 * self.accuracy_m),
                hypot(east, north) - 15,
            ]
        self.margin = min(self.margin, *map(abs, tests))
        self._note_speeds(way)
        return not way.stands and all(test >= 0 for test in tests)

    def _take(self, fix: Told) -> bool:
        """Whether a fix is the newest that counts now."""
        place = self._place(fix)
        if not self.seen or fix.order - self.seen[-1].t > GAP_MS:
            return self._begin(fix)
        since, reach = fix.order - self.seen[-1].t, abs(place - self.seen[-1].place)
        walks = 3 * since / SECOND + fix.number("accuracy_m") + self.accuracy_m
        self.margin = min(self.margin, abs(reach - walks))
        if reach <= walks:
            self.doubt = None
            if since < STEP_MS:
                return False
            self.accuracy_m += 0.25 * (fix.number("accuracy_m") - self.accuracy_m)
            here = complex(round(place.real), round(place.imag))
            self.seen.append(Seen(fix.order, here, _told_mps(fix)))
            return True
        if self.doubt is not None:
            waited = fix.order - self.doubt.t
            walks = 3 * waited / SECOND + 2 * fix.number("accuracy_m")
            self.margin = min(self.margin, abs(abs(place - self.doubt.place) - walks))
            if abs(place - self.doubt.place) <= walks:
                return self._begin(fix)
        self.doubt = Seen(fix.order, place)
        return False

    def _begin(self, fix: Told) -> bool:
        self.origin = fix.number("lat"), fix.number("lon")
        self.accuracy_m, self.doubt = fix.number("accuracy_m"), None
        self.seen = [Seen(fix.order, 0j, _told_mps(fix))]
        return True

    def _place(self, fix: Told) -> complex:
        lat, lon = self.origin
        east = EARTH_M * cos(radians(lat)) * radians(fix.number("lon") - lon)
        return complex(east, EARTH_M * radians(fix.number("lat") - lat))

    def _from_home_m(self, fix: Told) -> float:
        north = EARTH_M * radians(fix.number("lat") - self.home[0])
        east = EARTH_M * cos(radians(self.home[0])) * radians(fix.number("lon") - self.home[1])
        return hypot(east, north)


def _told_mps(fix: Told) -> float:
    """The speed that a fix tells, m/s, in steps of 0.02 up to 5.08."""
    told = fix.number("speed_mps")
    return told if isnan(told) else 0.02 * min(254, round(told / 0.02))
