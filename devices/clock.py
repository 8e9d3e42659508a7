"""Time, the only place where it is read: integer milliseconds since the Unix epoch, UTC."""

from __future__ import annotations

import time
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000


DEFAULT_TIMEZONE: Final = "Asia/Shanghai"


def zone(name: str) -> ZoneInfo:
    """The time zone of that name, or the default one where the name means none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(DEFAULT_TIMEZONE)


class Clock(Protocol):
    """A source of the present moment, passed in wherever time is needed."""

    def now_ms(self) -> int:
        """Return Unix milliseconds, UTC."""
        ...


class SystemClock:
    """The wall clock of this machine."""

    def now_ms(self) -> int:
        """Return Unix milliseconds, UTC."""
        return time.time_ns() // 1_000_000


class SteadyClock:
    """Wall time at construction plus monotonic time since: no step of the wall clock moves it (design rule 9).

    ``step_ms`` tells how far the wall clock has moved away meanwhile; ``resync`` adopts it.
    """

    def __init__(self) -> None:
        self._start_ms = time.time_ns() // 1_000_000
        self._origin_ns = time.monotonic_ns()

    def now_ms(self) -> int:
        """Return Unix milliseconds, UTC, never less than at an earlier call since the last ``resync``."""
        return self._start_ms + (time.monotonic_ns() - self._origin_ns) // 1_000_000

    def step_ms(self) -> int:
        """Wall clock minus this clock, in ms; positive when the wall clock is ahead."""
        return time.time_ns() // 1_000_000 - self.now_ms()

    def resync(self) -> None:
        """Adopt the wall clock, forward or back."""
        self._start_ms += self.step_ms()


class ManualClock:
    """A clock that moves only when told to: tests and replays."""

    def __init__(self, now_ms: int = 1_750_000_000_000) -> None:
        self.now = now_ms

    def now_ms(self) -> int:
        """Return the time it was last set to."""
        return self.now
