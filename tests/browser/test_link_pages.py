"""The pages behind links on a telephone: they renew themselves, they answer, they fit, also without any script."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from playwright.async_api import Browser, Page, expect

from alerts.alarm import Alarm
from alerts.ports import Role
from alerts.replies import Replier, Verb, answer
from gateway.store.alarm_list import alarm_object
from gateway.store.consents import add_consent
from gateway.store.registry import add_responder, listing
from gateway.store.registry_records import ConsentFields, Contact, ResponderFields
from tests.browser.conftest import PATIENCE_MS, Console, overflow
from tests.browser.cries import cry
from tests.support.links import told

SMALLEST = {"width": 320, "height": 568}


@asynccontextmanager
async def telephone(
    browser: Browser, console: Console, expected: str = "nothing", **options: Any
) -> AsyncIterator[Page]:
    """A page on a small phone, on which nothing may go wrong but what is ``expected``."""
    wrong: list[str] = []
    context = await browser.new_context(viewport=SMALLEST, base_url=console.url, **options)  # type: ignore[arg-type]
    async with context:
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        yield page
        assert all(url.startswith((console.url, "data:")) for url in asked)
        assert await context.cookies() == []
    assert [text for text in wrong if expected not in text] == []


async def link_for(console: Console, alarm: Alarm, role: Role) -> str:
    """A link for the daughter, or for a neighbour who is called 赵邻居."""
    async with console.connection() as conn:
        if role == "family":
            record = msgspec.to_builtins((await listing(conn, Contact, sites=()))[0])
        else:
            fields = ResponderFields(site="riverside", name="赵邻居", phone="13800138001", kind="neighbour")
            record = msgspec.to_builtins(await add_responder(conn, "test", fields))
        return await told(console.store, conn, alarm, record, role, console.deps.clock.now_ms())


async def neighbour_says(console: Console, alarm: Alarm, verb: Verb) -> None:
    who = Replier(role="neighbour", name="赵邻居", responder="somebody")
    await answer(console.store, alarm.id, who, verb, console.deps.clock.now_ms())


async def state_of(console: Console, alarm: Alarm) -> str:
    async with console.connection() as conn:
        found = await alarm_object(conn, alarm.id)
    assert found is not None
    return str(msgspec.json.decode(found.object)["state"])


async def test_a_familys_page_follows_the_alarm_by_itself(browser: Browser, console: Console) -> None:
    alarm = await cry(console)
    token = await link_for(console, alarm, "family")
    async with telephone(browser, console) as page:
        await page.goto(f"/a/{token}")
        await expect(page.locator("h1")).to_have_text("正在联系值班人员")
        await neighbour_says(console, alarm, "take")
        await expect(page.locator("h1")).to_have_text("已派人赶过去")
        await neighbour_says(console, alarm, "well")
        await expect(page.locator(".stage-over h1")).to_be_visible()
        await expect(page.locator(".answers")).to_have_count(0)


async def test_what_somebody_is_about_to_confirm_stays_while_the_page_renews_itself(
    browser: Browser, console: Console
) -> None:
    alarm = await cry(console)
    token = await link_for(console, alarm, "family")
    async with telephone(browser, console) as page:
        await page.goto(f"/a/{token}")
        await page.locator("summary").click()
        await neighbour_says(console, alarm, "take")
        await expect(page.locator("h1")).to_have_text("已派人赶过去")
        await expect(page.locator(".really")).to_be_visible()


async def test_lost_connection_is_said_and_taken_back(browser: Browser, console: Console) -> None:
    alarm = await cry(console)
    token = await link_for(console, alarm, "family")
    async with telephone(browser, console, expected="503") as page:
        await page.goto(f"/a/{token}")
        away = f"**/a/{token}"
        await page.route(away, lambda route: route.fulfill(status=503, body=""))
        await expect(page.locator("#lost")).to_be_visible()
        await page.unroute(away)
        await expect(page.locator("#lost")).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_responder_goes_arrives_and_ends_it_after_a_second_thought(
    browser: Browser, console: Console, scripts: bool
) -> None:
    alarm = await cry(console)
    token = await link_for(console, alarm, "neighbour")
    async with telephone(browser, console, java_script_enabled=scripts) as page:
        await page.goto(f"/a/{token}")
        await expect(page.locator("main")).not_to_contain_text("02155550101")
        await page.get_by_role("button", name="我去", exact=True).dblclick()
        await expect(page.locator("main")).to_contain_text("02155550101")
        assert await state_of(console, alarm) == "dispatched"
        await page.get_by_role("button", name="我到了").click()
        await expect(page.locator(".mine")).to_contain_text("我到了")
        await page.locator("summary").click()
        assert await state_of(console, alarm) == "on_scene"
        await page.get_by_role("button", name="是的，人没事").click()
        await expect(page.locator(".thanks")).to_be_visible()
        assert await state_of(console, alarm) == "resolved"
        await page.reload()
        assert await state_of(console, alarm) == "resolved"


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_no_page_behind_a_link_is_wider_than_the_smallest_phone(
    browser: Browser, console: Console, language: str
) -> None:
    async with console.connection() as conn:
        consent = ConsentFields(resident=console.resident.id, purpose="location", granted=True, from_ms=0)
        await add_consent(conn, "test", consent)
    alarm = await cry(console)
    family, door = await link_for(console, alarm, "family"), await link_for(console, alarm, "neighbour")
    async with telephone(browser, console) as page:
        for verb in (None, "take", "there", "well"):
            if verb is not None:
                await page.goto(f"/a/{door}?lang={language}")
                button = page.locator(f"form:has([value={verb}]) button")
                if verb == "well":
                    await page.locator("summary").click()
                await button.click()
                await page.wait_for_url("**/a/**")
            for token in (family, door):
                await page.goto(f"/a/{token}?lang={language}")
                assert await overflow(page) <= 0, (verb, token == door)
                assert await page.locator("h1").bounding_box() is not None


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("role", "verb"), [("family", "well"), ("family", "with_me"), ("neighbour", "with_me")])
async def test_a_missed_check_is_cleared_on_the_page_after_a_second_thought(
    browser: Browser, console: Console, language: str, role: Role, verb: str
) -> None:
    alarm = await cry(console, "missed_check.checkin", severity="medium")
    token = await link_for(console, alarm, role)
    async with telephone(browser, console, java_script_enabled=False) as page:
        await page.goto(f"/a/{token}?lang={language}")
        assert await overflow(page) <= 0
        one = page.locator(".ends").filter(has=page.locator(f"[value={verb}]"))
        await one.locator("summary").click()
        assert await overflow(page) <= 0
        assert await state_of(console, alarm) == "open"
        await one.get_by_role("button").click()
        await expect(page.locator(".stage-over h1")).to_be_visible()
    assert await state_of(console, alarm) == "resolved"
