"""Rules and own limits: set in the page, in force in the store, said on the alarm."""

from __future__ import annotations

from playwright.async_api import Page, expect

from alerts.layers import Setting
from gateway.store.registry import settings_for
from tests.browser.conftest import Console, Watched
from tests.browser.cries import cry

LOW = "vitals.heart_rate.low_bpm"
HIGH = "vitals.heart_rate.high_bpm"


def field(page: Page, name: str) -> str:
    """Where a parameter is entered."""
    return f'[data-parameter="{name}"]'


async def settings(console: Console) -> list[tuple[str, str, float]]:
    """Scope, name and value of all that was set for the resident."""
    async with console.connection() as conn:
        found: list[Setting] = await settings_for(conn, site="riverside", resident=console.resident.id)
    return [(each.scope, each.name, each.value) for each in found]


async def save(page: Page, rule: str) -> None:
    await page.locator(f'[id="{rule}"] button[type=submit]').click()


async def test_a_centres_rule_is_set_and_taken_back(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto("/rules?site=riverside")
    await expect(page.locator(field(page, HIGH))).to_have_attribute("placeholder", "131")
    await page.fill(field(page, HIGH), "125")
    await save(page, "vitals.heart_rate")
    await expect(page.locator('[id="vitals.heart_rate"] .chip')).to_contain_text("1 项已改")
    assert await settings(console) == [("site", HIGH, 125.0)]
    await page.fill(field(page, HIGH), "")
    await save(page, "vitals.heart_rate")
    await expect(page.locator('[id="vitals.heart_rate"] .chip')).to_have_count(0)
    assert await settings(console) == []


async def test_the_list_of_rules_leads_to_each_of_them(desk: Watched) -> None:
    page = desk.page
    await page.goto("/rules")
    names = await page.locator(".contents a").all_inner_texts()
    assert names == await page.locator(".rules h2").all_inner_texts()
    await page.click(".contents a[href='#vitals.temperature']")
    await expect(page.locator('[id="vitals.temperature"]')).to_be_in_viewport(ratio=1)


async def test_hours_and_minutes_are_kept_as_seconds(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto("/rules")
    await page.fill(field(page, "device.not_worn.after_s"), "1.5")
    await save(page, "device.not_worn")
    await expect(page.locator('[id="device.not_worn"] .chip')).to_contain_text("1 项已改")
    assert await settings(console) == [("everyone", "device.not_worn.after_s", 5400.0)]


async def test_limits_that_contradict_each_other_are_refused_in_words_at_the_field(
    console: Console, desk: Watched
) -> None:
    desk.expected.append("422")
    page = desk.page
    await page.goto("/rules?site=riverside")
    await page.fill(field(page, LOW), "128")
    await save(page, "vitals.heart_rate")
    await expect(page.locator('[id="vitals.heart_rate"] .wrong')).to_have_text("“心率下限”要比“心率上限”低出 10 以上")
    assert await settings(console) == []


async def test_a_rule_that_is_switched_off_says_so(desk: Watched) -> None:
    page = desk.page
    await page.goto("/rules?site=riverside")
    await page.select_option(field(page, "device.not_worn.enabled"), "0")
    await save(page, "device.not_worn")
    await expect(page.locator('[id="device.not_worn"] .chip.bad')).to_have_text("已停用")


async def test_own_limits_are_set_on_the_persons_page_and_named_by_the_alarm(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto(f"/people/{console.resident.id}")
    await page.locator("#limits summary").click()
    await page.fill(f"#limits {field(page, LOW)}", "48")
    await page.locator("#limits button[type=submit]").click()
    await expect(page.locator("#limits .evidence")).to_contain_text("48 次/分")
    async with console.connection() as conn:
        (own,) = await settings_for(conn, resident=console.resident.id)
    assert (own.scope, own.value, own.by) == ("resident", 48.0, "li")
    alarm = await cry(console, "vitals.heart_rate", parameters_version=own.version)
    await page.goto(f"/alarms/{alarm.id}")
    await expect(page.locator(".decided")).to_contain_text(f"第 {own.version} 版")
    await expect(page.locator(".decided li")).to_contain_text("48 次/分，不是默认的 40 次/分")
    usual = await cry(console, "vitals.spo2")
    await page.goto(f"/alarms/{usual.id}")
    await expect(page.locator(".decided")).to_have_text("按默认规则判断")


async def test_the_changes_of_the_rules_tell_who_from_what_to_what(console: Console, desk: Watched) -> None:
    page = desk.page
    for value in ("125", "120"):
        await page.goto("/rules?site=riverside")
        await page.fill(field(page, HIGH), value)
        await save(page, "vitals.heart_rate")
        await expect(page.locator("#toasts")).to_contain_text("已保存")
    await page.goto("/rules?site=riverside")
    await page.locator("details.changes summary").click()
    newest = page.locator("#changes li").first
    await expect(newest).to_contain_text("李静")
    await expect(newest).to_contain_text("125 次/分")
    await expect(newest).to_contain_text("120 次/分")


async def test_how_readily_falls_alarm_is_chosen_by_word(console: Console, desk: Watched) -> None:
    page = desk.page
    await page.goto(f"/rules?resident={console.resident.id}")
    point = page.locator(field(page, "fall.motion.working_point"))
    await expect(page.locator('[id="fall.motion"] [data-parameter]').first).to_have_attribute(
        "data-parameter", "fall.motion.working_point"
    )
    assert await point.locator("option").all_inner_texts() == ["沿用：均衡", "灵敏", "均衡", "安静"]
    await point.select_option(label="安静")
    await save(page, "fall.motion")
    await expect(page.locator('[id="fall.motion"] .chip')).to_contain_text("1 项已改")
    assert await settings(console) == [("resident", "fall.motion.working_point", 2.0)]
    await expect(point).to_have_value("2")
