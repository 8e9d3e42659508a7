"""The day's list by hand and by key, as a duty desk works through it."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from devices.clock import HOUR_MS, MINUTE_MS
from gateway.store.check_list import Check, check_by_id
from gateway.store.checks import Kept, keep_windows
from gateway.store.registry import find
from gateway.store.registry_records import Resident
from tests.browser.conftest import Console, Watched
from tests.browser.cries import cry
from tests.browser.promised import due, neighbour, overdue, promise

COUNTS_AFTER_MS = 5000
RENEWED_AFTER_MS = 10_000


async def _open(page: Page, path: str = "/checks") -> None:
    await page.clock.install()
    await page.goto(path)
    await page.wait_for_selector("html[data-ready]")


async def _stored(console: Console, key: str) -> Check:
    async with console.connection() as conn:
        found = await check_by_id(conn, key, console.deps.clock.now_ms())
    assert found is not None
    return found


async def _counts(page: Page, **wanted: int) -> None:
    for state, number in wanted.items():
        await expect(page.locator(f"[data-count={state}]")).to_have_text(str(number))


async def test_a_call_is_written_down_with_one_key_and_counts_once_it_can_no_longer_be_taken_back(
    console: Console, desk: Watched
) -> None:
    late, other = await neighbour(console, "李桂兰", building="12", room="101"), console.resident
    missed, waiting = await overdue(console, late), await due(console, other)
    page = desk.page
    await _open(page)
    await _counts(page, overdue=1, open=1, kept=0)
    line = page.locator(f"#check-{missed}")
    await expect(page.locator("#urgent")).to_contain_text("李桂兰")

    await page.keyboard.press("w")
    await expect(line.locator(".undoing")).to_be_hidden()
    await expect(line).to_have_attribute("aria-current", "true")
    await page.keyboard.press("w")
    await expect(line.locator(".undoing")).to_contain_text("已联系，本人平安")
    await page.keyboard.press("z")
    await expect(line.locator(".undoing")).to_be_hidden()
    await page.clock.fast_forward(2 * COUNTS_AFTER_MS)
    assert (await _stored(console, missed)).state == "overdue", "what was taken back was never said"

    await page.keyboard.press("w")
    await page.keyboard.press("w")
    await page.clock.fast_forward(COUNTS_AFTER_MS)
    await _counts(page, overdue=0, open=1, kept=1)
    await expect(page.locator("#urgent")).to_have_count(0)
    kept = await _stored(console, missed)
    assert (kept.state, kept.kept_by, kept.how) == ("kept", "li", "call")
    assert [(each.actor, each.result) for each in kept.calls] == [("li", "well")]
    assert (await _stored(console, waiting)).calls == ()


async def test_whoever_leaves_before_it_counts_has_said_it(console: Console, desk: Watched) -> None:
    missed = await overdue(console, console.resident)
    page = desk.page
    await _open(page)
    await page.locator(f"#check-{missed}").get_by_role("button", name="没接通").click()
    await page.goto("/people")
    await _open(page)
    await expect(page.locator(f"#check-{missed} .tried")).to_contain_text("李静 · 没有接通")
    assert (await _stored(console, missed)).state == "overdue"


async def test_a_note_goes_with_a_call(console: Console, desk: Watched) -> None:
    missed = await overdue(console, console.resident)
    page = desk.page
    await _open(page)
    await page.keyboard.press("j")
    await page.keyboard.press("c")
    dialog = page.locator("#call-dialog")
    await dialog.get_by_role("radio", name="没有接通").check()
    await dialog.get_by_label("补充说明").fill("响了很久")
    await dialog.get_by_role("button", name="保存").click()
    await expect(page.locator(f"#check-{missed} .tried")).to_contain_text("响了很久")


async def test_a_press_on_the_wrist_is_seen_while_one_looks_on_and_takes_no_place_away(
    console: Console, desk: Watched
) -> None:
    missed = await overdue(console, await neighbour(console, "李桂兰"))
    waiting = await due(console, console.resident)
    page = desk.page
    await _open(page)
    await page.keyboard.press("j")
    await expect(page.locator(f"#check-{missed}")).to_have_attribute("aria-current", "true")
    check = await _stored(console, waiting)
    async with console.connection() as conn:
        await keep_windows(conn, [Kept(check.slot, check.closes_at, check.opens_at + MINUTE_MS, "button")])
    await page.clock.fast_forward(RENEWED_AFTER_MS)
    await expect(page.locator(f"#pill-{waiting}")).to_contain_text("王秀英")
    await expect(page.locator(f"#check-{missed}")).to_have_attribute("aria-current", "true")


async def test_the_list_is_renewed_by_an_alarm_but_not_under_a_hand(console: Console, desk: Watched) -> None:
    waiting = await due(console, console.resident)
    other = await due(console, await neighbour(console, "李桂兰"))
    page = desk.page
    await _open(page)
    # No time passes from here on but what the test lets pass: how slow the machine is says nothing of hands.
    await page.clock.pause_at(await page.evaluate("Date.now()") / 1000 + 1)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/checks?" in request.url else None)
    await page.locator(f"#check-{waiting} .name").hover()
    check = await _stored(console, other)
    async with console.connection() as conn:
        await keep_windows(conn, [Kept(check.slot, check.closes_at, check.opens_at + MINUTE_MS, "button")])
    await cry(console, "missed_check.silent", severity="medium")
    await expect(page.locator("#now-badge")).to_have_text("1")
    assert asked == []
    await page.clock.fast_forward(RENEWED_AFTER_MS)
    await expect(page.locator(f"#pill-{other}")).to_be_visible()


async def test_a_figure_shows_its_own_alone(console: Console, desk: Watched) -> None:
    far = await neighbour(console, "李桂兰", building="12")
    waiting, later = await due(console, console.resident), await promise(console, far, 60, 120)
    page = desk.page
    await _open(page)
    await expect(page.locator(".block h2")).to_have_text(["阳光小区 3栋", "阳光小区 12栋"])
    await page.locator("[data-shows=coming]").click()
    await expect(page.locator(f"#check-{waiting}")).to_be_hidden()
    await expect(page.locator(f"#pill-{later}")).to_be_visible()
    await page.locator("[data-shows=coming]").click()
    await expect(page.locator(f"#check-{waiting}")).to_be_visible()


async def test_who_may_be_back_is_asked_about_and_stays_away_or_resumes(console: Console, desk: Watched) -> None:
    now = console.deps.clock.now_ms()
    async with console.connection() as conn:
        await conn.execute(
            "update resident set status = 'away', until = to_timestamp(%s / 1000.0) where id = %s",
            (now + HOUR_MS, console.resident.id),
        )
    page = desk.page
    await _open(page)
    line = page.locator(f"#absence-{console.resident.id}")
    await line.get_by_role("button", name="还没回来").click()
    await page.locator("#extend-dialog").get_by_role("button", name="3 天").click()
    await page.locator("#extend-dialog").get_by_role("button", name="保存").click()
    await expect(line).to_have_count(0)
    async with console.connection() as conn:
        away = await find(conn, Resident, console.resident.id)
        assert away is not None
        assert away.status == "away"
        assert away.until is not None
        assert away.until > now + 2 * 24 * HOUR_MS
        await conn.execute(
            "update resident set until = to_timestamp(%s / 1000.0) where id = %s", (now + HOUR_MS, console.resident.id)
        )
    await _open(page)
    await line.get_by_role("button", name="回来了").click()
    await expect(line).to_have_count(0)
    async with console.connection() as conn:
        back: Any = await find(conn, Resident, console.resident.id)
    assert (back.status, back.until) == ("active", None)
