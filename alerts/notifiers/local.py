"""Messages that stay in the house: the console shows them, marked as not sent."""

from __future__ import annotations

from typing import Final, Literal

from alerts.notifiers.port import EVERYTHING, Finding, NotSent, NotThere
from alerts.ports import Message


class LocalNotifier:
    """Sends nothing. ``reason``: ``no_account`` (none is set up) or ``demo_site``."""

    name = "local"
    capabilities = EVERYTHING

    def __init__(self, reason: Literal["no_account", "demo_site"]) -> None:
        self._outcome = NotSent(reason)

    async def send(self, message: Message, text: str, now: int) -> NotSent:
        """Keep it."""
        return self._outcome

    async def find(self, message: Message, text: str) -> Finding:
        """Nothing ever left."""
        return NotThere()


NO_ACCOUNT: Final = LocalNotifier("no_account")
DEMO_SITE: Final = LocalNotifier("demo_site")
