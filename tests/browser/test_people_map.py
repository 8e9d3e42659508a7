"""The map of everybody with an open alarm: who stands where, in words and shapes, by mouse, by keyboard, by itself."""

from __future__ import annotations

import math
import uuid
from typing import Any

from playwright.async_api import Locator, Page, expect

from alerts.alarm import Alarm
from devices.clock import MINUTE_MS
from gateway.store.registry import add_device, add_resident
from gateway.store.registry_records import DeviceFields, Point, Resident, ResidentFields
from tests.browser.conftest import Console, Watched
from tests.browser.cries import cry

HOME = (31.2304, 121.4737)
_POS = iter(range(1, 1_000_000))


async def person(console: Console, name: str, *, home: bool = True, **more: Any) -> Resident:
    fields = ResidentFields(site="riverside", name=name, home=Point(lat=HOME[0], lon=HOME[1]) if home else None, **more)
    async with console.connection() as conn:
        return await add_resident(conn, "test", fields)


async def band_of(console: Console, resident: Resident, band: str) -> str:
    async with console.connection() as conn:
        worn = DeviceFields(site="riverside", resident=resident.id)
        await add_device(conn, "test", band, worn, password_hash=None, now=0)
    return band


async def fix(console: Console, band: str, north_m: float, minutes_ago: float = 0.0) -> None:
    t = console.deps.clock.now_ms() - round(minutes_ago * MINUTE_MS)
    async with console.connection() as conn:
        await conn.execute(
            "insert into position (pos, device, t, seq, received, lat, lon, accuracy_m, source)"
            " select %s, slot, to_timestamp(%s / 1000.0), -1, now(), %s, %s, 8, 0 from device where id = %s",
            (next(_POS), t, HOME[0] + math.degrees(north_m / 6_371_008.8), HOME[1], band),
        )


async def raised(console: Console, resident: Resident, rule: str, severity: str = "critical", **more: Any) -> Alarm:
    key = uuid.uuid4()
    known = {"resident": resident.id, "subject": f"resident:{resident.id}", "severity": severity, "position": None}
    return await cry(console, rule, id=key, case=key, **{**known, **more})


async def open_map(page: Page) -> None:
    await page.keyboard.press("g")
    await page.wait_for_url("**/map")


async def test_everybody_stands_where_they_are_and_is_listed_with_what_is_known(
    console: Console, desk: Watched
) -> None:
    page = desk.page
    await page.goto("/map")
    await expect(page.locator(".people-map [data-calm]")).to_contain_text("现在没有未结束的警报")

    walker = await person(console, "赵桂兰")
    await band_of(console, walker, "band-z")
    for step in range(12):
        await fix(console, "band-z", 60.0 * step, 6 - step / 2)
    await raised(console, walker, "wandering.zone_exit", "high")
    old = await person(console, "孙德海")
    await band_of(console, old, "band-s")
    await fix(console, "band-s", -300, 90)
    await raised(console, old, "fall.device")
    homely = await person(console, "周玉珍", address={"building": "3", "room": "402"})
    await raised(console, homely, "missed_check.checkin", "medium")
    nowhere = await person(console, "吴国强", home=False)
    await raised(console, nowhere, "sos.button")

    rows = page.locator("[data-list] [data-key]")
    await expect(rows).to_have_count(4)
    assert await page.locator("[data-list] h2").all_text_contents() == ["紧急（2）", "严重（1）", "注意（1）"]

    def row(name: str) -> Locator:
        return rows.filter(has_text=name)

    await expect(row("赵桂兰")).to_contain_text("在家北方向，约 660 米")
    await expect(row("孙德海")).to_contain_text("最后位置")
    await expect(row("周玉珍")).to_contain_text("没有位置；住处：")
    await expect(row("吴国强")).to_contain_text("没有位置，也没有登记住处")
    await expect(page.locator(f"[data-sign='residents/{walker.id}']")).to_contain_text("走出安全区域")
    await expect(page.locator(f"[data-sign='residents/{old.id}'].old")).to_contain_text("最后位置")
    await expect(page.locator(f"[data-sign='residents/{homely.id}'].at-home")).to_contain_text("没有位置")
    await expect(page.locator("[data-sign]")).to_have_count(3)

    await fix(console, "band-z", 1500)
    await expect(row("赵桂兰")).to_contain_text("约 1.5 公里")


async def test_the_keyboard_moves_list_and_map_takes_and_opens(console: Console, desk: Watched) -> None:
    page = desk.page
    first, second = await person(console, "赵桂兰"), await person(console, "孙德海")
    worst = await raised(console, first, "sos.button")
    await raised(console, second, "wandering.zone_exit", "high")
    await open_map(page)
    await expect(page.locator("[data-list] [data-key]")).to_have_count(2)
    await page.keyboard.press("j")
    await expect(page.locator(f".people-map-row.chosen[data-key='residents/{first.id}']")).to_be_visible()
    await expect(page.locator(f".map-person.chosen[data-sign='residents/{first.id}']")).to_be_visible()
    await page.keyboard.press("j")
    await expect(page.locator(f".map-person.chosen[data-sign='residents/{second.id}']")).to_be_visible()
    await page.keyboard.press("k")
    await page.keyboard.press("a")
    await expect(page.locator(f"[data-key='residents/{first.id}']")).to_contain_text("李静 已接警")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/alarms/{worst.id}")


async def test_who_stands_at_one_place_is_one_sign_with_their_number(console: Console, desk: Watched) -> None:
    page = desk.page
    for name in ("赵桂兰", "孙德海", "周玉珍"):
        await raised(console, await person(console, name), "missed_check.silent", "medium")
    await page.goto("/map")
    await expect(page.locator("[data-crowd='3']")).to_contain_text("3 位长者")
    await page.locator("[data-crowd='3']").click()
    await expect(page.locator(".map-person.chosen")).to_have_count(1)
    await expect(page.locator("[data-crowd='2']")).to_have_count(1)
    await page.get_by_role("button", name="看全图").click()
    await expect(page.locator("[data-crowd='3']")).to_be_visible()


async def test_no_map_asks_another_host_for_anything(console: Console, desk: Watched) -> None:
    page = desk.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await raised(console, await person(console, "赵桂兰"), "sos.button")
    await page.goto("/map")
    await expect(page.locator("[data-sign]")).to_have_count(1)
    assert [url for url in asked if not url.startswith((console.url, "data:"))] == []
    await expect(page.locator(".leaflet-tile-pane img")).to_have_count(0)
