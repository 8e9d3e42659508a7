"""Promised checks put into the store as the planner would, around the console's own now."""

from __future__ import annotations

from datetime import datetime

from devices.clock import MINUTE_MS, zone
from gateway.store.registry import add_resident
from gateway.store.registry_records import Resident, ResidentFields
from tests.browser.conftest import Console


async def neighbour(console: Console, name: str, **address: str) -> Resident:
    """Somebody of the same centre."""
    async with console.connection() as conn:
        fields = ResidentFields(
            site="riverside", name=name, phone="02155550102", address={"community": "阳光小区", **address}
        )
        return await add_resident(conn, "test", fields)


async def promise(console: Console, resident: Resident, opens_min: int, closes_min: int, *, by: str = "button") -> str:
    """A window of today that opens and closes so many minutes from now, with 15 minutes of grace; its id."""
    now = console.deps.clock.now_ms()
    today = datetime.fromtimestamp(now / 1000, zone(resident.timezone)).date()
    async with console.connection() as conn:
        cursor = await conn.execute(
            "insert into check_window (resident_slot, plan, day, opens_ms, closes_ms, grace_ms, by)"
            " select slot, 'plan', %s, %s, %s, %s, %s from resident where id = %s returning id",
            (
                today, now + opens_min * MINUTE_MS, now + closes_min * MINUTE_MS, 15 * MINUTE_MS, by, resident.id,
            ),
        )  # fmt: skip
        row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


async def overdue(console: Console, resident: Resident) -> str:
    """One whose grace has passed."""
    return await promise(console, resident, -120, -60)


async def due(console: Console, resident: Resident) -> str:
    """One that is open."""
    return await promise(console, resident, -30, 30)
