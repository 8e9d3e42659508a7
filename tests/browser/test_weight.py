"""What the first pages weigh over the wire, and what a browser keeps of them."""

from __future__ import annotations

from typing import Any

import httpx
from playwright.async_api import Browser, Page

from tests.browser.conftest import Console, take_a_seat, watched_page

AT_MOST_OCTETS = 200_000
WITHOUT_OTHER_PAGES = "window.requestIdleCallback = () => 0"
"""What other pages need comes when there is time: the page that is weighed has none."""


async def weight_of(page: Page, path: str) -> dict[str, int]:
    """Octets over the wire, headers too, by address; the cache of the browser is empty."""
    protocol = await page.context.new_cdp_session(page)
    addresses: dict[str, str] = {}
    weight: dict[str, int] = {}

    def asked(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["request"]["url"]

    def finished(event: dict[str, Any]) -> None:
        if event["requestId"] not in addresses:
            return  # the page before had asked for it
        weight[addresses[event["requestId"]]] = round(event["encodedDataLength"])

    protocol.on("Network.requestWillBeSent", asked)
    protocol.on("Network.loadingFinished", finished)
    await protocol.send("Network.enable")
    await protocol.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await page.goto(path)
    await page.wait_for_load_state()
    if path != "/signin":
        await page.wait_for_selector("html[data-ready]")
    await protocol.detach()
    return weight


async def test_the_first_pages_weigh_less_than_200_kb(browser: Browser, console: Console) -> None:
    async with watched_page(browser, console) as watched:
        page = watched.page
        await page.add_init_script(WITHOUT_OTHER_PAGES)
        for_signin = await weight_of(page, "/signin")
        assert sum(for_signin.values()) < AT_MOST_OCTETS / 4
        await take_a_seat(page, console)
        for_now = await weight_of(page, "/")
        assert sum(for_now.values()) < AT_MOST_OCTETS, (sum(for_now.values()), for_now)
        assert not [path for path in for_now if "leaflet-src" in path or "uPlot.esm" in path]


async def test_what_carries_a_version_is_kept_for_good_and_what_does_not_is_asked_for(console: Console) -> None:
    async with httpx.AsyncClient(base_url=console.url) as client:
        page = (await client.get("/signin")).text
        style = page.partition('href="/static/base.css')[2].partition('"')[0]
        kept = await client.get(f"/static/base.css{style}")
        under_its_version = await client.get(f"/static/{style.removeprefix('?v=')}/js/app.js")
        of_an_older_page = await client.get("/static/0123456789ab/js/app.js")
        missing = await client.get("/static/0123456789ab/js/no_such.js")
        asked = await client.get("/static/js/app.js")
        again = await client.get("/static/js/app.js", headers={"If-None-Match": asked.headers["etag"]})
        plain = await client.get("/static/js/app.js", headers={"Accept-Encoding": "identity"})
    assert "immutable" in kept.headers["cache-control"]
    assert "immutable" in under_its_version.headers["cache-control"]
    assert (of_an_older_page.text, of_an_older_page.headers["cache-control"]) == (asked.text, "no-cache")
    assert missing.status_code == 404
    assert (asked.headers["cache-control"], asked.headers["content-encoding"]) == ("no-cache", "gzip")
    assert (again.status_code, again.content) == (304, b"")
    assert "content-encoding" not in plain.headers
    assert plain.text == asked.text
