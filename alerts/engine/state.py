"""Making and growing the arrays of the engine's state; records of which nothing is known yet."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from alerts.engine import fall_model
from alerts.engine.catalogue import DEFAULTS
from alerts.engine.layout import (
    CALM,
    CHECK,
    CHECKS_AT_MOST,
    DEVICE,
    EPISODE,
    FENCE,
    FOREVER,
    HOUSE,
    MOVED,
    NEVER,
    NONE,
    RESIDENT,
    RUN,
    SITE,
    SPAN,
    Journal,
    State,
)
from alerts.engine.motion import MOTION, blank_motions, blank_rings
from alerts.engine.places import PLACES, blank_places
from alerts.engine.pool import KEPT_AT_MOST
from alerts.engine.routine import PULSE, ROUTINE, blank_pulses, blank_routines
from alerts.engine.trek import blank_treks
from alerts.engine.ways import WAYS, blank_ways
from alerts.engine.words import WORD
from devices.batch import Records

_LINE: Final = 128
"""Octets. A ``DEVICE`` record lies in two neighbouring lines of the processor's cache, which fetches them together."""
_FIRST_EPISODES: Final = 64
_FIRST_MOTIONS: Final = 64
_FIRST_TREKS: Final = 64
_FIRST_WAYS: Final = 64
_KINDS_OF_RECORDS: Final = 13
_OF_THEIR_OWN_LENGTH: Final = frozenset({"ring_row", "ring", "run", "word"})
"""Columns of the journal that a batch without windows of motion, or without fixes, has no need of."""
_BUCKETS: Final = 64
RESIDENTS_AT_MOST: Final = 2
"""So often may one reading keep a ``RESIDENT`` record: it ends their silence, and is a sign that they are well."""
WORDS_AT_MOST: Final = 2 * (WAYS.itemsize + PLACES.itemsize) // WORD + 128
"""So many words may one fix keep: at most it begins a walk about another home, which are all of their ways and places
twice, the trek without its path and the ring, a cell of each, and the places once more."""
RUNS_AT_MOST: Final = 100
"""In so many runs: five for each of the cells of the longest step that is trusted, and what stands above."""

_Number = TypeVar("_Number", bound=np.generic)


def blank_devices(count: int) -> Records:
    """Devices of which nothing is known yet; aligned to ``_LINE``."""
    octets = np.zeros(count * DEVICE.itemsize + _LINE, np.uint8)
    start = -octets.ctypes.data % _LINE
    rows: Records = octets[start : start + count * DEVICE.itemsize].view(DEVICE)
    for name in ("mark_position", "mark_heartbeat", "last_sign"):
        rows[name] = NEVER
    for name in ("worn_from", "worn_to"):
        rows[name] = FOREVER
    for name in ("lat", "lon", "accuracy_m", "battery_pct"):
        rows[name] = np.nan
    for name in ("wearer", "charging", "worn", "episode", "cry", "disc_m", "site", "steps"):
        rows[name] = -1
    return rows


def blank_calms(count: int) -> Records:
    """Devices of which no fix is ordinary yet."""
    rows = np.zeros(count, CALM)
    rows["reach_m"] = -1.0
    return rows


def blank_residents(count: int) -> Records:
    """Residents of whom nothing is known yet: not active, no fences."""
    rows = np.zeros(count, RESIDENT)
    for name in ("home_lat", "home_lon"):
        rows[name] = np.nan
    for name in ("seen_ms", "checkin_ms", "sign_ms", "accompanied"):
        rows[name] = NEVER
    for name in ("zone", "disc_m", "site", "house", "routine"):
        rows[name] = -1
    return rows


def blank_houses(count: int) -> Records:
    """Households of which nothing is known yet."""
    rows = np.zeros(count, HOUSE)
    rows["checkin_ms"] = NEVER
    return rows


def blank_sites(count: int) -> Records:
    """Sites of which nothing is known yet."""
    rows = np.zeros(count, SITE)
    for name in ("began", "back"):
        rows[name] = NEVER
    return rows


def empty_state() -> State:
    """No devices, no residents."""
    return State(
        device=blank_devices(0),
        calm=blank_calms(0),
        mark_vitals=np.empty(0, np.int64),
        episode=np.empty(0, EPISODE),
        free=np.array([NONE, 0], np.int64),
        spans=np.empty((0, 2), np.int32),
        span=np.empty(0, SPAN),
        resident=blank_residents(0),
        ward=np.empty(0, np.int32),
        check=np.empty(0, CHECK),
        house=blank_houses(0),
        member=np.empty(0, np.int32),
        pulse=blank_pulses(0),
        routine=blank_routines(0),
        motion_row=np.empty(0, np.int32),
        motion_used=np.zeros(1, np.int64),
        motion=blank_motions(0),
        motion_ring=blank_rings(0),
        motion_stamp=np.empty(0, np.int64),
        fall_due=np.empty(0, np.int64),
        fall_weights=fall_model.weights(),
        fall_window=np.zeros((fall_model.WINDOW, 3), np.int16),
        fall_scratch=np.zeros(fall_model.SCRATCH, np.float32),
        trek_row=np.empty(0, np.int32),
        trek_used=np.zeros(1, np.int64),
        trek=blank_treks(0),
        trek_stamp=np.empty(0, np.int64),
        ways_row=np.empty(0, np.int32),
        ways_used=np.zeros(1, np.int64),
        ways=blank_ways(0),
        places=blank_places(0),
        ways_stamp=np.empty(0, np.int64),
        due=np.empty(0, np.int64),
        fault_due=np.empty(0, np.int64),
        check_due=np.empty(0, np.int64),
        site=blank_sites(0),
        site_device=np.empty(0, np.int32),
        site_due=np.empty(0, np.int64),
        hush=np.empty(0, np.int8),
        tally=np.zeros(_BUCKETS, np.int64),
        fence=np.empty(0, FENCE),
        vertex=np.empty((0, 2), np.float64),
        known_since=np.array([NEVER], np.int64),
        zone_at=np.empty((0, 1), np.int64),
        zone_offset=np.empty((0, 1), np.int64),
        rules=DEFAULTS.copy(),
    )


def with_devices(state: State, count: int) -> State:
    """The same state with room for ``count`` devices, fewer or more; those beyond are forgotten."""
    kept = min(count, len(state.device))
    device = blank_devices(count)
    device[:kept] = state.device[:kept]
    return state._replace(
        device=device,
        calm=blank_calms(count),
        mark_vitals=_resized(state.mark_vitals, count, NEVER),
        spans=_resized(state.spans, count, 0),
        motion_row=_resized(state.motion_row, count, NONE),
        trek_row=_resized(state.trek_row, count, NONE),
        fault_due=_resized(state.fault_due, count, 0),
    )


def with_residents(state: State, count: int) -> State:
    """The same state with room for ``count`` residents, more than before."""
    more = count - len(state.resident)
    return state._replace(
        resident=np.concatenate([state.resident, blank_residents(more)]),
        ways_row=_resized(state.ways_row, count, NONE),
        due=_resized(state.due, count, 0),
        check_due=_resized(state.check_due, count, 0),
    )


def with_houses(state: State, count: int) -> State:
    """The same state with room for ``count`` households, as many as before or more."""
    more = count - len(state.house)
    return state._replace(house=np.concatenate([state.house, blank_houses(more)])) if more else state


def with_routines(state: State, count: int) -> State:
    """The same state with room for ``count`` routines, more than before."""
    more = count - len(state.pulse)
    return state._replace(
        pulse=np.concatenate([state.pulse, blank_pulses(more)]),
        routine=np.concatenate([state.routine, blank_routines(more)]),
    )


def with_sites(state: State, rules: npt.NDArray[np.int32]) -> State:
    """The same state with a row for each site; ``rules``: shape (n_sites,), the parameters in force for it."""
    more = len(rules) - len(state.site)
    if more <= 0:
        return state
    site = np.concatenate([state.site, blank_sites(more)])
    site["rules"] = rules
    return state._replace(
        site=site, site_due=_resized(state.site_due, len(rules), 0), hush=_resized(state.hush, len(rules), 0)
    )


def with_motions(state: State, free: int) -> State:
    """The same state with at least ``free`` rows of motion that belong to no device.

    Memory that is not used yet costs nothing, copying does: room is doubled.
    """
    used = int(state.motion_used[0])
    if len(state.motion) - used >= free:
        return state
    room = max(used + free, 2 * len(state.motion), _FIRST_MOTIONS)
    motion, ring = blank_motions(room), blank_rings(room)
    motion[:used] = state.motion[:used]
    ring[:used] = state.motion_ring[:used]
    return state._replace(
        motion=motion,
        motion_ring=ring,
        motion_stamp=_resized(state.motion_stamp, room, 0),
        fall_due=_resized(state.fall_due, room, FOREVER),
    )


def with_treks(state: State, free: int) -> State:
    """The same state with at least ``free`` rows of treks that belong to no device, as ``with_motions``."""
    used = int(state.trek_used[0])
    if len(state.trek) - used >= free:
        return state
    room = max(used + free, 2 * len(state.trek), _FIRST_TREKS)
    trek = blank_treks(room)
    trek[:used] = state.trek[:used]
    return state._replace(trek=trek, trek_stamp=_resized(state.trek_stamp, room, 0))


def with_ways(state: State, free: int) -> State:
    """The same state with at least ``free`` rows of ways and places that belong to nobody, as ``with_motions``."""
    used = int(state.ways_used[0])
    if len(state.ways) - used >= free:
        return state
    room = max(used + free, 2 * len(state.ways), _FIRST_WAYS)
    ways, places = blank_ways(room), blank_places(room)
    ways[:used] = state.ways[:used]
    places[:used] = state.places[:used]
    return state._replace(ways=ways, places=places, ways_stamp=_resized(state.ways_stamp, room, 0))


def with_episodes(state: State, free: int) -> State:
    """The same state with at least ``free`` free rows for episodes."""
    if state.free[1] >= free:
        return state
    room = len(state.episode)
    more = max(free, room // 4, _FIRST_EPISODES)
    rows = np.zeros(more, EPISODE)
    rows["next"] = np.arange(room + 1, room + more + 1)
    rows["next"][-1] = state.free[0]
    return state._replace(
        episode=np.concatenate([state.episode, rows]), free=np.array([room, state.free[1] + more], np.int64)
    )


def _resized(column: npt.NDArray[_Number], count: int, blank: int) -> npt.NDArray[_Number]:
    resized: npt.NDArray[_Number] = np.full((count, *column.shape[1:]), blank, column.dtype)
    kept = min(count, len(column))
    resized[:kept] = column[:kept]
    return resized


def with_rings(journal: Journal, windows: int) -> Journal:
    """The same journal with room for the rings of so many windows of motion, more than before."""
    used = int(journal.used[10])
    ring = blank_rings(windows)
    ring[:used] = journal.ring[:used]
    return journal._replace(ring_row=_resized(journal.ring_row, windows, 0), ring=ring)


def with_words(journal: Journal, fixes: int) -> Journal:
    """The same journal with room for what so many more fixes change of treks, ways and places.

    A walk of every day takes a tenth of it. Memory that is not used yet costs nothing.
    """
    runs, words = int(journal.used[11]), int(journal.used[12])
    run = np.empty(runs + fixes * RUNS_AT_MOST, RUN)
    word = np.empty(words + fixes * WORDS_AT_MOST, np.int64)
    run[:runs] = journal.run[:runs]
    word[:words] = journal.word[:words]
    return journal._replace(run=run, word=word)


def larger_journal(journal: Journal, room: int) -> Journal:
    """The same journal with room for the changes of this many readings, more than before; no more rings and treks."""
    columns = journal._asdict()
    larger = empty_journal(room)._replace(**{name: columns[name] for name in _OF_THEIR_OWN_LENGTH})
    for name, before in columns.items():
        if name not in _OF_THEIR_OWN_LENGTH:
            getattr(larger, name)[: len(before)] = before
    return larger


def empty_journal(room: int) -> Journal:
    """A journal with room for the changes of this many readings, none of which is a window of motion or a fix."""
    episodes = KEPT_AT_MOST * room
    residents, checks = RESIDENTS_AT_MOST * room, CHECKS_AT_MOST * room
    return Journal(
        used=np.zeros(_KINDS_OF_RECORDS, np.int64),
        device_slot=np.empty(room, np.int32),
        device=np.empty(room, MOVED),
        device_steps=np.empty(room, np.int32),
        vitals_slot=np.empty(room, np.int32),
        vitals_mark=np.empty(room, np.int64),
        resident_slot=np.empty(residents, np.int32),
        resident=np.empty(residents, RESIDENT),
        episode_row=np.empty(episodes, np.int32),
        episode=np.empty(episodes, EPISODE),
        episode_free=np.empty((episodes, 2), np.int64),
        check_row=np.empty(checks, np.int32),
        check_settled=np.empty(checks, np.int8),
        house_slot=np.empty(room, np.int32),
        house_ms=np.empty(room, np.int64),
        pulse_row=np.empty(room, np.int32),
        pulse=np.empty(room, PULSE),
        routine_row=np.empty(room, np.int32),
        routine=np.empty(room, ROUTINE),
        site_row=np.empty(room, np.int32),
        site=np.empty(room, SITE),
        motion_row=np.empty(room, np.int32),
        motion_began=np.empty(room, np.int32),
        motion=np.empty(room, MOTION),
        ring_row=np.empty(0, np.int32),
        ring=blank_rings(0),
        run=np.empty(0, RUN),
        word=np.empty(0, np.int64),
    )
