"""Telephone numbers as they stand on lists: recognised by whoever knows them, of no use to whoever copies them."""

from __future__ import annotations

from typing import Final

_STARS: Final = "****"
_TAIL: Final = 4


def masked(phone: str) -> str:
    """``13800138000`` → ``138****8000``; of shorter numbers at most the two outermost characters on each side."""
    if len(phone) >= len(_STARS) + _TAIL + 3:
        return f"{phone[: -len(_STARS) - _TAIL]}{_STARS}{phone[-_TAIL:]}"
    kept = min(2, len(phone) // 4)
    return f"{phone[:kept]}{_STARS}{phone[len(phone) - kept :]}"


def masked_number(text: str) -> str:
    """A text, masked where it is a phone number; a group's or a mail's address stays as it is."""
    return masked(text) if text.lstrip("+").replace(" ", "").replace("-", "").isdigit() else text
