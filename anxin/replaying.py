"""``anxin simulate --replay``: registers the recorded people, plays them, and looks what became of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from anxin.embedded.errors import StartError
from anxin.settings import Settings
from anxin.simulation import broker_address
from anxin.store_access import database_of
from devices.clock import SystemClock
from gateway.store.connection import Connection, connect
from gateway.store.registry import add_device, add_fence, add_resident, find, save_site
from gateway.store.registry_records import Circle, Device, DeviceFields, FenceFields, Point, ResidentFields, Site
from gateway.store.replayed import alarms_since, stored_since
from simulator.recordings import Subject
from simulator.replay import Replay

ACTOR: Final = "replay"
KNOWN_EVERYWHERE_S: Final = 2.0
"""What was registered is known to every role after this. Source: contract section 5."""
STORED_WITHIN_S: Final = 60.0


class Outcome(NamedTuple):
    """What a replay sent, what of it is stored, and the alarms it raised; the last two None without a database."""

    played: Counter[str]
    stored: Counter[str] | None
    alarms: Counter[str] | None


async def replay(
    settings: Settings, site: str, subjects: Sequence[Subject], *, speed: float | None, say: Callable[[str], None]
) -> Outcome:
    """Play recordings at the system of these settings; at a foreign broker alone, its devices must be known there.

    Every recording is read before the first is played.

    Raises:
        StartError: if there is no system, or none that runs.
        RecordingError: for a recording that cannot be read.
    """
    say(f"{len(subjects)} recorded people, {sum(1 for s in subjects for _ in s.readings())} readings")
    if settings.mqtt.broker is not None and settings.database.url is None:
        say(f"no --database: expects the devices {subjects[0].device} … of the site {site} to be registered")
        replaying = Replay(subjects, broker=broker_address(settings, site), site=site, speed=speed)
        return Outcome(await replaying.run(say), None, None)
    async with _registry(settings) as connection:
        await _register(connection, site, subjects)
        say(f"they are registered at the site {site}")
        broker = broker_address(settings, site)
        await asyncio.sleep(KNOWN_EVERYWHERE_S)
        since = SystemClock().now_ms()
        played = await Replay(subjects, broker=broker, site=site, speed=speed).run(say)
        devices = [subject.device for subject in subjects]
        stored = await _stored(connection, devices, since, played)
        return Outcome(played, stored, await alarms_since(connection, devices, since))


async def _stored(connection: Connection, devices: Sequence[str], since: int, played: Counter[str]) -> Counter[str]:
    """What is stored once it is all there, or after some patience: the gateway may have a backlog."""
    stored = Counter[str]()
    for _ in range(int(STORED_WITHIN_S)):
        stored = await stored_since(connection, devices, since)
        if stored >= played:
            break
        await asyncio.sleep(1)
    return stored


@asynccontextmanager
async def _registry(settings: Settings) -> AsyncIterator[Connection]:
    async with database_of(settings) as conninfo:
        connection = await connect(conninfo, application="anxin simulate")
        async with connection:
            yield connection


async def _register(connection: Connection, site: str, subjects: Sequence[Subject]) -> None:
    """Enter site, people, bands and zones that are not there yet; all or nothing."""
    async with connection.transaction():
        if await find(connection, Site, site) is None:
            await save_site(connection, ACTOR, Site(id=site, name=site), create=True)
        for subject in subjects:
            known = await find(connection, Device, subject.device)
            if known is None:
                await _enter(connection, site, subject)
            elif known.site != site:
                raise StartError(f"an earlier replay registered {subject.device} elsewhere: say --site {known.site}")


async def _enter(connection: Connection, site: str, subject: Subject) -> None:
    home = None if subject.home is None else Point(lat=subject.home[0], lon=subject.home[1])
    person = ResidentFields(
        site=site, name=subject.name, home=home, timezone=subject.timezone, external_id=subject.device
    )
    resident = await add_resident(connection, ACTOR, person)
    await add_device(
        connection,
        ACTOR,
        subject.device,
        DeviceFields(site=site, resident=resident.id),
        password_hash=None,
        now=SystemClock().now_ms(),
    )
    if home is not None and subject.zone_radius_m is not None:
        circle = Circle(lat=home.lat, lon=home.lon, radius_m=subject.zone_radius_m)
        await add_fence(connection, ACTOR, FenceFields(resident=resident.id, name="zone", circle=circle))
