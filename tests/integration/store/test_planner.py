"""The planner through the nights in which clocks change: a week of looks every few hours, on real rows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alerts.checks import WindowTerms
from devices.clock import DAY_MS, HOUR_MS
from gateway.store.check_list import checks_of_today
from gateway.store.connection import Connection, connect
from gateway.store.registry import add_plan, add_resident, plan_ahead, remove_plan, save_site
from gateway.store.registry_records import PlanFields, ResidentFields, Site
from tests.support.promises import june


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


async def test_what_was_withdrawn_and_is_promised_again_until_the_same_moment_is_asked_for(conninfo: str) -> None:
    conn: Connection = await connect(conninfo, application="anxin test")
    async with conn:
        await save_site(conn, "test", Site(id="north", name="北社区"), create=True)
        resident = await add_resident(conn, "test", ResidentFields(site="north", name="李奶奶"))

        async def promise(opens: str, now: int) -> str:
            window = WindowTerms(opens=opens, closes="09:30")
            return (
                await add_plan(conn, "test", PlanFields(resident=resident.id, name="早", windows=(window,)), now=now)
            ).id

        async def said(now: int) -> list[tuple[str, str | None]]:
            return [(each.state, each.skipped) for each in await checks_of_today(conn, [], now)]

        await remove_plan(conn, "test", await promise("08:00", june(6)), now=june(8, 30))
        assert await said(june(8, 35)) == [("skipped", "withdrawn")]
        await promise("09:00", june(8, 40))
        assert await said(june(8, 45)) == [("coming", None)]
        assert await said(june(10)) == [("overdue", None)]
