"""A probable fall that nobody hears of yet: the next seconds show whether it was one that needs somebody (ADR 37).

Who cannot get up rests. After real falls those who did not get up by themselves had lain still for 34.5 s (median),
those who did for 10.5 s, by a sensor at the back (Schwickert et al., Reading from the black box: what sensors tell us
about resting and recovery after real-world falls). Who walks on, or goes on working with the hands, needs nobody at
once. What cannot be told apart is told.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import inner
from alerts.engine.fall_model import PEAK
from alerts.engine.jolts import BUSY, SECOND, STILL, WALKING, free_fall_ms, length_g, posture_deg, second_of

WAITS: Final = 0
"""What becomes of it: more has to be seen."""
LIES: Final = 1
"""They rest, or move too little for somebody who is well."""
GOES_ON: Final = 2


@inner
def hold(
    motion: Any, ring: npt.NDArray[np.int16], row: int, cell: int, newest: int, window: npt.NDArray[np.int16],
    known: int,
) -> None:  # fmt: skip
    """Let the fall with the jolt ``cell``, of which ``window`` was judged, be the one that waits."""
    motion["held"] = cell
    motion["held_peak_g"] = length_g(window, PEAK)
    motion["held_free_fall_ms"] = free_fall_ms(window)
    motion["held_posture_deg"] = posture_deg(window, known)
    motion["held_still"] = 0
    motion["held_walked"] = 0
    motion["held_seen"] = 0
    motion["held_calm"] = 0
    for each in range(cell + SECOND, newest + 1):
        if each % SECOND == SECOND - 1:
            _count(motion, second_of(ring, row, each))


@inner
def see_second(motion: Any, ring: npt.NDArray[np.int16], row: int, cell: int) -> None:
    """Count the second that ends with a cell for the fall that waits."""
    told = second_of(ring, row, cell)
    _count(motion, told)
    motion["held_seen"] += 1
    if told < BUSY:
        motion["held_calm"] += 1


@inner
def _count(motion: Any, told: int) -> None:
    motion["held_still"] = motion["held_still"] + 1 if told == STILL else 0
    if told == WALKING:
        motion["held_walked"] += 1


@inner
def outcome_of(motion: Any, hold_ms: int, rest_ms: int) -> int:
    """What is known of who may have fallen: WAITS, LIES or GOES_ON."""
    if motion["held_still"] * 1000 >= rest_ms or 2 * motion["held_calm"] * 1000 > hold_ms:
        return LIES
    return GOES_ON if motion["held_seen"] * 1000 >= hold_ms else WAITS
