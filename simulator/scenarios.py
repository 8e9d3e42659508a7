"""Named courses of events for ``anxin simulate --scenario``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from simulator.band import Band
from simulator.die import Die
from simulator.motion import DAILY, FALLS, daily, fall
from simulator.wearer import Doing

Scenario = Callable[[Sequence[Band], Die], Awaitable[None]]

FIRST_PRESS_S: Final = 15.0
BUSY_PAUSE_S: Final = (10.0, 40.0)
STORM_S: Final = 10.0
FALLS_OF_ALL: Final = 0.3
WANDERING: Final[tuple[Doing, ...]] = ("walk_away", "pace", "lap", "roam")


async def ordinary(_bands: Sequence[Band], _die: Die) -> None:
    """Nothing happens but life."""


async def first_press(bands: Sequence[Band], _die: Die) -> None:
    """After 15 s the first resident presses SOS, once."""
    await asyncio.sleep(FIRST_PRESS_S)
    bands[0].press()


async def busy(bands: Sequence[Band], die: Die) -> None:
    """Every half a minute or so somebody presses, falls, or walks away."""
    for number in range(1_000_000):
        await asyncio.sleep(die.uniform(*BUSY_PAUSE_S, number, "pause"))
        band = die.pick(bands, number, "who")
        match die.integer(0, 3, number, "what"):
            case 0:
                band.press()
            case 1:
                band.fall()
            case _:
                band.do("walk_away")


async def falls(bands: Sequence[Band], die: Die) -> None:
    """Every half a minute or so somebody falls or lives on hard, and only the motion of the wrist tells."""
    for number in range(1_000_000):
        await asyncio.sleep(die.uniform(*BUSY_PAUSE_S, number, "pause"))
        band = die.pick(bands, number, "who")
        if die.uniform(0, 1, number, "what") < FALLS_OF_ALL:
            band.wearer.answer = "none"
            band.move(fall(number, die.pick(FALLS, number, "fall")))
        else:
            band.wearer.answer = "ok"
            band.move(daily(number, die.pick(DAILY, number, "life")))


async def wandering(bands: Sequence[Band], die: Die) -> None:
    """Every half a minute or so somebody walks away, paces, walks in laps or roams; nobody stops by themselves."""
    for number in range(1_000_000):
        await asyncio.sleep(die.uniform(*BUSY_PAUSE_S, number, "pause"))
        die.pick(bands, number, "who").do(die.pick(WANDERING, number, "what"))


async def storm(bands: Sequence[Band], die: Die) -> None:
    """Everybody presses within 10 s, once: an earthquake."""
    moments = sorted((die.uniform(0, STORM_S, band.device), band.device, band) for band in bands)
    passed = 0.0
    for moment, _, band in moments:
        await asyncio.sleep(moment - passed)
        passed = moment
        band.press()


SCENARIOS: Final[dict[str, Scenario]] = {
    "ordinary": ordinary,
    "first-press": first_press,
    "busy": busy,
    "falls": falls,
    "wandering": wandering,
    "storm": storm,
}
