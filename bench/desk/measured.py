"""What bands make of a day, and when it arrives: readings as columns, in order of their receipt.

A band without network keeps its readings and delivers them at once when it has one again; one without power
measures nothing. Times within a minute are chance, drawn once a band.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.desk.assumptions import Assumptions
from bench.desk.day import MINUTES, Cause, Day, Doing
from bench.desk.people import Ints, People
from devices.batch import FALL, HEADER, HEARTBEAT, POSITION, SOS, VITALS, ReadingBatch, Records, empty_batch
from devices.clock import DAY_MS, MINUTE_MS
from devices.kinds import Kind

HEARTBEAT_MIN: Final = 5
HOME_FIX_MIN: Final = 30
STILL_FIX_MIN: Final = 120
"""A band that does not move saves its receiver. Assumption."""
CUFF_MINUTES: Final = (7 * 60 + 30, 18 * 60)
HOME_ERROR_M: Final = 20.0
"""Standard deviation of a fix by radio networks at home, m. Assumption."""
_STEPS_PER_MIN: Final = (0.0, 6.0, 95.0, 12.0, 0.0)
_COUNTS_PER_MIN: Final = (12.0, 75.0, 190.0, 100.0, 0.0)
"""Of a minute in which the wrist moves, by ``Doing``. Assumption, the order of common bands."""
_M_PER_DEG: Final = 111_195.0


class Cry(NamedTuple):
    """A press or a fall: whose, when (ms), and why."""

    who: int
    t: int
    kind: Kind
    cause: Cause


class Bands:
    """What all bands measure, day by day; keeps step counters and the order of readings."""

    def __init__(self, people: People, a: Assumptions, chance: np.random.Generator) -> None:
        """Begin with counters at zero."""
        n = people.size
        self._people, self._a, self._chance = people, a, chance
        self._phase_min = chance.integers(0, STILL_FIX_MIN, n)
        self._phase_ms = chance.integers(0, MINUTE_MS, n)
        self._steps = np.zeros(n)
        self._seq = 0

    def readings(self, day: Day) -> tuple[ReadingBatch, list[Cry]]:
        """All readings of a day and what the cries among them were about."""
        cries = self._cries(day)
        parts: list[tuple[Kind, Ints, Ints, Records | None]] = [
            self._heartbeats(day),
            self._fixes(day),
            self._vitals(day),
            *(_by_the_able(day, part) for part in (self._cuffs(day), self._sessions(day), self._check_ins(day))),
        ]
        for kind, layout in ((Kind.SOS, SOS), (Kind.FALL, FALL)):
            of_kind = [cry for cry in cries if cry.kind == kind]
            rows = _blank(layout, len(of_kind))
            rows["cancel"] = 0
            if kind == Kind.FALL:
                rows["confidence"] = self._chance.uniform(0.6, 1.0, len(rows))
            at = np.array([cry.t - day.midnight for cry in of_kind], np.int64)
            parts.append((kind, np.array([cry.who for cry in of_kind], np.int64), at, rows))
        return self._received(day, parts), cries

    def _received(self, day: Day, parts: list[tuple[Kind, Ints, Ints, Records | None]]) -> ReadingBatch:
        """Put the kinds together as they arrive."""
        who = np.concatenate([part[1] for part in parts])
        at = np.concatenate([part[2] for part in parts])
        header = np.zeros(len(who), HEADER)
        header["device"], header["t"], header["trusted"] = who, day.midnight + at, 1
        header["kind"] = np.repeat([int(part[0]) for part in parts], [len(part[1]) for part in parts])
        rows: dict[Kind, list[Records]] = {}
        begun: dict[Kind, int] = {}
        first = 0
        for kind, whose, _, values in parts:
            if values is not None:
                start = begun.get(kind, 0)
                header["row"][first : first + len(whose)] = np.arange(start, start + len(whose))
                begun[kind] = start + len(whose)
                rows.setdefault(kind, []).append(values)
            first += len(whose)
        minute = at // MINUTE_MS
        waits = np.where(day.online, np.arange(MINUTES), MINUTES)
        next_online = np.minimum.accumulate(waits[:, ::-1], axis=1)[:, ::-1][who, minute]
        delivered = np.where(
            next_online > minute, next_online * MINUTE_MS + self._chance.integers(0, 20_000, len(who)), at
        )
        delivered = np.minimum(delivered + self._chance.integers(300, 3000, len(who)), DAY_MS - 1)
        header["received"] = np.maximum(day.midnight + delivered, header["t"])
        measured = day.alive[who, minute]
        header = header[measured]
        header = header[np.lexsort((header["t"], header["received"]))]
        header["pos"] = header["seq"] = self._seq + np.arange(len(header))
        self._seq += len(header)
        tables = {"position": Kind.POSITION, "heartbeat": Kind.HEARTBEAT, "vitals": Kind.VITALS}
        tables |= {"sos": Kind.SOS, "fall": Kind.FALL}
        return empty_batch()._replace(
            header=header, **{name: np.concatenate(rows[kind]) for name, kind in tables.items()}
        )

    def _at(self, who: Ints, minute: Ints, jitter_ms: int = 0) -> Ints:
        """When in the day, ms, those bands do something in those minutes."""
        at = minute * MINUTE_MS + self._phase_ms[who]
        if jitter_ms:
            at = at + self._chance.integers(-jitter_ms, jitter_ms + 1, len(who))
        clipped: Ints = at.clip(0, DAY_MS - 1)
        return clipped

    def _regularly(self, every_min: Ints | int) -> npt.NDArray[np.bool_]:
        minute: npt.NDArray[np.bool_] = (np.arange(MINUTES) + self._phase_min[:, None]) % np.reshape(
            every_min, (-1, 1)
        ) == 0
        return minute

    def _heartbeats(self, day: Day) -> tuple[Kind, Ints, Ints, Records]:
        who, minute = np.nonzero(self._regularly(HEARTBEAT_MIN))
        moves = day.moves & day.worn
        steps_a_minute = np.array(_STEPS_PER_MIN)[day.doing] * moves
        steps = self._steps[:, None] + np.cumsum(steps_a_minute, axis=1)
        self._steps = steps[:, -1]
        rows = _blank(HEARTBEAT, len(who))
        rows["steps"] = steps[who, minute]
        rows["battery_pct"] = np.round(day.battery_pct[who, minute])
        rows["charging"] = day.charging[who, minute]
        rows["worn"] = day.worn[who, minute]
        counted = np.cumsum(np.array(_COUNTS_PER_MIN)[day.doing] * moves, axis=1)
        counts = counted[who, minute] - np.where(
            minute >= HEARTBEAT_MIN, counted[who, np.maximum(minute, HEARTBEAT_MIN) - HEARTBEAT_MIN], 0.0
        )
        rows["activity"] = np.round(counts * self._chance.uniform(0.5, 1.5, len(who)))
        rows["interval_s"] = HEARTBEAT_MIN * 60
        return Kind.HEARTBEAT, who, self._at(who, minute, 10_000), rows

    def _fixes(self, day: Day) -> tuple[Kind, Ints, Ints, Records]:
        outdoors = day.worn & (day.doing == Doing.WALKS)
        awake = day.worn & (day.doing != Doing.SLEEPS) & ~outdoors
        still = day.alive & ~outdoors & ~awake
        due = outdoors | (awake & self._regularly(HOME_FIX_MIN)) | (still & self._regularly(STILL_FIX_MIN))
        who, minute = np.nonzero(due)
        chance, a, count = self._chance, self._a, len(who)
        out = outdoors[who, minute]
        # A band on a table lies at home, or in the family's house, but never where its wearer walks.
        with_family = (day.doing == Doing.WITH_FAMILY) & ~day.band_left[:, None]
        with_person = day.worn[who, minute] | with_family[who, minute]
        north = day.north_m[who, minute] * with_person
        east = day.east_m[who, minute] * with_person
        bad = ~out & (chance.random(count) < a.bad_home_fix_share)
        burst = day.burst[who, minute] * out
        far = np.where(bad, chance.uniform(300, 1500, count), burst)
        bearing = chance.uniform(0, 2 * np.pi, self._people.size)[who]
        spread = HOME_ERROR_M * chance.standard_normal((2, count))
        north = north + np.where(out, day.drift[0, who, minute], spread[0]) + far * np.cos(bearing)
        east = east + np.where(out, day.drift[1, who, minute], spread[1]) + far * np.sin(bearing)
        told = np.where(out, a.fix_error_m * chance.uniform(0.8, 2.5, count), chance.uniform(20, 50, count))
        told = np.where(burst > 0, np.maximum(told, burst * chance.uniform(0.2, 1.0, count)), told)
        told = np.where(bad & (chance.random(count) < 0.9), far * chance.uniform(1.0, 1.5, count), told)
        rows = _blank(POSITION, count)
        lat = self._people.lat[who]
        rows["lat"] = lat + north / _M_PER_DEG
        rows["lon"] = self._people.lon[who] + east / (_M_PER_DEG * np.cos(np.radians(lat)))
        rows["accuracy_m"] = told
        rows["source"] = np.where(out, 0, np.where(bad, 2, 1))
        return Kind.POSITION, who, self._at(who, minute), rows

    def _vitals(self, day: Day) -> tuple[Kind, Ints, Ints, Records]:
        people, chance, a = self._people, self._chance, self._a
        who, minute = np.nonzero(self._regularly(people.vitals_min) & day.worn)
        count = len(who)
        rows = _blank(VITALS, count)
        walking = day.doing[who, minute] == Doing.WALKS
        heart = day.heart_bpm[who, minute] + a.heart_error_bpm * (1 + 2 * walking) * chance.standard_normal(count)
        wrong = chance.random(count) < a.heart_artefact_share
        rows["heart_rate_bpm"] = np.round(np.where(wrong, chance.uniform(35, 180, count), heart)).clip(25, 220)
        oxygen = day.oxygen_pct[who, minute] + a.oxygen_error_pct * chance.standard_normal(count)
        oxygen -= (chance.random(count) < a.oxygen_artefact_share) * chance.uniform(3, 15, count)
        rows["spo2_pct"] = np.round(oxygen).clip(50, 100)
        hour = minute / 60
        core = people.temperature_c[who] + 0.3 * np.sin((hour - 11) / 24 * 2 * np.pi) + day.fever_c[who]
        core = core - day.loose_c[who, minute] + 0.15 * chance.standard_normal(count)
        every = np.maximum(1, 30 // people.vitals_min)
        warm = people.thermometer[who] & ((minute // people.vitals_min[who]) % every[who] == 0)
        rows["temperature_c"] = np.where(warm, np.round(core, 1), np.nan)
        return Kind.VITALS, who, self._at(who, minute), rows

    def _cuffs(self, day: Day) -> tuple[Kind, Ints, Ints, Records]:
        """Blood pressure, measured by oneself; 10 and 6 mmHg within a person. Assumption."""
        people, chance = self._people, self._chance
        who = np.repeat(np.flatnonzero(people.cuff & ~day.absent), len(CUFF_MINUTES))
        minute = np.tile(CUFF_MINUTES, len(who) // len(CUFF_MINUTES)) + chance.integers(0, 60, len(who))
        rows = _blank(VITALS, len(who))
        rows["systolic_mmhg"] = np.round(people.systolic_mmhg[who] + 10 * chance.standard_normal(len(who)))
        rows["diastolic_mmhg"] = np.round(people.diastolic_mmhg[who] + 6 * chance.standard_normal(len(who)))
        return Kind.VITALS, who, (minute * MINUTE_MS + 30_000).astype(np.int64), rows

    def _sessions(self, day: Day) -> tuple[Kind, Ints, Ints, None]:
        """One in five trains on a machine in the morning."""
        who = np.flatnonzero((self._chance.random(self._people.size) < 0.2) & ~day.absent)
        return Kind.EXERCISE, who, self._at(who, self._chance.integers(600, 690, len(who))), None

    def _check_ins(self, day: Day) -> tuple[Kind, Ints, Ints, None]:
        if day.check_ins is not None:
            return Kind.CHECKIN, *day.check_ins, None
        who = np.flatnonzero(self._people.checks_in & ~day.absent & (self._chance.random(self._people.size) < 0.95))
        return Kind.CHECKIN, who, self._at(who, self._chance.integers(420, 540, len(who))), None

    def _cries(self, day: Day) -> list[Cry]:
        """Presses and falls of those who wear their band, most of them by day."""
        a, chance, cries = self._a, self._chance, []
        for rate, kind, cause in (
            (a.press_per_day, Kind.SOS, Cause.NEED),
            (a.accident_per_day, Kind.SOS, Cause.ACCIDENT),
            (a.fall_per_day, Kind.FALL, Cause.FALL),
            (a.false_fall_per_day, Kind.FALL, Cause.NO_FALL),
        ):
            for who in np.flatnonzero(chance.random(self._people.size) < rate).tolist():
                asleep_too = chance.random() < 0.15
                minute = int(chance.uniform(0, MINUTES) if asleep_too else chance.uniform(360, 1290))
                if day.worn[who, minute] and day.doing[who, minute] != Doing.LIES:
                    t = day.midnight + minute * MINUTE_MS + int(chance.integers(0, MINUTE_MS))
                    cries.append(Cry(who, t, kind, cause))
        return cries


def _by_the_able(
    day: Day, part: tuple[Kind, Ints, Ints, Records | None]
) -> tuple[Kind, Ints, Ints, Records | None]:  # fmt: skip
    """What somebody does, but for those who lie helpless."""
    kind, who, at, rows = part
    able = day.doing[who, at // MINUTE_MS] != Doing.LIES
    return kind, who[able], at[able], None if rows is None else rows[able]


def _blank(layout: np.dtype[Any], count: int) -> Records:
    """Records of which nothing is known."""
    rows = np.zeros(count, layout)
    for name in layout.names or ():
        rows[name] = np.nan if layout[name].kind == "f" else -1
    return rows
