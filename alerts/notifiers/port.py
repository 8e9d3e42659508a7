"""The port through which messages leave the house."""

from __future__ import annotations

from typing import Protocol

import msgspec

from alerts.ports import Message


class Delivered(msgspec.Struct, frozen=True):
    """The provider took it; ``provider_id`` is its name there."""

    provider_id: str | None = None


class NotSent(msgspec.Struct, frozen=True):
    """It stays in the house, on purpose."""

    reason: str


class RetryAfter(msgspec.Struct, frozen=True):
    """It may work later. ``seconds``: None leaves the wait to the dispatcher."""

    reason: str
    seconds: float | None = None


class GiveUp(msgspec.Struct, frozen=True):
    """It will never work."""

    reason: str


Sending = Delivered | NotSent | RetryAfter | GiveUp


class Notifier(Protocol):
    """One way to reach people. ``name`` is written down with every message that it took."""

    @property
    def name(self) -> str:
        """The provider's name."""
        ...

    async def send(self, message: Message, text: str, now: int) -> Sending:
        """Send ``text`` to the message's recipient; answers within seconds, with an outcome."""
        ...
