"""The minute of fast time: a band falls silent, the real rule fires, scripted neighbours go and look.

The silence is real: the wearer's band is told to announce a report every 2 s and then sends nothing, so
``missed_check.silent`` fires after 2 × 2 s + 30 s. Only the clock is the story's: these 34 s pass as the
quarter of an hour from 9:00 to 9:15, and the minutes after it as ``MINUTE_S`` each. What the neighbours and
the desk do goes through ``alerts.desk`` like anybody's click, so messages and the all-clear are real too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from alerts.desk import act
from alerts.ports import AlarmStore
from alerts.transitions import Acknowledge, Arrive, Close, Command, Dispatch, Notify, Resolve
from dashboards.deps import DemoStory
from devices.clock import Clock
from gateway.store.connection import Connection
from gateway.store.demo import active_alarm
from simulator.link import LinkLost

INTERVAL_S: Final = 2.0
FIRES_AFTER_S: Final = 2 * INTERVAL_S + 30.0
"""Source: contract section 3, ``missed_check.silent``."""
PATIENCE_S: Final = 120.0
"""A gateway that was killed meanwhile judges silence only after it has listened again for a while."""
MINUTE_S: Final = 2.0
"""How long a minute of the story takes once the alarm is there."""
SILENT_FROM: Final = 9 * 60
NOTICED_AT: Final = 9 * 60 + 15
RULE: Final = "missed_check.silent"
NEIGHBOUR: Final = "demo-neighbour"
DESK: Final = "demo-desk"
LOOK_S: Final = 0.5

_log = structlog.get_logger(__name__)


class Scene(NamedTuple):
    """Something that somebody does, at a minute of the story's day."""

    minute: int
    step: str
    actor: str
    command: Command


SCENES: Final[tuple[Scene, ...]] = (
    Scene(9 * 60 + 16, "taken", NEIGHBOUR, Acknowledge()),
    Scene(9 * 60 + 17, "daughter_told", DESK, Notify()),
    Scene(9 * 60 + 18, "neighbours_sent", DESK, Dispatch(responder=NEIGHBOUR)),
    Scene(9 * 60 + 21, "at_the_door", NEIGHBOUR, Arrive()),
    Scene(9 * 60 + 25, "helped", NEIGHBOUR, Resolve(result="helped_on_site")),
    Scene(9 * 60 + 27, "closed", DESK, Close(outcome="true_alarm", result="helped_on_site")),
)


class FastMinute:
    """The story, told at most once at a time.

    Args:
        silence: lets the wearer's band announce ``INTERVAL_S`` and then fall silent.
        wake: lets the band report again.
    """

    def __init__(
        self,
        *,
        pool: AsyncConnectionPool[Connection],
        store: AlarmStore,
        clock: Clock,
        silence: Callable[[], Awaitable[None]],
        wake: Callable[[], Awaitable[None]],
    ) -> None:
        self._pool = pool
        self._store = store
        self._clock = clock
        self._silence = silence
        self._wake = wake
        self._running = False
        self._step: str | None = None
        self._began = 0.0
        self._noticed: float | None = None

    @property
    def running(self) -> bool:
        """Whether it is being told."""
        return self._running

    def state(self) -> DemoStory:
        """Where it is."""
        return DemoStory(running=self._running, clock=self._time_of_day(), step=self._step)

    async def tell(self, resident: str) -> None:
        """Tell it from the beginning to the end; whatever happens, the band reports again afterwards."""
        self._running, self._step = True, "silent"
        self._began, self._noticed = asyncio.get_running_loop().time(), None
        try:
            await self._play(resident)
        except (psycopg.Error, PoolTimeout, LinkLost, TimeoutError) as error:
            _log.warning("story interrupted", error=type(error).__name__)
            self._step = "interrupted"
        finally:
            self._running = False

    async def _play(self, resident: str) -> None:
        await self._silence()
        try:
            async with asyncio.timeout(PATIENCE_S):
                alarm = await self._fired(resident)
            loop = asyncio.get_running_loop()
            self._noticed, self._step = loop.time(), "no_sign_of_life"
            for scene in SCENES:
                await asyncio.sleep(self._noticed + (scene.minute - NOTICED_AT) * MINUTE_S - loop.time())
                await act(self._store, alarm, scene.command, scene.actor, self._clock.now_ms())
                self._step = scene.step
        finally:
            await self._wake()

    async def _fired(self, resident: str) -> UUID:
        while True:
            async with self._pool.connection() as connection:
                alarm = await active_alarm(connection, resident, RULE)
            if alarm is not None:
                return alarm
            await asyncio.sleep(LOOK_S)

    def _time_of_day(self) -> str | None:
        if self._step is None:
            return None
        now = asyncio.get_running_loop().time()
        if self._noticed is None:
            part = min((now - self._began) / FIRES_AFTER_S, 1.0)
            minute = min(SILENT_FROM + int(part * (NOTICED_AT - SILENT_FROM)), NOTICED_AT - 1)
        else:
            minute = min(NOTICED_AT + int((now - self._noticed) / MINUTE_S), SCENES[-1].minute)
        return f"{minute // 60:02d}:{minute % 60:02d}"
