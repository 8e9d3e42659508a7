"""Phone numbers, however somebody typed them.

A Chinese number becomes its national digits (``13800138000``, ``02165432100``), any other keeps its country
(``+85221234567``), so that one number is written one way in the registry, the search and an import.

Source: ITU-T E.164 (at most 15 digits; ``+`` and country); the numbering plan of mainland China (+86: 00 before
a country, 0 before an area code, 11 digits for a mobile, which begins with 13 to 19).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from devices.refusals import Refusal, Unfit

LONGEST: Final = 15
"""Digits of the longest number. Source: E.164."""
SHORTEST: Final = 3
"""Digits of the shortest, an emergency number such as 120."""

_WHOLE: Final = 10
"""From so many digits on, what is looked for is taken for a whole number, with what stands before it."""

_BETWEEN: Final = re.compile(r"[\s()\[\].·・_\-‐-―−]+")
_TWO: Final = re.compile(r"[0-9]{7}.*[/\\、,;|或].*[0-9]{7}")
_CELL: Final = re.compile(r"[0-9]{7,}\.0+")
_INVISIBLE: Final = frozenset({"Cf", "Cc"})
_MOBILE: Final = re.compile(r"1[3-9][0-9]{9}")
_ALMOST_MOBILE: Final = re.compile(r"1[3-9][0-9]{7,8}|1[3-9][0-9]{10}")
_SERVICE: Final = re.compile(r"[48]00[0-9]{7}")
_AREA: Final = re.compile(r"(10|[2-9][0-9]{1,2})[0-9]{7,8}")
_LENGTH: Final = Refusal("phone.length", "a phone number has {least} to {most} digits", least=SHORTEST, most=LONGEST)


def normalise_phone(text: str) -> str:
    """The number as it is kept: digits, for one abroad with ``+`` and its country in front.

    Raises:
        Unfit: With words for whoever typed it.
    """
    typed = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in _INVISIBLE)
    typed = typed.strip()
    if _TWO.search(typed):
        raise Unfit(Refusal("phone.two", "these are two numbers: enter one in each field"))
    if _CELL.fullmatch(typed):
        typed = typed.partition(".")[0]
    number = _BETWEEN.sub("", typed)
    abroad = number.startswith(("+", "00"))
    digits = number.removeprefix("+") if number.startswith("+") else number.removeprefix("00") if abroad else number
    if not digits.isascii() or not digits.isdigit():
        raise Unfit(Refusal("phone.digits", "a phone number has digits only, with + in front for one abroad"))
    if not SHORTEST <= len(digits) <= LONGEST + 2:
        raise Unfit(_LENGTH)
    if digits.startswith("86") and (abroad or len(digits) >= 12):
        return _national(digits.removeprefix("86"))
    if len(digits) > LONGEST:
        raise Unfit(_LENGTH)
    return f"+{digits}" if abroad else _checked(digits)


def _national(digits: str) -> str:
    """What follows +86: a landline is called with 0 before its area code at home."""
    if len(digits) < SHORTEST:
        raise Unfit(Refusal("phone.missing_after_country", "the number after +86 is missing"))
    if _MOBILE.fullmatch(digits) or _SERVICE.fullmatch(digits) or not _AREA.fullmatch(digits):
        return _checked(digits)
    return f"0{digits}"


def _checked(digits: str) -> str:
    if _ALMOST_MOBILE.fullmatch(digits):
        count = len(digits)
        raise Unfit(Refusal("phone.mobile", "a mobile number has 11 digits, this one has {count}", count=count))
    return digits


def phone_digits(text: str) -> str | None:
    """The digits by which a number is found, also from a part of it; None when the text is no number."""
    digits = _BETWEEN.sub("", unicodedata.normalize("NFKC", text))
    if len(digits) >= _WHOLE:
        try:
            digits = normalise_phone(digits)
        except ValueError:
            digits = digits.removeprefix("+")
    digits = digits.removeprefix("+")
    return digits if digits.isascii() and digits.isdigit() else None
