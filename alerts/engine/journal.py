"""Keeping records as they were before a change, and putting them back."""

from __future__ import annotations

from typing import Any, Final

from alerts.engine.compiled import entry, gate, inner
from alerts.engine.layout import DEVICE, FOREVER, MOVED, NONE, Journal, State
from alerts.engine.wearing import heed, stir_device, stir_house, stir_resident, stir_site
from alerts.engine.words import WORD, copy_words

TREKS: Final = 0
"""``RUN.of``: the array whose words were kept."""
WAYS: Final = 1
PLACES: Final = 2

_DEVICE: Final = DEVICE.itemsize // WORD
_MOVED: Final = MOVED.itemsize // WORD


@gate
def keep_device(state: State, journal: Journal, d: int) -> None:
    """Keep what readings change of a ``DEVICE`` record: its first half, and the steps.

    Written into its callers: for every reading it would hand over the whole journal (measured: heartbeats 1.8
    times as slow).
    """
    j = journal.used[0]
    journal.device_slot[j] = d
    copy_words(journal.device, j * _MOVED, state.device, d * _DEVICE, _MOVED)
    journal.device_steps[j] = state.device[d]["steps"]
    journal.used[0] = j + 1


@gate
def keep_vitals(state: State, journal: Journal, d: int) -> None:
    """Keep a device's mark of vital signs."""
    j = journal.used[1]
    journal.vitals_slot[j] = d
    journal.vitals_mark[j] = state.mark_vitals[d]
    journal.used[1] = j + 1


@inner
def keep_resident(journal: Journal, slot: int, resident: Any) -> None:
    """Keep a ``RESIDENT`` record."""
    j = journal.used[2]
    journal.resident_slot[j] = slot
    journal.resident[j] = resident
    journal.used[2] = j + 1


@inner
def keep_check(state: State, journal: Journal, row: int) -> None:
    """Keep what has been said of a promised check."""
    j = journal.used[4]
    journal.check_row[j] = row
    journal.check_settled[j] = state.check[row]["settled"]
    journal.used[4] = j + 1


@inner
def keep_house(state: State, journal: Journal, house: int) -> None:
    """Keep a household's newest press."""
    j = journal.used[5]
    journal.house_slot[j] = house
    journal.house_ms[j] = state.house[house]["checkin_ms"]
    journal.used[5] = j + 1


@inner
def keep_site(state: State, journal: Journal, s: int) -> None:
    """Keep a ``SITE`` record."""
    j = journal.used[8]
    journal.site_row[j] = s
    journal.site[j] = state.site[s]
    journal.used[8] = j + 1


@inner
def keep_motion(state: State, journal: Journal, row: int, began: int) -> None:
    """Keep a ``MOTION`` record, not its ring; ``began``: the device that has just been given it, else −1."""
    j = journal.used[9]
    journal.motion_row[j] = row
    journal.motion_began[j] = began
    journal.motion[j] = state.motion[row]
    journal.used[9] = j + 1
    state.motion_stamp[row] += 1


@inner
def keep_ring(state: State, journal: Journal, row: int) -> None:
    """Keep the ring of a ``MOTION`` record that is kept already."""
    j = journal.used[10]
    journal.ring_row[j] = row
    for i in range(state.motion_ring.shape[1]):
        journal.ring[j, i] = state.motion_ring[row, i]
    journal.used[10] = j + 1


@gate
def keep_trek_words(state: State, journal: Journal, at: int, count: int) -> None:
    """Keep ``count`` words of the treks from word ``at`` on: of long records only what is about to change."""
    copy_words(journal.word, begin_run(journal, TREKS, at, count), state.trek, at, count)


@gate
def keep_ways_words(state: State, journal: Journal, at: int, count: int) -> None:
    """The same of the ways."""
    copy_words(journal.word, begin_run(journal, WAYS, at, count), state.ways, at, count)


@gate
def keep_places_words(state: State, journal: Journal, at: int, count: int) -> None:
    """The same of the places."""
    copy_words(journal.word, begin_run(journal, PLACES, at, count), state.places, at, count)


@gate
def begin_run(journal: Journal, of: int, at: int, count: int) -> int:
    """Note which words are kept next; returns where."""
    j, w = journal.used[11], journal.used[12]
    run = journal.run[j]
    run["at"] = at
    run["count"] = count
    run["of"] = of
    journal.used[11] = j + 1
    journal.used[12] = w + count
    return int(w)


@inner
def keep_given(journal: Journal, of: int, slot: int) -> None:
    """Keep that a device or resident has just been given the newest row of an array with long records."""
    j = journal.used[11]
    run = journal.run[j]
    run["at"] = slot
    run["count"] = 0
    run["of"] = of
    journal.used[11] = j + 1


@entry
def undo(state: State, journal: Journal) -> None:
    """Put every journalled record back, newest change first, and empty the journal."""
    for j in range(journal.used[0] - 1, -1, -1):
        d = journal.device_slot[j]
        copy_words(state.device, d * _DEVICE, journal.device, j * _MOVED, _MOVED)
        state.device[d]["steps"] = journal.device_steps[j]
        state.calm[d]["reach_m"] = -1.0
        stir_device(state, d)
    for j in range(journal.used[1] - 1, -1, -1):
        state.mark_vitals[journal.vitals_slot[j]] = journal.vitals_mark[j]
    for j in range(journal.used[2] - 1, -1, -1):
        slot = journal.resident_slot[j]
        state.resident[slot] = journal.resident[j]
        stir_resident(state, slot)
        heed(state, slot)
    for j in range(journal.used[3] - 1, -1, -1):
        state.episode[journal.episode_row[j]] = journal.episode[j]
        state.free[0] = journal.episode_free[j, 0]
        state.free[1] = journal.episode_free[j, 1]
    for j in range(journal.used[4] - 1, -1, -1):
        check = state.check[journal.check_row[j]]
        check["settled"] = journal.check_settled[j]
        state.check_due[check["resident"]] = 0
    for j in range(journal.used[5] - 1, -1, -1):
        house = journal.house_slot[j]
        state.house[house]["checkin_ms"] = journal.house_ms[j]
        stir_house(state, house)
    for j in range(journal.used[6] - 1, -1, -1):
        state.pulse[journal.pulse_row[j]] = journal.pulse[j]
    for j in range(journal.used[7] - 1, -1, -1):
        state.routine[journal.routine_row[j]] = journal.routine[j]
    for j in range(journal.used[8] - 1, -1, -1):
        s = journal.site_row[j]
        state.site[s] = journal.site[j]
        stir_site(state, s)
    for j in range(journal.used[10] - 1, -1, -1):
        row = journal.ring_row[j]
        for i in range(state.motion_ring.shape[1]):
            state.motion_ring[row, i] = journal.ring[j, i]
    for j in range(journal.used[9] - 1, -1, -1):
        row = journal.motion_row[j]
        state.motion[row] = journal.motion[j]
        state.motion_stamp[row] += 1
        state.fall_due[row] = 0
        if journal.motion_began[j] >= 0:
            state.motion_row[journal.motion_began[j]] = NONE
            state.motion_used[0] -= 1
            state.fall_due[row] = FOREVER
    undo_words(state, journal)
    journal.used[:] = 0


@inner
def undo_words(state: State, journal: Journal) -> None:
    """Put the kept words back, and take back the rows that were given, newest first."""
    w = journal.used[12]
    for j in range(journal.used[11] - 1, -1, -1):
        run = journal.run[j]
        at, count, of = run["at"], int(run["count"]), run["of"]
        w -= count
        if of == TREKS and count == 0:
            state.trek_row[at] = NONE
            state.trek_used[0] -= 1
            state.trek_stamp[state.trek_used[0]] += 1
        elif of == TREKS:
            copy_words(state.trek, at, journal.word, w, count)
            state.trek_stamp[at * WORD // state.trek.itemsize] += 1
        elif count == 0:
            state.ways_row[at] = NONE
            state.ways_used[0] -= 1
            state.ways_stamp[state.ways_used[0]] += 1
        elif of == WAYS:
            copy_words(state.ways, at, journal.word, w, count)
            state.ways_stamp[at * WORD // state.ways.itemsize] += 1
        else:
            copy_words(state.places, at, journal.word, w, count)
            state.ways_stamp[at * WORD // state.places.itemsize] += 1
