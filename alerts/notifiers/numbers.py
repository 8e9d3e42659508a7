"""Phone numbers as people type them, and as providers want them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    number_type,
    parse,
)

HOME: Final = "CN"
"""The region of a number without a country code. Assumption: whoever types numbers types them as at home."""

_NO_SMS: Final = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)


def to_e164(number: str) -> str:
    """A number as providers want it, ``+`` and digits. Source: ITU-T E.164; the plans are libphonenumber's.

    What is no number by any plan keeps its digits, so that the provider refuses it by name.
    """
    parsed = _parsed(number)
    if parsed is None:
        return "+" + "".join(character for character in number if character.isdigit())
    return str(format_number(parsed, PhoneNumberFormat.E164))


def takes_sms(number: str) -> bool:
    """Whether a text can arrive there: False for landlines and service numbers; an unknown number is tried."""
    parsed = _parsed(number)
    return parsed is None or number_type(parsed) not in _NO_SMS


def has_country_code(number: str, codes: Iterable[str]) -> bool:
    """Whether the number belongs to one of these country codes, for example ``86``."""
    parsed = _parsed(number)
    return parsed is not None and str(parsed.country_code) in codes


def _parsed(number: str) -> PhoneNumber | None:
    try:
        return parse(number, HOME)
    except NumberParseException:
        return None
