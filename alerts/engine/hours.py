"""The local hour and the end of the night, for compiled detectors; the tables are ``local_time``'s."""

from __future__ import annotations

from math import isnan
from typing import Final

from alerts.engine.compiled import entry, inner
from alerts.engine.layout import FOREVER, State

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


@inner
def step_at(state: State, zone: int, t: int) -> int:
    """The column of a time zone's table that is in force at ``t``."""
    step = 0
    for i in range(state.zone_at.shape[1]):
        if state.zone_at[zone, i] <= t:
            step = i
    return step


@entry
def local_hour(state: State, zone: int, t: int) -> float:
    """Hour of the day, 0 ≤ h < 24, in a time zone; NaN when the zone is unknown."""
    if zone < 0:
        return float("nan")
    hour: float = ((t + state.zone_offset[zone, step_at(state, zone, t)]) % DAY_MS) / HOUR_MS
    return hour


@entry
def is_between(hour: float, from_h: int, to_h: int) -> bool:
    """Whether the hour lies in [from_h, to_h), which may span midnight; an unknown one never."""
    if isnan(hour):
        return False
    if from_h <= to_h:
        return from_h <= hour < to_h
    return hour >= from_h or hour < to_h


@inner
def end_of_night(state: State, zone: int, t: int, from_h: int, to_h: int) -> int:
    """The first moment after ``t``, which lies in a night, that does not; ms.

    From one change of the clocks to the next: a night is as long as the clocks make it, and one whose
    last hour they leave out ends when they change.
    """
    steps = state.zone_at.shape[1]
    for step in range(step_at(state, zone, t), steps):
        offset = state.zone_offset[zone, step]
        end: int = t + DAY_MS - (t + offset - to_h * HOUR_MS) % DAY_MS
        if step + 1 == steps or end < state.zone_at[zone, step + 1]:
            return end
        t = state.zone_at[zone, step + 1]
        if not is_between(local_hour(state, zone, t), from_h, to_h):
            return t
    return FOREVER
