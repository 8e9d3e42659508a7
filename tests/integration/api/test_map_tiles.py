"""Tiles lie under the console's maps only where the settings name a server, and only its pictures may be fetched."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from dashboards.api import create_app
from dashboards.deps import Deps, Tiles
from gateway.store.connection import Connection
from tests.support.console import Tokens

TILES = Tiles(url="https://tiles.example/{z}/{x}/{y}.png?k=1", attribution="© <b>Tiles</b>", max_zoom=17)


async def asked(deps: Deps, token: str, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(deps))
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        return await client.get(path, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("path", ["/map", "/find/nothing", "/a/nothing"])
async def test_without_a_server_of_tiles_no_page_may_fetch_from_elsewhere(
    deps: Deps, conn: Connection, token_of: Tokens, path: str
) -> None:
    page = await asked(deps, await token_of(), path)
    assert "img-src 'self' data: blob:;" in page.headers["content-security-policy"]
    assert "data-tiles" not in page.text


async def test_with_one_the_consoles_pages_may_fetch_its_pictures_and_nothing_else(
    deps: Deps, conn: Connection, token_of: Tokens
) -> None:
    page = await asked(replace(deps, tiles=TILES), await token_of(), "/map")
    policy = page.headers["content-security-policy"]
    assert "img-src 'self' data: blob: https://tiles.example;" in policy
    assert policy.startswith("default-src 'self';")
    assert policy.count("tiles.example") == 1
    assert 'data-tiles="https://tiles.example/{z}/{x}/{y}.png?k=1"' in page.text
    assert "© &lt;b&gt;Tiles" in page.text


@pytest.mark.parametrize("path", ["/find/nothing", "/a/nothing"])
async def test_pages_behind_links_never_tell_a_server_of_tiles_anything(
    deps: Deps, conn: Connection, token_of: Tokens, path: str
) -> None:
    page = await asked(replace(deps, tiles=TILES), await token_of(), path)
    assert "tiles.example" not in page.headers["content-security-policy"]
    assert "tiles.example" not in page.text
