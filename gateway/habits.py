"""Copying what the engine has learned of habitual places into the database, now and then.

The engine reads none of it back: its own memory is its snapshot. The copy is for people who search.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import structlog

from alerts.engine import LearnedPlace
from devices.clock import Clock
from gateway.directory import Directory
from gateway.store.connection import Connection, connect
from gateway.store.errors import AWAY
from gateway.store.habits import Habit, Habits, kept_of, save_habits

EVERY_S: Final = 600.0
"""A place is learned over weeks. Assumption, ADR 36."""
FIRST_S: Final = 60.0
AT_ONCE: Final = 200
"""Residents between two breaths: readings go first."""

_log = structlog.get_logger(__name__)


class Learner(Protocol):
    """What is asked of the engine."""

    def places_of(self, resident_slot: int) -> Sequence[LearnedPlace]:
        """The habitual places of a resident."""
        ...

    def known_enough(self, resident_slot: int) -> bool:
        """Whether their ways are known well enough to judge by them."""
        ...


class HabitCopier:
    """Copies what has changed since it last did; after a start, all that is known and all that is kept."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._copied: dict[int, Habits | None] | None = None
        """By resident; None: something is kept of them, and nobody knows what."""

    async def run(self, conninfo: str, directory: Directory, clock: Clock) -> None:
        """Copy now and then until cancelled; when the database is away, the next time."""
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                async with await connect(conninfo, application="anxin gateway habits") as connection:
                    await self.copy(connection, directory.resident_slots(), clock.now_ms())
            except AWAY as error:
                _log.warning("habits_not_copied", error=type(error).__name__)
            await asyncio.sleep(EVERY_S)

    async def copy(self, connection: Connection, residents: Sequence[int], now: int) -> int:
        """Copy what is new of these residents (slots) at ``now`` (ms); how many that were."""
        if self._copied is None:
            self._copied = dict.fromkeys(await kept_of(connection))
        done = 0
        for begin in range(0, len(residents), AT_ONCE):
            known = [self._of(slot) for slot in residents[begin : begin + AT_ONCE]]
            changed = [habits for habits in known if habits != self._copied.get(habits.resident_slot, _none(habits))]
            if changed:
                await save_habits(connection, changed, now)
                self._copied |= {habits.resident_slot: habits for habits in changed}
                done += len(changed)
            await asyncio.sleep(0)
        return done

    def _of(self, slot: int) -> Habits:
        places = tuple(
            Habit(
                lat=round(place.lat, 6),
                lon=round(place.lon, 6),
                radius_m=round(place.radius_m, 1),
                weight=round(place.weight, 1),
                hours=place.hours,
            )
            for place in self._learner.places_of(slot)
        )
        return Habits(resident_slot=slot, known=self._learner.known_enough(slot), places=places)


def _none(of: Habits) -> Habits:
    return Habits(resident_slot=of.resident_slot, known=False, places=())
