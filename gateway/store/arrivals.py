"""What arrives and is no reading: rejected payloads, presence, answers to commands, the last known place."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.store.connection import Connection


async def store_rejections(connection: Connection, rows: Sequence[tuple[int, str, str, str, bytes]]) -> None:
    """Keep (received ms, topic, reason, detail, payload) of what was not taken."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "insert into rejected (received, topic, reason, detail, payload)"
            " values (to_timestamp(%s / 1000.0), %s, %s, %s, %s)",
            rows,
        )


async def store_presence(connection: Connection, rows: Sequence[tuple[int, bool, int | None, int]]) -> None:
    """Note (device, online, t ms or None, received ms); the newest of a device stands."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "insert into presence (device, online, t, received)"
            " values (%s, %s, to_timestamp(%s::bigint / 1000.0), to_timestamp(%s / 1000.0))"
            " on conflict (device) do update"
            " set online = excluded.online, t = excluded.t, received = excluded.received",
            rows,
        )


async def store_acks(connection: Connection, rows: Sequence[tuple[int, str, bool, str | None, int, int]]) -> None:
    """Note (device, command, ok, answer, t ms, received ms); the same answer again changes nothing."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "insert into command_ack (device, command, ok, answer, t, received)"
            " values (%s, %s, %s, %s, to_timestamp(%s / 1000.0), to_timestamp(%s / 1000.0)) on conflict do nothing",
            rows,
        )


async def last_fixes(
    connection: Connection, devices: Sequence[int]
) -> dict[int, tuple[float, float, float | None, int]]:
    """The newest stored fix (lat, lon, accuracy m, t ms) of each of these devices that has one."""
    cursor = await connection.execute(
        "select d, p.lat, p.lon, p.accuracy_m, (extract(epoch from p.t) * 1000)::int8 from unnest(%s::int4[]) as d,"
        " lateral (select * from position where device = d order by t desc limit 1) p",
        (list(devices),),
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in await cursor.fetchall()}
