"""A shift from hand-over to hand-over, as the desk lives it."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect

from alerts.alarm import Alarm
from alerts.desk import act
from alerts.transitions import Acknowledge
from gateway.store.handovers import offer_handover
from tests.browser.conftest import Console, arrived, sign_in, take_a_seat, watched_page
from tests.browser.cries import cry
from tests.browser.promised import neighbour, overdue
from tests.browser.test_together import cry_of, stored


async def _take_over(page: Page, note: str) -> None:
    offered = page.locator("#handovers .notice")
    await expect(offered).to_contain_text(note)
    await offered.locator("button:has-text('接班')").first.click()
    await expect(offered).to_have_count(0)


async def _see_to(page: Page, alarm: Alarm) -> None:
    """Somebody cries, is taken by key, visited, and the case closed with what it was."""
    await expect(page.locator(f"#alarm-{alarm.id}")).to_be_visible()
    await page.keyboard.press("j")
    await page.keyboard.press("a")
    await expect(page.locator(f"#alarm-{alarm.id}")).to_contain_text("李静 已接手")
    await page.keyboard.press("Enter")
    await page.fill("#responder", "网格员 小王")
    await page.get_by_role("button", name="派人上门").click()
    await page.get_by_role("button", name="已到场").click()
    await page.get_by_role("button", name="已解决").click()
    await page.get_by_label("确有其事").check()
    await page.select_option("#close-result", "helped_on_site")
    await page.get_by_role("button", name="结案").click()
    await expect(page.locator("#alarm-state")).to_contain_text("上门帮助")


async def test_a_shift_is_taken_over_worked_and_handed_on(browser: Browser, console: Console) -> None:
    late = await overdue(console, await neighbour(console, "李桂兰", building="12", room="101"))
    begun, now = await cry(console, "device.not_worn", severity="medium"), console.deps.clock.now_ms()
    await act(console.store, begun.id, Acknowledge(), "wang", now)
    async with console.connection() as conn:
        await offer_handover(conn, site="riverside", outgoing="wang", incoming="li", note="药已送到", now=now)
    async with watched_page(browser, console) as day, watched_page(browser, console) as night:
        page = day.page
        await sign_in(page)
        await _take_over(page, "药已送到")
        await expect(page.locator(f"#alarm-{begun.id}")).to_contain_text("李静 已接手")

        await page.keyboard.press("t")
        await expect(page.locator("[data-count=overdue]")).to_have_text("1")
        await arrived(page, "today")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await expect(page.locator(f"#check-{late}")).to_be_visible()
        await page.wait_for_url("**/checks?**")

        cried = await cry(console)
        await page.keyboard.press("n")
        await _see_to(page, cried)

        waiting = await cry_of(console, begun.resident or "", "wandering.zone_exit", severity="high")
        await page.goto("/roster")
        await page.wait_for_selector("html[data-ready]")
        await page.click("[data-opens='#offer-dialog']")
        await page.select_option("#o-to", "wang")
        await page.fill("#o-note", "王阿姨想出门")
        await page.click("#offer-dialog button[type=submit]")
        await expect(page.locator("main .notice")).to_contain_text("李静交班给王强")

        await take_a_seat(night.page, console, "wang")
        await _take_over(night.page, "王阿姨想出门")
        await expect(night.page.locator(f"#alarm-{begun.id}")).to_contain_text("王强 已接手")
        await expect(night.page.locator(f"#alarm-{waiting.id}")).to_have_attribute("data-state", "open")
        assert (await stored(console, begun)).assignee == "wang"
        closed = await stored(console, cried)
        assert (closed.state, closed.assignee) == ("closed", "li")
