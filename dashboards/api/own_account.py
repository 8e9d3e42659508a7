"""One's own account over HTTP: its password, and where it is signed in."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from pydantic import StringConstraints
from starlette.responses import Response

from dashboards.api.access import DepsOf, Principal, SignedIn, require_person
from dashboards.api.forms import Form
from dashboards.api.problems import Problem, invalid
from dashboards.api.session import BROWSER_COOKIE, gate_of
from dashboards.deps import Deps
from devices.refusals import Refusal, no_such
from gateway.store.accounts import change_password, credentials, hash_password, token_hash
from gateway.store.passwords import weakness, why_weak
from gateway.store.sessions import end_sessions, sessions_of
from gateway.store.signin_guard import attempt, of_browser, succeeded

router = APIRouter(tags=["session"], prefix="/api/v1")


class PasswordForm(Form):
    """The password so far (none where there was none) and the new one."""

    current: Annotated[str, StringConstraints(max_length=1000)] = ""
    password: Annotated[str, StringConstraints(max_length=1000)]


@router.put("/session/password")
async def change_own_password(request: Request, deps: DepsOf, principal: SignedIn, body: PasswordForm) -> Response:
    """Change one's own password: 200 with how many other sessions that `ended`. An API token cannot."""
    require_person(principal)
    await _check_current(request, deps, principal, body.current)
    account = principal.account
    if body.password == body.current:
        raise invalid("/body/password", Refusal("password.same", "it is the one that you have"))
    if found := weakness(body.password, names=(account.username, account.display_name)):
        raise invalid("/body/password", why_weak(found))
    hashed = await asyncio.to_thread(hash_password, body.password)
    browser = request.cookies.get(BROWSER_COOKIE)
    async with deps.pool.connection() as conn:
        ended = await change_password(
            conn, account.id, hashed, session=principal.session.token_hash,
            browser=None if browser is None else token_hash(browser),
        )  # fmt: skip
    await principal.did("password", what="own", sessions_ended=ended)
    return Response(msgspec.json.encode({"ended": ended}), media_type="application/json")


async def _check_current(request: Request, deps: Deps, principal: Principal, current: str) -> None:
    """Answer 403 for a wrong password; whoever sits at an open desk guesses no faster than at the door."""
    username, now = principal.account.username, deps.clock.now_ms()
    key = of_browser(username, "own account")
    async with deps.pool.connection() as conn:
        known = await credentials(conn, username)
        if known is None or known.password_hash is None:
            return
        tried = await attempt(conn, key, now)
    if tried.wait_ms:
        seconds = -(-tried.wait_ms // 1000)
        headers = {"Retry-After": str(seconds)}
        raise Problem(
            429,
            Refusal("password.throttled", "too many wrong passwords; try again in {seconds} s", seconds=seconds),
            kind="throttled",
            headers=headers,
        )
    if not await gate_of(request).matches(known.password_hash, current):
        await principal.did("signin_refused", what="own password")
        raise invalid("/body/current", Refusal("password.wrong", "this is not your password"))
    async with deps.pool.connection() as conn:
        await succeeded(conn, key)


@router.get("/sessions")
async def own_sessions(deps: DepsOf, principal: SignedIn) -> Response:
    """Where one is signed in, this session first (`current`)."""
    require_person(principal)
    async with deps.pool.connection() as conn:
        found = await sessions_of(conn, principal.account.id, principal.session.token_hash, deps.clock.now_ms())
    return Response(msgspec.json.encode({"items": found, "next": None}), media_type="application/json")


@router.delete("/sessions")
async def sign_out_elsewhere(deps: DepsOf, principal: SignedIn) -> Response:
    """Sign out everywhere but here: 200 with how many sessions that `ended`."""
    require_person(principal)
    async with deps.pool.connection() as conn:
        current = principal.session.token_hash
        ended = await end_sessions(conn, principal.account.id, "elsewhere", but=current)
    await principal.did("sessions_ended", what="own", sessions_ended=ended)
    return Response(msgspec.json.encode({"ended": ended}), media_type="application/json")


@router.delete("/sessions/{key}", status_code=204)
async def end_own_session(deps: DepsOf, principal: SignedIn, key: str) -> Response:
    """Sign out in one place."""
    require_person(principal)
    async with deps.pool.connection() as conn:
        if not await end_sessions(conn, principal.account.id, "elsewhere", only=key):
            raise Problem(404, no_such("session"))
    await principal.did("sessions_ended", what="own", sessions_ended=1)
    return Response(status_code=204)
