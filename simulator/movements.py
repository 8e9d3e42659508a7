"""Movements that a simulated wearer makes on request: only the band's motion tells of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from simulator.motion import BEFORE_S, daily, fall, from_second
from simulator.wrist import Motion

LEAD_S: Final = 4.0
"""How long somebody walks before it happens: enough to see what went before, short for who waits for it."""
AFTER_S: Final = 14.0
RATE_HZ: Final = 50.0
RANGE_G: Final = 8.0


def fall_motion(seed: int = 1) -> Motion:
    """A fall forward, and lying still."""
    whole = fall(seed, "forward", rate_hz=RATE_HZ, range_g=RANGE_G, after_s=AFTER_S)
    return from_second(whole, BEFORE_S - LEAD_S)


def sit_down_hard(seed: int = 1) -> Motion:
    """Dropping into a chair, and moving one's hands there."""
    whole = daily(seed, "sitting_down_hard", rate_hz=RATE_HZ, range_g=RANGE_G, after_s=AFTER_S)
    return from_second(whole, BEFORE_S - LEAD_S)


MOVEMENTS: Final[Mapping[str, Callable[[], Motion]]] = {"fall_motion": fall_motion, "sit_down_hard": sit_down_hard}
"""By the name in an instruction."""
