"""The trace of a fall over HTTP: its shape, its nulls, who sees it."""

from __future__ import annotations

from uuid import UUID

from gateway.store.connection import Connection
from tests.support.console import NOW, Clients, Desk


async def _felt(conn: Connection, alarm: UUID, jolt_ms: int, *windows: tuple[int, float, int]) -> None:
    """Store a trace: (first sample's time, rate, samples of 1 g along z) a window."""
    await conn.execute(
        "insert into alarm_trace (alarm, jolt_ms, device_slot, rule, since_ms) values (%s, %s, 0, 'fall.motion', %s)",
        (alarm, jolt_ms, NOW),
    )
    for t_ms, rate_hz, count in windows:
        await conn.execute(
            "insert into alarm_trace_piece values (%s, %s, %s, 1, %s, %s)",
            (alarm, jolt_ms, t_ms, rate_hz, b"\0\0\0\0\xe8\x03" * count),
        )
    await conn.commit()


async def test_a_trace_is_even_in_time_and_null_where_nothing_is_known(
    client_of: Clients, desk: Desk, conn: Connection
) -> None:
    alarm = await desk.raise_alarm(rule="fall.motion")
    await _felt(conn, alarm.id, NOW, (NOW - 1_000, 25.0, 25), (NOW + 1_000, 25.0, 25))
    client = await client_of()
    answer = await client.get(f"/api/v1/alarms/{alarm.id}/trace")
    assert answer.status_code == 200
    assert answer.json() == {
        "t0_ms": NOW - 1_000,
        "rate_hz": 25.0,
        "jolt_ms": NOW,
        "jolts": [NOW],
        "x_mg": [0] * 25 + [None] * 25 + [0] * 25,
        "y_mg": [0] * 25 + [None] * 25 + [0] * 25,
        "z_mg": [1000] * 25 + [None] * 25 + [1000] * 25,
    }


async def test_the_newest_fall_is_shown_and_an_older_one_on_request(
    client_of: Clients, desk: Desk, conn: Connection
) -> None:
    alarm = await desk.raise_alarm(rule="fall.motion")
    for jolt in (NOW, NOW + 90_000):
        await _felt(conn, alarm.id, jolt, (jolt, 50.0, 50))
    client = await client_of()
    path = f"/api/v1/alarms/{alarm.id}/trace"
    newest = (await client.get(path)).json()
    assert newest["jolt_ms"] == NOW + 90_000
    assert newest["jolts"] == [NOW, NOW + 90_000]
    assert (await client.get(path, params={"jolt_ms": NOW})).json()["t0_ms"] == NOW
    assert (await client.get(path, params={"jolt_ms": NOW + 1})).status_code == 404


async def test_without_motion_there_is_no_trace(client_of: Clients, desk: Desk) -> None:
    alarm = await desk.raise_alarm()
    client = await client_of()
    answer = await client.get(f"/api/v1/alarms/{alarm.id}/trace")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_nobody_sees_what_another_centre_s_wrists_felt(client_of: Clients, desk: Desk, conn: Connection) -> None:
    alarm = await desk.raise_alarm("north", rule="fall.motion")
    await _felt(conn, alarm.id, NOW, (NOW, 25.0, 25))
    client = await client_of("duty", ("south",))
    assert (await client.get(f"/api/v1/alarms/{alarm.id}/trace")).status_code == 404
