"""What a role asks of whoever runs the system stands on the page of those who manage, and of nobody else."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from gateway.store.accounts import add_account
from gateway.store.roles import report
from tests.browser.conftest import Console, password_hash, sign_in, watched_page

ADVICE = "broker: max_inflight_messages (20 of 4096 in flight); set_tcp_nodelay (44 ms between two messages)"


async def test_advice_on_the_broker_is_for_those_who_manage(browser: Browser, console: Console) -> None:
    async with console.deps.pool.connection() as conn:
        await report(conn, "gateway", "ready", 1, ADVICE)
        await add_account(conn, username="zhao", role="duty", password_hash=password_hash())
    async with watched_page(browser, console) as watched:
        await sign_in(watched.page)
        banner = watched.page.locator("#banner-role")
        await expect(banner).to_be_visible()
        await expect(banner).to_contain_text("max_inflight_messages (20 of 4096 in flight)")
    async with watched_page(browser, console) as watched:
        async with watched.page.expect_response("**/console/pulse"):
            await sign_in(watched.page, "zhao")
        await expect(watched.page.locator("#banner-role")).to_be_hidden()
