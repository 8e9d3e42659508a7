"""The device's page: asking a device for something, and seeing what becomes of it without a reload."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, Locator, expect

from gateway.store.accounts import add_account
from gateway.store.command_outbox import Answer, due_commands, give_up, mark_sent, store_answers, write_down_attempts
from gateway.store.registry import add_device
from gateway.store.registry_records import DeviceFields
from tests.browser.conftest import Console, Watched, overflow, password_hash, sign_in, watched_page


async def _add_band(console: Console) -> None:
    async with console.connection() as conn:
        fields = DeviceFields(site="riverside", type="band", resident=console.resident.id)
        await add_device(conn, "test", "band-0042", fields, password_hash=None, now=console.deps.clock.now_ms())


async def _newest(console: Console) -> UUID:
    async with console.connection() as conn:
        row = await (await conn.execute("select id from command order by n desc limit 1")).fetchone()
    assert row is not None
    key: UUID = row[0]
    return key


async def _send(console: Console) -> None:
    """What the gateway does with what is due."""
    now = console.deps.clock.now_ms()
    async with console.connection() as conn:
        async with conn.transaction():
            due = await due_commands(conn, now, sending=True, limit=100)
            await write_down_attempts(conn, [(each.id, now + 15_000) for each in due], now)
        for each in due:
            await mark_sent(conn, each.id, now)


async def _answer(console: Console, key: UUID, **answer: Any) -> None:
    now = console.deps.clock.now_ms()
    async with console.connection() as conn:
        row = await (await conn.execute("select slot from device where id = 'band-0042'")).fetchone()
        assert row is not None
        told = Answer(row[0], str(key), answer.get("ok", True), answer.get("answer"), now, now)
        await store_answers(conn, [told])


def _first(desk: Watched) -> Locator:
    return desk.page.locator(".asked li").first


async def test_what_is_asked_appears_and_goes_its_way_without_a_reload(console: Console, desk: Watched) -> None:
    await _add_band(console)
    page = desk.page
    await page.goto("/devices")
    await page.get_by_role("link", name="band-0042").click()
    await expect(page.locator("#commands")).to_contain_text("还没有下过指令")
    await page.get_by_role("button", name="立即定位").click()
    await expect(_first(desk)).to_contain_text("等待发出")
    await expect(_first(desk)).to_contain_text("李静")
    await _send(console)
    await expect(_first(desk)).to_contain_text("已发出，等回应")
    await _answer(console, await _newest(console))
    await expect(_first(desk)).to_contain_text("已执行")
    await expect(page.locator("#commands")).not_to_have_attribute("hx-trigger", "renew, every 2s")


@pytest.mark.parametrize(("answer", "words"), [("ok", "我没事"), ("help", "需要帮助"), ("none", "没有回答")])
async def test_the_wearers_own_word_is_told(console: Console, desk: Watched, answer: str, words: str) -> None:
    await _add_band(console)
    await desk.page.goto("/devices/band-0042")
    await desk.page.get_by_role("button", name="您还好吗").click()
    await expect(_first(desk)).to_contain_text("等待发出")
    await _send(console)
    await _answer(console, await _newest(console))
    await expect(_first(desk)).to_contain_text("等佩戴者回答")
    await _answer(console, await _newest(console), answer=answer)
    await expect(_first(desk)).to_contain_text(words)


async def test_a_text_and_intervals_are_checked_before_they_leave(console: Console, desk: Watched) -> None:
    await _add_band(console)
    page = desk.page
    await page.goto("/devices/band-0042")
    await page.get_by_role("button", name="发送文字").click()
    await expect(page.locator(".wrong")).to_have_text(["请填写"])
    await page.fill("[name=text]", "女儿下午三点来看您")
    await page.press("[name=text]", "Enter")
    await expect(_first(desk)).to_contain_text("女儿下午三点来看您")
    await page.locator(".asking details.fold summary").click()
    await page.fill("[name=position_s]", "0")
    await page.get_by_role("button", name="设定间隔").click()
    await expect(page.locator(".wrong")).to_be_visible()
    await page.fill("[name=position_s]", "60")
    await page.get_by_role("button", name="设定间隔").click()
    await expect(_first(desk)).to_contain_text("定位每 60 秒")


async def test_a_command_can_be_taken_back_and_one_that_ran_out_says_why(console: Console, desk: Watched) -> None:
    await _add_band(console)
    page = desk.page
    await page.goto("/devices/band-0042")
    await page.get_by_role("button", name="让它响铃").click()
    await page.get_by_role("button", name="撤回").click()
    await expect(_first(desk)).to_contain_text("已撤回")
    await page.get_by_role("button", name="让它响铃").click()
    await expect(_first(desk)).to_contain_text("等待发出")
    key = await _newest(console)
    async with console.connection() as conn:
        await give_up(conn, unsent=[key], unanswered=[], now=console.deps.clock.now_ms())
    await expect(_first(desk)).to_contain_text("设备一直没有连上")


async def test_duty_may_ask_but_not_change_and_an_auditor_only_looks(browser: Browser, console: Console) -> None:
    await _add_band(console)
    async with console.connection() as conn:
        for role in ("duty", "auditor"):
            await add_account(conn, username=role, role=role, password_hash=password_hash())
    for role, buttons in (("duty", 1), ("auditor", 0)):
        async with watched_page(browser, console, width=390, height=844) as watched:
            await sign_in(watched.page, role, listens=role != "auditor")
            await watched.page.goto("/devices/band-0042")
            await expect(watched.page.locator("h1")).to_have_text("band-0042")
            await expect(watched.page.locator("#device-form")).to_have_count(0)
            await expect(watched.page.locator("[data-command=ring]")).to_have_count(buttons)
            assert await overflow(watched.page) <= 0
