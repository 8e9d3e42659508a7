"""Alarms as rows for whoever counts them elsewhere, page by page in the order in which they were raised."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

import msgspec

from gateway.store.connection import Connection

AT_ONCE: Final = 2000


class AlarmRow(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm; times are Unix ms, None where it did not come to that."""

    id: UUID
    site: str
    site_name: str | None
    timezone: str
    rule: str
    severity: str
    state: str
    resident: str | None
    resident_name: str | None
    device: str | None
    raised_at: int
    event_time: int
    sounded_at: int | None
    answered_at: int | None
    on_scene_at: int | None
    over_at: int | None
    late: bool
    drill: bool
    outcome: str | None
    result: str | None
    count: int


_FIELDS: Final = (
    "a.id, a.site, s.name, coalesce(s.timezone, 'Asia/Shanghai'), a.rule, a.severity, a.state, a.resident, r.name,"
    " a.object ->> 'device', a.raised_at, (a.object ->> 'event_time')::bigint, a.sounded_at, a.answered_at,"
    " a.on_scene_at, a.over_at, a.late, a.drill, a.outcome, a.object ->> 'result', (a.object ->> 'count')::integer"
)


async def alarm_rows(
    conn: Connection, *, sites: Sequence[str], from_ms: int, to_ms: int
) -> AsyncIterator[list[AlarmRow]]:  # fmt: skip
    """Every alarm raised in ``[from_ms, to_ms)`` at these sites (empty: at all), drills and suppressed ones too."""
    after = (from_ms, UUID(int=0))
    while True:
        cursor = await conn.execute(
            f"select {_FIELDS} from alarm a left join site s on s.id = a.site left join resident r on r.id = a.resident"
            " where (a.raised_at, a.id) > (%(raised)s, %(id)s) and a.raised_at < %(to)s"
            " and (%(sites)s::text[] = '{}' or a.site = any(%(sites)s)) order by a.raised_at, a.id limit %(limit)s",
            {"raised": after[0], "id": after[1], "to": to_ms, "sites": list(sites), "limit": AT_ONCE},
        )
        rows = [AlarmRow(**dict(zip(AlarmRow.__struct_fields__, row, strict=True))) for row in await cursor.fetchall()]
        if rows:
            yield rows
        if len(rows) < AT_ONCE:
            return
        after = (rows[-1].raised_at, rows[-1].id)
