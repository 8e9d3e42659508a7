"""What the wrist felt around a fall, on the alarm's page: drawn, said in words, and growing while samples come."""

from __future__ import annotations

import base64
from itertools import islice
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from alerts.alarm import Alarm
from simulator.motion import daily, fall
from simulator.motion_reports import windows
from simulator.wrist import Motion
from tests.browser.conftest import Console, Watched, take_a_seat, watched_page
from tests.browser.cries import cry

INK = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(each => each !== 0)"


async def felt(console: Console, alarm: Alarm, motion: Motion, first: int = 0, stop: int | None = None) -> None:
    """Keep what a movement made the wrist feel, its windows ``[first, stop)``, the jolt at the alarm's moment."""
    assert motion.jolt_ms is not None
    async with console.connection() as conn:
        await conn.execute(
            "insert into alarm_trace values (%s, %s, 0, 'fall.motion', %s) on conflict do nothing",
            (alarm.id, alarm.event_time, alarm.event_time),
        )
        for window in islice(windows(motion, alarm.event_time - motion.jolt_ms), first, stop):
            samples = base64.b64decode(str(window.fields["samples"]))
            await conn.execute(
                "insert into alarm_trace_piece values (%s, %s, %s, 1, %s, %s)",
                (alarm.id, alarm.event_time, window.t, window.fields["rate_hz"], samples),
            )


async def a_fall(console: Console, ago_ms: int = 60_000, **changes: Any) -> Alarm:
    then = console.deps.clock.now_ms() - ago_ms
    return await cry(console, "fall.motion", event_time=then, last_event_time=then, **changes)


async def open_page(page: Page, alarm: Alarm) -> None:
    await page.goto(f"/alarms/{alarm.id}")
    await page.wait_for_selector("html[data-ready]")


async def test_a_fall_is_drawn_and_said_in_words(console: Console, desk: Watched) -> None:
    page = desk.page
    evidence = {"probability": 0.957, "peak_g": 4.61, "free_fall_ms": 280, "posture_deg": 83, "threshold": 0.5}
    alarm = await a_fall(console, evidence=evidence)
    await felt(console, alarm, fall(3, rate_hz=50))
    await open_page(page, alarm)
    section = page.locator("#alarm-felt")
    await expect(section).to_contain_text("最强的一下是 5.7 g")
    await expect(section).to_contain_text("像是在往下掉")
    await expect(section).to_contain_text("手腕一直没动")
    await expect(section.get_by_role("img")).to_have_attribute("aria-label", "曲线图：手腕感到的力，随时间变化")
    assert await section.locator("canvas").evaluate(INK)
    said = await page.locator("#alarm-evidence dd").all_inner_texts()
    assert said[:5] == ["96 %", "50 %", "4.6 g", "280 ms", "83 °"]


async def test_the_drawing_is_handled_without_a_mouse(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await a_fall(console)
    await felt(console, alarm, fall(3))
    await open_page(page, alarm)
    axes = page.get_by_label("显示三个方向")
    await expect(axes).to_be_checked()
    await axes.focus()
    await page.keyboard.press("Space")
    await expect(page.locator("#alarm-felt [data-axis]").first).to_be_hidden()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await expect(page.get_by_label("放大跌倒的一刻")).to_be_checked()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("#felt-table tbody tr")).to_have_count(26)
    await expect(page.locator("#felt-table tbody tr").first).to_be_visible()


async def test_the_drawing_grows_while_samples_come(console: Console, desk: Watched) -> None:
    page = desk.page
    motion = fall(3)
    alarm = await a_fall(console, ago_ms=-600_000)  # however long the test takes, samples may still come
    await open_page(page, alarm)
    await expect(page.locator("#alarm-felt")).to_be_hidden()
    await felt(console, alarm, motion, 0, 4)
    await expect(page.locator("#alarm-felt")).to_contain_text("之后的动作还没有收到")
    await page.get_by_label("显示三个方向").uncheck()
    await page.locator("#felt-table summary").click()
    rows = await page.locator("#felt-table tbody tr").count()
    await felt(console, alarm, motion, 4)
    await expect(page.locator("#alarm-felt")).to_contain_text("手腕一直没动")
    await expect(page.locator("#felt-table tbody tr").last).to_be_visible()
    assert await page.locator("#felt-table tbody tr").count() > rows
    await expect(page.get_by_label("显示三个方向")).not_to_be_checked()


async def test_an_alarm_without_motion_shows_no_drawing(console: Console, desk: Watched) -> None:
    page = desk.page
    await open_page(page, await a_fall(console))
    await expect(page.locator("#alarm-felt")).to_be_hidden()
    await open_page(page, await cry(console))
    await expect(page.locator("#alarm-felt")).to_have_count(0)
    await expect(page.locator("#alarm-evidence")).to_be_visible()


@pytest.mark.parametrize("width", [1366, 390])
async def test_in_english_and_narrow_it_fits(browser: Browser, console: Console, width: int) -> None:
    async with watched_page(browser, console, language="en", width=width, height=768) as watched:
        page = watched.page
        await take_a_seat(page, console)
        await page.goto("/language/en")
        alarm = await a_fall(console)
        await felt(console, alarm, daily(3, "stumbling"))
        await open_page(page, alarm)
        await expect(page.locator("#alarm-felt")).to_contain_text("the wrist moved")
        await page.locator("#felt-table summary").click()
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
