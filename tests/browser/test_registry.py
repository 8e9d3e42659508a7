"""People, devices, contacts and zones, entered in plain forms."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Console, Watched


async def test_forms_add_resident_contact_zone_and_device(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto("/people/new")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator(".wrong")).to_have_text(["请填写"])
    await page.fill("[name=name]", "赵淑珍")
    await page.fill("[name=phone]", "021-5555 0102")
    await page.fill("[name='home.lat']", "31.2310")
    await page.fill("[name='home.lon']", "121.4740")
    await page.fill("[name='card.illnesses']", "二型糖尿病")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("h1")).to_have_text("赵淑珍")
    await expect(page.locator(".person")).to_contain_text("二型糖尿病")

    await page.get_by_role("link", name="添加联系人").click()
    await page.fill("[name=name]", "赵明")
    await page.fill("[name=relation]", "儿子")
    await page.fill("[name=phone]", "12")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator(".wrong")).to_have_text(["电话号码是 3 到 15 位数字，请核对。"])
    desk.expected.append("422")
    await page.fill("[name=phone]", "13900139000")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator(".contacts").last).to_be_visible()
    await expect(page.locator("#page")).to_contain_text("赵明")

    await page.get_by_role("link", name="添加区域").click()
    await page.fill("[name=name]", "小区和菜市场")
    await page.wait_for_selector(".leaflet-interactive")
    before = await page.input_value("[name='circle.lat']")
    await page.locator(".map").click(position={"x": 40, "y": 200})
    assert await page.input_value("[name='circle.lat']") != before
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#page")).to_contain_text("小区和菜市场")

    await page.get_by_role("link", name="添加设备").click()
    await page.fill("[name=device]", "band-0042")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("[data-secret=username]")).to_have_text("band-0042")
    command = await page.locator("[data-command]").inner_text()
    assert "anxin/v1/riverside/band-0042/sos" in command
    await page.get_by_role("link", name="我已记下").or_(page.get_by_role("link", name="已记下")).click()
    await expect(page.locator("table")).to_contain_text("赵淑珍")


async def test_search_narrows_the_list_of_people(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.click(".tabs a[href='/people']")
    await expect(page.locator("#people")).to_contain_text("王秀英")
    await page.locator("#q").press_sequentially("李")
    await expect(page.locator("#people")).to_contain_text("没有找到")
    await page.fill("#q", "0101")
    await expect(page.locator("#people")).to_contain_text("王秀英")
