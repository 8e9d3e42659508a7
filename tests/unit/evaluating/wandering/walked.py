"""Walks that were followed, made up."""

from __future__ import annotations

import numpy as np

from alerts.engine import Rule, What
from anxin.evaluating.wandering.recordings import Fixes, Home, Walk
from anxin.evaluating.wandering.walks import Followed, Known, Said
from devices.clock import MINUTE_MS

T = 1_600_000_000_000
ZONE = Rule.WANDERING_ZONE_EXIT
LOST = Rule.WANDERING_LOST
NOTHING = Known(enough=False, places=(), lat=np.empty(0), lon=np.empty(0), walks=np.empty(0, np.int64))
HOME = Home(31.0, 121.0, 500.0)


def walk(
    subject: str = "ann", *, onset_min: float | None = None, is_stray: bool | None = None, begins: int = T,
    minutes: int = 30, file: str = "a.csv", activity: str = "", home: Home = HOME,
) -> Walk:  # fmt: skip
    t = begins + np.arange(minutes + 1, dtype=np.int64) * MINUTE_MS
    far = np.linspace(0.0, minutes * 1e-4, minutes + 1, dtype=np.float64)
    fixes = Fixes(t, home.lat + far, np.full_like(far, home.lon), np.full(len(t), 10.0), np.full(len(t), -1))
    astray = onset_min is not None if is_stray is None else is_stray
    onset = None if onset_min is None else begins + int(onset_min * MINUTE_MS)
    return Walk(file, subject, activity or ("wandering" if astray else "ordinary"), astray, onset, home, fixes)


def said(what: What, minute: float, rule: Rule = LOST, begins: int = T) -> Said:
    return Said(rule, what, begins + int(minute * MINUTE_MS), 1, {"lat_deg": 31.0, "home_m": float("nan")})


def followed(
    of: Walk, *opened_min: float, rule: Rule = LOST, before: tuple[Rule, ...] = (), ended_min: float | None = None
) -> Followed:  # fmt: skip
    """A walk with alarms of a rule that begin at these minutes; ``ended_min``: when those that stand end."""
    begins = int(of.fixes.t[0])
    words = [said(What.OPENED, minute, rule, begins) for minute in opened_min]
    if ended_min is not None:
        words += [said(What.RECOVERED, ended_min, other, begins) for other in {rule, *before}]
    words.sort(key=lambda one: one.now_ms)
    return Followed(of, NOTHING, tuple(words), frozenset(before), frozenset())
