"""Whose a device was at a moment, in the engine's arrays; laid out by ``devices.wearing``.

Event time decides, not what is registered now: no change of the registry has to touch what a device did,
and whoever wears it next starts with what happened since they wear it.
"""

from __future__ import annotations

from numba import njit

from alerts.engine.layout import NEVER, NOBODY, State


@njit(cache=True)
def span_at(state: State, d: int, t: int) -> tuple[int, int, int]:
    """Who has the device at ``t``, since when without a break, and until when (ms); else NOBODY, NEVER, NEVER."""
    device = state.device[d]
    if device["worn_from"] <= t < device["worn_to"]:
        return device["wearer"], device["worn_from"], device["worn_to"]
    first = state.spans[d, 0]
    for row in range(first, first + state.spans[d, 1]):
        span = state.span[row]
        if span["from_ms"] <= t:
            if t < span["to_ms"]:
                return span["wearer"], span["from_ms"], span["to_ms"]
            break
    return NOBODY, NEVER, NEVER


@njit(cache=True)
def first_wearer(state: State, d: int, t: int, now: int) -> int:
    """Whose a cry from before everything that is known is; see ``devices.wearing.first_wearer``."""
    count = state.spans[d, 1]
    if count > 0:
        oldest = state.span[state.spans[d, 0] + count - 1]
        if t < oldest["from_ms"] <= now:
            return int(oldest["wearer"])
    return NOBODY


@njit(cache=True)
def speaks_for(state: State, d: int, slot: int, now: int) -> bool:
    """Whether a resident wears the device now, and it has reported since they do."""
    wearer, since, _ = span_at(state, d, now)
    return bool(wearer == slot and state.device[d]["last_sign"] >= since)


@njit(cache=True)
def stir(state: State, d: int, now: int) -> None:
    """Let everything be judged anew that a device's being heard, or its own pace, may decide."""
    state.fault_due[d] = 0
    wearer = span_at(state, d, now)[0]
    if 0 <= wearer < len(state.resident):
        stir_resident(state, wearer)


@njit(cache=True)
def stir_resident(state: State, slot: int) -> None:
    """Let a resident's silence and the faults of what they wear be judged anew."""
    state.due[slot] = 0
    resident = state.resident[slot]
    for row in range(resident["ward_first"], resident["ward_first"] + resident["ward_count"]):
        state.fault_due[state.ward[row]] = 0
