"""When sheets are due: by the shifts of each site."""

from __future__ import annotations

import msgspec

from devices.clock import DAY_MS
from gateway.store.connection import Connection


class SheetTimes(msgspec.Struct, frozen=True, kw_only=True):
    """A site, and when the shifts of its last day began, ms."""

    site: str
    timezone: str
    starts: list[int]


async def sheet_times(conn: Connection, now: int) -> list[SheetTimes]:
    """Every site with the starts of shifts in the 24 h up to ``now`` (ms)."""
    cursor = await conn.execute(
        "select s.id, s.timezone, coalesce(array_agg(distinct f.from_ms) filter (where f.id is not null), '{}')"
        " from site s left join shift f on f.site = s.id and f.role = 'duty' and f.from_ms > %(now)s - %(day)s"
        " and f.from_ms <= %(now)s group by s.id order by s.id",
        {"now": now, "day": DAY_MS},
    )
    return [SheetTimes(site=row[0], timezone=row[1], starts=list(row[2])) for row in await cursor.fetchall()]
