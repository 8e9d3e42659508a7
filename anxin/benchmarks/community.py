"""The people of a benchmark: a site of residents, each with a band and a circle to walk in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from devices.clock import SystemClock
from gateway.store.connection import Connection
from gateway.store.registry import add_device, add_fence, add_resident, save_site
from gateway.store.registry_records import Circle, DeviceFields, FenceFields, Point, ResidentFields, Site
from simulator.load import Target

SITE: Final = "bench"
_ACTOR: Final = "benchmark"
_RADIUS_M: Final = 500.0
"""The load's wearers stay within some metres of their home: who is outside all the time would measure alarms."""


async def register(connection: Connection, bands: Sequence[str]) -> None:
    """Enter the site and one resident a band, who lives where the load says."""
    now = SystemClock().now_ms()
    async with connection.transaction():
        await save_site(connection, _ACTOR, Site(id=SITE, name="Benchmark"), create=True)
        for band in bands:
            home = Target(SITE, band)
            fields = ResidentFields(site=SITE, name=band, home=Point(lat=home.lat, lon=home.lon))
            resident = await add_resident(connection, _ACTOR, fields)
            device = DeviceFields(site=SITE, resident=resident.id)
            await add_device(connection, _ACTOR, band, device, password_hash=None, now=now)
            circle = Circle(lat=home.lat, lon=home.lon, radius_m=_RADIUS_M)
            await add_fence(connection, _ACTOR, FenceFields(resident=resident.id, name="home", circle=circle))
