"""How the community is doing at this moment, in one cheap query that every open console repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from devices.clock import MINUTE_MS
from gateway.store.connection import Connection

REPORTING_WITHIN_MS: Final = 15 * MINUTE_MS
"""Heard within this time, three default intervals, a device counts as reporting. Source: assumption."""


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """``devices`` are those in service that somebody has; ``last_reading`` (ms) is when one was last stored."""

    residents: int
    devices: int
    reporting: int
    last_reading: int | None


async def pulse(conn: Connection, *, sites: Sequence[str], now: int) -> Pulse:
    """The figures of these sites (empty: all) at ``now`` (ms); ``last_reading`` is the whole installation's."""
    cursor = await conn.execute(
        "with worn as (select d.slot from device d join assignment n on n.device_slot = d.slot and n.to_ms is null"
        " where not d.revoked and (cardinality(%(sites)s::text[]) = 0 or d.site = any(%(sites)s)))"
        " select (select count(*) from resident where status not in ('moved', 'deceased')"
        " and (cardinality(%(sites)s::text[]) = 0 or site = any(%(sites)s))),"
        " (select count(*) from worn),"
        " (select count(*) from worn w where"
        " exists (select from heartbeat where device = w.slot and t > to_timestamp(%(since)s / 1000.0))"
        " or exists (select from position where device = w.slot and t > to_timestamp(%(since)s / 1000.0))),"
        " (select (extract(epoch from committed_at) * 1000)::bigint from batch where last_pos >= first_pos"
        " order by number desc limit 1)",
        {"sites": list(sites), "since": now - REPORTING_WITHIN_MS},
    )
    row = await cursor.fetchone()
    assert row is not None
    return Pulse(residents=row[0], devices=row[1], reporting=row[2], last_reading=row[3])
