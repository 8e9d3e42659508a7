"""What a press of the button and a fall have in common: a cry for help and its taking back.

A cry is judged per device, not per resident: only the order within one (device, kind) is certain
(design rule 5), so two bands of one person open an episode each, and ``alerts.folding`` makes one
alarm of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit

from alerts.engine.layout import NEVER
from alerts.engine.rules import What

_OPENED = int(What.OPENED)
_EVIDENCE = int(What.EVIDENCE)
_CANCELLED = int(What.CANCELLED)
NOTHING = -1


class CryParameters(NamedTuple):
    """When cries belong together. Both from contract section 3.

    Attributes:
        same_episode_ms: a cry at most this long after the episode's newest (or before its first, when
            it arrives late) is evidence of it; 0 to 3 600 000 ms.
        cancel_within_ms: a cancel refers to a cry at most this much older; 0 to 3 600 000 ms.
    """

    same_episode_ms: int = 60_000
    cancel_within_ms: int = 600_000


@njit(cache=True)
def hear(cry: Any, t: int, seq: int, wearer: int, cancel: bool, p: CryParameters) -> int:
    """Take one cry or cancel into the device's latest episode.

    Args:
        cry: the device's ``CRY`` record, changed in place; afterwards its opening names the episode.
        t: event time, ms.
        seq: the device's counter.
        wearer: who wore the device at ``t`` (slot, NOBODY or HOUSEHOLD; NOBODY when not trusted).
        cancel: whether the wearer takes it back.
        p: the parameters.

    Returns:
        The ``What`` to emit, or NOTHING: a cancel without a cry of the same wearer to refer to.
    """
    stands = cry["last_t"] != NEVER and cry["wearer"] == wearer
    if cancel:
        if not stands or t < cry["last_t"] or t - cry["last_t"] > p.cancel_within_ms:
            return NOTHING
        cry["last_t"] = NEVER
        return _CANCELLED
    near = stands and cry["opening_t"] - p.same_episode_ms <= t <= cry["last_t"] + p.same_episode_ms
    if near:
        cry["last_t"] = max(t, cry["last_t"])
        return _EVIDENCE
    cry["last_t"] = t
    cry["opening_t"] = t
    cry["opening_seq"] = seq
    cry["wearer"] = wearer
    return _OPENED
