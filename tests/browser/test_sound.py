"""A silent console is the worst failure: what is heard at a desk, counted where the browser makes its sounds."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from playwright.async_api import Browser, Page, Route, expect

from tests.browser.conftest import (
    ARGS,
    CHROMIUM,
    PASSWORD,
    Console,
    Watched,
    let_in,
    sign_in,
    take_a_seat,
    watched_page,
)
from tests.browser.cries import cry
from tests.browser.test_together import change

PROBE = """
window.heard = [];
window.contexts = [];
window.AudioContext = class extends AudioContext {
  constructor() { super(); window.contexts.push(this); }
};
const started = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (when) {
  window.heard.push({ shape: this.type, hz: this.frequency.value, at: performance.now(), runs: this.context.state });
  return started.call(this, when);
};
"""
"""Notes what every oscillator of the page really starts, and in which context."""
CRITICAL, HIGH, LOST = 988, 1047, 262


async def notes(page: Page) -> list[int]:
    """The frequencies that were started since this was asked last, Hz; only in a running context is it sound."""
    found: list[dict[str, Any]] = await page.evaluate("window.heard.splice(0)")
    assert all(each["runs"] == "running" for each in found)
    return [round(each["hz"]) for each in found]


async def hears(page: Page, hz: int) -> None:
    """Wait until that note is started."""
    await page.wait_for_function("hz => window.heard.some(each => Math.round(each.hz) === hz)", arg=hz)


async def hold_time(page: Page) -> None:
    """Note sounds, and let the page beat by its own timer, which the test holds, instead of by a worker's."""
    await page.add_init_script(PROBE + "delete window.Worker;")
    await page.clock.install()


async def mute(page: Page) -> None:
    """Press the key, and forget what sounded before."""
    await page.keyboard.press("m")
    await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
    await notes(page)


async def test_the_sign_in_ends_with_a_sound_that_somebody_has_to_hear(browser: Browser, console: Console) -> None:
    async with watched_page(browser, console) as watched:
        page = watched.page
        await page.add_init_script(PROBE)
        await page.goto("/people")
        await page.fill("#username", "li")
        await page.fill("#password", PASSWORD)
        await page.press("#password", "Enter")
        await page.wait_for_url("**/sound")
        await expect(page.locator("#heard")).to_be_focused()
        assert CRITICAL in await notes(page)
        await page.click("#unheard")
        await expect(page.locator(".advice li")).to_have_count(5)
        await expect(page.locator("[data-step=advice] .primary")).to_be_focused()
        await page.keyboard.press("Enter")
        await hears(page, CRITICAL)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/people")
        await expect(page.locator("html")).to_have_attribute("data-sound", "on")
        await page.goto("/sound")
        await page.wait_for_url(f"{console.url}/")


async def test_an_open_alarm_sounds_during_the_test_and_enter_leads_to_it(browser: Browser, console: Console) -> None:
    async with watched_page(browser, console) as watched:
        page = watched.page
        await page.add_init_script(PROBE)
        await take_a_seat(page, console)
        await page.goto("/sound")
        await page.keyboard.press("j")  # to a browser Shift alone is no sign of a hand
        await cry(console, "wandering.zone_exit", severity="high")
        await expect(page.locator("[data-waiting]")).to_contain_text("有 1 起警报在等人处理")
        await hears(page, HIGH)
        await expect(page.locator("[data-waiting] a")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{console.url}/")


async def test_it_sounds_until_taken_worst_first_and_mute_is_for_a_breath(browser: Browser, console: Console) -> None:
    async with watched_page(browser, console) as watched:
        page = watched.page
        await hold_time(page)
        await take_a_seat(page, console)
        mild = await cry(console, "wandering.zone_exit", severity="high")
        await hears(page, HIGH)
        await mute(page)
        await page.clock.run_for(8000)
        assert await notes(page) == []
        worse = await cry(console)
        await hears(page, CRITICAL)  # a new cry ends the mute
        await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "false")
        await notes(page)
        await page.clock.run_for(4000)
        assert (await notes(page))[:10] == [988, 740, 988, 740, 988] * 2
        await change(console, worse, state="acknowledged", assignee="wang")
        await hears(page, HIGH)
        await mute(page)
        await page.clock.run_for(30_000)
        assert await notes(page) == []
        await page.clock.run_for(31_000)
        assert HIGH in await notes(page), "a minute at most"
        await mute(page)
        await page.keyboard.press("m")
        await hears(page, HIGH)  # a second press: it sounds at once
        await change(console, mild, state="acknowledged", assignee="wang")
        await expect(page.locator(f"#alarm-{mild.id}")).to_have_attribute("data-state", "acknowledged")
        await notes(page)
        await page.clock.run_for(8000)
        assert await notes(page) == []


async def test_a_stream_that_is_lost_beeps_asks_and_misses_nothing(browser: Browser, console: Console) -> None:
    async with watched_page(browser, console) as watched:
        watched.expected = ["ERR_FAILED", "ERR_INTERNET_DISCONNECTED", "Failed to fetch", "Failed to load resource"]
        page = watched.page
        await hold_time(page)
        streams: list[str] = []

        async def broken(route: Route) -> None:
            streams.append(route.request.url)
            await route.abort()

        async def page_by_page(route: Route) -> None:
            await route.continue_(url=route.request.url.replace("limit=500", "limit=1"))

        await page.route("**/api/v1/alarms?state=active**", page_by_page)
        await page.route("**/api/v1/stream**", broken)
        await take_a_seat(page, console)
        # The stream alone is gone: after ten seconds it beeps and the page asks instead.
        await page.clock.run_for(11_000)
        await expect(page.locator("#banner-lost")).to_contain_text("每 5 秒查询一次")
        await hears(page, LOST)
        beeped = await page.evaluate("hz => window.heard.find(each => Math.round(each.hz) === hz).at", LOST)
        assert beeped >= 10_000, "by the page's own clock, which began at 0"
        await expect(page.locator("#desks")).to_have_accessible_name(re.compile("只有您这一台在听警报"))
        alarm = await cry(console)
        newer = await cry(console, "vitals.heart_rate", severity="low")
        await page.clock.run_for(5000)
        await expect(page.locator(f"#alarm-{alarm.id}")).to_be_visible()
        await expect(page.locator(f"#alarm-{newer.id}")).to_be_visible()
        await hears(page, CRITICAL)
        await change(console, alarm, state="acknowledged", assignee="wang")
        await page.clock.run_for(5000)
        await expect(page.locator(f"#alarm-{alarm.id}")).to_have_attribute("data-state", "acknowledged")
        # Back again: it goes on behind the last number that was heard.
        await page.unroute("**/api/v1/stream**")
        await expect(page.locator("#banner-lost")).to_be_hidden()
        assert len({url.rpartition("after=")[2] for url in streams}) == 1
        other = await cry(console, "fall.device")
        await expect(page.locator(f"#alarm-{other.id}")).to_be_visible()


async def test_desks_know_of_each_other_and_why_one_is_deaf(browser: Browser, console: Console, desk: Watched) -> None:
    await expect(desk.page.locator("#desks")).to_have_accessible_name(re.compile("只有您这一台在听警报"))
    async with watched_page(browser, console) as other:
        page = other.page
        await page.add_init_script(PROBE)
        await sign_in(page, "wang")
        await expect(page.locator("#desks")).to_have_accessible_name(re.compile("您和另外 1 台值班台在听警报"))
        await page.click("#desks")
        await expect(page.locator("#desks-dialog li")).to_have_count(2)
        await expect(page.locator("#desks-dialog li").first).to_contain_text("在听")
        await page.keyboard.press("Escape")
        # The browser takes the sound away: the desk says so by itself, before the server knows of it.
        held = asyncio.Event()

        async def answer_late(route: Route) -> None:
            await held.wait()
            await route.continue_()

        await page.route("**/console/desks", answer_late)
        await page.evaluate("window.contexts[0].suspend()")
        await expect(page.locator("#desks")).to_have_accessible_name(re.compile("1 台值班台在听警报，您这一台听不到"))
        await expect(page.locator("#banner-sound")).to_be_visible()
        held.set()
        await page.keyboard.press("Shift")
        await expect(page.locator("#desks")).to_have_accessible_name(re.compile("您和另外 1 台值班台在听警报"))


async def states(console: Console) -> list[str]:
    """What the open pages said of themselves last."""
    async with console.connection() as conn:
        return [each[0] for each in await (await conn.execute("select state from console_page")).fetchall()]


async def when_last_heard(console: Console) -> list[int]:
    """When a desk of each site was heard, ms; empty for never."""
    async with console.connection() as conn:
        return [each[0] for each in await (await conn.execute("select heard_ms from site_listened")).fetchall()]


async def test_a_page_that_no_hand_has_touched_says_that_it_is_deaf_and_counts_as_silent(
    browser: Browser, console: Console
) -> None:
    async with watched_page(browser, console) as watched:
        page = watched.page
        await let_in(page, console)
        await cry(console)
        await page.goto("/")
        await expect(page.locator("#banner-sound")).to_contain_text("请按任意键")
        await expect(page.locator("#desks")).to_have_accessible_name(re.compile("没有值班台在听警报"))
        await expect(page).to_have_title(re.compile(r"^【没有声音】\(1\) 当前"))
        assert await states(console) == ["no_sound"]
        assert await when_last_heard(console) == [], "nobody would hear: the silence goes on being counted"
        await page.keyboard.press("a")
        await expect(page.locator("#banner-sound")).to_be_hidden()
        await expect(page.locator("#desks")).to_have_accessible_name(re.compile("只有您这一台在听警报"))
        await expect(page).to_have_title("(1) 当前 · 安心")
        await expect(page.locator(".alarm-card")).to_have_attribute("data-state", "open")
        assert await states(console) == ["audible"]
        assert len(await when_last_heard(console)) == 1
        await page.keyboard.press("a")
        await expect(page.locator(".alarm-card")).to_have_attribute("data-state", "acknowledged")


async def test_a_browser_that_is_set_up_for_the_desk_sounds_without_a_hand(browser: Browser, console: Console) -> None:
    """As ``docs/operations.md`` tells an office to start it."""
    flag = "--autoplay-policy=no-user-gesture-required"
    async with (
        await browser.browser_type.launch(executable_path=CHROMIUM, args=[*ARGS, flag]) as kiosk,
        watched_page(kiosk, console) as watched,
    ):
        page = watched.page
        await take_a_seat(page, console)
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("data-sound", "on")
        await expect(page.locator("#banner-sound")).to_be_hidden()
        alarm = await cry(console)
        loads, arrives = asyncio.Event(), asyncio.Event()

        async def let_wait(route: Route) -> None:
            await (arrives if route.request.url.endswith(".js") else loads).wait()
            await route.continue_()

        await page.add_init_script(PROBE)
        await page.route(re.compile(r"/js/alarm\.js|/api/v1/alarms\?state=active"), let_wait)
        await page.goto(f"/alarms/{alarm.id}", wait_until="commit")
        await expect(page.locator("html")).to_have_attribute("data-sound", "on")
        loads.set()
        await hears(page, CRITICAL)
        ready = await page.locator("html").get_attribute("data-ready")
        assert ready is None, "it sounds before all of its page is there"
        arrives.set()
        await expect(page.locator("html")).to_have_attribute("data-ready", "yes")


async def test_behind_another_window_the_browser_tells_of_an_alarm_once_allowed(
    browser: Browser, console: Console
) -> None:
    async with watched_page(browser, console) as watched:
        page = watched.page
        await page.add_init_script(
            "window.told = []; window.Notification = class { static permission = 'default';"
            " static async requestPermission() { this.permission = 'granted'; return 'granted'; }"
            " constructor(title, options) { window.told.push([title, options.body, options.tag]); }"
            " close() { window.told.push('closed'); } };"
        )
        await take_a_seat(page, console)
        await page.click("#desks")
        await page.click("#desks-dialog [data-notify]")
        await expect(page.locator("#desks-dialog [data-notify]")).to_be_hidden()
        await page.keyboard.press("Escape")
        await page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })")
        alarm = await cry(console)
        await page.wait_for_function("() => window.told.length === 1")
        assert await page.evaluate("window.told[0]") == [
            "紧急 · 按下求助键", "有警报在等人，请回到安心页面处理。", str(alarm.id)
        ]  # fmt: skip
        assert await page.title() == "(1) 当前 · 安心"
        await change(console, alarm, state="acknowledged", assignee="wang")
        await page.wait_for_function("() => window.told.at(-1) === 'closed'")
        quiet = await cry(console, "wandering.zone_exit", severity="low")
        await expect(page).to_have_title("(1) 当前 · 安心")
        await change(console, quiet, severity="high")
        await page.wait_for_function("() => window.told.length > 2")
        assert [each[0] for each in await page.evaluate("window.told.slice(2)")] == ["严重 · 走出安全区域"]
