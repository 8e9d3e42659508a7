"""The dispatcher: carries out escalation steps when they fall due and sends what is queued.

It sleeps until the store wakes it or the next thing falls due. What is being sent when it has to stop is
finished first, so that nobody hears the same thing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import structlog

from alerts.desk import carry_out_due
from alerts.messages import Template, render
from alerts.notifiers.port import Delivered, GiveUp, Notifier, NotSent, RetryAfter, Sending
from alerts.ports import AlarmStore, Message, Outbox
from devices.clock import Clock

SENDING_AT_ONCE: Final = 8
FIRST_WAIT_MS: Final = 5_000
LONGEST_WAIT_MS: Final = 300_000
"""Waits between attempts double from the first to the longest. Assumption: a provider's hiccup lasts minutes."""
ATTEMPTS: Final = 12
"""Of a message that has no time limit of its own."""
SHORTEST_SLEEP_S: Final = 0.05
"""When what is due is in somebody else's hands."""
STORE_AWAY_S: Final = 1.0
_NO_LIMIT_S: Final = 3600.0

T = TypeVar("T")

_log = structlog.get_logger(__name__)


async def run(
    *,
    store: AlarmStore,
    outbox: Outbox,
    notifier_for: Callable[[Message], Notifier],
    clock: Clock,
    wake: AsyncIterator[object],
    unavailable: tuple[type[Exception], ...] = (),
) -> None:
    """Work until cancelled, or until ``wake`` ends and nothing is being sent.

    Args:
        store: Where alarms and their steps live.
        outbox: Where messages wait.
        notifier_for: Chooses the way out of a message.
        clock: The time.
        wake: Yields whenever there may be something new; it may also yield for safety.
        unavailable: What the store raises while it is away; the work is then tried again.
    """
    dispatcher = _Dispatcher(store, outbox, notifier_for, clock, unavailable)
    stopped: asyncio.CancelledError | None = None
    async with asyncio.TaskGroup() as sends:
        try:
            async with asyncio.TaskGroup() as ears:
                listening = ears.create_task(dispatcher.listen(wake), name="dispatcher wake")
                await dispatcher.work(sends)
                listening.cancel()
        except asyncio.CancelledError as error:
            stopped = error
    if stopped is not None:
        raise stopped


class _Dispatcher:
    def __init__(
        self,
        store: AlarmStore,
        outbox: Outbox,
        notifier_for: Callable[[Message], Notifier],
        clock: Clock,
        unavailable: tuple[type[Exception], ...],
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._notifier_for = notifier_for
        self._clock = clock
        self._unavailable = unavailable
        self._awake = asyncio.Event()
        self._ended = False
        self._in_hand: set[int] = set()
        self._talking_to: dict[str, tuple[asyncio.Lock, int]] = {}

    async def listen(self, wake: AsyncIterator[object]) -> None:
        """Pass the wake events on."""
        async for _ in wake:
            self._awake.set()
        self._ended = True
        self._awake.set()

    async def work(self, sends: asyncio.TaskGroup) -> None:
        """Do what is due, sleep, and again."""
        while True:
            self._awake.clear()
            try:
                busy = await self._round(sends)
                sleep_s = 0.0 if busy else await self._sleep_s()
            except self._unavailable as error:
                _log.warning("store is away", error=type(error).__name__)
                sleep_s = STORE_AWAY_S
            if self._ended and not self._in_hand:
                return
            if sleep_s > 0:
                await self._sleep(sleep_s)

    async def _round(self, sends: asyncio.TaskGroup) -> bool:
        """One look at steps and messages; whether there was something to do."""
        steps = await carry_out_due(self._store, self._clock.now_ms())
        free = SENDING_AT_ONCE - len(self._in_hand)
        messages = await self._outbox.claim(self._clock.now_ms(), free) if free > 0 else []
        for message in messages:
            if message.id in self._in_hand:
                continue
            self._in_hand.add(message.id)
            sends.create_task(self._deliver(message), name=f"message {message.id}")
        return bool(steps or messages)

    async def _sleep_s(self) -> float:
        if len(self._in_hand) >= SENDING_AT_ONCE:
            return _NO_LIMIT_S
        due = await self._store.next_due()
        return _NO_LIMIT_S if due is None else max(SHORTEST_SLEEP_S, (due - self._clock.now_ms()) / 1000)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            pass

    async def _deliver(self, message: Message) -> None:
        try:
            await self._send(message)
        finally:
            self._in_hand.discard(message.id)
            self._awake.set()

    async def _send(self, message: Message) -> None:
        notifier = self._notifier_for(message)
        async with self._one_after_the_other(message.recipient):
            if not await self._insist(lambda: self._outbox.still_wanted(message.id, self._clock.now_ms())):
                _log.info("message withdrawn", message=message.id)
                return
            sending = await self._attempt(message, notifier)
        await self._insist(lambda: self._write_down(message, notifier.name, sending))
        _log.info(
            "message handled",
            message=message.id,
            alarm=None if message.alarm is None else str(message.alarm),
            outcome=type(sending).__name__,
            reason=getattr(sending, "reason", None),
            attempt=message.attempts,
        )

    @asynccontextmanager
    async def _one_after_the_other(self, recipient: str) -> AsyncIterator[None]:
        """Nobody hears the all-clear before the alarm: one message a recipient at a time, in their order."""
        lock, waiting = self._talking_to.get(recipient, (asyncio.Lock(), 0))
        self._talking_to[recipient] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._talking_to.pop(recipient)
            if waiting > 1:
                self._talking_to[recipient] = (lock, waiting - 1)

    async def _attempt(self, message: Message, notifier: Notifier) -> Sending:
        now = self._clock.now_ms()
        if message.expires_at is not None and now >= message.expires_at:
            return GiveUp("expired")
        if message.attempts > 1 and await self._insist(lambda: self._is_moot(message)):
            return GiveUp("alarm_ended")
        try:
            return await notifier.send(message, render(message.template, message.params, message.language), now)
        except Exception as error:  # noqa: BLE001 - a notifier is foreign code: whatever it does, the others go on
            _log.warning("notifier failed", message=message.id, error=type(error).__name__)
            return RetryAfter("notifier_error")

    async def _is_moot(self, message: Message) -> bool:
        """Whether an alarm that could not be told at first has ended meanwhile: the all-clear is on its way."""
        if message.alarm is None or message.template != Template.ALARM:
            return False
        async with self._store.transaction() as tx:
            alarm = await tx.lock(message.alarm)
        return alarm is not None and not alarm.is_active

    async def _write_down(self, message: Message, provider: str, sending: Sending) -> None:
        now = self._clock.now_ms()
        match sending:
            case Delivered(provider_id):
                await self._outbox.finish(message.id, state="sent", now=now, provider=provider, provider_id=provider_id)
            case NotSent(reason):
                await self._outbox.finish(message.id, state="not_sent", now=now, reason=reason, provider=provider)
            case GiveUp(reason):
                await self._outbox.finish(message.id, state="failed", now=now, reason=reason, provider=provider)
            case RetryAfter(reason):
                again_at = now + wait_ms(sending, message.attempts)
                if message.expires_at is None and message.attempts >= ATTEMPTS:
                    await self._outbox.finish(message.id, state="failed", now=now, reason=reason, provider=provider)
                else:
                    last = again_at if message.expires_at is None else min(again_at, message.expires_at)
                    await self._outbox.retry(message.id, not_before=last, reason=reason)

    async def _insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Ask the store, however long it is away."""
        while True:
            try:
                return await work()
            except self._unavailable as error:
                _log.warning("store is away", error=type(error).__name__)
                await asyncio.sleep(STORE_AWAY_S)


def wait_ms(sending: RetryAfter, attempts: int) -> int:
    """How long to wait after the attempt with this number, from 1."""
    if sending.seconds is not None:
        return int(sending.seconds * 1000)
    return min(FIRST_WAIT_MS << max(0, attempts - 1), LONGEST_WAIT_MS)
