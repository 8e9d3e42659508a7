"""Episodes in their pool: finding, beginning and ending what is out of the ordinary about a device."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import entry, inner
from alerts.engine.layout import NEVER, NOBODY, NONE, Journal, State
from devices.batch import Records

BEGUN_AT_MOST: Final = 4
"""So many episodes may one reading begin: one for each vital sign."""
KEPT_AT_MOST: Final = 24
"""So often may one reading keep an episode: two each time one ends, one each time one changes."""


@inner
def find(state: State, head: int, rule: int) -> int:
    """The row of a rule's episode in a device's chain, NONE when there is none."""
    row = head
    while row != NONE and state.episode[row]["rule"] != rule:
        row = state.episode[row]["next"]
    return row


@inner
def of_this_wearer(state: State, journal: Journal, d: int, rule: int, worn_since: int) -> int:
    """The same for a rule that follows one wearer: what it was under another one is taken out of the chain."""
    row = find(state, state.device[d]["episode"], rule)
    if row != NONE and state.episode[row]["newest"] < worn_since:
        end(state, journal, d, row)
        return NONE
    return row


@inner
def keep(state: State, journal: Journal, row: int) -> None:
    """Keep an ``EPISODE`` record as it is, and which rows are free."""
    j = journal.used[3]
    journal.episode_row[j] = row
    journal.episode[j] = state.episode[row]
    journal.episode_free[j, 0] = state.free[0]
    journal.episode_free[j, 1] = state.free[1]
    journal.used[3] = j + 1


@inner
def begin(state: State, journal: Journal, d: int, rule: int, since: int) -> int:
    """Chain a new episode to a device whose record is kept already; returns its row. There must be a free one."""
    row = _taken(state, journal, rule, since)
    state.episode[row]["next"] = state.device[d]["episode"]
    state.device[d]["episode"] = row
    return row


@inner
def begin_cry(state: State, journal: Journal, d: int, rule: int, since: int) -> int:
    """The same in the chain of presses and falls."""
    row = _taken(state, journal, rule, since)
    state.episode[row]["next"] = state.device[d]["cry"]
    state.device[d]["cry"] = row
    return row


@inner
def _taken(state: State, journal: Journal, rule: int, since: int) -> int:
    row = int(state.free[0])
    keep(state, journal, row)
    episode = state.episode[row]
    state.free[0] = episode["next"]
    state.free[1] -= 1
    episode["opening_t"] = 0
    episode["opening_seq"] = 0
    episode["since"] = since
    episode["newest"] = since
    episode["told"] = NEVER
    episode["far_since"] = NEVER
    episode["watched_ms"] = 0
    episode["far"] = 0
    episode["away_m"] = 0.0
    episode["wearer"] = NOBODY
    episode["count"] = 0
    episode["back"] = 0
    episode["rule"] = rule
    episode["open"] = 0
    return row


@inner
def end(state: State, journal: Journal, d: int, row: int) -> None:
    """Take an episode out of the chain of a device whose record is kept already."""
    before = _before(state, d, row)
    if before != NONE:
        keep(state, journal, before)
    keep(state, journal, row)
    _unchain(state, d, row, before)


@inner
def name(state: State, row: int, t: int, seq: int, order: int) -> None:
    """Open an episode that is kept already: the reading that opens it names it."""
    episode = state.episode[row]
    episode["open"] = 1
    episode["opening_t"] = t
    episode["opening_seq"] = seq
    episode["told"] = order
    episode["back"] = 0


@entry
def forget(state: State, d: int, rule: int) -> None:
    """Take a rule's episode out of a device's chain, if there is one; between batches, outside the journal."""
    row = find(state, state.device[d]["episode"], rule)
    if row != NONE:
        _unchain(state, d, row, _before(state, d, row))


def counting(state: State, rule: int, devices: Iterable[int] | None = None) -> list[int]:
    """Those of the devices (all without a list) that have evidence of a rule which has opened nothing yet."""
    among = np.flatnonzero(state.device["episode"] != NONE) if devices is None else np.array([*devices], np.int64)
    found: list[int] = among[: _counting(state, rule, among)].tolist()
    return found


@entry
def _counting(state: State, rule: int, among: npt.NDArray[np.int64]) -> int:
    """Move those in question to the front; returns how many they are."""
    count = 0
    for d in among:
        row = find(state, state.device[d]["episode"], rule)
        if row != NONE and state.episode[row]["open"] == 0:
            among[count] = d
            count += 1
    return count


@inner
def _before(state: State, d: int, row: int) -> int:
    """The episode that stands before another in a device's chain, NONE for the first."""
    before = NONE
    each = state.device[d]["episode"]
    while each != row:
        before = each
        each = state.episode[each]["next"]
    return before


@inner
def _unchain(state: State, d: int, row: int, before: int) -> None:
    """Take an episode out of a device's chain and give its row back."""
    if before == NONE:
        state.device[d]["episode"] = state.episode[row]["next"]
    else:
        state.episode[before]["next"] = state.episode[row]["next"]
    state.episode[row]["next"] = state.free[0]
    state.free[0] = row
    state.free[1] += 1


def gathered(state: State) -> tuple[Records, Records]:
    """The episodes in the order of their devices with no free row among them, and the devices that point to them."""
    device = state.device.copy()
    episode = np.empty(len(state.episode) - int(state.free[1]), state.episode.dtype)
    _gather(state, device, episode)
    return device, episode


@entry
def _gather(state: State, device: Records, episode: Records) -> None:
    used = 0
    for d in range(len(device)):
        first = used
        used = _moved(state, device[d]["episode"], episode, used)
        device[d]["episode"] = NONE if used == first else first
        first = used
        used = _moved(state, device[d]["cry"], episode, used)
        device[d]["cry"] = NONE if used == first else first


@inner
def _moved(state: State, head: int, into: Records, used: int) -> int:
    """Copy a chain to the rows from ``used`` on; returns the next."""
    row = head
    while row != NONE:
        into[used] = state.episode[row]
        row = state.episode[row]["next"]
        into[used]["next"] = NONE if row == NONE else used + 1
        used += 1
    return used
