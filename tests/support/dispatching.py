"""A dispatcher at work over the store in memory, and an ear that it speaks into."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from alerts.dispatcher import Dispatcher
from alerts.notifiers.port import Capabilities, Delivered, Finding, NotThere, Sending
from alerts.ports import Message, NewMessage
from devices.clock import ManualClock
from tests.support.alarm_memory import MemoryStore
from tests.support.alarms import MINUTE, T0


class Ear:
    """A notifier that answers as it is told and remembers what it heard; it is all the ways out at once."""

    name = "ear"
    links = False

    def __init__(self, *answers: Sending | Exception) -> None:
        self.capabilities = Capabilities(sms=True, voice=True, chat=None)
        self.finds: Finding | Exception = NotThere()
        self.asked = 0
        self.tokens: list[str | None] = []
        self.heard: list[tuple[int, str]] = []
        self._answers = list(answers)
        self.gate = asyncio.Event()
        self.gate.set()
        self.speaking = 0
        self.most_at_once = 0

    def notifier_for(self, message: Message) -> Ear:
        return self

    def text_of(self, message: Message, token: str | None, capabilities: Capabilities) -> str:
        self.tokens.append(token)
        return message.template

    async def find(self, message: Message, text: str) -> Finding:
        self.asked += 1
        if isinstance(self.finds, Exception):
            raise self.finds
        return self.finds

    async def send(self, message: Message, text: str, now: int) -> Sending:
        self.heard.append((message.id, message.template))
        self.speaking += 1
        self.most_at_once = max(self.most_at_once, self.speaking)
        try:
            await self.gate.wait()
        finally:
            self.speaking -= 1
        answer = self._answers.pop(0) if self._answers else Delivered(f"SM{message.id}")
        if isinstance(answer, Exception):
            raise answer
        return answer


class Running:
    """A dispatcher at work; ``until`` waits for what it will bring about."""

    def __init__(
        self,
        store: MemoryStore,
        ear: Ear,
        clock: ManualClock,
        unavailable: tuple[type[Exception], ...],
        per_second: float = 1_000.0,
    ) -> None:
        self.store = store
        self.ear = ear
        self.clock = clock
        self._wake: asyncio.Queue[None] = asyncio.Queue()
        self._task = asyncio.get_running_loop().create_task(
            Dispatcher(
                store=store,
                outbox=store,
                ways=ear,
                capabilities=ear.capabilities,
                clock=clock,
                steady_s=lambda: clock.now / 1000,
                per_second=per_second,
                unavailable=unavailable,
            ).run(self._wakes())
        )

    async def _wakes(self) -> AsyncIterator[None]:
        while True:
            await self._wake.get()
            yield

    def wake(self) -> None:
        self._wake.put_nowait(None)

    def at(self, t: int) -> None:
        self.clock.now = t
        self.wake()

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                assert not self._task.done(), self._task.exception()
                await asyncio.sleep(0.001)

    async def stop(self) -> None:
        self._task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self._task


async def queue(store: MemoryStore, *recipients: str, **fields: Any) -> None:
    values: dict[str, Any] = {
        "alarm": None,
        "site": "north",
        "resident": "r1",
        "contact": "c1",
        "template": "alarm",
        "params": {},
    }
    values |= {"language": "zh", "expires_at": T0 + 15 * MINUTE}
    async with store.transaction() as tx:
        for recipient in recipients:
            await tx.queue(NewMessage(**{**values, **fields}, recipient=recipient), T0)


def states(store: MemoryStore) -> list[tuple[str, str | None]]:
    return [(message["state"], message["reason"]) for message in store.messages()]
