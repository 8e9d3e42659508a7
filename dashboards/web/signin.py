"""Signing in by form, the sound test after it, signing out, and the language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from dashboards.api.access import COOKIE, DepsOf, Principal, SignedIn, looks_of, maybe_signed_in
from dashboards.api.problems import Problem
from dashboards.api.session import gate_of, set_session_cookie, visitor_of
from dashboards.web.rendering import LANGUAGE_COOKIE, page
from dashboards.web.wording import LANGUAGES
from gateway.store.accounts import close_session, token_hash
from gateway.store.sessions import why_ended

router = APIRouter(include_in_schema=False)
MaybeSignedIn = Annotated[Principal | None, Depends(maybe_signed_in)]
YEAR_S = 365 * 24 * 3600


@router.get("/signin")
async def form(request: Request, deps: DepsOf, principal: MaybeSignedIn, problem: str = "") -> Response:
    """The sign-in form, with the reason for whoever was signed out; whoever is signed in goes on."""
    if principal is not None:
        return RedirectResponse("/", 303)
    ended = None
    if cookie := request.cookies.get(COOKIE):
        async with deps.pool.connection() as conn:
            ended = await why_ended(conn, token_hash(cookie), deps.clock.now_ms())
    return _form(request, problem=problem if problem == "link" else "", ended=ended)


@router.post("/signin")
async def sign_in(
    request: Request, deps: DepsOf, username: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
) -> Response:
    """Open a session and go to the sound test; on refusal the form again, saying why."""
    missing = [name for name, given in (("username", username.strip()), ("password", password)) if not given]
    if missing:
        return _form(request, status=422, missing=missing, username=username)
    try:
        looks, visitor = looks_of(request), visitor_of(request)
        admitted = await gate_of(request).sign_in(deps, looks, username.strip(), password, visitor)
    except Problem as refused:
        problem = "throttled" if refused.status == 429 else "credentials"
        return _form(request, status=refused.status, problem=problem, username=username)
    response = RedirectResponse("/sound", 303)
    set_session_cookie(response, admitted, deps)
    return response


def _form(
    request: Request,
    *,
    status: int = 200,
    problem: str = "",
    ended: str | None = None,
    missing: Sequence[str] = (),
    username: str = "",
) -> Response:
    """The sign-in form, with what went wrong."""
    return page(request, "signin.html", status=status, problem=problem, ended=ended, missing=missing, username=username)


@router.post("/signout")
async def sign_out(deps: DepsOf, principal: SignedIn) -> Response:
    """End the session."""
    async with deps.pool.connection() as conn:
        await close_session(conn, principal.session.token_hash)
    response = RedirectResponse("/signin", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=deps.secure_cookies)
    return response


@router.get("/language/{language}")
async def choose_language(request: Request, deps: DepsOf, language: str) -> Response:
    """Remember the language in this browser and go back to where one was."""
    back = urlsplit(request.query_params.get("back", "/")).path or "/"
    response = RedirectResponse(back if back.startswith("/") and not back.startswith("//") else "/", 303)
    if language in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=YEAR_S, samesite="lax", secure=deps.secure_cookies, path="/"
        )
    return response
