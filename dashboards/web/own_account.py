"""One's own account as a page: its password, where one is signed in, and colleagues whom guesses have locked out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import MAY_MANAGE, DepsOf, SignedIn, require_person
from dashboards.api.records.staff import locked_within
from dashboards.web.records.found import sites_of
from dashboards.web.rendering import page
from devices.clock import DEFAULT_TIMEZONE
from gateway.store.accounts import credentials
from gateway.store.passwords import LEAST
from gateway.store.sessions import sessions_of

router = APIRouter(include_in_schema=False)

_BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl")
_SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS X", "Linux")
_CALLED = {"Edg": "Edge", "OPR": "Opera", "Mac OS X": "macOS"}


def browser_of(agent: str | None) -> str:
    """What a browser calls itself, in two words; empty when it says nothing that we know."""
    words = [next((name for name in names if name in (agent or "")), None) for names in (_BROWSERS, _SYSTEMS)]
    return " · ".join(_CALLED.get(word, word) for word in words if word)


@router.get("/account")
async def own_account(request: Request, deps: DepsOf, principal: SignedIn) -> Response:
    """What one may do with one's own account."""
    require_person(principal)
    account, now = principal.account, deps.clock.now_ms()
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
        known = await credentials(conn, account.username)
        open_now = await sessions_of(conn, account.id, principal.session.token_hash, now)
        locked = await locked_within(conn, principal, now) if account.role in MAY_MANAGE else []
    return page(
        request,
        "account.html",
        principal=principal,
        sites=sites,
        has_password=known is not None and known.password_hash is not None,
        least=LEAST,
        sessions=[(each, browser_of(each.agent)) for each in open_now],
        locked=[each for each, _ in locked],
        timezone=sites[0].timezone if sites else DEFAULT_TIMEZONE,
    )
