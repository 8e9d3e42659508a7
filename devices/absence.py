"""For how long somebody is not looked after as usual: which statuses may end by themselves, and when."""

from __future__ import annotations

from typing import Final

from devices.refusals import Refusal

MAY_END: Final[frozenset[str]] = frozenset({"away", "hospital", "paused"})
"""Statuses that may carry an ``until``; the others last until somebody changes them."""


def until_problem(status: str, until: int | None, now_ms: int) -> Refusal | None:
    """What is wrong with entering a status that ends at ``until`` (ms); None when nothing is."""
    if until is None:
        return None
    if status not in MAY_END:
        statuses = ", ".join(sorted(MAY_END))
        return Refusal(
            "absence.has_no_end",
            "only the statuses {statuses} have an end, not {status}",
            statuses=statuses,
            status=status,
        )
    return Refusal("absence.over", "the end of an absence lies in the future") if until <= now_ms else None
