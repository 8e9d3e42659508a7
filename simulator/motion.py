"""What an accelerometer on a wrist feels, invented: falls, and what an old person's day has in their place.

A movement is a function of time before it is a row of samples: which way is up as seen from the wrist, how much of
one's weight is felt, the swing of walking, and jolts that ring out. So the same seed is the same movement at any
rate, range and way of wearing the band. Peaks, flights and the many blows of one fall (hand, knee, hip, elbow) are of
the order of acted trials (wrist: Casilari et al. 2017, doi:10.1016/j.procs.2017.06.110), not fitted to any: good
enough to exercise what listens, no evidence of how well it hears.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal, get_args

import numpy as np

from simulator.die import Die
from simulator.wrist import Motion, Wrist, hanging, turned_by

FallKind = Literal["forward", "backward", "sideways", "from_chair", "collapse"]
DailyKind = Literal["walking", "sitting_down_hard", "clapping", "stumbling", "lying_down", "hand_on_table", "resting"]
FALLS: Final[tuple[FallKind, ...]] = get_args(FallKind)
DAILY: Final[tuple[DailyKind, ...]] = get_args(DailyKind)

BEFORE_S: Final = 6.0
"""How long somebody walks, stands or sits before it happens."""
AFTER_S: Final = 20.0
"""How long they are watched afterwards, when not told otherwise."""


def fall(
    seed: int,
    kind: FallKind = "forward",
    *,
    rate_hz: float = 25.0,
    range_g: float = 16.0,
    turned: int | None = None,
    after_s: float = AFTER_S,
    gets_up: bool = False,
) -> Motion:
    """Somebody falls.

    Args:
        seed: Chooses the movement; the same at every rate and range.
        kind: Which way. ``collapse`` sinks down with hardly any flight, ``from_chair`` begins seated.
        rate_hz: Samples a second.
        range_g: The sensor's range; what is more is clipped.
        turned: How the band is worn, a seed of its own; None: dial outward, strap along the arm.
        after_s: How long they are watched after the jolt; 0.3 is a band that broke.
        gets_up: Stands up 5 s later and walks on, instead of lying still.
    """
    die = Die("fall", kind, seed)
    jolt_s = BEFORE_S + die.uniform(-0.5, 0.5, "jolt")
    wrist = Wrist(die, jolt_s + after_s, rate_hz)
    standing = hanging(die)
    wrist.turn(0.0, 0.1, standing)
    flight_s = {"collapse": die.uniform(0.15, 0.25, "flight"), "from_chair": die.uniform(0.18, 0.28, "flight")}.get(
        kind, die.uniform(0.30, 0.45, "flight")
    )
    weight = die.uniform(0.55, 0.75, "weight") if kind == "collapse" else die.uniform(0.15, 0.45, "weight")
    peak_g = {"collapse": die.uniform(2.0, 3.0, "peak"), "from_chair": die.uniform(2.6, 4.0, "peak")}.get(
        kind, die.uniform(3.2, 6.5, "peak")
    )
    if kind in ("forward", "backward", "sideways"):
        wrist.walk(0.0, jolt_s - flight_s - 0.2)
    else:
        wrist.stir(0.0, jolt_s - flight_s, 0.04, "before")
    wrist.stir(jolt_s - flight_s - 0.35, jolt_s, 0.35, "flailing")
    wrist.lighten(jolt_s - flight_s, jolt_s, weight)
    lying = turned_by(die, standing, math.radians(die.uniform(55, 125, "lying")))
    wrist.turn(jolt_s - flight_s, flight_s + 0.4, lying)
    wrist.jolt(jolt_s, peak_g, rings_s=0.09, hz=die.uniform(5, 9, "ring"), key="jolt")
    _tumble(wrist, jolt_s, peak_g, first_s=-0.7 * flight_s)
    wrist.turn(jolt_s + 0.7, 0.8, turned_by(die, lying, math.radians(die.uniform(0, 35, "roll")), "roll"))
    if gets_up:
        wrist.stir(jolt_s + 4.0, jolt_s + 8.0, 0.2, "getting up")
        wrist.turn(jolt_s + 5.0, 2.5, standing)
        wrist.walk(jolt_s + 8.0, jolt_s + after_s)
    else:
        wrist.stir(jolt_s + 1.5, jolt_s + after_s, 0.004, "breath")
    return wrist.motion(range_g=range_g, turned=turned, jolt_s=jolt_s)


def _tumble(wrist: Wrist, jolt_s: float, peak_g: float, *, first_s: float) -> None:
    """The other blows of one fall: the hand or knee that comes first, then whatever else meets the floor."""
    die = wrist.die
    blows = [(jolt_s + first_s * die.uniform(0.4, 0.9, "first"), die.uniform(0.25, 0.5, "first blow"))]
    blows += [
        (jolt_s + die.uniform(0.1, 0.75, number, "when"), die.uniform(0.25, 0.6, number, "blow"))
        for number in range(die.integer(3, 6, "blows"))
    ]
    for number, (at_s, share) in enumerate(blows):
        width_s = die.uniform(0.05, 0.11, number, "width")
        wrist.jolt(at_s, share * peak_g, rings_s=0.05, hz=8.0, key=f"blow/{number}", width_s=width_s)


def daily(
    seed: int,
    kind: DailyKind = "walking",
    *,
    rate_hz: float = 25.0,
    range_g: float = 16.0,
    turned: int | None = None,
    after_s: float = AFTER_S,
) -> Motion:
    """Somebody lives: the things that are met every day and must not be taken for falls. As ``fall`` otherwise."""
    die = Die("daily", kind, seed)
    seconds = BEFORE_S + after_s
    wrist = Wrist(die, seconds, rate_hz)
    wrist.turn(0.0, 0.1, hanging(die))
    return wrist.motion(range_g=range_g, turned=turned, jolt_s=_LIVES[kind](wrist, seconds))


def from_second(motion: Motion, second: float) -> Motion:
    """The movement without what came before ``second``; its time begins anew."""
    first = round(second * motion.rate_hz)
    begin_ms = int(motion.t_ms[first])
    jolt_ms = None if motion.jolt_ms is None else motion.jolt_ms - begin_ms
    return Motion(motion.t_ms[first:] - begin_ms, motion.samples_mg[first:], motion.rate_hz, jolt_ms)


def joined(*motions: Motion) -> Motion:
    """One after the other without a pause, as one recording; the jolt is the first that there is."""
    step_ms = 1000.0 / motions[0].rate_hz
    samples_mg = np.concatenate([motion.samples_mg for motion in motions])
    t_ms = np.rint(np.arange(len(samples_mg)) * step_ms).astype(np.int64)
    jolt_ms, begin = None, 0
    for motion in motions:
        if jolt_ms is None and motion.jolt_ms is not None:
            jolt_ms = round(begin * step_ms) + motion.jolt_ms
        begin += len(motion.t_ms)
    return Motion(t_ms, samples_mg, motions[0].rate_hz, jolt_ms)


def _walking(wrist: Wrist, seconds: float) -> float | None:
    wrist.walk(0.0, seconds)
    return None


def _resting(wrist: Wrist, seconds: float) -> float | None:
    wrist.stir(0.0, seconds, 0.02, "rest")
    return None


def _sitting_down_hard(wrist: Wrist, seconds: float) -> float | None:
    die = wrist.die
    wrist.walk(0.0, BEFORE_S - 1.5)
    wrist.lighten(BEFORE_S - 0.3, BEFORE_S, die.uniform(0.65, 0.85, "weight"))
    wrist.turn(BEFORE_S - 0.6, 0.9, turned_by(die, hanging(die), math.radians(die.uniform(30, 70, "lap"))))
    wrist.jolt(BEFORE_S, die.uniform(1.2, 2.0, "peak"), rings_s=0.06, hz=6.0, key="seat")
    wrist.stir(BEFORE_S + 1.0, seconds, 0.06, "seated")
    return BEFORE_S


def _clapping(wrist: Wrist, seconds: float) -> float | None:
    die = wrist.die
    hz = die.uniform(2.2, 3.6, "claps")
    peak_g = die.uniform(1.8, 4.0, "peak")
    wrist.turn(1.0, 0.6, turned_by(die, hanging(die), math.radians(80)))
    wrist.stir(1.5, 1.5 + 8.0, 0.4, "arms")
    for clap in range(round(8.0 * hz)):
        force_g = peak_g * die.uniform(0.7, 1.0, clap)
        wrist.jolt(1.7 + clap / hz, force_g, rings_s=0.03, hz=11.0, key="clap")
    wrist.turn(10.0, 0.8, hanging(die))
    wrist.stir(10.0, seconds, 0.05, "after")
    return None


def _stumbling(wrist: Wrist, seconds: float) -> float | None:
    die = wrist.die
    wrist.walk(0.0, seconds)
    wrist.stir(BEFORE_S - 0.3, BEFORE_S + 0.7, 0.5, "catching oneself")
    wrist.turn(BEFORE_S - 0.2, 0.3, turned_by(die, hanging(die), math.radians(die.uniform(30, 60, "arm"))))
    wrist.jolt(BEFORE_S, die.uniform(1.2, 2.2, "peak"), rings_s=0.07, hz=6.0, key="step")
    wrist.turn(BEFORE_S + 0.6, 0.6, hanging(die))
    return BEFORE_S


def _lying_down(wrist: Wrist, seconds: float) -> float | None:
    die = wrist.die
    wrist.stir(0.0, BEFORE_S + 3.0, 0.1, "going to bed")
    wrist.turn(BEFORE_S - 1.0, 2.5, turned_by(die, hanging(die), math.radians(die.uniform(60, 110, "bed"))))
    wrist.jolt(BEFORE_S + 0.8, die.uniform(0.3, 0.7, "mattress"), rings_s=0.1, hz=4.0, key="mattress")
    wrist.stir(BEFORE_S + 4.0, seconds, 0.006, "breath")
    return BEFORE_S + 0.8


def _hand_on_table(wrist: Wrist, seconds: float) -> float | None:
    die = wrist.die
    wrist.stir(0.0, seconds, 0.05, "seated")
    wrist.jolt(BEFORE_S, die.uniform(2.0, 4.5, "peak"), rings_s=0.03, hz=12.0, key="table")
    return BEFORE_S


_LIVES: Final[dict[DailyKind, Callable[[Wrist, float], float | None]]] = {
    "walking": _walking,
    "sitting_down_hard": _sitting_down_hard,
    "clapping": _clapping,
    "stumbling": _stumbling,
    "lying_down": _lying_down,
    "hand_on_table": _hand_on_table,
    "resting": _resting,
}
