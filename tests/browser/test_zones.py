"""A zone is drawn on the map, or entered without one; what cannot be a zone is said where it is wrong."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from gateway.store.registry import add_fence, listing
from gateway.store.registry_records import Fence, FenceFields
from tests.browser.conftest import Console, Watched, overflow, take_a_seat, watched_page

SQUARE = ((150, 90), (420, 90), (420, 300), (150, 300))
BOW = ((150, 90), (420, 300), (420, 90), (150, 300))
TRIANGLE = [(31.2300, 121.4730), (31.2300, 121.4750), (31.2320, 121.4740)]


async def new_zone(page: Page, console: Console) -> None:
    await page.goto(f"/people/{console.resident.id}/zones/new")
    await page.wait_for_selector("html[data-ready]")
    await page.wait_for_selector(".map-handle")


async def draw(page: Page, places: tuple[tuple[int, int], ...]) -> None:
    await page.get_by_label("自己画").check()
    for n, (x, y) in enumerate(places, start=1):
        await page.locator(".map").click(position={"x": x, "y": y})
        await expect(page.locator("[data-corners] li")).to_have_count(n)
        await page.wait_for_timeout(220)  # two clicks sooner after each other are a double click to the map


async def zones(console: Console) -> list[Fence]:
    async with console.connection() as conn:
        return await listing(conn, Fence, sites=())


async def test_a_zone_with_corners_is_drawn_and_counts_at_its_hours(console: Console, desk: Watched) -> None:
    page = desk.page
    await new_zone(page, console)
    await page.fill("[name=name]", "河边")
    await draw(page, SQUARE)
    await page.get_by_label("只在某些时段").check()
    await page.fill("[data-field=from]", "22:00")
    await page.fill("[data-field=to]", "00:00")
    for day in ("周六", "周日"):
        await page.get_by_label(day).uncheck()
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#page")).to_contain_text("22:00 – 24:00 · 周一到周五")
    (zone,) = await zones(console)
    assert zone.polygon is not None
    assert zone.active is not None
    (north, west), (_, east), (south, _), _ = zone.polygon
    assert north > south
    assert east > west
    assert (zone.active.days, zone.active.opens, zone.active.closes) == ((0, 1, 2, 3, 4), "22:00", "24:00")


async def test_sides_that_cross_are_shown_and_what_was_drawn_is_kept(console: Console, desk: Watched) -> None:
    page = desk.page
    desk.expected.append("422")
    await new_zone(page, console)
    await page.fill("[name=name]", "河边")
    await draw(page, BOW)
    wrong = page.locator("[data-polygon-wrong]")
    await expect(wrong).to_have_text("第 1 到第 2 个角的边与第 3 到第 4 个角的边相交或相碰，请移动其中一个角。")
    await expect(page.locator(".map-handle.wrong")).to_have_count(4)
    await page.get_by_role("button", name="保存").click()
    await expect(wrong).to_have_text("第 1 到第 2 个角的边与第 3 到第 4 个角的边相交或相碰，请移动其中一个角。")
    await expect(wrong).to_be_focused()
    await expect(page.locator(".map-handle.wrong")).to_have_count(4)
    assert await zones(console) == []
    await page.get_by_role("button", name="撤销一个角").click()
    await expect(wrong).to_be_hidden()
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#page")).to_contain_text("多边形，3 个角")


async def test_a_zone_that_counts_on_no_day_is_refused_in_words_for_people(console: Console, desk: Watched) -> None:
    page = desk.page
    await new_zone(page, console)
    await page.fill("[name=name]", "河边")
    await page.get_by_label("只在某些时段").check()
    for day in ("周一", "周二", "周三", "周四", "周五", "周六", "周日"):
        await page.get_by_label(day).uncheck()
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("[data-no-day]")).to_have_text("请至少选一天。")
    assert await zones(console) == []
    await page.get_by_label("周一").check()
    await expect(page.locator("[data-no-day]")).to_be_hidden()
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#page")).to_contain_text("周一")


async def test_a_corner_is_moved_and_added_by_hand(console: Console, desk: Watched) -> None:
    page = desk.page
    async with console.connection() as conn:
        await add_fence(conn, "test", FenceFields(resident=console.resident.id, name="河边", polygon=TRIANGLE))
    (before,) = await zones(console)
    await page.goto(f"/zones/{before.id}/edit")
    await page.wait_for_selector(".map-handle.corner")
    handle = page.locator(".map-handle.corner").first
    await handle.hover()  # waits until the map has taken its place
    corner = await handle.bounding_box()
    assert corner is not None
    x, y = corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x - 40, y + 20, steps=4)
    await page.mouse.up()
    await page.locator(".map-handle.between").last.click()
    await expect(page.locator("[data-corners] li")).to_have_count(4)
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#page")).to_contain_text("多边形，4 个角")
    (after,) = await zones(console)
    assert after.polygon is not None
    assert after.polygon[0][0] < TRIANGLE[0][0]
    assert after.polygon[0][1] < TRIANGLE[0][1]
    assert list(after.polygon[1:3]) == TRIANGLE[1:]


async def test_a_zone_is_entered_without_a_mouse(console: Console, desk: Watched) -> None:
    page = desk.page
    await new_zone(page, console)
    await page.fill("[name=name]", "河边")
    await page.get_by_label("圆形").focus()
    await page.keyboard.press("ArrowRight")
    await page.locator("#zone-corners summary").focus()
    await page.keyboard.press("Enter")
    for n, (lat, lon) in enumerate(TRIANGLE, start=1):
        await page.get_by_role("button", name="加一个角").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label(f"第 {n} 个角: 纬度")).to_be_focused()
        await page.keyboard.press("Control+A")
        await page.keyboard.type(str(lat))
        await page.keyboard.press("Tab")
        await page.keyboard.press("Control+A")
        await page.keyboard.type(str(lon))
    await page.keyboard.press("Enter")
    await expect(page.locator("#page")).to_contain_text("多边形，3 个角")
    (zone,) = await zones(console)
    assert list(zone.polygon or ()) == TRIANGLE


async def test_the_rim_of_a_round_zone_sets_its_radius(console: Console, desk: Watched) -> None:
    page = desk.page
    await new_zone(page, console)
    rim = await page.locator(".map-handle.rim").bounding_box()
    middle = await page.locator(".map-handle.middle").bounding_box()
    assert rim is not None
    assert middle is not None
    half = (rim["x"] - middle["x"]) / 2
    await page.mouse.move(rim["x"] + 11, rim["y"] + 11)
    await page.mouse.down()
    await page.mouse.move(rim["x"] + 11 - half, rim["y"] + 11, steps=4)
    await page.mouse.up()
    assert 140 <= int(await page.input_value("[name='circle.radius_m']")) <= 160


@pytest.mark.parametrize("width", [1366, 390])
async def test_in_english_and_narrow_the_form_fits(browser: Browser, console: Console, width: int) -> None:
    async with watched_page(browser, console, language="en", width=width, height=844) as watched:
        await take_a_seat(watched.page, console)
        await watched.page.goto("/language/en")
        await new_zone(watched.page, console)
        await watched.page.get_by_label("At some hours").check()
        await watched.page.get_by_label("Drawn").check()
        assert await overflow(watched.page) <= 0


async def test_a_zone_that_is_hardly_meant_is_kept_once_it_is_said_to_be(console: Console, desk: Watched) -> None:
    page = desk.page
    desk.expected.append("422")
    await new_zone(page, console)
    await page.fill("[name=name]", "床边")
    await page.fill("[name='circle.radius_m']", "2")
    await expect(page.get_by_label("仍然保存")).to_be_hidden()
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator(".field:has([name='circle.radius_m']) .wrong")).to_contain_text("只有 2 米")
    assert await zones(console) == []
    await page.get_by_label("仍然保存").check()
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#page")).to_contain_text("床边")
    assert len(await zones(console)) == 1
