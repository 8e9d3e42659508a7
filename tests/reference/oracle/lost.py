"""Who has left their ways, told slowly: one resident, one band, no zone of time, nobody with them.

Everything is kept as it was heard - lists of fixes, cells in a dictionary, visits with their moments - and asked anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import atan2, ceil, cos, exp, floor, hypot, isnan, log, nan, pi, radians
from typing import NamedTuple

from alerts.engine import Severity, What
from tests.reference.oracle.words import Told

EARTH_M = 6_371_008.8
MINUTE = 60_000
DAY = 86_400_000


class Missed(NamedTuple):
    """What is said of somebody."""

    what: What
    severity: Severity
    t: int
    opening_t: int
    values: tuple[float, ...]


@dataclass
class Cell:
    """A square of ground."""

    walks: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    at: tuple[int, int] = (0, 0)
    last: int = -1
    astray: bool = False

    def counted(self, walk: int) -> int:
        return (self.last == walk) + self.astray

    @property
    def is_way(self) -> bool:
        return sum(self.walks) - self.astray > 1

    def before(self, walk: int) -> int:
        return sum(self.walks) - self.counted(walk)


@dataclass
class Visited:
    """A place."""

    x: int
    y: int
    visits: float
    day: int

    def left(self, t: int) -> float:
        return self.visits * exp(-log(2) / 30 * max(0, t // DAY - self.day))


@dataclass
class Vertex:
    """A corner of the path."""

    t: int
    x: int
    y: int


@dataclass
class Outing:
    """What is heard since they left home."""

    began: int
    believed: tuple[int, float, float, float] | None = None
    doubt: tuple[int, float, float] | None = None
    path: list[Vertex] = field(default_factory=list)
    stay: tuple[int, float, float] | None = None
    end: tuple[int, float, float] | None = None
    heard: str = "passed"
    home_fixes: int = 0
    home_m: float = nan
    visited: bool = False
    seen_m: float = 0.0
    known_m: float = 0.0
    well_m: float = 0.0
    less_m: float = 0.0
    left_m: float = 0.0
    off_since: int | None = None
    on_since: int | None = None
    off_steps: int = 0
    on_steps: int = 0
    off_walk_s: float = 0.0
    ran_s: float = 0.0
    cries: int = 0
    strayed_s: float = 0.0
    rides: int = 0
    """Steps away from home as fast as a car; -1: they walked off by themselves."""
    taken_to: tuple[float, float] = (0.0, 0.0)
    since_leg_m: float = 0.0

    def whole_seconds(self, t: int) -> int:
        return t - (t - self.began) % 1000

    def set_out(self) -> None:
        self.well_m = self.less_m = self.left_m = self.off_walk_s = 0.0
        self.off_since = self.on_since = None
        self.off_steps = self.on_steps = 0


class Wanderer:
    """The reference; the defaults of the parameters are its numbers."""

    def __init__(self, home: tuple[float, float]) -> None:
        self.home = radians(home[0]), radians(home[1])
        self.outing: Outing | None = None
        self.cells: dict[tuple[int, int], Cell] = {}
        self.places: list[Visited] = []
        self.walk = self.walks = 0
        self.regular = self.novel = 0.0
        self.excursions = [0.0, 0.0]
        self.day = 0
        self.before: int | None = None
        """When the fix before was."""
        self.opened: tuple[int, int] | None = None
        self.unseen_ms = self.heard_at = 0
        self.walked_on_s = 0.0
        self.told_at = 0
        self.severity = Severity.MEDIUM
        self.reason = 0

    def hear(self, fix: Told) -> Iterator[Missed]:
        """Take in the next fix, newer than all before."""
        yield from self._hear(fix)
        self.before = fix.order

    def _hear(self, fix: Told) -> Iterator[Missed]:
        x = EARTH_M * cos(self.home[0]) * (radians(fix.number("lon")) - self.home[1])
        y = EARTH_M * (radians(fix.number("lat")) - self.home[0])
        accuracy = 30.0 if isnan(fix.number("accuracy_m")) else fix.number("accuracy_m")
        home_m = hypot(x, y)
        if self.outing is None:
            if accuracy > 100 or home_m - accuracy <= 60:
                if self.opened is not None and home_m <= 60:
                    yield self._back(fix, None, home_m)
                return
            hidden = home_m > 300 and (self.before is None or fix.order - self.before > 2 * MINUTE)
            self.outing = Outing(fix.order, rides=-1 if hidden else 0)
        out = self.outing
        before_any = out.believed is None
        out.heard = "passed"
        if accuracy <= 100:
            self._believe(out, fix.order, x, y, accuracy, home_m)
            out.home_fixes = out.home_fixes + 1 if home_m <= 60 else 0
        if before_any and out.home_fixes:
            self.outing = None
            return
        if out.believed is None:
            return
        is_back = out.home_fixes >= 2
        if out.heard != "passed" or is_back:
            yield from self._judge(out, fix, is_back, home_m)
        if is_back:
            self.outing = None

    def _believe(self, out: Outing, t: int, x: float, y: float, accuracy: float, home_m: float) -> None:
        if out.believed is not None and t - out.believed[0] < 10 * MINUTE:
            since, blur = t - out.believed[0], accuracy + out.believed[3]
            if hypot(x - out.believed[1], y - out.believed[2]) <= 3 * since / 1000 + blur:
                out.heard, out.doubt = "walked", None
                self._be_at(out, t, x, y, accuracy, home_m)
                away = hypot(x - out.taken_to[0], y - out.taken_to[1])
                afoot = out.since_leg_m > 100 or home_m > 120
                if (out.rides == 0 and afoot) or (out.rides > 0 and away > 400):
                    out.rides = -1
                return
        self._ride(out, t, x, y, accuracy)
        gap = out.believed is None or t - out.believed[0] >= 10 * MINUTE
        if out.doubt is not None and t - out.doubt[0] < 60 * MINUTE:
            waited, moved = t - out.doubt[0], hypot(x - out.doubt[1], y - out.doubt[2])
            if moved <= 60 * waited / 1000 + 2 * accuracy:
                slow = moved <= 3 * waited / 1000 + 2 * accuracy
                out.heard = "landed" if slow and gap else "ridden"
                out.end = out.believed[:3] if out.believed is not None else None
                first = out.doubt if slow and waited < 10 * MINUTE else (t, x, y)
                out.path = [Vertex(first[0], floor(first[1] + 0.5), floor(first[2] + 0.5))]
                out.since_leg_m = 0.0
                self._be_at(out, t, x, y, accuracy, home_m)
                out.doubt = None
                out.taken_to = (x, y) if out.heard == "ridden" else out.taken_to
                return
        out.doubt = (t, x, y)

    @staticmethod
    def _ride(out: Outing, t: int, x: float, y: float, accuracy: float) -> None:
        before = out.doubt if out.doubt is not None else out.believed
        if out.rides < 0 or before is None or t - before[0] > 2 * MINUTE:
            return
        step = hypot(x - before[1], y - before[2]) - 2 * accuracy
        if 5 <= step / ((t - before[0]) / 1000) <= 60 and hypot(x, y) > hypot(before[1], before[2]):
            out.rides += 1
            if out.rides <= 2:
                out.taken_to = (x, y)

    def _be_at(self, out: Outing, t: int, x: float, y: float, accuracy: float, home_m: float) -> None:
        out.believed, out.home_m = (t, x, y, accuracy), home_m
        if out.stay is None or hypot(x - out.stay[1], y - out.stay[2]) > 50:
            out.stay = (t, x, y)
        step = hypot(x - out.path[-1].x, y - out.path[-1].y)
        if step >= max(8, accuracy / 2):
            out.since_leg_m += step
            out.path.append(Vertex(t, floor(x + 0.5), floor(y + 0.5)))

    def _judge(self, out: Outing, fix: Told, is_back: bool, home_m: float) -> Iterator[Missed]:
        assert out.believed is not None
        ordinary, t = self.opened is None, fix.order
        _, x, y, accuracy = out.believed
        if out.heard == "landed" or (out.heard == "ridden" and out.end is None):
            self._land(out, t, x, y, ordinary)
        elif out.heard == "ridden":
            assert out.end is not None
            if hypot(x - out.end[1], y - out.end[2]) > 150:
                out.set_out()
        in_place = out.home_m <= 75 or self._at_known_place(x, y, t)
        out.strayed_s = 0.0
        if out.heard == "walked":
            self._walk(out, t, x, y, 30 + min(accuracy, 50), in_place, ordinary)
        if is_back and ordinary:
            self._settle(out)
        elif is_back:
            self._count_new(out)
            yield self._back(fix, out, home_m)
        elif self.opened is not None:
            yield from self._follow(out, fix, in_place, home_m)
        elif out.heard == "walked" and fix.received - fix.t <= 10 * MINUTE and not in_place:
            self.reason = self._reason(out, t, x, y)
            if self.reason:
                out.cries += 1
                self.opened, self.told_at, self.heard_at = (t, fix.t), t, t
                self.unseen_ms, self.walked_on_s = 0, 0.0
                self.severity = self._severity(t, x, y)
                for cell in self._fresh():
                    cell.astray = True
                yield self._say(What.OPENED, fix, out, home_m, self._off_m(x, y))

    def _follow(self, out: Outing, fix: Told, in_place: bool, home_m: float) -> Iterator[Missed]:
        assert out.believed is not None
        assert self.opened is not None
        t, x, y = fix.order, *out.believed[1:3]
        on_way = out.on_since is not None and out.on_steps >= 2 and t - out.on_since >= 120_000
        if out.heard == "walked" and (in_place or on_way):
            yield self._back(fix, out, home_m)
            return
        roofed = fix.fields.get("source") in (1, 2)
        self.unseen_ms += t - self.heard_at if roofed or t - self.heard_at > 3 * MINUTE else 0
        self.heard_at = t
        self.walked_on_s += out.strayed_s
        worse = self._severity(t, x, y)
        if worse > self.severity or t - self.told_at >= MINUTE:
            self.severity, self.told_at = max(worse, self.severity), t
            yield self._say(What.EVIDENCE, fix, out, home_m, self._off_m(x, y))

    def _severity(self, t: int, x: float, y: float) -> Severity:
        assert self.opened is not None
        if t - self.opened[0] - self.unseen_ms >= 15 * MINUTE or self._off_m(x, y) >= 500:
            return Severity.HIGH
        return Severity.LOW if self.reason == 1 and self.walked_on_s < 420 else Severity.MEDIUM

    def _reason(self, out: Outing, t: int, x: float, y: float) -> int:
        if self.walks < 5 or self.regular < 0.6 or self.novel > 0.3 or out.off_since is None or out.off_steps < 3:
            return 0
        long_enough = out.off_walk_s >= max(140, 1.75 * min(self.excursions)) * (1 + 2 * out.cries)
        if long_enough and out.left_m >= 250 and self._off_m(x, y) >= 60:
            return 1
        assert out.stay is not None
        return 2 if out.left_m > 0 and t - out.stay[0] >= 45 * MINUTE else 0

    def _walk(
        self, out: Outing, t: int, x: float, y: float, beside: float, in_place: bool, ordinary: bool
    ) -> None:  # fmt: skip
        assert out.stay is not None
        if out.stay[0] == t:
            out.visited = False
        if t - out.stay[0] >= 5 * MINUTE:
            out.well_m = out.less_m = 0.0
        if t - out.stay[0] >= 10 * MINUTE and not out.visited and ordinary and out.home_m > 135:
            out.visited = True
            self._visit(x, y, t)
        if out.path[-1].t != t or len(out.path) < 2:
            return
        came = out.path[-2]
        dx, dy = x - came.x, y - came.y
        step, heading = hypot(dx, dy), atan2(dy, dx) * 2 / pi
        near = [cell for place, cell in self.cells.items() if self._away(place, cell, x, y) <= beside]
        most = max((cell.before(self.walk) for cell in near), default=0)
        two = floor(heading) % 4, (floor(heading) + 1) % 4
        that_way = max((sum(cell.walks[q] for q in two) - cell.counted(self.walk) for cell in near), default=0)
        against = floor(heading + 2.5) % 4
        back = any(cell.last == self.walk and cell.walks[against] > 0 for cell in near)
        self._tread((came.x, came.y), (x, y), floor(heading + 0.5) % 4, ordinary)
        out.seen_m += step
        if most > 0 or in_place:
            out.known_m += step
            if out.off_since is not None:
                out.ran_s = out.off_walk_s if out.left_m >= 250 else 0.0
                if ordinary:
                    self._excursion(out.ran_s)
            out.off_since, out.off_walk_s, out.off_steps = None, 0.0, 0
            out.on_steps += 1
            out.on_since = out.whole_seconds(t) if out.on_since is None else out.on_since
            if most > 0 and that_way >= 3:
                out.well_m, out.less_m = out.well_m + step, 0.0
            else:
                out.less_m += step
                out.well_m = 0.0 if out.less_m > 120 else out.well_m
            return
        seconds = (t - came.t) // 1000
        if out.off_since is None:
            out.off_since, out.left_m, out.off_walk_s = out.whole_seconds(t) - seconds * 1000, out.well_m, 0.0
        if step <= min(150, 2.5 * seconds) and seconds <= 180 and not back:
            out.strayed_s = min(90, seconds)
            out.off_walk_s += out.strayed_s
        out.off_steps += 1
        out.on_since, out.on_steps = None, 0

    def _land(self, out: Outing, t: int, x: float, y: float, ordinary: bool) -> None:
        if ordinary:
            self._settle(out)
            came = out.end if out.end is not None and t - out.end[0] >= 10 * MINUTE else None
            if came is not None and hypot(*came[1:]) > 135:
                self._visit(came[1], came[2], came[0])
            if came is not None and hypot(x - came[1], y - came[2]) > 75 and out.home_m > 135:
                self._visit(x, y, t)
            out.visited = came is not None
        else:
            self._count_new(out)
        self.walk += 1
        left = exp(-log(2) / 60 * max(0, t // DAY - self.day))
        self.day, self.excursions = t // DAY, [left * one for one in self.excursions]
        self.cells = {place: cell for place, cell in self.cells.items() if self.walk - cell.last <= 200 or cell.is_way}
        out.set_out()
        out.seen_m = out.known_m = 0.0
        out.cries = 0

    def _settle(self, out: Outing) -> None:
        if out.seen_m >= 200:
            self.walks += 1
            self.novel += ((out.seen_m - out.known_m >= 100) - self.novel) / min(16, self.walks)
            self.regular += (out.known_m / out.seen_m - self.regular) / min(8, self.walks)

    def _count_new(self, out: Outing) -> None:
        if out.seen_m >= 200 and self.walks > 0:
            self.novel += ((out.seen_m - out.known_m >= 100) - self.novel) / min(16, self.walks)

    def _tread(self, start: tuple[float, float], end: tuple[float, float], quarter: int, ordinary: bool) -> None:
        step = hypot(end[0] - start[0], end[1] - start[1])
        pieces = 1 if step > 150 else max(1, ceil(4 * step / 40))
        for i in range(1, pieces + 1):
            x, y = (start[axis] + (end[axis] - start[axis]) * (i / pieces) for axis in (0, 1))
            place = floor(x / 40), floor(y / 40)
            if max(map(abs, place)) > 127:
                continue
            cell = self.cells.setdefault(place, Cell())
            if cell.last == self.walk:
                continue
            fresh, times = cell.last < 0, sum(cell.walks)
            cell.walks[quarter] = min(15, cell.walks[quarter] + 1)
            weight = 1.0 if fresh else 1 / min(8, times + 1)
            within = [(v / 40 - p, (was + 0.5) / 8) for v, p, was in zip((x, y), place, cell.at, strict=True)]
            east, north = (min(7, floor((mean + (seen - mean) * weight) * 8)) for seen, mean in within)
            cell.at, cell.last = (east, north), self.walk
            cell.astray = not ordinary if fresh else cell.astray

    def _fresh(self) -> list[Cell]:
        return [cell for cell in self.cells.values() if cell.last == self.walk and sum(cell.walks) == 1]

    @staticmethod
    def _away(place: tuple[int, int], cell: Cell, x: float, y: float) -> float:
        return hypot(x - (place[0] + (cell.at[0] + 0.5) / 8) * 40, y - (place[1] + (cell.at[1] + 0.5) / 8) * 40)

    def _off_m(self, x: float, y: float) -> float:
        known = (self._away(p, cell, x, y) for p, cell in self.cells.items() if cell.before(self.walk) > 0)
        return min(known, default=nan)

    def _excursion(self, seconds: float) -> None:
        self.excursions = sorted([*self.excursions, seconds])[-2:]

    def _place(self, x: float, y: float) -> Visited | None:
        near = [place for place in self.places if hypot(x - place.x, y - place.y) <= 75]
        return min(near, key=lambda place: hypot(x - place.x, y - place.y), default=None)

    def _at_known_place(self, x: float, y: float, t: int) -> bool:
        place = self._place(x, y)
        return place is not None and place.left(t) >= 1.5

    def _visit(self, x: float, y: float, t: int) -> None:
        place = self._place(x, y)
        if place is None:
            if len(self.places) == 8:
                self.places.remove(min(self.places, key=lambda one: one.left(t)))
            self.places.append(Visited(floor(x + 0.5), floor(y + 0.5), 1.0, t // DAY))
            return
        weight = 1 / min(8, place.visits + 1)
        place.x, place.y = (floor(v + (to - v) * weight + 0.5) for v, to in ((place.x, x), (place.y, y)))
        place.visits, place.day = place.left(t) + 1, t // DAY

    def _back(self, fix: Told, out: Outing | None, home_m: float) -> Missed:
        said = self._say(What.RECOVERED, fix, out, home_m, nan)
        assert self.opened is not None
        if out is not None:
            if out.heard == "walked":
                for cell in self._fresh():
                    cell.astray = False
                if fix.order - self.opened[0] <= 7 * MINUTE:
                    self._excursion(out.ran_s)
            out.set_out()
        self.opened = None
        return said

    def _say(self, what: What, fix: Told, out: Outing | None, home_m: float, off_m: float) -> Missed:
        assert self.opened is not None
        off_s = 0 if out is None or out.off_since is None else (out.whole_seconds(fix.order) - out.off_since) // 1000
        known = (nan, nan) if out is None else (self.regular, float(self.walks))
        values = (self.reason, off_m, off_s, home_m, *known, fix.number("lat"), fix.number("lon"))
        return Missed(what, self.severity, fix.t, self.opened[1], values)
