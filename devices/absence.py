"""For how long somebody is not looked after as usual: which statuses may end by themselves, and when."""

from __future__ import annotations

from typing import Final

MAY_END: Final[frozenset[str]] = frozenset({"away", "hospital", "paused"})
"""Statuses that may carry an ``until``; the others last until somebody changes them."""


def until_problem(status: str, until: int | None, now_ms: int) -> str | None:
    """What is wrong with entering a status that ends at ``until`` (ms), in words; None when nothing is."""
    if until is None:
        return None
    if status not in MAY_END:
        return f"only the statuses {', '.join(sorted(MAY_END))} have an end, not {status}"
    return "the end of an absence lies in the future" if until <= now_ms else None
