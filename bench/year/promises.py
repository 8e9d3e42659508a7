"""Promised checks of the simulated year: whose plan is what, what is due when, and who presses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from alerts.checks import DaysOff, Due, Terms, laid_out
from bench.desk.day import MINUTES, Day, Doing
from bench.desk.people import TIMEZONE, Floats, Ints
from bench.year.assumptions import HOLIDAYS, PLANS, YearAssumptions
from devices.clock import DAY_MS, MINUTE_MS
from devices.registry import CheckWindow

_HURRIES_MIN: Final = 10
"""Who heeds a reminder presses within so many minutes. Assumption."""
_RISES_MIN: Final = 30
"""Who sleeps through the usual time presses within so many minutes of rising. Assumption."""


class Window(NamedTuple):
    """One promised check of one resident."""

    who: int
    due: Due

    @property
    def record(self) -> CheckWindow:
        """As the registry tells of it."""
        opens, closes = self.due.opens_ms, self.due.closes_ms
        return CheckWindow(
            id=f"w{self.who}-{closes}", resident_slot=self.who, opens_ms=opens, closes_ms=closes, by=self.due.by
        )


class Promises:
    """Who has promised what, and how well each keeps it."""

    def __init__(self, residents: int, a: YearAssumptions, chance: np.random.Generator) -> None:
        """Deal out the plans."""
        kind = chance.choice(len(PLANS), residents, p=[share for share, _ in PLANS])
        self.plans: list[Terms | None] = [PLANS[i][1] for i in kind]
        self._a = a
        self._chance = chance
        self._forgets: Floats = chance.beta(1.2, 1.2 / a.forgets - 1.2, residents)
        self._habit: Floats = chance.beta(2.0, 3.0, residents)

    def due_on(self, day: date) -> list[Window]:
        """Every window that opens on a day."""
        by_plan = {id(terms): laid_out([terms], _ZONE, HOLIDAYS, day, day) for terms in self.plans if terms is not None}
        return [
            Window(who, due) for who, terms in enumerate(self.plans) if terms is not None for due in by_plan[id(terms)]
        ]

    def pressed(self, day: Day, due: Sequence[Window], *, festive: bool) -> tuple[Ints, Ints]:
        """Who presses when, ms of the day: what ``Day.check_ins`` takes."""
        moments = list(self._moments(day, [window for window in due if window.due.by == "button"], festive=festive))
        who, at = (np.array(column, np.int64) for column in zip(*moments, strict=True)) if moments else _NOBODY
        return who, at

    def _moments(self, day: Day, due: Sequence[Window], *, festive: bool) -> Iterator[tuple[int, int]]:
        chance, a = self._chance, self._a
        for who, promised in due:
            opens = (promised.opens_ms - day.midnight) // MINUTE_MS
            closes = (promised.closes_ms - day.midnight) // MINUTE_MS
            times = (
                (a.forgets_ill if day.fever_c[who] > 0 else 1.0)
                * (a.forgets_festive if festive else 1.0)
                * (a.forgets_away if day.absent[who] else 1.0)
            )
            habit = 0.7 * self._habit[who] + 0.3 * chance.random()
            minute = opens + habit * (closes - opens)
            if chance.random() < min(1.0, self._forgets[who] * times):
                minute = self._afterwards(day, who, int(closes))
            elif day.doing[who, int(minute)] == Doing.SLEEPS:
                awake = np.flatnonzero(day.doing[who, int(minute) :] != Doing.SLEEPS)
                minute = minute + awake[0] + chance.uniform(0, _RISES_MIN) if len(awake) else MINUTES
            if minute < MINUTES:
                yield who, min(int(minute * MINUTE_MS), DAY_MS - 1)

    def _afterwards(self, day: Day, who: int, closes: int) -> float:
        """When somebody who forgot presses after all; ``MINUTES``: not that day."""
        chance, a = self._chance, self._a
        rings = closes - a.reminded_before_min
        heard = day.worn[who, rings] and day.online[who, rings] and day.doing[who, rings] != Doing.SLEEPS
        if heard and chance.random() < a.heeds_reminder:
            return float(rings + chance.uniform(0, _HURRIES_MIN))
        return float(chance.uniform(closes, MINUTES)) if chance.random() < a.remembers else float(MINUTES)


def local_day(midnight: int) -> date:
    """The date of a local midnight."""
    return datetime.fromtimestamp(midnight / 1000, UTC).astimezone(_ZONE).date()


def is_festive(day: date, holidays: Sequence[DaysOff] = HOLIDAYS) -> bool:
    """Whether a day is a holiday."""
    return any(off.first <= day <= off.last for off in holidays)


_ZONE: Final = ZoneInfo(TIMEZONE)
_NOBODY: Final = (np.empty(0, np.int64), np.empty(0, np.int64))
