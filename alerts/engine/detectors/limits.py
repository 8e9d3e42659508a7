"""What the rules of vital signs have in common: a value beyond its limits, again and again.

One reading proves nothing: bands slip, cuffs are put on wrongly. So many in a row must be out, over so long, with
no longer gap between them; it ends when so many in a row are inside again by a margin. Each device counts for
itself, under one wearer (only the order within one device and kind is certain, design rule 5). Late readings
count, but open nothing. What a band measures while it says that nobody wears it is not heard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from alerts.engine import pool
from alerts.engine.compiled import gate, inner
from alerts.engine.layout import MOST, NOBODY, NONE, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.parameters import ParameterSpec, switch
from alerts.engine.rules import Rule, What
from devices.batch import Records

_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_RECOVERED = int(What.RECOVERED)

NEWS2: Final = "NEWS2, Royal College of Physicians 2017: a red score"
NEWS2_HOT: Final = "NEWS2, Royal College of Physicians 2017: two points"
CRISIS: Final = "hypertensive crisis, doi:10.1161/HYP.0000000000000065"
_ASSUMED: Final = "assumption, ADR-14"


class Counting(NamedTuple):
    """How readings of one rule are counted, from its row of parameters."""

    enabled: int
    confirm: int
    span_ms: int
    gap_ms: int
    back_readings: int
    evidence_every_ms: int
    severity: int


def counting(
    rule: str, *, confirm: int, span_s: float, gap_s: float, back_readings: int, severity: int
) -> tuple[ParameterSpec, ...]:
    """The parameters that every rule of this family has."""
    return (
        switch(rule),
        ParameterSpec(f"{rule}.confirm", confirm, 1, 100, "so many readings in a row are out", _ASSUMED, whole=True),
        ParameterSpec(f"{rule}.span_s", span_s, 0, 86_400, "and so long from the first of them to the last", _ASSUMED),
        ParameterSpec(f"{rule}.gap_s", gap_s, 1, 604_800, "after a longer gap counting starts anew", _ASSUMED),
        ParameterSpec(
            f"{rule}.back_readings", back_readings, 1, 100, "so many readings in a row inside again end it", _ASSUMED,
            whole=True,
        ),
        ParameterSpec(
            f"{rule}.evidence_every_s", 300, 0, 86_400, "later readings out are told at most so often", _ASSUMED
        ),
        ParameterSpec(
            f"{rule}.severity", severity, 0, 2, "0 low, 1 medium, 2 high", _ASSUMED, whole=True
        ),
    )  # fmt: skip


def hearing(
    rule: Rule,
    *,
    is_known: Callable[[Any], bool],
    is_out: Callable[[Any, Any], bool],
    is_back: Callable[[Any, Any], bool],
    tell: Callable[[Any, Any, Any], int],
) -> Callable[..., int]:
    """What hears the readings of one rule of this family: its ``hear``.

    Args:
        rule: one with the parameters of ``counting``.
        is_known: whether a reading tells anything of the sign; like the others a compiled function.
        is_out: whether a reading lies beyond a limit of a row of parameters.
        is_back: whether a reading lies well inside all of them.
        tell: fills the first of an event's values from reading and parameters; returns how many. How many readings
            are out and for how many seconds comes behind them.
    """
    number = int(rule)
    field = rule.public_name.partition(".")[2]
    switch_, confirm, span = f"{field}_enabled", f"{field}_confirm", f"{field}_span_ms"
    gap, back_readings = f"{field}_gap_ms", f"{field}_back_readings"
    every, severity = f"{field}_evidence_every_ms", f"{field}_severity"

    @inner
    def judge(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
        """Count the reading, and say what came of it."""
        if not is_known(own):
            return k
        p = state.rules[at.rules]
        by = Counting(p[switch_], p[confirm], p[span], p[gap], p[back_readings], p[every], p[severity])
        what, row = follow(state, journal, at, number, is_out(own, p), is_back(own, p), enabled, by)
        if what >= 0:
            episode = state.episode[row]
            emit(
                out, k, number, what, by.severity, at.t, episode["opening_t"], episode["opening_seq"], at.i,
                max(at.wearer, NOBODY), at.d, at.late, p,
            )  # fmt: skip
            values = out[k]["values"]
            told = tell(values, own, p)
            values[told] = episode["count"]
            values[told + 1] = (at.order - episode["since"]) / 1000.0 if episode["count"] > 0 else 0.0
            k += 1
        settle(state, journal, at, what, row)
        return k

    @gate
    def hear(state: State, own: Any, at: Heard, enabled: Records, journal: Journal, out: Records, k: int) -> int:
        """Judge a reading if there is anything to judge."""
        if concerns(state, at) and (is_out(own, state.rules[at.rules]) or state.device[at.d]["episode"] != NONE):
            k = judge(state, own, at, enabled, journal, out, k)
        return k

    return hear


@gate
def concerns(state: State, at: Heard) -> bool:
    """Whether a reading is to be judged at all."""
    if not at.newer or at.wearer == NOBODY:
        return False
    device = state.device[at.d]
    return not (device["worn"] == 0 and device["mark_heartbeat"] >= at.worn_since)


@inner
def follow(
    state: State, journal: Journal, at: Heard, rule: int, is_out: bool, is_back: bool, enabled: Records, by: Counting
) -> tuple[int, int]:  # fmt: skip
    """Count one known reading; returns the ``What`` to emit, or −1, and the row of the episode.

    An episode that recovers, or is no longer counted, is left in its chain for ``settle``. One that stands is
    followed to its end though the rule be switched off.
    """
    row = pool.of_this_wearer(state, journal, at.d, rule, at.worn_since)
    if enabled[rule] == 0:
        return -1, NONE
    if row == NONE:
        if not is_out or by.enabled == 0:
            return -1, NONE
        row = pool.begin(state, journal, at.d, rule, at.order)
    else:
        pool.keep(state, journal, row)
    episode = state.episode[row]
    if is_out:
        if episode["count"] == 0 or at.order - episode["newest"] > by.gap_ms:
            episode["count"] = 0
            episode["since"] = at.order
        episode["count"] = min(MOST, episode["count"] + 1)
    else:
        episode["count"] = 0
    episode["back"] = min(MOST, episode["back"] + 1) if is_back and not is_out else 0
    episode["newest"] = at.order
    if episode["open"] == 1:
        if episode["back"] >= by.back_readings:
            return _RECOVERED, row
        if is_out and by.enabled == 1 and not at.late and at.order - episode["told"] >= by.evidence_every_ms:
            episode["told"] = at.order
            return _EVIDENCE, row
    elif (
        by.enabled == 1 and episode["count"] >= by.confirm and at.order - episode["since"] >= by.span_ms and not at.late
    ):
        pool.name(state, row, at.t, at.seq, at.order)
        return _OPENED, row
    return -1, row


@inner
def settle(state: State, journal: Journal, at: Heard, what: int, row: int) -> None:
    """Take an episode that is over, or that came to nothing, out of the device's chain."""
    if row != NONE and (what == _RECOVERED or (state.episode[row]["open"] == 0 and state.episode[row]["count"] == 0)):
        pool.end(state, journal, at.d, row)
