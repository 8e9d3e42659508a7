"""The ways out that are set up: which of them takes a message, what they can do together, and how a message reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from alerts.messages import render
from alerts.notifiers.local import DEMO_SITE, NO_ACCOUNT
from alerts.notifiers.port import EVERYTHING, Capabilities, Notifier
from alerts.ports import Message

PAGE: Final = "/a/"
"""Where the private page of a message is, under the console's address from outside, as short as can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysOut:
    """``phone``: SMS and calls; ``chat``: groups. None: not set up, messages stay in the house.

    ``public_url``: the console's address from outside, without a slash at its end. ``signature``: None for each
    language's own.
    """

    phone: Notifier | None = None
    chat: Notifier | None = None
    public_url: str | None = None
    signature: str | None = None
    links_in_sms: bool = True
    """False where carriers drop texts with links."""

    @property
    def links(self) -> bool:
        """Whether pages of ours can be opened from outside."""
        return self.public_url is not None

    @property
    def capabilities(self) -> Capabilities:
        """What can be done. Where nothing at all is set up, everything, so that one sees what would be said."""
        if self.phone is None and self.chat is None:
            return EVERYTHING
        phone = EVERYTHING if self.phone is None else self.phone.capabilities
        groups = frozenset[str]() if self.chat is None else self.chat.capabilities.chat
        return msgspec.structs.replace(phone, chat=groups, links=self.links)

    def notifier_for(self, message: Message) -> Notifier:
        """The way out of a message; a demo site's never leaves the house."""
        if message.demo:
            return DEMO_SITE
        provider = self.chat if message.channel == "chat" else self.phone
        return NO_ACCOUNT if provider is None else provider

    def text_of(self, message: Message, token: str | None, capabilities: Capabilities) -> str:
        """The message in words; ``token``: of its page, None when it has none."""
        link = None if token is None or self.public_url is None else f"{self.public_url}{PAGE}{token}"
        if message.channel == "sms" and not self.links_in_sms:
            link = None
        replies = self.links if message.channel == "voice" else capabilities.can_answer(message.recipient)
        return render(message, link=link, signature=self.signature, replies=replies)
