"""Responders: who can be sent to somebody's door."""

from __future__ import annotations

from typing import get_args

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing, Principal, SignedIn
from dashboards.web.colleagues import colleagues
from dashboards.web.records.found import administers, manages, record, sites_of
from dashboards.web.rendering import page
from gateway.store.connection import Connection
from gateway.store.registry import listing
from gateway.store.registry_records import Responder, ResponderKind

router = APIRouter(include_in_schema=False)

KINDS: tuple[ResponderKind, ...] = get_args(ResponderKind)
AT_MOST = 2000


@router.get("/responders")
async def all_responders(request: Request, deps: DepsOf, principal: SignedIn) -> Response:
    """Those who can be sent, by building; behind them those who cannot for now."""
    async with deps.pool.connection() as conn:
        found = await listing(conn, Responder, sites=principal.sites, limit=AT_MOST)
        sites = await sites_of(conn, principal)
    return page(
        request,
        "responders.html",
        principal=principal,
        responders=sorted(found, key=lambda each: (not each.active, each.site, each.building or "", each.name)),
        sites={each.id: each.name for each in sites},
        may_manage=manages(principal),
        may_administer=administers(principal),
    )


@router.get("/responders/new")
async def new_responder(request: Request, deps: DepsOf, principal: Managing) -> Response:
    """An empty responder form."""
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
        names = await _usernames(conn, principal)
    return page(
        request, "responder_form.html", principal=principal, responder=None, sites=sites, kinds=KINDS, accounts=names
    )


@router.get("/responders/{responder}")
async def edit_responder(request: Request, deps: DepsOf, principal: Managing, responder: str) -> Response:
    """The responder form, filled in."""
    async with deps.pool.connection() as conn:
        found = await record(conn, principal, Responder, responder)
        sites = await sites_of(conn, principal)
        names = await _usernames(conn, principal)
    return page(
        request, "responder_form.html", principal=principal, responder=found, sites=sites, kinds=KINDS, accounts=names
    )


async def _usernames(conn: Connection, principal: Principal) -> list[tuple[str, str]]:
    return sorted((each.username, each.display_name or each.username) for each in await colleagues(conn, principal))
