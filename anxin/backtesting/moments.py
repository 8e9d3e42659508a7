"""Moments as people write them on a command line: ISO 8601, in the local time of the site unless they say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from anxin.backtesting.errors import BacktestError


def zone_for(site: str | None, zones: Mapping[str, str]) -> ZoneInfo | None:
    """The zone of a site, or the one that all sites share; None when they differ.

    Raises:
        BacktestError: there is no such site, or none at all.
    """
    if not zones:
        raise BacktestError("there is no site yet")
    if site is not None:
        if site not in zones:
            raise BacktestError(f"there is no site {site!r}; sites are {', '.join(zones)}")
        return ZoneInfo(zones[site])
    return ZoneInfo(next(iter(zones.values()))) if len(set(zones.values())) == 1 else None


def moment(text: str, zone: ZoneInfo | None) -> int:
    """Unix ms of ``2026-01-05``, ``2026-01-05T08:30`` or ``2026-01-05T08:30+08:00``; a day is its beginning.

    Raises:
        BacktestError: it is none of them, or needs a zone and ``zone`` is None.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BacktestError(f"{text!r} is no date: write 2026-01-05, 2026-01-05T08:30 or with +08:00 behind") from None
    if at.tzinfo is None:
        if zone is None:
            raise BacktestError(f"the sites lie in different time zones: say --site, or write {text} with its offset")
        at = at.replace(tzinfo=zone)
    return int(at.timestamp() * 1000)


def written(ms: int, zone: ZoneInfo | None) -> str:
    """A moment to the second, with its offset."""
    return datetime.fromtimestamp(ms // 1000, zone or ZoneInfo("UTC")).isoformat(sep=" ")
