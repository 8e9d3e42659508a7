"""What travels as one SMS.

One segment holds 70 UTF-16 units, or 160 characters if all of them are in the GSM 7-bit alphabet, where some
count double. Source: 3GPP TS 23.038, sections 6.1.2 and 6.2.1.
"""

from __future__ import annotations

from typing import Final

UCS2_UNITS: Final = 70
GSM7_UNITS: Final = 160

_GSM7: Final[frozenset[str]] = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM7_DOUBLE: Final[frozenset[str]] = frozenset("^{}\\[~]|€\f")


def is_gsm7(text: str) -> bool:
    """Whether every character is in the alphabet of which 160 fit."""
    return all(character in _GSM7 or character in _GSM7_DOUBLE for character in text)


def fits_one_segment(text: str) -> bool:
    """Whether the text travels as a single SMS."""
    if is_gsm7(text):
        return len(text) + sum(character in _GSM7_DOUBLE for character in text) <= GSM7_UNITS
    return width(text) <= UCS2_UNITS


def width(text: str) -> int:
    """Its length in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)
