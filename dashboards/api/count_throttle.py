"""Changes of count alone, at most once a second an alarm (contract section 4)."""

from __future__ import annotations

from typing import Final

from gateway.store.changes import Change

COUNT_PERIOD_S: Final = 1.0


class CountThrottle:
    """Decides which changes go out now and which wait for their second to be over.

    A change that waits is replaced by every later one of its alarm, so that at most one waits an alarm.
    """

    def __init__(self) -> None:
        self._sent_at: dict[str, float] = {}
        self._held: dict[str, Change] = {}

    def admit(self, change: Change, now_s: float) -> bool:
        """Whether ``change`` goes out at ``now_s`` (monotonic); if not, it waits."""
        sent_at = self._sent_at.get(change.alarm)
        if change.count_only and sent_at is not None and now_s < sent_at + COUNT_PERIOD_S:
            self._held[change.alarm] = change
            return False
        self._held.pop(change.alarm, None)
        self._sent_at[change.alarm] = now_s
        return True

    def due(self, now_s: float) -> list[Change]:
        """The changes whose wait is over, in their order; alarms that have been quiet are forgotten."""
        over = [alarm for alarm, sent_at in self._sent_at.items() if now_s >= sent_at + COUNT_PERIOD_S]
        released = [self._held.pop(alarm) for alarm in over if alarm in self._held]
        for alarm in over:
            del self._sent_at[alarm]
        for change in released:
            self._sent_at[change.alarm] = now_s
        return sorted(released)

    def next_due_s(self) -> float | None:
        """When ``due`` has something to do next, None when nothing is remembered."""
        return min(self._sent_at.values()) + COUNT_PERIOD_S if self._sent_at else None
