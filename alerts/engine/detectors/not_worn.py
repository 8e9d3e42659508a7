"""``device.not_worn``: a band lies somewhere, and nobody is looked after by it.

Told by heartbeats (``worn``). Somebody who takes it off at night or puts it on the charger is left alone: only
a band that has been off for long is a visit's matter, and only by day. Always low; the subject is the device.
Nothing is judged for a resident who is not active.
"""

from __future__ import annotations

from math import isnan
from typing import Any

from alerts.engine import pool
from alerts.engine.compiled import gate, inner
from alerts.engine.hours import is_between, local_hour
from alerts.engine.layout import NONE, WORN, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.parameters import ParameterSpec, switch
from alerts.engine.rules import Rule, Severity, What
from devices.batch import Records
from devices.kinds import Kind

RULE = Rule.DEVICE_NOT_WORN
KIND = Kind.HEARTBEAT
PARAMETERS = (
    switch("device.not_worn"),
    ParameterSpec("device.not_worn.after_s", 7200, 60, 604_800, "a band may be off for so long", "assumption, ADR-14"),
    ParameterSpec(
        "device.not_worn.charging_after_s", 14_400, 60, 604_800, "and for so long on its charger", "assumption, ADR-14"
    ),
    ParameterSpec(
        "device.not_worn.day_from_h", 8, 0, 24, "nothing is opened before this local hour", "assumption, ADR-14",
        whole=True,
    ),
    ParameterSpec(
        "device.not_worn.day_to_h", 21, 0, 24, "nor from this local hour on", "assumption, ADR-14", whole=True
    ),
    ParameterSpec(
        "device.not_worn.remind_s", 86_400, 3600, 2_592_000, "while it stands, it is said again so often",
        "design rule 8: 24 h for devices",
    ),
)  # fmt: skip
EVIDENCE = ("off_for_s", "limit_s", "charging", "battery_pct")

_RULE = int(RULE)
_LOW = int(Severity.LOW)
_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)


@gate
def hear(state: State, _own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Judge what the newest heartbeat told of the wrist."""
    if at.newer and at.wearer >= 0:
        device = state.device[at.d]
        if device["watched"] == WORN and (device["worn"] == 0 or device["episode"] != NONE):
            k = judge(state, at, enabled, journal, out, k)
    return k


@inner
def judge(state: State, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
    """Count how long it has been off; open, repeat or end the device's episode."""
    p = state.rules[at.rules]
    resident = state.resident[at.wearer]
    device = state.device[at.d]
    row = pool.of_this_wearer(state, journal, at.d, _RULE, at.worn_since)
    if resident["active"] == 0 or enabled[_RULE] == 0:
        return k
    on = p["not_worn_enabled"] == 1
    if device["worn"] == 1 and row != NONE:
        if state.episode[row]["open"] == 1:
            k = say(state, at, row, _RECOVERED, out, k)
        pool.end(state, journal, at.d, row)
    if device["worn"] != 0 or (row == NONE and not on):
        return k
    if row == NONE:
        row = pool.begin(state, journal, at.d, _RULE, at.order)
    else:
        pool.keep(state, journal, row)
    episode = state.episode[row]
    episode["newest"] = at.order
    if at.late or not on:
        return k
    if episode["open"] == 1:
        if at.order - episode["told"] < p["not_worn_remind_ms"]:
            return k
        episode["told"] = at.order
        return say(state, at, row, _EVIDENCE, out, k)
    hour = local_hour(state, resident["zone"], at.order)
    by_day = isnan(hour) or is_between(hour, p["not_worn_day_from_h"], p["not_worn_day_to_h"])
    if by_day and at.order - episode["since"] >= limit_ms(device["charging"], p):
        pool.name(state, row, at.t, at.seq, at.order)
        return say(state, at, row, _OPENED, out, k)
    return k


@inner
def limit_ms(charging: int, p: Records) -> int:
    """How long a band may be off."""
    return int(p["not_worn_charging_after_ms"] if charging == 1 else p["not_worn_after_ms"])


@inner
def say(state: State, at: Heard, row: int, what: int, out: Records, k: int) -> int:
    """Emit what became of the episode, with what the heartbeat told."""
    p = state.rules[at.rules]
    device, episode = state.device[at.d], state.episode[row]
    emit(
        out, k, _RULE, what, _LOW, at.t, episode["opening_t"], episode["opening_seq"], at.i, at.wearer, at.d, at.late, p
    )
    values = out[k]["values"]
    values[0] = (at.order - episode["since"]) / 1000.0
    values[1] = limit_ms(device["charging"], p) / 1000.0
    if device["charging"] >= 0:
        values[2] = device["charging"]
    values[3] = device["battery_pct"]
    return k + 1
