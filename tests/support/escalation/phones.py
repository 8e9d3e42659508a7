"""Everybody's phones: a provider of messages that hears all, and answers as a story tells it to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from alerts.notifiers.port import Capabilities, Delivered, Finding, NotThere, RetryAfter, Sending
from alerts.ports import Channel, Message
from tests.support.escalation.centre import NAME_OF, SITE

ALL: Final = Capabilities(sms=True, voice=True, chat=frozenset({SITE}), replies=True)


class Heard(msgspec.Struct, kw_only=True):
    """What a phone, a group or a band was told. ``t``: s since the story began."""

    t: float
    who: str
    how: Channel | str
    template: str
    text: str
    message: Message | None = None


class Phones:
    """The provider. ``answers``: what it says to messages for somebody, instead of taking them."""

    name = "phones"

    def __init__(self, seconds: Callable[[], float]) -> None:
        self.capabilities = ALL
        self.heard: list[Heard] = []
        self.answers: dict[str, Sending] = {}
        self._seconds = seconds
        self.is_down = False
        self._ill: set[str] = set()

    @property
    def ever_ill(self) -> frozenset[str]:
        """To whom something could not be sent at some time."""
        return frozenset(self._ill)

    async def send(self, message: Message, text: str, now: int) -> Sending:
        who = NAME_OF.get(message.recipient, message.recipient)
        if self.is_down:
            return RetryAfter("twilio_503", crowded=True)
        if who in self.answers:
            self._ill.add(who)
            return self.answers[who]
        self.heard.append(
            Heard(
                t=self._seconds(),
                who=who,
                how=message.channel,
                template=message.template,
                text=text,
                message=message,
            )
        )
        return Delivered(f"SM{message.id}")

    async def find(self, message: Message, text: str) -> Finding:
        return NotThere()
