"""Which notifier may take a message."""

from __future__ import annotations

from alerts.notifiers.local import DEMO_SITE, NO_ACCOUNT
from alerts.notifiers.port import Notifier
from alerts.ports import Message


def notifier_for(message: Message, provider: Notifier | None) -> Notifier:
    """The provider that is set up, None if there is none; never it for a demo site."""
    if message.demo:
        return DEMO_SITE
    return NO_ACCOUNT if provider is None else provider
