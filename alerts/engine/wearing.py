"""Whose a device was at a moment, in the engine's arrays; laid out by ``devices.wearing``.

Event time decides, not what is registered now: no change of the registry has to touch what a device did,
and whoever wears it next starts with what happened since they wear it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from alerts.engine.compiled import entry, inner
from alerts.engine.layout import BY_SIGN, FOREVER, NEVER, NOBODY, State


@inner
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


@inner
def next_handover(state: State, d: int, now: int) -> int:
    """When the device begins or ceases to be somebody's after ``now``, ms; FOREVER when nothing is planned."""
    moment = FOREVER
    first = state.spans[d, 0]
    for row in range(first, first + state.spans[d, 1]):
        span = state.span[row]
        edge = span["from_ms"] if span["from_ms"] > now else span["to_ms"]
        if edge > now:
            moment = min(moment, edge)
    return moment


@inner
def first_wearer(state: State, d: int, t: int, now: int) -> int:
    """Whose a cry from before everything that is known is; see ``devices.wearing.first_wearer``."""
    count = state.spans[d, 1]
    if count > 0:
        oldest = state.span[state.spans[d, 0] + count - 1]
        if t < oldest["from_ms"] <= now:
            return int(oldest["wearer"])
    return NOBODY


@inner
def speaks_for(state: State, d: int, slot: int, now: int) -> bool:
    """Whether a resident wears the device now, and it has reported since they do."""
    wearer, since, _ = span_at(state, d, now)
    return bool(wearer == slot and state.device[d]["last_sign"] >= since)


@inner
def stir(state: State, d: int, now: int) -> None:
    """Let everything be judged anew that a device's being heard, or its own pace, may decide."""
    state.fault_due[d] = 0
    site = state.device[d]["site"]
    if site >= 0:
        state.site_due[site] = 0
    wearer = span_at(state, d, now)[0]
    if 0 <= wearer < len(state.resident):
        stir_resident(state, wearer)


@inner
def stir_device(state: State, d: int) -> None:
    """The same whatever the time, for everybody who has it, had it or will have it."""
    state.fault_due[d] = 0
    site = state.device[d]["site"]
    if site >= 0:
        state.site_due[site] = 0
    for row in range(state.spans[d, 0], state.spans[d, 0] + state.spans[d, 1]):
        wearer = state.span[row]["wearer"]
        if 0 <= wearer < len(state.resident):
            stir_resident(state, wearer)


@inner
def stir_site(state: State, s: int) -> None:
    """Let everybody be judged anew who may be heard through a site."""
    state.site_due[s] = 0
    for row in range(state.site[s]["first"], state.site[s]["first"] + state.site[s]["count"]):
        stir_device(state, state.site_device[row])


@inner
def stir_resident(state: State, slot: int) -> None:
    """Let a resident's silence, their promised checks and the faults of what they wear be judged anew."""
    state.due[slot] = 0
    state.check_due[slot] = 0
    resident = state.resident[slot]
    for row in range(resident["ward_first"], resident["ward_first"] + resident["ward_count"]):
        state.fault_due[state.ward[row]] = 0


@entry
def stir_residents(state: State, slots: npt.NDArray[np.int64]) -> None:
    """The same of all these."""
    for slot in slots:
        stir_resident(state, slot)


@inner
def stir_house(state: State, house: int) -> None:
    """Let the promised checks of everybody of a household be judged anew."""
    first = state.house[house]["member_first"]
    for row in range(first, first + state.house[house]["member_count"]):
        state.check_due[state.member[row]] = 0


@inner
def heed(state: State, slot: int) -> None:
    """Let the devices that a resident has know whether their silence stands."""
    resident = state.resident[slot]
    for row in range(resident["ward_first"], resident["ward_first"] + resident["ward_count"]):
        device = state.device[state.ward[row]]
        if device["wearer"] == slot:
            device["heed"] = resident["silent_open"]


@inner
def rules_of(state: State, d: int, wearer: int) -> int:
    """The row of parameters in force for whoever wears a device: theirs, else those of the device's site."""
    return int(state.resident[wearer]["rules"] if wearer >= 0 else state.device[d]["site_rules"])


@inner
def may_be_kept_by_signs(state: State, slot: int) -> bool:
    """Whether a resident has a promised check that any sign of life keeps, or has just missed one."""
    resident = state.resident[slot]
    if resident["missed"] > 0 and resident["missed_by"] == BY_SIGN:
        return True
    for row in range(resident["check_first"], resident["check_first"] + resident["check_count"]):
        if state.check[row]["by"] == BY_SIGN:
            return True
    return False


@entry
def know_wearers(state: State, devices: npt.NDArray[np.int64]) -> None:
    """Write what the registry says of their wearers into the records of devices."""
    for d in devices:
        device = state.device[d]
        wearer = device["wearer"]
        device["rules"] = rules_of(state, d, wearer)
        device["heed"] = 0
        device["walks"] = 0
        device["promised"] = 0
        device["disc_lat"] = 0.0
        device["disc_lon"] = 0.0
        device["disc_cos"] = 0.0
        device["disc_m"] = -1.0
        if wearer < 0:
            continue
        resident = state.resident[wearer]
        device["heed"] = resident["silent_open"]
        device["promised"] = 1 if may_be_kept_by_signs(state, wearer) else 0
        followed = state.rules[resident["rules"]]["zone_exit_enabled"] == 1 and resident["active"] == 1
        device["walks"] = 1 if followed and resident["fence_count"] > 0 else 0
        device["disc_lat"] = resident["disc_lat"]
        device["disc_lon"] = resident["disc_lon"]
        device["disc_cos"] = resident["disc_cos"]
        device["disc_m"] = resident["disc_m"]
