"""What is decided about bands whose wearers are sought, carried out: a band a transaction, by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol
from uuid import UUID

import msgspec
import structlog

from alerts.alarm import Alarm, TimelineEntry
from alerts.following import Ask, Kept, Pace, Situation, Turn, decide
from alerts.patience import STORE_AWAY_S, until
from devices.clock import Clock

RELOOK_S: Final = 5.0
"""What only time makes due is seen as late as this."""

_log = structlog.get_logger(__name__)


class FollowTurn(Protocol):
    """Work on one band, alone; it ends with COMMIT."""

    @property
    def situation(self) -> Situation:
        """The band as it is now."""
        ...

    async def lock(self, alarm: UUID) -> Alarm | None:
        """The alarm under a row lock, or None."""
        ...

    async def save(self, alarm: Alarm) -> None:
        """Store a changed alarm."""
        ...

    async def ask(self, ask: Ask, *, alarm: UUID, now: int) -> UUID | None:
        """Queue a command for the band; its id, None when it cannot be asked."""
        ...

    async def keep(self, kept: Kept | None) -> None:
        """Write down what is kept of the band; None: forget it."""
        ...


class FollowStore(Protocol):
    """Where bands, their commands and their wearers' alarms are stored."""

    async def situations(self, now: int) -> Sequence[Situation]:
        """The bands whose wearers are sought, and those that have not their usual intervals back."""
        ...

    def turn(self, device: str, now: int) -> AbstractAsyncContextManager[FollowTurn | None]:
        """Work on a band; None while somebody else does, or when there is nothing about it any more."""
        ...


async def run(
    store: FollowStore,
    pace: Pace,
    clock: Clock,
    wake: AsyncIterator[object],
    *,
    unavailable: tuple[type[Exception], ...] = (),
) -> None:
    """Follow whom it concerns until cancelled; ``wake`` yields whenever an alarm may have changed."""
    awake = asyncio.Event()

    async def listen() -> None:
        async for _ in wake:
            awake.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listen(), name="following wake")
        while True:
            awake.clear()
            try:
                await follow(store, pace, clock.now_ms())
            except unavailable as error:
                _log.warning("store is away", error=type(error).__name__)
                await asyncio.sleep(STORE_AWAY_S)
            await until(awake, RELOOK_S)


async def follow(store: FollowStore, pace: Pace, now: int) -> int:
    """Do what is due at ``now`` (ms); how many bands that concerned."""
    done = 0
    for situation in await store.situations(now):
        if decide(situation, pace, now) is None:
            continue
        async with store.turn(situation.device, now) as work:
            turn = None if work is None else decide(work.situation, pace, now)
            if work is None or turn is None:
                continue
            await _carry_out(work, turn, now)
            done += 1
    return done


async def _carry_out(work: FollowTurn, turn: Turn, now: int) -> None:
    """The alarm's row is taken before the band's: whoever escalates takes them in this order."""
    alarm = await work.lock(turn.alarm)
    kept, event, note = turn.kept, turn.event, turn.note
    for ask in turn.asks:
        asked = await work.ask(ask, alarm=turn.alarm, now=now)
        if kept is None or ask.name != "set_interval":
            continue
        if asked is None:
            busy = kept.told != "busy"
            kept = msgspec.structs.replace(kept, told="busy")
            event, note = ("follow_failed", "busy") if busy else (event, note)
        else:
            kept = msgspec.structs.replace(kept, command=asked)
    await work.keep(kept)
    if alarm is not None and event is not None:
        entry = TimelineEntry(t=now, actor="system", event=event, note=note, to=work.situation.device)
        await work.save(alarm.noting(entry))
