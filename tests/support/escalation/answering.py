"""Phones that answer: an SMS from somebody of the centre, or from a stranger, and what it is answered."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from typing import Literal

from alerts.inbox import CarrierReport, Inbound, hear, press, receive
from alerts.messages import text_of
from alerts.phrases import Template
from devices.phones import normalise_phone
from gateway.store.replies import PostgresInboxStore
from tests.support.escalation.centre import PHONES
from tests.support.escalation.story import Deed, Story

OUR_NUMBER = "+15005550006"


class Answering:
    """What people write to us in a story; ``said``: what each of them is told back, None for nothing."""

    def __init__(self, story: Story) -> None:
        self.store = PostgresInboxStore(story.pool)
        self.said: dict[str, list[Template | None]] = defaultdict(list)
        self.texts: dict[str, list[str]] = defaultdict(list)
        self._sids = count(1)

    def texts_us(self, who: str, body: str, *, sid: str | None = None) -> Deed:
        """Somebody writes to us; ``who``: a name of the centre, or a number."""
        name = sid or f"SMin{next(self._sids)}"

        async def happens(story: Story) -> None:
            number = normalise_phone(PHONES.get(who, who)) if who in PHONES or who.startswith("+") else who
            inbound = Inbound(provider_id=name, sender=number, body=body)
            said = await receive(self.store, inbound, story.now(), own=[normalise_phone(OUR_NUMBER)])
            self.said[who].append(None if said is None else said.template)
            if said is not None:
                self.texts[who].append(text_of(said.template, said.params, said.language))

        return happens

    def answers_by_code(self, who: str, figure: str, of: str) -> Deed:
        """Somebody answers with the code that stands in what they were told of a resident."""

        async def happens(story: Story) -> None:
            alarm = await story.alarm_of(of)
            told = [h.message for h in story.heard_by(who) if h.message is not None and h.message.alarm == alarm.id]
            assert told, f"{who} was not told of {of}"
            await self.texts_us(who, f"{figure} {told[-1].code}")(story)

        return happens

    def presses(self, who: str, key: str) -> Deed:
        """Somebody presses a key during the last call to them."""

        async def happens(story: Story) -> None:
            called = [h.message for h in story.heard_by(who) if h.how == "voice" and h.message is not None]
            assert called, f"{who} was not called"
            inbound = Inbound(provider_id=f"CAin{next(self._sids)}", sender="", body=key, channel="voice")
            said = await press(self.store, inbound, called[-1].id, story.now())
            self.said[who].append(None if said is None else said.template)

        return happens

    def carrier_says(
        self, who: str, state: Literal["sent", "delivered", "failed"], *, reason: str | None = None
    ) -> Deed:
        """The carrier reports what became of the last message to somebody."""

        async def happens(story: Story) -> None:
            message = story.heard_by(who)[-1].message
            assert message is not None
            report = CarrierReport(provider_id=f"SM{message.id}", state=state, message=message.id, reason=reason)
            await hear(self.store, report, story.now())

        return happens
