"""What people outside answered, those first of whom nobody knows who they are or what they meant."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, SignedIn
from dashboards.api.problems import Problem
from dashboards.web.records.found import administers, manages, sites_of
from dashboards.web.rendering import page
from devices.clock import DEFAULT_TIMEZONE
from devices.refusals import Refusal
from gateway.store.inbox_list import replies

router = APIRouter(include_in_schema=False)

PAGE = 50
MEANINGS = ("unclear", "unknown_sender", "take", "there", "well", "cannot", "list", "none", "opt_out", "own_number")


@router.get("/replies")
async def all_replies(
    request: Request, deps: DepsOf, principal: SignedIn, meaning: str = "", before: str = ""
) -> Response:
    """Answers newest first, all or those of one meaning."""
    async with deps.pool.connection() as conn:
        try:
            found = await replies(
                conn,
                sites=principal.sites,
                meaning=meaning if meaning in MEANINGS else None,
                before=before or None,
                limit=PAGE + 1,
            )
        except ValueError:
            raise Problem(422, Refusal("cursor", "before: not a cursor of this list")) from None
        sites = await sites_of(conn, principal)
    shown = found[:PAGE]
    return page(
        request,
        "replies.html",
        principal=principal,
        replies=shown,
        next=shown[-1].cursor if len(found) > PAGE else None,
        meaning=meaning,
        meanings=MEANINGS,
        timezone=sites[0].timezone if sites else DEFAULT_TIMEZONE,
        may_manage=manages(principal),
        may_administer=administers(principal),
    )
