"""When somebody is asked whether an absence that has an end really ends then. Pure (ADR-30).

Whoever comes back later than was said would miss checks that they cannot keep; whoever is back is looked after again.
So the return is asked about while there is time to answer, and nobody is woken for it.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from devices.clock import DAY_MS

EVENING: Final = time(18)
"""People are at home, and awake. Source: assumption, ADR-30."""
ASKED_FROM: Final = time(8)
ASKED_TO: Final = time(20, 30)
"""When family is written to about what can wait. Source: assumption, ADR-30."""


def asked_from(until_ms: int, clock: ZoneInfo) -> int:
    """From when on (ms) the end of an absence at ``until_ms`` is asked about: a day before, or the evening before."""
    until = _local(until_ms, clock)
    evening = datetime.combine(until.date() - timedelta(days=1), EVENING, clock)
    return min(until_ms - DAY_MS, round(evening.timestamp()) * 1000)


def may_be_written_to(now_ms: int, clock: ZoneInfo) -> bool:
    """Whether it is an hour at which family is asked."""
    return ASKED_FROM <= _local(now_ms, clock).time() < ASKED_TO


def spoken_day(moment_ms: int, clock: ZoneInfo, language: str) -> str:
    """The local day as a message says it."""
    local = _local(moment_ms, clock)
    return f"{local.month}月{local.day}日" if language == "zh" else f"{local.day} {_MONTHS[local.month - 1]}"


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")


def _local(moment_ms: int, clock: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment_ms // 1000, clock)
