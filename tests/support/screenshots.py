"""Pictures of the console's pages for ``docs/console.md``, of invented people: ``scripts/screenshots``."""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path
from typing import Final, Literal

from PIL import Image
from playwright.async_api import Browser, async_playwright

from tests.browser.conftest import ARGS, CHROMIUM, Console, running_console, take_a_seat
from tests.browser.furnished import Places, furnish
from tests.support.postgres import running_postgres

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images" / "console"
COLOURS: Final = 128
PATIENCE_MS: Final = 90_000
Scheme = Literal["light", "dark"]

OF: Final = {
    "now": "/", "today": "/today", "checks": "/checks", "map": "/map", "people": "/people",
    "person": "/people/{resident}", "devices": "/devices", "device": "/devices/{device}", "alarms": "/alarms",
    "figures": "/figures", "search": "/search/{alarm}", "report": "/report", "sheet": "/sheet", "requests": "/requests",
    "roster": "/roster", "policies": "/policies", "rules": "/rules", "households": "/households",
    "responders": "/responders", "staff": "/staff", "centre": "/sites/{key}", "zone": "/zones/{fence}/edit",
    "import": "/import", "audit": "/audit", "account": "/account", "sound": "/sound", "replies": "/replies",
    "person-new": "/people/new", "person-edit": "/people/{resident}/edit",
    "contact-new": "/people/{resident}/contacts/new", "contact": "/contacts/{contact}/edit",
    "zone-new": "/people/{resident}/zones/new", "plan-new": "/people/{resident}/plans/new",
    "plan": "/plans/{key}/edit", "device-new": "/devices/new", "household": "/households/{household}",
    "household-new": "/households/new", "household-edit": "/households/{household}/edit",
    "responder": "/responders/{responder}", "responder-new": "/responders/new", "shift": "/roster/{shift}",
    "colleague": "/staff/{key}", "colleague-new": "/staff/new", "centres": "/sites", "centre-new": "/sites/new",
    "policy": "/policies/{policy}", "policy-new": "/policies/new",
}  # fmt: skip
"""Picture → route: of every page."""
SO_TOO: Final = ("now", "today", "alarm-fall", "map", "figures")
"""Shown in English in the dark as well."""


async def pictures(conninfo: str) -> None:
    """Take them all anew."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with running_console(conninfo) as console, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        places, linked = await furnish(console)
        await _walk(browser, console, places, linked, "zh", "light")
        await _walk(browser, console, places, linked, "en", "dark")
        await browser.close()


async def _walk(
    browser: Browser, console: Console, places: Places, linked: Places, language: str, scheme: Scheme
) -> None:
    if missing := places.keys() - {*OF.values(), "/alarms/{alarm}"}:
        raise SystemExit(f"no picture of {', '.join(sorted(missing))}: name one in {__name__}.OF")
    addresses = {name: places[route][0] for name, route in OF.items()}
    kinds = await _alarms_by_rule(console)
    addresses |= {f"alarm-{rule.partition('.')[0]}": f"/alarms/{alarm}" for rule, alarm in kinds.items()}
    behind = {"link-family": linked["/a/{token}"][0], "link-responder": linked["/a/{token}"][1],
              "link-group": linked["/a/{token}"][2], "link-map": linked["/find/{token}"][0]}  # fmt: skip
    first, ending = language == "zh", "" if language == "zh" else f"-{language}-{scheme}"
    locale = "zh-CN" if first else "en-GB"
    async with await browser.new_context(
        viewport={"width": 1366, "height": 768}, base_url=console.url, locale=locale, color_scheme=scheme
    ) as context:
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        await page.goto(f"/language/{language}")
        await page.goto("/signin")
        if first:
            _keep("signin", await page.screenshot())
        await take_a_seat(page, console)
        for name, address in addresses.items():
            if first or name in SO_TOO:
                await page.goto(address)
                await page.wait_for_selector("html[data-ready]", timeout=PATIENCE_MS)
                await page.keyboard.press("Shift")  # browsers allow sound from a key or a click only
                await page.wait_for_timeout(1200)
                _keep(name + ending, await page.screenshot())
    if first:
        async with await browser.new_context(
            viewport={"width": 390, "height": 760}, base_url=console.url, locale=locale
        ) as phone:
            page = await phone.new_page()
            for name, address in behind.items():
                await page.goto(address)
                await page.wait_for_timeout(800)
                _keep(name, await page.screenshot())


async def _alarms_by_rule(console: Console) -> dict[str, str]:
    async with console.connection() as conn:
        rows = await (
            await conn.execute(
                "select distinct on (rule) rule, id::text from alarm"
                " where not drill and state <> 'closed' order by rule"
            )
        ).fetchall()
    return {str(rule): str(alarm) for rule, alarm in rows}


def _keep(name: str, png: bytes) -> None:
    """In few colours: a page of a console has no more."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(FOLDER / f"{name}.png", optimize=True)
    sys.stdout.write(f"{name}.png {(FOLDER / f'{name}.png').stat().st_size:,}\n")


if __name__ == "__main__":
    with running_postgres(durable=False) as server, server.database(migrated=True) as database:
        asyncio.run(pictures(database))
