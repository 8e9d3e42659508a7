"""When somebody last gave a sign of life, told from stored readings; and who last vouched for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import LiteralString

import pytest

from devices.clock import DAY_MS, HOUR_MS, MINUTE_MS
from gateway.store.connection import Connection, connect
from gateway.store.registry import add_device, add_resident, save_site
from gateway.store.registry_records import DeviceFields, ResidentFields, Site
from gateway.store.sightings import Sighting, last_sighting, note_sighting
from gateway.store.signs import last_sign

NOW = 1_750_000_000_000


class Life:
    """A resident with a band whose readings are stored one by one."""

    def __init__(self, conn: Connection, resident: str, slot: int) -> None:
        self.conn, self.resident, self._slot, self._seq = conn, resident, slot, 0

    async def send(self, table: LiteralString, t: int, **fields: object) -> None:
        """Store a reading at ``t``."""
        self._seq += 1
        row = {"pos": self._seq, "device": self._slot, "seq": self._seq, **fields}
        names = ", ".join(row)
        places = ", ".join(f"%({name})s" for name in row)
        values = f"{places}, to_timestamp(%(t)s / 1000.0), now()"
        statement = f"insert into {table} ({names}, t, received) values ({values})".encode()
        await self.conn.execute(statement, row | {"t": t})

    async def last(self) -> int | None:
        """Their last sign as of ``NOW``."""
        return await last_sign(self.conn, self.resident, NOW)


@pytest.fixture
async def life(conninfo: str) -> AsyncIterator[Life]:
    async with await connect(conninfo, application="anxin test") as conn:
        await save_site(conn, "test", Site(id="north", name="北社区"), create=True)
        resident = await add_resident(conn, "test", ResidentFields(site="north", name="李奶奶"))
        fields = DeviceFields(site="north", resident=resident.id)
        await add_device(conn, "test", "band-1", fields, password_hash=None, now=NOW - 9 * DAY_MS)
        row = await (await conn.execute("select slot from device where id = 'band-1'")).fetchone()
        assert row is not None
        yield Life(conn, resident.id, row[0])


async def test_a_band_that_reports_stillness_gives_no_sign_of_life(life: Life) -> None:
    assert await life.last() is None
    await life.send("heartbeat", NOW - 3 * HOUR_MS, steps=500, activity=0, battery_pct=80)
    await life.send("heartbeat", NOW - 2 * HOUR_MS, steps=500, activity=0)
    await life.send("vitals", NOW - HOUR_MS, heart_rate_bpm=70)
    assert await life.last() is None


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("heartbeat", {"steps": 501, "activity": 0}),
        ("heartbeat", {"activity": 3.5}),
        ("vitals", {"systolic_mmhg": 130}),
        ("checkin", {}),
        ("service", {"request": "meal"}),
        ("exercise", {"session": "s", "machine": "rower", "duration_s": 300}),
    ],
)
async def test_whatever_somebody_does_is_a_sign(life: Life, table: LiteralString, fields: dict[str, object]) -> None:
    await life.send("heartbeat", NOW - 3 * HOUR_MS, steps=500, activity=0)
    await life.send(table, NOW - MINUTE_MS, **fields)
    await life.send("heartbeat", NOW - 1, steps=fields.get("steps", 500), activity=0)
    assert await life.last() == NOW - MINUTE_MS


async def test_what_another_wearer_did_and_what_lies_far_back_is_no_sign_of_theirs(life: Life) -> None:
    await life.send("checkin", NOW - 4 * DAY_MS)
    await life.send("checkin", NOW - HOUR_MS)
    await life.conn.execute("update assignment set to_ms = %s", (NOW - 2 * HOUR_MS,))
    assert await life.last() is None


async def test_the_newest_word_that_somebody_is_safe_is_told_whatever_came_last(life: Life) -> None:
    assert await last_sighting(life.conn, life.resident) is None
    for at, by in ((NOW, "mei"), (NOW - 5, "li")):
        async with life.conn.transaction():
            await note_sighting(life.conn, life.resident, at=at, by=by, how="visit")
    assert await last_sighting(life.conn, life.resident) == Sighting(NOW, "mei", "visit")
