"""What the wearer of a band does out of the ordinary, laid over their ordinary day."""

from __future__ import annotations

import math
from typing import Final, Literal, get_args

import numpy as np

from simulator.geometry import moved, polar
from simulator.outdoors.patterns import Pattern, pattern
from simulator.outdoors.town import Floats
from simulator.resident import Life
from simulator.schedule import Report

Doing = Literal["ordinary", "walk_away", "stop_moving", "battery_out", "pace", "lap", "roam"]
DOINGS: Final[tuple[str, ...]] = get_args(Doing)
PATTERN_OF: Final[dict[str, Pattern]] = {"pace": "pacing", "lap": "lapping", "roam": "random"}
WALKS: Final = frozenset({"walk_away", *PATTERN_OF})
"""Who does this is out of doors, and their band follows them closely."""

HEAD_START_M: Final = 360.0
"""How far somebody has come when the band finds them gone: at home it looks only every quarter of an hour."""
AWAY_MPS: Final = 1.2
FARTHEST_M: Final = 3_000.0
WANDERS_M: Final = 170.0
"""How far from home somebody walks in a pattern: inside the usual zone."""
WANDERS_MPS: Final = 0.9
WANDERS_S: Final = 3_600.0
FIX_ERROR_M: Final = 2.5
"""Standard deviation of a fix in a pattern along one axis, m. Source: assumption, a phone under open sky."""
BATTERY_STEPS_PCT: Final = (14.0, 9.0, 4.0)
"""The last heartbeats of a battery that runs out."""


class Wearer:
    """Alters reports; times are wall-clock ms."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._since = 0
        self._last_words = 0
        self._line: Floats = np.zeros((1, 2))
        self._metres: Floats = np.zeros(1)
        self.worn_until = 0
        """Until then the band is on their wrist, whatever their ordinary day says; ms."""
        self.doing: Doing = "ordinary"
        self.answer: Literal["ok", "help", "none"] = "ok"
        """What they answer when asked whether they are all right."""

    def begin(self, doing: Doing, now: int) -> None:
        """Do something from ``now`` on."""
        self.doing, self._since, self._last_words = doing, now, 0
        if doing in PATTERN_OF:
            chance = np.random.default_rng([self._life.person.index, now])
            self._line = pattern(PATTERN_OF[doing], WANDERS_S, WANDERS_MPS, chance)
            self._metres = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(self._line, axis=0).T))])

    def alter(self, report: Report) -> Report | None:
        """The report as the band would really make it, or None when it makes none."""
        if report.kind == "heartbeat" and (report.t < self.worn_until or self.doing in WALKS):
            on_the_wrist = {"charging": False, "worn": True}
            told = {name: value for name, value in on_the_wrist.items() if name in report.fields}
            report = report._replace(fields=report.fields | told)
        match self.doing:
            case "walk_away" | "pace" | "lap" | "roam":
                return self._away(report)
            case "stop_moving":
                return self._still(report)
            case "battery_out":
                return self._fading(report)
            case _:
                return report

    def position(self, t: int) -> tuple[float, float] | None:
        """Where the wearer is at ``t`` when not where the ordinary day would have them."""
        if self.doing in PATTERN_OF:
            return self._in_pattern(t)
        if self.doing != "walk_away":
            return None
        metres = min(HEAD_START_M + AWAY_MPS * (t - self._since) / 1000, FARTHEST_M)
        home = self._life.person.home
        return polar(home["lat"], home["lon"], metres, math.pi / 5)

    def _away(self, report: Report) -> Report | None:
        place = self.position(report.t)
        if report.kind != "position" or place is None:
            return report
        mps = AWAY_MPS if self.doing == "walk_away" else WANDERS_MPS
        fix = {"lat": place[0], "lon": place[1], "accuracy_m": 8.0, "source": "gnss", "speed_mps": mps}
        return report._replace(fields=report.fields | fix)

    def _in_pattern(self, t: int) -> tuple[float, float]:
        """Where along the line, as a fix has it; whoever has walked all of it stands at its end."""
        metres = WANDERS_MPS * (t - self._since) / 1000
        error = np.random.default_rng([self._life.person.index, t]).normal(0.0, FIX_ERROR_M, 2)
        east, north = (float(np.interp(metres, self._metres, self._line[:, axis]) + error[axis]) for axis in (0, 1))
        home = self._life.person.home
        return moved(*polar(home["lat"], home["lon"], WANDERS_M, math.pi / 5), north, east)

    def _still(self, report: Report) -> Report | None:
        """One more heartbeat without movement, which promises the next soon; then nothing more comes."""
        if report.kind != "heartbeat" or self._last_words:
            return None
        self._last_words = 1
        return report._replace(fields=report.fields | {"activity": 0})

    def _fading(self, report: Report) -> Report | None:
        if report.kind != "heartbeat" or self._last_words == len(BATTERY_STEPS_PCT):
            return None
        battery_pct = BATTERY_STEPS_PCT[self._last_words]
        self._last_words += 1
        return report._replace(fields=report.fields | {"battery_pct": battery_pct, "charging": False})
