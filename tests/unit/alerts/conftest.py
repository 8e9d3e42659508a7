"""A dispatcher over the store in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from devices.clock import ManualClock
from tests.support.alarm_memory import MemoryStore
from tests.support.alarms import T0, a_card
from tests.support.dispatching import Ear, Running


@pytest.fixture
def store() -> MemoryStore:
    memory = MemoryStore()
    memory.cards["r1"] = a_card()
    return memory


@pytest.fixture
async def start(store: MemoryStore) -> AsyncIterator[Callable[..., Running]]:
    started: list[Running] = []

    def starting(
        ear: Ear, t: int = T0, *, unavailable: tuple[type[Exception], ...] = (), per_second: float = 1_000.0
    ) -> Running:
        started.append(Running(store, ear, ManualClock(t), unavailable, per_second))
        return started[-1]

    yield starting
    for running in started:
        running.ear.gate.set()
        await running.stop()
