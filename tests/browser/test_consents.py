"""Consent on a person's page, and the position that an alarm's page breaks open."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Console, Watched
from tests.browser.cries import cry


async def test_a_guardians_refusal_is_written_down_and_withdrawn(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto(f"/people/{console.resident.id}")
    section = page.locator("#consents")
    await expect(section.locator(".refused").first).to_contain_text("未表示")
    await section.get_by_role("button", name="记录").click()
    dialog = page.locator("#consent-dialog")
    await expect(dialog.get_by_label("监护人姓名")).to_be_hidden()
    await dialog.get_by_label("联系与钥匙").check()
    await dialog.get_by_label("不同意").check()
    await dialog.get_by_label("监护人", exact=True).check()
    await dialog.get_by_label("监护人姓名").fill("王小红")
    await dialog.get_by_role("button", name="保存").click()
    await expect(dialog.locator(".wrong")).to_be_visible()
    await dialog.get_by_label("为什么由监护人决定").fill("失智")
    await dialog.get_by_role("button", name="保存").click()
    await expect(section.locator(".refused").last).to_contain_text("上门的人只看到姓名和地址")
    await section.locator("summary").click()
    await expect(section.locator("li")).to_contain_text("监护人 王小红")
    await section.get_by_role("button", name="撤回").click()
    await expect(section.locator(".granted")).to_contain_text("答应上门的人能看到电话")


async def test_staff_break_a_position_open_with_a_reason(console: Console, desk: Watched) -> None:
    alarm = await cry(console)
    page = desk.page
    await page.goto(f"/alarms/{alarm.id}")
    await page.locator("details.position summary").click()
    await page.get_by_label("为什么要开放").fill("走失，情况紧急")
    await page.get_by_role("button", name="临时开放位置").click()
    await expect(page.locator("p.position")).to_contain_text("直到警报结束")
    await expect(page.locator("#alarm-timeline")).to_contain_text("走失，情况紧急")
    lesser = await cry(console, "wandering.zone_exit", severity="high")
    await page.goto(f"/alarms/{lesser.id}")
    await expect(page.locator("p.position")).to_contain_text("已临时开放")
