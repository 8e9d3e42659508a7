"""What the wearer of a band does out of the ordinary, laid over their ordinary day."""

from __future__ import annotations

import math
from typing import Final, Literal, get_args

from simulator.geometry import polar
from simulator.resident import Life
from simulator.schedule import Report

Doing = Literal["ordinary", "walk_away", "stop_moving", "battery_out"]
DOINGS: Final[tuple[str, ...]] = get_args(Doing)

HEAD_START_M: Final = 360.0
"""How far somebody has come when the band finds them gone: at home it looks only every quarter of an hour."""
AWAY_MPS: Final = 1.2
FARTHEST_M: Final = 3_000.0
BATTERY_STEPS_PCT: Final = (14.0, 9.0, 4.0)
"""The last heartbeats of a battery that runs out."""


class Wearer:
    """Alters reports; times are wall-clock ms."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._since = 0
        self._last_words = 0
        self.doing: Doing = "ordinary"
        self.answer: Literal["ok", "help", "none"] = "ok"
        """What they answer when asked whether they are all right."""

    def begin(self, doing: Doing, now: int) -> None:
        """Do something from ``now`` on."""
        self.doing, self._since, self._last_words = doing, now, 0

    def alter(self, report: Report) -> Report | None:
        """The report as the band would really make it, or None when it makes none."""
        match self.doing:
            case "walk_away":
                return self._away(report)
            case "stop_moving":
                return self._still(report)
            case "battery_out":
                return self._fading(report)
            case _:
                return report

    def position(self, t: int) -> tuple[float, float] | None:
        """Where the wearer is at ``t`` when not where the ordinary day would have them."""
        if self.doing != "walk_away":
            return None
        metres = min(HEAD_START_M + AWAY_MPS * (t - self._since) / 1000, FARTHEST_M)
        home = self._life.person.home
        return polar(home["lat"], home["lon"], metres, math.pi / 5)

    def _away(self, report: Report) -> Report | None:
        place = self.position(report.t)
        if report.kind != "position" or place is None:
            return report
        fix = {"lat": place[0], "lon": place[1], "accuracy_m": 8.0, "source": "gnss", "speed_mps": AWAY_MPS}
        return report._replace(fields=report.fields | fix)

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
