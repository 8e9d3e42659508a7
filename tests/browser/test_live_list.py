"""What a change costs with many alarms open: it touches the card that it is about, and no other."""

from __future__ import annotations

from typing import Any

import msgspec
from playwright.async_api import Page, expect

from alerts.alarm import Alarm, TimelineEntry
from tests.browser.conftest import Console, Watched, module
from tests.browser.cries import cry
from tests.support.alarms import MINUTE

MANY = 40
"""More than are drawn at once."""

WATCH = """() => {
    window.drawn?.watcher.disconnect();
    const found = { draws: 0, cards: new Set(), moved: [], other: [] };
    const elementOf = (node) => (node instanceof Element ? node : node.parentElement);
    const watcher = new MutationObserver((changes) => {
        const told = changes.filter((each) => each.attributeName !== 'data-moved'
            && !elementOf(each.target)?.closest('time'));
        if (told.length) found.draws += 1;
        for (const { target, type, addedNodes, attributeName } of told) {
            const card = elementOf(target)?.closest('.alarm-card');
            if (card) found.cards.add(card.dataset.id);
            else if (type === 'childList') found.moved.push(...[...addedNodes].map((node) => node.dataset?.id));
            else found.other.push(attributeName);
        }
    });
    const all = { attributes: true, characterData: true, childList: true, subtree: true };
    watcher.observe(document.querySelector('[data-live]'), all);
    window.drawn = { watcher, found };
}"""
"""Each draw is one call of the observer; ages that tick, and the end of a fright at what moved, are left out."""
FOUND = "() => ({ ...drawn.found, cards: [...drawn.found.cards] })"


POLL = f"""async (ids) => {{
    const [{{ Polling }}, {{ active }}] = await Promise.all([{module("polling.js")}, {module("book.js")}]);
    const alarms = Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, active.get(id)]));
    const end = {{ id: 'end', version: 1 }};
    let at = performance.now(), answers = [];
    performance.now = () => at;
    const fetched = window.fetch;
    window.fetch = (url, ...how) => (String(url).includes('state=active')
        ? Promise.resolve(Response.json(answers.shift())) : fetched(url, ...how));
    const taken = new EventTarget();
    const polling = new Polling(Object.assign(new EventTarget(), {{ isLost: true }}),
        (alarm) => {{ if (alarm.id === end.id) taken.dispatchEvent(new Event('taken')); }}, () => {{}});
    const ask = async (...pages) => {{
        answers = pages.map((names, place) => (
            {{ items: names.map((name) => alarms[name] ?? end), next: place < pages.length - 1 ? 'more' : null }}));
        at += 6000;
        const whole = new Promise((resolve) => {{ taken.addEventListener('taken', resolve, {{ once: true }}); }});
        polling.watch();
        await whole;
        await new Promise((resolve) => {{ setTimeout(resolve); }});
        return [...active.keys()].sort();
    }};
    return {{
        moved: await ask(['first'], ['end']), again: await ask(['first'], ['second', 'end']),
        missed: await ask(['first'], ['end']), ended: await ask(['first'], ['end']), whole: await ask(['end']),
    }};
}}"""
"""Asks five times, and says which alarms are known after each."""


async def crowd(console: Console, page: Page) -> list[Alarm]:
    """Alarms of as many devices that nobody wears yet, all of them drawn; the topmost last."""
    alarms = [
        await cry(console, resident=None, device=f"band-{place}", subject=f"device:band-{place}", severity="high")
        for place in range(MANY)
    ]
    await expect(page.locator("[data-live] .alarm-card")).to_have_count(MANY)
    return alarms


async def change(console: Console, alarm: Alarm, **changes: Any) -> None:
    async with console.store.transaction() as transaction:
        await transaction.save(msgspec.structs.replace(alarm, version=alarm.version + 1, **changes))


async def test_a_change_of_one_alarm_touches_its_card_alone(console: Console, desk: Watched) -> None:
    page = desk.page
    alarms = await crowd(console, page)
    changed, taken = alarms[MANY // 2], alarms[-1]
    card = await page.locator(f"#alarm-{changed.id}").element_handle()
    button = await page.locator(f"#alarm-{changed.id} .acknowledge").element_handle()
    assert card is not None
    assert button is not None
    await page.evaluate(WATCH)
    await change(console, changed, count=7)
    await expect(page.locator(f"#alarm-{changed.id}")).to_contain_text("7 次")
    assert await page.evaluate(FOUND) == {"draws": 1, "cards": [str(changed.id)], "moved": [], "other": []}
    assert await card.evaluate("each => each.isConnected"), "the card is the same one"
    assert await button.evaluate("each => each.isConnected"), "what it says nothing new with is untouched"

    await page.evaluate(WATCH)
    await change(console, taken, state="acknowledged", assignee="wang")
    await expect(page.locator("[data-live] .alarm-card").last).to_have_attribute("data-id", str(taken.id))
    found = await page.evaluate(FOUND)
    assert (found["cards"], found["moved"], found["other"]) == ([str(taken.id)], [str(taken.id)], [])


async def test_ten_changes_in_one_frame_are_drawn_once(console: Console, desk: Watched) -> None:
    page = desk.page
    alarms = await crowd(console, page)
    ids = [str(alarm.id) for alarm in alarms[:10]]
    await page.evaluate(WATCH)
    await page.evaluate(
        f"async (ids) => {{ const [desk, book] = await Promise.all([{module('desk.js')}, {module('book.js')}]);"
        " await new Promise(requestAnimationFrame);"
        " for (const id of ids) {"
        "   const alarm = book.active.get(id);"
        "   const detail = { alarm: { ...alarm, version: alarm.version + 1, count: 7 }, received: 0 };"
        "   desk.stream.dispatchEvent(new CustomEvent('alarm', { detail }));"
        " } }",
        ids,
    )
    await expect(page.locator("[data-live] .alarm-card", has_text="7 次")).to_have_count(10)
    found = await page.evaluate(FOUND)
    assert (found["draws"], sorted(found["cards"])) == (1, sorted(ids))


async def test_what_becomes_high_stands_above_older_ones_and_calls_since_then(console: Console, desk: Watched) -> None:
    page, now = desk.page, console.deps.clock.now_ms()

    def line(event: str, ago: int, note: str | None = None) -> TimelineEntry:
        return TimelineEntry(t=now - ago * MINUTE, actor="engine", event=event, note=note)

    driven = await cry(
        console,
        "wandering.zone_exit",
        severity="low",
        resident=None,
        raised_at=now - 180 * MINUTE,
        timeline=(line("opened", 180, "low"),),
    )
    lost = await cry(
        console,
        "wandering.lost",
        severity="high",
        resident=None,
        raised_at=now - 60 * MINUTE,
        timeline=(line("opened", 60), line("severity_raised", 0, "high")),
    )
    cards = page.locator("[data-live] .alarm-card")
    await expect(cards.first).to_have_attribute("data-id", str(lost.id))
    grown = (*driven.timeline, line("severity_raised", 1, "high"))
    await change(console, driven, severity="high", timeline=grown)
    await expect(cards.first).to_have_attribute("data-id", str(driven.id))
    called = await page.evaluate(
        f"async (ids) => {{ const {{ active, calledAt }} = await {module('book.js')};"
        " return ids.map((id) => calledAt(active.get(id))); }",
        [str(driven.id), str(lost.id)],
    )
    assert called == [now - MINUTE, now - 60 * MINUTE], "a rise of what sounded already is no new call"


async def test_what_moved_between_two_pages_has_not_ended_while_the_stream_is_lost(
    console: Console, desk: Watched
) -> None:
    page = desk.page
    there = await cry(console, resident=None, device="band-1", subject="device:band-1")
    moves = await cry(console, resident=None, device="band-2", subject="device:band-2")
    await expect(page.locator("[data-live] .alarm-card")).to_have_count(2)
    known = await page.evaluate(POLL, {"first": str(there.id), "second": str(moves.id)})
    both = sorted((str(there.id), str(moves.id)))
    assert known == {"moved": both, "again": both, "missed": both, "ended": [str(there.id)], "whole": []}


async def test_a_key_of_the_list_does_nothing_on_a_page_without_it(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await cry(console)
    await expect(page.locator(f"#alarm-{alarm.id}")).to_be_visible()
    await page.click(".tabs a[href='/devices']")
    await expect(page.locator("[data-live]")).to_have_count(0)
    for key in "jaA":
        await page.keyboard.press(key)
    await page.click(".tabs a[href='/']")
    await expect(page.locator(f"#alarm-{alarm.id}")).to_have_attribute("data-state", "open")
