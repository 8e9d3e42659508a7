"""Recordings of years of which the engine knows no time zone, moved to years of which it does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from devices.clock import DAY_MS

_KNOWN_ZONES_FROM: Final = 2020
_CALENDAR_YEARS: Final = 28
_CALENDAR_MS: Final = 10_227 * DAY_MS
"""28 years: the same dates fall on the same days of the week again, and on the same side of summer time."""


def shift_ms(first_ms: int) -> int:
    """By how much a recording that begins then is moved, ms; 0 where the engine knows its year."""
    year = datetime.fromtimestamp(first_ms / 1000, UTC).year
    return -(-max(0, _KNOWN_ZONES_FROM - year) // _CALENDAR_YEARS) * _CALENDAR_MS
