"""What a resident promises, entered by hand; holidays; and the word that somebody is safe."""

from __future__ import annotations

from playwright.async_api import expect

from alerts.checks import WindowTerms
from gateway.store.registry import listing
from gateway.store.registry_records import Holiday, Plan
from gateway.store.sightings import last_sighting
from tests.browser.conftest import Console, Watched
from tests.browser.cries import cry
from tests.browser.promised import overdue


async def test_a_plan_shows_what_comes_of_it_before_it_is_saved(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto(f"/people/{console.resident.id}")
    await page.wait_for_selector("html[data-ready]")
    await page.locator("#checks-of").get_by_role("link", name="添加约定").click()
    await page.fill("[data-field=from]", "18:00")
    await page.fill("[data-field=to]", "20:30")
    for day in ("sat", "sun"):
        await page.locator(f"[data-day={day}]").uncheck()
    preview = page.locator("#plan-preview")
    await expect(preview.locator("li", has_text="周六").first).to_contain_text("–")
    await expect(preview.locator("li", has_text="周六").first).not_to_contain_text("20:30")
    await expect(preview.locator("li", has_text="周三").first).to_contain_text("18:00 – 20:30")
    await page.get_by_role("button", name="再加一段时间").click()
    second = page.locator("[data-window]").last
    await second.locator("[data-field=from]").fill("07:00")
    await second.locator("[data-field=to]").fill("08:00")
    await second.get_by_role("radio", name="任何动静").check()
    await page.fill("#f-grace_min", "20")
    await page.get_by_label("手环显示文字").check()
    await page.select_option("#f-holidays", "skip")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#checks-of")).to_contain_text("18:00 – 20:30 · 周一到周五 · 按键")
    await expect(page.locator("#checks-of")).to_contain_text("07:00 – 08:00 · 每天 · 任何动静")
    async with console.connection() as conn:
        [plan] = await listing(conn, Plan, sites=())
    assert plan.windows == (
        WindowTerms(opens="18:00", closes="20:30", days=("mon", "tue", "wed", "thu", "fri")),
        WindowTerms(opens="07:00", closes="08:00", by="sign"),
    )
    assert (plan.grace_min, plan.remind_min, set(plan.remind), plan.holidays) == (20, 15, {"ring", "message"}, "skip")

    await page.get_by_role("link", name="修改约定").click()
    await page.locator("[data-window]").last.locator("[data-field=from]").fill("18:30")
    await page.locator("[data-window]").last.locator("[data-field=to]").fill("19:30")
    desk.expected.append("422")
    await page.get_by_role("button", name="保存").click()
    overlap = "第 2 段时间和第 1 段有重叠，请改开始或结束的时间，或错开日子。"
    overlapping = page.locator("[data-window]").last.locator("[data-field=from]")
    await expect(page.locator(".wrong")).to_have_text(overlap)
    await expect(overlapping).to_have_accessible_description(overlap)
    await expect(overlapping).to_be_focused()
    await page.locator("[data-window]").last.locator("[data-drop]").click()
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#checks-of")).not_to_contain_text("任何动静")
    await page.get_by_role("link", name="修改约定").click()
    await expect(page.locator("h1")).to_contain_text("修改约定")
    await page.get_by_text("更改记录").click()
    await expect(page.locator(".versions li").first).to_contain_text("07:00 – 08:00 · 每天 · 任何动静")


async def test_a_holiday_is_entered_and_taken_out_again(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto("/sites/riverside")
    await page.wait_for_selector("html[data-ready]")
    section = page.locator("#holidays")
    await section.get_by_label("名称").fill("春节")
    await section.get_by_label("第一天").fill("2027-02-06")
    await section.get_by_label("最后一天").fill("2027-02-05")
    await section.get_by_role("button", name="添加").click()
    await expect(section.locator(".wrong")).to_have_text("不能早于 2027-02-06")
    await section.get_by_label("最后一天").fill("2027-03-12")
    await section.get_by_role("button", name="添加").click()
    await expect(section.locator(".wrong")).to_have_text("最多 31 天")
    await section.get_by_label("最后一天").fill("2027-02-12")
    await section.get_by_role("button", name="添加").click()
    await expect(section.locator("li")).to_contain_text("2027-02-06 – 2027-02-12")
    page.on("dialog", lambda dialog: dialog.accept())
    await section.get_by_role("button", name="删除").click()
    await expect(section.locator("li")).to_have_count(0)
    async with console.connection() as conn:
        assert await listing(conn, Holiday, sites=()) == []


async def test_on_the_page_of_a_missed_check_somebody_says_that_they_are_safe_and_how_they_know(
    console: Console, desk: Watched
) -> None:
    missed = await overdue(console, console.resident)
    alarm = await cry(console, "missed_check.checkin", severity="medium", device=None)
    page = desk.page
    await page.goto(f"/alarms/{alarm.id}")
    await page.wait_for_selector("html[data-ready]")
    await page.keyboard.press("s")
    dialog = page.locator("#seen-dialog")
    await dialog.get_by_role("radio", name="上门见到").check()
    await dialog.get_by_role("button", name="确认平安").click()
    await expect(page.locator("#alarm-state")).to_contain_text("已解决")
    await expect(page.locator("#alarm-timeline")).to_contain_text("李静")
    async with console.connection() as conn:
        seen = await last_sighting(conn, console.resident.id)
    assert seen is not None
    assert (seen.actor, seen.how) == ("li", "visit")
    await page.goto(f"/people/{console.resident.id}")
    await expect(page.locator("#checks-of")).to_contain_text("李静确认平安（上门）")
    await page.goto("/checks")
    await expect(page.locator(f"#pill-{missed}")).to_contain_text("上门")
