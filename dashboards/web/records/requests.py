"""What residents ask for, by button or by phone: the open ones until somebody has settled them."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import MAY_ACT, DepsOf, SignedIn
from dashboards.api.problems import Problem
from dashboards.web.records.found import administers, manages, sites_of
from dashboards.web.records.person import SERVICE_CODES
from dashboards.web.rendering import page
from devices.clock import DEFAULT_TIMEZONE
from devices.refusals import Refusal
from gateway.store.accounts import accounts
from gateway.store.people import names_of
from gateway.store.requests import requests

router = APIRouter(include_in_schema=False)

PAGE = 50


@router.get("/requests")
async def all_requests(
    request: Request,
    deps: DepsOf,
    principal: SignedIn,
    state: Literal["open", "done", "all"] = "open",
    before: str = "",
) -> Response:
    """Requests newest first; those that wait unless others are asked for."""
    try:
        t, _, n = before.partition("_")
        cursor = (int(t), int(n or 0)) if before else None
    except ValueError:
        raise Problem(422, Refusal("cursor", "before: not a cursor of this list")) from None
    async with deps.pool.connection() as conn:
        filters = {} if state == "all" else {"state": state}
        found = await requests(conn, sites=principal.sites, filters=filters, before=cursor, limit=PAGE + 1)
        names = await names_of(conn, {each.resident for each in found}, {each.household for each in found})
        staff = await accounts(conn)
        sites = await sites_of(conn, principal)
    shown = found[:PAGE]
    return page(
        request,
        "requests.html",
        principal=principal,
        requests=shown,
        next=f"{shown[-1].t}_{shown[-1].n}" if len(found) > PAGE else None,
        names=names,
        staff={each.username: each.display_name or each.username for each in staff},
        state=state,
        codes=SERVICE_CODES,
        timezone=sites[0].timezone if sites else DEFAULT_TIMEZONE,
        may_act=principal.account.role in MAY_ACT,
        may_manage=manages(principal),
        may_administer=administers(principal),
    )
