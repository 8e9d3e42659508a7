"""The form of a zone."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from alerts.checks import WEEKDAYS
from dashboards.api.access import DepsOf, Managing, Principal
from dashboards.web.records.found import card_of, record
from dashboards.web.records.scenes import scene_of_person, zone_of
from dashboards.web.rendering import page
from gateway.store.queries import Card
from gateway.store.registry_records import Fence

router = APIRouter(include_in_schema=False)


@router.get("/people/{resident}/zones/new")
async def new_zone(request: Request, deps: DepsOf, principal: Managing, resident: str) -> Response:
    """An empty zone form around the resident's home."""
    card = await card_of(deps, principal, resident)
    return _form(request, principal, card, None)


@router.get("/zones/{fence}/edit")
async def edit_zone(request: Request, deps: DepsOf, principal: Managing, fence: str) -> Response:
    """The zone form, filled in."""
    async with deps.pool.connection() as conn:
        found = await record(conn, principal, Fence, fence)
    card = await card_of(deps, principal, found.resident)
    return _form(request, principal, card, found)


def _form(request: Request, principal: Principal, card: Card, fence: Fence | None) -> Response:
    return page(
        request,
        "zone_form.html",
        principal=principal,
        card=card,
        fence=fence,
        scene=scene_of_person(card, without=fence.id if fence else None),
        own=zone_of(fence) if fence else None,
        weekdays=WEEKDAYS,
    )
