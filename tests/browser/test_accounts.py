"""One's own account, and numbers that stay masked for who calls nobody."""

from __future__ import annotations

from typing import Final

from playwright.async_api import Browser, expect

from gateway.store.accounts import add_account, open_session
from tests.browser.conftest import PASSWORD, Console, Watched, take_a_seat, watched_page

NEW: Final = "seven cups of cold tea"


async def test_one_changes_ones_password_and_signs_out_elsewhere(
    browser: Browser, console: Console, desk: Watched
) -> None:
    page = desk.page
    async with watched_page(browser, console) as elsewhere:
        await take_a_seat(elsewhere.page, console)
        elsewhere.expected.append("401")
        await page.goto("/account")
        await page.wait_for_selector("html[data-ready]")
        await expect(page.locator(".own-sessions li")).to_have_count(2)
        await page.fill("[name=current]", PASSWORD)
        await page.fill("[name=password]", "qwertyuiop1")
        await page.fill("[data-again]", "qwertyuiop2")
        await page.click("#own-password button[type=submit]")
        await expect(page.locator(".wrong")).to_have_text("两次输入的不一样。")
        await page.fill("[data-again]", "qwertyuiop1")
        desk.expected.append("422")
        await page.click("#own-password button[type=submit]")
        await expect(page.locator(".wrong")).to_have_text("这个密码太常见，别人最先猜的就是它。")
        for field in ("[name=password]", "[data-again]"):
            await page.fill(field, NEW)
        await page.click("#own-password button[type=submit]")
        await expect(page.locator("#toasts")).to_contain_text("另外 1 处已退出登录")
        await expect(page.locator(".own-sessions li")).to_have_count(1)
        await elsewhere.page.goto("/people")
        await elsewhere.page.wait_for_url("**/signin")
        await expect(elsewhere.page.locator(".notice")).to_contain_text("您的密码已更改")


async def test_an_auditor_sees_masked_numbers_and_asks_for_none(browser: Browser, console: Console) -> None:
    async with console.connection() as conn:
        account = await add_account(conn, username="shen", role="auditor")
        session = await open_session(conn, account.id, console.deps.clock.now_ms())
    async with watched_page(browser, console) as watched:
        page = watched.page
        await page.context.add_cookies([{"name": "anxin_session", "value": session.token, "url": console.url}])
        await page.goto("/people")
        await page.wait_for_selector("html[data-ready]")
        number = page.locator("#people .masked")
        await expect(number).to_have_text("021****0101")
        assert await number.evaluate("each => getComputedStyle(each).pointerEvents") == "none"
        await page.keyboard.press("v")
        await page.wait_for_timeout(300)
        await expect(number).to_have_text("021****0101")
