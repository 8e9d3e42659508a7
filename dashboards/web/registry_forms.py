"""Plain forms for residents, devices, contacts and zones; they post to the public API."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, EditingContacts, Managing, Principal
from dashboards.api.problems import Problem
from dashboards.deps import Deps
from dashboards.web.rendering import page
from gateway.store.queries import Card, resident_card
from gateway.store.registry import find, listing
from gateway.store.registry_records import Contact, Fence, Resident, Site

router = APIRouter(include_in_schema=False)

STATUSES = ("active", "away", "hospital", "paused", "moved", "deceased")
DEVICE_TYPES = ("band", "pendant", "box", "rower", "elliptical", "walker", "abs", "twister")
NAMES_AT_MOST = 20_000


async def _sites(deps: Deps, principal: Principal) -> list[Site]:
    async with deps.pool.connection() as conn:
        return await listing(conn, Site, sites=principal.sites)


async def _card(deps: Deps, principal: Principal, resident: str) -> Card:
    async with deps.pool.connection() as conn:
        card = await resident_card(conn, resident)
    if card is None or not principal.account.sees(card.resident.site):
        raise Problem(404, "there is no such resident")
    return card


@router.get("/people/new")
async def new_person(request: Request, deps: DepsOf, principal: Managing) -> Response:
    """An empty resident form."""
    sites = await _sites(deps, principal)
    return page(request, "person_form.html", principal=principal, sites=sites, resident=None, statuses=STATUSES)


@router.get("/people/{resident}/edit")
async def edit_person(request: Request, deps: DepsOf, principal: Managing, resident: str) -> Response:
    """The resident form, filled in."""
    card = await _card(deps, principal, resident)
    sites = await _sites(deps, principal)
    return page(
        request,
        "person_form.html",
        principal=principal,
        sites=sites,
        resident=card.resident,
        statuses=STATUSES,
    )


@router.get("/people/{resident}/contacts/new")
async def new_contact(request: Request, deps: DepsOf, principal: EditingContacts, resident: str) -> Response:
    """An empty contact form, last in order."""
    card = await _card(deps, principal, resident)
    order = max((contact.order for contact in card.contacts), default=0) + 1
    return page(request, "contact_form.html", principal=principal, card=card, contact=None, order=order)


@router.get("/contacts/{contact}/edit")
async def edit_contact(request: Request, deps: DepsOf, principal: EditingContacts, contact: str) -> Response:
    """The contact form, filled in."""
    async with deps.pool.connection() as conn:
        found = await find(conn, Contact, contact)
    if found is None:
        raise Problem(404, "there is no such contact")
    card = await _card(deps, principal, found.resident)
    return page(request, "contact_form.html", principal=principal, card=card, contact=found, order=found.order)


@router.get("/people/{resident}/zones/new")
async def new_zone(request: Request, deps: DepsOf, principal: Managing, resident: str) -> Response:
    """An empty zone form around the resident's home."""
    card = await _card(deps, principal, resident)
    return page(request, "zone_form.html", principal=principal, card=card, fence=None, scene=_zone_scene(card, None))


@router.get("/zones/{fence}/edit")
async def edit_zone(request: Request, deps: DepsOf, principal: Managing, fence: str) -> Response:
    """The zone form, filled in."""
    async with deps.pool.connection() as conn:
        found = await find(conn, Fence, fence)
    if found is None:
        raise Problem(404, "there is no such zone")
    card = await _card(deps, principal, found.resident)
    return page(request, "zone_form.html", principal=principal, card=card, fence=found, scene=_zone_scene(card, found))


@router.get("/devices/new")
async def new_device(request: Request, deps: DepsOf, principal: Managing, resident: str = "") -> Response:
    """An empty device form; ``resident`` is whom it is for."""
    async with deps.pool.connection() as conn:
        residents = await listing(conn, Resident, sites=principal.sites, limit=NAMES_AT_MOST)
    return page(
        request,
        "device_form.html",
        principal=principal,
        sites=await _sites(deps, principal),
        residents=sorted(residents, key=lambda each: each.name),
        device=None,
        chosen=next((each for each in residents if each.id == resident), None),
        types=DEVICE_TYPES,
    )


def _zone_scene(card: Card, edited: Fence | None) -> dict[str, Any]:
    home = card.resident.home
    others = [fence for fence in card.fences if fence.circle and (edited is None or fence.id != edited.id)]
    return {
        "home": {"lat": home.lat, "lon": home.lon} if home else None,
        "fix": None,
        "zones": [
            {
                "name": fence.name,
                "circle": {"lat": fence.circle.lat, "lon": fence.circle.lon, "radius_m": fence.circle.radius_m},
                "polygon": None,
            }
            for fence in others
            if fence.circle
        ],
        "track": [],
    }
