"""Those who come to lie helpless in the simulated year: when, how their band was then, and when it was noticed."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
import numpy as np

from bench.desk.day import MINUTES, Day, World
from bench.desk.people import Ints
from bench.year.assumptions import YearAssumptions
from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS

Band = Literal["worn", "off the wrist", "silent"]
_DAYS_IN_HOSPITAL: Final = (3, 11)
_LAST_DAYS: Final = 3
"""Nobody lies down in the last days of the run: there would be no time to find them in."""


class Helpless(msgspec.Struct):
    """One person who cannot get up.

    Attributes:
        t: since when, ms.
        band: as it was then: on the wrist and heard of, off it and heard of, or not heard of.
        noticed_ms: when the first alarm about them sounded, None: none did in time.
        rule: whose alarm it was.
    """

    who: int
    t: int
    band: Band = "worn"
    noticed_ms: int | None = None
    rule: str = ""


class Fates:
    """Chooses who lies down, and keeps who lies."""

    def __init__(self, residents: int, days: int, a: YearAssumptions, chance: np.random.Generator) -> None:
        """Choose for each day of the run."""
        self.all: list[Helpless] = []
        self.lying: dict[int, Helpless] = {}
        self._a = a
        self._chance = chance
        happens = chance.random((days, residents)) < a.helpless_per_year / 365
        happens[max(0, days - _LAST_DAYS) :] = False
        self._minute: Ints = np.where(happens, chance.integers(0, MINUTES, (days, residents)), -1)

    def begin(self, world: World, number: int, midnight: int) -> list[int]:
        """Those who were found are taken to hospital, and returned; others lie down today."""
        found = [
            each
            for each in self.lying.values()
            if each.noticed_ms is not None or midnight - each.t >= self._a.unnoticed_h * HOUR_MS
        ]
        slots = np.array([each.who for each in found], np.int64)
        world.take_away(slots, number + self._chance.integers(*_DAYS_IN_HOSPITAL, len(slots)))
        for each in found:
            del self.lying[each.who]
        today = self._minute[number]
        present = world.absent_until <= number
        for who in np.flatnonzero((today >= 0) & present).tolist():
            if who not in self.lying:
                one = Helpless(who, midnight + int(today[who]) * MINUTE_MS)
                self.lying[who] = one
                self.all.append(one)
                world.lie_down(np.array([who]), np.array([number * MINUTES + int(today[who])]))
        return [each.who for each in found]

    def look(self, day: Day) -> None:
        """Note how the bands are of those who lie down today."""
        for each in self.lying.values():
            if day.midnight <= each.t < day.midnight + DAY_MS:
                minute = (each.t - day.midnight) // MINUTE_MS
                heard = day.alive[each.who, minute] and day.online[each.who, minute]
                each.band = "silent" if not heard else "worn" if day.worn[each.who, minute] else "off the wrist"

    def lies(self, who: int, now: int) -> Helpless | None:
        """Who lies there at this moment, if they do."""
        one = self.lying.get(who)
        return one if one is not None and one.t <= now else None
