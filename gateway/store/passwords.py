"""Which passwords are too easy to guess. Source: NIST SP 800-63B, 3.1.1.2 and 5.1.1.2: length and a list, no recipes.

It asks for 15 characters where a password stands alone; we take 10 and lock out who guesses (ADR 42).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from devices.refusals import Refusal

Weakness = Literal["short", "common", "name", "pattern"]

LEAST: Final = 10
_RUNS: Final = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn",
)
_DIFFERENT: Final = 5
"""Characters that differ, at the least: ``aaaaaaaaab`` is long and worth nothing. Assumption."""
_WORDS: Final = ("anxin", "anxinanxin", "安心")


WHY_WEAK: Final[dict[Weakness, str]] = {
    "short": f"at least {LEAST} characters: three words that do not belong together are easy to keep in mind",
    "common": "this password, or its beginning, is among the first that are guessed",
    "name": "a password does not consist of one's own name, or of ours",
    "pattern": "a row of keys, or the same few characters again and again, is guessed soon",
}


def why_weak(found: Weakness, field: str | None = None) -> Refusal:
    """Why it is not taken; ``field``: where it was entered."""
    return Refusal.told(f"password.{found}", WHY_WEAK[found], field=field)


@cache
def common_passwords() -> frozenset[str]:
    """What is tried first, in small letters."""
    lines = files("gateway.store").joinpath("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def weakness(password: str, *, names: Iterable[str | None] = ()) -> Weakness | None:
    """Why a password is not taken, None for a good one; ``names``: what everybody knows of whose it is."""
    if len(password) < LEAST:
        return "short"
    plain = password.casefold()
    core = re.sub(r"[\W_\d]+$", "", plain)
    if plain in common_passwords() or core in common_passwords():
        return "common"
    known = {each.casefold() for each in (*names, *_WORDS) if each and len(each) > 1}
    if core in known or plain in known or any(each in plain and len(plain) - len(each) < LEAST // 2 for each in known):
        return "name"
    if len(set(plain)) < _DIFFERENT or any(plain in run * 2 or plain in (run * 2)[::-1] for run in _RUNS):
        return "pattern"
    return None
