"""The gateway itself tells the configured emergency numbers while the database is away (design rule 14).

The dispatcher works from the database, so it is struck dumb with it. What is said here is kept in memory until it
can be written down. Bounds: one call for each announced alarm and number, and only messages that the sessions hold
unacknowledged are announced (``session.RECEIVE_MAXIMUM``); nothing is ever shed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import structlog

from alerts.alarm import Alarm
from alerts.messages import Template
from alerts.notifiers.port import Delivered, GiveUp, Notifier, NotSent, RetryAfter, Sending
from alerts.notifiers.selection import WaysOut
from alerts.patience import until
from alerts.policy import ALARM_MESSAGE_VALID_MS, ALL_CLEAR_VALID_MS
from alerts.ports import Message
from devices.clock import Clock
from gateway import metrics
from gateway.store.emergencies import SaidAlready

SENDING_AT_ONCE: Final = 4
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 30.0
"""Waits between attempts double from the first to the longest, whatever the provider asks for. Assumption: shorter
than the dispatcher's, nobody else can call."""
HIGHEST_PRIORITY: Final = 100

_log = structlog.get_logger(__name__)


class Words(NamedTuple):
    """What is said: a template, its parameters, and whether the site is one that reaches nobody."""

    template: Template
    params: dict[str, Any]
    demo: bool


class _Call:
    """One message to one number, until it is said or no longer wanted."""

    def __init__(self, message: Message, after: _Call | None) -> None:
        self.message = message
        self.after = after
        self.unwanted = asyncio.Event()
        self.finished = asyncio.Event()
        self.said: SaidAlready | None = None

    @property
    def heard(self) -> bool:
        return self.said is not None and self.said.reason is None


class Emergency:
    """Tells the same few numbers of every alarm that it is given; ``run`` lives until it is cancelled."""

    def __init__(
        self,
        *,
        numbers: Sequence[str],
        ways: WaysOut,
        clock: Clock,
        language: str = "zh",
    ) -> None:
        self._numbers = tuple(dict.fromkeys(numbers))
        self._ways = ways
        self._clock = clock
        self._language = language
        self._calls: dict[UUID, list[_Call]] = {}
        self._waiting: asyncio.Queue[_Call] = asyncio.Queue()
        self._sending = asyncio.Semaphore(SENDING_AT_ONCE)

    @property
    def has_numbers(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._numbers)

    async def run(self) -> None:
        """Make the calls that are asked for."""
        async with asyncio.TaskGroup() as calls:
            while True:
                calls.create_task(self._carry_out(await self._waiting.get()), name="emergency call")

    def tell(self, alarm: Alarm, words: Words) -> None:
        """Call every number about an alarm."""
        if not self._numbers:
            _log.critical("nobody_to_tell", alarm=str(alarm.id), setting="emergency.numbers")
        expires_at = self._clock.now_ms() + ALARM_MESSAGE_VALID_MS
        for number in self._numbers:
            self._begin(alarm, number, words, expires_at, after=None)

    def end(self, alarm: Alarm, words: Words) -> None:
        """Tell whoever heard of the alarm how it ended; who has not heard of it yet, does not."""
        expires_at = self._clock.now_ms() + ALL_CLEAR_VALID_MS
        for call in list(self._calls.get(alarm.id, ())):
            call.unwanted.set()
            self._begin(alarm, call.message.recipient, words, expires_at, after=call)

    async def conclude(self, alarm: UUID) -> list[SaidAlready]:
        """Try no further to tell of an alarm that others see to now; returns what became of its calls."""
        calls = self._calls.get(alarm, [])
        for call in calls:
            call.unwanted.set()
        for call in calls:
            await call.finished.wait()
        return [call.said for call in calls if call.said is not None]

    def forget(self, alarm: UUID) -> None:
        """What was said is written down."""
        self._calls.pop(alarm, None)

    def _begin(self, alarm: Alarm, number: str, words: Words, expires_at: int, *, after: _Call | None) -> None:
        message = Message(
            id=0,
            attempts=1,
            created_at=self._clock.now_ms(),
            demo=words.demo,
            alarm=alarm.id,
            site=alarm.site,
            resident=alarm.resident,
            role="emergency",
            recipient=number,
            template=words.template,
            params=words.params,
            language=self._language,
            expires_at=expires_at,
            priority=HIGHEST_PRIORITY,
        )
        call = _Call(message, after)
        self._calls.setdefault(alarm.id, []).append(call)
        self._waiting.put_nowait(call)

    async def _carry_out(self, call: _Call) -> None:
        try:
            if call.after is not None:
                await call.after.finished.wait()
                if not call.after.heard:
                    return
            await self._insist(call)
        finally:
            call.finished.set()

    async def _insist(self, call: _Call) -> None:
        wait_s = FIRST_WAIT_S
        notifier = self._ways.notifier_for(call.message)
        while not call.unwanted.is_set():
            async with self._sending:
                sending = await self._attempt(call.message, notifier)
            now = self._clock.now_ms()
            metrics.EMERGENCY_CALLS.labels(type(sending).__name__).inc()
            match sending:
                case Delivered(provider_id):
                    call.said = SaidAlready(call.message, "sent", notifier.name, provider_id, None, now)
                    _log.warning("emergency_number_told", alarm=str(call.message.alarm))
                    return
                case RetryAfter(reason) if now < (call.message.expires_at or now):
                    _log.error("emergency_number_not_reached_yet", alarm=str(call.message.alarm), reason=reason)
                    asked_s = wait_s if sending.seconds is None else sending.seconds
                    await until(call.unwanted, min(asked_s, LONGEST_WAIT_S))
                    wait_s = min(2 * wait_s, LONGEST_WAIT_S)
                case NotSent(reason) | GiveUp(reason) | RetryAfter(reason):
                    state: Literal["not_sent", "failed"] = "not_sent" if isinstance(sending, NotSent) else "failed"
                    call.said = SaidAlready(call.message, state, notifier.name, None, reason, now)
                    _log.critical("emergency_number_not_told", alarm=str(call.message.alarm), reason=reason)
                    return

    async def _attempt(self, message: Message, notifier: Notifier) -> Sending:
        text = self._ways.text_of(message, None, notifier.capabilities)
        try:
            return await notifier.send(message, text, self._clock.now_ms())
        except Exception as error:  # noqa: BLE001 - a notifier is foreign code: whatever it does, the others go on
            _log.warning("notifier_failed", error=type(error).__name__)
            return RetryAfter("notifier_error")
