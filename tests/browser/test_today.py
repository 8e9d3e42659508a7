"""The list of a shift's tasks by key and by hand, and the emergency sheet on the screen and on paper."""

from __future__ import annotations

import re

import pypdfium2
from playwright.async_api import Page, expect

from devices.clock import MINUTE_MS
from gateway.store.check_list import check_by_id
from gateway.store.registry import add_device, add_resident
from gateway.store.registry_records import DeviceFields, ResidentFields
from tests.browser.conftest import Console, Watched, arrived
from tests.browser.cries import cry
from tests.browser.promised import due, neighbour, overdue
from tests.support.sheets import pages_of

RENEWED_AFTER_MS = 35_000


async def _counted(page: Page, **wanted: int) -> None:
    for name, number in wanted.items():
        await expect(page.locator(f"[data-count={name}]")).to_have_text(str(number))


async def test_the_list_of_tasks_is_gone_through_by_keys_and_renews_itself(console: Console, desk: Watched) -> None:
    page, late = desk.page, await neighbour(console, "李桂兰", building="12", room="101")
    missed = await overdue(console, late)
    await due(console, console.resident)
    async with console.connection() as conn:
        fields = DeviceFields(site="riverside", resident=console.resident.id)
        now = console.deps.clock.now_ms()
        await add_device(conn, "test", "band-1", fields, password_hash=None, now=now)
        await conn.execute(
            "insert into heartbeat (pos, device, t, seq, received, battery_pct)"
            " select 1, slot, to_timestamp(%s / 1000.0), 1, now(), 14 from device where id = 'band-1'",
            (now - MINUTE_MS,),
        )
    await page.clock.install()
    await page.keyboard.press("t")
    await expect(page.locator(".tabs [aria-current=page]")).to_have_text("今天")
    await _counted(page, overdue=1, open=1, batteries=1, tests=1, visits=0, back=0)
    await expect(page.locator("#batteries")).to_contain_text("阳光小区 3栋")
    await expect(page.locator("#visits")).to_contain_text("设备都正常")

    await arrived(page, "today")
    await page.keyboard.press("j")
    await expect(page.locator(f"#task-checks-{missed}")).to_have_attribute("aria-current", "true")
    async with console.connection() as conn:
        await conn.execute("delete from heartbeat")
    await page.clock.fast_forward(RENEWED_AFTER_MS)
    await _counted(page, batteries=0)
    await expect(page.locator(f"#task-checks-{missed}")).to_have_attribute("aria-current", "true")
    await page.keyboard.press("Enter")
    await expect(page.locator(f"#check-{missed}")).to_be_visible()
    assert "/checks?site=riverside" in page.url


async def test_a_call_is_written_down_on_the_list_of_tasks_too(console: Console, desk: Watched) -> None:
    page, missed = desk.page, await overdue(console, await neighbour(console, "李桂兰", building="12", room="101"))
    line = page.locator(f"#task-checks-{missed}")
    await page.clock.install()
    await page.keyboard.press("t")
    await expect(line.locator(".tel")).to_contain_text("02155550102")
    await arrived(page, "today")
    await page.keyboard.press("w")
    await expect(line).to_have_attribute("aria-current", "true")
    await expect(line.locator(".undoing")).to_be_hidden()
    await page.keyboard.press("x")
    await expect(line.locator(".undoing")).to_contain_text("没有接通")
    await page.keyboard.press("z")
    await expect(line.locator(".undoing")).to_be_hidden()
    await page.keyboard.press("w")
    await expect(line.locator(".undoing")).to_contain_text("已联系，本人平安")
    await page.clock.fast_forward(5000)
    await _counted(page, overdue=0)
    async with console.connection() as conn:
        stored = await check_by_id(conn, missed, console.deps.clock.now_ms())
    assert stored is not None
    assert [call.result for call in stored.calls] == ["well"]


async def test_one_key_prints_the_sheet_from_anywhere(console: Console, desk: Watched) -> None:
    page = desk.page
    await cry(console)
    page_marks = "document.documentElement.dataset.printed = Number(document.documentElement.dataset.printed ?? 0) + 1"
    await page.evaluate(f"void (window.print = () => {{ {page_marks}; }})")
    await page.keyboard.press("p")
    sheet = page.locator(".sheet")
    for part in ("王秀英", "02155550101", "402室", "钥匙在：居委会 老周", "王小红", "由李静打印", "按下求助键"):
        await expect(sheet).to_contain_text(part)
    await expect(page.locator("html")).to_have_attribute("data-printed", "1")
    await page.keyboard.press("p")
    await expect(page.locator("html")).to_have_attribute("data-printed", "2")
    await page.keyboard.press("?")
    await expect(page.locator("#help")).to_contain_text("打印本班应急单")


async def test_the_printed_sheet_has_no_menus_and_breaks_no_card(console: Console, desk: Watched) -> None:
    page = desk.page
    async with console.connection() as conn:
        for n in range(60):
            address = {"community": "阳光小区", "building": str(20 + n // 30), "room": str(101 + n)}
            card = {"illnesses": "高血压，" * (1 + n % 5) + f"Z{n:02d}"}
            await add_resident(
                conn, "test", ResidentFields(site="riverside", name=f"老张{n:02d}", address=address, card=card)
            )
    await page.goto("/sheet")
    await page.emulate_media(media="print")
    for unwanted in (".topbar", ".page-head", ".sheet-choices"):
        await expect(page.locator(unwanted)).to_be_hidden()
    assert await page.evaluate("getComputedStyle(document.querySelector('.sheet')).color") == "rgb(0, 0, 0)"
    pdf = await page.pdf(prefer_css_page_size=True)
    with pypdfium2.PdfDocument(pdf) as document:
        assert {tuple(round(side) for side in each.get_size()) for each in document} == {(595, 842)}
    texts = ["".join(text.split()) for text in pages_of(pdf)]  # PDFium takes a page of short lines for a column
    assert len(texts) > 2
    ends = [set(re.findall(r"Z(\d\d)", text)) for text in texts]
    begins = [set(re.findall(r"老张(\d\d)", text)) for text in texts]
    assert begins == ends, "a card begins and ends on the same page"
    assert set.union(*begins) == {f"{n:02d}" for n in range(60)}
    for text, whose in zip(texts, begins, strict=True):
        assert "设备" not in text.replace("设备没有消息", ""), "no menu is printed"
        assert not whose or ("钥匙、联系人" in text and "阳光小区2" in text), "house and columns stand on every page"
