"""A key acts on the alarm that was meant: never on another that has come to its place, nor before the page sounds."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Browser, Page, expect

from alerts.alarm import Alarm
from alerts.desk import act
from alerts.transitions import Acknowledge, Cancel
from tests.browser.conftest import Console, Watched, let_in, watched_page
from tests.browser.cries import cry

HOLD_TIME = "const at = performance.now(); performance.now = () => at + (window.later ?? 0);"
"""What counts how long ago something was stands still, but for what a test lets pass."""


async def of_band(console: Console, name: str, **changes: Any) -> Alarm:
    return await cry(console, resident=None, device=name, subject=f"device:{name}", **changes)


async def expect_open(page: Page, *alarms: Alarm) -> None:
    for alarm in alarms:
        await expect(page.locator(f"#alarm-{alarm.id}")).to_have_attribute("data-state", "open")


async def test_a_key_takes_no_other_alarm_than_the_chosen_one(console: Console, desk: Watched) -> None:
    page = desk.page
    first, second = await of_band(console, "band-1"), await of_band(console, "band-2", severity="high")
    await expect(page.locator("[data-live] .alarm-card")).to_have_count(2)
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await act(console.store, second.id, Acknowledge(), "wang", console.deps.clock.now_ms())
    await expect(page.locator(f"#alarm-{second.id}")).to_have_attribute("data-state", "acknowledged")
    for key in "aA":
        await page.keyboard.press(key)
        await expect(page.locator("#toasts .notice").last).to_contain_text("所选的警报已有人接手")
    await act(console.store, second.id, Cancel(), "wang", console.deps.clock.now_ms())
    await expect(page.locator(f"#alarm-{second.id}")).to_have_count(0)
    await page.keyboard.press("a")
    await expect(page.locator("#toasts .notice").last).to_contain_text("所选的警报已经结束")
    await expect_open(page, first)


async def test_a_key_takes_nothing_that_has_just_come_to_the_top(console: Console, desk: Watched) -> None:
    page = desk.page
    first = await of_band(console, "band-1", severity="high")
    await expect(page.locator(f"#alarm-{first.id}")).to_be_visible()
    await page.evaluate(HOLD_TIME)
    newer = await of_band(console, "band-2")
    await expect(page.locator(f"#alarm-{newer.id}")).to_be_visible()
    await page.keyboard.press("a")
    await expect(page.locator("#toasts .notice").last).to_contain_text("列表刚刚有变动")
    await expect_open(page, first, newer)
    await page.evaluate("window.later = 500")
    await page.keyboard.press("a")
    await expect(page.locator(f"#alarm-{newer.id}")).to_have_attribute("data-state", "acknowledged")
    await expect_open(page, first)


async def test_a_deaf_page_takes_nobodys_alarm_before_it_sounds(browser: Browser, console: Console) -> None:
    async with watched_page(browser, console) as watched:
        page = watched.page
        await let_in(page, console)
        alarm = await cry(console)
        await page.add_init_script("AudioContext.prototype.resume = () => new Promise(() => {}); window.deaf = true;")
        await page.add_init_script(
            "Object.defineProperty(AudioContext.prototype, 'state',"
            " { get() { return window.deaf ? 'suspended' : 'running'; } });"
        )
        await page.goto("/")
        await expect(page).to_have_title(re.compile(r"^【没有声音】\(1\)"))
        await page.evaluate(HOLD_TIME)
        for key in ("Enter", "a", "a"):
            await page.keyboard.press(key)
        await page.evaluate("window.deaf = false; document.dispatchEvent(new Event('sound-changed'))")
        await page.evaluate("window.deaf = true; window.later = 5000;")
        await page.keyboard.press("a")
        await page.evaluate("window.later = 5400")
        await page.keyboard.press("A")
        await expect_open(page, alarm)
        await page.evaluate("window.later = 5600")
        await page.keyboard.press("a")
        await expect(page.locator(f"#alarm-{alarm.id}")).to_have_attribute("data-state", "acknowledged")
