"""What is true in one day of the simulated month, minute for minute: the people, their bands, the networks.

Everything is a grid of shape (n, 1440), residents by local minutes. What bands make of it is ``measured``'s matter.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.desk.assumptions import Assumptions
from bench.desk.movement import Movement
from bench.desk.people import CELL_RESIDENTS, Bools, Floats, Ints, People

MINUTES: Final = 1440
WALK_M_PER_MIN: Final = 54.0
"""0.9 m/s. Source: Bohannon & Andrews 2011 (DOI 10.1016/j.physio.2010.12.004), 80 and over: 0.94 to 0.97."""
_CHARGE_PCT_PER_MIN: Final = 1.0
_FAMILY_M: Final = 30_000.0
FESTIVE_DEPARTURES: Final = 8.0
"""So many times as many leave for their families when a holiday begins. Assumption."""
_NEVER_LIES: Final = 1 << 40
_OUTING_STARTS: Final = ((7.5, 9.5), (14.0, 16.5), (18.3, 19.3))

Small = npt.NDArray[np.int8]
Grid = npt.NDArray[np.float32]


class Doing(IntEnum):
    """What somebody does in a minute."""

    SLEEPS = 0
    HOME = 1
    WALKS = 2
    WITH_FAMILY = 3
    LIES = 4
    """Helpless."""


class Cause(IntEnum):
    """Why an alarm came, as only the simulation knows it."""

    NOTHING_KNOWN = 0
    DEAD_SPOT = 1
    CELLAR = 2
    CELL_OUTAGE = 3
    OWN_OUTAGE = 4
    BATTERY_EMPTY = 5
    SWITCHED_OFF = 6
    LOST = 7
    BEYOND_ZONE = 8
    ABSENT = 9
    ILL = 10
    LUNG = 11
    LOOSE_BAND = 12
    NEED = 13
    ACCIDENT = 14
    FALL = 15
    NO_FALL = 16


class Day(NamedTuple):
    """The grids of one day, shape (n, 1440), and columns of shape (n,).

    Attributes:
        midnight: when its minutes begin, ms.
        doing: a ``Doing``; ``moves``: whether the wrist moves.
        north_m, east_m: where the person is, from home.
        worn, charging, alive: of the band; ``alive``: it has power.
        online: it has a network.
        why_silent, why_there: a ``Cause``, of a band that reports nothing, of a person out of the zone.
        fever_c: column, above the usual.
        loose_c: by how much a loose band measures too cold.
        drift: errors of the receiver outdoors, shape (2, n, 1440), m.
        burst: that of a receiver that lost itself, m; 0 when it has not.
        went: slots of those who leave today for some days; ``told``: whether the desk knows of each.
        came_back: slots of those who are back.
        absent: column; ``band_left``: absent, and the band lies at home.
        own_outage: minutes [from, to) in which our own system is away.
        check_ins: who presses "I am well" at which ms of the day; None: whoever does so by habit.
    """

    midnight: int
    doing: Small
    moves: Bools
    north_m: Grid
    east_m: Grid
    worn: Bools
    charging: Bools
    battery_pct: Grid
    alive: Bools
    online: Bools
    why_silent: Small
    why_there: Small
    fever_c: Floats
    loose_c: Grid
    heart_bpm: Grid
    oxygen_pct: Grid
    drift: Grid
    burst: Grid
    went: Ints
    told: Bools
    came_back: Ints
    absent: Bools
    band_left: Bools
    own_outage: tuple[int, int] | None
    check_ins: tuple[Ints, Ints] | None = None


class World:
    """The days, one after the other; keeps what lasts longer than one of them."""

    def __init__(self, people: People, a: Assumptions, chance: np.random.Generator) -> None:
        """Begin in health, with bands that are anything from half to fully charged."""
        n = people.size
        self._people, self._a, self._chance = people, a, chance
        self._battery = chance.uniform(50.0, 100.0, n)
        self._charging = np.zeros(n, np.bool_)
        self._off_until = np.zeros(n, np.int64)
        self._fever = np.zeros(n)
        self._ill_until = np.zeros(n, np.int64)
        self._absent_until = np.zeros(n, np.int64)
        self._takes_band = np.ones(n, np.bool_)
        self._slow = np.zeros((2, n))
        self._drift = np.zeros((2, n))
        self._movement = Movement(n, np.random.default_rng(chance.integers(1 << 32)))
        self._lies_from: Ints = np.full(n, _NEVER_LIES, np.int64)
        self._last_place = np.zeros((2, n), np.float32)
        self._last_worn = np.ones(n, np.bool_)

    @property
    def absent_until(self) -> Ints:
        """The day on which each is back; one that has come: they are at home."""
        return self._absent_until

    def lie_down(self, slots: Ints, minutes: Ints) -> None:
        """Let them lie helpless from these minutes on, counted from the first day's midnight."""
        self._lies_from[slots] = minutes

    def take_away(self, slots: Ints, until: Ints) -> None:
        """Those who were found are in hospital from this day on until those."""
        self._lies_from[slots] = _NEVER_LIES
        self._absent_until[slots] = until
        self._takes_band[slots] = self._chance.random(len(slots)) < 0.5

    def day(self, number: int, midnight: int, *, festive: bool = False) -> Day:
        """Live day ``number``, which begins at ``midnight`` (local, ms); many leave when a ``festive`` one comes."""
        n, chance = self._people.size, self._chance
        came_back = np.flatnonzero(self._absent_until == number)
        went, told = self._departures(number, FESTIVE_DEPARTURES if festive else 1.0)
        absent = self._absent_until > number
        lies = np.arange(MINUTES) >= (self._lies_from - number * MINUTES)[:, None]
        doing, north, east, why_there = self._movements(absent)
        self._lay_down(lies, doing, north, east, why_there)
        online, why_silent, own = self._networks(doing)
        band_left = absent & ~self._takes_band
        off_wrist = self._off_wrist(doing, band_left)
        loose = np.zeros((n, MINUTES), np.float32)
        for who in np.flatnonzero(chance.random(n) < self._a.loose_per_day).tolist():
            _paint(loose, who, chance.uniform(420, 1300), chance.uniform(60, 240), chance.lognormal(0, 0.5))
        loose *= self._a.loose_c
        self._fall_ill(number)
        battery, charging, alive, why_dead, slow, drift = self._minutes(number, doing, off_wrist, absent)
        asleep = doing == Doing.SLEEPS
        worn = alive & ~charging & ~off_wrist
        before = np.column_stack([self._last_worn, worn[:, :-1]])
        for who in np.flatnonzero(lies.any(axis=1)).tolist():
            worn[who, lies[who]] = before[who, lies[who].argmax()] & alive[who, lies[who]]
        self._last_worn = worn[:, -1].copy()
        moves = self._movement.day(asleep, doing == Doing.WALKS, self._fever > 0) & ~lies
        people = self._people
        heart = people.heart_bpm[:, None] - 6.0 * asleep + 25.0 * (doing == Doing.WALKS) + 5.0 * slow[0]
        heart += 10.0 * self._fever[:, None]
        restless = np.where(people.restless_nights[:, None] & asleep, 1.5, 0.7)
        oxygen = people.oxygen_pct[:, None] - asleep - (restless > 1) + restless * slow[1]
        oxygen -= 1.0 * (self._fever[:, None] > 0)
        return Day(
            midnight=midnight, doing=doing, moves=moves, north_m=north, east_m=east, worn=worn, charging=charging,
            battery_pct=battery, alive=alive, online=online, why_silent=np.where(alive, why_silent, why_dead),
            why_there=why_there, fever_c=self._fever.copy(), loose_c=loose, heart_bpm=heart.astype(np.float32),
            oxygen_pct=oxygen.astype(np.float32), drift=drift * np.float32(self._a.fix_error_m),
            burst=self._bursts(doing), went=went, told=told, came_back=came_back, absent=absent, band_left=band_left,
            own_outage=own,
        )  # fmt: skip

    def _lay_down(self, lies: Bools, doing: Small, north: Grid, east: Grid, why_there: Small) -> None:
        """Whoever lies stays where they were."""
        for who in np.flatnonzero(lies.any(axis=1)).tolist():
            first = int(lies[who].argmax())
            for grid, last in ((north, self._last_place[0, who]), (east, self._last_place[1, who])):
                grid[who, first:] = grid[who, first - 1] if first else last
            doing[who, first:] = Doing.LIES
            why_there[who, first:] = Cause.NOTHING_KNOWN
        self._last_place = np.stack([north[:, -1], east[:, -1]])

    def _departures(self, number: int, times: float) -> tuple[Ints, Bools]:
        chance, n = self._chance, self._people.size
        goes = (self._absent_until <= number) & (chance.random(n) < self._a.absent_per_day * times)
        goes &= self._lies_from >= (number + 1) * MINUTES
        went = np.flatnonzero(goes)
        self._absent_until[went] = number + chance.integers(2, 11, len(went))
        self._takes_band[went] = chance.random(len(went)) < 0.7
        return went, chance.random(len(went)) < self._a.absence_told_share

    def _fall_ill(self, number: int) -> None:
        chance, n = self._chance, self._people.size
        self._fever[self._ill_until <= number] = 0.0
        ill = np.flatnonzero((self._ill_until <= number) & (chance.random(n) < self._a.ill_per_day))
        self._ill_until[ill] = number + chance.integers(2, 5, len(ill))
        self._fever[ill] = chance.uniform(1.5, 3.0, len(ill))

    def _movements(self, absent: Bools) -> tuple[Small, Grid, Grid, Small]:
        people, chance, n = self._people, self._chance, self._people.size
        minute = np.arange(MINUTES)
        wake = (people.wake_h + chance.normal(0, 0.3, n)) * 60
        bed = (people.bed_h + chance.normal(0, 0.3, n)) * 60
        sleeps = (minute < wake[:, None]) | (minute >= bed[:, None])
        doing = np.where(sleeps, Doing.SLEEPS, Doing.HOME).astype(np.int8)
        north, east = np.zeros((n, MINUTES), np.float32), np.zeros((n, MINUTES), np.float32)
        why_there = np.zeros((n, MINUTES), np.int8)
        for first_h, last_h in _OUTING_STARTS:
            for who in np.flatnonzero(chance.random(n) < people.outings / len(_OUTING_STARTS)).tolist():
                start = int(chance.uniform(first_h, last_h) * 60)
                self._walk(who, start, doing, north, east, why_there)
        for who in np.flatnonzero(people.fenced & (chance.random(n) < self._a.lost_per_day)).tolist():
            start = int(chance.uniform(0, 20) * 60)
            length = int(min(chance.uniform(60, 200), MINUTES - start))
            away = 0.8 * WALK_M_PER_MIN * np.minimum(np.arange(length), np.arange(length)[::-1] * 3)
            _place(who, start, away, chance.uniform(0, 2 * np.pi), north, east)
            doing[who, start : start + length] = Doing.WALKS
            why_there[who, start : start + length] = Cause.LOST
        doing[absent] = np.where(sleeps[absent], Doing.SLEEPS, Doing.WITH_FAMILY)
        north[absent], east[absent], why_there[absent] = _FAMILY_M, 0.0, Cause.ABSENT
        return doing, north, east, why_there

    def _walk(self, who: int, start: int, doing: Small, north: Grid, east: Grid, why_there: Small) -> None:
        """Out and back in a bow, within the zone but for a few."""
        chance, a = self._chance, self._a
        beyond = chance.random() < a.beyond_share
        reach = a.zone_m * (chance.uniform(1.3, 3.0) if beyond else chance.uniform(0.2, 0.85))
        length = int(min(max(chance.uniform(20, 60), 2.5 * reach / WALK_M_PER_MIN), MINUTES - start))
        part = np.arange(length) / length
        bearing = chance.uniform(0, 2 * np.pi) + chance.uniform(0.5, 2.0) * part
        _place(who, start, reach * np.sin(np.pi * part), bearing, north, east)
        doing[who, start : start + length] = Doing.WALKS
        if beyond:
            why_there[who, start : start + length] = Cause.BEYOND_ZONE

    def _networks(self, doing: Small) -> tuple[Bools, Small, tuple[int, int] | None]:
        chance, a, n = self._chance, self._a, self._people.size
        why = np.zeros((n, MINUTES), np.int8)
        spots = chance.poisson(a.dead_spot_per_day, n)
        for who in np.repeat(np.arange(n), spots).tolist():
            start = int(chance.uniform(0, MINUTES))
            if doing[who, start] in (Doing.SLEEPS, Doing.HOME):
                _paint(why, who, start, a.dead_spot_min * chance.lognormal(0, 0.9), Cause.DEAD_SPOT)
        starts = np.argwhere((doing[:, 1:] == Doing.WALKS) & (doing[:, :-1] != Doing.WALKS))
        for who, start in starts[chance.random(len(starts)) < a.cellar_share].tolist():
            _paint(why, who, start + chance.uniform(5, 20), a.cellar_min * chance.lognormal(0, 0.9), Cause.CELLAR)
        for _ in range(chance.poisson(a.cell_outages_per_month / 30)):
            first = int(chance.integers(0, n))
            cell = slice(first, first + CELL_RESIDENTS)
            _paint(why, cell, chance.uniform(0, MINUTES), chance.uniform(30, 90), Cause.CELL_OUTAGE)
        own = None
        if chance.random() < a.own_outages_per_month / 30:
            start = int(chance.uniform(0, MINUTES - 60))
            own = (start, start + int(chance.uniform(10, 30)))
            why[:, own[0] : own[1]] = Cause.OWN_OUTAGE
        return why == Cause.NOTHING_KNOWN, why, own

    def _off_wrist(self, doing: Small, left_behind: Bools) -> Bools:
        """Washing, nights without it, forgotten on the table, left behind."""
        people, chance, n = self._people, self._chance, self._people.size
        off = np.zeros((n, MINUTES), np.bool_)
        off[:] = (doing == Doing.SLEEPS) & ~people.wears_at_night[:, None]
        washes = chance.uniform(18 * 60, 20.5 * 60, n)
        forgets = chance.random(n) < self._a.left_off_per_day
        for who in range(n):
            length = 180 * chance.lognormal(0, 0.7) if forgets[who] else chance.uniform(10, 30)
            _paint(off, who, chance.uniform(500, 1100) if forgets[who] else washes[who], length, value=True)
        off[left_behind] = True
        return off

    def _bursts(self, doing: Small) -> Grid:
        chance, a = self._chance, self._a
        burst = np.zeros(doing.shape, np.float32)
        starts = np.argwhere((doing == Doing.WALKS) & (chance.random(doing.shape, np.float32) < a.burst_per_walk_min))
        for who, start in starts.tolist():
            _paint(burst, who, start, int(chance.integers(2, 5)), a.burst_m * chance.lognormal(0, 0.8))
        return burst

    def _minutes(
        self, number: int, doing: Small, off_wrist: Bools, absent: Bools
    ) -> tuple[Grid, Bools, Bools, Small, Grid, Grid]:
        """Go through the minutes: batteries, and what changes slowly (pulse and oxygen 20 min, receivers 2 min)."""
        people, chance, a, n = self._people, self._chance, self._a, self._people.size
        battery_pct = np.empty((MINUTES, n), np.float32)
        charges, alive, switched = (np.empty((MINUTES, n), np.bool_) for _ in range(3))
        slow, drift = np.empty((MINUTES, 2, n), np.float32), np.empty((MINUTES, 2, n), np.float32)
        tonight = people.night_charger & (chance.random(n) >= a.forgets_charging)
        switch_off_at = np.where(
            chance.random(n) < a.switched_off_per_day, number * MINUTES + chance.integers(0, MINUTES, n), -1
        )
        will, jolt = chance.random((MINUTES, n), np.float32), chance.standard_normal((MINUTES, 4, n), np.float32)
        slow_keeps, drift_keeps = np.exp(-1 / 20), np.exp(-1 / 2)
        with_band = ~absent | self._takes_band
        for minute in range(MINUTES):
            now = number * MINUTES + minute
            asleep = doing[:, minute] == Doing.SLEEPS
            sits = (doing[:, minute] == Doing.HOME) | (doing[:, minute] == Doing.WITH_FAMILY)
            off = self._off_until > now
            begins = sits & ~off_wrist[:, minute] & (
                (people.sitting_charger & (self._battery < 40) & (will[minute] < 1 / 30))
                | ((self._battery < 12) & (will[minute] < 1 / 240))
                | ((self._battery < 6) & (will[minute] < 1 / 60))
            )  # fmt: skip
            by_night = people.night_charger & self._charging & ~asleep & (doing[:, minute] != Doing.LIES)
            self._charging = (self._charging | begins) & (self._battery < 99.5) & ~by_night & ~(asleep & ~tonight)
            self._charging |= tonight & asleep
            self._charging &= with_band
            self._battery += np.where(self._charging, _CHARGE_PCT_PER_MIN, -people.drain_pct_per_h / 60 * ~off)
            self._battery = self._battery.clip(0.0, 100.0)
            self._off_until = np.where(switch_off_at == now, now + chance.integers(60, 600, n), self._off_until)
            slow_now = self._slow = self._slow * slow_keeps + jolt[minute, :2] * np.sqrt(1 - slow_keeps**2)
            drift_now = self._drift = self._drift * drift_keeps + jolt[minute, 2:] * np.sqrt(1 - drift_keeps**2)
            battery_pct[minute], charges[minute], switched[minute] = self._battery, self._charging, off
            alive[minute] = (self._battery > 0.5) & ~off
            slow[minute], drift[minute] = slow_now, drift_now
        why = np.where(switched, Cause.SWITCHED_OFF, Cause.BATTERY_EMPTY).astype(np.int8)
        by_resident = slow.transpose(1, 2, 0), drift.transpose(1, 2, 0)
        return battery_pct.T.copy(), charges.T.copy(), alive.T.copy(), why.T.copy(), *by_resident


def _paint(grid: npt.NDArray[Any], who: int | slice, start: float, length: float, value: float) -> None:
    """Set the minutes of a stretch; it ends with the day."""
    first = int(start)
    grid[who, first : first + max(1, round(length))] = value


def _place(who: int, start: int, away_m: Floats, bearing: Floats | float, north: Grid, east: Grid) -> None:
    minutes = slice(start, start + len(away_m))
    north[who, minutes] = away_m * np.cos(bearing)
    east[who, minutes] = away_m * np.sin(bearing)
