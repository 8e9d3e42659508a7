"""A limit on failed sign-ins, per user name and address and per address alone."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from devices.clock import MINUTE_MS

WINDOW_MS: Final = 15 * MINUTE_MS
FAILURES_OF_ONE_NAME: Final = 5
FAILURES_OF_ONE_ADDRESS: Final = 50
"""A whole centre may share one address. Source of the three: assumption."""


@dataclass(slots=True)
class _Window:
    began_at: int
    failures: int


class SignInThrottle:
    """Counts attempts in fixed windows. Bounded: beyond ``capacity`` keys the one idle longest is forgotten."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._windows: OrderedDict[tuple[str, ...], _Window] = OrderedDict()
        self._capacity = capacity

    def attempt(self, username: str, address: str, now: int) -> int:
        """Count an attempt at ``now`` (ms) as failed until ``succeeded``; how long to wait, ms, 0 = go on.

        Counting first keeps a burst of simultaneous guesses within the limit.
        """
        keys = {
            (address, username[:200]): FAILURES_OF_ONE_NAME,
            (address,): FAILURES_OF_ONE_ADDRESS,
        }
        windows = {key: self._window(key, now) for key in keys}
        wait = max(
            (windows[key].began_at + WINDOW_MS - now for key, limit in keys.items() if windows[key].failures >= limit),
            default=0,
        )
        if wait == 0:
            for window in windows.values():
                window.failures += 1
        return wait

    def succeeded(self, username: str, address: str) -> None:
        """The password was right: the name's failures from this address are forgotten."""
        self._windows.pop((address, username[:200]), None)
        shared = self._windows.get((address,))
        if shared is not None:
            shared.failures -= 1

    def _window(self, key: tuple[str, ...], now: int) -> _Window:
        window = self._windows.get(key)
        if window is None or now - window.began_at >= WINDOW_MS:
            window = self._windows[key] = _Window(now, 0)
        self._windows.move_to_end(key)
        while len(self._windows) > self._capacity:
            self._windows.popitem(last=False)
        return window
