"""The page of a chat group on telephones: somebody says who they are and goes, everybody else reads it there."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from playwright.async_api import Browser, expect

from alerts.alarm import Alarm
from gateway.store.registry import add_responder
from gateway.store.registry_records import ResponderFields
from tests.browser.conftest import Console, Watched, overflow
from tests.browser.cries import cry
from tests.browser.test_link_pages import state_of, telephone
from tests.support.links import told

PHONE = "02155550101"


async def link_of_the_group(console: Console, alarm: Alarm) -> str:
    """A group's link, at a site where one 赵邻居 is at hand."""
    async with console.connection() as conn:
        fields = ResponderFields(site="riverside", name="赵邻居", phone="13800138001", kind="neighbour")
        await add_responder(conn, "test", fields)
        record: dict[str, Any] = msgspec.to_builtins({"phone": "chat:riverside"})
        return await told(console.store, conn, alarm, record, "chat", console.deps.clock.now_ms())


@pytest.mark.parametrize("scripts", [True, False])
async def test_somebody_writes_their_name_goes_and_has_the_page_of_whoever_goes(
    browser: Browser, console: Console, scripts: bool
) -> None:
    alarm = await cry(console)
    group = await link_of_the_group(console, alarm)
    async with telephone(browser, console, java_script_enabled=scripts) as page:
        await page.goto(f"/a/{group}")
        await expect(page.locator("main")).not_to_contain_text(PHONE)
        await page.get_by_role("button", name="我去").click()
        await expect(page.locator(".missing")).to_be_visible()
        assert await state_of(console, alarm) == "open"
        await page.get_by_label("写下名字").fill("王芳")
        await page.get_by_role("button", name="我去").dblclick()
        await expect(page.locator("main")).to_contain_text(PHONE)
        assert await state_of(console, alarm) == "dispatched"
        assert group not in page.url
        await page.get_by_role("button", name="我去不了").click()
        await expect(page.locator(".mine")).to_contain_text("我去不了")
        await expect(page.locator("main")).not_to_contain_text(PHONE)
        assert await state_of(console, alarm) == "open"


async def test_everybody_else_of_the_group_reads_who_goes_and_may_go_too(browser: Browser, console: Console) -> None:
    alarm = await cry(console)
    group = await link_of_the_group(console, alarm)
    async with telephone(browser, console) as other, telephone(browser, console) as page:
        for each in (other, page):
            await each.goto(f"/a/{group}")
        await other.get_by_label("写下名字").fill("孙强")
        await page.get_by_role("radio", name="赵邻居").check()
        await page.get_by_role("button", name="我去").click()
        await expect(page.locator("main")).to_contain_text(PHONE)
        await expect(other.locator("h1")).to_have_text("赵邻居正赶过去")
        await expect(other.locator("main")).not_to_contain_text(PHONE)
        await expect(other.get_by_label("写下名字")).to_have_value("孙强")
        await other.get_by_role("button", name="我也去").click()
        await expect(other.locator("main")).to_contain_text(PHONE)
        await page.get_by_role("button", name="我到了").click()
        await page.locator("summary").click()
        await page.get_by_role("button", name="是的，人没事").click()
        await expect(page.locator(".thanks")).to_be_visible()
        await other.goto(f"/a/{group}")
        await expect(other.locator(".stage-over h1")).to_be_visible()
        await expect(other.get_by_role("button")).to_have_count(0)


async def test_going_back_to_the_groups_page_shows_who_goes_and_pressing_again_is_the_same_person(
    browser: Browser, console: Console
) -> None:
    alarm = await cry(console)
    group = await link_of_the_group(console, alarm)
    async with telephone(browser, console) as page:
        await page.goto(f"/a/{group}")
        await page.get_by_label("写下名字").fill("王芳")
        await page.get_by_role("button", name="我去").click()
        await expect(page.locator("main")).to_contain_text(PHONE)
        await page.go_back()
        await expect(page.locator("h1")).to_have_text("王芳正赶过去")
        await page.get_by_label("写下名字").fill("王芳")
        await page.get_by_role("button", name="我也去").click()
        await expect(page.locator("main")).to_contain_text(PHONE)
        await page.goto(f"/a/{group}")
        await expect(page.locator("h1")).to_have_text("王芳正赶过去")


async def test_the_desk_reads_who_of_the_group_goes(desk: Watched, browser: Browser, console: Console) -> None:
    alarm = await cry(console)
    group = await link_of_the_group(console, alarm)
    async with telephone(browser, console) as page:
        await page.goto(f"/a/{group}")
        await page.get_by_label("写下名字").fill("王芳")
        await page.get_by_role("button", name="我去").click()
        await expect(page.locator("main")).to_contain_text(PHONE)
    await expect(desk.page.locator(f"#alarm-{alarm.id} .chip.taken").last).to_contain_text("王芳")
    await expect(desk.page.locator(f"#alarm-{alarm.id}")).not_to_contain_text("group:")
    await desk.page.goto(f"/alarms/{alarm.id}")
    await expect(desk.page.locator("main")).to_contain_text("王芳（群里）")
    await expect(desk.page.locator("main")).not_to_contain_text("group:")


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_no_page_of_a_group_is_wider_than_the_smallest_phone(
    browser: Browser, console: Console, language: str
) -> None:
    alarm = await cry(console)
    group = await link_of_the_group(console, alarm)
    async with telephone(browser, console) as page:
        for _ in ("open", "going"):
            await page.goto(f"/a/{group}?lang={language}")
            assert await overflow(page) <= 0
            await page.locator("input[name=person]").fill("W" * 40)
            await page.locator("#act button").click()
            await expect(page.locator(".mine")).to_be_visible()
            assert await overflow(page) <= 0
