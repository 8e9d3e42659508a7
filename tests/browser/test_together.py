"""Several alarms of one person, alarms that come while a hand is at the list, and calls by phone."""

from __future__ import annotations

import msgspec
import pytest
from playwright.async_api import Browser, Page, expect

from alerts.alarm import Alarm, TimelineEntry
from alerts.desk import act
from alerts.transitions import Acknowledge
from gateway.store.alarm_list import alarm_object
from gateway.store.registry import add_device, add_household, add_resident
from gateway.store.registry_records import DeviceFields, HouseholdFields, ResidentFields
from tests.browser.conftest import Console, Watched, module, sign_in, watched_page, without_stream
from tests.browser.cries import cry


async def neighbour(console: Console, name: str = "赵国强") -> str:
    async with console.connection() as conn:
        address = {"building": "5", "room": "101"}
        return (await add_resident(conn, "test", ResidentFields(site="riverside", name=name, address=address))).id


async def cry_of(console: Console, resident: str, rule: str = "sos.button", **changes: object) -> Alarm:
    return await cry(console, rule, resident=resident, subject=f"resident:{resident}", **changes)


async def change(console: Console, alarm: Alarm, **changes: object) -> None:
    after = msgspec.structs.replace(alarm, version=alarm.version + 1, **changes)
    async with console.store.transaction() as tx:
        await tx.save(after)


async def order(page: Page) -> list[str | None]:
    cards = page.locator("[data-live] .alarm-card")
    return [await cards.nth(place).get_attribute("data-id") for place in range(await cards.count())]


async def stored(console: Console, alarm: Alarm) -> Alarm:
    async with console.connection() as conn:
        found = await alarm_object(conn, alarm.id)
    assert found is not None
    return msgspec.json.decode(found.object, type=Alarm)


async def test_one_press_takes_all_alarms_of_a_person(console: Console, desk: Watched) -> None:
    page = desk.page
    other = await cry_of(console, await neighbour(console))
    mine = [
        await cry(console),
        await cry(console, "fall.device"),
        await cry(console, "device.battery_low", severity="low"),
    ]
    group = page.locator(".person-group")
    await expect(group).to_have_count(1)
    await expect(group.locator("h2")).to_have_text("王秀英")
    await expect(group.locator(".alarm-card")).to_have_count(3)
    await group.get_by_role("button", name="全部接警（3）").click()
    for alarm in mine:
        await expect(page.locator(f"#alarm-{alarm.id}")).to_have_attribute("data-state", "acknowledged")
    await expect(group.locator(".take-all")).to_have_count(0)
    await expect(page.locator(f"#alarm-{other.id}")).to_have_attribute("data-state", "open")
    assert {(await stored(console, alarm)).assignee for alarm in mine} == {"li"}


async def test_a_key_takes_all_of_the_most_urgent_person(console: Console, desk: Watched) -> None:
    page = desk.page
    other = await cry_of(console, await neighbour(console), severity="medium", rule="missed_check.silent")
    for rule in ("sos.button", "fall.device"):
        await cry(console, rule)
    await expect(page.locator("[data-live] .alarm-card")).to_have_count(3)
    await page.keyboard.press("j")
    await page.keyboard.press("Shift+A")
    await expect(page.locator("[data-live] [data-state=acknowledged]")).to_have_count(2)
    await expect(page.locator(f"#alarm-{other.id}")).to_have_attribute("data-state", "open")


async def test_what_a_colleague_has_is_said_when_the_rest_is_taken(console: Console, desk: Watched) -> None:
    page = desk.page
    theirs, mine = await cry(console), await cry(console, "fall.device")
    third = await cry(console, "wandering.zone_exit", severity="high")
    desk.expected.append("ERR_FAILED")
    await without_stream(page)
    await expect(page.locator(".person-group .take-all")).to_be_visible()
    await act(console.store, theirs.id, Acknowledge(), "wang", console.deps.clock.now_ms())
    await page.locator(".person-group .take-all").click()
    await expect(page.locator("#toasts")).to_contain_text("王强 先了一步")
    assert [(await stored(console, alarm)).assignee for alarm in (theirs, mine, third)] == ["wang", "li", "li"]


async def test_nothing_moves_under_a_hand_and_what_is_new_is_said_above(console: Console, desk: Watched) -> None:
    page = desk.page
    resident = await neighbour(console)
    medium = await cry(console, "missed_check.silent", severity="medium")
    button = page.locator(f"#alarm-{medium.id} .acknowledge")
    await button.hover()
    before = await button.bounding_box()
    critical = await cry_of(console, resident)
    await expect(page.locator("[data-herald]")).to_contain_text("赵国强 · 按下求助键")
    await expect(page).to_have_title("(2) 当前 · 安心")
    assert await order(page) == [str(medium.id)]
    assert await button.bounding_box() == before
    await button.click()
    await expect(page.locator(f"#alarm-{medium.id}")).to_have_attribute("data-state", "acknowledged")
    assert (await stored(console, critical)).state == "open"
    await page.locator("[data-herald]").click()
    await expect(page.locator("[data-live] .alarm-card").first).to_have_attribute("data-id", str(critical.id))
    await expect(page.locator("[data-herald]")).to_be_hidden()


async def test_the_list_comes_into_order_when_the_hand_has_gone(console: Console, desk: Watched) -> None:
    page = desk.page
    medium = await cry(console, "missed_check.silent", severity="medium")
    await page.locator(f"#alarm-{medium.id}").hover()
    critical = await cry_of(console, await neighbour(console))
    await expect(page.locator("[data-herald]")).to_be_visible()
    await page.locator(".brand").hover()
    await expect(page.locator("[data-live] .alarm-card").first).to_have_attribute("data-id", str(critical.id))


async def test_what_ended_keeps_its_place_under_a_hand(console: Console, desk: Watched) -> None:
    page = desk.page
    resident = await neighbour(console)
    first, second = await cry(console), await cry_of(console, resident, "fall.device", severity="high")
    await page.locator(f"#alarm-{second.id}").hover()
    before = await page.locator(f"#alarm-{second.id}").bounding_box()
    await change(console, first, state="cancelled")
    await expect(page.locator(f"#alarm-{first.id}[inert]")).to_have_count(1)
    assert await page.locator(f"#alarm-{second.id}").bounding_box() == before


async def test_focus_stays_on_a_card_that_is_drawn_anew(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await cry(console)
    await page.locator(f"#alarm-{alarm.id} .act a").focus()
    await change(console, alarm, count=7)
    await expect(page.locator(f"#alarm-{alarm.id}")).to_contain_text("7 次")
    assert await page.evaluate("document.activeElement.closest('.alarm-card')?.dataset.id") == str(alarm.id)


async def test_what_cries_again_while_somebody_is_there_sounds_once(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await cry(console, state="on_scene", assignee="wang")
    await expect(page.locator(f"#alarm-{alarm.id}")).to_be_visible()
    played = f"{module('sound.js')}.then((sound) => sound.played.length)"
    before = await page.evaluate(played)
    again = TimelineEntry(t=console.deps.clock.now_ms(), actor="wearer", event="again")
    await change(console, alarm, timeline=(*alarm.timeline, again))
    await expect(page.locator("#toasts")).to_contain_text("王秀英 再次报警（已到场）")
    assert await page.evaluate(played) == before + 1


async def test_a_key_pressed_right_after_the_help_closes_is_heard(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await cry(console)
    await expect(page.locator(f"#alarm-{alarm.id}")).to_be_visible()
    await page.keyboard.press("?")
    await expect(page.locator("#help")).to_be_visible()
    closed_and_pressed = """() => {
        const button = document.querySelector('#help button');
        button.focus();
        document.querySelector('#help').close();
        button.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true, cancelable: true }));
    }"""
    await page.evaluate(closed_and_pressed)
    await expect(page.locator(f"#alarm-{alarm.id}")).to_have_attribute("data-state", "acknowledged")


async def test_a_call_by_phone_becomes_an_alarm_that_is_taken_at_once(console: Console, desk: Watched) -> None:
    page = desk.page
    await neighbour(console)
    await page.goto("/devices")
    await page.wait_for_selector("html[data-ready]")
    await page.keyboard.press("r")
    await page.wait_for_url("**/report")
    await page.fill("#report-q", "13800138000")
    await expect(page.locator(".person-choice")).to_have_count(1)
    await expect(page.locator(".person-choice")).to_contain_text("王秀英")
    await expect(page.locator(".person-choice")).to_contain_text("找到：王小红")
    await page.locator(".tile.kind-fall").click()
    await page.fill("#report-note", "女儿来电：妈妈在院子里摔倒")
    await page.get_by_role("button", name="发出警报").click()
    await expect(page.locator("#alarm-state")).to_contain_text("有人报告跌倒")
    await expect(page.locator("#alarm-state")).to_contain_text("李静 已接手")
    await expect(page.locator("#alarm-timeline")).to_contain_text("妈妈在院子里摔倒")


async def test_a_report_without_a_person_says_what_is_missing(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto("/report")
    await page.get_by_role("button", name="发出警报").click()
    await expect(page.get_by_text("请选择是谁")).to_be_visible()
    await expect(page.get_by_text("请选择发生了什么")).to_be_visible()
    async with console.connection() as conn:
        assert await (await conn.execute("select count(*) from alarm")).fetchone() == (0,)


async def test_codes_ratings_and_colleagues_are_one_press_away(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await cry(console)
    await page.goto(f"/alarms/{alarm.id}")
    await page.get_by_role("button", name="无人接听").click()
    await expect(page.locator("#alarm-timeline")).to_contain_text("无人接听")
    await page.locator("[data-act=acknowledge]").first.click()
    await expect(page.locator("#alarm-state")).to_contain_text("李静 已接手")
    await page.get_by_text("转给同事").click()
    await page.select_option("#assignee", "wang")
    await page.get_by_role("button", name="指派").click()
    await expect(page.locator("#alarm-timeline")).to_contain_text("王强")
    await page.get_by_role("button", name="已解决").click()
    await page.locator(".grade").nth(3).click()
    await page.fill("#rate-comment", "邻居来得快")
    await page.get_by_role("button", name="评价").click()
    await expect(page.locator("#alarm-state")).to_contain_text("评价 4/5")
    kept = await stored(console, alarm)
    assert (kept.rating, kept.assignee, kept.timeline[1].code) == (4, "wang", "no_answer")


async def test_what_somebody_fills_in_outlives_a_new_piece_of_evidence(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await cry(console, state="resolved", assignee="li")
    await page.goto(f"/alarms/{alarm.id}")
    await page.wait_for_selector("html[data-ready]")
    await page.fill("#close-note", "扶起，无外伤")
    await change(console, alarm, count=9)
    await expect(page.locator("#alarm-state")).to_contain_text("9 次")
    await expect(page.locator("#close-note")).to_have_value("扶起，无外伤")


async def test_what_somebody_has_unfolded_stays_so_when_a_colleague_acts(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await cry(console)
    await page.goto(f"/alarms/{alarm.id}")
    await page.wait_for_selector("html[data-ready]")
    await page.get_by_text("转给同事").click()
    await change(console, alarm, state="acknowledged", assignee="wang")
    await expect(page.locator("#alarm-state")).to_contain_text("王强 已接手")
    await expect(page.locator("#assignee")).to_be_visible()


async def test_the_alarms_page_takes_all_of_the_person(console: Console, desk: Watched) -> None:
    page = desk.page
    one, other = await cry(console), await cry(console, "fall.device")
    await page.goto(f"/alarms/{one.id}")
    await page.wait_for_selector("html[data-ready]")
    await page.get_by_role("button", name="全部接警（2）").click()
    await expect(page.locator("#alarm-state")).to_contain_text("李静 已接手")
    assert (await stored(console, other)).assignee == "li"


async def test_a_device_is_tried_out_from_its_page(console: Console, desk: Watched) -> None:
    page = desk.page
    async with console.connection() as conn:
        fields = DeviceFields(site="riverside", type="band", resident=console.resident.id)
        await add_device(conn, "test", "band-7", fields, password_hash=None, now=console.deps.clock.now_ms())
    await page.goto("/devices/band-7")
    await page.select_option("#drill-minutes", "3")
    await page.get_by_role("button", name="开始演练").click()
    await expect(page.locator("#drill")).to_contain_text("演练中")
    async with console.connection() as conn:
        row = await (
            await conn.execute("select test_until_ms - test_from_ms from device where id = 'band-7'")
        ).fetchone()
    assert row == (180_000,)
    await page.get_by_role("button", name="结束演练").click()
    await expect(page.get_by_role("button", name="开始演练")).to_be_visible()


async def test_a_drill_is_called_one_everywhere(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await cry(console, drill=True)
    await expect(page.locator(f"#alarm-{alarm.id}.drill .drill-tag")).to_have_text("演练")
    await page.goto(f"/alarms/{alarm.id}")
    await expect(page.locator("#alarm-state")).to_contain_text("不会通知任何外面的人")
    await expect(page.locator("[data-act=notify]")).to_have_count(0)


async def test_a_household_is_called_by_its_name(console: Console, desk: Watched) -> None:
    async with console.connection() as conn:
        home = await add_household(conn, "test", HouseholdFields(site="riverside", name="赵家"))
    alarm = await cry(console, resident=None, household=home.id, subject=home.id)
    await expect(desk.page.locator(f"#alarm-{alarm.id} .who")).to_have_text("赵家")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
async def test_groups_reports_and_drills_fit_every_window(
    browser: Browser, console: Console, language: str, width: int, height: int
) -> None:
    async with watched_page(browser, console, language=language, width=width, height=height) as watched:
        page = watched.page
        await page.goto(f"/language/{language}")
        await sign_in(page)
        alarm = await cry(console, drill=True)
        await cry(console, "fall.device")
        await expect(page.locator(".person-group")).to_be_visible()
        for path in ("/", "/report", f"/report?resident={console.resident.id}", f"/alarms/{alarm.id}"):
            await page.goto(path)
            await page.wait_for_selector("html[data-ready]")
            wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wider <= 0, path
