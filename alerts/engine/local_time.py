"""Time zones as tables, so that a compiled kernel can tell the local hour without asking anybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FIRST_YEAR: Final = 2020
LAST_YEAR: Final = 2050
_STEP: Final = timedelta(days=7)
"""No zone changes its offset twice within a week (the shortest known: Morocco's month of Ramadan)."""


def transitions(name: str) -> list[tuple[int, int]] | None:
    """The (from when on, offset) pairs of a zone from 2020 to 2050, both in ms; None for an unknown zone."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    at = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    end = datetime(LAST_YEAR, 1, 1, tzinfo=UTC)
    found = [(_ms(at), _offset_ms(zone, at))]
    while at < end:
        later = at + _STEP
        if _offset_ms(zone, later) != found[-1][1]:
            change = _change_between(zone, at, later)
            found.append((_ms(change), _offset_ms(zone, change)))
        at = later
    return found


def _change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first minute with the new offset."""
    old = _offset_ms(zone, before)
    low, high = 0, int((after - before).total_seconds()) // 60
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_ms(zone, before + timedelta(minutes=middle)) == old:
            low = middle
        else:
            high = middle
    return before + timedelta(minutes=high)


def _offset_ms(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * 1000


def _ms(at: datetime) -> int:
    return int(at.timestamp()) * 1000
