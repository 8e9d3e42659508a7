"""One message on its way out: looked up where it is in doubt, put into words, and handed over."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec
import structlog

from alerts.notifiers.port import (
    UNKNOWN_TOKEN,
    CannotTell,
    Capabilities,
    Delivered,
    Finding,
    Found,
    GiveUp,
    Notifier,
    NotSent,
    RetryAfter,
    Sending,
)
from alerts.outbox import SENDING_TAKES_MS, URGENT, Claim, Outbox
from alerts.patience import Patience
from alerts.ports import Message
from alerts.telling import ALARM_TEMPLATES
from devices.clock import DAY_MS, Clock

SETTLED_MS: Final = 10_000
"""So long after an attempt began, a message that its provider does not know will not turn up. Source: the issue."""
ASK_AGAIN_S: Final = 2.0
KEPT_FOR_URGENT: Final = 2
"""Of the SMS that a number gets in a day: the last ones are for cries for help. Assumption, ADR 21."""

_log = structlog.get_logger(__name__)


class Withdrawn(msgspec.Struct, frozen=True):
    """It is no longer wanted."""

    reason: str


class Lost(msgspec.Struct, frozen=True):
    """The lease has run out: the message is somebody else's."""


Outcome = Delivered | NotSent | RetryAfter | GiveUp | Withdrawn | Lost


class Ways(Protocol):
    """The ways out that are set up."""

    @property
    def links(self) -> bool:
        """Whether pages of ours can be opened from outside."""
        ...

    def notifier_for(self, message: Message) -> Notifier:
        """The way out of a message."""
        ...

    def text_of(self, message: Message, token: str | None, capabilities: Capabilities) -> str:
        """The message in words; ``token``: of its page, None when it has none."""
        ...


class Sender:
    """Carries claimed messages out, one call each."""

    def __init__(self, outbox: Outbox, ways: Ways, clock: Clock, patience: Patience) -> None:
        self._outbox = outbox
        self._ways = ways
        self._clock = clock
        self._insist = patience.insist

    async def attempt(self, claim: Claim) -> tuple[str, Outcome]:
        """Try to deliver a message: the way's name, and what came of it. Everything that can happen is an outcome."""
        notifier = self._ways.notifier_for(claim.message)
        return notifier.name, await self._attempt(claim, notifier)

    async def _attempt(self, claim: Claim, notifier: Notifier) -> Outcome:
        message, until = claim.message, claim.until
        if claim.in_doubt_since is not None:
            known = await self._look_up(message, notifier, claim.in_doubt_since)
            if known is not None:
                return known
            renewed = await self._insist(lambda: self._outbox.renew(message, self._clock.now_ms()))
            if renewed is None:
                return Lost()
            until = renewed
        if claim.moot:
            return Withdrawn("alarm_ended")
        if claim.gone:
            return GiveUp("no_longer_told")
        if message.expires_at is not None and self._clock.now_ms() >= message.expires_at:
            return GiveUp("expired")
        if await self._too_many(message, notifier.capabilities):
            return GiveUp("daily_cap")
        text = self._words(message, await self._token(message), notifier)
        if text is None:
            return GiveUp("no_words")
        now = self._clock.now_ms()
        return Lost() if now > until - SENDING_TAKES_MS else await self._hand_over(message, text, notifier, now)

    async def _hand_over(self, message: Message, text: str, notifier: Notifier, now: int) -> Sending:
        try:
            return await notifier.send(message, text, now)
        except Exception as error:  # noqa: BLE001 - a notifier is foreign code: whatever it does, the others go on
            _log.warning("notifier failed", message=message.id, error=type(error).__name__)
            return RetryAfter("notifier_error", in_doubt=True)

    async def _look_up(self, message: Message, notifier: Notifier, since: int) -> Delivered | RetryAfter | None:
        """What became of an earlier attempt; None when it did not arrive, as far as anybody can tell."""
        finding = await self._find(message, notifier)
        if isinstance(finding, Found):
            unrecorded = await self._insist(lambda: self._outbox.unrecorded(finding.provider_ids))
            if unrecorded:
                return Delivered(unrecorded[0])
        settled_in_ms = since + SETTLED_MS - self._clock.now_ms()
        if settled_in_ms <= 0:
            return None
        return RetryAfter("in_doubt", min(ASK_AGAIN_S, settled_in_ms / 1000), in_doubt=True)

    async def _find(self, message: Message, notifier: Notifier) -> Finding:
        text = self._words(message, UNKNOWN_TOKEN if self._has_page(message) else None, notifier)
        if text is None:
            return CannotTell("no_words")
        try:
            return await notifier.find(message, text)
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("notifier failed", message=message.id, error=type(error).__name__)
            return CannotTell("notifier_error")

    def _words(self, message: Message, token: str | None, notifier: Notifier) -> str | None:
        """The message in words; None for one that another version queued and this one cannot say."""
        try:
            return self._ways.text_of(message, token, notifier.capabilities)
        except Exception as error:  # noqa: BLE001 - a message that nobody can say holds up no other
            _log.error("message has no words", message=message.id, error=type(error).__name__)
            return None

    async def _too_many(self, message: Message, capabilities: Capabilities) -> bool:
        """Whether the carrier would drop it. A cry for help is tried all the same."""
        cap = capabilities.daily_cap
        if cap is None or message.channel != "sms" or message.priority >= URGENT:
            return False
        since = self._clock.now_ms() - DAY_MS
        sent = await self._insist(lambda: self._outbox.sent_since(message.recipient, "sms", since))
        return sent >= max(1, cap - KEPT_FOR_URGENT)

    async def _token(self, message: Message) -> str | None:
        if not self._has_page(message):
            return None
        return await self._insist(lambda: self._outbox.link(message.id, self._clock.now_ms()))

    def _has_page(self, message: Message) -> bool:
        may_open_one = message.channel != "voice" and message.role != "resident"
        return self._ways.links and may_open_one and message.template in ALARM_TEMPLATES
