"""What is refused is told in the reader's language, at the field, and what has no words yet in general ones."""

from __future__ import annotations

import json

from playwright.async_api import Route, expect

from tests.browser.conftest import Console, Watched


async def test_a_refusal_is_told_at_its_field_in_the_language_of_the_page(console: Console, desk: Watched) -> None:
    page = desk.page
    desk.expected += ["409", "422"]
    await page.goto("/staff/new")
    await page.fill("[name=username]", "wang")
    await page.get_by_role("button", name="保存").click()
    name = page.locator("[name=username]")
    await expect(name).to_have_accessible_description("这个用户名已经有人用了，请换一个。")
    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(name).to_be_focused()

    await page.context.add_cookies([{"name": "anxin_language", "value": "en", "url": console.url}])
    await page.reload()
    await page.fill("[name=username]", "wang.li")
    await page.fill("[name=phone]", "1390013900")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("[name=phone]")).to_have_accessible_description(
        "A mobile number has 11 digits; this one has 10."
    )
    await page.fill("[name=phone]", "13900139000")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#signin-link, [data-signin-link]").first).to_be_visible()


async def test_what_a_newer_server_refuses_is_told_in_general_words_with_its_sentence_folded_away(
    console: Console, desk: Watched
) -> None:
    page = desk.page
    desk.expected.append("422")

    async def newer(route: Route) -> None:
        body = {"type": "about:blank", "title": "x", "status": 422, "code": "brand.new", "detail": "the moon is full"}
        await route.fulfill(status=422, content_type="application/problem+json", body=json.dumps(body))

    await page.goto("/staff/new")
    await page.route("**/api/v1/staff", newer)
    await page.fill("[name=username]", "zhao")
    await page.get_by_role("button", name="保存").click()
    notice = page.get_by_role("alert")
    await expect(notice).to_contain_text("这样不行，没有保存。")
    await expect(page.get_by_text("the moon is full")).to_be_hidden()
    await page.get_by_text("技术细节").click()
    await expect(page.get_by_text("the moon is full")).to_be_visible()
