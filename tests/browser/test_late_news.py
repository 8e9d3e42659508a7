"""News that comes late or out of turn: what is over stays over, names and promises of a time go stale."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from playwright.async_api import Route, expect

from alerts.alarm import TimelineEntry
from tests.browser.conftest import Console, Watched, module
from tests.browser.cries import cry
from tests.browser.test_together import change
from tests.support.alarms import MINUTE

REPLAY = f"""async (id) => {{
    const [desk, book, sound] = await Promise.all(
        [{module("desk.js")}, {module("book.js")}, {module("sound.js")}]);
    const first = book.active.get(id);
    const told = [];
    document.addEventListener('alarm-seen', (event) => told.push(event.detail.version));
    const sources = [];
    window.EventSource = class extends EventTarget {{
        static CLOSED = 2;
        constructor() {{ super(); sources.push(this); }}
        close() {{}}
    }};
    const other = 'ffffffff-ffff-4fff-8fff-ffffffffffff';
    desk.stream.start(0);
    const tell = (source, alarm) => source.dispatchEvent(
        Object.assign(new MessageEvent('alarm', {{ data: JSON.stringify(alarm), lastEventId: '1' }})));
    sound.mute(true);
    const sounded = sound.played.length;
    const [source] = sources;
    for (const [version, state] of [[1, 'open'], [2, 'acknowledged'], [3, 'closed']])
        tell(source, {{ ...first, id: other, version, state }});
    source.dispatchEvent(new Event('beat'));
    const missed = [book.active.has(other), sound.isMuted(), sound.played.length - sounded, told.splice(0)];
    tell(source, {{ ...first, version: 5, state: 'closed' }});
    tell(source, {{ ...first, version: 4, state: 'open' }});
    const ended = [book.active.has(id), sound.isMuted(), told.splice(0)];
    tell(source, {{ ...first, version: 6, state: 'open' }});
    return {{ missed, ended, again: book.active.has(id) }};
}}"""
"""Plays a stream that opens anew: an alarm that came and went meanwhile, and an older version of one that ended."""


async def test_what_is_over_comes_to_life_only_when_it_is_opened_again(console: Console, desk: Watched) -> None:
    page = desk.page
    alarm = await cry(console, severity="high")
    await expect(page.locator(f"#alarm-{alarm.id}")).to_be_visible()
    found = await page.evaluate(REPLAY, str(alarm.id))
    assert found["missed"] == [False, True, 0, [3]], "one that came and went is told as it stands, and makes no sound"
    assert found["ended"] == [False, True, [5]], "an older version of what ended is no news"
    assert found["again"], "a later one is"


async def test_a_name_and_an_end_that_changed_are_shown(console: Console, desk: Watched) -> None:
    page, now = desk.page, console.deps.clock.now_ms()
    until = now + MINUTE
    alarm = await cry(
        console,
        timeline=(
            TimelineEntry(t=now, actor="wearer", event="opened"),
            TimelineEntry(t=now, actor="li", event="accompanied", note=str(until)),
        ),
    )
    card = page.locator(f"#alarm-{alarm.id}")
    await expect(card).to_contain_text("王秀英")
    await expect(card.locator("[data-holds-until]")).to_have_count(1)
    async with console.connection() as conn:
        await conn.execute("update resident set name = '王秀兰' where id = %s", (console.resident.id,))
    await page.evaluate("const real = Date.now; Date.now = () => real() + 61000")
    await expect(card.locator("[data-holds-until]")).to_have_count(0)
    await change(console, msgspec.structs.replace(alarm), count=2)
    await expect(card).to_contain_text("2 次")
    await expect(card).to_contain_text("王秀兰")


@pytest.mark.parametrize("order", [("/today", "/people"), ("/people", "/today")])
async def test_of_two_pages_the_one_asked_for_last_is_shown(
    console: Console, desk: Watched, order: tuple[str, str]
) -> None:
    page = desk.page
    may_come = {path: asyncio.Event() for path in order}
    asked = {path: asyncio.Event() for path in order}

    async def let_wait(route: Route) -> None:
        path = route.request.url.removeprefix(console.url)
        asked[path].set()
        await may_come[path].wait()
        await route.continue_()

    for path in ("/today", "/people"):
        await page.route(console.url + path, let_wait)
        await page.click(f".tabs a[href='{path}']")
        await asked[path].wait()
    for path in order:
        async with page.expect_response(console.url + path) as came:
            may_come[path].set()
        await (await came.value).finished()
    await expect(page.get_by_role("heading", level=1)).to_have_text("长者")
    await expect(page).to_have_title("长者 · 安心")
    await expect(page).to_have_url(f"{console.url}/people")
