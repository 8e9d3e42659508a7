"""A limit on guessing links that locks nobody out: whoever guessed too often waits, with all who share the address.

Phones of one carrier share addresses, and so may everybody behind a proxy. To refuse them all, as the sign-in
does, would let anybody shut the families out.
"""

from __future__ import annotations

import asyncio
from typing import Final, Literal

from dashboards.api.throttle import SignInThrottle

Admission = Literal["counted", "waited", "refused"]

PAUSE_S: Final = 1.0
WAITING_AT_ONCE: Final = 8
"""So from all addresses with too many guesses eight a second get through. Assumption."""


class Guessing:
    """Counts links that nobody made, per address, and slows down where there were too many."""

    def __init__(self) -> None:
        self._throttle = SignInThrottle()
        self._slots = asyncio.Semaphore(WAITING_AT_ONCE)

    async def admit(self, token: str, address: str, now: int) -> Admission:
        """Let somebody try a token at ``now`` (ms), perhaps after a pause; ``refused``: too many wait already."""
        if self._throttle.attempt(token, address, now) == 0:
            return "counted"
        if self._slots.locked():
            return "refused"
        async with self._slots:
            await asyncio.sleep(PAUSE_S)
        return "waited"

    def opened(self, token: str, address: str, admission: Admission) -> None:
        """It was one of ours, and so no guess; a try that was not counted takes none off the count."""
        if admission == "counted":
            self._throttle.succeeded(token, address)
