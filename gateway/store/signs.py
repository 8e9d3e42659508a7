"""When a resident last gave a sign of life, as far as what is stored tells."""

from __future__ import annotations

from typing import Final, LiteralString

from devices.clock import DAY_MS
from gateway.store.connection import Connection

LOOK_BACK_MS: Final = 3 * DAY_MS
"""A sign older than that is none that anybody waits for."""

_WORN: Final[LiteralString] = (
    "worn as (select n.device_slot,"
    " to_timestamp(greatest(n.from_ms, %(from)s) / 1000.0) as since,"
    " to_timestamp(least(coalesce(n.to_ms, %(now)s), %(now)s) / 1000.0) as until"
    " from assignment n join resident r on r.slot = n.resident_slot"
    " where r.id = %(resident)s and n.from_ms < %(now)s and coalesce(n.to_ms, %(now)s) > %(from)s)"
)
_PRESSED: Final[LiteralString] = " union all ".join(
    f"select max(x.t) from worn w join {table} x on x.device = w.device_slot and x.t > w.since and x.t <= w.until"
    for table in ("checkin", "service", "sos", "exercise")
)


async def last_sign(conn: Connection, resident: str, now: int) -> int | None:
    """When (ms) they last stirred: a press, a session, a blood pressure, movement of the wrist or steps that grew.

    None when there was nothing of it within ``LOOK_BACK_MS`` before ``now``. A band's own report, and the pulse that it
    measures by itself, are no sign.
    """
    cursor = await conn.execute(
        f"with {_WORN}, beats as (select x.t, x.activity, x.steps - lag(x.steps) over told as taken"
        " from worn w join heartbeat x on x.device = w.device_slot and x.t > w.since and x.t <= w.until"
        " window told as (partition by x.device, x.steps is null order by x.t, x.seq))"
        " select (extract(epoch from max(t)) * 1000)::bigint from ("
        " select max(b.t) as t from beats b where b.activity > 0 or b.taken > 0"
        " union all select max(x.t) from worn w join vitals x on x.device = w.device_slot and x.t > w.since"
        f" and x.t <= w.until and x.systolic_mmhg is not null union all {_PRESSED}) signs",
        {"resident": resident, "from": now - LOOK_BACK_MS, "now": now},
    )
    row = await cursor.fetchone()
    return row[0] if row else None
