"""What is known of a resident's own ways: how often they stir at each hour, and how long they have been still before.

Two records a resident, apart from all others, for those who have a device. ``PULSE`` is what every reading changes:
since when they are still, and how many signs of life their routine would have had in that time. ``ROUTINE`` is what
is touched once an hour, and when a silence ends. Together they are at most 512 bytes.

Time is counted in intervals of five minutes (``STEP_MS``), or as long as a device waits between two reports where that
is longer, of which it is known whether they stirred; what nothing was reported of counts for nothing. Of each hour of
the day two counts are kept, both halved every so many days on which the resident was seen (``HALF_LIFE_DAYS``):
intervals seen, and those with a sign. Their ratio is the chance of a sign.
A still interval weighs -log(1 - chance): so many signs are missing by the odds of this resident and this hour. Summed
over a silence that is *expected*; in a night it hardly grows, in an active morning quickly. It is the time scale on
which silences of any hour, of any resident and any kind of sensor are alike, as far as signs come independently.

They do not, so that a resident's own silences decide what is long: the greatest *expected* of any, and for each hour
of the day how long the two longest lasted from there on. These fade day by day, as what is remembered does.

Weeks have their own ways: of each hour of each day of the week it is kept how much more or less often they stir than
at that hour on any day. Where that is much less, a silence weighs less, and counts for so much less among their long
ones: who rests every Sunday is neither missed on Sundays nor forgotten on Mondays. That they stir *more* often on a day
makes no silence weigh more: so few weeks cannot tell it from chance.
"""

from __future__ import annotations

from math import exp, floor, log
from typing import Any, Final

import numpy as np

from alerts.engine.compiled import entry, gate, inner
from alerts.engine.hours import DAY_MS, HOUR_MS, step_at
from alerts.engine.layout import NEVER, Journal, State

STEP_MS: Final = 300_000
HOURS: Final = 24
HALF_LIFE_DAYS: Final = 14.0
"""Of the counts. Assumption, ADR-27: habits change with the season, not with the week."""
FADE: Final = 0.95
"""What is left after a day of how long a silence was. Assumption, ADR-27: half of it after 13 days."""
PRIOR_CHANCE: Final = 0.6
PRIOR_STEPS: Final = 12.0
"""Before anything is known an hour counts as if it had been seen once with so many signs. Assumption, ADR-27."""
LEAST_CHANCE: Final = 0.005
MOST_CHANCE: Final = 0.95
"""A sign in every interval seen so far does not make the next one certain. Assumption, ADR-27."""
SEEN_DAY_STEPS: Final = 72.0
"""A day counts when six hours of it were seen. Assumption, ADR-27."""
NOTABLE_MS: Final = 900_000
"""Shorter silences are not remembered."""
EARLIER_MS: Final = HOUR_MS
"""A silence is remembered for those who begin one up to an hour before it as well. Assumption, ADR-27."""
DAYS: Final = 7
REMEMBERED_SIGNS: Final = 12.0
"""What is known of an hour of the week weighs as much as so many signs: one Sunday is no habit, and where hardly any
are usual a few too many or too few tell little. Measured, ADR-27."""
ALIKE_FROM: Final = 0.4
"""So much of what is usual is still an ordinary day; only what is beneath it counts, by degrees. Measured, ADR-27."""
PART: Final = 200.0
"""Counts are kept to so small a part of an interval; more than 260 of them are never remembered."""

_DECAY: Final = exp(-log(2.0) / HALF_LIFE_DAYS)
_MOST: Final = 65_535

PULSE: Final[np.dtype[Any]] = np.dtype(
    [
        ("seen_to", "i8"),  # newest moment of which it is known whether they stirred, NEVER
        ("sign_ms", "i8"),  # newest sign of life, NEVER
        ("still_ms", "i8"),  # how long they were seen to be still since
        ("limit_ms", "i8"),  # how long they may be, 0 not yet asked
        ("hour_end", "i8"),  # end of the local hour that ``hour`` names
        ("sign_step", "i8"),  # the interval of the newest sign
        ("opening_t", "i8"),  # with opening_seq: the open episode
        ("opening_seq", "i8"),
        ("told", "i8"),  # newest evidence of it
        ("expected", "f8"),  # signs missing since the newest one
        ("weight", "f8"),  # of a still interval in this hour
        ("usual", "f8"),  # what would be missing if all days of the week were alike
        ("usual_weight", "f8"),
        ("lat", "f4"),  # where they were when they last moved, NaN
        ("lon", "f4"),
        ("accuracy_m", "f4"),
        ("hour_seen", "f4"),  # intervals seen in this hour, not yet in ``seen``
        ("hour_signs", "f4"),
        ("day", "i4"),  # local day, in days since 1970, -1
        ("hour", "i1"),
        ("open", "i1"),
        ("severity", "i1"),
        ("_spare", "i1", (5,)),
    ],
    align=True,
)

ROUTINE: Final[np.dtype[Any]] = np.dtype(
    [
        ("seen", "u2", (HOURS,)),  # intervals seen, in ``PART``, halved every HALF_LIFE_DAYS
        ("signs", "u2", (HOURS,)),  # those with a sign
        ("longest", "u2", (HOURS,)),  # minutes that a silence lasted from this hour on, fading
        ("second", "u2", (HOURS,)),
        ("week", "i1", (DAYS * HOURS,)),  # by how many percent they stir more often than on any day, Monday first
        ("top", "f4"),  # greatest ``expected`` of a silence, fading
        ("wary", "f4"),  # by how much limits are stretched after false alarms
        ("days", "f4"),  # seen so far
        ("day_seen", "f4"),  # intervals seen today
    ],
    align=True,
)


def blank_pulses(count: int) -> Any:
    """Residents of whom nothing was seen yet."""
    rows = np.zeros(count, PULSE)
    for name in ("seen_to", "sign_ms", "told"):
        rows[name] = NEVER
    for name in ("day", "hour", "sign_step"):
        rows[name] = -1
    for name in ("lat", "lon", "accuracy_m"):
        rows[name] = np.nan
    return rows


def blank_routines(count: int) -> Any:
    """Residents of whom nothing is known yet."""
    rows = np.zeros(count, ROUTINE)
    rows["wary"] = 1.0
    return rows


@gate
def keep_pulse(state: State, journal: Journal, row: int) -> None:
    """Keep a ``PULSE`` record as it is."""
    j = journal.used[6]
    journal.pulse_row[j] = row
    journal.pulse[j] = state.pulse[row]
    journal.used[6] = j + 1


@inner
def keep_routine(state: State, journal: Journal, row: int) -> None:
    """Keep a ``ROUTINE`` record as it is."""
    j = journal.used[7]
    journal.routine_row[j] = row
    journal.routine[j] = state.routine[row]
    journal.used[7] = j + 1


@inner
def chance(routine: Any, hour: int) -> float:
    """The chance of a sign in an interval of an hour, smoothed over its neighbours."""
    found = 0.0
    for by in range(-1, 2):
        each = (hour + by) % HOURS
        signs = routine["signs"][each] / PART + PRIOR_CHANCE * PRIOR_STEPS
        found += (0.5 if by == 0 else 0.25) * signs / (routine["seen"][each] / PART + PRIOR_STEPS)
    return float(min(MOST_CHANCE, max(LEAST_CHANCE, found)))


@inner
def quietness(routine: Any, day: int, hour: int) -> float:
    """How much of the usual chance of a sign is left at an hour of a local day: 1 on an ordinary one."""
    often = 1.0 + routine["week"][week_hour(day, hour)] / 100.0
    return float(min(1.0, often / ALIKE_FROM))


@inner
def week_hour(day: int, hour: int) -> int:
    """The place in ``week`` of an hour of a local day, which is counted from 1970-01-01, a Thursday."""
    return int((day + 3) % DAYS * HOURS + hour)


@inner
def learn_week(routine: Any, day: int, hour: int, seen: float, signs: float) -> None:
    """Take an hour into what is known of its day of the week: intervals seen, and those with a sign."""
    expected = seen * chance(routine, hour)
    place = week_hour(day, hour)
    often = 1.0 + routine["week"][place] / 100.0
    often += (signs - often * expected) / (REMEMBERED_SIGNS + expected)
    routine["week"][place] = int(min(127.0, max(-100.0, floor(100.0 * (often - 1.0) + 0.5))))


@inner
def kept(count: float) -> int:
    """A count of intervals as it is stored."""
    return int(min(_MOST, floor(count * PART + 0.5)))


@inner
def enter_hour(state: State, row: int, zone: int, t: int) -> None:
    """Take what was seen in the last hour into the routine, and go on in that of ``t``; both records are kept."""
    pulse, routine = state.pulse[row], state.routine[row]
    if pulse["hour"] >= 0:
        learn_week(routine, pulse["day"], pulse["hour"], pulse["hour_seen"], pulse["hour_signs"])
        hour = pulse["hour"]
        routine["seen"][hour] = kept(routine["seen"][hour] / PART + pulse["hour_seen"])
        routine["signs"][hour] = kept(routine["signs"][hour] / PART + pulse["hour_signs"])
        routine["day_seen"] += pulse["hour_seen"]
    pulse["hour_seen"] = 0.0
    pulse["hour_signs"] = 0.0
    offset = 0 if zone < 0 else state.zone_offset[zone, step_at(state, zone, t)]
    local = t + offset
    pulse["hour"] = local % DAY_MS // HOUR_MS
    pulse["hour_end"] = t + HOUR_MS - local % HOUR_MS
    day = local // DAY_MS
    if day != pulse["day"]:
        if routine["day_seen"] >= SEEN_DAY_STEPS:
            age(routine)
        routine["day_seen"] = 0.0
        pulse["day"] = day
    usual = chance(routine, pulse["hour"])
    pulse["usual_weight"] = -log(1.0 - usual)
    pulse["weight"] = -log(1.0 - max(LEAST_CHANCE, usual * quietness(routine, pulse["day"], pulse["hour"])))


@inner
def age(routine: Any) -> None:
    """Let a day that was seen pass."""
    routine["days"] += 1.0
    routine["top"] = np.float64(routine["top"]) * FADE
    routine["wary"] = 1.0 + (np.float64(routine["wary"]) - 1.0) * FADE
    for hour in range(HOURS):
        routine["seen"][hour] = kept(routine["seen"][hour] / PART * _DECAY)
        routine["signs"][hour] = kept(routine["signs"][hour] / PART * _DECAY)
        routine["longest"][hour] = int(routine["longest"][hour] * FADE)
        routine["second"][hour] = int(routine["second"][hour] * FADE)


@inner
def remember(state: State, row: int, zone: int, began: int, lasted: int) -> None:
    """Let a silence that is over be one of the resident's own; the record is kept.

    What lasted through the quiet part of a week counts for as much less as it weighs less: it says little of others.
    """
    routine, pulse = state.routine[row], state.pulse[row]
    routine["top"] = max(routine["top"], pulse["expected"])
    share = pulse["expected"] / pulse["usual"] if pulse["usual"] > 0.0 else 1.0
    if lasted < NOTABLE_MS:
        return
    offset = 0 if zone < 0 else state.zone_offset[zone, step_at(state, zone, began)]
    first = began + offset - EARLIER_MS
    first -= first % HOUR_MS
    for i in range(HOURS):
        start = first + i * HOUR_MS - offset
        if start >= began + lasted:
            break
        minutes = int(min(_MOST, (began + lasted - max(start, began)) // 60_000) * share)
        hour = (first + i * HOUR_MS) % DAY_MS // HOUR_MS
        if minutes > routine["longest"][hour]:
            routine["second"][hour] = routine["longest"][hour]
            routine["longest"][hour] = minutes
        elif minutes > routine["second"][hour]:
            routine["second"][hour] = minutes


@entry
def forget_silence(state: State, row: int) -> None:
    """Let whatever is going on be over without having been anything; between batches, outside the journal."""
    pulse = state.pulse[row]
    pulse["seen_to"] = NEVER
    pulse["sign_ms"] = NEVER
    begin_silence(pulse)
    pulse["open"] = 0


@entry
def forget_half_counted(state: State) -> None:
    """The same for everybody of whom nothing was said."""
    for row in range(len(state.pulse)):
        if state.pulse[row]["open"] == 0:
            forget_silence(state, row)


@inner
def begin_silence(pulse: Any) -> None:
    """From now on they may be still."""
    pulse["still_ms"] = 0
    pulse["expected"] = 0.0
    pulse["usual"] = 0.0
    pulse["limit_ms"] = 0
