"""What a press of the button and a fall have in common: a cry for help and its taking back.

A cry is judged per device, not per resident: only the order within one (device, kind) is certain
(design rule 5), so two bands of one person open an episode each, and ``alerts.folding`` makes one
alarm of them. A device's latest cry is kept for ever, for a cancel or a late repetition.
"""

from __future__ import annotations

from typing import Any

from alerts.engine import pool
from alerts.engine.compiled import inner
from alerts.engine.layout import NEVER, NONE, Journal, State
from alerts.engine.outcome import Heard
from alerts.engine.parameters import CONTRACT, ParameterSpec
from alerts.engine.rules import What

_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_CANCELLED = int(What.CANCELLED)
NOTHING = -1

PARAMETERS = (
    ParameterSpec(
        "sos.button.same_episode_s", 60, 0, 3600, "a press or fall this long after the last one belongs to it", CONTRACT
    ),
    ParameterSpec(
        "sos.button.cancel_within_s", 600, 0, 3600, "a press or fall may be taken back by its wearer for so long",
        CONTRACT,
    ),
)  # fmt: skip


@inner
def hear(state: State, journal: Journal, at: Heard, rule: int, cancel: bool, p: Any) -> tuple[int, int]:
    """Take one cry or cancel into the device's latest episode of a rule.

    Returns:
        The ``What`` to emit and the row of the episode that it names; NOTHING and NONE for a cancel without a cry
        of the same wearer to refer to.
    """
    row = pool.find(state, state.device[at.d]["cry"], rule)
    stands = False
    if row != NONE:
        latest = state.episode[row]
        stands = latest["since"] != NEVER and latest["wearer"] == at.wearer
    if cancel:
        if not stands or at.t < latest["since"] or at.t - latest["since"] > p["button_cancel_within_ms"]:
            return NOTHING, NONE
        pool.keep(state, journal, row)
        latest["since"] = NEVER
        return _CANCELLED, row
    window = p["button_same_episode_ms"]
    if stands and latest["opening_t"] - window <= at.t <= latest["since"] + window:
        pool.keep(state, journal, row)
        latest["since"] = max(at.t, latest["since"])
        return _EVIDENCE, row
    if row == NONE:
        row = pool.begin_cry(state, journal, at.d, rule, at.t)
    else:
        pool.keep(state, journal, row)
    episode = state.episode[row]
    episode["since"] = at.t
    episode["opening_t"] = at.t
    episode["opening_seq"] = at.seq
    episode["wearer"] = at.wearer
    return _OPENED, row
