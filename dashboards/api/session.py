"""Signing in and out, by password or by a one-time link."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel, StringConstraints
from starlette.responses import RedirectResponse, Response

from dashboards.api.access import COOKIE, DepsOf, SignedIn
from dashboards.api.problems import SIGN_IN_PATH, Problem
from dashboards.api.throttle import SignInThrottle
from dashboards.deps import Deps
from gateway.store.accounts import (
    NewSession,
    close_session,
    credentials,
    open_session,
    password_matches,
    redeem_signin_link,
)

router = APIRouter(tags=["session"])
_log = structlog.get_logger(__name__)


class SignIn(BaseModel):
    """Who signs in."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    password: Annotated[str, StringConstraints(max_length=1000)]


class Gate:
    """Checks passwords: never more than two at once, for each takes 64 MiB and 50 ms of a core."""

    def __init__(self) -> None:
        self._throttle = SignInThrottle()
        self._slots = asyncio.Semaphore(2)

    async def sign_in(self, deps: Deps, username: str, password: str, address: str) -> NewSession:
        """Open a session. Raises ``Problem`` 401 for wrong credentials, 429 after too many of them."""
        wait_ms = self._throttle.attempt(username, address, deps.clock.now_ms())
        if wait_ms > 0:
            seconds = -(-wait_ms // 1000)
            raise Problem(
                429,
                f"too many failed sign-ins; try again in {seconds} s",
                kind="throttled",
                headers={"Retry-After": str(seconds)},
            )
        async with deps.pool.connection() as conn:
            known = await credentials(conn, username)
        async with self._slots:
            good = await asyncio.to_thread(password_matches, known.password_hash if known else None, password)
        if known is None or not good:
            _log.info("api_signin_refused")
            raise Problem(401, "wrong user name or password", kind="credentials")
        self._throttle.succeeded(username, address)
        async with deps.pool.connection() as conn:
            return await open_session(conn, known.account, deps.clock.now_ms())


def gate_of(request: Request) -> Gate:
    """The application's gate."""
    gate: Gate = request.app.state.gate
    return gate


def address_of(request: Request) -> str:
    """The client's address, for the throttle."""
    return request.client.host if request.client else ""


def set_session_cookie(response: Response, opened: NewSession, deps: Deps) -> None:
    """Hand the session to the browser."""
    response.set_cookie(
        COOKIE,
        opened.token,
        max_age=(opened.expires_at - deps.clock.now_ms()) // 1000,
        httponly=True,
        samesite="lax",
        secure=deps.secure_cookies,
        path="/",
    )


@router.post("/api/v1/session")
async def sign_in(request: Request, deps: DepsOf, body: SignIn) -> Response:
    """Sign in: sets the session cookie and returns the token (for ``Authorization: Bearer``) and the CSRF token."""
    opened = await gate_of(request).sign_in(deps, body.username, body.password, address_of(request))
    answer = {"token": opened.token, "csrf": opened.csrf, "expires_at": opened.expires_at}
    response = Response(msgspec.json.encode(answer), media_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    set_session_cookie(response, opened, deps)
    return response


@router.get("/api/v1/session")
async def who(principal: SignedIn) -> Response:
    """The signed-in account, and the CSRF token of its session."""
    answer = {"account": principal.account, "csrf": principal.csrf, "expires_at": principal.session.expires_at}
    return Response(msgspec.json.encode(answer), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.delete("/api/v1/session", status_code=204)
async def sign_out(deps: DepsOf, principal: SignedIn) -> Response:
    """Sign out: the token is worthless from now on."""
    async with deps.pool.connection() as conn:
        await close_session(conn, principal.session.token_hash)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=deps.secure_cookies)
    return response


@router.get(SIGN_IN_PATH + "/{token}", include_in_schema=False)
async def follow_link(deps: DepsOf, token: str) -> Response:
    """Use a one-time link: to the sound test and the console, or to the sign-in page when it was used or is too old."""
    async with deps.pool.connection() as conn:
        opened = await redeem_signin_link(conn, token, deps.clock.now_ms())
    if opened is None:
        return RedirectResponse(f"{SIGN_IN_PATH}?problem=link", 303)
    response = RedirectResponse("/sound", 303)
    set_session_cookie(response, opened, deps)
    return response
