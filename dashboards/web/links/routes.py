"""The addresses behind links: who opened one, what they see, what they answer."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Annotated, Final, ParamSpec, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from alerts.alarm import Alarm
from alerts.replies import Replier, Verb, answer
from dashboards.api.access import DepsOf, address_of
from dashboards.deps import Deps
from dashboards.web.links.facts import FAMILY, GROUP, Facts, gather
from dashboards.web.links.group import NO_NAME, NOBODY, Press, TooMany, asks, own_link
from dashboards.web.links.guessing import Guessing
from dashboards.web.links.view import Words
from dashboards.web.rendering import page
from dashboards.web.wording import LANGUAGES
from devices.clock import HOUR_MS
from gateway.store.accompanying import accompany_noted
from gateway.store.connection import Connection
from gateway.store.errors import UNAVAILABLE
from gateway.store.links import Expired, Link, open_link
from gateway.store.registry import find
from gateway.store.registry_records import Resident

P = ParamSpec("P")

ACCOMPANIED: Final = "accompanied"
ALONE: Final = "alone"
"""Family go along no more: what they said before is taken back."""
"""What family say of somebody who wanders: "I am with them, for so many hours"."""
FAMILY_GOES_ALONG_AT_MOST_H: Final = 12
"""A visit; a longer one is the desk's to write down. Assumption, ADR 36."""

router = APIRouter(include_in_schema=False)

_HEADERS: Final = {"X-Robots-Tag": "noindex, nofollow, noarchive"}
_PAGE: Final = {FAMILY: "link/family.html", GROUP: "link/group.html"}
_OTHERWISE: Final = "link/responder.html"
_VERBS: Final[dict[str, Verb]] = {verb: verb for verb in get_args(Verb) if verb != "help"}
"""What may be said on a page; whoever is asked how they are has none."""


def _or_say_so(work: Callable[P, Awaitable[Response]]) -> Callable[P, Awaitable[Response]]:
    """A page also while the database is away: who opens it knows nothing of problem documents."""

    @wraps(work)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return await work(*args, **kwargs)
        except UNAVAILABLE:
            request = kwargs["request"]
            assert isinstance(request, Request)
            return _closed(request, "away", 503, None)

    return guarded


@router.get("/a/{token}")
@_or_say_so
async def show(request: Request, deps: DepsOf, token: str, alarm: str = "", lang: str = "") -> Response:
    """How it stands, as far as whoever holds the link may know."""
    link = await _open(request, deps, token)
    if isinstance(link, Response):
        return link
    speaks = lang if lang in LANGUAGES else link.language
    async with deps.pool.connection() as conn:
        if not alarm and len(link.alarms) > 1:
            return _fresh(request, await _several(request, deps, conn, token, link, speaks))
        one = next((each for each in link.alarms if str(each.id) == alarm), link.alarm)
        now = deps.clock.now_ms()
        facts = await gather(conn, one, replier_of_link(link), now)
        asked = await asks(conn, one) if link.role == GROUP and one.is_active else NOBODY
        along = await _goes_along(conn, one, link, now)
    words = Words(speaks, facts.centre, now)
    shown = page(
        request,
        _PAGE.get(link.role, _OTHERWISE),
        speaks=speaks,
        token=token,
        centre=facts.centre,
        live=facts.story.stage,
        several=len(link.alarms) > 1,
        view={**words.details(facts, link.expires_at), "live_map": _shows_live_map(facts)},
        along="" if along is None else words.clock(along),
        spot=None if facts.place is None else words.spot(facts.place),
        other=_other_language(speaks, alarm),
        asked=asked,
        nameless=request.query_params.get("who") == NO_NAME,
    )
    return _fresh(request, shown, but=asked.word)


@router.post("/a/{token}")
@_or_say_so
async def reply(
    request: Request,
    deps: DepsOf,
    token: str,
    verb: Annotated[str, Form(alias="answer")] = "",
    alarm: Annotated[str, Form()] = "",
    person: Annotated[str, Form()] = "",
    responder: Annotated[str, Form()] = "",
    word: Annotated[str, Form()] = "",
    hours: Annotated[int, Form()] = 0,
) -> Response:
    """Answer, as by SMS; then the page again, so that reloading it answers nothing."""
    link = await _open(request, deps, token)
    if isinstance(link, Response):
        return link
    one = next((each for each in link.alarms if str(each.id) == alarm), None)
    if one is not None and link.role == GROUP:
        if one.is_active and verb == "take":
            press = Press(person=person, responder=responder, word=word)
            return await _taken(request, deps, token, link, one, press)
    elif one is not None and verb == ACCOMPANIED and may_accompany(one, link.role):
        await _accompanied(deps, link, one, hours)
    elif one is not None and verb == ALONE:
        await _alone(deps, link, one)
    elif one is not None and verb in _VERBS:
        await answer(deps.alarm_store, one.id, replier_of_link(link), _VERBS[verb], deps.clock.now_ms(), way="page")
    return RedirectResponse(f"/a/{token}" + (f"?{request.url.query}" if request.url.query else ""), 303, _HEADERS)


async def _accompanied(deps: Deps, link: Link, alarm: Alarm, hours: int) -> None:
    """Family go along for some hours: nothing sounds meanwhile, and what sounded is well by their word."""
    assert alarm.resident is not None
    now, who = deps.clock.now_ms(), replier_of_link(link)
    until = now + min(max(hours, 1), FAMILY_GOES_ALONG_AT_MOST_H) * HOUR_MS
    async with deps.pool.connection() as conn:
        await accompany_noted(conn, who.actor, alarm.resident, until, now=now, note=link.name or None)
    await answer(deps.alarm_store, alarm.id, who, "well", now, way="page")


async def _alone(deps: Deps, link: Link, alarm: Alarm) -> None:
    """Family take back that they go along; what staff have said since stays."""
    now = deps.clock.now_ms()
    async with deps.pool.connection() as conn:
        if alarm.resident is not None and await _goes_along(conn, alarm, link, now) is not None:
            await accompany_noted(conn, replier_of_link(link).actor, alarm.resident, None, now=now)


async def _goes_along(conn: Connection, alarm: Alarm, link: Link, now: int) -> int | None:
    """Until when (ms) whoever holds the link has said that they go along, while that holds; else None."""
    if link.role != FAMILY or alarm.resident is None:
        return None
    who = replier_of_link(link).actor
    said = next((each for each in reversed(alarm.timeline) if (each.event, each.actor) == (ACCOMPANIED, who)), None)
    person = None if said is None or said.note is None else await find(conn, Resident, alarm.resident)
    if said is None or person is None or person.accompanied_until is None or person.accompanied_until <= now:
        return None
    return person.accompanied_until if str(person.accompanied_until) == said.note else None


async def _taken(request: Request, deps: Deps, token: str, link: Link, alarm: Alarm, press: Press) -> Response:
    """Somebody of a group goes there: from here on their browser has a page of its own."""
    now = deps.clock.now_ms()
    lang = request.query_params.get("lang", "")
    query = {"lang": lang} if lang in LANGUAGES else {}
    async with deps.pool.connection() as conn:
        own = await own_link(conn, link, token, alarm, press, now)
        theirs = await open_link(conn, own, now) if isinstance(own, str) else None
    if isinstance(own, TooMany):
        return _closed(request, "enough", 429, link.language)
    if own is None:
        query = {"alarm": str(alarm.id), **query, "who": NO_NAME}
    elif isinstance(theirs, Link):
        await answer(deps.alarm_store, theirs.alarm.id, replier_of_link(theirs), "take", now, way="page")
    return RedirectResponse(f"/a/{own or token}" + (f"?{urlencode(query)}" if query else ""), 303, _HEADERS)


async def _open(request: Request, deps: Deps, token: str) -> Link | Response:
    """The link of a token, or the page that says why there is none."""
    guessing: Guessing = request.app.state.guessing
    address = address_of(request)
    admission = await guessing.admit(token, address, deps.clock.now_ms())
    if admission == "refused":
        return _closed(request, "throttled", 429, None)
    async with deps.pool.connection() as conn:
        link = await open_link(conn, token, deps.clock.now_ms())
    if link is None:
        return _closed(request, "unknown", 404, None)
    guessing.opened(token, address, admission)
    return _closed(request, "expired", 410, link.language) if isinstance(link, Expired) else link


def _closed(request: Request, why: str, status: int, language: str | None) -> Response:
    asked = request.query_params.get("lang")
    speaks = asked if asked in LANGUAGES else language
    response = page(request, "link/closed.html", status=status, speaks=speaks, why=why, other=None)
    response.headers.update(_HEADERS)
    return response


async def _several(request: Request, deps: Deps, conn: Connection, token: str, link: Link, speaks: str) -> Response:
    now, who = deps.clock.now_ms(), replier_of_link(link)
    alarms = sorted(link.alarms, key=lambda each: (not each.is_active, -each.raised_at))
    known = [await gather(conn, alarm, who, now) for alarm in alarms]
    words = Words(speaks, known[0].centre, now)
    return page(
        request,
        "link/several.html",
        speaks=speaks,
        token=token,
        centre=known[0].centre,
        live="open" if any(alarm.is_active for alarm in alarms) else "over",
        views=[words.summary(facts) for facts in known],
        as_of=words.clock(now),
        other=_other_language(speaks, ""),
    )


def _fresh(request: Request, response: Response, *, but: str = "") -> Response:
    """The answer, or 304 when the page already shows it, ``but`` for a word that is another each time."""
    body = bytes(response.body).replace(but.encode(), b"") if but else bytes(response.body)
    tag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    response.headers.update({**_HEADERS, "ETag": tag})
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={**_HEADERS, "ETag": tag, "Cache-Control": "no-store"})
    return response


def may_accompany(alarm: Alarm, role: str) -> bool:
    """Whether they may say for how long they go along."""
    return role == FAMILY and alarm.kind == "wandering" and alarm.is_active and alarm.resident is not None


def _shows_live_map(facts: Facts) -> bool:
    """Whether the same link opens the live map: to whoever may see the place of somebody who is sought."""
    return facts.place is not None and facts.alarm.kind == "wandering" and facts.alarm.is_active


def _other_language(speaks: str, alarm: str) -> str:
    other = next(language for language in LANGUAGES if language != speaks)
    return "?" + urlencode({"lang": other} | ({"alarm": alarm} if alarm else {}))


def replier_of_link(link: Link) -> Replier:
    """Who answers by the page of a message."""
    return Replier(
        role=link.role,
        name=link.name,
        language=link.language,
        contact=link.contact,
        responder=link.responder,
        account=link.account,
        of_a_group=link.of_a_group,
    )
