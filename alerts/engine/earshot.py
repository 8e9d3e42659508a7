"""Whether anybody could be heard: while a site is silent, and just after, what does not come from it tells nothing.

Every rule that concludes something from what it does not hear asks here since when it could have heard it.
"""

from __future__ import annotations

from alerts.engine.compiled import inner
from alerts.engine.layout import FOREVER, NEVER, State
from alerts.engine.rules import Severity
from alerts.engine.wearing import speaks_for

_HIGH = int(Severity.HIGH)


@inner
def is_in_the_dark(state: State, d: int) -> bool:
    """Whether a device has not been heard since its site fell silent, which still stands."""
    s = state.device[d]["site"]
    if s < 0 or state.site[s]["open"] == 0:
        return False
    return bool(state.device[d]["last_sign"] <= state.site[s]["began"])


@inner
def audible_since(state: State, d: int, listening_since: int) -> int:
    """Since when a device could be heard, ms: we listen, and its site is back if it was silent."""
    s = state.device[d]["site"]
    return listening_since if s < 0 else max(listening_since, int(state.site[s]["back"]))


@inner
def held_until(state: State, d: int) -> int:
    """Until when nothing is concluded from a device's silence, ms; NEVER when it could be heard."""
    if not is_in_the_dark(state, d):
        return NEVER
    return hold_of(state, state.device[d]["site"])


@inner
def is_hushed(state: State, d: int, moment: int, now: int) -> bool:
    """Whether a silence that counts from ``moment`` on waits a little: its site may just be falling silent."""
    s = state.device[d]["site"]
    if s < 0 or state.hush[s] == 0:
        return False
    return bool(now < moment + state.rules[state.site[s]["rules"]]["site_silent_patience_ms"])


@inner
def is_person_hushed(state: State, slot: int, moment: int, now: int) -> bool:
    """The same of somebody by what they wear."""
    first = state.resident[slot]["ward_first"]
    for row in range(first, first + state.resident[slot]["ward_count"]):
        d = state.ward[row]
        if speaks_for(state, d, slot, now) and is_hushed(state, d, moment, now):
            return True
    return False


@inner
def person_audible_since(state: State, slot: int, now: int, listening_since: int) -> int:
    """Since when somebody could be heard by what they wear, ms; by the first of several that could."""
    since = FOREVER
    first = state.resident[slot]["ward_first"]
    for row in range(first, first + state.resident[slot]["ward_count"]):
        d = state.ward[row]
        if speaks_for(state, d, slot, now):
            since = min(since, audible_since(state, d, listening_since))
    if since != FOREVER:
        return since
    s = state.resident[slot]["site"]
    return listening_since if s < 0 else max(listening_since, int(state.site[s]["back"]))


@inner
def person_held_until(state: State, slot: int, now: int) -> int:
    """Until when nothing is concluded from somebody's silence, ms; NEVER: something that they wear could be heard.

    Who wears nothing that was ever heard shares the fate of their site when half of it, or more, is silent: they may
    have a box at home.
    """
    until = NEVER
    first = state.resident[slot]["ward_first"]
    for row in range(first, first + state.resident[slot]["ward_count"]):
        d = state.ward[row]
        if speaks_for(state, d, slot, now):
            own = held_until(state, d)
            if own == NEVER:
                return NEVER
            until = max(until, own)
    s = state.resident[slot]["site"]
    if until != NEVER or s < 0 or state.site[s]["open"] == 0 or state.site[s]["severity"] < _HIGH:
        return until
    return hold_of(state, s)


@inner
def hold_of(state: State, s: int) -> int:
    """Until when a site that is silent excuses those in the dark, ms."""
    return int(state.site[s]["began"]) + int(state.rules[state.site[s]["rules"]]["site_silent_hold_ms"])
