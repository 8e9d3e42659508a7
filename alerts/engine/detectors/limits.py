"""What the rules of vital signs have in common: a value beyond its limits, again and again.

One reading proves nothing: bands slip, cuffs are put on wrongly. So many in a row must be out, over so long, with
no longer gap between them; it ends when so many in a row are inside again by a margin. Each device counts for
itself, under one wearer (only the order within one device and kind is certain, design rule 5). Late readings
count, but open nothing. What a band measures while it says that nobody wears it is not heard.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from alerts.engine import pool
from alerts.engine.compiled import gate, inner
from alerts.engine.layout import MOST, NOBODY, NONE, Journal, State
from alerts.engine.outcome import Heard, emit
from alerts.engine.parameters import ParameterSpec, switch
from alerts.engine.rules import What
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


@gate
def concerns(state: State, at: Heard) -> bool:
    """Whether a reading is to be judged at all."""
    if not at.newer or at.wearer == NOBODY:
        return False
    device = state.device[at.d]
    return not (device["worn"] == 0 and device["mark_heartbeat"] >= at.worn_since)


@inner
def follow(
    state: State, journal: Journal, at: Heard, rule: int, is_out: bool, is_back: bool, by: Counting
) -> tuple[int, int]:  # fmt: skip
    """Count one known reading; returns the ``What`` to emit, or −1, and the row of the episode.

    An episode that recovers, or is no longer counted, is left in its chain for ``settle``.
    """
    row = pool.find(state, state.device[at.d]["episode"], rule)
    if row != NONE and state.episode[row]["newest"] < at.worn_since:
        pool.end(state, journal, at.d, row)
        row = NONE
    if row == NONE:
        if not is_out:
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
    episode["back"] = min(MOST, episode["back"] + 1) if is_back else 0
    episode["newest"] = at.order
    if episode["open"] == 1:
        if episode["back"] >= by.back_readings:
            return _RECOVERED, row
        if is_out and not at.late and at.order - episode["told"] >= by.evidence_every_ms:
            episode["told"] = at.order
            return _EVIDENCE, row
    elif episode["count"] >= by.confirm and at.order - episode["since"] >= by.span_ms and not at.late:
        pool.name(state, row, at.t, at.seq, at.order)
        return _OPENED, row
    return -1, row


@inner
def say(state: State, at: Heard, rule: int, what: int, row: int, severity: int, p: Any, out: Records, k: int) -> int:
    """Emit what became of an episode; the evidence is the rule's own."""
    episode = state.episode[row]
    emit(
        out, k, rule, what, severity, at.t, episode["opening_t"], episode["opening_seq"], at.i, max(at.wearer, NOBODY),
        at.d, at.late, p,
    )  # fmt: skip
    return k + 1


@inner
def settle(state: State, journal: Journal, at: Heard, what: int, row: int) -> None:
    """Take an episode that is over, or that came to nothing, out of the device's chain."""
    if row != NONE and (what == _RECOVERED or (state.episode[row]["open"] == 0 and state.episode[row]["count"] == 0)):
        pool.end(state, journal, at.d, row)
