"""The people of a benchmark: a site of residents, each with a band and a circle to walk in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from devices.clock import SystemClock
from gateway.store.connection import Connection
from gateway.store.registry import save_site
from gateway.store.registry.bulk import snapshot, write
from gateway.store.registry_bulk import Bulk, DeviceRow, FenceRow, ResidentRow
from gateway.store.registry_records import Circle, DeviceFields, FenceFields, Point, ResidentFields, Site
from simulator.load import Target

SITE: Final = "bench"
_ACTOR: Final = "benchmark"
_RADIUS_M: Final = 500.0
"""The load's wearers stay within some metres of their home: who is outside all the time would measure alarms."""


async def register(connection: Connection, bands: Sequence[str]) -> None:
    """Enter the site and one resident a band, who lives where the load says."""
    await save_site(connection, _ACTOR, Site(id=SITE, name="Benchmark"), create=True)
    bulk = Bulk()
    for line, band in enumerate(bands):
        resident, target = f"wearer-of-{band}", Target(SITE, band)
        home = Point(lat=target.lat, lon=target.lon)
        circle = Circle(lat=target.lat, lon=target.lon, radius_m=_RADIUS_M)
        person = ResidentFields(site=SITE, name=band, home=home)
        device = DeviceFields(site=SITE, resident=resident)
        fence = FenceFields(resident=resident, name="home", circle=circle)
        bulk.residents.append(ResidentRow(line=line, id=resident, new=True, fields=person))
        bulk.devices.append(DeviceRow(line=line, id=band, new=True, fields=device, handed_over=True))
        bulk.fences.append(FenceRow(line=line, id=f"home-of-{band}", new=True, fields=fence))
    known = await snapshot(connection, [SITE])
    await write(connection, _ACTOR, bulk, version=known.version, now=SystemClock().now_ms())
