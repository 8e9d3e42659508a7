"""The page of the live map behind a link: whom to look for, where they are, and whom to tell."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from dashboards.api.access import DepsOf
from dashboards.deps import Deps
from dashboards.web.links.live import OpenMap, open_map, shown
from dashboards.web.links.view import Words
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import LANGUAGES
from gateway.store.disclosure import Centre, centre
from gateway.store.errors import UNAVAILABLE
from gateway.store.find_links import note_found

router = APIRouter(include_in_schema=False)

_HEADERS = {"X-Robots-Tag": "noindex, nofollow, noarchive"}
_STATUS = {"throttled": 429, "unknown": 404, "expired": 410, "revoked": 410, "ended": 410, "away": 503}
LONGEST_WORDS = 200


@router.get("/find/{token}")
async def show(request: Request, deps: DepsOf, token: str, lang: str = "") -> Response:
    """The map, as far as whoever holds the link may know; it keeps itself fresh."""
    asked = lang if lang in LANGUAGES else None
    try:
        opened = await open_map(request, deps, token)
        if isinstance(opened, OpenMap):
            async with deps.pool.connection() as conn:
                known = await shown(conn, opened, deps.clock.now_ms(), None)
        else:
            return _closed(request, opened.why, asked, await _centre_of(deps, opened.site))
    except UNAVAILABLE:
        return _closed(request, "away", asked)
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


@router.post("/find/{token}/found")
async def found(request: Request, deps: DepsOf, token: str, words: Annotated[str, Form()] = "") -> Response:
    """Whoever searches says that they have found them: the desk hears it, and ends the search when it has checked."""
    try:
        opened = await open_map(request, deps, token)
        if not isinstance(opened, OpenMap):
            return _closed(request, opened.why, None, await _centre_of(deps, opened.site))
        said = " ".join(words.replace("\0", " ").split())[:LONGEST_WORDS] or None
        async with deps.pool.connection() as conn:
            await note_found(conn, opened.holder, words=said, now=deps.clock.now_ms())
    except UNAVAILABLE:
        return _closed(request, "away", None)
    return RedirectResponse(f"/find/{token}", 303, _HEADERS)


async def _centre_of(deps: Deps, site: str | None) -> Centre | None:
    if site is None:
        return None
    async with deps.pool.connection() as conn:
        return await centre(conn, site)


def _closed(request: Request, why: str, speaks: str | None, of: Centre | None = None) -> Response:
    said = "timed_out" if why == "expired" and of is not None else why
    response = page(request, "link/closed.html", status=_STATUS[why], speaks=speaks, why=said, other=None, by=of)
    response.headers.update(_HEADERS)
    return response
