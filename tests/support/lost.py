"""Somebody who has left their zone, as a band reports it, and whoever follows their band."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alerts import follow_loop
from alerts.following import Pace
from devices.clock import SystemClock
from gateway.store.changes import listen
from gateway.store.connection import pool
from gateway.store.errors import UNAVAILABLE
from gateway.store.following import PostgresFollowStore
from tests.support.brokers import Client
from tests.support.commands import NOW
from tests.support.community import HOME_LAT, HOME_LON
from tests.support.gateway import encoded

PACE = Pace()
FAR_LAT = HOME_LAT + 0.02
"""Some 2.2 km to the north of home."""


def fix(devices: Client, device: str, t: int, lat: float, lon: float = HOME_LON, *, accuracy_m: float = 8.0) -> None:
    """A fix of a band."""
    devices.publish(
        f"anxin/v1/s1/{device}/position", encoded(t=t, lat=lat, lon=lon, accuracy_m=accuracy_m, source="gnss")
    )


def walk_away(devices: Client, device: str = "b0") -> None:
    """At home at first, then far outside for minutes: every way of judging a zone takes it for outside."""
    now = NOW()
    for minutes in range(30, 20, -1):
        fix(devices, device, now - 60_000 * minutes, HOME_LAT)
    for step in range(20):
        fix(devices, device, now - 1_200_000 + 60_000 * step, HOME_LAT + 0.001 * (step + 1))


def come_home(devices: Client, device: str = "b0") -> None:
    """Back at home, long enough for everybody."""
    now = NOW()
    for step in range(4):
        fix(devices, device, now - 3 + step, HOME_LAT)


@asynccontextmanager
async def followed(conninfo: str, *, processes: int = 1, pace: Pace = PACE) -> AsyncIterator[None]:
    """Whoever sets bands to frequent fixes, ``processes`` times."""
    async with asyncio.TaskGroup() as tasks:
        works = [tasks.create_task(_follow(conninfo, pace)) for _ in range(processes)]
        yield
        for work in works:
            work.cancel()


async def _follow(conninfo: str, pace: Pace) -> None:
    async with pool(conninfo, application="anxin test", size=2) as connections:
        wake = listen(conninfo, ["alarm_change"], application="anxin test listener")
        await follow_loop.run(PostgresFollowStore(connections), pace, SystemClock(), wake, unavailable=UNAVAILABLE)
