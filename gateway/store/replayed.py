"""What became of a replay: how much of it is stored, and which alarms it raised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, LiteralString

from gateway.store.connection import Connection

_KINDS: Final[tuple[LiteralString, ...]] = ("position", "heartbeat", "motion")


async def stored_since(connection: Connection, devices: Sequence[str], since: int) -> Counter[str]:
    """How many readings of each kind were received from these devices since ``since``, ms."""
    each: list[LiteralString] = [
        f"select '{kind}', count(*) from {kind} r join device d on d.slot = r.device"
        " where d.id = any(%(devices)s) and r.received >= to_timestamp(%(since)s / 1000.0)"
        for kind in _KINDS
    ]
    cursor = await connection.execute(" union all ".join(each), {"devices": list(devices), "since": since})
    return Counter({kind: count for kind, count in await cursor.fetchall() if count})


async def alarms_since(connection: Connection, devices: Sequence[str], since: int) -> Counter[str]:
    """How many alarms of each rule these devices raised since ``since``, ms."""
    cursor = await connection.execute(
        "select rule, count(*) from alarm where raised_at >= %s and object ->> 'device' = any(%s) group by rule",
        (since, list(devices)),
    )
    return Counter(dict(await cursor.fetchall()))
