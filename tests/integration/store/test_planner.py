"""The planner through the nights in which clocks change: a week of looks every few hours, on real rows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alerts.checks import WindowTerms
from devices.clock import DAY_MS, HOUR_MS
from gateway.store.connection import Connection, connect
from gateway.store.registry import add_plan, add_resident, plan_ahead, save_site
from gateway.store.registry_records import PlanFields, ResidentFields, Site


def _utc(moment_ms: int) -> str:
    return datetime.fromtimestamp(moment_ms / 1000, UTC).strftime("%d %H:%M")


async def _week(conninfo: str, timezone: str, first: str, *spans: tuple[str, str]) -> list[str]:
    """The windows that a planner writes which looks every five hours for a week."""
    start = round(datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp()) * 1000
    conn: Connection = await connect(conninfo, application="anxin test")
    async with conn:
        await save_site(conn, "test", Site(id="north", name="北社区"), create=True)
        resident = await add_resident(conn, "test", ResidentFields(site="north", name="李奶奶", timezone=timezone))
        windows = tuple(WindowTerms(opens=opens, closes=closes) for opens, closes in spans)
        await add_plan(conn, "test", PlanFields(resident=resident.id, name="夜", windows=windows), now=start)
        for now in range(start, start + 5 * DAY_MS, 5 * HOUR_MS):
            await plan_ahead(conn, now)
        cursor = await conn.execute("select opens_ms, closes_ms from check_window order by opens_ms")
        return [f"{_utc(opens)} - {_utc(closes)}" for opens, closes in await cursor.fetchall()][:5]


@pytest.mark.parametrize(
    ("first", "nights"),
    [
        (
            "2026-03-26 12:00",
            [
                "27 01:00 - 27 02:00",
                "28 01:00 - 28 02:00",
                "29 01:00 - 29 02:00",
                "30 00:00 - 30 01:00",
                "31 00:00 - 31 01:00",
            ],
        ),
        (
            "2026-10-22 12:00",
            [
                "23 00:00 - 23 01:00",
                "24 00:00 - 24 01:00",
                "25 00:00 - 25 02:00",
                "26 01:00 - 26 02:00",
                "27 01:00 - 27 02:00",
            ],
        ),
    ],
)
async def test_every_night_is_asked_about_once_when_summer_time_begins_and_ends(
    conninfo: str, first: str, nights: list[str]
) -> None:
    assert await _week(conninfo, "Europe/Berlin", first, ("02:00", "03:00")) == nights
