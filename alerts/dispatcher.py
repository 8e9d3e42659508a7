"""The dispatcher: carries out escalation steps when they fall due and sends what is queued.

It sleeps until the store wakes it or the next thing falls due. What is being sent when it has to stop is
finished first, so that nobody hears the same thing twice. Several may run: what one has claimed, the others leave.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

import structlog

from alerts import delivery
from alerts.notifiers.port import Capabilities, Delivered, GiveUp, NotSent, RetryAfter
from alerts.outbox import CLOCKS_DIFFER_MS, URGENT, Claim, Outbox, Waiting
from alerts.pace import Pace
from alerts.patience import STORE_AWAY_S, Patience, until
from alerts.ports import AlarmStore, Message
from alerts.sending import Outcome, Sender, Ways, Withdrawn
from alerts.steps import StepFailed, carry_out_due
from devices.clock import Clock

SENDING_AT_ONCE: Final = 16
KEPT_FREE: Final = 4
"""Of those, for what is urgent: a provider that hangs holds up the others, never a cry for help. Assumption."""
FIRST_WAIT_MS: Final = 2_000
LONGEST_WAIT_MS: Final = 60_000
LONGEST_URGENT_WAIT_MS: Final = 10_000
"""Waits between attempts double from the first to the longest, each a fifth shorter or longer so that what failed
together does not come back together. Assumption, ADR 21: an alarm's message is of use for minutes."""
ATTEMPTS: Final = 12
"""Of a message that has no time limit of its own."""
OTHERS_LAG_S: Final = 120.0
"""So long after the clock was set, another process may still plan by the old one. Assumption: the gateway adopts a
clock that was set within a minute (ADR 8)."""
LOOK_AFTER_OTHERS_S: Final = 1.0
"""How often their plans are looked at meanwhile: every step that waits is."""
FAILED_STEP_S: Final = 60.0
"""So long a step that could not be carried out is left alone. Assumption."""
SHORTEST_SLEEP_S: Final = 0.02
LONGEST_BLIND_SLEEP_S: Final = 1.0
"""When what is due is in somebody else's hands: doubled up to this while nothing moves."""
_NO_LIMIT_S: Final = 3600.0

_log = structlog.get_logger(__name__)


class Dispatcher:
    """One dispatcher: what it works on, and with what.

    Args:
        store: Where alarms and their steps live.
        outbox: Where messages wait.
        ways: The ways out.
        capabilities: What the ways out can do.
        clock: The time.
        steady_s: Seconds that pass whatever happens to the clock.
        per_second: How many messages leave a second, unless they are urgent.
        unavailable: What the store raises while it is away; the work is then tried again.
    """

    def __init__(
        self,
        *,
        store: AlarmStore,
        outbox: Outbox,
        ways: Ways,
        capabilities: Capabilities,
        clock: Clock,
        steady_s: Callable[[], float] = time.monotonic,
        per_second: float = 10.0,
        unavailable: tuple[type[Exception], ...] = (),
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._capabilities = capabilities
        self._clock = clock
        self._steady_s = steady_s
        self._clock_was_off_ms: float | None = None
        """By how much the clock was ahead of the steady one when it was last looked at."""
        self._others_may_lag_until_s = 0.0
        self._look_after_others_at_s = 0.0
        self._patience = Patience(unavailable)
        self._sender = Sender(outbox, ways, clock, self._patience)
        self._pace = Pace(per_second)
        self._awake = asyncio.Event()
        self._ended = False
        self._failed: dict[int, float] = {}
        """Steps that could not be carried out, and until when on the steady clock they are left alone, s."""
        self._in_hand: set[int] = set()
        self._blind_s = SHORTEST_SLEEP_S
        self._short = False
        """Whether something was due and could not leave: the next place that gets free is worth a look."""

    async def run(self, wake: AsyncIterator[object]) -> None:
        """Work until cancelled, or until ``wake`` ends and nothing is being sent.

        ``wake`` yields whenever there may be something new; it may also yield for safety.
        """
        stopped: asyncio.CancelledError | None = None
        async with asyncio.TaskGroup() as sends:
            try:
                async with asyncio.TaskGroup() as ears:
                    listening = ears.create_task(self._listen(wake), name="dispatcher wake")
                    await self._work(sends)
                    listening.cancel()
            except asyncio.CancelledError as error:
                stopped = error
        if stopped is not None:
            raise stopped

    async def _listen(self, wake: AsyncIterator[object]) -> None:
        async for _ in wake:
            self._awake.set()
        self._ended = True
        self._awake.set()

    async def _work(self, sends: asyncio.TaskGroup) -> None:
        """Do what is due, sleep, and again."""
        while True:
            self._awake.clear()
            try:
                await self._look_at_the_clock()
                waiting = await self._outbox.waiting()
                sleep_s = 0.0 if await self._round(sends, waiting) else self._sleep_s(waiting)
            except self._patience.unavailable as error:
                _log.warning("store is away", error=type(error).__name__)
                sleep_s = STORE_AWAY_S
            if self._ended and not self._in_hand:
                return
            if sleep_s > 0:
                await until(self._awake, sleep_s)

    async def _look_at_the_clock(self) -> None:
        """When it was set back, nothing may wait until it has caught up; nor what was planned before we began."""
        now = self._clock.now_ms()
        off_ms = now - 1000 * self._steady_s()
        was_off_ms = self._clock_was_off_ms
        back_ms = None if was_off_ms is None else int(was_off_ms - off_ms)
        if back_ms is None or back_ms > CLOCKS_DIFFER_MS:
            if back_ms is not None:
                _log.warning("the clock was set back", by_ms=back_ms)
            await self._outbox.clock_went_back(now, back_ms)
            self._others_may_lag_until_s = self._steady_s() + OTHERS_LAG_S
        elif self._look_after_others_at_s <= self._steady_s() < self._others_may_lag_until_s:
            await self._outbox.clock_went_back(now, None)
            self._look_after_others_at_s = self._steady_s() + LOOK_AFTER_OTHERS_S
        self._clock_was_off_ms = off_ms

    async def _round(self, sends: asyncio.TaskGroup, waiting: Waiting) -> bool:
        """Do what is due of steps and messages; whether anything was."""
        now = self._clock.now_ms()
        steps = await self._steps(now) if _is_due(waiting.step, now) else 0
        claims = await self._claim() if steps or _is_due(waiting.message, now) else []
        for claim in claims:
            if claim.message.id in self._in_hand:
                continue
            self._in_hand.add(claim.message.id)
            sends.create_task(self._deliver(claim), name=f"message {claim.message.id}")
        if steps or claims:
            self._blind_s = SHORTEST_SLEEP_S
        return bool(steps or claims)

    async def _steps(self, now: int) -> int:
        """Carry out what is due; a step that fails holds up no other, and the auditor sees that it waits."""
        steady_s = self._steady_s()
        self._failed = {step: until_s for step, until_s in self._failed.items() if until_s > steady_s}
        try:
            return await carry_out_due(
                self._store,
                now,
                self._capabilities,
                passed_over=list(self._failed),
                unavailable=self._patience.unavailable,
            )
        except StepFailed as failed:
            _log.error("step failed", step=failed.step, error=type(failed.__cause__).__name__)
            self._failed[failed.step] = steady_s + FAILED_STEP_S
            return 1

    async def _claim(self) -> list[Claim]:
        """As many as may leave; then, where those were not all, what is urgent into what was kept free for it."""
        now = self._clock.now_ms()
        free = SENDING_AT_ONCE - len(self._in_hand)
        lesser = min(free - KEPT_FREE, self._pace.free(now))
        claims = await self._outbox.claim(now, lesser) if lesser > 0 else []
        if len(claims) >= lesser and free > len(claims):
            claims += await self._outbox.claim(now, free - len(claims), urgent_only=True)
        self._pace.take(len(claims), now)
        self._short = len(claims) >= lesser or not claims
        return claims

    def _sleep_s(self, waiting: Waiting) -> float:
        """Until the next thing falls due. What is due and could not be claimed: until it may be worth a look."""
        if len(self._in_hand) >= SENDING_AT_ONCE:
            return _NO_LIMIT_S
        due = min((t for t in waiting if t is not None), default=None)
        if due is None:
            return _NO_LIMIT_S
        now = self._clock.now_ms()
        if due > now:
            return max(SHORTEST_SLEEP_S, (due - now) / 1000)
        if self._pace.free(now) == 0:
            return min(LONGEST_BLIND_SLEEP_S, max(SHORTEST_SLEEP_S, (self._pace.next_at(now) - now) / 1000))
        self._blind_s = min(2 * self._blind_s, LONGEST_BLIND_SLEEP_S)
        return self._blind_s

    async def _deliver(self, claim: Claim) -> None:
        message = claim.message
        outcome: Outcome | None = None
        try:
            provider, outcome = await self._sender.attempt(claim)
            await self._patience.insist(lambda: self._write_down(claim, provider, outcome))
        finally:
            self._in_hand.discard(message.id)
            self._blind_s = SHORTEST_SLEEP_S
            if self._short or self._ended or not isinstance(outcome, Delivered):
                self._awake.set()
        _log.info(
            "message handled",
            message=message.id,
            alarm=None if message.alarm is None else str(message.alarm),
            outcome=type(outcome).__name__,
            reason=getattr(outcome, "reason", None),
            attempt=message.attempts,
        )

    async def _write_down(self, claim: Claim, provider: str, outcome: Outcome) -> None:
        now, message, outbox = self._clock.now_ms(), claim.message, self._outbox
        match outcome:
            case Delivered(provider_id):
                await outbox.finish(message, state="sent", now=now, provider=provider, provider_id=provider_id)
            case NotSent(reason):
                await outbox.finish(message, state="not_sent", now=now, reason=reason, provider=provider)
            case Withdrawn(reason):
                await outbox.finish(message, state="withdrawn", now=now, reason=reason)
            case GiveUp(reason):
                await self._fail(message, provider, reason, now)
            case RetryAfter():
                await self._retry(claim, provider, outcome, now)

    async def _retry(self, claim: Claim, provider: str, outcome: RetryAfter, now: int) -> None:
        message = claim.message
        if message.expires_at is None and message.attempts >= ATTEMPTS:
            await self._fail(message, provider, outcome.reason, now)
            return
        if outcome.crowded:
            self._pace.hold(now + wait_ms(outcome, 1, message.id))
        again_at = now + wait_ms(outcome, message.attempts, message.id, urgent=message.priority >= URGENT)
        last = again_at if message.expires_at is None else min(again_at, message.expires_at)
        await self._outbox.retry(
            message,
            not_before=last,
            reason=outcome.reason,
            in_doubt=outcome.in_doubt or claim.in_doubt_since is not None,
        )

    async def _fail(self, message: Message, provider: str, reason: str, now: int) -> None:
        """It will never arrive: its alarm says so, and somebody else is told."""
        async with self._outbox.failing(message, now=now, reason=reason, provider=provider) as tx:
            if tx is not None:
                await delivery.failed(tx, message, reason, now, self._capabilities)


def _is_due(t: int | None, now: int) -> bool:
    return t is not None and t <= now


def wait_ms(sending: RetryAfter, attempts: int, message: int, *, urgent: bool = False) -> int:
    """How long to wait after the attempt with this number, from 1; the message's number decides how much off."""
    if sending.seconds is not None:
        return min(int(sending.seconds * 1000), LONGEST_WAIT_MS)
    spread = (message * 2_654_435_761 + attempts * 40_503) % 1_000
    doubled = min(FIRST_WAIT_MS << max(0, attempts - 1), LONGEST_URGENT_WAIT_MS if urgent else LONGEST_WAIT_MS)
    return doubled * (800 + spread * 400 // 1_000) // 1_000
