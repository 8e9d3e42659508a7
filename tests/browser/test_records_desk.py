"""Requests settled, households filled, responders and staff entered, a device handed over."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, expect

from alerts.inbox import Inbound, receive
from devices.clock import DAY_MS, HOUR_MS
from gateway.store.registry import add_device, add_household, add_resident, listing
from gateway.store.registry_records import Assignment, DeviceFields, HouseholdFields, ResidentFields, Responder
from gateway.store.replies import PostgresInboxStore
from gateway.store.requests import add_request, requests
from gateway.store.staff import staff_list
from tests.browser.conftest import Console, Watched, watched_page


async def test_a_request_taken_down_by_phone_is_settled_with_what_was_done(console: Console, desk: Watched) -> None:
    async with console.connection() as conn:
        await add_request(conn, "li", site="riverside", resident=console.resident.id, request="meal", note="少盐", t=1)
    page = desk.page
    await page.click(".tabs a[href='/requests']")
    await page.get_by_role("button", name="记下请求").click()
    await page.locator("#p-resident").press_sequentially("wangxiuying")
    await page.get_by_role("option", name="王秀英").click()
    await page.select_option("#f-request", "repair")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator(".request-list li")).to_have_count(2)

    await page.locator(".request-list li", has_text="少盐").get_by_role("button", name="办妥").click()
    await page.fill("#f-answer", "食堂已送")
    await page.locator("#settle-dialog").get_by_role("button", name="办妥").click()
    await expect(page.locator(".request-list li")).to_have_count(1)
    async with console.connection() as conn:
        done = await requests(conn, sites=(), filters={"state": "done"})
    assert [(each.request, each.answer, each.done_by) for each in done] == [("meal", "食堂已送", "li")]


async def test_somebody_joins_a_household_and_leaves_it(console: Console, desk: Watched) -> None:
    async with console.connection() as conn:
        home = await add_household(conn, "li", HouseholdFields(site="riverside", name="三号楼四零二"))
    page = desk.page
    await page.goto(f"/households/{home.id}")
    await page.wait_for_selector("html[data-ready]")
    await page.get_by_role("button", name="加入成员").click()
    await page.locator("#p-member").press_sequentially("402")
    await page.get_by_role("option", name="王秀英").click()
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator(".contacts li")).to_contain_text("王秀英")
    await page.get_by_role("button", name="移出").click()
    await expect(page.locator("#page")).to_contain_text("还没有成员")


async def test_a_responder_is_entered_with_how_they_are_reached(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto("/responders/new")
    await page.wait_for_selector("html[data-ready]")
    await page.fill("[name=name]", "老周")
    await page.fill("[name=phone]", "138 0013 8009")
    await page.fill("[name=building]", "3")
    await page.get_by_label("接电话").check()
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("table")).to_contain_text("老周")
    async with console.connection() as conn:
        found = await listing(conn, Responder, sites=())
    assert [(each.phone, each.building, each.channels) for each in found] == [("13800138009", "3", ["sms", "call"])]


async def test_a_new_account_signs_in_by_the_link_that_is_shown_once(
    browser: Browser, console: Console, desk: Watched
) -> None:
    page = desk.page
    await page.goto("/staff/new")
    await page.wait_for_selector("html[data-ready]")
    await page.fill("[name=username]", "zhao")
    await page.fill("[name=display_name]", "赵班长")
    await page.get_by_role("radio", name="班长").check()
    await page.get_by_label("河滨社区").check()
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("[data-signin-link]")).to_contain_text("/signin/")
    link = await page.locator("[data-signin-link]").inner_text()
    async with console.connection() as conn:
        made = next(each for each in await staff_list(conn, sites=[]) if each.username == "zhao")
    assert (made.role, made.sites, made.has_password) == ("supervisor", ["riverside"], False)
    async with watched_page(browser, console) as other:
        await other.page.goto(link)
        await other.page.get_by_role("button").first.click()
        await other.page.wait_for_url("**/sound")


async def test_a_device_goes_to_nobody_while_a_name_is_typed_and_not_chosen(console: Console, desk: Watched) -> None:
    async with console.connection() as conn:
        fields = DeviceFields(site="riverside", resident=console.resident.id)
        await add_device(conn, "li", "band-0007", fields, password_hash=None, now=console.deps.clock.now_ms())
    page = desk.page
    await page.goto("/devices/band-0007")
    await page.wait_for_selector("html[data-ready]")
    await page.get_by_role("button", name="交接").click()
    await page.locator("#p-next").press_sequentially("shan")
    dialog = page.locator("#handover-dialog")
    await dialog.get_by_role("button", name="保存").click()
    await expect(dialog.locator(".wrong")).to_contain_text("还没有选定")
    async with console.connection() as conn:
        worn = await listing(conn, Assignment, sites=())
    assert [(each.resident, each.to_ms) for each in worn] == [(console.resident.id, None)]


async def test_a_device_handed_over_yesterday_belongs_to_its_next_wearer_since_then(
    console: Console, desk: Watched
) -> None:
    now = console.deps.clock.now_ms()
    async with console.connection() as conn:
        fields = DeviceFields(site="riverside", resident=console.resident.id)
        await add_device(conn, "li", "band-0007", fields, password_hash=None, now=now - 9 * DAY_MS)
        other = await add_resident(conn, "li", ResidentFields(site="riverside", name="单玉梅"))
    page = desk.page
    await page.goto("/devices/band-0007")
    await page.wait_for_selector("html[data-ready]")
    await page.get_by_role("button", name="交接").click()
    await page.locator("#p-next").press_sequentially("shan")
    await page.get_by_role("option", name="单玉梅").click()
    await page.get_by_role("radio", name="以前就交接了").check()
    since = (now - DAY_MS) // HOUR_MS * HOUR_MS
    shanghai = datetime.fromtimestamp(since / 1000, ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%dT%H:%M")
    await page.fill("#f-since", shanghai)
    await page.locator("#handover-dialog").get_by_role("button", name="保存").click()
    await expect(page.locator("#wearers li").first).to_contain_text("单玉梅")
    async with console.connection() as conn:
        worn = sorted(await listing(conn, Assignment, sites=()), key=lambda each: each.from_ms)
    assert [(each.resident, each.to_ms) for each in worn] == [(console.resident.id, since), (other.id, None)]
    assert worn[1].from_ms == since


async def test_what_a_stranger_wrote_is_found_among_the_answers(console: Console, desk: Watched) -> None:
    page = desk.page
    store = PostgresInboxStore(console.deps.pool)
    inbound = Inbound(provider_id="SM1", sender="13600000009", body="谁在找我？")
    await receive(store, inbound, console.deps.clock.now_ms())
    await page.goto("/replies")
    await expect(page.locator("#replies")).to_contain_text("谁在找我？")
    await expect(page.locator("#replies .chip")).to_have_text("陌生号码")
    await page.select_option("#of-meaning", "take")
    await expect(page.locator("#replies")).to_contain_text("没有来信")
