"""The pace at which messages leave: so many a second, as many at once, and a pause when the provider asks for one."""

from __future__ import annotations

from typing import Final

BURST_S: Final = 1.0
"""What was not used may be made up for, up to so many seconds' worth."""


class Pace:
    """A token bucket in integer ms. What is urgent goes through it too, but may overdraw it."""

    def __init__(self, per_second: float) -> None:
        self._per_ms = per_second / 1000
        self._most = max(1.0, per_second * BURST_S)
        self._left = self._most
        self._seen: int | None = None
        self._held_until = 0

    def free(self, now: int) -> int:
        """How many messages may leave at ``now`` (ms)."""
        self._refill(now)
        return 0 if now < self._held_until else max(0, int(self._left))

    def take(self, count: int, now: int) -> None:
        """So many have left. Below zero by one burst at most: a storm of cries for help is no debt for an hour."""
        self._refill(now)
        self._left = max(self._left - count, -self._most)

    def hold(self, until: int) -> None:
        """Let nothing through before ``until`` (ms)."""
        self._held_until = max(self._held_until, until)

    def next_at(self, now: int) -> int:
        """When the next message may leave, ms; not before ``now``."""
        self._refill(now)
        missing = max(0.0, 1.0 - self._left)
        return max(now + int(missing / self._per_ms + 0.999), self._held_until)

    def _refill(self, now: int) -> None:
        """A clock that was set back gives nothing and takes nothing, and ends a pause."""
        passed = 0 if self._seen is None else max(0, now - self._seen)
        if self._seen is not None and now < self._seen:
            self._held_until = now
        self._seen = now
        self._left = min(self._most, self._left + passed * self._per_ms)
