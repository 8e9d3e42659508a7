"""An alarm's way over the console, as a person at the desk walks it."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect

from alerts.desk import act
from alerts.replies import Replier, answer
from alerts.transitions import Acknowledge, Close, Resolve
from gateway.store.alarm_list import alarm_object
from tests.browser.conftest import Console, Watched, module, sign_in, watched_page, without_stream
from tests.browser.cries import cry


async def tones_played(page: Page) -> list[str]:
    played: list[str] = await page.evaluate(
        f"{module('sound.js')}.then((sound) => sound.played.map((each) => each.tone))"
    )
    return played


async def test_the_sound_that_was_tried_at_the_sign_in_is_on_at_the_list(browser: Browser, console: Console) -> None:
    async with watched_page(browser, console) as watched:
        await sign_in(watched.page)
        assert set(await tones_played(watched.page)) == {"critical"}
        await expect(watched.page.locator("html")).to_have_attribute("data-sound", "on")
        await expect(watched.page.locator("#banner-sound")).to_be_hidden()


async def test_sos_appears_by_itself_and_is_closed_with_its_outcome(console: Console, desk: Watched) -> None:
    page = desk.page
    await expect(page.locator("[data-calm]")).to_be_visible()
    alarm = await cry(console)

    card = page.locator(f"#alarm-{alarm.id}")
    await expect(card).to_contain_text("王秀英")
    await expect(card).to_contain_text("按下求助键")
    await expect(card).to_contain_text("紧急")
    await expect(page).to_have_title("(1) 当前 · 安心")
    assert set(await tones_played(page)) == {"critical"}

    await card.get_by_role("button", name="接警").click()
    await expect(card).to_contain_text("李静 已接手")
    await expect(page).to_have_title("当前 · 安心")
    await card.get_by_role("link", name="查看").click()

    await expect(page.locator(".person")).to_contain_text("高血压")
    await expect(page.locator(".contacts")).to_contain_text("13800138000")
    await expect(page.locator(".map path").first).to_be_visible()
    await page.fill("#responder", "网格员 小王")
    await page.get_by_role("button", name="派人上门").click()
    await page.get_by_role("button", name="已到场").click()
    await page.get_by_role("button", name="已解决").click()
    await page.get_by_label("确有其事").check()
    await page.select_option("#close-result", "helped_on_site")
    await page.fill("#close-note", "扶起，无外伤")
    await page.get_by_role("button", name="结案").click()
    await expect(page.locator("#alarm-state")).to_contain_text("上门帮助")
    await expect(page.locator("#alarm-timeline")).to_contain_text("扶起，无外伤")

    async with console.connection() as conn:
        stored = await alarm_object(conn, alarm.id)
    assert stored is not None
    assert '"outcome": "true_alarm"' in stored.object
    assert '"state": "closed"' in stored.object


async def test_the_slower_of_two_learns_who_was_faster(console: Console, desk: Watched) -> None:
    desk.expected += ["409", "ERR_FAILED"]
    page = desk.page
    alarm = await cry(console)
    button = page.locator(f"#alarm-{alarm.id} .acknowledge")
    await without_stream(page)
    await expect(button).to_be_visible()
    await act(console.store, alarm.id, Acknowledge(), "wang", console.deps.clock.now_ms())
    await button.click()
    await expect(page.locator("#toasts")).to_contain_text("王强 先了一步")
    await expect(page.locator(f"#alarm-{alarm.id}")).to_contain_text("王强 已接手")


async def test_open_page_follows_what_a_colleague_does(console: Console, desk: Watched) -> None:
    alarm = await cry(console)
    await desk.page.locator(f"#alarm-{alarm.id} .who a").click()
    await desk.page.fill("#note-text", "正在打电话")
    await act(console.store, alarm.id, Acknowledge(), "wang", console.deps.clock.now_ms())
    await expect(desk.page.locator("#alarm-state")).to_contain_text("王强 已接手")
    await expect(desk.page.locator("#note-text")).to_have_value("正在打电话")


async def test_keyboard_chooses_takes_and_opens(console: Console, desk: Watched) -> None:
    page = desk.page
    first = await cry(console)
    second = await cry(console, "wandering.zone_exit", severity="high")
    await expect(page.locator("[data-live] .alarm-card")).to_have_count(2)
    await page.keyboard.press("j")
    await expect(page.locator(f"#alarm-{first.id}")).to_have_attribute("aria-current", "true")
    await page.keyboard.press("j")
    await expect(page.locator(f"#alarm-{second.id}")).to_have_attribute("aria-current", "true")
    await page.keyboard.press("a")
    await expect(page.locator(f"#alarm-{second.id}")).to_have_attribute("data-state", "acknowledged")
    await expect(page.locator(f"#alarm-{second.id}")).to_have_attribute("aria-current", "true")
    await page.keyboard.press("Enter")
    await expect(page.locator("#alarm")).to_have_attribute("data-alarm", str(second.id))
    await page.keyboard.press("?")
    await expect(page.locator("#help")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#help")).to_be_hidden()


async def test_worst_untaken_alarm_stands_on_top(console: Console, desk: Watched) -> None:
    low = await cry(console, "device.battery_low", severity="low")
    high = await cry(console, "wandering.zone_exit", severity="high")
    critical = await cry(console)
    cards = desk.page.locator("[data-live] .alarm-card")
    await expect(cards).to_have_count(3)
    ids = [await cards.nth(place).get_attribute("data-id") for place in range(3)]
    assert ids == [str(critical.id), str(high.id), str(low.id)]


async def test_what_was_missed_while_the_stream_was_away_comes_with_it(browser: Browser, console: Console) -> None:
    async with watched_page(browser, console, language="en") as watched:
        watched.expected.append("ERR_")
        page = watched.page
        await page.goto("/language/en")
        await sign_in(page)
        await page.context.set_offline(True)
        await page.evaluate(f"{module('desk.js')}.then((desk) => desk.stream.start(0))")
        alarm = await cry(console)
        await page.context.set_offline(False)
        await expect(page.locator(f"#alarm-{alarm.id}")).to_contain_text("Pressed SOS")


async def test_a_link_that_is_drawn_anew_while_its_page_loads_opens_that_page_alone(
    console: Console, desk: Watched
) -> None:
    page = desk.page
    alarm = await cry(console)
    link = page.locator(f"#alarm-{alarm.id} .who a")
    await expect(link).to_be_visible()
    await link.evaluate("link => { link.click(); document.dispatchEvent(new Event('book-changed')); }")
    await expect(page.locator("#alarm-state")).to_contain_text("王秀英")
    await expect(page.locator("main")).to_have_count(1)
    await expect(page.locator("header.topbar")).to_have_count(1)


async def test_what_the_family_calls_well_is_confirmed_with_one_key(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await cry(console)
    await page.locator(f"#alarm-{alarm.id} .who a").click()
    await expect(page.locator("#alarm-state")).to_contain_text("接警")
    await expect(page.locator("[data-act=confirm]")).to_have_count(0)
    daughter = Replier(role="family", name="王女士", contact="c1")
    await answer(console.store, alarm.id, daughter, "well", console.deps.clock.now_ms())
    await expect(page.locator("#alarm-state")).to_contain_text("回复说平安")
    await expect(page.locator("#alarm-timeline")).to_contain_text("王女士")
    await page.keyboard.press("w")
    await expect(page.locator("#alarm-state .steps .here")).to_contain_text("已解决")
    await expect(page.locator("[data-act=confirm]")).to_have_count(0)


async def test_settled_by_phone_and_closed_nothing_typed_is_lost_and_nothing_is_said_that_was_not_done(
    console: Console, desk: Watched
) -> None:
    page = desk.page
    alarm = await cry(console)
    await act(console.store, alarm.id, Acknowledge(), "li", console.deps.clock.now_ms())
    await page.goto(f"/alarms/{alarm.id}")
    await page.get_by_role("button", name="派人上门").click()
    await expect(page.locator("#alarm-actions .wrong")).to_have_text("请填写")
    await page.get_by_role("button", name="已解决").click()
    await page.get_by_role("button", name="结案").click()
    await expect(page.locator("#alarm-actions fieldset:has([name=outcome]) > .wrong")).to_have_text("请选择一项")
    assert await page.locator("#alarm-actions .wrong").count() == 1, "once for all the choices"
    await page.fill("#note-text", "电话里说没事")
    await page.get_by_label("误触").check()
    await page.get_by_role("button", name="结案").click()

    await expect(page.locator("#alarm-timeline")).to_contain_text("电话里说没事")
    await expect(page.locator("#alarm-note")).to_be_hidden()
    await expect(page.locator(".alarm-head.over")).to_contain_text("误触")
    await expect(page.locator(".alarm-head .severity-tag")).to_have_count(0)
    assert await page.locator(".steps .skipped").all_text_contents() == ["未派人", "未到场"]
    await expect(page.locator("#alarm-escalation")).to_contain_text("警报已经结束")
    await expect(page.locator("#toasts")).not_to_contain_text("先了一步")


async def test_a_note_that_a_colleague_overtakes_by_closing_stays_to_be_copied(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await cry(console)
    await page.locator(f"#alarm-{alarm.id} .who a").click()
    await page.fill("#note-text", "正在打电话")
    for command in (Acknowledge(), Resolve(), Close(outcome="accidental")):
        await act(console.store, alarm.id, command, "wang", console.deps.clock.now_ms())
    await expect(page.locator("#alarm-note")).to_contain_text("不能再记")
    await expect(page.locator("#note-text")).to_have_value("正在打电话")
    await expect(page.get_by_role("button", name="记下")).to_be_disabled()
    await page.get_by_role("button", name="重新打开").click()
    await expect(page.get_by_role("button", name="记下")).to_be_enabled()
