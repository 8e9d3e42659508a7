"""Falls by the motion of the wrist, once more and slowly: all samples are kept, all is reckoned from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import acos, degrees, floor, isnan, nan, sqrt
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from alerts.engine import Severity, What
from alerts.engine.fall_model import HORIZONS_MS, PEAK, THRESHOLDS, WINDOW
from alerts.engine.motion import JOLT_MG
from tests.reference.oracle.words import Told

CELL_MS: Final = 40
SECOND: Final = 25
BRIDGED_US: Final = 200_000
ONE_FALL_MS: Final = 10_000
AHEAD_MS: Final = 60_000
WATCHED_MS: Final = 300_000
SURE_FROM: Final = 0.8
HOLD_S: Final = 20
REST_S: Final = 5

Triple = tuple[int, int, int]
Ask = Callable[[npt.NDArray[np.int16], int], float]
"""What the model says of a window of which so much is known."""


class Heard(NamedTuple):
    """One event, and its numbers."""

    what: What
    severity: Severity
    t: int
    opening: tuple[int, int]
    is_deadline: bool
    values: tuple[float, ...]


@dataclass
class Fall:
    """The newest fall of a wrist."""

    opening: tuple[int, int]
    since: int
    told: float
    numbers: tuple[float, float, float, float]
    """Peak, free fall, posture, threshold."""
    still: int = 0
    walked: int = 0
    said: set[str] = field(default_factory=set)
    pulse: float = nan
    on_foot: bool = False
    """They went on as if nothing had happened."""


@dataclass
class Held:
    """A fall that waits for what follows it."""

    jolt: int
    probable: float
    numbers: tuple[float, float, float, float]
    seen_to: int
    """The last cell of what was seen when it began to wait."""


class Wrist:
    """One band on one person, at one working point."""

    def __init__(self, ask: Ask, point: int = 1, *, hold_below: float = 0.95, tell_goes_on: float = 0) -> None:
        self.ask, self.point = ask, point
        self.hold_below, self.tell_goes_on = hold_below, tell_goes_on
        self.samples: list[tuple[int, Triple]] = []
        self.cells: dict[int, Triple | None] = {}
        self.closed_to = 0
        self.late_to = -1
        self.mark = -1
        self.begin = -1
        self.seq = -1
        self.due: int | None = None
        self.fall: Fall | None = None
        self.held: Held | None = None
        self.pulse: tuple[int, float] | None = None
        self.well = -1

    def hear(self, told: Told, now: int) -> Iterator[Heard]:
        """A window of motion."""
        if not (told.order > self.mark or (told.order == self.mark and told.t > self.begin)):
            return
        self.mark = told.order
        rate, samples = told.fields["rate_hz"], told.fields["samples"]
        if not (1 <= rate <= 1000 and len(samples)):
            return
        if self.closed_to and (told.t <= self.begin or (told.late and self.due is not None)):
            yield from self._end(late=False, is_deadline=False)
        if told.t <= self.begin:
            self.samples, self.cells, self.late_to, self.due, self.held = [], {}, -1, None, None
        self.begin, self.seq = told.t, told.seq
        for i, sample in enumerate(samples.tolist()):
            us = told.t * 1000 + floor(i * 1e6 / float(np.float32(rate)) + 0.5)
            if self.samples and us <= self.samples[-1][0]:
                continue
            if told.t <= now and us > (now + AHEAD_MS) * 1000:
                continue
            x, y, z = (max(-32_767, value) for value in sample)
            first = not self.samples
            self.samples.append((us, (x, y, z)))
            if first:
                self.closed_to = us // 40_000
            while self.closed_to < us // 40_000:
                self.cells[self.closed_to] = self._value(self.closed_to)
                self.closed_to += 1
                yield from self._closed(self.closed_to - 1, late=told.late)
        if told.late:
            self.late_to = self.closed_to
        self.due = None
        jolts = [c for c, cell in self.cells.items() if cell and _square(cell) >= JOLT_MG**2]
        newest = max(jolts, default=-1)
        to_judge = self.closed_to - newest <= HORIZONS_MS[-1] // CELL_MS and newest > self.late_to
        if to_judge or self.held:
            self.due = now + 4_000 + min(10_000, int(len(samples) * 1000 / float(np.float32(rate))))

    def judge(self, now: int) -> Iterator[Heard]:
        """A look at the deadlines."""
        if self.due is not None and self.due <= now:
            self.due = None
            yield from self._end(late=False, is_deadline=True)

    def says_well(self, told: Told) -> None:
        """A press of "I am well"."""
        if self.mark != -1:
            self.well = max(self.well, told.t)

    def beats(self, told: Told) -> Iterator[Heard]:
        """A heart rate, in order."""
        bpm = told.number("heart_rate_bpm")
        if isnan(bpm):
            return
        self.pulse = told.t, float(np.float32(bpm))
        fall = self.fall
        if fall and 0 <= told.t - fall.opening[0] <= WATCHED_MS:
            fall.pulse = self.pulse[1]
            if "pulse" not in fall.said and not told.late:
                fall.said.add("pulse")
                yield self._say(What.EVIDENCE, told.t, is_deadline=False)

    def _value(self, cell: int) -> Triple | None:
        inside = [triple for us, triple in self.samples if us // 40_000 == cell]
        if inside:
            x, y, z = (floor(sum(axis) / len(inside) + 0.5) for axis in zip(*inside, strict=True))
            return x, y, z
        for (before, old), (after, new) in pairwise(self.samples):
            if before // 40_000 < cell < after // 40_000 and after - before <= BRIDGED_US:
                share = (cell * 40_000 + 20_000 - before) / (after - before)
                x, y, z = (floor(a + share * (b - a) + 0.5) for a, b in zip(old, new, strict=True))
                return x, y, z
        return None

    def _closed(self, newest: int, *, late: bool) -> Iterator[Heard]:
        if newest % SECOND == SECOND - 1:
            yield from self._watch(newest, late=late)
            yield from self._wait()
        for horizon, after_ms in enumerate(HORIZONS_MS):
            cell = newest - after_ms // CELL_MS
            if self._is_jolt(cell, newest):
                yield from self._judge(cell, newest, horizon, late=late, is_deadline=False)

    def _watch(self, newest: int, *, late: bool) -> Iterator[Heard]:
        fall = self.fall
        if fall is None or newest > fall.opening[0] // CELL_MS + WATCHED_MS // CELL_MS:
            return
        self._count(fall, newest)
        walks = fall.walked >= 10 and "walked" not in fall.said
        lies = fall.still >= 30 and "lay" not in fall.said
        if (walks or lies) and not late:
            fall.said.add("walked" if walks else "lay")
            yield self._say(What.EVIDENCE, (newest + 1) * CELL_MS, is_deadline=False)

    def _wait(self) -> Iterator[Heard]:
        """All that is known since the jolt of the fall that waits, seen anew each second."""
        if self.held:
            lies, goes_on = self._outcome(self.held)
            if lies or (goes_on and self.tell_goes_on):
                yield self._tell(is_deadline=False, on_foot=not lies)
            elif goes_on:
                self.held = None

    def _outcome(self, held: Held) -> tuple[bool, bool]:
        seconds = [c for c in range(held.jolt + SECOND, self.closed_to) if c % SECOND == SECOND - 1]
        told = [self._second(c) for c in seconds]
        awaited = [one for c, one in zip(seconds, told, strict=True) if c > held.seen_to]
        rests = told[-REST_S:] == ["still"] * REST_S
        lies = rests or sum(one not in ("busy", "walks") for one in awaited) > HOLD_S / 2
        return lies, len(awaited) >= HOLD_S

    def _end(self, *, late: bool, is_deadline: bool) -> Iterator[Heard]:
        newest = self.closed_to - 1
        if self.held:
            yield self._tell(is_deadline=is_deadline, on_foot=False)
        for cell in range(newest - HORIZONS_MS[-1] // CELL_MS + 1, newest + 1):
            if self._is_jolt(cell, newest):
                yield from self._judge(
                    cell, newest, len(HORIZONS_MS) - 1, late=late, is_deadline=is_deadline, ended=True
                )

    def _is_jolt(self, cell: int, newest: int) -> bool:
        own = self.cells.get(cell)
        if own is None or _square(own) < JOLT_MG**2:
            return False
        around = [(c, self.cells.get(c)) for c in range(cell - 25, min(cell + 25, newest) + 1) if c != cell]
        return not any(
            other and (_square(other) > _square(own) or (_square(other) == _square(own) and c < cell))
            for c, other in around
        )

    def _judge(
        self, cell: int, newest: int, horizon: int, *, late: bool, is_deadline: bool, ended: bool = False
    ) -> Iterator[Heard]:
        if late or cell <= self.late_to:
            return
        cut = [self.cells.get(c) if c <= newest else None for c in range(cell - PEAK, cell - PEAK + WINDOW)]
        known = max(i for i, each in enumerate(cut) if each) + 1
        window = np.array([each or (-32_768,) * 3 for each in cut], np.int16)
        probable, threshold, t = self.ask(window, known), THRESHOLDS[self.point][horizon], cell * CELL_MS
        if probable < threshold:
            return
        lengths = [None if each is None else sqrt(_square(each)) for each in cut]
        light = sum(40 for each in lengths[PEAK - 25 : PEAK] if each is not None and each < 600)
        turned = _angle(_mean(cut[PEAK - 50 : PEAK - 25]), _mean(cut[max(PEAK + 25, known - 50) : known]))
        numbers = sqrt(_square(self.cells[cell] or (0, 0, 0))) / 1000, float(light), turned, threshold
        fall = self.fall
        same = fall and fall.opening[0] - ONE_FALL_MS <= t <= fall.since + ONE_FALL_MS
        if fall and same and not fall.since <= self.well < t:
            fall.since = max(fall.since, t)
            if not (fall.told < SURE_FROM <= probable or probable >= fall.told + 0.05):
                return
            fall.told, fall.numbers = probable, numbers
            yield self._say(What.EVIDENCE, t, is_deadline=is_deadline)
            return
        held = Held(cell, probable, numbers, newest)
        if probable < self.hold_below and not ended:
            surer = self.held and t <= self.held.jolt * CELL_MS + ONE_FALL_MS and probable < self.held.probable
            if horizon < len(HORIZONS_MS) - 1 or surer:
                return
            self.held = held
            if not self._outcome(held)[0]:
                return
        self.held = held
        yield self._tell(is_deadline=is_deadline, on_foot=False)

    def _tell(self, *, is_deadline: bool, on_foot: bool) -> Heard:
        held = self.held
        assert held is not None
        self.held = None
        t = held.jolt * CELL_MS
        fall = self.fall = Fall((t, self.seq), t, held.probable, held.numbers, on_foot=on_foot)
        if self.pulse and 0 <= self.pulse[0] - t <= WATCHED_MS:
            fall.pulse = self.pulse[1]
            fall.said.add("pulse")
        for c in range(held.jolt + SECOND, self.closed_to):
            if c % SECOND == SECOND - 1:
                self._count(fall, c)
        return self._say(What.OPENED, t, is_deadline=is_deadline)

    def _count(self, fall: Fall, cell: int) -> None:
        told = self._second(cell)
        fall.still = fall.still + 1 if told == "still" else 0
        fall.walked += told == "walks"

    def _second(self, cell: int) -> str:
        """What the second that ends with a cell tells."""
        second = [self.cells.get(c) for c in range(cell - 24, cell + 1)]
        known = [each for each in second if each]
        if len(known) < 13:
            return "unknown"
        width = max(max(axis) - min(axis) for axis in zip(*known, strict=True))
        if width <= 100:
            return "still"
        if self._walks(cell):
            return "walks"
        lengths = np.array([sqrt(_square(each)) for each in known])
        shakes = any(_alike(lengths - lengths.mean(), lag) >= 0.5 for lag in range(4, 9))
        return "busy" if width >= 300 and len(known) == SECOND and not shakes else "stirs"

    def _walks(self, cell: int) -> bool:
        cells = [self.cells.get(c) for c in range(cell - 99, cell + 1)]
        lengths = np.array([sqrt(_square(each)) if each else nan for each in cells])
        if np.isnan(lengths).any() or min(np.ptp(lengths.reshape(4, 25), axis=1)) < 300:
            return False
        steps = lengths - lengths.mean()
        return any(_alike(steps, lag) >= 0.5 for lag in range(11, 19)) and all(
            _alike(steps, lag) < 0.5 for lag in range(4, 9)
        )

    def _say(self, what: What, t: int, *, is_deadline: bool) -> Heard:
        fall = self.fall
        assert fall is not None
        severity = Severity.CRITICAL if fall.told >= SURE_FROM else Severity.HIGH
        if fall.on_foot:
            severity = Severity.LOW
        peak, light, turned, threshold = fall.numbers
        values = (fall.told, peak, light, turned, fall.still, fall.walked, fall.pulse, threshold)
        return Heard(what, severity, t, fall.opening, is_deadline, values)


def _alike(steps: npt.NDArray[np.float64], lag: int) -> float:
    """How much they are like themselves so much later."""
    one, two = steps[:-lag], steps[lag:]
    own = sqrt((one @ one) * (two @ two))
    return float(one @ two / own) if own > 0 else 0.0


def _square(cell: Triple) -> int:
    x, y, z = cell
    return x * x + y * y + z * z


def _mean(cells: list[Triple | None]) -> list[float]:
    known = [each for each in cells if each]
    return [sum(axis) / len(known) for axis in zip(*known, strict=True)] if known else [nan, nan, nan]


def _angle(one: list[float], other: list[float]) -> float:
    lengths = sqrt(sum(a * a for a in one)) * sqrt(sum(b * b for b in other))
    if not lengths > 0:
        return nan
    return degrees(acos(max(-1.0, min(1.0, sum(a * b for a, b in zip(one, other, strict=True)) / lengths))))
