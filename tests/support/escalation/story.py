"""A story on virtual time: at this second that happens, and these people hear of it then.

    story.at(0, fall("wang"))
    story.want(between(60, 61), sms("zhang"))
    await story.plays(until=minutes(5))

Everything is real but the time and the phones: the database, the desk, the steps, the outbox, the dispatcher. Time
jumps from one due moment to the next. Of whom a story speaks, it tells all: what they hear beyond it is a mistake.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from psycopg_pool import AsyncConnectionPool

from alerts.alarm import Alarm
from alerts.dispatcher import Dispatcher
from alerts.notifiers.port import Notifier
from alerts.notifiers.selection import WaysOut
from devices.clock import ManualClock
from gateway.store.alarms import PostgresAlarmStore, alarm_from_object
from gateway.store.connection import Connection
from gateway.store.outbox import PostgresOutbox
from tests.support.escalation.centre import NAME_OF, TIMEZONE, Centre
from tests.support.escalation.phones import Heard, Phones
from tests.support.escalation.wants import Expected, Line, Want, Window, mistakes, shown

Deed = Callable[["Story"], Awaitable[Any]]

HELD_BACK_MS: Final = 1_000
"""What is due and cannot leave yet is looked at again so soon; ``alerts.dispatcher.LONGEST_BLIND_SLEEP_S``."""
PUBLIC_URL: Final = "https://anxin.example"


class Story:
    """What happens, what is wanted, and the house in which it is played.

    ``begins``: the local time in Shanghai on 15 June 2025.
    """

    def __init__(self, pool: AsyncConnectionPool[Connection], *, begins: str = "10:00", dispatchers: int = 1) -> None:
        local = datetime.fromisoformat(f"2025-06-15T{begins}:00").replace(tzinfo=ZoneInfo(TIMEZONE))
        self.t0 = round(local.timestamp() * 1000)
        self.clock = ManualClock(self.t0)
        self.clock_is_off_by_ms = 0
        self.pool = pool
        self.centre = Centre(pool)
        self.store = PostgresAlarmStore(pool)
        self.outbox = PostgresOutbox(pool)
        self.phones = Phones(self._seconds)
        self._provider: Notifier = self.phones
        self.openings: dict[tuple[str, str], tuple[int, UUID]] = {}
        """(resident, rule) → when the engine's episode began, and its id."""
        self._dispatchers = [self.dispatcher() for _ in range(dispatchers)]
        self._deeds: list[tuple[float, int, Deed]] = []
        self._wanted: list[Expected] = []
        self._silent: set[str] = set()
        self._commands_seen = 0
        self.commands_leave = True
        """Whether the broker takes commands; nobody here sends them."""

    def dispatcher(self) -> Dispatcher:
        """One more dispatcher over the same database and phones."""
        ways = WaysOut(phone=self._provider, chat=self.phones, public_url=PUBLIC_URL)
        return Dispatcher(
            store=self.store,
            outbox=self.outbox,
            ways=ways,
            capabilities=ways.capabilities,
            clock=self.clock,
            steady_s=self._seconds,
        )

    def reach_phones_by(self, provider: Notifier) -> None:
        """Let SMS and calls leave through another provider."""
        self._provider = provider
        self.restart()

    def can(self, **changes: Any) -> None:
        """Let the provider be able to do other things than everything."""
        self.phones.capabilities = msgspec.structs.replace(self.phones.capabilities, **changes)
        self.restart()

    def restart(self) -> None:
        """Others take the dispatchers' places, and know nothing but what is stored."""
        self._dispatchers = [self.dispatcher() for _ in self._dispatchers]

    def at(self, seconds: float, *deeds: Deed) -> None:
        """So many seconds after the beginning, this happens."""
        self._deeds += [(seconds, len(self._deeds) + n, deed) for n, deed in enumerate(deeds)]

    def want(self, when: float | Window, *wanted: Want | Line) -> None:
        """Then this is heard, or stands in a timeline; a bare number: within that second."""
        window = when if isinstance(when, Window) else Window(when, when + 1)
        self._wanted += [(window, want) for want in wanted]

    def silence(self, *who: str) -> None:
        """They hear nothing but what is wanted; without names: nobody does."""
        self._silent.update(who or ("*",))

    def now(self) -> int:
        """The house's time, ms."""
        return self.clock.now

    def _seconds(self) -> float:
        return (self.clock.now - self.clock_is_off_by_ms - self.t0) / 1000

    async def plays(self, *, until: float) -> None:
        """Let it happen; then everything that was wanted must have been heard, and nothing else."""
        await self.passes(until)
        alarms = {
            name: await self.alarms_of(name) for name in {want.of for _, want in self._wanted if isinstance(want, Line)}
        }
        wrong = mistakes(self._wanted, frozenset(self._silent), self.phones.heard, alarms, self.t0)
        told = "\n".join(map(shown, self.phones.heard))
        assert not wrong, "\n".join([*wrong, "", "what was heard:", told])

    async def passes(self, until: float) -> None:
        """Let time pass up to then, from one due moment to the next."""
        deeds = sorted(self._deeds, key=lambda deed: deed[:2])
        self._deeds = []
        while True:
            upcoming = [self.t0 + int(1000 * deeds[0][0])] if deeds else []
            due = await self._settle()
            if due is not None:
                due = max(due, self.clock.now + HELD_BACK_MS if due <= self.clock.now else due)
                upcoming.append(due - self.clock_is_off_by_ms)
            real = min(upcoming, default=None)
            if real is None or real > self.t0 + 1000 * until:
                self._turn_to(self.t0 + int(1000 * until))
                return
            self._turn_to(real)
            while deeds and self.t0 + int(1000 * deeds[0][0]) <= real:
                await deeds.pop(0)[2](self)
                await self._look_at_bands()

    def _turn_to(self, real_ms: int) -> None:
        self.clock.now = real_ms + self.clock_is_off_by_ms

    async def _settle(self) -> int | None:
        """Let the dispatchers do all that is due; when the next thing falls due, ms."""
        before: object = None
        while True:
            await asyncio.gather(*(one.run(_nothing()) for one in self._dispatchers))
            due = await self.store.next_due()
            state = await self.centre.rows(
                "select count(*), sum(attempts), sum(not_before), max(id), count(finished_at),"
                " (select count(*) from escalation_step where state = 'pending') from message"
            )
            if due is None or due > self.clock.now or state == before:
                await self._look_at_bands()
                return due
            before = state

    async def _look_at_bands(self) -> None:
        """What wristbands were asked to show since the last look."""
        if self.commands_leave:
            await self.centre.send_commands(self.clock.now)
        rows = await self.centre.rows(
            "select c.n, d.id, c.name, c.args ->> 'text' from command c join device d on d.slot = c.device"
            " where c.n > %s order by c.n",
            self._commands_seen,
        )
        for n, device, name, text in rows:
            self._commands_seen = n
            whose = device.removeprefix("band-")
            self.phones.heard.append(Heard(t=self._seconds(), who=whose, how="band", template=name, text=text or ""))

    async def alarms_of(self, whom: str) -> list[Alarm]:
        """The alarms of a resident, a household, a device or the site, oldest first."""
        rows = await self.centre.rows(
            "select object from alarm where %s in (object ->> 'resident', object ->> 'household', object ->> 'device',"
            " object ->> 'subject') or (%s = object ->> 'site' and object ->> 'subject' = object ->> 'site')"
            " order by (object ->> 'raised_at')::bigint, id",
            whom,
            whom,
        )
        return [alarm_from_object(row[0]) for row in rows]

    async def alarm_of(self, whom: str, rule: str | None = None) -> Alarm:
        """The youngest of them."""
        alarms = [alarm for alarm in await self.alarms_of(whom) if rule in (None, alarm.rule)]
        assert alarms, f"{whom} has no alarm {rule or ''}"
        return alarms[-1]

    async def steps_of(self, whom: str) -> list[tuple[Any, ...]]:
        """(who, how, nth, repeat, state, s after the beginning) of the youngest alarm's steps."""
        alarm = await self.alarm_of(whom)
        rows = await self.centre.rows(
            "select who, how, nth, repeat, state, due_at from escalation_step where alarm = %s"
            " order by due_at, n, repeat",
            alarm.id,
        )
        return [(*row[:-1], (row[-1] - self.t0) / 1000) for row in rows]

    def heard_by(self, who: str) -> list[Heard]:
        """All that somebody was told."""
        return [heard for heard in self.phones.heard if heard.who == who]


def name_of(recipient: str) -> str:
    """Who has this number."""
    return NAME_OF.get(recipient, recipient)


async def _nothing() -> AsyncIterator[None]:
    """Nobody wakes the dispatcher: it does what is due and ends."""
    for _ in range(0):
        yield
