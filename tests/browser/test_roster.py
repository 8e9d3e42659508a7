"""The roster, the hand-over and the rules of telling, by hand and eye."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect

from devices.clock import HOUR_MS
from gateway.store.handovers import offer_handover
from gateway.store.policies import all_policies
from gateway.store.registry import listing
from gateway.store.registry_records import Shift
from gateway.store.roster import on_duty
from tests.browser.conftest import Console, Watched, sign_in, watched_page
from tests.support.console import Desk


async def _open(page: Page, path: str) -> None:
    """Go to a page, and wait until its parts live."""
    await page.goto(path)
    await page.wait_for_selector("html[data-ready]")


async def test_a_shift_is_entered_in_the_centres_own_hours_and_gaps_are_shown(desk: Watched, console: Console) -> None:
    page = desk.page
    await _open(page, "/roster?week=2026-06-10")
    await expect(page.locator("#gaps")).to_have_count(0)
    await page.click("[data-opens='#shift-dialog']")
    await page.select_option("#f-account", "wang")
    await page.fill("#f-from", "2026-06-09T22:00")
    await page.fill("#f-to", "2026-06-10T06:00")
    await page.click("#shift-dialog button[type=submit]")
    await expect(page.locator("#week")).to_contain_text("22:00 – 06:00")
    await expect(page.locator("#week")).to_contain_text("王强")
    await expect(page.locator("#gaps li")).to_have_text(
        ["2026-06-08 00:00 – 2026-06-09 22:00", "2026-06-10 06:00 – 2026-06-15 00:00"]
    )
    async with console.connection() as conn:
        (shift,) = await listing(conn, Shift, sites=[])
    assert (shift.account, shift.to_ms - shift.from_ms) == ("wang", 8 * HOUR_MS)
    assert shift.from_ms == 1_781_013_600_000, "22:00 in Shanghai, wherever the browser is"

    await page.click("#week a:has-text('王强')")
    await page.select_option("#f-stand_in", "li")
    await page.click("form[data-method=PUT] button[type=submit]")
    await expect(page.locator("#week")).to_contain_text("替王强")
    async with console.connection() as conn:
        assert [each.username for each in await on_duty(conn, "riverside", shift.from_ms)] == ["li"]

    await page.click("a[rel=next]")
    await expect(page.locator(".pager strong")).to_contain_text("2026-06-15 – ")
    await page.click("button:has-text('复制上一周')")
    await expect(page.locator("#week")).to_contain_text("22:00 – 06:00")


async def test_whoever_comes_takes_over_with_one_button(browser: Browser, console: Console) -> None:
    alarm = await Desk(console.store).raise_alarm("riverside", resident=console.resident.id)
    async with watched_page(browser, console) as goes, watched_page(browser, console) as comes:
        await sign_in(goes.page, "li")
        await sign_in(comes.page, "wang")
        await goes.page.click(f"#alarm-{alarm.id} button:has-text('接警')")
        await _open(goes.page, "/roster")
        await goes.page.click("[data-opens='#offer-dialog']")
        await goes.page.select_option("#o-to", "wang")
        await goes.page.fill("#o-note", "钥匙在抽屉里")
        await goes.page.click("#offer-dialog button[type=submit]")
        await expect(goes.page.locator("main .notice")).to_contain_text("李静交班给王强")

        offered = comes.page.locator("#handovers .notice")
        await expect(offered).to_contain_text("钥匙在抽屉里")
        await offered.locator("button:has-text('接班')").first.click()
        await expect(offered).to_have_count(0)
        await expect(comes.page.locator(f"#alarm-{alarm.id}")).to_contain_text("王强")


async def test_an_offer_that_nobody_touched_stays_in_place_under_the_hand(desk: Watched, console: Console) -> None:
    async with console.connection() as conn:
        await offer_handover(conn, site="riverside", outgoing="wang", incoming="li", note=None, now=1)
    page = desk.page
    await _open(page, "/")
    button = page.locator("#handovers button.primary")
    await expect(button).to_be_visible()
    held = await button.element_handle()
    assert held is not None
    async with page.expect_response("**/handovers/banner?seen=*") as answered:
        pass
    assert (await answered.value).status == 204
    assert await held.evaluate("element => element.isConnected")


async def test_a_rule_of_telling_is_written_tried_and_removed(desk: Watched, console: Console) -> None:
    page = desk.page
    await _open(page, "/policies")
    await expect(page.locator("#timetable")).to_contain_text("求助")
    await page.click("a[href='/policies/new?like=built_in/fall']")
    await page.fill("#f-name", "夜里的跌倒")
    while await page.locator("[data-drop]").count() > 1:
        await page.locator("[data-drop]").last.click()
    await page.click("[data-more]")
    line = page.locator("[data-step]").last
    await line.locator("[data-field=after_s]").fill("5")
    await line.locator("[data-field=who]").select_option("family")
    await line.locator("[data-field=nth]").fill("1")
    await page.fill("#f-from_minute", "22:00")
    await page.fill("#f-to_minute", "06:00")
    await page.click("button[type=submit].primary")
    await expect(page.locator("main table").first).to_contain_text("夜里的跌倒")
    async with console.connection() as conn:
        (policy,) = await all_policies(conn, sites=[])
    assert (policy.from_minute, policy.to_minute, policy.site, policy.applies_to) == (1320, 360, None, "fall")
    assert [(each.after_s, each.who, each.how, each.nth) for each in policy.steps] == [
        (5, "family", "sms", 1), (60, "duty", "sms", None),
    ]  # fmt: skip

    await page.click(f"#policy-{policy.id} a")
    await page.fill("#f-from_minute", "")
    desk.expected.append("422")
    await page.click("button[type=submit].primary")
    await expect(page.locator(".wrong")).to_have_text("开始和结束要么都填，要么都不填。")
    await page.fill("#f-to_minute", "")
    await page.click("button[type=submit].primary")
    await expect(page.locator(f"#policy-{policy.id}")).not_to_contain_text("22:00")
    await page.select_option("#v-rule", "fall.device")
    await expect(page.locator("#timetable")).to_contain_text("夜里的跌倒")

    await page.click(f"#policy-{policy.id} a")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.click("[data-remove]")
    await expect(page.locator(f"#policy-{policy.id}")).to_have_count(0)
