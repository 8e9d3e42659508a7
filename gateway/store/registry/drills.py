"""Devices in test mode: what they cry meanwhile is a drill (contract section 3)."""

from __future__ import annotations

from typing import Final

import msgspec

from devices.clock import MINUTE_MS
from devices.refusals import Refusal
from gateway.store.active import ACTIVE_STATES
from gateway.store.connection import Connection
from gateway.store.errors import Conflict
from gateway.store.registry.writing import writing

DRILL_MINUTES_AT_MOST: Final = 10
"""Contract section 3: whoever forgets to end a drill shall not leave somebody without help for longer."""


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when a device is in test mode, ms; both None when it is not."""

    device: str
    test_from: int | None
    test_until: int | None


async def drill_of(conn: Connection, device: str, now: int) -> Drill:
    """The device's test mode as of ``now`` (ms)."""
    cursor = await conn.execute(
        "select test_from_ms, test_until_ms from device where id = %s and test_until_ms > %s", (device, now)
    )
    row = await cursor.fetchone() or (None, None)
    return Drill(device=device, test_from=row[0], test_until=row[1])


async def begin_drill(conn: Connection, actor: str, device: str, *, minutes: int, now: int) -> Drill:
    """Put a device into test mode from ``now`` (ms) on, anew if it is in it already.

    Raises:
        Conflict: It is out of service or nobody entered it, or who has it waits for real help.
    """
    async with writing(conn, actor):
        cursor = await conn.execute(
            "update device set test_from_ms = %(now)s, test_until_ms = %(until)s"
            " where id = %(device)s and registered and not revoked returning slot",
            {"now": now, "until": now + minutes * MINUTE_MS, "device": device},
        )
        row = await cursor.fetchone()
        if row is None:
            raise Conflict(
                Refusal("drill.out_of_service", "only a registered device that is in service can be tried out")
            )
        if await _waits_for_help(conn, device, row[0]):
            raise Conflict(
                Refusal(
                    "drill.real_call",
                    "a real call for help of this device or its wearer is active: deal with it first",
                )
            )
    return Drill(device=device, test_from=now, test_until=now + minutes * MINUTE_MS)


async def end_drill(conn: Connection, actor: str, device: str) -> None:
    """End the test mode: from now on its cries are real. Alarms of the drill stay as they are."""
    async with writing(conn, actor):
        await conn.execute("update device set test_from_ms = null, test_until_ms = null where id = %s", (device,))


async def _waits_for_help(conn: Connection, device: str, slot: int) -> bool:
    cursor = await conn.execute(
        "select exists (select from alarm a where a.kind in ('sos', 'fall')"
        f" and a.state in {ACTIVE_STATES}"
        " and not coalesce((a.object ->> 'drill')::boolean, false)"
        " and (a.object ->> 'device' = %(device)s or exists (select from assignment n"
        " left join resident r on r.slot = n.resident_slot where n.device_slot = %(slot)s and n.to_ms is null"
        " and (a.resident = r.id or (a.resident is null and a.object ->> 'household' = n.household)))))",
        {"device": device, "slot": slot},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])
