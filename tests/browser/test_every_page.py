"""Every page of the console, in both languages, light and dark: usable by everybody, and nothing beside the window.

axe-core looks at each page with everything unfolded, and at each of its dialogs; at those that every page has, the same
to the letter, once. The pages are those of the application's own routes: a new one that has no address in ``furnished``
fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, ViewportSize

from dashboards.api import create_app
from tests.browser.conftest import Console, take_a_seat, watched_page
from tests.browser.furnished import NOT_PAGES, Places, furnish, page_routes

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = {"serious", "critical"}
OF_COLOUR = ["color-contrast", "link-in-text-block"]
"""What axe-core judges otherwise in the dark."""
WINDOWS: dict[str, ViewportSize] = {
    "1366 × 768": {"width": 1366, "height": 768},
    "the same at 200 %": {"width": 683, "height": 384},
    "a telephone": {"width": 390, "height": 844},
}

LOOKS = 20
BETWEEN_LOOKS_MS = 100

UNFOLDED = "() => { for (const each of document.querySelectorAll('details')) each.open = true; }"
CLOSED = "document.querySelectorAll('dialog:not([open])')"
DIALOGS = f"""() => [...{CLOSED}].map((each) => {{
    const decides = [each.outerHTML];
    for (let at = each.parentElement; at; at = at.parentElement) decides.push(at.cloneNode(false).outerHTML);
    for (const {{ href, ownerNode }} of document.styleSheets) decides.push(href ?? ownerNode.textContent);
    return decides.join('\\n');
}})"""
"""Of each dialog all that decides what it looks like: itself, the tags around it, the style sheets."""
LOOKED_AT = f"""async ([rules, dialogs]) => {{
    const options = {{ resultTypes: ['violations'], preload: false, iframes: false,
                      ...(rules && {{ runOnly: {{ type: 'rule', values: rules }} }}) }};
    const {{ violations }} = await axe.run(document, options);
    const closed = {CLOSED};
    for (const dialog of dialogs.map((each) => closed[each])) {{
        dialog.showModal();
        violations.push(...(await axe.run(dialog, options)).violations);
        dialog.close();
    }}
    return violations.map(({{ id, impact, nodes }}) => ({{
        id, impact, nodes: nodes.map(({{ html, any, all, none }}) =>
            `${{html.slice(0, 200)}} (${{[...any, ...all, ...none].map((each) => each.message).join('; ')}})`),
    }}));
}}"""
BESIDE = """() => {
    const all = [...document.querySelectorAll('body *')];
    const wider = document.documentElement.scrollWidth > innerWidth
        ? all.filter((each) => each.getBoundingClientRect().right > innerWidth + 1) : [];
    const cut = all.filter((each) => each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 1
        && ['hidden', 'clip'].includes(getComputedStyle(each).overflowX) && each.innerText?.trim()
        && !each.closest('.leaflet-container'));
    const called = (each) => `${each.localName}.${each.className} "${each.innerText?.trim().slice(0, 40)}"`;
    return [...wider.slice(0, 5).map((each) => `beside the window: ${called(each)}`),
            ...cut.slice(0, 5).map((each) => `cut: ${called(each)}`)];
}"""
SLANTED = """() => [...document.querySelectorAll('body *')]
    .filter((each) => each.textContent.trim() && getComputedStyle(each).fontStyle !== 'normal')
    .map((each) => `slanted: ${each.localName} "${each.textContent.slice(0, 40)}"`)"""


async def _unseen(page: Page, seen: set[str]) -> list[int]:
    """Which of the closed dialogs have not been looked at yet; from now on they have."""
    found: list[str] = await page.evaluate(DIALOGS)
    places = [place for place, dialog in enumerate(found) if dialog not in seen]
    seen.update(found)
    return places


async def _serious(page: Page, *, rules: list[str] | None = None, dialogs: Sequence[int] = ()) -> Iterable[str]:
    found = await page.evaluate(LOOKED_AT, [rules, list(dialogs)])
    return (f"{each['id']}: {node}" for each in found if each["impact"] in SERIOUS for node in each["nodes"])


async def _beside(page: Page) -> list[str]:
    """What is beside the window or cut, once charts have been drawn anew for it."""
    found: list[str] = []
    for _ in range(LOOKS):
        found = await page.evaluate(BESIDE)
        if not found:
            break
        await page.wait_for_timeout(BETWEEN_LOOKS_MS)
    return found


async def _complaints(page: Page, seen: set[str]) -> list[str]:
    """All that is wrong with the page that is open, but for the dialogs that have been ``seen`` on another."""
    await page.evaluate(UNFOLDED)
    dialogs = await _unseen(page, seen)
    wrong = [*await _serious(page, dialogs=dialogs), *await page.evaluate(SLANTED)]
    await page.emulate_media(color_scheme="dark")
    wrong += [f"in the dark, {each}" for each in await _serious(page, rules=OF_COLOUR)]
    await page.emulate_media(color_scheme="light")
    for name, size in WINDOWS.items():
        await page.set_viewport_size(size)
        wrong += [f"{name}, {each}" for each in await _beside(page)]
    await page.set_viewport_size(WINDOWS["1366 × 768"])
    return wrong


async def _walk(browser: Browser, console: Console, language: str, places: Places, linked: Places) -> list[str]:
    wrong: list[str] = []
    seen: set[str] = set()
    async with watched_page(browser, console, language=language) as watched:
        watched.expected.append("404")
        page = watched.page
        await page.add_init_script(path=AXE)
        await page.goto(f"/language/{language}")
        for path in (path for paths in linked.values() for path in paths):
            await page.goto(f"{path}?lang={language}")
            wrong += [f"{path} {language} {each}" for each in await _complaints(page, seen)]
        await page.goto("/signin")
        wrong += [f"/signin {language} {each}" for each in await _complaints(page, seen)]
        await take_a_seat(page, console)
        for path in (path for paths in places.values() for path in paths):
            await page.goto(path)
            await page.wait_for_selector("html[data-ready]")
            assert await page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
            wrong += [f"{path} {language} {each}" for each in await _complaints(page, seen)]
    return wrong


@pytest.mark.timeout(900)
async def test_every_page_is_usable_by_everybody_and_fits_its_window(browser: Browser, demo_console: Console) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci")
    places, linked = await furnish(demo_console)
    routes = page_routes(create_app(demo_console.deps).routes)
    assert routes == places.keys() | linked.keys() | NOT_PAGES
    async with asyncio.TaskGroup() as walks:
        both = [walks.create_task(_walk(browser, demo_console, each, places, linked)) for each in ("zh", "en")]
    assert [wrong for walk in both for wrong in walk.result()] == []
