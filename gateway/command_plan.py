"""Which commands are sent now, which have run out, and when to look again: a pure function of what is waiting.

No storm, whoever comes back: at most ``RATE_PER_S`` publications a second over all devices; a command that is
not answered is repeated at growing distances; each copy ends at the broker before the next one is made, so
that at most one copy of a command waits there for a device that is away. Source of the figures: assumption,
ADR-10.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

RATE_PER_S: Final = 50.0
BURST: Final = 25.0
"""How many may leave at once after a quiet time."""
FIRST_RETRY_MS: Final = 15_000
LONGEST_RETRY_MS: Final = 3_600_000


class Waiting(NamedTuple):
    """A command that is not answered. ``sent``: the broker had it once; ``attempts``: how often it was tried."""

    id: UUID
    sent: bool
    attempts: int
    expires_ms: int
    answer_until_ms: int


class Pace(NamedTuple):
    """What may still be sent at ``at_ms``; it fills up with time."""

    room: float
    at_ms: int
    per_s: float = RATE_PER_S

    def later(self, now_ms: int) -> Pace:
        """The same at ``now_ms``; a clock that was set back gives nothing."""
        gained = max(0, now_ms - self.at_ms) / 1000 * self.per_s
        return self._replace(room=min(BURST, self.room + gained), at_ms=now_ms)


class Send(NamedTuple):
    """Publish this command now; the broker may keep it ``keep_s``; it is due again at ``again_ms``."""

    id: UUID
    again_ms: int
    keep_s: int


class Plan(NamedTuple):
    """What to do at one moment. ``wake_ms``: when there is room for those held back, None when there are none."""

    sends: list[Send]
    unsent: list[UUID]
    """They ran out before the broker had them."""
    unanswered: list[UUID]
    """They were sent, and no answer came in time."""
    pace: Pace
    wake_ms: int | None


def retry_after_ms(attempts: int) -> int:
    """How long after its ``attempts``-th attempt (from 1) a command is tried again: 15 s, 30 s, 60 s … an hour."""
    return min(FIRST_RETRY_MS << min(attempts - 1, 16), LONGEST_RETRY_MS)


def plan(waiting: Sequence[Waiting], pace: Pace, now_ms: int) -> Plan:
    """Decide about commands that are due, in the order in which they may leave."""
    pace = pace.later(now_ms)
    out = Plan([], [], [], pace, None)
    room, held = pace.room, False
    for command in waiting:
        if now_ms >= (command.answer_until_ms if command.sent else command.expires_ms):
            (out.unanswered if command.sent else out.unsent).append(command.id)
        elif now_ms >= command.expires_ms:
            continue
        elif room < 1:
            held = True
        else:
            room -= 1
            again_ms = now_ms + retry_after_ms(command.attempts + 1)
            keep_ms = min(again_ms, command.expires_ms) - now_ms
            out.sends.append(Send(command.id, again_ms, max(1, math.ceil(keep_ms / 1000))))
    wake_ms = now_ms + math.ceil((1 - room) / pace.per_s * 1000) if held else None
    return out._replace(pace=pace._replace(room=room), wake_ms=wake_ms)
