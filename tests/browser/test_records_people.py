"""People found from anywhere, sent to hospital and back, put into a household; and the list in pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from playwright.async_api import expect

from gateway.store.registry import add_resident, find
from gateway.store.registry_records import Household, Point, Resident, ResidentFields
from tests.browser.conftest import Console, Watched


async def _stored(console: Console) -> Resident:
    async with console.connection() as conn:
        found = await find(conn, Resident, console.resident.id)
    assert found is not None
    return found


async def test_found_by_initials_sent_to_hospital_until_a_time_and_resumed(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.keyboard.press("/")
    await page.keyboard.type("wxy")
    await expect(page.locator("#finder-hits [aria-selected=true]")).to_contain_text("王秀英")
    await page.keyboard.press("Enter")
    await expect(page.locator(".title-line h1")).to_have_text("王秀英")
    await expect(page.locator(".tabs [aria-current=page]")).to_have_text("长者")

    await page.click(".status-button")
    dialog = page.locator("#status-dialog")
    await dialog.get_by_role("radio", name="住院").check()
    await dialog.locator("#f-until").fill("2099-01-02T08:00")
    await dialog.get_by_role("button", name="保存").click()
    await expect(page.locator(".absence")).to_contain_text("住院")
    stored = await _stored(console)
    # Eight in the morning is said in the resident's own zone, whatever the browser's.
    assert (stored.status, stored.until) == ("hospital", int(datetime(2099, 1, 2, tzinfo=UTC).timestamp() * 1000))
    assert stored.card == console.resident.card

    await page.get_by_text("更改记录").click()
    await expect(page.locator(".versions li").first).to_contain_text("正常 → 住院")
    await page.get_by_role("button", name="恢复正常").click()
    await expect(page.locator(".status-button")).to_contain_text("正常")
    assert ((await _stored(console)).status, (await _stored(console)).until) == ("active", None)


async def test_who_has_died_is_told_what_ends_before_it_is_saved(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto(f"/people/{console.resident.id}")
    await page.wait_for_selector("html[data-ready]")
    await page.click(".status-button")
    await expect(page.locator("#status-dialog .ends")).to_be_hidden()
    await page.get_by_role("radio", name="已故").check()
    await expect(page.locator("#status-dialog .ends")).to_contain_text("不再给家属发任何消息")
    await expect(page.locator("#f-until")).to_be_hidden()
    await page.locator("#status-dialog").get_by_role("button", name="保存").click()
    await expect(page.locator(".absence")).to_contain_text("已故")
    assert (await _stored(console)).left_at is not None
    await page.goto("/people")
    await expect(page.locator("#people")).not_to_contain_text("王秀英")
    await page.select_option("#of-status", "deceased")
    await expect(page.locator("#people")).to_contain_text("王秀英")


async def test_a_new_household_takes_the_address_of_who_lives_there(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto(f"/people/{console.resident.id}/edit")
    await page.wait_for_selector("html[data-ready]")
    await page.fill("[name=external_id]", "A-17")
    await page.locator("#p-household").press_sequentially("王家")
    await page.get_by_role("option", name="新建一户").click()
    await expect(page.locator(".picked")).to_contain_text("王家")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator(".title-line h1")).to_have_text("王秀英")
    stored = await _stored(console)
    assert stored.external_id == "A-17"
    assert stored.household is not None
    async with console.connection() as conn:
        home = await find(conn, Household, stored.household)
    assert home is not None
    assert (home.name, home.address) == ("王家", console.resident.address)


async def test_two_hundred_people_fill_a_page_and_buildings_narrow_the_list(console: Console, desk: Watched) -> None:
    async with console.connection() as conn:
        await conn.execute(
            "insert into resident (site, name, address) select 'riverside', '张' || i,"
            " jsonb_build_object('building', (i % 12)::text) from generate_series(1, 230) i"
        )
    page = desk.page
    await page.click(".tabs a[href='/people']")
    await expect(page.locator("#people tbody tr")).to_have_count(200)
    await expect(page.locator("#people tbody tr").first).to_contain_text("王秀英")
    await page.get_by_role("link", name="下一页").click()
    await expect(page.locator("#people tbody tr")).to_have_count(31)
    await page.select_option("#in-building", "3")
    await expect(page.locator("#people tbody tr")).to_have_count(20)
    await expect(page.locator("#people")).to_contain_text("王秀英")


async def test_where_a_new_home_is_shows_by_the_buildings_that_are_known(console: Console, desk: Watched) -> None:
    page, chart = desk.page, desk.page.locator("[data-component=map] .map")
    async with console.connection() as conn:
        for room, lat in (("101", 31.2310), ("102", 31.2312)):
            fields = ResidentFields(
                site="riverside",
                name=f"邻居{room}",
                address={"community": "阳光小区", "building": "12", "room": room},
                home=Point(lat=lat, lon=121.4740),
            )
            await add_resident(conn, "li", fields)
    await page.goto("/people/new")
    await expect(chart).to_contain_text("阳光小区 12栋")
    await expect(chart).to_contain_text("阳光小区 3栋")
    await expect(page.locator(".legend")).to_contain_text("已登记的楼栋")
    label = await chart.get_by_text("阳光小区 12栋").bounding_box()
    assert label is not None
    await page.mouse.click(label["x"] + label["width"] / 2, label["y"] + label["height"] + 9)
    await expect(page.locator("[data-pick=lat]")).to_have_value(re.compile(r"^31\.23"))
    async with console.connection() as conn:
        await conn.execute("update resident set home_lat = null, home_lon = null")
    await page.goto("/people/new")
    await expect(page.locator("#page")).to_contain_text("请在表单里填写家的纬度和经度")
    await expect(chart).to_have_count(0)
