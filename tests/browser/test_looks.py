"""The language, a refused sign-in, and the demo's drawer."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.browser.conftest import Console, Watched, sign_in, watched_page


async def test_language_is_switched_and_remembered(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto("/")
    await page.click("#language")
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.locator("[data-calm]")).to_contain_text("are well")
    await page.goto("/devices")
    await expect(page.locator("h1")).to_have_text("Devices")


async def test_refused_sign_in_says_why(browser: Browser, console: Console) -> None:
    async with watched_page(browser, console) as watched:
        watched.expected.append("401")
        await watched.page.goto("/")
        await watched.page.wait_for_url("**/signin")
        await watched.page.fill("#username", "li")
        await watched.page.fill("#password", "wrong")
        await watched.page.press("#password", "Enter")
        await expect(watched.page.get_by_role("alert")).to_contain_text("用户名或密码不对")


async def test_drawer_plays_the_wearer_and_shows_the_phone(browser: Browser, demo_console: Console) -> None:
    async with watched_page(browser, demo_console) as watched:
        page = watched.page
        await sign_in(page)
        await expect(page.locator("[data-count=lost]")).to_have_text("0")
        await page.get_by_role("button", name="按求助键").click()
        await expect(page.locator("[data-phone]")).to_contain_text("王秀英按了求助键")
        await expect(page.locator("[data-phone]")).to_contain_text("未发送")
        going_on = page.locator("[data-demo][aria-pressed=true]")
        await expect(going_on).to_have_text("回到平常")
        await page.get_by_role("button", name="绕圈走").click()
        await expect(going_on).to_have_text("绕圈走")


async def test_three_forms_make_it_yours(browser: Browser, demo_console: Console) -> None:
    async with watched_page(browser, demo_console) as watched:
        page = watched.page
        await sign_in(page)
        centre, resident, device = (page.locator("[data-component=yours] form").nth(place) for place in range(3))
        await centre.locator("[name=name]").fill("我的中心")
        await centre.locator("[name=id]").fill("mine")
        await centre.locator("button").click()
        await resident.locator("[name=name]").fill("我的妈妈")
        await resident.locator("button").click()
        await device.locator("[name=device]").fill("my-band")
        await device.locator("button").click()
        await expect(page.locator("[data-command]")).to_contain_text("anxin/v1/mine/my-band/sos")
