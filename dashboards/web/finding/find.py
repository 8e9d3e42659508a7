"""The page of the live map behind a link: whom to look for, where they are, and whom to tell."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf
from dashboards.web.links.live import OpenMap, open_map, shown
from dashboards.web.links.view import Words
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import LANGUAGES
from gateway.store.errors import UNAVAILABLE

router = APIRouter(include_in_schema=False)

_HEADERS = {"X-Robots-Tag": "noindex, nofollow, noarchive"}
_STATUS = {"throttled": 429, "unknown": 404, "expired": 410, "away": 503}


@router.get("/find/{token}")
async def show(request: Request, deps: DepsOf, token: str, lang: str = "") -> Response:
    """The map, as far as whoever holds the link may know; it keeps itself fresh."""
    asked = lang if lang in LANGUAGES else None
    try:
        opened = await open_map(request, deps, token)
        if isinstance(opened, OpenMap):
            async with deps.pool.connection() as conn:
                known = await shown(conn, opened, deps.clock.now_ms(), None)
    except UNAVAILABLE:
        return _closed(request, "away", asked)
    if not isinstance(opened, OpenMap):
        return _closed(request, opened, asked)
    speaks = asked or opened.language or language_of(request, None)
    words = Words(speaks, known["centre"], known["as_of"])
    response = page(
        request,
        "link/find.html",
        speaks=speaks,
        token=token,
        search=known,
        centre=known["centre"],
        person=known["resident"],
        until=words.clock(known["expires_at"]),
        other=f"?lang={next(language for language in LANGUAGES if language != speaks)}",
    )
    response.headers.update(_HEADERS)
    return response


def _closed(request: Request, why: str, speaks: str | None) -> Response:
    response = page(request, "link/closed.html", status=_STATUS[why], speaks=speaks, why=why, other=None)
    response.headers.update(_HEADERS)
    return response
