"""The figures' page: shares against their targets, charts that redraw, tables behind them, a target set."""

from __future__ import annotations

import msgspec
from playwright.async_api import expect

from alerts.alarm import Alarm, TimelineEntry
from devices.clock import HOUR_MS
from tests.browser.conftest import Console, Watched
from tests.support.console import Desk


async def an_answered_alarm(console: Console, rule: str, after_s: int, hours_ago: int, **fields: object) -> Alarm:
    raised = console.deps.clock.now_ms() - hours_ago * HOUR_MS
    alarm = await Desk(console.store).raise_alarm(
        "riverside", resident=console.resident.id, rule=rule, raised_at=raised, severity="high"
    )
    taken = TimelineEntry(t=raised + 1000 * after_s, actor="li", event="acknowledge")
    there = TimelineEntry(t=raised + 600_000, actor="li", event="arrive")
    closed = msgspec.structs.replace(alarm.noting(taken, there), state="closed", **fields)
    async with console.store.transaction() as tx:
        await tx.save(closed)
    return closed


async def test_a_month_is_told_in_shares_charts_and_tables(desk: Watched, console: Console) -> None:
    page = desk.page
    await page.click(".tabs a[href='/figures']")
    await expect(page.locator(".empty")).to_contain_text("这段时间没有警报")

    await an_answered_alarm(console, "sos.button", 20, 30, outcome="true_alarm")
    await an_answered_alarm(console, "wandering.zone_exit", 30, 50, outcome="false_alarm")
    await an_answered_alarm(console, "fall.device", 90, 70, outcome="accidental")
    await page.click(".segments a:has-text('7 天')")
    tiles = page.locator(".gauge")
    await expect(tiles.nth(0)).to_contain_text("66.7 %")
    await expect(tiles.nth(0)).to_contain_text("未达目标 97.5 %")
    await expect(tiles.nth(1)).to_contain_text("达到目标 99.0 %")
    await expect(tiles.nth(2)).to_contain_text("66.7 %")
    await expect(tiles.nth(3)).to_contain_text("10 分钟")
    await expect(page.locator(".plot canvas")).to_have_count(3)
    await expect(page.locator(".numbers").nth(1)).to_contain_text("走出安全区域")
    await expect(page.locator("main")).to_contain_text("王秀英")
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth"), "nothing sticks out"

    await page.emulate_media(media="print")
    await expect(page.locator(".plot canvas")).to_have_count(3)
    await expect(page.locator(".figures-asked")).to_be_hidden()
    await page.emulate_media(media="screen")

    await page.click(".aims summary")
    await page.fill("#g-60", "60")
    await page.click(".aims button[type=submit]")
    await expect(tiles.nth(0)).to_contain_text("达到目标 60.0 %")
