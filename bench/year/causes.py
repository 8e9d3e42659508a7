"""Why a missed check came though all was well, as only the simulation knows it."""

from __future__ import annotations

from typing import Final

import numpy as np

from bench.desk.day import Cause, Day, Doing

_LATELY_MIN: Final = 10


def of_checkin(day: Day, who: int, minute: int, since: int) -> str:
    """Of a promise that was not kept by ``minute`` and could have been from ``since`` on."""
    if day.absent[who]:
        return "away"
    assert day.check_ins is not None
    pressed = [at // 60_000 for at in day.check_ins[1][day.check_ins[0] == who].tolist()]
    tried = [at for at in pressed if since <= at <= minute]
    if tried:
        return "no power" if not day.alive[who, tried[0]] else "no network"
    if day.fever_c[who] > 0:
        return "ill"
    return "slept" if day.doing[who, minute] == Doing.SLEEPS else "forgot"


def of_inactivity(day: Day, who: int, minute: int) -> str:
    """Of a stillness."""
    if day.absent[who]:
        return "away"
    if not day.worn[who, max(0, minute - _LATELY_MIN) : minute + 1].any():
        return "band off"
    if day.fever_c[who] > 0:
        return "ill"
    return "asleep" if day.doing[who, minute] == Doing.SLEEPS else "resting"


def of_silence(day: Day, who: int, minute: int) -> str:
    """Of a band that says nothing."""
    lately = day.why_silent[who, max(0, minute - _LATELY_MIN) : minute + 1]
    return Cause(int(np.max(lately))).name.lower().replace("_", " ")
