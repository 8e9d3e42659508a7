"""Signing in and out, by password or by a one-time link."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated, Final, NamedTuple

import msgspec
import structlog
from fastapi import APIRouter, Request
from pydantic import BaseModel, StringConstraints
from starlette.responses import RedirectResponse, Response

from dashboards.api.access import COOKIE, DepsOf, SignedIn, address_of, looks_of
from dashboards.api.looks import Looks
from dashboards.api.metrics import SIGN_INS
from dashboards.api.problems import SIGN_IN_PATH, Problem
from dashboards.api.throttle import SignInThrottle
from dashboards.deps import Deps
from devices.refusals import Refusal
from gateway.store.accounts import (
    NewSession,
    close_session,
    credentials,
    open_session,
    password_matches,
    redeem_signin_link,
    token_hash,
)
from gateway.store.audit_log import Entry
from gateway.store.connection import Connection
from gateway.store.sessions import KNOWN_MS, is_known, note_known
from gateway.store.signin_guard import Attempt, attempt, of_browser, of_name, succeeded

router = APIRouter(tags=["session"])

BROWSER_COOKIE: Final = "anxin_browser"
_log = structlog.get_logger(__name__)


class SignIn(BaseModel):
    """Who signs in."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    password: Annotated[str, StringConstraints(max_length=1000)]


class Visitor(NamedTuple):
    """Whoever wants to sign in: from where, with what, and the token of a browser that may be known."""

    address: str
    agent: str | None
    browser: str | None


class Admitted(NamedTuple):
    """An opened session, and the token by which this browser is known from now on."""

    session: NewSession
    browser: str


class Gate:
    """Checks passwords: never more than two at once, for each takes 64 MiB and 50 ms of a core.

    Guessing is slowed twice: by address, here; by name over all addresses and restarts, in the database. A browser
    in which the account has signed in before is counted by itself, so that nobody else can lock it (ADR 42).
    """

    def __init__(self) -> None:
        self._throttle = SignInThrottle()
        self._slots = asyncio.Semaphore(2)

    async def sign_in(self, deps: Deps, looks: Looks, username: str, password: str, visitor: Visitor) -> Admitted:
        """Open a session. Raises ``Problem`` 401 for wrong credentials, 429 after too many of them."""
        now = deps.clock.now_ms()
        browser = None if visitor.browser is None else token_hash(visitor.browser)
        async with deps.pool.connection() as conn:
            is_own = browser is not None and await is_known(conn, browser, username)
        origin = f"browser {browser.hex()}" if browser is not None and is_own else visitor.address
        _check_wait(self._throttle.attempt(username, origin, now))
        key = of_browser(username, browser.hex()) if browser is not None and is_own else of_name(username)
        async with deps.pool.connection() as conn:
            tried = await attempt(conn, key, now)
            known = await credentials(conn, username)
        _check_wait(tried.wait_ms)
        good = await self.matches(known.password_hash if known else None, password)
        if known is None or not good:
            await self._refused(looks, username, tried, visitor)
            raise Problem(401, Refusal("signin.credentials", "wrong user name or password"), kind="credentials")
        self._throttle.succeeded(username, origin)
        async with deps.pool.connection() as conn:
            await succeeded(conn, key)
            opened = await open_session(
                conn, known.account, now, deps.session_rules, address=visitor.address or None, agent=visitor.agent
            )
            token = await _known_from_now_on(conn, visitor, known.account, now)
        SIGN_INS.labels("done").inc()
        await looks.note(_entry(looks, "signin", username, "password", visitor))
        return Admitted(opened, token)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether a password is the one; it takes as long when there is none."""
        async with self._slots:
            return await asyncio.to_thread(password_matches, password_hash, password)

    async def _refused(self, looks: Looks, username: str, tried: Attempt, visitor: Visitor) -> None:
        _log.info("api_signin_refused", locks_ms=tried.locked_ms)
        SIGN_INS.labels("refused").inc()
        await looks.note(_entry(looks, "signin_refused", username, "password", visitor))
        if tried.locked_ms:
            await looks.note(_entry(looks, "locked", username, None, visitor, {"locked_ms": tried.locked_ms}))


def _check_wait(wait_ms: int) -> None:
    if wait_ms > 0:
        seconds = -(-wait_ms // 1000)
        SIGN_INS.labels("throttled").inc()
        raise Problem(
            429,
            Refusal("signin.throttled", "too many failed sign-ins; try again in {seconds} s", seconds=seconds),
            kind="throttled",
            headers={"Retry-After": str(seconds)},
        )


def _entry(
    looks: Looks, act: str, username: str, what: str | None, visitor: Visitor,
    detail: dict[str, str | int] | None = None,
) -> Entry:  # fmt: skip
    return Entry(
        act=act, at=looks.now_ms(), actor=_printable(username), via="console", what=what,
        address=visitor.address or None, detail=detail or {},
    )  # fmt: skip


def _printable(username: str) -> str:
    """What was typed for a name, as it can be stored; it may be a password that went into the wrong field."""
    return "".join(each if each.isprintable() else "�" for each in username)[:64]


async def _known_from_now_on(conn: Connection, visitor: Visitor, account: str, now: int) -> str:
    """The token by which this browser knows the account; the one that it has, where it has one."""
    token = visitor.browser or secrets.token_urlsafe(24)
    await note_known(conn, token_hash(token), account, now)
    return token


def visitor_of(request: Request) -> Visitor:
    """Who asks to be let in."""
    known = request.cookies.get(BROWSER_COOKIE)
    return Visitor(address_of(request), request.headers.get("user-agent"), known or None)


def gate_of(request: Request) -> Gate:
    """The application's gate."""
    gate: Gate = request.app.state.gate
    return gate


def set_session_cookie(response: Response, admitted: Admitted, deps: Deps) -> None:
    """Hand the session to the browser, and what makes it known."""
    seconds = (admitted.session.expires_at - deps.clock.now_ms()) // 1000
    response.set_cookie(
        COOKIE, admitted.session.token, max_age=seconds, httponly=True, samesite="lax",
        secure=deps.secure_cookies, path="/",
    )  # fmt: skip
    response.set_cookie(
        BROWSER_COOKIE, admitted.browser, max_age=KNOWN_MS // 1000, httponly=True, samesite="lax",
        secure=deps.secure_cookies, path=SIGN_IN_PATH,
    )  # fmt: skip


@router.post("/api/v1/session")
async def sign_in(request: Request, deps: DepsOf, body: SignIn) -> Response:
    """Sign in: sets the session cookie and returns the token (for ``Authorization: Bearer``) and the CSRF token."""
    visitor = visitor_of(request)
    admitted = await gate_of(request).sign_in(deps, looks_of(request), body.username, body.password, visitor)
    opened = admitted.session
    answer = {"token": opened.token, "csrf": opened.csrf, "expires_at": opened.expires_at}
    response = Response(msgspec.json.encode(answer), media_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    set_session_cookie(response, admitted, deps)
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
async def follow_link(request: Request, deps: DepsOf, token: str) -> Response:
    """Use a one-time link: to the sound test and the console, or to the sign-in page when it was used or is too old."""
    visitor, now, looks = visitor_of(request), deps.clock.now_ms(), looks_of(request)
    address, agent = visitor.address or None, visitor.agent
    async with deps.pool.connection() as conn:
        opened = await redeem_signin_link(conn, token, now, deps.session_rules, address=address, agent=agent)
        if opened is None:
            return RedirectResponse(f"{SIGN_IN_PATH}?problem=link", 303)
        account, session = opened
        browser = await _known_from_now_on(conn, visitor, account.id, now)
    await looks.note(_entry(looks, "signin", account.username, "link", visitor))
    response = RedirectResponse("/sound", 303)
    set_session_cookie(response, Admitted(session, browser), deps)
    return response
