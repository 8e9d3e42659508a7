"""A centre in maintenance: announced on its page, seen and ended on the first page, and what it kept quiet sounds."""

from __future__ import annotations

from playwright.async_api import expect

from alerts.desk import absorb
from alerts.hearing import settle
from gateway.store.holds import PostgresHoldStore
from gateway.store.registry import add_device
from gateway.store.registry_records import DeviceFields
from tests.browser.conftest import Console, Watched
from tests.support.alarms import an_episode


async def take_in(console: Console, rule: str, subject: str) -> str:
    now = console.deps.clock.now_ms()
    episode = an_episode(rule, now, site="riverside", subject=subject, resident=None, device=None)
    async with console.store.transaction() as tx:
        (alarm,) = (await absorb(tx, [episode], now)).by_episode
    assert alarm is not None
    return str(alarm.id)


async def test_a_maintenance_is_announced_seen_and_ended_and_what_stands_is_heard(
    desk: Watched, console: Console
) -> None:
    page = desk.page
    await page.goto("/sites/riverside")
    await page.fill("#maintenance [name=reason]", "机房换交换机")
    await page.click("#maintenance button:has-text('开始检修')")
    await expect(page.locator("#maintenance .notice")).to_contain_text("机房换交换机 · 李静")

    quiet = await take_in(console, "system.site_silent", "riverside")
    await page.goto("/")
    banner = page.locator("#held .notice")
    await expect(banner).to_contain_text("河滨社区 检修中")
    await expect(banner).to_contain_text("1 条警报暂不响铃")
    await expect(page.locator(f"#alarm-{quiet}")).to_have_count(0)

    page.once("dialog", lambda dialog: dialog.accept())
    await banner.locator("button").click()
    await expect(banner).to_have_count(0)
    assert await settle(PostgresHoldStore(console.deps.pool), console.store, console.deps.clock.now_ms()) == 1
    await expect(page.locator(f"#alarm-{quiet}")).to_be_visible()

    async with console.connection() as conn:
        await add_device(
            conn, "test", "band-9", DeviceFields(site="riverside"), password_hash=None, now=console.deps.clock.now_ms()
        )
    await page.goto("/devices/band-9")
    await page.fill("#repair [name=reason]", "屏幕碎了")
    await page.click("#repair button:has-text('登记送修')")
    await expect(page.locator("#repair .notice")).to_contain_text("屏幕碎了 · 李静")
    await expect(page.locator(".held .notice")).to_contain_text("屏幕碎了 · 李静")
    page.once("dialog", lambda dialog: dialog.accept())
    await page.click("#repair button:has-text('已修好')")
    await expect(page.locator("#repair .held-past")).to_contain_text("李静结束")
