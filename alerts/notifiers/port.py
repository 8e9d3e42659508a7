"""The port through which messages leave the house: what a provider can do, sending, and looking up what was sent."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from alerts.notifiers.numbers import has_country_code, takes_sms
from alerts.ports import Channel, Message

CHAT_ADDRESS: Final = "chat:"
"""A chat group's address is this and the id of its site."""

UNKNOWN_TOKEN: Final = "*" * 11
"""Stands in a text for a link's token, which nobody knows any more; as long as one (``gateway.store.links``)."""


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What the ways out can do, so that the escalation plans nothing that cannot work.

    Attributes:
        sms: Texts to phones.
        voice: Calls with spoken text.
        chat: The sites that have a group, casefolded; None: every one.
        replies: Answers to an SMS come back to us.
        no_replies_from: Country codes from which they do not, all the same.
        links: There is an address under which a page of ours can be opened from outside.
        landlines: An SMS to a landline arrives, too.
        daily_cap: So many SMS a day and number are delivered; None: the provider names no bound.
        templates: The templates that can be sent; None: all.
    """

    sms: bool = False
    voice: bool = False
    chat: frozenset[str] | None = frozenset()
    replies: bool = False
    no_replies_from: frozenset[str] = frozenset()
    links: bool = False
    landlines: bool = False
    daily_cap: int | None = None
    templates: frozenset[str] | None = None

    def why_not(self, channel: Channel, address: str, template: str | None = None) -> str | None:
        """Why a message cannot reach this address through this channel; None: it can.

        One of ``no_address``, ``no_chat_group``, ``no_voice``, ``no_sms``, ``no_template``, ``landline``.
        """
        if not address.strip():
            return "no_address"
        match channel:
            case "chat":
                known = self.chat is None or address.removeprefix(CHAT_ADDRESS).casefold() in self.chat
                return None if known else "no_chat_group"
            case "voice":
                return None if self.voice else "no_voice"
            case "sms":
                return self._why_no_sms(address, template)

    def _why_no_sms(self, address: str, template: str | None) -> str | None:
        if not self.sms:
            return "no_sms"
        if template is not None and self.templates is not None and template not in self.templates:
            return "no_template"
        return None if self.landlines or takes_sms(address) else "landline"

    def can_answer(self, address: str) -> bool:
        """Whether an answer from this number finds its way back to us."""
        return self.replies and not has_country_code(address, self.no_replies_from)


EVERYTHING: Final = Capabilities(sms=True, voice=True, chat=None, replies=True, links=True, landlines=True)
"""Of a house whose messages stay inside: what would be said is to be seen, whatever the way."""


class Delivered(msgspec.Struct, frozen=True):
    """The provider took it; ``provider_id`` is its name there."""

    provider_id: str | None = None


class NotSent(msgspec.Struct, frozen=True):
    """It stays in the house, on purpose."""

    reason: str


class RetryAfter(msgspec.Struct, frozen=True):
    """It may work later. ``seconds``: None leaves the wait to the dispatcher.

    ``in_doubt``: it may have arrived all the same, so the provider is asked before it is sent again. ``crowded``: the
    provider wants fewer at once, or none at all for now.
    """

    reason: str
    seconds: float | None = None
    in_doubt: bool = False
    crowded: bool = False


class GiveUp(msgspec.Struct, frozen=True):
    """It will never work."""

    reason: str


Sending = Delivered | NotSent | RetryAfter | GiveUp


class Found(msgspec.Struct, frozen=True):
    """The provider has had messages that may be this one; ``provider_ids``: their names there, oldest first."""

    provider_ids: tuple[str, ...]


class NotThere(msgspec.Struct, frozen=True):
    """The provider has not had this message, for all that its list shows."""


class CannotTell(msgspec.Struct, frozen=True):
    """The provider did not say, or cannot."""

    reason: str


Finding = Found | NotThere | CannotTell


class Notifier(Protocol):
    """One way to reach people. ``name`` is written down with every message that it took."""

    @property
    def name(self) -> str:
        """The provider's name."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    async def send(self, message: Message, text: str, now: int) -> Sending:
        """Send ``text`` to the message's recipient; answers within seconds, with an outcome."""
        ...

    async def find(self, message: Message, text: str) -> Finding:
        """Look up a message whose sending was cut short, by number, time and words; answers within seconds.

        ``text``: what it says, ``UNKNOWN_TOKEN`` in place of its link's. It must tell two messages to one number
        apart: to take another for this one is to leave this one unsaid.
        """
        ...
