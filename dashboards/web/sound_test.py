"""The end of the sign-in: whoever may act on alarms hears one, and says so."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from dashboards.api.access import MAY_ACT, SignedIn
from dashboards.api.problems import WANTED_COOKIE
from dashboards.web.rendering import page

router = APIRouter(include_in_schema=False)

HEARD_COOKIE: Final = "anxin_heard"
"""Lives as long as the browser: who heard the sound in it is not asked again, whoever comes after them is."""


@router.get("/sound")
async def sound_test(request: Request, principal: SignedIn, *, again: bool = False) -> Response:
    """Play the alarm's sound and ask; on to where one wanted to go for whoever looks on only, or has heard it.

    ``again``: somebody wants to try it out.
    """
    wanted = "/" if again else _wanted(request)
    heard = request.cookies.get(HEARD_COOKIE) == principal.account.id
    if not again and (heard or principal.account.role not in MAY_ACT):
        response = RedirectResponse(wanted, 303)
        response.delete_cookie(WANTED_COOKIE, path="/", samesite="lax")
        return response
    return page(request, "sound.html", principal=principal, next=wanted)


def _wanted(request: Request) -> str:
    """A page of ours that somebody asked for before they signed in, else the live list."""
    path = unquote(request.cookies.get(WANTED_COOKIE, "/"))
    is_ours = path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable() and "?" not in path
    return path if is_ours and not path.startswith(("/signin", "/sound", "/api/")) else "/"
