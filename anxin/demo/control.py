"""The drawer *Be the wearer*: ``dashboards.deps.DemoControl`` over MQTT and the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Literal, NamedTuple

import msgspec
from psycopg_pool import AsyncConnectionPool

from alerts.messages import text_of
from alerts.ports import AlarmStore
from anxin.demo import SITE, WEARER
from anxin.demo.counter import ReadingCounter
from anxin.demo.story import INTERVAL_S, FastMinute
from anxin.embedded.broker import site_credentials
from anxin.embedded.folder import DataFolder
from anxin.settings import RoleSettings
from anxin.up import KILL_GATEWAY
from dashboards.deps import DemoCounters, DemoStory, PhoneMessage
from devices.clock import Clock
from gateway.store.connection import Connection
from gateway.store.demo import ask_supervisor, has_had_alarms, last_text_to, texts_to
from gateway.store.links import create_link
from gateway.store.registry import find, listing
from gateway.store.registry_records import Contact, Device
from simulator.link import BrokerAddress, Link
from simulator.main import Instruction, counters_topic, instruction_topic
from simulator.wearer import DOINGS

CLIENT_ID: Final = "demo-drawer"
FIRST_PRESS_S: Final = 15.0
"""So long the community is calm before the wearer's first SOS, counted from the first look at the page."""
REACH_S: Final = 2.0
"""How long a press waits for the broker before it gives up."""

_encode = msgspec.json.Encoder().encode


class Wearer(NamedTuple):
    """Whom the drawer plays: the resident's id, and the daughter's number."""

    resident: str
    phone: str


class Drawer:
    """Plays the wearer of ``WEARER``; made by ``open_drawer``."""

    def __init__(
        self,
        *,
        link: Link,
        pool: AsyncConnectionPool[Connection],
        store: AlarmStore,
        clock: Clock,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._link = link
        self._pool = pool
        self._tasks = tasks
        self._clock = clock
        self._counter = ReadingCounter()
        self._wearer: Wearer | None = None
        self._doing = "ordinary"
        self._first: asyncio.Task[None] | None = None
        self._story = FastMinute(
            pool=pool,
            store=store,
            clock=clock,
            silence=lambda: self._instruct(Instruction("stop_moving", interval_s=INTERVAL_S)),
            wake=lambda: self._instruct(Instruction("ordinary")),
        )
        link.subscribe(counters_topic(SITE))
        link.listen(counters_topic(SITE), self._counter.hear)

    async def press_sos(self) -> None:
        """Press the button of the wearer's band."""
        await self._instruct(Instruction("sos"))

    async def check_in(self) -> None:
        """Press "I am well"."""
        await self._instruct(Instruction("checkin"))

    async def fall(self) -> None:
        """Let the wearer fall."""
        await self._instruct(Instruction("fall"))

    async def fall_motion(self) -> None:
        """Let the wearer fall, the band notice nothing, and nobody answer."""
        await self._instruct(Instruction("fall_motion", answer="none"))

    async def sit_down_hard(self) -> None:
        """Let the wearer drop into a chair, and answer when asked."""
        await self._instruct(Instruction("sit_down_hard", answer="ok"))

    async def walk_away(self) -> None:
        """Let the wearer leave the safe zone."""
        await self._instruct(Instruction("walk_away"))

    async def walk_about(self, how: Literal["pace", "lap", "roam"]) -> None:
        """Let the wearer walk to and fro, round and round, or about, inside the zone."""
        await self._instruct(Instruction(how))

    async def come_home(self) -> None:
        """Let the wearer go back to their ordinary day."""
        await self._instruct(Instruction("ordinary"))

    async def stop_moving(self) -> None:
        """Let the wearer's band fall silent."""
        await self._instruct(Instruction("stop_moving"))

    async def battery_out(self) -> None:
        """Run the band's battery down."""
        await self._instruct(Instruction("battery_out"))

    async def kill_gateway(self) -> None:
        """Kill the gateway's process; the supervisor brings it back."""
        async with self._pool.connection() as connection:
            await ask_supervisor(connection, KILL_GATEWAY)

    async def fast_minute(self) -> None:
        """Start the minute of fast time, unless it is running."""
        wearer = await self._who()
        if wearer is not None and not self._story.running:
            self._tasks.create_task(self._story.tell(wearer.resident), name="fast minute")

    async def counters(self) -> DemoCounters:
        """Readings sent, stored, on the way and lost; whoever asks first is looking at the page now."""
        if self._first is None:
            self._first = self._tasks.create_task(self._first_press(), name="first press")
        return await self._counter.read(self._pool)

    async def phone(self) -> Sequence[PhoneMessage]:
        """What the daughter's phone shows, oldest first."""
        wearer = await self._who()
        if wearer is None:
            return ()
        async with self._pool.connection() as connection:
            texts = await texts_to(connection, wearer.resident, wearer.phone)
        return [
            PhoneMessage(
                t=text.t, to=text.recipient, text=text_of(text.template, text.params, text.language), state=text.state
            )
            for text in texts
        ]

    async def page(self) -> str | None:
        """The token of a link as the daughter's newest message would carry it, were it sent."""
        wearer = await self._who()
        if wearer is None:
            return None
        async with self._pool.connection() as connection:
            message = await last_text_to(connection, wearer.resident, wearer.phone)
            return None if message is None else await create_link(connection, message, self._clock.now_ms())

    def doing(self) -> str:
        """What the wearer was told to do last and goes on doing."""
        return self._doing

    def story(self) -> DemoStory:
        """Where the minute of fast time is."""
        return self._story.state()

    def close(self) -> None:
        """Give up what is still to come."""
        if self._first is not None:
            self._first.cancel()

    async def _first_press(self) -> None:
        """Let the wearer press once, unless somebody has played with the demo already."""
        await asyncio.sleep(FIRST_PRESS_S)
        wearer = await self._who()
        if wearer is None:
            return
        async with self._pool.connection() as connection:
            untouched = not await has_had_alarms(connection, wearer.resident)
        if untouched:
            await self.press_sos()

    async def _instruct(self, instruction: Instruction) -> None:
        async with asyncio.timeout(REACH_S):
            await self._link.up.wait()
            await self._link.publish(instruction_topic(SITE, WEARER), _encode(instruction))
        if instruction.do in DOINGS:
            self._doing = instruction.do

    async def _who(self) -> Wearer | None:
        """The wearer and the daughter; looked up once, since the demo's community stays as it is."""
        if self._wearer is None:
            async with self._pool.connection() as connection:
                band = await find(connection, Device, WEARER)
                if band is None or band.resident is None:
                    return None
                contacts = await listing(connection, Contact, sites=(SITE,), filters={"resident": band.resident})
            first = min(contacts, key=lambda contact: contact.order, default=None)
            self._wearer = None if first is None else Wearer(band.resident, first.phone)
        return self._wearer


@asynccontextmanager
async def open_drawer(
    settings: RoleSettings, *, pool: AsyncConnectionPool[Connection], store: AlarmStore, clock: Clock
) -> AsyncIterator[Drawer]:
    """The drawer, connected to the broker for as long as the context lasts."""
    async with asyncio.TaskGroup() as tasks:
        link = Link(_broker(settings), CLIENT_ID)
        drawer = Drawer(link=link, pool=pool, store=store, clock=clock, tasks=tasks)
        kept = tasks.create_task(link.run(), name="demo drawer")
        try:
            yield drawer
        finally:
            kept.cancel()
            drawer.close()


def _broker(settings: RoleSettings) -> BrokerAddress:
    """The broker under the site's own account; a foreign broker under the account that was told."""
    if settings.broker_kind == "external":
        username, password = settings.mqtt_username, settings.mqtt_password
    else:
        account = site_credentials(DataFolder.open(settings.data_dir), SITE)
        username, password = account.username, account.password
    return BrokerAddress(host=settings.mqtt_host, port=settings.mqtt_port, username=username, password=password)
