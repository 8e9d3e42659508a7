"""Storms: what many alarms at once come to for somebody who is told of all of them.

The console shows every alarm by itself. A phone would ring for each; from the fourth within a minute on they come
as one message that counts them. Family hears of one resident and is never bundled, and responders never hear of a
critical alarm in a number.
"""

from __future__ import annotations

from typing import Final

from alerts.ports import AlarmTransaction, NewMessage, Role
from alerts.telling import ALARM_TEMPLATES, PRIORITY

WINDOW_MS: Final = 60_000
ALONE: Final = 3
"""So many alarms within the window are told one by one."""
GATHER_MS: Final = 20_000
"""How long a bundle gathers before it leaves. All three: assumption, ADR 19."""

_WITH_A_CONSOLE: Final[frozenset[Role]] = frozenset({"duty", "supervisor", "staff"})
_BUNDLED: Final[frozenset[Role]] = _WITH_A_CONSOLE | {"neighbour", "grid_worker", "volunteer", "chat"}


async def say(tx: AlarmTransaction, message: NewMessage, now: int) -> None:
    """Queue a message, or let it join the recipient's bundle while a storm goes on."""
    if message.channel == "voice" or message.template not in ALARM_TEMPLATES or message.role not in _BUNDLED:
        await tx.queue(message, now)
        return
    lately = await tx.said_lately(message.recipient, now - WINDOW_MS)
    if joins_a_bundle(message, lately):
        await tx.bundle(message, now, due_at=now + GATHER_MS)
    else:
        await tx.queue(message, now)


def joins_a_bundle(message: NewMessage, lately: list[str]) -> bool:
    """Whether a message comes bundled after alarms of the kinds ``lately`` within the window."""
    critical = message.priority >= PRIORITY["critical"]
    alone = critical and (message.role not in _WITH_A_CONSOLE or message.params.get("kind") not in lately)
    return len(lately) >= ALONE and not alone
