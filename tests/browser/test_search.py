"""Somebody is looked for: on the alarm's page, on the page of the search, and on the live map behind a link."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from alerts.alarm import Alarm, TimelineEntry
from devices.clock import HOUR_MS, MINUTE_MS
from gateway.store.consents import add_consent
from gateway.store.registry import accompany, add_device, add_fence
from gateway.store.registry.reading import find
from gateway.store.registry_records import Circle, ConsentFields, DeviceFields, FenceFields, Resident
from tests.browser.conftest import Console, Watched, overflow, take_a_seat, watched_page
from tests.browser.cries import cry
from tests.browser.test_link_pages import link_for, state_of, telephone

HOME = (31.2304, 121.4737)
STEP_M = 30.0
STEP_MS = 30_000
FIXES = 30
COARSE_M = 400.0


def north_of_home(metres: float) -> tuple[float, float]:
    return HOME[0] + math.degrees(metres / 6_371_008.8), HOME[1]


async def fix(console: Console, n: int, t: int, metres: float, accuracy_m: float = 8.0) -> None:
    """A fix of the band, so far to the north of home."""
    lat, lon = north_of_home(metres)
    async with console.connection() as conn:
        await conn.execute(
            "insert into position (pos, device, t, seq, received, lat, lon, accuracy_m, source)"
            " select %s, slot, to_timestamp(%s / 1000.0), %s, now(), %s, %s, %s, 0 from device where id = 'band-1'",
            (n, t, n, lat, lon, accuracy_m),
        )


@pytest_asyncio.fixture(loop_scope="session")
async def astray(console: Console) -> AsyncIterator[Alarm]:
    """Somebody who has walked straight to the north, out of their zone; the last fix is a coarse one."""
    now = console.deps.clock.now_ms()
    async with console.connection() as conn:
        band = DeviceFields(site="riverside", resident=console.resident.id)
        await add_device(conn, "test", "band-1", band, password_hash=None, now=now - HOUR_MS)
        circle = Circle(lat=HOME[0], lon=HOME[1], radius_m=300)
        await add_fence(conn, "test", FenceFields(resident=console.resident.id, name="小区", circle=circle))
    began = now - (FIXES + 2) * STEP_MS
    for n in range(FIXES):
        await fix(console, n + 1, began + n * STEP_MS, n * STEP_M)
    await fix(console, FIXES + 1, began + FIXES * STEP_MS, FIXES * STEP_M, COARSE_M)
    evidence = {"distance_outside_m": 60, "accuracy_m": 8, "fixes_outside": 2, "seconds_outside": 30, "dwell_s": 30}
    yield await cry(console, "wandering.zone_exit", severity="high", event_time=began + 12 * STEP_MS, evidence=evidence)


async def agrees(console: Console) -> None:
    async with console.connection() as conn:
        consent = ConsentFields(resident=console.resident.id, purpose="location", granted=True, from_ms=0)
        await add_consent(conn, "test", consent)


async def open_page(page: Page, path: str) -> None:
    await page.goto(path)
    await page.wait_for_selector("html[data-ready]")
    await expect(page.locator("[data-where=certain]")).to_be_visible()


async def test_the_alarms_page_says_why_and_where(console: Console, desk: Watched, astray: Alarm) -> None:
    page = desk.page
    await open_page(page, f"/alarms/{astray.id}")
    await expect(page.locator("#alarm-why")).to_contain_text("离最近的安全区域约 60 米")
    await expect(page.locator("[data-where=certain]")).to_contain_text("在家北方向，约 870 米")
    await expect(page.locator("[data-where=doubtful]")).to_contain_text("±400 米")
    await expect(page.locator("[data-where=movement]")).to_contain_text("往北走")
    await expect(page.locator(".map-moment")).to_have_count(1)
    await page.locator(".where-fixes summary").click()
    await expect(page.locator("[data-fixes] tr").first).to_contain_text("不准")
    await page.get_by_role("link", name="去找人").click()
    await expect(page.locator("h1")).to_have_text("寻找 王秀英")


async def test_the_map_grows_by_itself(console: Console, desk: Watched, astray: Alarm) -> None:
    page = desk.page
    await open_page(page, f"/search/{astray.id}")
    await fix(console, FIXES + 2, console.deps.clock.now_ms() - 1000, -2000)
    await fix(console, FIXES + 3, console.deps.clock.now_ms(), -2000)
    await expect(page.locator("[data-where=certain]")).to_contain_text("在家南方向，约 2 公里")
    await expect(page.locator("[data-if=doubtful]")).to_be_hidden()


async def test_the_band_is_asked_from_the_page(console: Console, desk: Watched, astray: Alarm) -> None:
    page = desk.page
    await open_page(page, f"/search/{astray.id}")
    await page.get_by_role("button", name="立即定位").click()
    await expect(page.locator("#commands")).to_contain_text("等待发出")
    await page.get_by_label("显示在设备上的文字").fill("请在原地等我们")
    await page.get_by_role("button", name="发送文字").click()
    await expect(page.locator("#commands")).to_contain_text("请在原地等我们")


async def test_found_ends_the_search(console: Console, desk: Watched, astray: Alarm) -> None:
    page = desk.page
    await open_page(page, f"/search/{astray.id}")
    await page.locator(".alarm-head [data-act=acknowledge]").click()
    await page.locator(".alarm-head").get_by_role("button", name="找到了").click()
    await page.get_by_label("在哪里、由谁找到").fill("公交站，孙网格")
    await page.locator("#found-dialog").get_by_role("button", name="找到了").click()
    await expect(page.locator("#found-dialog")).to_be_hidden()
    await expect(page.locator(".alarm-head")).to_contain_text("已解决")
    await expect(page.locator(".way-panel [data-if=ended]")).to_contain_text("结束：人已找到")
    await expect(page.get_by_role("button", name="立即定位")).to_have_count(0)
    await expect(page.get_by_role("button", name="分享实时地图")).to_have_count(0)
    assert await state_of(console, astray) == "resolved"


async def test_a_link_is_shared_looked_at_and_taken_back(
    browser: Browser, console: Console, desk: Watched, astray: Alarm
) -> None:
    page = desk.page
    await agrees(console)
    await open_page(page, f"/search/{astray.id}")
    await page.get_by_role("button", name="分享实时地图").click()
    await page.locator("#share-for").fill("赵邻居")
    await page.get_by_label("要告诉他们的").fill("红色羽绒服")
    await page.get_by_role("button", name="生成链接").click()
    await expect(page.locator("[data-made]")).to_be_visible()
    address = await page.locator("[data-url]").inner_text()
    await page.locator("[data-made]").get_by_role("button", name="知道了").click()
    links = page.locator("[data-links] li")
    await expect(links).to_contain_text("还没打开")
    async with telephone(browser, console, expected="410", locale="zh-CN") as phone:
        await phone.goto(address)
        await expect(phone.locator("h1")).to_have_text("请帮忙找王秀英")
        await expect(phone.locator(".hero")).to_contain_text("红色羽绒服")
        await expect(phone.locator("[data-where=certain]")).to_contain_text("在家北方向，约 870 米")
        await expect(phone.locator("[data-outside]")).to_be_visible()
        assert await overflow(phone) <= 0
        await expect(links).to_contain_text("看过")
        await phone.get_by_text("我找到了").click()
        await phone.locator("#found-words").fill("公交站旁，有点冷")
        await phone.get_by_role("button", name="告诉服务中心").click()
        await expect(phone.locator(".found")).to_contain_text("请陪在身边")
        assert await overflow(phone) <= 0
        await expect(page.locator(".helper-found")).to_contain_text("公交站旁，有点冷")
        await expect(page.locator("#toasts")).to_contain_text("赵邻居 说找到了")
        assert await state_of(console, astray) == "open"
        await page.get_by_role("button", name="收回给赵邻居的链接").click()
        await expect(phone.locator("h1")).to_have_text("这个链接已收回")
    await expect(links).to_contain_text("已收回")


async def test_nobody_outside_gets_a_map_that_was_not_agreed_to(console: Console, desk: Watched, astray: Alarm) -> None:
    page = desk.page
    desk.expected.append("409")
    await open_page(page, f"/search/{astray.id}")
    await page.get_by_role("button", name="分享实时地图").click()
    await expect(page.locator("#share-dialog")).to_contain_text("本人没有同意")
    await page.locator("#share-for").fill("赵邻居")
    await page.get_by_role("button", name="生成链接").click()
    await expect(page.locator("#share-dialog").get_by_role("alert")).to_contain_text("请先记录同意")
    await expect(page.locator("[data-made]")).to_be_hidden()


async def test_whoever_goes_comes_from_their_message_to_the_map(
    browser: Browser, console: Console, astray: Alarm
) -> None:
    await agrees(console)
    token = await link_for(console, astray, "neighbour")
    async with telephone(browser, console, locale="zh-CN") as page:
        await page.goto(f"/a/{token}")
        await expect(page.get_by_role("link", name="看实时地图")).to_have_count(0)
        await page.get_by_role("button", name="我去", exact=True).click()
        await page.get_by_role("link", name="看实时地图").click()
        await expect(page.locator("[data-where=certain]")).to_contain_text("约 870 米")


async def test_family_say_that_they_go_along(browser: Browser, console: Console, astray: Alarm) -> None:
    token = await link_for(console, astray, "family")
    async with telephone(browser, console, java_script_enabled=False) as page:
        await page.goto(f"/a/{token}")
        await page.get_by_text("我陪着王秀英").click()
        assert await overflow(page) <= 0
        await page.get_by_label("4 小时").check()
        await page.get_by_role("button", name="是的，我陪着").click()
    async with console.connection() as conn:
        resident = await find(conn, Resident, console.resident.id)
    assert resident is not None
    assert resident.accompanied_until is not None
    assert resident.accompanied_until > console.deps.clock.now_ms() + 3 * HOUR_MS


async def test_family_read_until_when_they_go_along_and_take_it_back(
    browser: Browser, console: Console, astray: Alarm
) -> None:
    token = await link_for(console, astray, "family")
    async with telephone(browser, console, java_script_enabled=False, locale="zh-CN") as page:
        await page.goto(f"/a/{token}")
        await page.get_by_text("我陪着王秀英").click()
        await page.get_by_role("button", name="是的，我陪着").click()
        await expect(page.locator(".along .mine")).to_contain_text("您陪着王秀英，到 ")
        await expect(page.locator("body")).not_to_contain_text("您说：人没事")
        await page.get_by_role("button", name="我现在不陪了").click()
        await expect(page.locator(".along .mine")).to_have_count(0)
    async with console.connection() as conn:
        resident = await find(conn, Resident, console.resident.id)
    assert resident is not None
    assert resident.accompanied_until is None


async def test_what_was_telephoned_in_says_who_said_so_and_nothing_that_nobody_measured(
    console: Console, desk: Watched
) -> None:
    page = desk.page
    said = TimelineEntry(t=console.deps.clock.now_ms(), actor="li", event="opened", note="邻居说她没回家")
    told = await cry(console, "wandering.reported", severity="high", evidence={}, timeline=(said,), latency_ms=None)
    await page.goto(f"/alarms/{told.id}")
    await expect(page.locator("#alarm-evidence")).to_contain_text("这条警报由李静在")
    await expect(page.locator("#alarm-evidence")).to_contain_text("邻居说她没回家")
    await expect(page.locator("[data-where=left]")).to_be_hidden()
    await expect(page.locator(".way-panel")).not_to_contain_text("每 15 秒")


async def test_staff_say_that_somebody_goes_along_and_take_it_back(
    console: Console, desk: Watched, astray: Alarm
) -> None:
    page = desk.page
    await page.goto(f"/people/{console.resident.id}")
    await page.wait_for_selector("html[data-ready]")
    await page.get_by_role("button", name="有人陪同").click()
    await page.get_by_label("和谁、去哪里").fill("和女儿去医院")
    await page.locator("#accompanied-dialog").get_by_role("button", name="保存").click()
    await expect(page.locator(".absence")).to_contain_text("有人陪同到")
    await page.goto("/")
    await expect(page.locator(f"#alarm-{astray.id}")).to_contain_text("有人陪同到")
    await page.goto(f"/people/{console.resident.id}")
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="不再陪同").click()
    await expect(page.locator(".absence")).to_have_count(0)


async def test_what_is_over_is_not_said_to_hold(console: Console, desk: Watched) -> None:
    async with console.connection() as conn:
        await accompany(conn, "test", console.resident.id, console.deps.clock.now_ms() - MINUTE_MS)
    await desk.page.goto(f"/people/{console.resident.id}")
    await expect(desk.page.locator("h1")).to_have_text("王秀英")
    await expect(desk.page.locator(".absence")).to_have_count(0)


@pytest.mark.parametrize(
    ("hours", "clock", "counts"),
    [
        (None, "2026-05-04T12:00+08:00", True),
        ({"days": [0], "from": "08:00", "to": "18:00"}, "2026-05-04T08:00+08:00", True),
        ({"days": [0], "from": "08:00", "to": "18:00"}, "2026-05-04T18:00+08:00", False),
        ({"days": [0], "from": "08:00", "to": "24:00"}, "2026-05-04T23:59+08:00", True),
        ({"days": [1], "from": "08:00", "to": "18:00"}, "2026-05-04T12:00+08:00", False),
        ({"days": [0], "from": "22:00", "to": "06:00"}, "2026-05-05T05:59+08:00", True),
        ({"days": [1], "from": "22:00", "to": "06:00"}, "2026-05-05T05:59+08:00", False),
        ({"days": [6], "from": "22:00", "to": "06:00"}, "2026-05-04T01:00+08:00", True),
    ],
)
async def test_a_zone_rests_outside_its_hours(
    console: Console, desk: Watched, hours: dict[str, Any] | None, clock: str, counts: bool
) -> None:
    said = await desk.page.evaluate(
        "async ([hours, clock]) => (await import('/static/js/zone_hours.js'))"
        ".countsAt(hours, Date.parse(clock), 'Asia/Shanghai')",
        [hours, clock],
    )
    assert said is counts


@pytest.mark.parametrize("width", [1366, 390])
async def test_in_english_and_narrow_the_search_fits(
    browser: Browser, console: Console, astray: Alarm, width: int
) -> None:
    async with watched_page(browser, console, language="en", width=width, height=844) as watched:
        page = watched.page
        await take_a_seat(page, console)
        await page.goto("/language/en")
        for path in (f"/alarms/{astray.id}", f"/search/{astray.id}"):
            await open_page(page, path)
            assert await overflow(page) <= 0, path
        for button, dialog in (("Share the live map", "#share-dialog"), ("Accompanied", "#accompanied-dialog")):
            await page.get_by_role("button", name=button).click()
            box = await page.locator(dialog).bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            await page.keyboard.press("Escape")
